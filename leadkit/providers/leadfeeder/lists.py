"""Leadfeeder's lists of companies and contacts, and its usage by month. Free; small enough to be plain functions.

``send`` sends one request and gives its answer, as :meth:`leadkit.workspace.Workspace.send` returns it. The two ways
of paging are Leadfeeder's: lists by number, the items of a list by cursor. They are not documented to work together.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from leadkit.errors import BadAnswerError, InputError, PriceError
from leadkit.providers.base import Request, Response, Value
from leadkit.providers.json_body import integer, mapping, text
from leadkit.providers.leadfeeder.answers import Body, read_body
from leadkit.providers.leadfeeder.records import ID, attributes, record_id, records_in

Send = Callable[[Request], Response]
Scope = Literal["company", "contact"]

PAGE_SIZE = 100
_PATHS: dict[Scope, str] = {"company": "/companies", "contact": "/contacts"}
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True)
class RecordList:
    """A list of companies or of contacts."""

    id: str
    name: str


def lists(send: Send, account_id: str, scope: Scope) -> list[RecordList]:
    """The account's lists of companies, or of contacts.

    Raises
    ------
    ProviderError
        Leadfeeder refused, or charged for what is free.
    """
    _path(scope)
    query = (("filter[scope]", scope),)
    found = {}
    for body in numbered_pages(send, "/lists", query, account_id):
        for record in records_in(body.data):
            if one := _list(record):
                found[one.id] = one
    return list(found.values())


def create_list(send: Send, account_id: str, name: str, scope: Scope) -> RecordList:
    """Make a list at Leadfeeder. Sent once: after a lost answer, look whether it is there.

    Raises
    ------
    InputError
        No name, or no such scope. Nothing was sent.
    ProviderError
        Leadfeeder refused, or its answer is lost.
    """
    _path(scope)
    if not name.strip():
        raise InputError("A list needs a name. Nothing was sent.")
    content = {"data": {"type": "list", "attributes": {"name": name.strip(), "scope": scope}}}
    request = Request("POST", "/lists", query=(("account_id", account_id),), json=content)
    made = next(map(_list, records_in(_ask(send, request, account_id).data)), None)
    if made is None:
        raise BadAnswerError("Leadfeeder: the new list came back without an id.", provider="leadfeeder")
    return made


def add_to_list(send: Send, account_id: str, list_id: str, scope: Scope, record: str) -> None:
    """Put a company, or a contact, into a list. Leadfeeder takes one record a call.

    Raises
    ------
    InputError
        An id that Leadfeeder cannot have given. Nothing was sent.
    ProviderError
        Leadfeeder refused, or its answer is lost.
    """
    if odd := next((one for one in (list_id, record) if not ID.fullmatch(one)), None):
        raise InputError(f"{odd!r} is not an id that Leadfeeder gives. Nothing was sent.")
    content = {"data": [{"type": "list", "id": list_id}]}
    path = f"{_path(scope)}/{record}/lists"
    response = send(Request("POST", path, query=(("account_id", account_id),), json=content))
    if response.status >= 300 or response.body.strip():  # a bare 204 says that it is done
        _free(read_body(response, account_id))


def list_items(send: Send, account_id: str, list_id: str) -> list[str]:
    """The ids in a list, each once. Leadfeeder gives nothing else of them here."""
    if not ID.fullmatch(list_id):
        raise InputError(f"{list_id!r} is not an id that Leadfeeder gives. Nothing was sent.")
    found: dict[str, None] = {}
    for body in cursor_pages(send, f"/lists/{list_id}/items", account_id):
        found |= {one: None for record in records_in(body.data) if (one := record_id(record)) is not None}
    return list(found)


def usage(send: Send, account_id: str, first_month: str, last_month: str) -> list[dict[str, Value]]:
    """What the account used in each month from ``first_month`` to ``last_month`` (``"2026-04"``).

    The fields are Leadfeeder's own; which there are is not documented, so all plain ones are given.
    """
    if not (_MONTH.fullmatch(first_month) and _MONTH.fullmatch(last_month)) or first_month > last_month:
        given = f"{first_month!r} and {last_month!r}"
        raise InputError(f"Months are written 2026-04, the earlier first, not {given}. Nothing was sent.")
    query = (("account_id", account_id), ("start_period", first_month), ("end_period", last_month))
    body = _ask(send, Request("GET", "/usage", query=query), account_id)
    return [
        {name: text(value) for name, value in attributes(record).items() if text(value) is not None}
        for record in records_in(body.data)
    ]


def numbered_pages(
    send: Send, path: str, query: Sequence[tuple[str, str]], account_id: str
) -> Iterator[Body]:
    """Pages by ``page[num]``, up to ``meta.pagination.page_count``; one page where that is not said."""
    number = 1
    while True:
        place = (("page[num]", str(number)), ("page[size]", str(PAGE_SIZE)))
        body = _ask(
            send, Request("GET", path, query=(("account_id", account_id), *query, *place)), account_id
        )
        yield body
        pages = integer(mapping(body.meta.get("pagination")).get("page_count"))
        if pages is None or number >= pages or not body.data:
            return
        number += 1


def cursor_pages(send: Send, path: str, account_id: str) -> Iterator[Body]:
    """Pages by ``page[cursor]``. A cursor that was asked with before leads in a circle, and ends them."""
    asked: set[str] = set()
    place: tuple[tuple[str, str], ...] = ()
    while True:
        query = (("account_id", account_id), ("page[size]", str(PAGE_SIZE)), *place)
        body = _ask(send, Request("GET", path, query=query), account_id)
        yield body
        cursor = text(mapping(body.meta.get("pagination")).get("next_cursor"))
        if cursor is None or cursor in asked:
            return
        asked.add(cursor)
        place = (("page[cursor]", cursor),)


def _ask(send: Send, request: Request, account_id: str) -> Body:
    return _free(read_body(send(request), account_id))


def _free(body: Body) -> Body:
    """The answer, unless it was charged: all of this is documented as free."""
    if body.amount is not None and body.amount.most:
        msg = (
            f"Leadfeeder charged {body.amount.words} for a call that its documents call free. Nothing more was "
            "asked. Ask Leadfeeder before you go on."
        )
        raise PriceError(msg, provider="leadfeeder", request_id=body.request_id)
    return body


def _list(record: Any) -> RecordList | None:
    found = record_id(mapping(record))
    told = attributes(mapping(record))
    return None if found is None else RecordList(found, text(told.get("name")) or "")


def _path(scope: Scope) -> str:
    if scope not in _PATHS:
        raise InputError(f"Lists are of 'company' or 'contact', not {scope!r}. Nothing was sent.")
    return _PATHS[scope]
