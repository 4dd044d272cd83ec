"""The filters, order and pages of the two advanced searches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from leadkit.sandbox import spelling
from leadkit.sandbox.alike import domain_name, firm_name, folded, profile_name
from leadkit.sandbox.leadiq import companies as company_side
from leadkit.sandbox.leadiq import people as people_side
from leadkit.sandbox.leadiq.companies import PROVIDER
from leadkit.sandbox.leadiq.refusal import Refusal
from leadkit.sandbox.names import Country
from leadkit.sandbox.world import Company, Person, past_day

#: UNKNOWN: the highest limit; 25 is the most that the samples ask for, and call the most. Also the default.
MAX_LIMIT = 25
#: Pages end here: skip + limit may not be more.
MAX_DEPTH = 10_000

Filter = Mapping[str, Any]


def page(wanted: Mapping[str, Any]) -> slice:
    """The rows that ``skip`` and ``limit`` ask for."""
    skip = wanted.get("skip") or 0
    limit = MAX_LIMIT if wanted.get("limit") is None else wanted["limit"]
    if skip < 0:
        raise Refusal(400, f"skip must be 0 or more, not {skip}.")
    if not 1 <= limit <= MAX_LIMIT:
        raise Refusal(400, f"limit must be 1 to {MAX_LIMIT}, not {limit}.")
    if skip + limit > MAX_DEPTH:
        raise Refusal(400, f"skip + limit must be at most {MAX_DEPTH}, not {skip + limit}.")
    return slice(skip, skip + limit)


def search(people: Sequence[Person], wanted: Filter, *, job_changes: bool) -> list[Person]:
    """The people who fit, in order. Without the feature, what is asked about job changes is ignored."""
    found = [person for person in people if person.company and _wanted(person, person.company, wanted)]
    if job_changes:
        found = [person for person in found if _changed_as_wanted(person, wanted)]
    for option in reversed(wanted.get("sortContactsBy") or []):
        found.sort(key=_CONTACT_ORDER[_bare(option)], reverse=option.endswith("Desc"))
    return found


def _wanted(person: Person, company: Company, wanted: Filter) -> bool:
    return (
        all(_fits(_CONTACT, person, wanted.get("contactFilter")))
        and all(_fits(_COMPANY, company, wanted.get("companyFilter")))
        # UNKNOWN: whether a row must fit all of an excluding filter or any part; here any part excludes it.
        and not any(_fits(_CONTACT, person, wanted.get("contactExcludedFilter")))
        and not any(_fits(_COMPANY, company, wanted.get("companyExcludedFilter")))
    )


def _changed_as_wanted(person: Person, wanted: Filter) -> bool:
    titles, change = wanted.get("previousPositionFilter"), wanted.get("jobChangeFilter")
    company = wanted.get("previousCompanyFilter")
    was = person.previous_job
    if was is None:
        return titles is company is change is None
    kinds = (change or {}).get("jobChangeTypes") or ["JobChange", "TitleChange"]  # none named means both
    return (
        all(_fits(_COMPANY, was.company, company))
        and (not titles or not titles.get("titles") or _contains([was.title], titles["titles"]))
        and (not change or any(_started(person, change.get("startedAfter"), kind) for kind in kinds))
    )


def _fits(
    tests: Mapping[str, Callable[[Any, Any], bool]], subject: Any, given: Filter | None
) -> Iterator[bool]:
    """For each part of the filter that is given, whether the subject fits it."""
    return (
        tests[name](subject, values) for name, values in (given or {}).items() if values not in (None, [])
    )


def sorted_companies(companies: Iterable[Company], options: Sequence[str]) -> list[Company]:
    found = list(companies)
    for option in reversed(options):
        found.sort(key=_COMPANY_ORDER[_bare(option)], reverse=option.endswith("Desc"))
    return found


def _bare(option: str) -> str:
    return option.removesuffix("Asc").removesuffix("Desc")


_CONTACT_ORDER: Mapping[str, Callable[[Person], Any]] = {
    "Id": people_side.person_id,
    "Name": lambda p: folded(p.full_name),
    "Title": lambda p: p.title,
    "Role": lambda p: p.department,
    "Seniority": lambda p: people_side.SENIORITIES[p.level],
    "MobilePhone": lambda p: p.phone or "",
    "UpdatedAt": people_side.updated_at,
    "JobChangeStartedAt": lambda p: p.job.started if p.previous_job and p.job else date.min,
}
_COMPANY_ORDER: Mapping[str, Callable[[Company], Any]] = {
    "Id": company_side.company_id,
    "Size": lambda c: c.employee_count,
    "Name": lambda c: folded(c.name),
    "Industry": lambda c: c.industry,
}


#: The parts of a ContactFilter. Several values of one part are alternatives.
_CONTACT: Mapping[str, Callable[[Person, Any], bool]] = {
    "ids": lambda p, ids: people_side.person_id(p) in ids,
    "names": lambda p, names: folded(p.full_name) in map(folded, names),
    "titles": lambda p, titles: _contains(_titles(p), titles),
    "linkedinIds": lambda p, ids: people_side.linkedin_id(p) in ids,
    "linkedinUrls": lambda p, urls: profile_name(p.linkedin_url) in map(profile_name, urls),
    "seniorities": lambda p, seniorities: people_side.SENIORITIES[p.level] in seniorities,
    "roles": lambda p, roles: folded(p.department) in map(folded, roles),
    "locations": lambda p, places: _is_in(p.city, p.state, p.country, places),
    "containsWorkEmails": lambda p, statuses: _has_email_of(p, statuses),
    "updatedAt": lambda p, limits: _between(_ms(past_day(f"updated {p.id}")), limits),
    "newHireFrom": lambda p, since: _started(p, since, "JobChange"),
    "newPromotionFrom": lambda p, since: _started(p, since, "TitleChange"),
}

#: The parts of a CompanyFilter, and of a PreviousCompanyFilter.
_COMPANY: Mapping[str, Callable[[Company, Any], bool]] = {
    "ids": lambda c, ids: company_side.company_id(c) in ids,
    "names": lambda c, names: firm_name(c.name) in map(firm_name, names),
    "domains": lambda c, domains: c.domain in map(domain_name, domains),
    "linkedinIds": lambda c, ids: company_side.linkedin_id(c) in ids,
    "industries": lambda c, industries: folded(c.industry) in map(folded, industries),
    "sizes": lambda c, sizes: any(_within(c.employee_count, size, "min", "max") for size in sizes),
    "employeeCount": lambda c, sizes: any(_within(c.employee_count, size, "min", "max") for size in sizes),
    "locations": lambda c, places: _is_in(c.city, c.state, c.country, places),
    "technologies": lambda c, names: any(name in names for name, _ in company_side.technologies(c)),
    "technologyCategories": lambda c, kinds: any(kind in kinds for _, kind in company_side.technologies(c)),
    "revenueRanges": lambda c, ranges: any(_revenue_in(c, one) for one in ranges),
    "fundingInfoFilters": lambda c, filters: any(_funded(c, one) for one in filters),
    "naicsCodeFilters": lambda _company, _codes: False,  # no company of this world has a code
    "sicCodeFilters": lambda _company, _codes: False,
}


def _titles(person: Person) -> list[str]:
    job = person.job
    return [person.title, spelling.title(PROVIDER, person, job)] if job else [person.title]


def _contains(texts: Iterable[str], parts: Iterable[str]) -> bool:
    return any(folded(part) in folded(text) for text in texts for part in parts)


def _is_in(city: str, state: str | None, country: Country, places: Iterable[Filter]) -> bool:
    """Whether one of the places holds: all of it that is given. Nobody here has a postal code."""
    have: Mapping[str, set[str | None]] = {
        "city": {city},
        "areaLevel1": {state},
        "country": {country.name, country.code},
    }
    for place in places:
        given = {key: folded(value) for key, value in place.items() if value}
        if given and all(
            any(text and folded(text) == value for text in have.get(key, ())) for key, value in given.items()
        ):
            return True
    return False


def _has_email_of(person: Person, statuses: Sequence[str]) -> bool:
    emails = (email for job in people_side.jobs(person) for email in people_side.work_emails(person, job))
    return any(email["status"] in statuses for email in emails)


def _started(person: Person, since_ms: int | None, kind: str) -> bool:
    if people_side.job_change_type(person) != kind or person.job is None:
        return False
    return since_ms is None or _ms(person.job.started) >= since_ms


def _ms(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000)


def _between(number: int, limits: Filter) -> bool:
    return _within(number, limits, "start", "end")


def _within(number: int, limits: Filter, least: str, most: str) -> bool:
    low, high = limits.get(least), limits.get(most)
    return (low is None or number >= low) and (high is None or number <= high)


def _revenue_in(company: Company, limits: Filter) -> bool:
    return _between(company_side.revenue_range(company)["start"], limits)


def _funded(company: Company, wanted: Filter) -> bool:
    got = company_side.funding(company)
    if got is None:
        return False
    last = _ms(past_day(company.id))
    return _between(last, wanted.get("lastFundingDateRange") or {}) and _between(
        got["lastFundingUsd"], wanted.get("lastFundingRange") or {}
    )
