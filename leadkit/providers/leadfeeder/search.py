"""Leadfeeder's searches by filter: new companies and new people, free, up to 100 a page.

Filters as Leadfeeder's MCP server lists them for its tools search_companies and search_contacts. Pages follow each
other by a cursor in ``meta.pagination``; where it is null, the search is at its end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from leadkit.errors import BadAnswerError, InputError
from leadkit.providers.base import Page, Request, ResultColumn, Search, Value
from leadkit.providers.filters import given_filters, unusable
from leadkit.providers.json_body import integer, mapping, text
from leadkit.providers.leadfeeder.answers import FREE, FREE_REPEAT, LIMIT, Body, read_body
from leadkit.providers.leadfeeder.records import (
    COMPANY_FIELDS,
    CONTACT_DETAILS,
    Field,
    do_not_contact,
    flag,
    read_fields,
    record_id,
)

PAGE_SIZE = 100

COMPANY_FILTERS: Mapping[str, str] = {
    "search_terms": "one or more names, trade names or domains",
    "industry_codes": "one or more codes of the classification",
    "industry_classification": "internal (Leadfeeder's default), nace or wz",
    "locations": "one or more countries (DE), or countries and cities (DE/Berlin); any of them",
    "employee_ranges": "one or more ranges, such as 101-500",
    "revenue_min": "a number",
    "revenue_max": "a number",
    "icp_ids": "one or more ids of ideal customer profiles; any of them",
    "has_email": "true or false",
    "has_phone": "true or false",
    "do_not_contact": "true or false",
    "has_ip_addresses": "true or false",
    "has_financials_revenue": "true or false",
}
PEOPLE_FILTERS: Mapping[str, str] = {
    "search_terms": "one or more names or titles",
    "emails": "one or more e-mail addresses",
    "company_ids": "one or more of Leadfeeder's company ids",
    "positions": "one or more job titles",
    "departments": "one or more departments, such as sales_department",
    "hierarchy_levels": "one or more levels",
    "affiliation": "how the person is related to the company, one word",
    "buyer_persona_ids": "one or more ids of buyer personas",
    "has_email": "true or false",
}
_YES_OR_NO = "true or false"
_CLASSIFICATIONS = ("internal", "nace", "wz")
#: What a company's summary says it has.
_COMPANY_FLAGS = ("has_contacts", "has_mail", "has_phones")


def search_companies(account: Callable[[], str]) -> Search:
    """Companies by filter; ``account`` gives the account's id when it is needed."""
    return _search(
        account,
        step="search_companies",
        title="search companies",
        path="/companies/search",
        filters=COMPANY_FILTERS,
        body=company_body,
        first=ResultColumn("company_id", "company_id", "Leadfeeder's id; details are read by it"),
        fields=COMPANY_FIELDS,
        flags=_COMPANY_FLAGS,
    )


def search_people(account: Callable[[], str]) -> Search:
    """People by filter; ``account`` gives the account's id when it is needed."""
    return _search(
        account,
        step="search_people",
        title="search people",
        path="/contacts/search",
        filters=PEOPLE_FILTERS,
        body=people_body,
        first=ResultColumn("contact_id", "contact_id", "Leadfeeder's id; contact data is unlocked by it"),
        fields=CONTACT_DETAILS,
        flags=(),
    )


def _search(
    account: Callable[[], str],
    *,
    step: str,
    title: str,
    path: str,
    filters: Mapping[str, str],
    body: Callable[[Mapping[str, Any]], dict[str, Any]],
    first: ResultColumn,
    fields: Sequence[Field],
    flags: Sequence[str],
) -> Search:
    def encode(given: Mapping[str, Any], after: str | None, rows: int) -> Request:
        query = [("account_id", account()), ("page[size]", str(max(1, min(rows, PAGE_SIZE))))]
        if after is not None:
            query.append(("page[cursor]", after))
        return Request("POST", path, query=tuple(query), json=body(given))

    return Search(
        provider="leadfeeder",
        step=step,
        title=title,
        filters=filters,
        page_size=PAGE_SIZE,
        most_rows=None,  # not documented
        price=FREE,
        priced_by="page",
        limit=LIMIT,
        repeat=FREE_REPEAT,
        columns=(
            first,
            *(ResultColumn(field.name, field.name, field.description) for field in fields),
            *(ResultColumn(name, name, "Leadfeeder has this", dtype="boolean") for name in flags),
            ResultColumn("do_not_contact", "do_not_contact", "no, or not stated, which counts as yes"),
        ),
        encode=encode,
        decode=lambda response: _page(read_body(response, account()), first.name, fields, flags),
    )


def company_body(filters: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON of a search for companies. Raises InputError for what Leadfeeder does not document."""
    given = _checked(filters, COMPANY_FILTERS)
    body: dict[str, Any] = {
        name: given[name] for name in ("search_terms", "employee_ranges", "icp_ids") if name in given
    }
    if "industry_codes" in given:
        body["industries"] = {
            "classification": given.get("industry_classification", "internal"),
            "codes": given["industry_codes"],
        }
    elif "industry_classification" in given:
        raise InputError("industry_classification needs industry_codes to go with it. Nothing was sent.")
    if "locations" in given:
        body["locations"] = [_location(place) for place in given["locations"]]
    ends = {name: given[f"revenue_{name}"] for name in ("min", "max") if f"revenue_{name}" in given}
    if ends:
        if ends.get("min", 0) > ends.get("max", ends.get("min", 0)):
            msg = f"revenue_min {ends['min']} is above revenue_max {ends['max']}. Nothing was sent."
            raise InputError(msg)
        body["revenue"] = ends
    return _with_flags(body, given, COMPANY_FILTERS)


def people_body(filters: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON of a search for people. Raises InputError for what Leadfeeder does not document."""
    given = _checked(filters, PEOPLE_FILTERS)
    body = {name: value for name, value in given.items() if PEOPLE_FILTERS[name] != _YES_OR_NO}
    return _with_flags(body, given, PEOPLE_FILTERS)


def _with_flags(body: dict[str, Any], given: Mapping[str, Any], known: Mapping[str, str]) -> dict[str, Any]:
    flags = {name: value for name, value in given.items() if known[name] == _YES_OR_NO}
    if flags:
        body["filters"] = flags
    if not body:
        msg = f"Leadfeeder searches by at least one filter: {', '.join(known)}. Nothing was sent."
        raise InputError(msg)
    return body


def _checked(filters: Mapping[str, Any], known: Mapping[str, str]) -> dict[str, Any]:
    given = given_filters("Leadfeeder", filters, known)
    return {name: _value(name, value, known[name]) for name, value in given.items()}


def _value(name: str, value: Any, takes: str) -> Any:
    """The value as Leadfeeder takes it: a yes or no, a number, a word, or a list of words."""
    if takes == _YES_OR_NO:
        usable = isinstance(value, bool)
    elif takes == "a number":
        usable = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    elif takes.startswith("one or more"):
        value = [value] if isinstance(value, str) else value
        usable = isinstance(value, Sequence) and len(value) > 0 and all(map(_word, value))
        value = [one.strip() for one in value] if usable else value
    else:
        usable = _word(value) and (name != "industry_classification" or value in _CLASSIFICATIONS)
    if not usable:
        raise unusable(name, value, takes)
    return value


def _word(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _location(place: str) -> dict[str, str]:
    """``DE/Berlin`` → a country code and a city."""
    country, _, city = (part.strip() for part in place.partition("/"))
    if len(country) != 2 or not country.isalpha():
        msg = f"locations takes a country's two letters, such as DE or DE/Berlin, not {place!r}. Nothing was sent."
        raise InputError(msg)
    return {"country_code": country.upper(), **({"city": city} if city else {})}


def _page(body: Body, id_column: str, fields: Sequence[Field], flags: Sequence[str]) -> Page:
    if not isinstance(body.data, list):
        msg = "Leadfeeder: a search without a list of results."
        raise BadAnswerError(msg, provider="leadfeeder", amount=body.amount)
    rows: dict[str, Mapping[str, Value]] = {}
    blocked = 0
    for record in map(mapping, body.data):
        key = record_id(record)
        if do_not_contact(record) == "yes":
            blocked += 1
        elif key is not None and key not in rows:
            rows[key] = _row(record, id_column, fields, flags)
    unusable = len(body.data) - blocked - len(rows)
    notes = [body.note] if body.note else []
    if blocked:
        notes.append(f"{blocked} rows are left out: Leadfeeder says that they must not be contacted")
    if unusable:
        notes.append(f"{unusable} rows are left out: they came twice or without a usable id")
    pagination = mapping(body.meta.get("pagination"))
    return Page(
        rows=tuple(rows.values()),
        next=text(pagination.get("next_cursor")),
        total=integer(pagination.get("total_count")),
        amount=body.amount,
        request_id=body.request_id,
        note="; ".join(notes),
    )


def _row(
    record: Mapping[str, Any], id_column: str, fields: Sequence[Field], flags: Sequence[str]
) -> Mapping[str, Value]:
    state = do_not_contact(record)
    row: dict[str, Value] = {id_column: record_id(record), "do_not_contact": state}
    row |= read_fields(record, fields, reveal=state == "no")
    return row | {name: flag(record, name) for name in flags}
