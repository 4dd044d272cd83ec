"""Sums over what happened: what each day cost, and how often a step finds what it is asked for."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from leadkit.clock import DAY_SECONDS
from leadkit.ledger.costs import SUMS
from leadkit.ledger.schema import FactState, calls, facts, operations, runs
from leadkit.money import Amount

_MONEY = [total.label(name) for name, total in SUMS.items()]


class DaySpend(NamedTuple):
    """What one user spent with one account on a day (UTC). ``held``: millicredits in doubt or under way."""

    day: date
    provider: str
    account: str
    user: str
    charged: Amount
    held: int


class StepHits(NamedTuple):
    """What became of everything that was ever asked of a provider's step, by distinct keys.

    ``charged`` is what its calls cost; ``found`` counts what people must not be contacted about, too.
    """

    provider: str
    step: str
    found: int
    not_found: int
    in_doubt: int
    charged: Amount


def spend_by_day(connection: Connection, user: str | None = None) -> list[DaySpend]:
    """What was spent, the earliest day first; ``user`` None for everybody's."""
    day = (calls.c.reserved_at - calls.c.reserved_at % DAY_SECONDS).label("day")
    of = (operations.c.provider, operations.c.account, runs.c.approved_by)
    query = (
        select(day, *of, *_MONEY)
        .select_from(calls)
        .join(runs, runs.c.id == calls.c.run_id)
        .join(operations, operations.c.id == calls.c.operation_id)
        .group_by(day, *of)
        .order_by(day, *of)
    )
    if user is not None:
        query = query.where(runs.c.approved_by == user)
    return [
        DaySpend(
            datetime.fromtimestamp(row.day, UTC).date(),
            row.provider,
            row.account,
            row.approved_by,
            Amount(int(row.least), int(row.most)),
            int(row.held),
        )
        for row in connection.execute(query)
    ]


def hit_rates(connection: Connection, user: str | None = None) -> list[StepHits]:
    """How often each step found what it was asked for; ``user`` None for what anybody asked."""
    asked = (
        select(
            operations.c.provider,
            operations.c.step,
            func.count().filter(facts.c.state.in_([FactState.FOUND, FactState.SUPPRESSED])).label("found"),
            func.count().filter(facts.c.state == FactState.NOT_FOUND).label("not_found"),
            func.count().filter(facts.c.state == FactState.IN_DOUBT).label("in_doubt"),
        )
        .select_from(facts)
        .join(operations, operations.c.id == facts.c.operation_id)
        .join(calls, calls.c.id == facts.c.call_id)
        .join(runs, runs.c.id == calls.c.run_id)
        .group_by(operations.c.provider, operations.c.step)
        .order_by(operations.c.provider, operations.c.step)
    )
    paid = (
        select(operations.c.provider, operations.c.step, *_MONEY)
        .select_from(calls)
        .join(operations, operations.c.id == calls.c.operation_id)
        .join(runs, runs.c.id == calls.c.run_id)
        .group_by(operations.c.provider, operations.c.step)
    )
    if user is not None:
        asked, paid = asked.where(runs.c.approved_by == user), paid.where(runs.c.approved_by == user)
    charged = {
        (row.provider, row.step): Amount(int(row.least), int(row.most)) for row in connection.execute(paid)
    }
    return [
        StepHits(
            row.provider,
            row.step,
            row.found,
            row.not_found,
            row.in_doubt,
            charged.get((row.provider, row.step), Amount()),
        )
        for row in connection.execute(asked)
    ]
