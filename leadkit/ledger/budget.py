"""What may still be reserved: the run's approval, and a day's ceilings for a user and for an account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, bindparam, func, select

from leadkit.clock import DAY_SECONDS
from leadkit.ledger.schema import CallState, calls, operations, runs
from leadkit.money import credits_words


@dataclass(frozen=True, slots=True)
class Caps:
    """Ceilings for a day (UTC) at one provider, in millicredits; None for no ceiling.

    ``user_day`` holds for each user, and ``users`` for those who have a ceiling of their own besides it.
    """

    user_day: int | None = None
    account_day: int | None = None
    users: Mapping[str, int] = field(default_factory=dict)

    def of_user(self, name: str) -> int | None:
        """The lower of the two ceilings for a user."""
        return min(
            (cap for cap in (self.user_day, self.users.get(name)) if cap is not None),
            default=None,
        )


NO_CAPS = Caps()


class Room(NamedTuple):
    """What may still be reserved, in millicredits, and in words which ceiling holds the rest back.

    Below 0 when a ceiling was lowered under what is spent.
    """

    millicredits: int
    ceiling: str


def room(connection: Connection, run_id: str, caps: Caps, now: int) -> Room:
    """What the run may still reserve.

    Called inside the reserving transaction. Counted are reservations that are held, and settled calls at the
    most that they may have cost; for a day, those that were reserved since its midnight.
    """
    run = connection.execute(_RUN, {"run": run_id}).one()
    left = run.approved_millicredits - int(run.spent)
    rooms = [Room(left, "the approved amount was used up before this row")]
    if caps == NO_CAPS:
        return rooms[0]
    today = (
        _spent()
        .join(runs, runs.c.id == calls.c.run_id)
        .join(operations, operations.c.id == calls.c.operation_id)
        .where(calls.c.reserved_at >= now - now % DAY_SECONDS, operations.c.provider == run.provider)
    )
    if caps.account_day is not None:
        left = caps.account_day - _sum(connection, today.where(operations.c.account == run.account))
        rooms.append(Room(left, _reached(caps.account_day, "the account")))
    if (of_user := caps.of_user(run.approved_by)) is not None:
        # The empty text keeps the index by user out of it: today's calls are fewer than the user's of all time.
        left = of_user - _sum(connection, today.where(runs.c.approved_by.concat("") == run.approved_by))
        rooms.append(Room(left, _reached(of_user, run.approved_by)))
    return min(rooms, key=lambda one: one.millicredits)


def _reached(cap: int, whose: str) -> str:
    return (
        f"the ceiling of {credits_words(cap)} a day for {whose} was reached before this row; "
        "resume the run after midnight UTC"
    )


def _spent() -> Select[Any]:
    # Two comparisons: a list would be written out anew each time that this is asked.
    held = (calls.c.state == CallState.INTENT) | (calls.c.state == CallState.IN_DOUBT)
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
    select(
        runs.c.approved_millicredits,
        runs.c.approved_by,
        operations.c.provider,
        operations.c.account,
        _spent().where(calls.c.run_id == runs.c.id).scalar_subquery().label("spent"),
    )
    .join(operations, operations.c.id == runs.c.operation_id)
    .where(runs.c.id == bindparam("run"))
)
