"""Lists at the providers: putting rows on one, and reading them. Leadfeeder's usage by month. All of it is free.

Putting rows on a list changes something there, so it is never a plan that runs by itself: each call is one
person's act.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import pandas as pd

from leadkit.errors import InputError, ProviderError
from leadkit.keys import Unusable
from leadkit.ledger.suppression import MUST_NOT
from leadkit.providers.base import Request, Response
from leadkit.providers.leadfeeder import lists as leadfeeder_lists
from leadkit.providers.leadfeeder.lists import Scope
from leadkit.providers.leadiq import lists as leadiq_lists
from leadkit.providers.leadiq.prospect import CSV_COLUMNS, check_names, prospect_input, prospect_row
from leadkit.workspace import Workspace, current_workspace

#: Which provider's operation has the rate limit that its lists share.
_PACED_BY = {"leadiq": "find_people", "leadfeeder": "match_companies"}


def add_to_list(
    frame: pd.DataFrame,
    name: str,
    columns: Mapping[str, str],
    *,
    via: str = "leadiq",
    scope: str = "contact",
    dry_run: bool = False,
    workspace: Workspace | None = None,
) -> pd.DataFrame:
    """Put the frame's n rows on the provider's list of that name, which is made if there is none.

    Parameters
    ----------
    frame
        n rows. Rows that cannot be added, and why, are told before anything is sent.
    name
        The list's name.
    columns
        For LeadIQ: what a prospect has, by the names that ``find_people`` uses (``first_name``, ``last_name``,
        ``email``, ``phone``, ``company_name``, ``person_id`` …) → column. For Leadfeeder: ``{"id": column}`` with
        its own ids.
    via
        ``leadiq`` or ``leadfeeder``. Leadey has lists that start outreach, which leadkit does not do.
    scope
        For Leadfeeder: what the ids are.
    dry_run
        Send nothing, and tell what would be sent.

    Returns
    -------
    pandas.DataFrame
        On the frame's own index: ``list_status`` (added, there already, suppressed, failed, in doubt, not sent,
        would be sent), ``list_note``
        and the provider's ``list_entry`` id. What is in doubt was sent once and is not sent again.
        Suppressed are people who must not be asked about.

    Raises
    ------
    InputError
        No such provider, column or list name. Nothing was sent.
    ProviderError
        The list could not be opened or made.
    """
    workspace = workspace or current_workspace()
    _check(via, scope)
    if missing := [column for column in columns.values() if column not in frame.columns]:
        msg = f"There is no column {missing[0]!r}; there are {', '.join(map(str, frame.columns))}. Nothing was sent."
        raise InputError(msg)
    cells = frame[list(columns.values())].astype(object)
    rows = [
        {
            role: str(cell)
            for role, cell in zip(columns, row, strict=True)
            if not pd.isna(cell) and str(cell).strip()
        }
        for row in cells.itertuples(index=False)
    ]
    hidden = _suppressed(workspace, rows)
    allowed = [row for place, row in enumerate(rows) if place not in hidden]
    if via == "leadiq":
        sent = _add_to_leadiq(workspace, name, allowed, dry_run)
    else:
        sent = _add_to_leadfeeder(workspace, name, allowed, cast("Scope", scope), dry_run)
    of_allowed = iter(sent)
    must_not = ("suppressed", MUST_NOT, None)
    told = [must_not if place in hidden else next(of_allowed) for place in range(len(rows))]
    return pd.DataFrame(told, index=frame.index, columns=["list_status", "list_note", "list_entry"])


def saved_lists(
    *, via: str = "leadiq", scope: str = "contact", workspace: Workspace | None = None
) -> pd.DataFrame:
    """The account's lists at LeadIQ, or those of contacts or companies at Leadfeeder: ``list_id`` and ``name``.

    Raises
    ------
    InputError
        No such provider or scope. Nothing was sent.
    ProviderError
        The provider refused or failed.
    """
    workspace = workspace or current_workspace()
    _check(via, scope)
    found = [(one.id, one.name) for one in _lists(workspace, via, scope)]
    return pd.DataFrame(found, columns=["list_id", "name"], dtype="str")


def list_members(
    name: str, *, via: str = "leadiq", scope: str = "contact", workspace: Workspace | None = None
) -> pd.DataFrame:
    """Who is on a list: at LeadIQ with what the list keeps of each, at Leadfeeder the ids of contacts or companies.

    People who must not be asked about are left out.

    Raises
    ------
    InputError
        No such provider, scope or list. What was sent to find out is free.
    ProviderError
        The provider refused or failed.
    """
    workspace = workspace or current_workspace()
    _check(via, scope)
    found = _list_named(workspace, name, via, scope)
    columns: Sequence[str]
    if via == "leadiq":
        columns = CSV_COLUMNS
        rows = [prospect_row(one) for one in leadiq_lists.members(_paced(workspace, via), found)]
    else:
        columns = [f"{scope}_id"]
        send, account = _leadfeeder(workspace)
        rows = [[one] for one in leadfeeder_lists.list_items(send, account, found.id)]
    return pd.DataFrame(_allowed(workspace, columns, rows), columns=list(columns), dtype="str")


def export_list(
    name: str, *, via: str = "leadiq", scope: str = "contact", workspace: Workspace | None = None
) -> str:
    """A list as the text of a CSV file: LeadIQ's own export where the account has it, else its members.

    No cell can start a formula. People who must not be asked about are left out. Raises as :func:`list_members`.
    """
    workspace = workspace or current_workspace()
    if via == "leadiq":
        found = _list_named(workspace, name, via, scope)
        text = leadiq_lists.export_csv(_paced(workspace, via), found)
        columns, *rows = csv.reader(io.StringIO(text, newline=""))
    else:
        members = list_members(name, via=via, scope=scope, workspace=workspace)
        columns, rows = list(members.columns), members.to_numpy().tolist()
    file = io.StringIO(newline="")
    csv.writer(file, quoting=csv.QUOTE_ALL).writerows([columns, *_allowed(workspace, columns, rows)])
    return file.getvalue()


def monthly_usage(first_month: str, last_month: str, *, workspace: Workspace | None = None) -> pd.DataFrame:
    """What the Leadfeeder account used in each month from ``first_month`` to ``last_month`` (``"2026-04"``).

    One row a month that has any; the columns are Leadfeeder's own.

    Raises
    ------
    InputError
        Not months, or the later one first. Nothing was sent.
    ProviderError
        Leadfeeder refused or failed.
    """
    send, account = _leadfeeder(workspace or current_workspace())
    return pd.DataFrame(leadfeeder_lists.usage(send, account, first_month, last_month))


def _check(via: str, scope: str) -> None:
    if via not in _PACED_BY:
        msg = f"{via} has no lists that leadkit can use; {' and '.join(_PACED_BY)} have. Nothing was sent."
        raise InputError(msg)
    if scope not in ("company", "contact"):
        msg = f"A list is of companies or contacts, not {scope!r}: scope is company or contact. Nothing was sent."
        raise InputError(msg)


def _lists(workspace: Workspace, via: str, scope: str) -> Sequence[Any]:
    if via == "leadiq":
        return leadiq_lists.lists(_paced(workspace, via))
    return leadfeeder_lists.lists(*_leadfeeder(workspace), cast("Scope", scope))


def _list_named(workspace: Workspace, name: str, via: str, scope: str) -> Any:
    there = _lists(workspace, via, scope)
    for one in there:
        if one.name == name:
            return one
    names = ", ".join(repr(one.name) for one in there) or "none"
    kind = f" of {'companies' if scope == 'company' else 'contacts'}" if via == "leadfeeder" else ""
    msg = f"{via} has no list{kind} named {name!r}; there are: {names}."
    raise InputError(msg)


def _allowed(
    workspace: Workspace, columns: Sequence[str], rows: Sequence[Sequence[Any]]
) -> list[Sequence[Any]]:
    """The rows without those of people who must not be asked about."""
    hidden = _suppressed(workspace, [dict(zip(columns, row, strict=False)) for row in rows])
    return [row for place, row in enumerate(rows) if place not in hidden]


def _suppressed(workspace: Workspace, rows: Sequence[Mapping[str, Any]]) -> set[int]:
    """The places of people who must not be asked about."""
    hidden = workspace.ledger.suppressed_answers({str(place): row for place, row in enumerate(rows)})
    return set(map(int, hidden))


Told = list[tuple[str, str, str | None]]


def _add_to_leadiq(workspace: Workspace, name: str, rows: list[dict[str, str]], dry_run: bool) -> Told:
    check_names(rows)
    if dry_run:
        reasons = map(_why_unusable, rows)
        return [("failed", why, None) if why else ("would be sent", "", None) for why in reasons]
    send = _paced(workspace, "leadiq")
    to = leadiq_lists.open_list(send, name)
    # LeadIQ makes a second prospect of somebody who is added again.
    new = list(range(len(rows))) if to.created else leadiq_lists.missing(send, to, rows)
    unusable = [place for place, row in enumerate(rows) if place not in set(new) and _why_unusable(row)]
    places = sorted({*new, *unusable})
    result = leadiq_lists.add_prospects(send, to, [rows[place] for place in places])
    told = _told(result, len(places))
    there: Told = [("there already", "", None)] * len(rows)
    for place, what in zip(places, told, strict=True):
        there[place] = what
    return there


def _why_unusable(row: dict[str, str]) -> str:
    """Why LeadIQ's lists cannot take a row; empty when they can."""
    try:
        prospect_input(row)
    except Unusable as why:
        return str(why)
    return ""


def _told(result: leadiq_lists.Added, count: int) -> Told:
    why = str(result.stopped) if result.stopped else ""
    return [
        ("added", result.notes.get(place, ""), result.added[place])
        if place in result.added
        else ("failed", result.failed[place], None)
        if place in result.failed
        else ("in doubt", result.in_doubt[place], None)
        if place in result.in_doubt
        else ("not sent", why, None)
        for place in range(count)
    ]


def _add_to_leadfeeder(
    workspace: Workspace, name: str, rows: list[dict[str, str]], scope: Scope, dry_run: bool
) -> Told:
    if any(set(row) - {"id"} for row in rows):
        msg = "Leadfeeder's lists take one column, with its own ids: {'id': column}. Nothing was sent."
        raise InputError(msg)
    if dry_run:
        return [("would be sent", "", None) if row else ("failed", "no id", None) for row in rows]
    send, account = _leadfeeder(workspace)
    known = {one.name: one.id for one in leadfeeder_lists.lists(send, account, scope)}
    list_id = known.get(name) or leadfeeder_lists.create_list(send, account, name, scope).id
    told: Told = []
    stopped: ProviderError | None = None
    for row in rows:
        if not row:
            told.append(("failed", "no id", None))
        elif stopped is not None:
            told.append(("not sent", str(stopped), None))
        else:
            try:
                leadfeeder_lists.add_to_list(send, account, list_id, scope, row["id"])
                told.append(("added", "", row["id"]))
            except (ProviderError, InputError) as error:
                unclear = error.charged == "unknown"
                told.append(("in doubt" if unclear else "failed", str(error), None))
                stopped = error if isinstance(error, ProviderError) and error.stops_run else None
    return told


def _leadfeeder(workspace: Workspace) -> tuple[Callable[[Request], Response], str]:
    """What sends to Leadfeeder, and for which account."""
    send = _paced(workspace, "leadfeeder")
    return send, workspace.provider("leadfeeder").use_account(send) or ""


def _paced(workspace: Workspace, provider: str) -> Callable[[Request], Response]:
    send = workspace.send(provider)
    pace = workspace.pace(workspace.provider(provider).operation(_PACED_BY[provider]))

    def paced(request: Request) -> Response:
        pace.acquire()
        response = send(request)
        pace.learn(response.headers, response.status)
        return response

    return paced
