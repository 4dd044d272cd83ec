"""What happened, for people: runs, their receipts, and what is in doubt."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Select, bindparam, func, select

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
    plan_hash: str
    approved_by: str
    approved: int
    state: str
    stopped_why: str
    owner: str
    started_at: int
    ended_at: int | None
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


def _runs() -> Select[Any]:
    settled = calls.c.state == CallState.SETTLED
    held = calls.c.state.in_([CallState.INTENT, CallState.IN_DOUBT])
    sums = (
        select(
            calls.c.run_id,
            func.count().filter(calls.c.state != CallState.RELEASED).label("calls"),
            func.coalesce(func.sum(calls.c.least).filter(settled), 0).label("least"),
            func.coalesce(func.sum(calls.c.most).filter(settled), 0).label("most"),
            func.coalesce(func.sum(calls.c.reserved).filter(held), 0).label("held"),
        )
        .group_by(calls.c.run_id)
        .subquery()
    )
    return (
        select(runs, operations.c.provider, operations.c.account, operations.c.step, operations.c.wants, sums)
        .join(operations, operations.c.id == runs.c.operation_id)
        .outerjoin(sums, sums.c.run_id == runs.c.id)
        .order_by(runs.c.started_at.desc(), runs.c.id)
    )


_ALL_RUNS = _runs()
_WANTED = select(runs.c.wanted).where(runs.c.id == bindparam("run"))
_ONE_RUN = _ALL_RUNS.where(runs.c.id == bindparam("run"))


def run_records(connection: Connection, run_id: str | None = None) -> list[RunRecord]:
    """All runs, newest first, or the one with that id."""
    found = connection.execute(_ALL_RUNS) if run_id is None else connection.execute(_ONE_RUN, {"run": run_id})
    return [_run_record(row) for row in found]


def _run_record(row: Row[Any]) -> RunRecord:
    return RunRecord(
        id=row.id,
        operation_id=row.operation_id,
        provider=row.provider,
        account=row.account,
        step=row.step,
        wants=tuple(filter(None, row.wants.split(","))),
        plan_hash=row.plan_hash,
        approved_by=row.approved_by,
        approved=row.approved_millicredits,
        state=row.state,
        stopped_why=row.stopped_why,
        owner=row.owner,
        started_at=row.started_at,
        ended_at=row.ended_at,
        calls=row.calls or 0,
        charged=Amount(int(row.least or 0), int(row.most or 0)),
        held=int(row.held or 0),
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
            Amount(row.least, row.most),
            row.attempts,
            row.request_id,
            row.http_status,
            row.note,
            row.reserved_at,
        )
        for row in connection.execute(query)
    ]


class DoubtfulFact(NamedTuple):
    """A fact that may have been paid for, and nobody knows. ``held``: millicredits reserved for its call."""

    provider: str
    step: str
    key: str
    call_id: int
    why: str
    held: int
    run_id: str


def doubtful_facts(connection: Connection) -> list[DoubtfulFact]:
    """Every fact in doubt, oldest call first."""
    query = (
        select(
            operations.c.provider,
            operations.c.step,
            facts.c.key,
            calls.c.id,
            calls.c.note,
            calls.c.reserved,
            calls.c.run_id,
        )
        .join(operations, operations.c.id == facts.c.operation_id)
        .join(calls, calls.c.id == facts.c.call_id)
        .where(facts.c.state == FactState.IN_DOUBT)
        .order_by(calls.c.id, facts.c.id)
    )
    return [DoubtfulFact(*row) for row in connection.execute(query)]
