"""Leadey: what the customer's own workspace knows. Reading only, and free.

API: https://api.leadey.ai/quickstart, read 2026-07-01. Leadey has no database to search and nothing to buy through
its API: it tells who of a sheet is in a campaign already, so that nobody is written to twice.

Putting people into a campaign is left out on purpose: Leadey's inbound webhook is no data sync, it starts outreach
to the person.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from leadkit.errors import InputError
from leadkit.money import Amount
from leadkit.providers.base import Balance, Operation, Page, Request, Response, Search
from leadkit.providers.filters import check_offered, given_filters, unusable
from leadkit.providers.json_body import array, integer, mapping, millicredits, text
from leadkit.providers.leadey.known import FREE, FREE_REPEAT, known
from leadkit.providers.leadey.rows import (
    COLLECTIONS,
    LIMIT,
    Collection,
    read_body,
    rows_by_id,
)

#: pageSize: at most 100; a larger one is cut to it in silence.
PAGE_SIZE = 100

#: A search of every provider's, and the collection that answers it here.
_SEARCHES = {"search_people": "contacts", "search_companies": "companies"}


class Leadey:
    """The provider."""

    name = "leadey"
    title = "Leadey"
    key_name = "LEADEY_API_KEY"
    hosts: Mapping[str, str] = {"api": "https://backend.leadey.ai/v1"}
    host_overrides: Mapping[str, str] = {"api": "LEADKIT_LEADEY_URL"}

    def headers(self, key: str, host: str) -> Mapping[str, str]:  # noqa: ARG002 - one host
        return {"Authorization": f"Bearer {key}"}

    def operation(self, step: str, wants: Sequence[str] = ()) -> Operation:
        """The operation behind a step: known."""
        check_offered(self.title, step, ["known"], wants)
        return known()

    def search(self, step: str, wants: Sequence[str] = ()) -> Search:
        """The reading behind a step: leads, contacts (search_people), companies (search_companies) or campaigns."""
        check_offered(self.title, step, [*_SEARCHES, *COLLECTIONS], wants)
        return reading(step, COLLECTIONS[_SEARCHES.get(step, step)])

    def use_account(self, send: Callable[[Request], Response]) -> None:
        """A key is one account's."""

    def balance_request(self) -> Request:
        return Request("GET", "/me")

    def decode_balance(self, response: Response) -> Balance:
        """Credits of the workspace. They are spent in Leadey's own app; nothing here spends any."""
        data, _ = read_body(response)
        told = mapping(mapping(data).get("credits"))
        remaining = millicredits(told.get("balance"))
        return Balance(
            provider=self.name,
            account=text(mapping(data).get("id")),
            remaining=remaining,
            used=millicredits(told.get("used")),
            limit=millicredits(told.get("included")),
            note="" if remaining is not None else "Leadey did not say how many credits are left.",
        )


def reading(step: str, collection: Collection) -> Search:
    """The reading of a collection, page by page. What a filter finds may be part of a longer word."""
    return Search(
        provider="leadey",
        step=step,
        title=collection.title,
        filters={name: takes for name, (_, takes) in collection.filters.items()},
        page_size=PAGE_SIZE,
        most_rows=None,  # not documented
        price=FREE,
        priced_by="page",
        limit=LIMIT,
        repeat=FREE_REPEAT,
        columns=collection.columns,
        encode=lambda filters, after, rows: _encode(collection, filters, after, rows),
        decode=lambda response: _decode(collection, response),
    )


def _encode(collection: Collection, filters: Mapping[str, Any], after: str | None, rows: int) -> Request:
    query: list[tuple[str, str]] = []
    # Leadey ignores a filter that it does not know, and would give every row as if it had been filtered.
    for name, value in given_filters("Leadey", filters, collection.filters).items():
        parameter, takes = collection.filters[name]
        if not isinstance(value, str) or not value.strip():
            raise unusable(name, value, takes)
        query.append((parameter, value.strip()))
    # The page and its size: pages of another size would skip or repeat rows.
    page, _, size = (after or f"1/{max(1, min(rows, PAGE_SIZE))}").partition("/")
    if not (page.isdecimal() and size.isdecimal()):
        raise InputError(f"{after!r} is no page of Leadey's. Nothing was sent.")
    return Request("GET", collection.path, query=(*query, ("page", page), ("pageSize", size)))


def _decode(collection: Collection, response: Response) -> Page:
    data, meta = read_body(response)
    came = len(array(data))
    rows = rows_by_id(data, collection)
    page, pages = integer(meta.get("page")), integer(meta.get("totalPages"))
    size = integer(meta.get("pageSize"))
    at_end = not came or page is None or size is None or (pages is not None and page >= pages)
    left_out = came - len(rows)
    return Page(
        rows=tuple(rows.values()),
        next=None if at_end else f"{(page or 0) + 1}/{size}",
        total=integer(meta.get("totalCount")),
        amount=Amount(),
        note=f"{left_out} rows came twice or without an id and are left out" if left_out else "",
    )
