"""Putting rows on a list at a provider. It costs no credits, and it changes something there, so it is never a plan
that runs by itself: each call is one person's act."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import pandas as pd

from leadkit.errors import InputError, ProviderError
from leadkit.providers.base import Request, Response
from leadkit.providers.leadiq_lists import Added
from leadkit.workspace import Workspace, current_workspace

Scope = Literal["company", "contact"]

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
        On the frame's own index: ``list_status`` (added, there already, failed, in doubt, not sent,
        would be sent), ``list_note``
        and the provider's ``list_entry`` id. What is in doubt was sent once and is not sent again.

    Raises
    ------
    InputError
        No such provider, column or list name. Nothing was sent.
    ProviderError
        The list could not be opened or made.
    """
    workspace = workspace or current_workspace()
    if via not in _PACED_BY:
        msg = f"{via} has no lists that leadkit can add to; {' and '.join(_PACED_BY)} have. Nothing was sent."
        raise InputError(msg)
    if scope not in ("company", "contact"):
        msg = f"A list is of companies or contacts, not {scope!r}: scope is company or contact. Nothing was sent."
        raise InputError(msg)
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
    if via == "leadiq":
        told = _add_to_leadiq(workspace, name, rows, dry_run)
    else:
        told = _add_to_leadfeeder(
            workspace, name, rows, "company" if scope == "company" else "contact", dry_run
        )
    return pd.DataFrame(told, index=frame.index, columns=["list_status", "list_note", "list_entry"])


Told = list[tuple[str, str, str | None]]


def _add_to_leadiq(workspace: Workspace, name: str, rows: list[dict[str, str]], dry_run: bool) -> Told:
    from leadkit.keys import Unusable
    from leadkit.providers import leadiq_lists
    from leadkit.providers.leadiq_prospect import check_names, prospect_input

    check_names(rows)
    if dry_run:
        told: Told = []
        for row in rows:
            try:
                prospect_input(row)
                told.append(("would be sent", "", None))
            except Unusable as why:
                told.append(("failed", str(why), None))
        return told
    send = _paced(workspace, "leadiq")
    to = leadiq_lists.open_list(send, name)
    # LeadIQ makes a second prospect of somebody who is added again.
    new = list(range(len(rows))) if to.created else leadiq_lists.missing(send, to, rows)
    unusable = [place for place, row in enumerate(rows) if place not in set(new) and not _usable(row)]
    places = sorted({*new, *unusable})
    result = leadiq_lists.add_prospects(send, to, [rows[place] for place in places])
    told = _told(result, len(places))
    there: Told = [("there already", "", None)] * len(rows)
    for place, what in zip(places, told, strict=True):
        there[place] = what
    return there


def _usable(row: dict[str, str]) -> bool:
    from leadkit.keys import Unusable
    from leadkit.providers.leadiq_prospect import prospect_input

    try:
        prospect_input(row)
    except Unusable:
        return False
    return True


def _told(result: Added, count: int) -> Told:
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
    from leadkit.providers import leadfeeder_lists

    if any(set(row) - {"id"} for row in rows):
        msg = "Leadfeeder's lists take one column, with its own ids: {'id': column}. Nothing was sent."
        raise InputError(msg)
    if dry_run:
        return [("would be sent", "", None) if row else ("failed", "no id", None) for row in rows]
    send = _paced(workspace, "leadfeeder")
    account = workspace.provider("leadfeeder").use_account(send) or ""
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
                leadfeeder_lists.add_to_list(send, account, list_id, scope, [row["id"]])
                told.append(("added", "", row["id"]))
            except (ProviderError, InputError) as error:
                unclear = error.charged == "unknown"
                told.append(("in doubt" if unclear else "failed", str(error), None))
                stopped = error if isinstance(error, ProviderError) and error.stops_run else None
    return told


def _paced(workspace: Workspace, provider: str) -> Callable[[Request], Response]:
    send = workspace.send(provider)
    pace = workspace.pace(workspace.provider(provider).operation(_PACED_BY[provider]))

    def paced(request: Request) -> Response:
        pace.acquire()
        response = send(request)
        pace.learn(response.headers, response.status)
        return response

    return paced
