"""LeadLeap's search by filter: new people, with their contact data masked. Free.

API: https://leadleap.net/docs/api, GET /leads, read 2026-02-26. There is no filter for a name, an address or a
company: a person that a sheet already has cannot be looked up here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from leadkit.errors import InputError
from leadkit.money import Amount
from leadkit.providers.base import Page, Price, Repeat, Request, Response, ResultColumn, Search, Value
from leadkit.providers.filters import given_filters, unusable
from leadkit.providers.json_body import array, integer, mapping, reported, text
from leadkit.providers.leadleap.answers import LIMIT, PAGE, envelope

#: GET /leads, per_page: at most 100, 25 when it is left out.
PAGE_SIZE = 100

_TYPES = ("business", "consumer")

#: Filter → what it takes. Only ``type`` has a published list of values.
FILTERS: Mapping[str, str] = {
    "type": "business (LeadLeap's default) or consumer",
    "country": "one or more countries, such as US or Canada",
    "sector": "one or more broad sectors, such as Technology",
    "industry": "one of about 95 industries",
    "company_size": "one or more brackets of employees, such as 51-200",
    "size_range": "a range of revenue, in spite of its name",
    "department": "one or more departments, such as Engineering",
    "job_level": "one or more levels, such as C-Level or Director",
    "state": "one or more US states, such as California",
    "year_founded_min": "a year, such as 2010",
    "year_founded_max": "a year, such as 2023",
    "employee_count_min": "a number of employees",
    "employee_count_max": "a number of employees",
}
_SEVERAL = ("country", "sector", "company_size", "department", "job_level", "state")
_NUMBERS = ("year_founded_min", "year_founded_max", "employee_count_min", "employee_count_max")

#: Name in the answer, name of the column, what it is.
_FIELDS: tuple[tuple[str, str, str], ...] = (
    ("id", "lead_id", "LeadLeap's id of the lead; unlocking takes it"),
    ("contact_name", "full_name", "Name"),
    ("first_name", "first_name", "First name"),
    ("last_name", "last_name", "Last name"),
    ("company_name", "company", "Company"),
    ("company_domain", "domain", "The company's domain"),
    ("job_title", "title", "Job title"),
    ("department", "department", "Department"),
    ("industry", "industry", "Industry"),
    ("company_size", "company_size", "Company size bracket"),
    ("employee_count", "employees", "Employees"),
    ("country", "country", "Country"),
    ("state", "state", "State"),
    ("city", "city", "City"),
    ("ai_score", "score", "LeadLeap's own score, 0 to 100"),
)
_INTEGERS = ("employee_count", "ai_score")

COLUMNS: tuple[ResultColumn, ...] = (
    *(
        ResultColumn(column, column, description, dtype="integer" if source in _INTEGERS else "text")
        for source, column, description in _FIELDS
    ),
    ResultColumn("unlocked", "unlocked", "Unlocked before, so unlocking is free", dtype="boolean"),
    ResultColumn("has_email", "has_email", "LeadLeap has an e-mail address", dtype="boolean"),
    ResultColumn("has_phone", "has_phone", "LeadLeap has a phone number", dtype="boolean"),
)


def search_people() -> Search:
    """Search people by filter: at most 100 a page, free, with addresses and phones masked."""
    return Search(
        provider="leadleap",
        step="search_people",
        title="search people",
        filters=FILTERS,
        page_size=PAGE_SIZE,
        most_rows=None,  # not documented
        price=Price(0, 0, 0, source=f"{PAGE}, GET /leads: only unlock and export consume credits"),
        priced_by="row",
        limit=LIMIT,
        repeat=Repeat(free=True, source=f"{PAGE}, GET /leads: consumes no credits"),
        columns=COLUMNS,
        encode=_encode,
        decode=_decode,
    )


def _encode(filters: Mapping[str, Any], after: str | None, rows: int) -> Request:
    page, per_page = _place(after, rows)
    query = [*check_filters(filters).items(), ("page", str(page)), ("per_page", str(per_page))]
    return Request("GET", "/leads", query=tuple(query))


def _place(after: str | None, rows: int) -> tuple[int, int]:
    """Page and page size. ``after`` carries both ("2/50"): pages of another size would skip or repeat rows."""
    if after is None:
        return 1, max(1, min(rows, PAGE_SIZE))
    page, _, per_page = after.partition("/")
    if not (page.isdecimal() and per_page.isdecimal()):
        msg = f"{after!r} is no page of a LeadLeap search. Nothing was sent."
        raise InputError(msg)
    return int(page), int(per_page)


def check_filters(filters: Mapping[str, Any]) -> dict[str, str]:
    """The filters as LeadLeap takes them, in its own order; what is None is left out.

    Raises
    ------
    InputError
        A filter that LeadLeap does not document, or a value that it cannot mean. Nothing was sent.
    """
    given = given_filters("LeadLeap", filters, FILTERS)
    checked = {name: _checker(name)(name, value) for name, value in given.items()}
    for least, most in (_NUMBERS[:2], _NUMBERS[2:]):
        if least in checked and most in checked and int(checked[least]) > int(checked[most]):
            msg = f"{least} {checked[least]} is above {most} {checked[most]}. Nothing was sent."
            raise InputError(msg)
    return checked


def _checker(name: str) -> Callable[[str, Any], str]:
    if name in _SEVERAL:
        return _several
    return _number if name in _NUMBERS else _one


def _one(name: str, value: Any) -> str:
    word = value.strip() if isinstance(value, str) else ""
    if not word or (name == "type" and word not in _TYPES):
        raise unusable(name, value, FILTERS[name])
    return word


def _several(name: str, value: Any) -> str:
    """Texts joined by commas. In a list, a comma inside a text would be read as two texts by LeadLeap."""
    if isinstance(value, str):
        value = value.split(",")
    elif isinstance(value, Sequence) and any(isinstance(item, str) and "," in item for item in value):
        raise unusable(name, value, FILTERS[name])
    if not isinstance(value, Sequence) or not value:
        raise unusable(name, value, FILTERS[name])
    return ",".join(_one(name, item) for item in value)


def _number(name: str, value: Any) -> str:
    if isinstance(value, str) and value.strip().isdecimal():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise unusable(name, value, FILTERS[name])
    return str(value)


def _decode(response: Response) -> Page:
    data, meta, note = envelope(response)
    notes = [note] if note else []
    rows: dict[str, Mapping[str, Value]] = {}
    items = array(data)
    for item in map(mapping, items):
        lead = text(item.get("id"))
        if lead is not None and lead not in rows:
            rows[lead] = _row(item)
    if len(rows) < len(items):
        notes.append(f"{len(items) - len(rows)} rows came twice or without an id and are left out")
    after = _after(meta, len(items))
    if after is None and items and not _at_the_end(meta):
        notes.append("LeadLeap did not say which page this is, so the next ones could not be asked for")
    return Page(
        rows=tuple(rows.values()),
        next=after,
        total=integer(meta.get("total")),
        amount=reported(meta["credits_used"]) if "credits_used" in meta else Amount(),
        request_id=text(meta.get("request_id")),
        note="; ".join(notes),
    )


def _row(item: Mapping[str, Any]) -> Mapping[str, Value]:
    row: dict[str, Value] = {
        column: (integer if source in _INTEGERS else text)(item.get(source)) for source, column, _ in _FIELDS
    }
    unlocked = item.get("is_unlocked")
    row["unlocked"] = unlocked if isinstance(unlocked, bool) else None
    row["has_email"] = _is_there(item, "email")
    row["has_phone"] = _is_there(item, "phone")
    return row


def _is_there(item: Mapping[str, Any], source: str) -> bool | None:
    """Whether there is such a value. It is masked as a rule, so the value itself is never taken."""
    value = item.get(source)
    known = isinstance(value, str) or (value is None and source in item)
    return bool(value) if known else None


def _at_the_end(meta: Mapping[str, Any]) -> bool:
    page, pages = integer(meta.get("page")), integer(meta.get("total_pages"))
    return page is not None and pages is not None and page >= pages


def _after(meta: Mapping[str, Any], came: int) -> str | None:
    page, per_page = integer(meta.get("page")), integer(meta.get("per_page"))
    if page is None or per_page is None or page < 1 or per_page < 1 or not came or _at_the_end(meta):
        return None
    return f"{page + 1}/{per_page}"
