"""The part of a page that searches: its price, its one button, and what came of it.

A search that costs something is approved as everything else is: the most it may cost stands on the button, and an
approval is used up once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import marimo as mo
import pandas as pd

from leadkit.app import filters, panels, prospects
from leadkit.app.prospects import Query
from leadkit.app.session import Session
from leadkit.app.visitor import confirmed
from leadkit.errors import LeadkitError, RunNotFoundError
from leadkit.ledger.history import RunRecord
from leadkit.money import credits_text, credits_words
from leadkit.preview import Preview
from leadkit.wording import counted


@dataclass(frozen=True)
class Asked:
    """A search as it would be made now. ``id`` is None when it cannot be: ``trouble`` says why."""

    here: Session
    query: Query
    cost: Preview | None = None
    id: str | None = None
    trouble: str = ""
    password: mo.ui.text | None = None


def attach(here: Session, params: Any) -> tuple[RunRecord | None, Query | None, mo.Html | None]:
    """The run and the query that the page's address names, and what to say when there is none like that."""
    named = params.get("search")
    if not named:
        return None, None, None
    try:
        if (run := prospects.find_run(here, str(named))) is None:
            raise RunNotFoundError(prospects.GONE)
        return run, Query.of(run), None
    except LeadkitError as error:
        return None, None, panels.note("warn", "No such search", error)


def ask(here: Session, query: Query) -> Asked:
    """What pressing the button would search for and cost. Sends nothing."""
    try:
        cost = prospects.preview(query, here.workspace)
        password = None
        if here.visitor.may_spend and here.visitor.must_confirm(cost.most):
            password = mo.ui.text(kind="password", label="Your password, as this is a large amount")
        return Asked(here, query, cost, prospects.search_id(query, cost, here), password=password)
    except LeadkitError as error:
        return Asked(here, query, trouble=str(error))


def button(asked: Asked) -> mo.ui.run_button:
    """The only button that asks the provider."""
    label = "Search"  # a search that cannot be made has no price
    if asked.cost is not None:
        label += f", for at most {credits_words(asked.cost.most)}" if asked.cost.most else ", free"
    ready = asked.id is not None and asked.here.visitor.may_spend
    return mo.ui.run_button(label=label, kind="success", disabled=not ready)


def panel(asked: Asked, press: mo.ui.run_button) -> mo.Html:
    """What is searched for as it was understood, what that costs, and the button."""
    search = asked.query.search(asked.here.workspace)
    understood = filters.sentences(search, asked.query.filters)
    parts = [panels.lines(understood)] if understood else []
    if asked.trouble or asked.cost is None:
        parts.append(panels.note("warn", "This cannot be searched for yet", asked.trouble))
    elif asked.cost.most:
        title = asked.here.workspace.provider(asked.query.via).title
        parts += [
            panels.cost(asked.cost, title),
            panels.lines(_limits(asked, title)),
            panels.bullets(asked.cost.notes),
        ]
    if not asked.here.visitor.may_spend:
        words = "Ask somebody who may to search, or whoever runs leadkit for the role “spend”."
        return mo.vstack([*parts, panels.note("info", "You may look, but not search", words)])
    if asked.password is not None:
        parts.append(asked.password)
    return mo.vstack([*parts, press])


def _limits(asked: Asked, title: str) -> list[tuple[str, str]]:
    assert asked.cost is not None
    visitor, left = asked.here.visitor, asked.here.balance(asked.query.via).remaining
    after = "not told by the provider"
    if left is not None:
        after = f"{credits_text(left)} now, at least {credits_text(max(0, left - asked.cost.most))} after"
    lines = [("Balance", after), ("Approved by", visitor.name)]
    if visitor.daily_cap is not None:
        lines.append(("Your limit", f"{credits_words(visitor.daily_cap)} a day (UTC) at {title}"))
    return lines


def start(asked: Asked, params: Any) -> mo.Html | None:
    """Search; in words why it did not begin. Its id is in the page's address from the beginning, for a reload."""
    assert asked.id is not None
    assert asked.cost is not None
    before = params.get("search")
    try:
        # The request that pressed the button tells who did.
        by = confirmed("" if asked.password is None else asked.password.value)
        params["search"] = asked.id
        with mo.status.spinner(title="Searching", remove_on_exit=True):
            prospects.run_search(asked.here, asked.query, asked.cost, asked.id, by)
    except LeadkitError as error:
        if prospects.find_run(asked.here, asked.id) is None:
            params.remove("search")
            if before:
                params["search"] = before
            return panels.trouble(error, "The search could not begin")
    finally:
        asked.here.spent()
    return None  # what became of it shows under its address


@dataclass(frozen=True)
class Results:
    """What a search came to by now. ``rows`` is None while it is under way, and when they are not to be had."""

    run: RunRecord
    under_way: bool
    rows: pd.DataFrame | None


def results(here: Session, query: Query, run_id: str) -> Results:
    """What the search with that run came to by now. Sends nothing."""
    run = here.workspace.ledger.run(run_id)
    # Asked before the rows are read: of a search that was over by then, every page is there to be read.
    busy = prospects.under_way(here, run)
    return Results(run, busy, None if busy else prospects.rows_of(here, query))


def standing(came: Results) -> mo.Html:
    """What to say about a search: it is under way, so many rows came, or why there are none."""
    if came.under_way:
        return panels.note(
            "info", "Under way", "The pages come one after the other. This page looks again by itself."
        )
    if came.rows is not None:
        return _found(len(came.rows), came.rows.attrs["notes"], came.run.charged.words)
    again = "Press “Search” again: what came is kept."
    if came.run.state == "stopped":
        return panels.note("bad", "The search stopped", came.run.stopped_why, again)
    if came.run.state == "running":
        return panels.note("warn", "It was interrupted", "The server ended before the search did.", again)
    return panels.note(
        "warn", "These results are not fresh any more", "Who works where changes daily. Press “Search” again."
    )


def _found(rows_found: int, notes: Sequence[str], charged: str) -> mo.Html:
    """How many rows came, what they cost, and what the provider said about them."""
    if not rows_found:
        return panels.note(
            "info",
            "Nothing was found",
            "No row fits all of these filters. Take one away, or widen it.",
            *notes,
        )
    return panels.bullets([f"{counted(rows_found, 'row')} came, for {charged}.", *notes])
