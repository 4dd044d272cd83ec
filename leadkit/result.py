"""From an approved plan to its result: record the run, carry it out, join what came back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from leadkit.join import join
from leadkit.ledger.history import RunRecord
from leadkit.outcomes import OUTCOMES, UNFINISHED, Done, Receipt, make_receipt, result_columns
from leadkit.plan import Plan
from leadkit.recorded import continued_run, new_run
from leadkit.run import Outcome, Progress
from leadkit.workspace import Workspace

__all__ = [
    "OUTCOMES",
    "UNFINISHED",
    "Done",
    "Receipt",
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
    with new_run(
        plan.workspace,
        plan.operation,
        plan.keys_to_buy,
        approved=plan.approve(at_most),
        fresh_after=plan.fresh_after,
        preview=plan.preview.to_dict(),
        context=context,
        plan_hash=plan.hash,
        approval=approval,
    ) as run:
        outcome = run.carry_out(plan.operation, plan.keys_to_buy, progress=progress, cancel=cancel)
    return join(plan, run.id, outcome)


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
    workspace.send(operation.provider)  # no key, no run
    with continued_run(workspace, run_id) as run:
        outcome = run.carry_out(
            operation, workspace.ledger.run_keys(run_id), progress=progress, cancel=cancel
        )
    return workspace.ledger.run(run_id), outcome
