"""LeadIQ's searches by filter: new people, people who changed jobs, companies. Every page is charged.

A search gives no address and no phone; what it finds is unlocked by its id.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from leadkit.errors import BadAnswerError, InputError, PlanLimitError
from leadkit.money import Amount
from leadkit.providers.base import Page, Price, Request, Response, ResultColumn, Search, Value
from leadkit.providers.json_body import integer, mapping, text
from leadkit.providers.leadiq.answers import read_graphql
from leadkit.providers.leadiq.filters import COMPANIES, JOB_CHANGES, MOVERS, PEOPLE, Filter, search_input
from leadkit.providers.leadiq.terms import DEVELOPER, GUIDE, LIMIT, NAME, PAGE_REPEAT

#: LeadIQ's own samples call 25 the most.
PAGE_SIZE = 25
#: skip + limit may not be more; a longer result has to be split by filters.
MOST_ROWS = 10_000

_FLAT, _GROUPED = "flatAdvancedSearch", "groupedAdvancedSearch"
_PERSON = (
    "id companyId name firstName lastName title role seniority city state country linkedinUrl "
    # The employer's domain, industry and size would be company data, at 3 credits a row.
    "company { id name }"
)
_CHANGE = (
    "personJobChange { jobChangeType startedAt previousPosition { title company { id name } } "
    "currentPosition { title role seniority company { id name } } }"
)
_OLD_PLAN = "On a plan older than Universal Credits LeadIQ charges 1 credit for each page instead."

_PEOPLE_COLUMNS = tuple(
    ResultColumn(name, name, description)
    for name, description in (
        ("person_id", "LeadIQ's id of the person; unlocking takes it"),
        ("full_name", "Name"),
        ("first_name", "First name"),
        ("last_name", "Last name"),
        ("title", "Job title"),
        ("role", "Role"),
        ("seniority", "Seniority"),
        ("company", "Employer"),
        ("company_id", "LeadIQ's id of the employer"),
        ("linkedin_url", "LinkedIn profile"),
        ("city", "City"),
        ("state", "State"),
        ("country", "Country"),
    )
)
_CHANGE_COLUMNS = tuple(
    ResultColumn(name, name, description)
    for name, description in (
        ("change", "JobChange (another company) or TitleChange (the same company)"),
        ("changed_on", "Day of the change, year-month-day"),
        ("previous_title", "Former job title"),
        ("previous_company", "Former employer"),
    )
)
_COMPANY_COLUMNS = (
    ResultColumn("company_id", "company_id", "LeadIQ's id of the company"),
    ResultColumn("company", "company", "Company"),
    ResultColumn("people", "people", "People there who fit the filters", dtype="integer"),
)
_FIRMOGRAPHIC_COLUMNS = (
    ResultColumn("domain", "domain", "The company's domain"),
    ResultColumn("industry", "industry", "Industry"),
    ResultColumn("employees", "employees", "Employees", dtype="integer"),
)


def search_people(prices: Mapping[str, int]) -> Search:
    """People by filter, 0.1 credits a row."""
    return _search(
        "search_people", "search people", _FLAT, PEOPLE, _PERSON, prices["Profile"], _PEOPLE_COLUMNS
    )


def job_changes(prices: Mapping[str, int]) -> Search:
    """People who moved or were promoted, 0.1 credits a row.

    For an account without the feature LeadIQ ignores the filter, answers with everybody and charges for it.
    Each page is checked for that, and the first is of one row, so that finding out costs one row.
    """
    columns = (*_PEOPLE_COLUMNS, *_CHANGE_COLUMNS)
    fields = f"{_PERSON} {_CHANGE}"
    return _search(
        "job_changes",
        "find job changes",
        _FLAT,
        MOVERS,
        fields,
        prices["Profile"],
        columns,
        check=_check_change,
    )


def search_companies(wants: Sequence[str], prices: Mapping[str, int]) -> Search:
    """Companies by filter: names for 0.1 credits each, or with domain, industry and size for 3.

    People are not selected, since each would be charged as a row; search_people finds them by company.
    """
    for want in wants:
        if want not in ("profile", "company"):
            msg = (
                f"LeadIQ's search_companies sells no {want!r}. It sells profile: the name, 0.1 credits; company: "
                "domain, industry and size too, 3 credits. Nothing was sent."
            )
            raise InputError(msg)
    columns: tuple[ResultColumn, ...] = _COMPANY_COLUMNS
    company, price = "id name", prices["Profile"]
    if "company" in wants:
        company, price = f"{company} domain industry employeeCount", prices["Company"]
        columns = (*columns, *_FIRMOGRAPHIC_COLUMNS)
    fields = f"totalContactsInCompany company {{ {company} }}"
    found = _search("search_companies", "search companies", _GROUPED, COMPANIES, fields, price, columns)
    return replace(found, wants=("company",) if "company" in wants else ())


def _search(
    step: str,
    title: str,
    field: str,
    filters: Mapping[str, Filter],
    fields: str,
    price: int,
    columns: tuple[ResultColumn, ...],
    *,
    check: Callable[[Mapping[str, Any], Page], None] | None = None,
) -> Search:
    return Search(
        provider=NAME,
        step=step,
        title=title,
        filters={name: one.takes for name, one in filters.items()},
        page_size=PAGE_SIZE,
        most_rows=MOST_ROWS,
        price=Price(
            least=0,
            expected=price,
            most=price,
            source=f"{GUIDE}, Credits; {DEVELOPER}: each record of a page is charged",
            note=_OLD_PLAN,
        ),
        priced_by="row",
        limit=LIMIT,
        repeat=PAGE_REPEAT,
        columns=columns,
        encode=lambda given, after, rows: _encode(
            search_input(_with_changes(given, filters), filters), field, fields, after, rows
        ),
        decode=lambda response: _decode(response, field, price),
        check=check,
    )


def _with_changes(given: Mapping[str, Any], filters: Mapping[str, Filter]) -> Mapping[str, Any]:
    """For job changes the filter is always sent: of both kinds unless one was named, newest first."""
    if filters is not MOVERS:
        return given
    given = {name: value for name, value in given.items() if value is not None}
    return {"changes": list(JOB_CHANGES), "sort": "JobChangeStartedAtDesc", **given}


def _encode(found: Mapping[str, Any], field: str, fields: str, after: str | None, rows: int) -> Request:
    skip = _place(after)
    first_of_movers = "jobChangeFilter" in found and skip == 0
    limit = max(1, min(rows, 1 if first_of_movers else PAGE_SIZE, MOST_ROWS - skip))
    variables = {"input": {**found, "skip": skip, "limit": limit}}
    # An answer does not say which page it is. So the query names its result after the rows that came before.
    name = field if skip == 0 else f"after{skip}: {field}"
    total, items = ("totalPeople", "people") if field == _FLAT else ("totalCompanies", "companies")
    kind = "FlatSearchInput" if field == _FLAT else "GroupedSearchInput"
    query = f"query Search($input: {kind}!) {{ {name}(input: $input) {{ {total} {items} {{ {fields} }} }} }}"
    return Request("POST", "", json={"query": query, "variables": variables})


def _place(after: str | None) -> int:
    """How many rows came before."""
    if after is None:
        return 0
    if not after.isdecimal() or not 0 < int(after) < MOST_ROWS:
        msg = f"{after!r} is no place in a LeadIQ search, which ends at {MOST_ROWS:,} rows. Nothing was sent."
        raise InputError(msg)
    return int(after)


def _decode(response: Response, field: str, price: int) -> Page:
    data, errors = read_graphql(response)
    name = next((name for name in data if name == field or re.fullmatch(r"after\d+", name)), field)
    skip = int(name.removeprefix("after")) if name != field else 0
    part = mapping(data.get(name))
    items = part.get("people" if field == _FLAT else "companies")
    if not isinstance(items, list):
        msg = f"LeadIQ: a page without rows ({'; '.join(map(str, errors)) or 'no reason given'}). "
        raise BadAnswerError(f"{msg}It may have been charged.", provider=NAME)
    total = integer(part.get("totalPeople" if field == _FLAT else "totalCompanies"))
    row = _person if field == _FLAT else _company
    rows = tuple(row(item) for item in items if isinstance(item, dict))
    came = skip + len(items)
    notes = [str(error) for error in errors]
    if len(rows) < len(items):
        notes.append(f"{len(items) - len(rows)} rows could not be read")
    if total is not None and total > MOST_ROWS:
        notes.append(
            f"LeadIQ shows the first {MOST_ROWS:,} of {total:,} rows; split the search by filters to see all"
        )
    more = bool(items) and came < MOST_ROWS and (total is None or came < total)
    # LeadIQ does not say what a page cost.
    return Page(
        rows=rows,
        next=str(came) if more else None,
        total=total,
        amount=Amount(0, price * len(items)),
        note="; ".join(notes),
    )


def _person(item: Mapping[str, Any]) -> Mapping[str, Value]:
    company, change = mapping(item.get("company")), mapping(item.get("personJobChange"))
    before, now = mapping(change.get("previousPosition")), mapping(change.get("currentPosition"))
    employer = company or mapping(now.get("company"))
    row: dict[str, Value] = {
        "person_id": text(item.get("id")),
        "full_name": text(item.get("name")),  # plain text here, an object in searchPeople
        "first_name": text(item.get("firstName")),
        "last_name": text(item.get("lastName")),
        "title": text(item.get("title")) or text(now.get("title")),
        "role": text(item.get("role")) or text(now.get("role")),
        "seniority": text(item.get("seniority")) or text(now.get("seniority")),
        "company": text(employer.get("name")),
        "company_id": text(employer.get("id")) or text(item.get("companyId")),
        "linkedin_url": text(item.get("linkedinUrl")),
        "city": text(item.get("city")),
        "state": text(item.get("state")),
        "country": text(item.get("country")),
    }
    if "personJobChange" in item:
        row |= {
            "change": text(change.get("jobChangeType")),
            "changed_on": _on(change.get("startedAt")),
            "previous_title": text(before.get("title")),
            "previous_company": text(mapping(before.get("company")).get("name")),
        }
    return row


def _company(item: Mapping[str, Any]) -> Mapping[str, Value]:
    company = mapping(item.get("company"))
    row: dict[str, Value] = {
        "company_id": text(company.get("id")),
        "company": text(company.get("name")),
        "people": integer(item.get("totalContactsInCompany")),
    }
    if company.keys() & {"domain", "industry", "employeeCount"}:
        row |= {
            "domain": text(company.get("domain")),
            "industry": text(company.get("industry")),
            "employees": integer(company.get("employeeCount")),
        }
    return row


def _on(value: Any) -> str | None:
    """The day of ``2026-05-01T00:00Z`` or of milliseconds since 1970; LeadIQ's samples expect both."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**14:
        return datetime.datetime.fromtimestamp(value / 1000, tz=datetime.UTC).date().isoformat()
    written = text(value) or ""
    return written[:10] if re.match(r"\d{4}-\d\d-\d\d", written) else None


def _check_change(filters: Mapping[str, Any], page: Page) -> None:  # noqa: ARG001 - the same for all filters
    if page.rows and all(row.get("change") is None for row in page.rows):
        msg = (
            f"LeadIQ ignored the filter for job changes, which this account does not have: {len(page.rows)} "
            "came without a change, and may have been charged. The search was stopped. Ask LeadIQ to enable job "
            "changes."
        )
        error = PlanLimitError(msg, provider=NAME)
        error.charged = "unknown"
        raise error
