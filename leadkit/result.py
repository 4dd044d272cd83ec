"""From an approved plan to its result: record the run, carry it out, join what came back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from leadkit.join import join
from leadkit.ledger import NEVER_ASKED, STALE, FactState
from leadkit.ledger.history import RunRecord
from leadkit.outcomes import OUTCOMES, UNFINISHED, Done, Receipt, make_receipt, result_columns
from leadkit.plan import Plan, fresh_since
from leadkit.providers.base import Operation
from leadkit.recorded import RecordedRun, at_todays_price, continued_run, new_run
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
    workspace, planned = plan.workspace, plan.operation
    provider = workspace.provider(planned.provider)
    operation = at_todays_price(workspace, planned, lambda: provider.operation(planned.step, planned.wants))
    with new_run(
        workspace,
        operation,
        plan.keys_to_buy,
        approved=plan.approve(at_most),
        fresh_after=plan.fresh_after,
        preview=plan.preview.to_dict(),
        context={**context, "preview_first": True} if plan.preview_first else context,
        plan_hash=plan.hash,
        approval=approval,
    ) as run:
        outcome = _buy(workspace, run, operation, plan.keys_to_buy, progress, cancel)
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
        It is under way in a living process, or of another account than this key. Nothing was bought.
    """
    record = workspace.ledger.run(run_id)
    workspace.send(record.provider)  # no key, no run
    # At an older list's prices more would be bought than was approved.
    workspace.read_prices(record.provider, before_buying=True)
    operation = workspace.provider(record.provider).operation(record.step, record.wants)
    with continued_run(workspace, run_id) as run:
        outcome = _buy(workspace, run, operation, workspace.ledger.run_keys(run_id), progress, cancel)
    return workspace.ledger.run(run_id), outcome


def _buy(
    workspace: Workspace,
    run: RecordedRun,
    operation: Operation,
    keys: Sequence[str],
    progress: Callable[[Progress], None] | None,
    cancel: threading.Event | None,
) -> Outcome:
    """Carry out a run; where it was asked for, without the keys that the free preview does not find."""
    ledger, record = workspace.ledger, workspace.ledger.run(run.id)
    free = operation.free_preview if record.context.get("preview_first") else None
    if free is None:
        return run.carry_out(operation, keys, progress=progress, cancel=cancel)
    states = ledger.states(run.operation_id, keys, fresh_after=record.fresh_after)
    # What is in doubt may have been paid for; the paid operation brings it to its end.
    new = [key for key, state in zip(keys, states, strict=True) if state in (NEVER_ASKED, STALE)]
    with new_run(
        workspace,
        free,
        new,
        approved=0,
        fresh_after=fresh_since(free, ledger.now()),
        preview=dict.fromkeys(("least_millicredits", "expected_millicredits", "most_millicredits"), 0),
        context={"before": run.id},
    ) as first:
        asked = first.carry_out(free, new, progress=progress, cancel=cancel)
    if asked.stopped is not None or asked.cancelled:
        run.outcome = Outcome(not_tried=set(keys), stopped=asked.stopped, cancelled=asked.cancelled)
        return run.outcome
    answers = ledger.answers(first.operation_id, sorted(asked.bought | asked.known))
    nothing = {key: one.note for key, one in answers.items() if one.state == FactState.NOT_FOUND}
    worth = [key for key in keys if key not in nothing]
    outcome = run.carry_out(operation, worth, progress=progress, cancel=cancel)
    outcome.not_found.update(nothing)
    return outcome
