"""Searching for people and companies by filter, and what can be done with what was found.

A search's id is the approval that its run uses up, and stands in the page's address: a second click, a second tab or
a reload comes back to the same search, whose pages the ledger knows.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pandas as pd

from leadkit.app.draft import Draft, make_draft
from leadkit.app.job_folder import JobFolder
from leadkit.app.order import Task
from leadkit.app.session import Session
from leadkit.app.source import Source
from leadkit.app.visitor import Visitor
from leadkit.errors import ApprovalError, InputError, RunNotFoundError
from leadkit.ledger.history import RunRecord
from leadkit.money import MILLICREDITS_PER_CREDIT, credits_words
from leadkit.pace import seconds_for
from leadkit.preview import Preview
from leadkit.providers import provider_names
from leadkit.providers.base import Search
from leadkit.search import known_rows, search_rows
from leadkit.sheets.new_workbook import new_workbook_bytes
from leadkit.workspace import Workspace

#: Step → what it finds.
KINDS: Mapping[str, str] = {
    "search_people": "People",
    "search_companies": "Companies",
    "job_changes": "People who changed jobs",
}
#: A page is not left waiting for more than this.
MOST_ROWS = 1000
GONE = "This search is not here: its address is not complete, or it is another user's. Search anew below."


@dataclass(frozen=True)
class Query:
    """What is searched for, with whom, and how many rows are wanted."""

    via: str
    step: str
    filters: Mapping[str, Any]
    most_rows: int

    @classmethod
    def of(cls, run: RunRecord) -> Query:
        """What an earlier run searched for. Raises RunNotFoundError when its filters were forgotten."""
        try:
            return cls(run.provider, run.step, run.context["filters"], int(run.context["most_rows"]))
        except (KeyError, ValueError, TypeError):
            raise RunNotFoundError(GONE) from None

    def search(self, workspace: Workspace) -> Search:
        return workspace.provider(self.via).search(self.step)


def providers(workspace: Workspace) -> dict[str, str]:
    """Title → name of each provider that can be searched; those with a key first, the others saying so."""
    found: dict[str, str] = {}
    without: dict[str, str] = {}
    for name in provider_names():
        if kinds(workspace, name):
            provider = workspace.provider(name)
            if workspace.settings.has_key(provider.key_name):
                found[provider.title] = name
            else:
                without[f"{provider.title} (no API key is set)"] = name
    return {**found, **without}


def kinds(workspace: Workspace, via: str) -> dict[str, str]:
    """What a provider can be searched for: words with their price → step."""
    found = {}
    for step, words in KINDS.items():
        with suppress(InputError):
            found[f"{words} ({_price_words(workspace.provider(via).search(step))})"] = step
    return found


def _price_words(search: Search) -> str:
    if search.price.most == 0:
        return "free"
    return f"{credits_words(search.price.most)} a {search.priced_by}"


def preview(query: Query, workspace: Workspace) -> Preview:
    """What the search costs at the most; sends nothing.

    Raises
    ------
    InputError
        A filter, or its value, is none that the provider takes. Nothing was sent.
    """
    search = query.search(workspace)
    rows = min(query.most_rows, search.most_rows or query.most_rows)
    search.encode(query.filters, None, min(rows, search.page_size))
    pages = -(-rows // search.page_size)
    count = rows if search.priced_by == "row" else pages
    expected = search.price.expected
    return Preview(
        provider=query.via,
        step=query.step,
        title=search.title,
        rows={},
        keys_to_buy=count,
        calls=pages,
        least=search.price.least * count,
        expected=None if expected is None else expected * count,
        most=search.price.most * count,
        seconds=seconds_for(search.limit, pages),
        notes=(search.price.note,) if search.price.note else (),
    )


def search_id(query: Query, cost: Preview, here: Session) -> str:
    """The id of the search that pressing the button begins: the same search has the same, while its rows are known.

    Ask for it when the price is shown, not when the button is pressed: two presses must have one id.
    """
    user = here.visitor.name
    asked = [user, query.via, query.step, dict(query.filters), query.most_rows, cost.most]
    body = json.dumps(asked, sort_keys=True).encode()
    ids = (hashlib.sha256(b"%d " % n + body).hexdigest()[:24] for n in itertools.count())
    last = None
    for named in ids:
        run = here.workspace.ledger.run_by_approval(named)
        if run is None:
            break
        last = named
        if under_way(here, run):
            return last
    return named if last is None or rows_of(here, query) is None else last


def run_search(here: Session, query: Query, cost: Preview, approved_id: str, by: Visitor) -> None:
    """Search, unless this approval was used already: then somebody is at it, or it has been done.

    Raises
    ------
    ApprovalError
        The visitor may not spend, or not so much without their password. Nothing was sent.
    LeadkitError
        The provider refused or failed.
    """
    by.check_may_spend(cost.most)
    if find_run(here, approved_id) is not None:
        return
    try:
        search_rows(
            query.step,
            query.filters,
            via=query.via,
            most_rows=query.most_rows,
            at_most=f"{cost.most / MILLICREDITS_PER_CREDIT:.3f}",
            workspace=here.workspace.for_user(by.name, by.daily_cap),
            approval=approved_id,
        )
    except ApprovalError:
        if find_run(here, approved_id) is None:  # otherwise another tab was quicker
            raise


def find_run(here: Session, approved_id: str) -> RunRecord | None:
    """The run that used up the approval; None when there is none, or it is another user's."""
    run = here.workspace.ledger.run_by_approval(approved_id)
    return run if run is not None and run.approved_by == here.visitor.name else None


def under_way(here: Session, run: RunRecord) -> bool:
    """Whether somebody's process still waits for its pages."""
    return run.state == "running" and here.workspace.ledger.owners.alive(run.owner)


def rows_of(here: Session, query: Query) -> pd.DataFrame | None:
    """What the search gave; None when its pages are known no more. Sends nothing."""
    return known_rows(
        query.step, query.filters, via=query.via, most_rows=query.most_rows, workspace=here.workspace
    )


# -- what can be done with the rows -------------------------------------------------------------------------

#: Provider and what was found → the step that buys the data behind it, and from which column.
_BEHIND: Mapping[tuple[str, str], tuple[str, str, str]] = {
    ("leadleap", "search_people"): ("unlock", "lead_id", "lead_id"),
    ("leadiq", "search_people"): ("unlock", "lead_id", "person_id"),
    ("leadiq", "job_changes"): ("unlock", "lead_id", "person_id"),
    ("leadfeeder", "search_people"): ("unlock", "lead_id", "contact_id"),
    ("leadfeeder", "search_companies"): ("company_details", "company_id", "company_id"),
}


#: Columns that tell who a row is; they are shown first.
_WHO = ("full_name", "title", "company", "company_name", "name", "domain")


def step_behind(query: Query) -> str | None:
    """The step that buys what the rows only hint at; None where there is none."""
    behind = _BEHIND.get((query.via, query.step))
    return None if behind is None else behind[0]


def file_name(query: Query, workspace: Workspace) -> str:
    """Of the workbook that the rows become."""
    return f"{workspace.provider(query.via).title} {KINDS[query.step].lower()}.xlsx"


def workbook(query: Query, rows: pd.DataFrame) -> bytes:
    """The rows as a new workbook, the same bytes for the same rows."""
    return new_workbook_bytes(rows, sheet=KINDS[query.step])


def unlock_draft(query: Query, rows: pd.DataFrame, wants: tuple[str, ...], workspace: Workspace) -> Draft:
    """The price of what the rows only hint at, for a workbook made of them. Sends nothing.

    Raises
    ------
    InputError
        No row is chosen, or there is nothing to buy behind such rows. Nothing was sent.
    """
    if rows.empty:
        raise InputError("No row is chosen. Nothing was sent. Tick the rows that you want.")
    step, role, column = _BEHIND[query.via, query.step]
    source = Source(file_name(query, workspace), workbook(query, rows))
    task = Task(step, query.via, {role: column}, wants)
    return make_draft(source.open(), source, task, workspace, app="prospect")


def table(query: Query, rows: pd.DataFrame, workspace: Workspace) -> pd.DataFrame:
    """The rows as they are shown: who, what is there to be unlocked, the rest, the provider's ids.

    What is in none of the rows is left out, and the parts of a name that stands there as a whole.
    """
    shown = rows.dropna(axis="columns", how="all")
    flags = [column.name for column in query.search(workspace).columns if column.dtype == "boolean"]
    parts = {"first_name", "last_name"} if "full_name" in shown else set()
    first = [name for name in (*_WHO, *flags) if name in shown]
    ids = [name for name in shown if str(name).endswith("_id")]
    rest = [name for name in shown if name not in {*first, *ids, *parts}]
    words = {True: "yes", False: "no"}
    told = shown.assign(**{name: shown[name].map(words) for name in flags if name in shown})
    return told[[*first, *rest, *ids]].rename(columns=_column_words)


def _column_words(name: str) -> str:
    return name.replace("_", " ").capitalize().replace(" id", " ID").replace("Linkedin url", "LinkedIn")


def words_behind(query: Query) -> tuple[str, str]:
    """Title and hint of the part of the page that buys what the rows only hint at."""
    if step_behind(query) == "company_details":
        return "Look up the companies", "Adds size, industry, place and revenue of the rows that are ticked."
    return "Unlock their contact data", "Adds addresses and phones of the rows that are ticked."


def next_steps(job: JobFolder, search: str) -> list[tuple[str, str]]:
    """Words and address of what can be done after rows were unlocked; ``search`` is where they came from."""
    steps = [("Go on with another step on this result", f"../enrich/?after={job.id}")]
    if not job.receipt["complete"]:
        steps.insert(0, ("Price for what is left", f"../enrich/?again={job.id}"))
    back = [("Back to the search", f"?search={search}")] if search.isalnum() else []
    return [*steps, *back, ("Search for others", "?")]
