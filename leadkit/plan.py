"""Rows → keys → a plan with its preview. Making one sends nothing and changes nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from leadkit.clock import DAY_SECONDS
from leadkit.errors import InputError, SettingsError
from leadkit.hit_rate import hit_rate
from leadkit.keys import Canonical
from leadkit.ledger import NEVER_ASKED, STALE, FactState
from leadkit.money import credits_text, to_millicredits
from leadkit.preview import (
    BLANK,
    DUPLICATE,
    IN_DOUBT,
    KNOWN,
    LEFT_OUT,
    ROW_STATES,
    SUPPRESSED,
    TO_BUY,
    UNUSABLE,
    Preview,
    counts_text,
    free_preview_note,
    make_preview,
)
from leadkit.providers.base import Operation
from leadkit.schemas import check_intake
from leadkit.steps import DEFAULT_PROVIDER, check_step, row_keys, wants_of
from leadkit.workspace import Workspace, current_workspace

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from leadkit.result import Done
    from leadkit.run import Progress

#: How many keys a pilot tries when nobody says.
PILOT_KEYS = 10


@dataclass(frozen=True, eq=False)
class Plan:
    """What a step would buy for a frame of n rows. A value: making one sent nothing.

    ``codes`` gives for each row its place in ``keys``, or -1. ``row_states`` gives for each row its place in
    ``ROW_STATES``. ``to_buy`` are places in ``keys``, in the order in which they are bought.
    """

    frame: pd.DataFrame
    operation: Operation
    columns: Mapping[str, str]
    keys: Sequence[str]
    codes: npt.NDArray[np.int32]
    first: npt.NDArray[np.int64]
    row_states: npt.NDArray[np.int8]
    reasons: Mapping[int, str]
    to_buy: npt.NDArray[np.int64]
    account: str
    fresh_after: Mapping[int, int]
    preview: Preview
    workspace: Workspace
    #: Whether the provider's free preview is asked first, and whoever it does not find is never paid for.
    preview_first: bool = False

    def __repr__(self) -> str:
        most = credits_text(self.preview.most)
        name = f"{self.operation.step} with {self.operation.provider}"
        return f"<Plan: {name}, {counts_text(self.preview.rows)}, credits at most {most}>"

    @cached_property
    def hash(self) -> str:
        """Names the plan: its rows, provider, account, data points and maximum price. An approval holds for it."""
        operation = self.operation
        head = [
            operation.provider,
            self.account,
            operation.step,
            *operation.wants,
            operation.price.most,
            self.preview_first,
            *(f"{role}={column}" for role, column in sorted(self.columns.items())),
        ]
        digest = hashlib.sha256(json.dumps(head).encode())
        digest.update(self.codes.tobytes())
        digest.update("\n".join(self.keys).encode())
        digest.update(self.to_buy.tobytes())
        return digest.hexdigest()

    @property
    def keys_to_buy(self) -> list[str]:
        return [self.keys[i] for i in self.to_buy]

    @property
    def rows(self) -> pd.DataFrame:
        """What happens to each of the n rows and why, on the frame's own index."""
        keys = np.array([*self.keys, None], dtype=object)
        states = np.array(ROW_STATES, dtype=object)
        reasons = np.full(len(self.codes), "", dtype=object)
        for position, why in self.reasons.items():
            reasons[position] = why
        duplicates = np.flatnonzero(self.row_states == DUPLICATE)
        firsts = self.frame.index.to_numpy()[self.first[self.codes[duplicates]]]
        word = "row" if self.frame.index.name == "row" else "index"
        reasons[duplicates] = [f"the same as {word} {label}" for label in firsts]
        reasons[self.row_states == LEFT_OUT] = "left out of this pilot"
        return pd.DataFrame(
            {"key": keys[self.codes], "state": states[self.row_states], "reason": reasons},
            index=self.frame.index,
        )

    def pilot(self, n: int | None = None, *, rows: Iterable[Hashable] | None = None, seed: int = 0) -> Plan:
        """The same plan for a few of its keys, to see what comes back before the rest is paid for.

        It previews, approves and runs like any other plan, and has a hash of its own. Rows that are known, blank,
        unusable or repeats are as before; all other rows are "left out", and the result leaves them as they are.
        Afterwards a new plan for the whole frame knows what the pilot bought, and expects the rest to cost the same.

        Parameters
        ----------
        n
            How many distinct keys to buy, drawn at random; fewer when there are no more. 10 when neither ``n`` nor
            ``rows`` is given; all of ``rows`` when only these are.
        rows
            Index labels of rows to draw from. What is known already, or in doubt, is not bought.
        seed
            The same plan, ``n`` and ``seed`` give the same keys.

        Raises
        ------
        InputError
            ``n`` is less than 1, or a label is not in the frame. Nothing was sent.
        """
        if n is not None and n < 1:
            raise InputError(f"A pilot needs at least one key to buy, not {n}. Nothing was sent.")
        new = chosen = self.to_buy[self.row_states[self.first[self.to_buy]] == TO_BUY]
        if rows is not None:
            labels = list(rows)
            places = self.frame.index.get_indexer(pd.Index(labels))
            if len(missing := np.flatnonzero(places < 0)):
                raise InputError(f"There is no row {labels[missing[0]]!r} in the frame. Nothing was sent.")
            chosen = chosen[np.isin(chosen, self.codes[places])]
        elif n is None:
            n = PILOT_KEYS
        if n is not None and n < len(chosen):
            chosen = np.sort(np.random.default_rng(seed).choice(chosen, n, replace=False))

        out = np.zeros(len(self.keys) + 1, dtype=bool)  # the last is where code -1 points
        out[self.to_buy] = True
        out[chosen] = False
        row_states = np.where(out[self.codes], np.int8(LEFT_OUT), self.row_states)
        left = len(self.to_buy) - len(chosen)
        notes = [*self.preview.notes]
        if left:
            notes.append(f"A pilot: {left:,} more to buy are left out, and their rows stay as they are.")
        if self.preview_first:
            notes.remove(free_preview_note(self.operation, len(new)))
            notes.append(free_preview_note(self.operation, len(chosen)))
        preview = make_preview(
            self.operation,
            row_states,
            new=len(chosen),
            doubtful=0,
            hit_rate=self.preview.hit_rate,
            notes=notes,
        )
        return replace(self, row_states=row_states, to_buy=chosen, preview=preview)

    def approve(self, at_most: int | float | str) -> int:
        """Check an amount of credits for this plan; returns it in millicredits, capped at the preview's most.

        Raises
        ------
        ApprovalError
            Not an amount. Nothing was sent.
        """
        return min(to_millicredits(at_most), self.preview.most)

    def run(
        self,
        *,
        at_most: int | float | str,
        progress: Callable[[Progress], None] | None = None,
        cancel: threading.Event | None = None,
        approval: str | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> Done:
        """Buy what the plan says, for at most ``at_most`` credits.

        Parameters
        ----------
        at_most
            Credits of the provider. No default: what may be spent is always said.
        progress
            Called after every call, from a worker's thread.
        cancel
            Set it to stop: calls under way end, no other starts.
        approval
            An id that may be used once; the same id again is refused. One is made when left out.
        context
            Kept with the run, so that ``leadkit resume`` finds its workbook.

        Returns
        -------
        Done
            ``done.frame`` has the caller's rows, index and columns, and new columns; ``done.receipt`` the cost.
            A run that the provider stopped midway is returned too, with ``done.stopped`` saying why.

        Raises
        ------
        ApprovalError
            ``at_most`` is not an amount, or the approval was used already.
        SettingsError
            No key for the provider. Nothing was sent.
        LedgerError
            The ledger cannot be written. Nothing was sent.
        """
        from leadkit.result import run_plan

        return run_plan(
            self, at_most=at_most, progress=progress, cancel=cancel, approval=approval, context=context or {}
        )


def make_plan(
    frame: pd.DataFrame,
    step: str,
    columns: Mapping[str, str],
    *,
    via: str | None = None,
    want: Sequence[str] = (),
    workspace: Workspace | None = None,
    refresh: bool = False,
    country: str | None = None,
    preview_first: bool = False,
) -> Plan:
    """Work out what a step would buy for the frame's rows. Sends nothing and changes nothing.

    Blank and unusable cells are set aside, repeats are bought once, and what an earlier run paid for is not
    bought again while it is fresh.

    Parameters
    ----------
    frame
        n rows, with unique index labels.
    step
        The accessor's method, one of ``leadkit.steps.DEFAULT_PROVIDER``.
    columns
        What the cells are → column, such as ``{"email": "Email"}``; see ``leadkit.schemas.ROLE_KINDS``.
    via
        The provider; the step's default when left out.
    want
        The data points that are bought, where the provider sells them one by one: ``["email", "phone"]``, or
        ``"email"`` for one.
    refresh
        Buy again what is known already; not whoever must not be contacted.
    country
        For phones: where numbers without a country code are from, ISO 3166 (``"DE"``).
    preview_first
        When the plan runs, ask the provider's free preview first; whoever it does not find is not found, and in no
        paid call. What may be spent stays the same.

    Raises
    ------
    InputError
        No such step, provider or column; nothing but blanks; two rows with one index label.
    LedgerError
        The ledger cannot be opened.
    """
    workspace = workspace or current_workspace()
    check_step(step)
    operation = workspace.provider(via or DEFAULT_PROVIDER[step]).operation(step, wants_of(want))
    check_intake(frame, step, columns).raise_for_errors()
    cells = row_keys(operation, frame, columns, country)

    notes: list[str] = []
    now = workspace.ledger.now()
    fresh_after = fresh_since(operation, now, refresh=refresh)
    try:
        account = workspace.account(operation.provider)
    except SettingsError:
        account = ""
        notes.append(
            f"No API key for {operation.provider} is set, so what is known already does not show here."
        )
    operation_id = workspace.ledger.operation_id(operation, account) if account else None
    key_states = workspace.ledger.states(
        operation_id, cells.keys, fresh_after=fresh_after, hashes=cells.hashes
    )

    suppressed = key_states == FactState.SUPPRESSED
    suppressed[workspace.ledger.suppressed(operation.takes, cells.keys)] = True
    # Comparisons: np.isin takes many times as long for so few states.
    open_keys = ((key_states == FactState.INTENT) | (key_states == FactState.IN_DOUBT)) & ~suppressed
    new_keys = ((key_states == NEVER_ASKED) | (key_states == STALE)) & ~suppressed
    row_states = _row_states(cells, len(frame), new_keys, open_keys, suppressed)
    to_buy = np.flatnonzero(new_keys | open_keys)
    under_way = open_keys & (key_states == FactState.INTENT)
    notes += _notes(operation, key_states, open_keys & ~under_way, under_way, refresh=refresh)
    if preview_first:
        notes.append(free_preview_note(operation, int(new_keys.sum())))
    learned = hit_rate(workspace.ledger, operation, operation_id, cells.keys, key_states, suppressed)
    tells = learned is not None and (learned.found < learned.keys or learned.cost is not None)
    if tells and new_keys.any():  # with nothing left to buy there is nothing to expect
        notes.append(str(learned))
    return Plan(
        # Copy-on-write: what the caller does to theirs later does not reach the plan.
        frame=frame.copy(deep=False),
        operation=operation,
        columns=dict(columns),
        keys=cells.keys,
        codes=cells.codes,
        first=cells.first,
        row_states=row_states,
        reasons=cells.reasons,
        to_buy=to_buy,
        account=account,
        fresh_after=fresh_after,
        preview=make_preview(
            operation,
            row_states,
            new=int(new_keys.sum()),
            doubtful=int(open_keys.sum()),
            hit_rate=learned,
            notes=notes,
        ),
        workspace=workspace,
        preview_first=preview_first,
    )


def _row_states(
    cells: Canonical,
    rows: int,
    new_keys: npt.NDArray[np.bool_],
    open_keys: npt.NDArray[np.bool_],
    suppressed: npt.NDArray[np.bool_],
) -> npt.NDArray[np.int8]:
    states = np.full(rows, BLANK, dtype=np.int8)
    states[np.fromiter(cells.reasons, dtype=np.int64, count=len(cells.reasons))] = UNUSABLE
    with_key = cells.codes >= 0
    states[with_key] = DUPLICATE
    by_key = np.where(open_keys, IN_DOUBT, np.where(new_keys, TO_BUY, KNOWN)).astype(np.int8)
    states[cells.first] = by_key
    if suppressed.any():  # every row of theirs, not only the first
        states[with_key & suppressed[cells.codes]] = SUPPRESSED
    return states


def fresh_since(operation: Operation, now: int, *, refresh: bool = False) -> dict[int, int]:
    """FactState → the second before which an answer to the operation is too old to be trusted."""
    keeps = {
        FactState.FOUND: operation.keeps_days,
        FactState.NOT_FOUND: operation.miss_keeps_days,
        FactState.SUPPRESSED: operation.keeps_days,
    }
    since: dict[int, int] = {
        state: 0 if days is None else now - days * DAY_SECONDS for state, days in keeps.items()
    }
    if refresh:  # but whoever must not be contacted stays so until that is too old
        since |= {FactState.FOUND: now, FactState.NOT_FOUND: now}
    return since


def _notes(
    operation: Operation,
    key_states: npt.NDArray[np.int8],
    doubtful: npt.NDArray[np.bool_],
    under_way: npt.NDArray[np.bool_],
    *,
    refresh: bool,
) -> list[str]:
    notes = [operation.price.note] if operation.price.note else []
    if stale := int((key_states == STALE).sum()):
        why = f"but older than is trusted: {operation.keeps_why}"
        if refresh:
            why = "and bought again, as you asked"
        notes.append(f"{stale:,} of the keys are known, {why}.")
    if bought := int(under_way.sum()):
        notes.append(
            f"{bought:,} are being bought by another run right now, whose answers this one waits for."
        )
    if doubt := int(doubtful.sum()):
        free = (
            "asking again is documented as free" if operation.repeat.free else "they will not be asked again"
        )
        notes.append(f"{doubt:,} were asked for earlier and the answer never came; {free}.")
    return notes
