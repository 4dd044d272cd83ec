"""Putting people who were found on a list at a provider: first what would be sent, then one person's act."""

from __future__ import annotations

import threading
from collections.abc import Mapping

import pandas as pd

from leadkit.app.prospects import Query
from leadkit.app.session import Session
from leadkit.app.visitor import Visitor
from leadkit.errors import InputError
from leadkit.lists import add_to_list

#: Column of a search → what LeadIQ's lists call it. Ids are LeadIQ's own only where it was LeadIQ that was searched.
_LEADIQ: Mapping[str, str] = {
    "first_name": "first_name",
    "last_name": "last_name",
    "title": "title",
    "email": "email",
    "phone": "phone",
    "linkedin_url": "linkedin_url",
    "company": "company_name",
    "company_name": "company_name",
    "domain": "company_domain",
    "city": "city",
    "state": "state",
    "country": "country",
}
_LEADIQ_IDS: Mapping[str, str] = {"person_id": "person_id", "company_id": "company_id"}

#: LeadIQ makes a second prospect of somebody who is added twice at one moment.
_adding = threading.Lock()


def targets(here: Session, query: Query) -> dict[str, str]:
    """Title → name of each provider whose lists take what was found, and that a key is set for."""
    names = ["leadiq"] if query.step != "search_companies" else []
    if query.via == "leadfeeder":
        names.insert(0, "leadfeeder")
    found = [here.workspace.provider(name) for name in names]
    return {one.title: one.name for one in found if here.workspace.settings.has_key(one.key_name)}


def rehearse(here: Session, query: Query, rows: pd.DataFrame, name: str, via: str) -> pd.DataFrame:
    """What :func:`add` would do with each of n rows; see :func:`leadkit.lists.add_to_list`. Sends nothing.

    Raises
    ------
    InputError
        No row is chosen, or the list has no name. Nothing was sent.
    """
    return _add(here, query, rows, name, via, dry_run=True)


def add(here: Session, query: Query, rows: pd.DataFrame, name: str, via: str, *, by: Visitor) -> pd.DataFrame:
    """Put n rows on the list; who is on it already is not added again.

    Raises
    ------
    ApprovalError
        The visitor may only look. Nothing was sent.
    InputError
        No row is chosen, or the list has no name. Nothing was sent.
    ProviderError
        The list could not be opened or made.
    """
    by.check_may_spend()
    with _adding:
        return _add(here, query, rows, name, via, dry_run=False)


def _add(
    here: Session, query: Query, rows: pd.DataFrame, name: str, via: str, *, dry_run: bool
) -> pd.DataFrame:
    if rows.empty:
        raise InputError("No row is chosen. Nothing was sent. Tick the rows that you want.")
    if not name.strip():
        raise InputError("The list has no name. Nothing was sent. Type one.")
    return add_to_list(
        rows,
        name.strip(),
        _columns(query, rows, via),
        via=via,
        scope="company" if query.step == "search_companies" else "contact",
        dry_run=dry_run,
        workspace=here.workspace,
    )


def _columns(query: Query, rows: pd.DataFrame, via: str) -> dict[str, str]:
    if via == "leadfeeder":
        return {"id": str(rows.columns[0])}  # every search's first column is the id of the row
    known = {**_LEADIQ, **_LEADIQ_IDS} if query.via == "leadiq" else _LEADIQ
    return {role: column for column, role in known.items() if column in rows}


def counts(told: pd.DataFrame) -> str:
    """``12 added, 1 there already``."""
    return ", ".join(f"{n:,} {status}" for status, n in told["list_status"].value_counts().items())


def reasons(told: pd.DataFrame, limit: int = 5) -> list[str]:
    """Why rows were not added, each reason once."""
    return [str(note) for note in dict.fromkeys(told["list_note"]) if note][:limit]
