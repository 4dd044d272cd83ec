"""The filters of LeadIQ's searches: what each takes, and where it goes in the search's input.

From the schema that https://api.leadiq.com/graphql gives of itself, read 2026-08-13. Names here are LeadIQ's own,
in Python's spelling; those that a contact and a company both have are told apart by ``company_``.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from leadkit.errors import InputError
from leadkit.providers.filters import given_filters, known_word, meant, unusable

SENIORITIES = ("VP", "Director", "Executive", "Manager", "SeniorIndividualContributor", "Other")
EMAIL_STATUSES = ("Verified", "VerifiedLikely")
JOB_CHANGES = ("JobChange", "TitleChange")
CONTACT_SORTS = tuple(
    f"{by}{way}"
    for by in ("Id", "Name", "Title", "Role", "Seniority", "MobilePhone", "UpdatedAt", "JobChangeStartedAt")
    for way in ("Asc", "Desc")
)
COMPANY_SORTS = tuple(f"{by}{way}" for by in ("Id", "Name", "Size", "Industry") for way in ("Asc", "Desc"))

#: In a path: the only item of a list.
ITEM = "[]"

Reader = Callable[[str, Any], Any]


@dataclass(frozen=True, slots=True)
class Filter:
    """``path`` says where the value goes in the input of the search."""

    takes: str
    path: tuple[str, ...]
    read: Reader


def _items(name: str, value: Any) -> list[Any]:
    """One value, or a list of at least one; a tuple is a range and so one value."""
    items = list(value) if isinstance(value, list | set | frozenset) else [value]
    if not items or any(item in (None, "") for item in items):
        msg = f"{name} is empty. Leave it out, or give a value. Nothing was sent."
        raise InputError(msg)
    return items


def _texts(name: str, value: Any) -> list[str]:
    items = _items(name, value)
    if not all(isinstance(item, str) and item.strip() for item in items):
        raise unusable(name, value, "text, or a list of texts")
    return [item.strip() for item in items]


def _one_of(words: Sequence[str]) -> Reader:
    def read(name: str, value: Any) -> list[str]:
        found = []
        for item in _items(name, value):
            if (word := known_word(item, words)) is None:
                msg = f"{name} takes {', '.join(words)}; not {item!r}.{meant(item, words)} Nothing was sent."
                raise InputError(msg)
            found.append(word)
        return found

    return read


_PLACE = {"city": "city", "state": "areaLevel1", "country": "country", "postal_code": "postalCode"}


def _places(name: str, value: Any) -> list[dict[str, str]]:
    return [_place(name, item) for item in _items(name, value)]


def _place(name: str, item: Any) -> dict[str, str]:
    """``"Concord, New Hampshire, United States"``, ``"Germany"``, or a mapping of the parts."""
    if isinstance(item, str):
        words = [word.strip() for word in item.split(",")]
        parts = ("city", "state", "country")[-len(words) :]
        if len(words) > 3 or not all(words):
            raise unusable(name, item, "a country, or state and country, or city, state and country")
        item = dict(zip(parts, words, strict=True))
    if not isinstance(item, Mapping) or not item:
        raise unusable(name, item, "text, or a mapping with city, state, country and postal_code")
    for part, word in item.items():
        if part not in _PLACE or not isinstance(word, str) or not word.strip():
            msg = (
                f"{name}: {part!r} is no part of a place.{meant(part, _PLACE)} There are {', '.join(_PLACE)}."
            )
            raise InputError(f"{msg} Nothing was sent.")
    return {_PLACE[part]: word.strip() for part, word in item.items()}


_RANGE = re.compile(r"(\d+)\s*(?:[-–]\s*(\d+)|(\+))?")


def _ranges(least: str, most: str) -> Reader:
    def read(name: str, value: Any) -> list[dict[str, int]]:
        return [dict(_range(name, item, least, most)) for item in _items(name, value)]

    return read


def _range(name: str, item: Any, least: str, most: str) -> Sequence[tuple[str, int]]:
    """``(50, 200)``, ``(1000, None)`` or ``"50-200"``, ``"1000+"``."""
    if isinstance(item, str) and (match := _RANGE.fullmatch(item.strip().replace(",", ""))):
        start, end = int(match[1]), None if match[3] else int(match[2] or match[1])
        item = (start, end)
    if not isinstance(item, tuple) or len(item) != 2 or item == (None, None):
        raise unusable(name, item, "(50, 200), (1000, None) or '50-200', or a list of these")
    for number in item:
        if number is not None and (isinstance(number, bool) or not isinstance(number, int) or number < 0):
            raise unusable(name, item, "whole numbers of 0 or more")
    if None not in item and item[0] > item[1]:
        msg = f"{name}: {item[0]} is above {item[1]}. Nothing was sent."
        raise InputError(msg)
    return [(end, number) for end, number in zip((least, most), item, strict=True) if number is not None]


def _codes(name: str, value: Any) -> list[dict[str, str]]:
    return [{"code": code} for code in _texts(name, value)]


def _number(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise unusable(name, value, "a whole number of 0 or more")
    return value


def _day(name: str, value: Any) -> int:
    """A date, or its text, as LeadIQ takes it: milliseconds since 1970, midnight UTC."""
    try:
        if isinstance(value, str):
            value = datetime.date.fromisoformat(value.strip())
        day = datetime.datetime(value.year, value.month, value.day, tzinfo=datetime.UTC)
    except (ValueError, AttributeError):
        raise unusable(name, value, "a date, such as 2026-05-01") from None
    return int(day.timestamp()) * 1000


_SENIORITY = f"one or more of {', '.join(SENIORITIES)}"
_DATE = "a date, such as 2026-05-01"
_WHERE = "one or more places: a country, or 'state, country', or 'city, state, country'"

_CONTACT: Mapping[str, tuple[str, str, Reader]] = {
    "ids": ("ids", "LeadIQ ids of people", _texts),
    "names": ("names", "names of people", _texts),
    "titles": ("titles", "job titles", _texts),
    "linkedin_ids": ("linkedinIds", "LinkedIn ids of people", _texts),
    "linkedin_urls": ("linkedinUrls", "LinkedIn profiles", _texts),
    "seniorities": ("seniorities", _SENIORITY, _one_of(SENIORITIES)),
    "roles": ("roles", "roles, such as Sales, Marketing or Engineering", _texts),
    "locations": ("locations", _WHERE, _places),
    "work_emails": ("containsWorkEmails", "Verified, VerifiedLikely or both", _one_of(EMAIL_STATUSES)),
}
_COMPANY: Mapping[str, tuple[str, str, Reader]] = {
    "company_ids": ("ids", "LeadIQ ids of companies", _texts),
    "company_names": ("names", "names of companies", _texts),
    "company_domains": ("domains", "domains of companies", _texts),
    "company_linkedin_ids": ("linkedinIds", "LinkedIn ids of companies", _texts),
    "industries": ("industries", "industries, such as Computer Software", _texts),
    "company_sizes": ("sizes", "employees: (50, 200), '50-200' or a list of these", _ranges("min", "max")),
    "company_locations": ("locations", _WHERE, _places),
    "technologies": ("technologies", "names of products in use", _texts),
    "technology_categories": ("technologyCategories", "kinds of products in use", _texts),
    "revenues": ("revenueRanges", "US dollars: (1000000, None) or a list", _ranges("start", "end")),
    "naics_codes": ("naicsCodeFilters", "NAICS codes", _codes),
    "sic_codes": ("sicCodeFilters", "SIC codes", _codes),
}
_FUNDING = ("companyFilter", "fundingInfoFilters", ITEM)

#: The filters that both searches have.
COMMON: Mapping[str, Filter] = {
    **{name: Filter(takes, ("contactFilter", key), read) for name, (key, takes, read) in _CONTACT.items()},
    "updated_after": Filter(_DATE, ("contactFilter", "updatedAt", "start"), _day),
    "updated_before": Filter(_DATE, ("contactFilter", "updatedAt", "end"), _day),
    "hired_after": Filter(_DATE, ("contactFilter", "newHireFrom"), _day),
    "promoted_after": Filter(_DATE, ("contactFilter", "newPromotionFrom"), _day),
    **{name: Filter(takes, ("companyFilter", key), read) for name, (key, takes, read) in _COMPANY.items()},
    "funded_after": Filter(_DATE, (*_FUNDING, "lastFundingDateRange", "start"), _day),
    "funded_before": Filter(_DATE, (*_FUNDING, "lastFundingDateRange", "end"), _day),
    "last_funding_min": Filter("US dollars", (*_FUNDING, "lastFundingRange", "start"), _number),
    "last_funding_max": Filter("US dollars", (*_FUNDING, "lastFundingRange", "end"), _number),
    **{
        f"exclude_{name}": Filter(f"not these: {takes}", ("contactExcludedFilter", key), read)
        for name, (key, takes, read) in _CONTACT.items()
    },
    **{
        f"exclude_{name}": Filter(f"not these: {takes}", ("companyExcludedFilter", key), read)
        for name, (key, takes, read) in _COMPANY.items()
    },
}
_SORT = f"one or more of {', '.join(CONTACT_SORTS)}"
PEOPLE: Mapping[str, Filter] = {**COMMON, "sort": Filter(_SORT, ("sortContactsBy",), _one_of(CONTACT_SORTS))}
COMPANIES: Mapping[str, Filter] = {
    **COMMON,
    "sort": Filter(
        f"one or more of {', '.join(COMPANY_SORTS)}", ("sortCompaniesBy",), _one_of(COMPANY_SORTS)
    ),
}
#: Limited access: without the feature LeadIQ ignores these and answers, and charges, as if they were not there.
#: So only the search that would notice takes them.
_PREVIOUS: Mapping[str, tuple[str, Reader]] = {
    "ids": ("ids", _texts),
    "names": ("names", _texts),
    "domains": ("domains", _texts),
    "linkedin_ids": ("linkedinIds", _texts),
    "industries": ("industries", _texts),
    "sizes": ("employeeCount", _ranges("min", "max")),
    "locations": ("locations", _places),
}
MOVERS: Mapping[str, Filter] = {
    **PEOPLE,
    "changes": Filter(
        "JobChange (another company), TitleChange (the same company) or both",
        ("jobChangeFilter", "jobChangeTypes"),
        _one_of(JOB_CHANGES),
    ),
    "changed_after": Filter(_DATE, ("jobChangeFilter", "startedAfter"), _day),
    "previous_titles": Filter("former job titles", ("previousPositionFilter", "titles"), _texts),
    **{
        f"previous_company_{name}": Filter(
            f"of the former employer: {name}", ("previousCompanyFilter", key), read
        )
        for name, (key, read) in _PREVIOUS.items()
    },
}


def search_input(filters: Mapping[str, Any], known: Mapping[str, Filter]) -> dict[str, Any]:
    """The filters as the input of a search.

    Raises
    ------
    InputError
        A filter that LeadIQ does not document, a value that it cannot mean, or no filter at all: that would page
        through everybody, at a price for each. Nothing was sent.
    """
    result: dict[str, Any] = {}
    for name, value in given_filters("LeadIQ", filters, known).items():
        _put(result, known[name].path, known[name].read(name, value))
    if not result.keys() - {"sortContactsBy", "sortCompaniesBy"}:
        msg = (
            "Without a filter LeadIQ would charge for everybody it has. Give at least one. Nothing was sent."
        )
        raise InputError(msg)
    return result


def _put(target: dict[str, Any], path: Sequence[str], value: Any) -> None:
    for step, following in pairwise(path):
        if step == ITEM:
            continue
        inner = target.setdefault(step, [{}] if following == ITEM else {})
        target = inner[0] if isinstance(inner, list) else inner
    target[path[-1]] = value
