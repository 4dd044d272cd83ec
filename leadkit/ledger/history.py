"""What happened, for people: runs, their receipts, and what is in doubt."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Select, bindparam, func, select

from leadkit.ledger.costs import SUMS
from leadkit.ledger.owners import GONE
from leadkit.ledger.schema import CallState, FactState, calls, facts, operations, runs
from leadkit.money import Amount


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One approved plan and how far it came. ``charged`` counts what is settled, ``held`` what is in doubt
    or under way; all amounts in millicredits of the provider's credit."""

    id: str
    operation_id: int
    provider: str
    account: str
    step: str
    wants: tuple[str, ...]
    approved_by: str
    approved: int
    state: str
    stopped_why: str
    owner: str
    started_at: int
    calls: int
    charged: Amount
    held: int
    preview: Mapping[str, Any]
    context: Mapping[str, Any]
    fresh_after: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One call of a run, as the receipt lists it."""

    id: int
    state: CallState
    key_count: int
    reserved: int
    amount: Amount
    attempts: int
    request_id: str | None
    http_status: int | None
    note: str
    reserved_at: int

    def to_dict(self) -> dict[str, Any]:
        """For a program: amounts as integer millicredits."""
        return {
            "call": self.id,
            "state": self.state.name.lower(),
            "keys": self.key_count,
            "reserved_millicredits": self.reserved,
            "charged_least_millicredits": self.amount.least,
            "charged_most_millicredits": self.amount.most,
            "attempts": self.attempts,
            "request_id": self.request_id,
            "http_status": self.http_status,
            "note": self.note,
        }


@cache
def _runs(column: str | None) -> Select[Any]:
    """The runs, or those with a ``value`` in a column; what they cost is read from an index of the calls."""
    sums = {"calls": func.count().filter(calls.c.state != CallState.RELEASED), **SUMS}
    # One by one for each run: summing up all calls to show one run took longer with every call.
    of_run = [
        select(value).where(calls.c.run_id == runs.c.id).scalar_subquery().label(name)
        for name, value in sums.items()
    ]
    of = (operations.c.provider, operations.c.account, operations.c.step, operations.c.wants)
    query = select(runs, *of, *of_run).join(operations, operations.c.id == runs.c.operation_id)
    if column is not None:
        query = query.where(runs.c[column] == bindparam("value"))
    return query.order_by(runs.c.started_at.desc(), runs.c.id)


_WANTED = select(runs.c.wanted).where(runs.c.id == bindparam("run"))


def run_records(
    connection: Connection, column: str | None = None, value: str | None = None
) -> list[RunRecord]:
    """All runs, newest first, or those with that value in a column."""
    asked = {} if column is None else {"value": value}
    return [_run_record(row) for row in connection.execute(_runs(column), asked)]


def _run_record(row: Row[Any]) -> RunRecord:
    return RunRecord(
        id=row.id,
        operation_id=row.operation_id,
        provider=row.provider,
        account=row.account,
        step=row.step,
        wants=tuple(filter(None, row.wants.split(","))),
        approved_by=row.approved_by,
        approved=row.approved_millicredits,
        state=row.state,
        stopped_why=row.stopped_why,
        owner=row.owner,
        started_at=row.started_at,
        calls=row.calls,
        charged=Amount(int(row.least), int(row.most)),
        held=int(row.held),
        preview=json.loads(row.preview),
        context=json.loads(row.context),
        fresh_after={int(state): second for state, second in json.loads(row.fresh_after).items()},
    )


def run_keys(connection: Connection, run_id: str) -> list[str]:
    """The keys that a run set out to buy."""
    packed = connection.execute(_WANTED, {"run": run_id}).scalar_one()
    keys: list[str] = json.loads(zlib.decompress(packed))
    return keys


def call_records(connection: Connection, run_id: str) -> list[CallRecord]:
    """The calls of a run in the order in which they were reserved."""
    query = select(calls).where(calls.c.run_id == run_id).order_by(calls.c.id)
    return [
        CallRecord(
            row.id,
            CallState(row.state),
            row.key_count,
            row.reserved,
            Amount(row.least, max(row.least, row.most)),
            row.attempts,
            row.request_id,
            row.http_status,
            row.note,
            row.reserved_at,
        )
        for row in connection.execute(query)
    ]


class DoubtfulFact(NamedTuple):
    """A fact that may have been paid for, and nobody knows. ``held``: millicredits reserved for its call.

    ``user`` approved its run, and it was asked for at ``sent_at``, in seconds since 1970.
    """

    provider: str
    step: str
    key: str
    call_id: int
    why: str
    held: int
    run_id: str
    user: str
    sent_at: int


def doubtful_facts(
    connection: Connection, alive: Callable[[str], bool], user: str | None = None
) -> list[DoubtfulFact]:
    """Every fact in doubt, oldest call first: marked as such, or under way when its owner ended.

    ``user``: of the runs that they approved; None for everybody's.
    """
    query = (
        select(
            operations.c.provider,
            operations.c.step,
            facts.c.key,
            calls.c.id,
            calls.c.state,
            calls.c.owner,
            calls.c.note,
            calls.c.reserved,
            calls.c.run_id,
            runs.c.approved_by,
            calls.c.reserved_at,
        )
        .join(operations, operations.c.id == calls.c.operation_id)
        .join(runs, runs.c.id == calls.c.run_id)
        .join(facts, facts.c.call_id == calls.c.id)
        .where(
            calls.c.state.in_([CallState.INTENT, CallState.IN_DOUBT]),
            facts.c.state.in_([FactState.INTENT, FactState.IN_DOUBT]),
        )
        .order_by(calls.c.id, facts.c.id)
    )
    if user is not None:
        query = query.where(runs.c.approved_by == user)
    alive = cache(alive)
    return [
        DoubtfulFact(provider, step, key, call_id, note if state == CallState.IN_DOUBT else GONE, *rest)
        for provider, step, key, call_id, state, owner, note, *rest in connection.execute(query)
        if state == CallState.IN_DOUBT or not alive(owner)
    ]
