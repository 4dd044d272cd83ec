"""From an approved plan to its result: record the run, carry it out, join what came back."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Mapping
from typing import Any

from leadkit.join import join
from leadkit.ledger.history import RunRecord
from leadkit.outcomes import OUTCOMES, UNFINISHED, Done, Receipt, make_receipt, result_columns
from leadkit.plan import Plan
from leadkit.providers.base import Operation
from leadkit.run import Outcome, Progress, Runner
from leadkit.workspace import Workspace

__all__ = [
    "OUTCOMES",
    "UNFINISHED",
    "Done",
    "Receipt",
    "carry_out",
    "join",
    "make_receipt",
    "result_columns",
    "resume_run",
    "run_plan",
]


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
