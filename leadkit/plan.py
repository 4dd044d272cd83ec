"""Rows → keys → a plan with its preview. Making one sends nothing and changes nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from leadkit.errors import SettingsError
from leadkit.keys import Canonical
from leadkit.ledger import NEVER_ASKED, STALE, FactState
from leadkit.money import credits_text, to_millicredits
from leadkit.pace import seconds_for
from leadkit.providers.base import Operation
from leadkit.schemas import check_intake
from leadkit.steps import DEFAULT_PROVIDER, check_step, row_keys
from leadkit.workspace import Workspace, current_workspace

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from leadkit.result import Done
    from leadkit.run import Progress

DAY_SECONDS = 86_400

#: What a plan says of a row, in the order in which a preview lists it.
ROW_STATES = ("to buy", "known", "duplicate", "in doubt", "blank", "unusable", "suppressed")
TO_BUY, KNOWN, DUPLICATE, IN_DOUBT, BLANK, UNUSABLE, SUPPRESSED = range(len(ROW_STATES))


@dataclass(frozen=True)
class Preview:
    """A plan's cost. Credits in millicredits of the provider's credit; nothing was sent to learn it.

    ``expected`` is None when the provider states no price. ``most`` is a ceiling: the bill cannot exceed it.
    ``rows`` counts the frame's rows by what happens to them, and adds up to all of them.
    """

    provider: str
    step: str
    title: str
    rows: Mapping[str, int]
    keys_to_buy: int
    calls: int
    least: int
    expected: int | None
    most: int
    seconds: float
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """For a program: amounts as integer millicredits, time in seconds at the rate limit."""
        return {
            "provider": self.provider,
            "step": self.step,
            "rows": dict(self.rows),
            "rows_total": sum(self.rows.values()),
            "keys_to_buy": self.keys_to_buy,
            "calls": self.calls,
            "least_millicredits": self.least,
            "expected_millicredits": self.expected,
            "most_millicredits": self.most,
            "seconds_at_rate_limit": round(self.seconds, 1),
            "notes": list(self.notes),
        }

    def lines(self) -> list[tuple[str, str]]:
        """Label and value of each line, for whoever shows it."""
        expected = "not stated by the provider" if self.expected is None else credits_text(self.expected)
        return [
            ("rows", counts_text(self.rows)),
            ("credits at least", credits_text(self.least)),
            ("credits expected", expected),
            ("credits at most", credits_text(self.most)),
            (
                "calls",
                f"{self.calls:,}, {duration_text(self.seconds)} at the rate limit" if self.calls else "0",
            ),
        ]

    def __str__(self) -> str:
        total = sum(self.rows.values())
        head = f"Preview: {self.title.lower()} with {self.provider}, {total:,} rows. Nothing has been sent."
        return text_block(head, [*self.lines(), *(("note", note) for note in self.notes)])

    def _repr_html_(self) -> str:
        return html_block(
            f"{self.title} with {self.provider}: nothing has been sent", self.lines(), self.notes
        )


def counts_text(counts: Mapping[str, int]) -> str:
    """Counts for a person, without the zeros: ``24 to buy, 2 duplicate``."""
    return ", ".join(f"{count:,} {name}" for name, count in counts.items() if count) or "none"


def text_block(head: str, lines: Iterable[tuple[str, str]]) -> str:
    """A heading with labelled lines under it, for a terminal."""
    return "\n".join([head, *(f"  {label:<18} {value}" for label, value in lines)])


def html_block(head: str, lines: Iterable[tuple[str, str]], notes: Iterable[str] = ()) -> str:
    """The same for a notebook. Everything is escaped."""
    rows = "".join(f"<tr><th>{escape(label)}</th><td>{escape(value)}</td></tr>" for label, value in lines)
    return f"<table><caption>{escape(head)}</caption>{rows}</table>" + "".join(
        f"<p>{escape(note)}</p>" for note in notes
    )


def duration_text(seconds: float) -> str:
    """Seconds for a person: ``under a minute``, ``12 min``, ``3 h 05 min``."""
    minutes = round(seconds / 60)
    if minutes < 1:
        return "under a minute"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min"


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
    workspace: Workspace = field(repr=False)

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
        return pd.DataFrame(
            {"key": keys[self.codes], "state": states[self.row_states], "reason": reasons},
            index=self.frame.index,
        )

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
        The data points that are bought, where the provider sells them one by one.
    refresh
        Buy again what is known already.
    country
        For phones: where numbers without a country code are from, ISO 3166 (``"DE"``).

    Raises
    ------
    InputError
        No such step, provider or column; nothing but blanks; two rows with one index label.
    LedgerError
        The ledger cannot be opened.
    """
    workspace = workspace or current_workspace()
    check_step(step)
    operation = workspace.provider(via or DEFAULT_PROVIDER[step]).operation(step, want)
    check_intake(frame, step, columns).raise_for_errors()
    cells = row_keys(operation, frame, columns, country)

    notes: list[str] = []
    now = workspace.ledger.now()
    fresh_after = _fresh_after(operation, now, refresh=refresh)
    try:
        account = workspace.account(operation.provider)
    except SettingsError:
        account = ""
        notes.append(
            f"No API key for {operation.provider} is set, so what is known already does not show here."
        )
    operation_id = workspace.ledger.operation_id(operation, account) if account else None
    key_states = workspace.ledger.states(operation_id, cells.keys, fresh_after=fresh_after)

    suppressed = key_states == FactState.SUPPRESSED
    suppressed[workspace.ledger.suppressed(operation.takes, cells.keys)] = True
    open_keys = np.isin(key_states, (FactState.INTENT, FactState.IN_DOUBT)) & ~suppressed
    new_keys = np.isin(key_states, (NEVER_ASKED, STALE)) & ~suppressed
    row_states = _row_states(cells, len(frame), new_keys, open_keys, suppressed)
    to_buy = np.flatnonzero(new_keys | open_keys)
    notes += _notes(operation, key_states, open_keys)
    return Plan(
        frame=frame.copy(
            deep=False
        ),  # copy-on-write: what the caller does to theirs later does not reach the plan
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
        preview=_preview(operation, row_states, int(new_keys.sum()), int(open_keys.sum()), notes),
        workspace=workspace,
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


def _fresh_after(operation: Operation, now: int, *, refresh: bool) -> dict[int, int]:
    if refresh:
        return dict.fromkeys((FactState.FOUND, FactState.NOT_FOUND, FactState.SUPPRESSED), now)
    keeps = {
        FactState.FOUND: operation.keeps_days,
        FactState.NOT_FOUND: operation.miss_keeps_days,
        FactState.SUPPRESSED: operation.keeps_days,
    }
    return {state: 0 if days is None else now - days * DAY_SECONDS for state, days in keeps.items()}


def _notes(
    operation: Operation, key_states: npt.NDArray[np.int8], open_keys: npt.NDArray[np.bool_]
) -> list[str]:
    notes = [operation.price.note] if operation.price.note else []
    if stale := int((key_states == STALE).sum()):
        notes.append(f"{stale:,} of the keys are known, but older than is trusted: {operation.keeps_why}.")
    if doubt := int(open_keys.sum()):
        free = (
            "asking again is documented as free" if operation.repeat.free else "they will not be asked again"
        )
        notes.append(f"{doubt:,} were asked for earlier and the answer never came; {free}.")
    return notes


def _preview(
    operation: Operation, row_states: npt.NDArray[np.int8], new: int, doubtful: int, notes: list[str]
) -> Preview:
    counts = np.bincount(row_states, minlength=len(ROW_STATES))
    price = operation.price
    calls = -(-(new + doubtful) // operation.batch_size)
    return Preview(
        provider=operation.provider,
        step=operation.step,
        title=operation.title.capitalize(),
        rows=dict(zip(ROW_STATES, map(int, counts), strict=True)),
        keys_to_buy=new + doubtful,
        calls=calls,
        least=price.least * new,
        expected=None if price.expected is None and new else (price.expected or 0) * new,
        most=price.most * (new + doubtful),
        seconds=seconds_for(operation.limit, calls),
        notes=tuple(notes),
    )
