"""Drives a ledger the way a run does, one step at a time, on a file of its own."""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from leadkit.ledger import Claim, FileOwners, Ledger, Owner, PostgresOwners, open_postgres, open_sqlite
from leadkit.ledger.schema import bodies
from leadkit.money import Amount
from leadkit.providers.base import Answer, Operation, Price, RateLimit, Repeat, Request
from tests.conftest import FakeClock

OPERATION = Operation(
    provider="testing",
    step="validate_emails",
    title="validate e-mail addresses",
    takes="email",
    wants=(),
    batch_size=100,
    price=Price(0, 1000, 1000, source="made up"),
    limit=RateLimit(60, 60.0, source="made up"),
    repeat=Repeat(free=True, source="made up"),
    keeps_days=30,
    keeps_why="made up",
    miss_keeps_days=7,
    columns=(),
    encode=lambda keys: Request("POST", "/", json=list(keys)),
    decode=lambda keys, response: NotImplemented,
)


@dataclass
class RunDriver:
    """One run's view of the ledger."""

    ledger: Ledger
    owner: Owner
    id: str
    operation_id: int

    def reserve(
        self, keys: Sequence[str], *, each: int = 1000, fresh_after: Mapping[int, int] | None = None
    ) -> Claim:
        return self.ledger.reserve(
            self.id,
            self.operation_id,
            keys,
            owner=self.owner.id,
            takes=OPERATION.takes,
            each=each,
            fresh_after=fresh_after or {},
        )

    def reclaim(self, call_id: int | None, *, free: bool = True) -> Claim | None:
        assert call_id is not None
        return self.ledger.reclaim(call_id, owner=self.owner.id, may_repeat=lambda _: free)

    def settle(
        self, claim: Claim, answers: Mapping[str, Answer], amount: Amount | None, body: bytes = b"{}"
    ) -> Amount:
        assert claim.call_id is not None
        return self.ledger.settle(
            claim.call_id,
            answers,
            amount,
            attempt=claim.attempt,
            body=body,
            request_id="req",
            http_status=200,
        )

    def doubt(self, claim: Claim, why: str, body: bytes = b"") -> None:
        assert claim.call_id is not None
        self.ledger.doubt(claim.call_id, why, body=body)

    def release(self, claim: Claim) -> None:
        assert claim.call_id is not None
        self.ledger.release(claim.call_id, "refused")


class LedgerDriver:
    """A ledger and the runs on it: a file in ``home``, or the PostgreSQL at ``url``."""

    _ids = itertools.count()

    def __init__(self, home: Path, url: str | None = None) -> None:
        self.home = home
        self.url = url
        self.clock = FakeClock()
        if url is None:
            engine = open_sqlite(home / "ledger.sqlite")
            self.ledger = Ledger(engine, FileOwners(home / "locks"), self.clock, where=str(home))
        else:
            engine = open_postgres(url)
            self.ledger = Ledger(engine, PostgresOwners(engine), self.clock, where="in PostgreSQL")
        self._runs: list[RunDriver] = []

    def start_run(
        self,
        approved: int,
        *,
        approval: str | None = None,
        account: str = "main",
        user: str = "tester",
        keys: Sequence[str] = (),
        name: str | None = None,
    ) -> RunDriver:
        run_id = name or f"run{next(self._ids)}"
        owner = self.ledger.owners.start()
        operation_id = self.ledger.start_run(
            run_id,
            OPERATION,
            account,
            keys,
            owner=owner.id,
            approval=approval or run_id,
            plan_hash="",
            approved_by=user,
            approved=approved,
            fresh_after={},
            preview={},
            context={},
        )
        run = RunDriver(self.ledger, owner, run_id, operation_id)
        self._runs.append(run)
        return run

    def join_run(self, run_id: str) -> RunDriver:
        """Take part in a run that another driver has started."""
        run = RunDriver(self.ledger, self.ledger.owners.start(), run_id, self.ledger.run(run_id).operation_id)
        self._runs.append(run)
        return run

    def bodies(self) -> list[bytes]:
        with self.ledger.reading() as connection:
            rows = connection.execute(select(bodies.c.body).order_by(bodies.c.id)).scalars().all()
        return [zlib.decompress(row) for row in rows]

    def close(self) -> None:
        for run in self._runs:
            run.owner.release()
        self.ledger.close()
