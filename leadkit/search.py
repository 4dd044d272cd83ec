"""Searching by filter: new rows instead of more columns, page by page through the same ledger.

A page is a fact like any other, so a paid page is reserved before it is asked for, is never bought twice while
it is fresh, and survives a crash.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from leadkit.clock import DAY_SECONDS
from leadkit.errors import ApprovalError, BadAnswerError, InputError
from leadkit.join import DTYPES
from leadkit.ledger import FactState, Ledger, Stored
from leadkit.ledger.retention import PAGE_KEEPS_DAYS
from leadkit.money import Amount, credits_text, credits_words, to_millicredits
from leadkit.providers.base import Answer, Decoded, Operation, Page, Price, Request, Response, Search
from leadkit.recorded import RecordedRun, at_todays_price, new_run
from leadkit.steps import wants_of
from leadkit.workspace import Workspace, current_workspace

DEFAULT_MOST_ROWS = 100


def search_people(
    *,
    via: str = "leadleap",
    most_rows: int = DEFAULT_MOST_ROWS,
    at_most: int | float | str | None = None,
    workspace: Workspace | None = None,
    **filters: Any,
) -> pd.DataFrame:
    """Find people by filter.

    Parameters
    ----------
    via
        The provider; each has filters of its own, which ``leadkit search people --via … --filters`` lists.
        LeadLeap's search is free and shows no contact data.
    most_rows
        How many rows at the most; one call gives a page of them.
    at_most
        Credits. Needed only where the search costs something.
    filters
        Such as ``country="DE"``, ``department="Sales"``.

    Returns
    -------
    pandas.DataFrame
        One row for each person found, at most ``most_rows``, without repeats. ``attrs["notes"]`` are sentences:
        how many more there are, how many are missing, what the provider said.

    Raises
    ------
    InputError
        The provider does not offer the search, or does not document a filter. Nothing was sent.
    ApprovalError
        The search costs credits and ``at_most`` is missing or too small; the message says how much.
    """
    return search_rows(
        "search_people", filters, via=via, most_rows=most_rows, at_most=at_most, workspace=workspace
    )


def search_companies(
    *,
    via: str,
    want: Sequence[str] = (),
    most_rows: int = DEFAULT_MOST_ROWS,
    at_most: int | float | str | None = None,
    workspace: Workspace | None = None,
    **filters: Any,
) -> pd.DataFrame:
    """Find companies by filter; as :func:`search_people`.

    ``want=["company"]`` at LeadIQ buys domain, industry and size with each name, for 3 credits instead of 0.1.
    """
    return search_rows(
        "search_companies",
        filters,
        via=via,
        want=want,
        most_rows=most_rows,
        at_most=at_most,
        workspace=workspace,
    )


def search_job_changes(
    *,
    via: str = "leadiq",
    most_rows: int = DEFAULT_MOST_ROWS,
    at_most: int | float | str | None = None,
    workspace: Workspace | None = None,
    **filters: Any,
) -> pd.DataFrame:
    """Find people who moved to another company or were promoted, newest first; as :func:`search_people`.

    Raises
    ------
    PlanLimitError
        The account does not have job changes. LeadIQ then ignores the filter and may charge the one row that was
        asked for to find out.
    """
    return search_rows(
        "job_changes", filters, via=via, most_rows=most_rows, at_most=at_most, workspace=workspace
    )


def search_rows(
    step: str,
    filters: Mapping[str, Any],
    *,
    via: str,
    most_rows: int,
    at_most: int | float | str | None,
    want: Sequence[str] = (),
    workspace: Workspace | None = None,
    approval: str | None = None,
    output: Path | None = None,
) -> pd.DataFrame:
    """The search behind :func:`search_people` and its like, which say what it takes and gives.

    ``approval`` is an id that may be used once. ``output`` is the file that the caller writes the rows into: it is
    named when somebody in it is forgotten.
    """
    workspace, want = workspace or current_workspace(), wants_of(want)
    search, most_rows = _checked(step, filters, via, most_rows, workspace, want)
    approved, affordable = _approve(search, most_rows, at_most)
    search = at_todays_price(workspace, search, lambda: workspace.provider(via).search(step, want))
    operation = page_operation(search, search.page_size)
    with new_run(
        workspace,
        operation,
        [],
        approved=approved,
        fresh_after=_fresh_after(workspace.ledger),
        # How many there are, nobody knows before; that free ones cost nothing is certain.
        preview={
            "least_millicredits": 0,
            "expected_millicredits": None if approved else 0,
            "most_millicredits": approved,
        },
        context={
            "filters": dict(filters),
            "most_rows": most_rows,
            **({"output": str(output.resolve())} if output else {}),
        },
        approval=approval,
    ) as run:
        pages = _pages(search, filters, affordable, lambda *page: _buy(run, search, workspace, *page))
    found = _rows(search, pages, affordable, workspace.ledger)
    if affordable < most_rows:
        found.attrs["notes"].append(
            f"What may be spent is enough for {affordable:,} of the {most_rows:,} rows."
        )
    return found


def known_rows(
    step: str,
    filters: Mapping[str, Any],
    *,
    via: str,
    most_rows: int,
    want: Sequence[str] = (),
    workspace: Workspace | None = None,
) -> pd.DataFrame | None:
    """What the search gave when it was last asked for; None when a page of it is not known or not fresh any more.

    Sends nothing. Raises SettingsError when there is no key for the provider.
    """
    workspace = workspace or current_workspace()
    search, most_rows = _checked(step, filters, via, most_rows, workspace, wants_of(want))
    ledger, account = workspace.ledger, workspace.account(via)
    operation_id = ledger.operation_id(page_operation(search, search.page_size), account)

    def known(_number: int, key: str, _rows: int) -> Stored | None:
        fresh = ledger.states(operation_id, [key], fresh_after=_fresh_after(ledger))[0] == FactState.FOUND
        return ledger.answers(operation_id, [key]).get(key) if fresh else None

    try:
        return _rows(search, _pages(search, filters, most_rows, known), most_rows, ledger)
    except LookupError:
        return None


def _checked(
    step: str,
    filters: Mapping[str, Any],
    via: str,
    most_rows: int,
    workspace: Workspace,
    want: Sequence[str],
) -> tuple[Search, int]:
    """The search, and how many rows it can give at the most. Refuses a filter before anything else."""
    search = workspace.provider(via).search(step, want)
    if most_rows < 1:
        msg = f"most_rows is a number of rows, 1 or more, not {most_rows}. Nothing was sent."
        raise InputError(msg)
    most_rows = min(most_rows, search.most_rows or most_rows)
    search.encode(filters, None, min(most_rows, search.page_size))
    return search, most_rows


def _fresh_after(ledger: Ledger) -> dict[int, int]:
    return {FactState.FOUND: ledger.now() - PAGE_KEEPS_DAYS * DAY_SECONDS}


def _rows(search: Search, pages: Sequence[Stored], most_rows: int, ledger: Ledger) -> pd.DataFrame:
    """The rows of the pages, each once, without those of people who must not be asked about."""
    first = search.columns[0].name  # every provider's first column is the id of the row
    came = [dict(row) for page in pages for row in page.values["rows"]]
    rows = _without_suppressed(came, first, ledger)
    dtypes = {column.name: DTYPES[column.dtype] for column in search.columns}
    found = pd.DataFrame(rows, columns=list(dtypes)).astype(dtypes)
    found = found.drop_duplicates(subset=first, ignore_index=True).head(most_rows)
    found.attrs["notes"] = _notes(pages, most_rows)
    if hidden := len(came) - len(rows):
        found.attrs["notes"].append(f"Left out, because they must not be asked about: {hidden:,}.")
    return found


def _notes(pages: Sequence[Stored], most_rows: int) -> list[str]:
    """What the pages say of themselves, and how many rows are not among theirs."""
    notes = list(dict.fromkeys(page.note for page in pages if page.note))
    seen = sum(len(page.values["rows"]) for page in pages)
    total = pages[-1].values["total"]
    if total is None or total <= min(seen, most_rows):
        return notes
    if seen >= most_rows:
        return [*notes, f"There are {total:,} in all; these are the first {most_rows:,}."]
    if notes:  # they say what was left out
        return [*notes, f"{seen:,} of {total:,} rows are here."]
    why = "the pages ended early, or the rows shifted while they were read"
    return [f"{seen:,} of {total:,} rows came; at least {total - seen:,} are missing: {why}."]


def _without_suppressed(rows: list[dict[str, Any]], first: str, ledger: Ledger) -> list[dict[str, Any]]:
    """Whoever must not be asked about is not shown, either: of who was on the list before, only a place was kept."""
    rows = [row for row in rows if row]
    ids = [str(row.get(first)) for row in rows]
    hidden = {ids[place] for place in ledger.suppressed("lead_id", ids)}
    hidden |= ledger.suppressed_answers(dict(zip(ids, rows, strict=True)))
    return [row for one, row in zip(ids, rows, strict=True) if one not in hidden]


def _approve(search: Search, most_rows: int, at_most: int | float | str | None) -> tuple[int, int]:
    """What may be spent, in millicredits, and how many rows that is enough for."""
    wanted = None if at_most is None else to_millicredits(at_most)
    pages = -(-most_rows // search.page_size)
    most = search.price.most * (most_rows if search.priced_by == "row" else pages)
    if not most:
        return 0, most_rows
    told = f"This search costs at most {credits_words(most)} at {search.provider} for {most_rows:,} rows"
    if wanted is None:
        msg = f"{told}. Nothing was sent. Say what may be spent at most, or ask for fewer rows."
        raise ApprovalError(msg)
    approved = min(most, wanted)
    if search.priced_by == "row":
        most_rows = min(most_rows, approved // search.price.most)
    if not most_rows or approved < search.price.most:
        msg = f"{told}; {credits_text(approved)} is not enough for any. Nothing was sent. Approve more."
        raise ApprovalError(msg)
    return approved, most_rows


def _pages(
    search: Search,
    filters: Mapping[str, Any],
    most_rows: int,
    page_of: Callable[[int, str, int], Stored | None],
) -> list[Stored]:
    """The pages up to ``most_rows``, one after the other: each says how the next is asked for.

    ``page_of`` gives the page of that number and key, with so many rows. Raises LookupError when it gives none.
    """
    pages: list[Stored] = []
    after, seen, asked = None, 0, set[str | None]()
    while True:
        # Where each row is charged, the last page is of no more rows than are still wanted. Elsewhere all
        # pages have one size: a cursor may not bear another.
        by_row = search.priced_by == "row" and search.price.most > 0
        rows_wanted = min(search.page_size, most_rows - seen if by_row else most_rows)
        page = page_of(len(pages) + 1, _page_key(filters, after, rows_wanted), rows_wanted)
        if page is None:
            raise LookupError(len(pages))
        pages.append(page)
        seen += len(page.values["rows"])
        following = page.values["next"]
        asked.add(after)
        if following is None or seen >= most_rows or following in asked:  # cursors may go in a circle
            return pages
        after = following


def _buy(run: RecordedRun, search: Search, workspace: Workspace, number: int, key: str, rows: int) -> Stored:
    """A page with so many rows, asked for unless it is known."""
    outcome = run.carry_out(page_operation(search, rows), [key], threads=1)
    if outcome.stopped is not None:
        raise outcome.stopped
    page = workspace.ledger.answers(run.operation_id, [key]).get(key)
    if page is None:
        reasons = {**outcome.over_budget, **outcome.failed, **outcome.in_doubt}
        why = reasons.get(key, "it was not asked for")
        msg = f"{search.provider}: page {number} could not be had: {why}"
        raise BadAnswerError(msg, provider=search.provider)
    return page


def page_operation(search: Search, rows: int) -> Operation:
    """A search as an operation whose key is a page: filters, place and size. ``rows``: how many are wanted of it."""

    def encode(keys: Sequence[str]) -> Request:
        asked = json.loads(keys[0])
        return search.encode(asked["filters"], asked["after"], asked["rows"])

    def decode(keys: Sequence[str], response: Response) -> Decoded:
        page: Page = search.decode(response)
        if search.check is not None:
            search.check(json.loads(keys[0])["filters"], page)
        values = {"rows": [dict(row) for row in page.rows], "next": page.next, "total": page.total}
        amount = page.amount
        if amount is None and search.priced_by == "row" and search.price.least == search.price.most:
            amount = Amount(search.price.most * len(page.rows), search.price.most * len(page.rows))
        return Decoded({keys[0]: Answer("found", values, page.note)}, amount, page.request_id)

    price, times = search.price, rows if search.priced_by == "row" else 1
    return Operation(
        provider=search.provider,
        step=search.step,
        title=search.title,
        takes="page",
        wants=search.wants,
        batch_size=1,
        price=Price(
            price.least * times,
            None if price.expected is None else price.expected * times,
            price.most * times,
            price.source,
            price.note,
        ),
        limit=search.limit,
        repeat=search.repeat,
        keeps_days=PAGE_KEEPS_DAYS,
        keeps_why="who is where changes daily",
        miss_keeps_days=PAGE_KEEPS_DAYS,
        columns=search.columns,
        encode=encode,
        decode=decode,
    )


def _page_key(filters: Mapping[str, Any], after: str | None, rows: int) -> str:
    return json.dumps({"filters": filters, "after": after, "rows": rows}, sort_keys=True, ensure_ascii=False)
