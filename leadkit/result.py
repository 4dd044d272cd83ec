"""From an approved plan to an enriched frame and a receipt."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from leadkit.errors import LeadkitError
from leadkit.ledger import FactState, Stored
from leadkit.ledger.history import RunRecord
from leadkit.money import MILLICREDITS_PER_CREDIT, Amount, credits_text
from leadkit.plan import BLANK, SUPPRESSED, UNUSABLE, Plan, counts_text, html_block, text_block
from leadkit.providers.base import Operation, ResultColumn
from leadkit.run import Outcome, Progress, Runner
from leadkit.schemas import check_result
from leadkit.workspace import Workspace

#: What became of a row. Each row is in exactly one of these.
OUTCOMES = (
    "answered",
    "known",
    "duplicate",
    "not found",
    "blank",
    "unusable",
    "suppressed",
    "in doubt",
    "over budget",
    "failed",
    "not tried",
)
#: With one of these a run is not wholly done.
UNFINISHED = ("in doubt", "over budget", "failed", "not tried")


@dataclass(frozen=True)
class Receipt:
    """What a run really cost, beside its preview. Amounts in millicredits of the provider's credit.

    ``charged`` is settled; an interval where the provider did not say. ``held`` stays reserved for calls
    whose outcome nobody knows. ``rows`` counts the frame's rows by outcome and adds up to all of them.
    """

    run_id: str
    provider: str
    account: str
    step: str
    state: str
    stopped_why: str
    approved: int
    preview: Mapping[str, Any]
    charged: Amount
    held: int
    calls: int
    repeated: int
    rows: Mapping[str, int]

    def to_dict(self) -> dict[str, Any]:
        """For a program: amounts as integer millicredits."""
        return {
            "run": self.run_id,
            "provider": self.provider,
            "account": self.account,
            "step": self.step,
            "state": self.state,
            "stopped_why": self.stopped_why,
            "rows": dict(self.rows),
            "rows_total": sum(self.rows.values()),
            "calls": self.calls,
            "calls_repeated_for_earlier_runs": self.repeated,
            "approved_millicredits": self.approved,
            "preview_least_millicredits": self.preview.get("least_millicredits"),
            "preview_expected_millicredits": self.preview.get("expected_millicredits"),
            "preview_most_millicredits": self.preview.get("most_millicredits"),
            "charged_least_millicredits": self.charged.least,
            "charged_most_millicredits": self.charged.most,
            "held_millicredits": self.held,
        }

    def lines(self) -> list[tuple[str, str]]:
        """Label and value of each line, for whoever shows it."""
        previewed = credits_text(self.preview.get("most_millicredits") or 0)
        lines = [
            ("rows", counts_text(self.rows)),
            ("credits previewed", f"at most {previewed}"),
            ("credits approved", f"at most {credits_text(self.approved)}"),
            ("credits charged", str(self.charged)),
            ("calls", f"{self.calls:,}"),
        ]
        if self.held:
            lines.append(("credits held", f"{credits_text(self.held)}, for what is in doubt"))
        if self.repeated:
            lines.append(("repeated", f"{self.repeated:,} calls of earlier runs, under their reservations"))
        if self.stopped_why:
            lines.append(("stopped", self.stopped_why))
        return lines

    def __str__(self) -> str:
        return text_block(f"{self._head()}.", self.lines())

    def _repr_html_(self) -> str:
        return html_block(self._head(), self.lines())

    def _head(self) -> str:
        return f"Receipt {self.run_id}: {self.step.replace('_', ' ')} with {self.provider}, {self.state}"


@dataclass(frozen=True, eq=False)
class Done:
    """An enriched frame and its receipt. ``stopped``: why the run ended early, if it did."""

    frame: pd.DataFrame
    receipt: Receipt
    columns: tuple[ResultColumn, ...]
    stopped: LeadkitError | None = None
    cancelled: bool = False
    #: One row for each bought key: provider, time, request id and credits, for the workbook's log.
    provenance: pd.DataFrame = field(default_factory=pd.DataFrame)

    @cached_property
    def complete(self) -> bool:
        """Whether nothing is left to be done for any row."""
        return not any(self.receipt.rows[outcome] for outcome in UNFINISHED)


def result_columns(operation: Operation) -> tuple[ResultColumn, ...]:
    """The columns that a step adds: the provider's, then what became of the row and what it cost."""
    prefix = f"{operation.provider}_{operation.step}"
    return (
        *operation.columns,
        ResultColumn(f"{prefix}_status", "", "what became of the row: " + ", ".join(OUTCOMES)),
        ResultColumn(f"{prefix}_note", "", "why, or what is odd about it"),
        ResultColumn(
            f"{prefix}_credits", "", "credits that the row cost at most, in this run", dtype="number"
        ),
    )


def run_plan(
    plan: Plan,
    *,
    at_most: int | float | str,
    progress: Callable[[Progress], None] | None,
    cancel: threading.Event | None,
    approval: str | None,
    context: Mapping[str, Any],
) -> Done:
    """Approve and carry out a plan; see :meth:`leadkit.plan.Plan.run`."""
    workspace, operation = plan.workspace, plan.operation
    approved = plan.approve(at_most)
    workspace.send(operation.provider)  # no key, no run
    workspace.identify(operation.provider)
    account = workspace.account(operation.provider)
    run_id = secrets.token_hex(4)
    owner = workspace.ledger.owners.start()
    try:
        workspace.ledger.start_run(
            run_id,
            operation,
            account,
            plan.keys_to_buy,
            owner=owner.id,
            approval=approval or secrets.token_hex(8),
            plan_hash=plan.hash,
            approved_by=workspace.user,
            approved=approved,
            fresh_after=plan.fresh_after,
            preview=plan.preview.to_dict(),
            context=context,
        )
        outcome = carry_out(workspace, operation, run_id, owner.id, progress=progress, cancel=cancel)
    finally:
        owner.release()
    return join(plan, run_id, outcome)


def resume_run(
    run_id: str,
    workspace: Workspace,
    *,
    progress: Callable[[Progress], None] | None = None,
    cancel: threading.Event | None = None,
) -> tuple[RunRecord, Outcome]:
    """Go on with a run that ended early or whose process died, within what was approved for it.

    Raises
    ------
    RunNotFoundError
        No such run.
    ApprovalError
        It is under way in a living process. Nothing was sent.
    """
    record = workspace.ledger.run(run_id)
    operation = workspace.provider(record.provider).operation(record.step, record.wants)
    workspace.send(operation.provider)
    owner = workspace.ledger.owners.start()
    try:
        workspace.ledger.resume_run(run_id, owner.id)
        outcome = carry_out(workspace, operation, run_id, owner.id, progress=progress, cancel=cancel)
    finally:
        owner.release()
    return workspace.ledger.run(run_id), outcome


def carry_out(
    workspace: Workspace,
    operation: Operation,
    run_id: str,
    owner: str,
    *,
    progress: Callable[[Progress], None] | None,
    cancel: threading.Event | None,
) -> Outcome:
    """Buy a recorded run's keys and record how it ended."""
    ledger = workspace.ledger
    record = ledger.run(run_id)
    runner = Runner(
        ledger,
        operation,
        send=workspace.send(operation.provider),
        pace=workspace.pace(operation),
        clock=workspace.clock,
        run_id=run_id,
        operation_id=record.operation_id,
        owner=owner,
        approved=record.approved,
        fresh_after=record.fresh_after,
        progress=progress,
        cancel=cancel,
    )
    outcome = runner.carry_out(ledger.run_keys(run_id))
    if outcome.stopped is not None:
        ledger.end_run(run_id, "stopped", str(outcome.stopped))
    elif outcome.cancelled:
        ledger.end_run(run_id, "cancelled", "cancelled by its user")
    else:
        ledger.end_run(run_id, "done")
    return outcome


def join(plan: Plan, run_id: str, outcome: Outcome) -> Done:
    """The plan's frame with what the ledger holds for its keys, joined by the key that was asked."""
    ledger, operation = plan.workspace.ledger, plan.operation
    record = ledger.run(run_id)
    stored = ledger.answers(record.operation_id, plan.keys)
    # Whoever was put on the list since, or turned up under another identifier, leaves no trace in the result.
    for key in ledger.suppressed_answers({key: answer.values for key, answer in stored.items()}):
        stored[key] = replace(stored[key], state=FactState.SUPPRESSED, values={}, note="")
    by_key = [_outcome_of(key, stored.get(key), run_id, outcome) for key in plan.keys]
    statuses = _row_outcomes(plan, np.array([OUTCOMES.index(status) for status, _ in by_key], dtype=np.int8))
    added = _added_columns(plan, stored, [note for _, note in by_key], statuses, run_id)
    frame = (
        plan.frame.assign(**added) if not set(added) & set(plan.frame.columns) else _assign_new(plan, added)
    )
    columns = tuple(
        ResultColumn(str(name), column.field, column.description, column.dtype, column.default)
        for name, column in zip(
            frame.columns[len(plan.frame.columns) :], result_columns(operation), strict=True
        )
    )
    check_result(plan.frame, frame, columns)
    counts = np.bincount(statuses, minlength=len(OUTCOMES))
    return Done(
        frame=frame,
        receipt=make_receipt(record, dict(zip(OUTCOMES, map(int, counts), strict=True)), outcome.repeated),
        columns=columns,
        stopped=outcome.stopped,
        cancelled=outcome.cancelled,
        provenance=_provenance(operation, stored, run_id, outcome),
    )


def make_receipt(record: RunRecord, rows: Mapping[str, int], repeated: int) -> Receipt:
    return Receipt(
        run_id=record.id,
        provider=record.provider,
        account=record.account,
        step=record.step,
        state=record.state,
        stopped_why=record.stopped_why,
        approved=record.approved,
        preview=record.preview,
        charged=record.charged,
        held=record.held,
        calls=record.calls,
        repeated=repeated,
        rows=rows,
    )


def _outcome_of(key: str, stored: Stored | None, run_id: str, outcome: Outcome) -> tuple[str, str]:
    """What became of a key, and a note."""
    if key in outcome.in_doubt:
        return "in doubt", outcome.in_doubt[key]
    if key in outcome.failed:
        return "failed", outcome.failed[key]
    if key in outcome.over_budget:
        return "over budget", "the approved amount was used up before this row"
    if stored is not None and stored.state == FactState.SUPPRESSED:
        return "suppressed", stored.note or "this person must not be asked about"
    if stored is not None and key not in outcome.not_tried:
        if stored.state == FactState.NOT_FOUND:
            return "not found", stored.note
        bought = key in outcome.bought or stored.run_id == run_id
        return ("answered" if bought else "known"), stored.note
    return "not tried", "the run ended before this row; resume it to go on"


def _row_outcomes(plan: Plan, by_key: npt.NDArray[np.int8]) -> npt.NDArray[np.int8]:
    """For each row its place in OUTCOMES. A repeat of an unanswered row shares that row's outcome."""
    fixed = {BLANK: "blank", UNUSABLE: "unusable", SUPPRESSED: "suppressed"}
    result = np.zeros(len(plan.codes), dtype=np.int8)
    for state, outcome in fixed.items():
        result[plan.row_states == state] = OUTCOMES.index(outcome)
    with_key = np.flatnonzero((plan.codes >= 0) & (plan.row_states != SUPPRESSED))
    result[with_key] = by_key[plan.codes[with_key]]
    is_first = np.zeros(len(plan.codes), dtype=bool)
    is_first[plan.first] = True
    had_answer = np.isin(result, (OUTCOMES.index("answered"), OUTCOMES.index("known")))
    repeats = with_key[~is_first[with_key] & had_answer[with_key]]
    result[repeats] = OUTCOMES.index("duplicate")
    return result


def _added_columns(
    plan: Plan,
    stored: Mapping[str, Stored],
    key_notes: list[str],
    statuses: npt.NDArray[np.int8],
    run_id: str,
) -> dict[str, Any]:
    columns = result_columns(plan.operation)
    answers = [stored.get(key) for key in plan.keys]
    index = plan.frame.index
    usable = np.isin(
        statuses, [OUTCOMES.index(name) for name in ("answered", "known", "duplicate", "not found")]
    )
    added: dict[str, Any] = {}
    for column in columns[: len(plan.operation.columns)]:
        by_key = np.array([a.values.get(column.field) if a else None for a in answers] + [None], dtype=object)
        cells = by_key[plan.codes]
        cells[~usable] = None
        if column.default is not None:
            cells[pd.isna(cells)] = column.default
        added[column.name] = pd.Series(cells, index=index, dtype=_DTYPES[column.dtype])
    status, note, cost = (column.name for column in columns[-3:])
    added[status] = pd.Series(np.array(OUTCOMES, dtype=object)[statuses], index=index, dtype="str")
    notes = np.array([*key_notes, ""], dtype=object)[plan.codes]
    reasons = plan.rows["reason"].to_numpy(dtype=object)
    said = np.where(notes == "", reasons, notes)
    said[said == ""] = None
    added[note] = pd.Series(said, index=index, dtype="str")
    costs = np.zeros(len(plan.codes))
    of_key = np.array([a.most if a and a.run_id == run_id else 0 for a in answers] + [0], dtype=np.int64)
    costs[plan.first] = of_key[plan.codes[plan.first]] / MILLICREDITS_PER_CREDIT
    added[cost] = pd.Series(costs, index=index)
    return added


_DTYPES: Mapping[str, Any] = {"text": "str", "integer": "Int64", "number": "Float64", "boolean": "boolean"}


def _assign_new(plan: Plan, added: Mapping[str, Any]) -> pd.DataFrame:
    """Add columns whose names are taken under a name of their own; the caller's columns stay as they are."""
    frame = plan.frame
    for name, values in added.items():
        free, n = name, 2
        while free in frame.columns:
            free, n = f"{name} ({n})", n + 1
        frame = frame.assign(**{free: values})
    return frame


def _provenance(
    operation: Operation, stored: Mapping[str, Stored], run_id: str, outcome: Outcome
) -> pd.DataFrame:
    mine = [
        (key, a)
        for key, a in stored.items()
        if (a.run_id == run_id or key in outcome.bought) and a.state != FactState.SUPPRESSED
    ]
    return pd.DataFrame(
        {
            "key": [key for key, _ in mine],
            "provider": operation.provider,
            "step": operation.step,
            "fetched": pd.to_datetime([a.fetched_at for _, a in mine], unit="s", utc=True).strftime(
                "%Y-%m-%d %H:%M:%SZ"
            ),
            "request id": [a.request_id for _, a in mine],
            "credits at most": [a.most / MILLICREDITS_PER_CREDIT for _, a in mine],
            "note": [a.note for _, a in mine],
        }
    )
