"""What may still be reserved: the run's approval, and a day's ceilings for a user and for an account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, select

from leadkit.ledger.schema import CallState, calls, operations, runs

DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Caps:
    """Ceilings for a day (UTC) at one provider, in millicredits; None for no ceiling."""

    user_day: int | None = None
    account_day: int | None = None


NO_CAPS = Caps()


def room(connection: Connection, run_id: str, caps: Caps, now: int) -> int:
    """Millicredits that the run may still reserve; below 0 when a ceiling was lowered under what is spent.

    Called inside the reserving transaction. Counted are reservations that are held, and settled calls at the
    most that they may have cost.
    """
    run = connection.execute(_RUN, {"run": run_id}).one()
    left = [run.approved_millicredits - int(connection.execute(_OF_RUN, {"run": run_id}).scalar_one())]
    if caps == NO_CAPS:
        return int(left[0])
    today = calls.c.reserved_at >= now - now % DAY_SECONDS
    here = (operations.c.provider == run.provider) & (operations.c.account == run.account)
    everywhere = (
        _spent()
        .join(runs, runs.c.id == calls.c.run_id)
        .join(operations, operations.c.id == calls.c.operation_id)
        .where(today, here)
    )
    if caps.account_day is not None:
        left.append(caps.account_day - _sum(connection, everywhere))
    if caps.user_day is not None:
        mine = everywhere.where(runs.c.approved_by == run.approved_by)
        left.append(caps.user_day - _sum(connection, mine))
    return int(min(left))


def _spent() -> Select[Any]:
    held = calls.c.state.in_([CallState.INTENT, CallState.IN_DOUBT])
    settled = calls.c.state == CallState.SETTLED
    return select(
        func.coalesce(func.sum(calls.c.reserved).filter(held), 0)
        + func.coalesce(func.sum(calls.c.most).filter(settled), 0)
    ).select_from(calls)


def _sum(connection: Connection, query: Select[Any]) -> int:
    total: int = connection.execute(query).scalar_one()
    return int(total)


# Asked before every call: built once.
_RUN = (
    select(runs.c.approved_millicredits, runs.c.approved_by, operations.c.provider, operations.c.account)
    .join(operations, operations.c.id == runs.c.operation_id)
    .where(runs.c.id == bindparam("run"))
)
_OF_RUN = _spent().where(calls.c.run_id == bindparam("run"))
