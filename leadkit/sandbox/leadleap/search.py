"""The filters and pages of LeadLeap's ``GET /leads``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import overload

from leadkit.sandbox.world import Person

MAX_PER_PAGE = 100
DEFAULT_PER_PAGE = 25

#: Text filters with a comma-separated list, and those with one value. Case does not matter.
_LISTS: Mapping[str, Callable[[Person], tuple[str | None, ...]]] = {
    "country": lambda p: (p.country.code, p.country.name),  # described as names, printed as codes: both work
    "sector": lambda p: (p.company.sector if p.company else None,),
    "company_size": lambda p: (p.company.size if p.company else None,),
    "department": lambda p: (p.department,),
    "job_level": lambda p: (p.level,),
    "state": lambda p: (p.state,),
}
_SINGLES: Mapping[str, Callable[[Person], str | None]] = {
    "industry": lambda p: p.company.industry if p.company else None,
    "size_range": lambda p: p.company.revenue_range if p.company else None,
}
_NUMBERS: Mapping[str, Callable[[Person], int | None]] = {
    "year_founded": lambda p: p.company.year_founded if p.company else None,
    "employee_count": lambda p: p.company.employee_count if p.company else None,
}
PARAMETERS = frozenset(
    {
        "type",
        "page",
        "per_page",
        *_LISTS,
        *_SINGLES,
        *(f"{n}_{end}" for n in _NUMBERS for end in ("min", "max")),
    }
)


class BadFilter(Exception):  # noqa: N818 (a situation that the provider answers, not a defect)
    """A filter that cannot be used; the text says why."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a search. ``total_pages`` of an empty search is 0."""

    people: Sequence[Person]
    total: int
    number: int
    per_page: int

    @property
    def total_pages(self) -> int:
        return -(-self.total // self.per_page)


def search(people: Sequence[Person], query: Mapping[str, str]) -> Page:
    """The page of ``people`` that the query string asks for.

    UNKNOWN: what happens to a parameter or number that is not in the contract. Here it is refused, so that a
    misspelt filter does not quietly find everybody.
    """
    if unknown := sorted(set(query) - PARAMETERS):
        raise BadFilter(f"Unknown parameter: {unknown[0]}.")
    number = _integer(query, "page", 1, 1)
    per_page = _integer(query, "per_page", DEFAULT_PER_PAGE, 1, MAX_PER_PAGE)
    kind = query.get("type", "business")
    if kind not in {"business", "consumer"}:
        raise BadFilter("type must be 'business' or 'consumer'.")
    found = [person for person in people if (person.company is None) == (kind == "consumer")]
    for name, texts_of in _LISTS.items():
        if name in query:
            wanted = {part.strip().casefold() for part in query[name].split(",")}
            found = [p for p in found if any(text and text.casefold() in wanted for text in texts_of(p))]
    for name, text_of in _SINGLES.items():
        if name in query:
            text = query[name].strip().casefold()
            found = [p for p in found if (text_of(p) or "").casefold() == text]
    for name, number_of in _NUMBERS.items():
        least = _integer(query, f"{name}_min", 0, 0)
        most = _integer(query, f"{name}_max", None, 0)
        if f"{name}_min" in query or most is not None:
            found = [p for p in found if _between(number_of(p), least, most)]
    start = (number - 1) * per_page
    return Page(found[start : start + per_page], len(found), number, per_page)


def _between(number: int | None, least: int, most: int | None) -> bool:
    return number is not None and least <= number and (most is None or number <= most)


@overload
def _integer(query: Mapping[str, str], name: str, default: int, least: int, most: int = ...) -> int: ...
@overload
def _integer(
    query: Mapping[str, str], name: str, default: None, least: int, most: int = ...
) -> int | None: ...
def _integer(
    query: Mapping[str, str], name: str, default: int | None, least: int, most: int = 10**9
) -> int | None:
    if name not in query:
        return default
    text = query[name]
    if not (text.isascii() and text.isdigit() and least <= int(text[:20]) <= most):
        raise BadFilter(f"{name} must be an integer of {least} to {most}.")
    return int(text)
