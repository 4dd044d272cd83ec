"""Fourteen bugs, each planted in the product for a test of the simulation: it must catch every one.

They are the mistakes that programs which spend money by HTTP really make. Each is as small as it can be.
"""

from __future__ import annotations

import dataclasses
import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

from greenlet import getcurrent
from sqlalchemy import Connection, select, update

from leadkit.errors import BadAnswerError, BadRequestError
from leadkit.ledger import Claim, Ledger, budget
from leadkit.ledger.schema import CallState, calls, facts
from leadkit.money import Amount
from leadkit.providers.base import Answer, Decoded, Operation, Response
from leadkit.run import Runner
from tests.simulation.world import Product

_UNTIL_THEN = -1_000_000


class IntentAfterSend(Ledger):
    """The reservation is written only when the answer has come."""

    def reserve(self, run_id: str, operation_id: int, keys: Sequence[str], **options: Any) -> Claim:
        with self._undone():
            claim = super().reserve(run_id, operation_id, keys, **options)
        if claim.call_id is None:
            return claim
        waiting = self.__dict__.setdefault("_waiting", {})
        number = _UNTIL_THEN - len(waiting)
        waiting[number] = lambda: super(IntentAfterSend, self).reserve(
            run_id, operation_id, claim.keys, **options
        )
        return dataclasses.replace(claim, call_id=number)

    @contextmanager
    def _undone(self) -> Iterator[None]:
        writing = self.writing

        @contextmanager
        def without_commit() -> Iterator[Connection]:
            with writing() as connection:
                yield connection
                connection.rollback()

        self.writing = without_commit  # type: ignore[method-assign]
        try:
            yield
        finally:
            del self.writing

    def _now(self, call_id: int) -> int:
        made = self.__dict__.setdefault("_made", {})
        if call_id > _UNTIL_THEN:
            return call_id
        if call_id not in made:
            made[call_id] = self.__dict__["_waiting"][call_id]().call_id
        return made[call_id] or 0

    def settle(self, call_id: int, *args: Any, **options: Any) -> Amount:
        return super().settle(self._now(call_id), *args, **options)

    def doubt(self, call_id: int, *args: Any, **options: Any) -> None:
        super().doubt(self._now(call_id), *args, **options)

    def release(self, call_id: int, why: str) -> None:
        super().release(self._now(call_id), why)

    def reclaim(self, call_id: int, **options: Any) -> Claim | None:
        return super().reclaim(self._now(call_id), **options)


class RetriesAfterTimeout(Runner):
    """Whatever is lost is sent again, free or not."""

    def _may_repeat(self, first_sent: str) -> bool:
        return True


class CostsOfRepeatAreZero(Ledger):
    """What the free repeat reports is written down as the cost of it all."""

    def settle(self, call_id: int, given: Any, amount: Amount | None, **options: Any) -> Amount:
        super().settle(call_id, given, amount, **options)
        if amount is not None:
            with self.writing() as connection:
                connection.execute(
                    update(calls)
                    .where(calls.c.id == call_id)
                    .values(least=amount.least, most=amount.most, reserved=amount.most)
                )
        return amount or Amount()


class BudgetInAnotherTransaction(Ledger):
    """The budget is looked at first, and the reservation is made afterwards."""

    def reserve(self, run_id: str, operation_id: int, keys: Sequence[str], **options: Any) -> Claim:
        with self.reading() as connection:
            _ROOM_SEEN[getcurrent()] = budget.room(connection, run_id, self.caps, self.now())
        try:
            return super().reserve(run_id, operation_id, keys, **options)
        finally:
            del _ROOM_SEEN[getcurrent()]


_ROOM_SEEN: dict[Any, Any] = {}
_EARLIER_BUDGET = SimpleNamespace(room=lambda *args: _ROOM_SEEN[getcurrent()])


class RecoveryResends(Ledger):
    """What a dead process had in flight is sent again, as if it never had been."""

    def reclaim(
        self, call_id: int, *, owner: str, may_repeat: Callable[[str], bool], each: int = 0
    ) -> Claim | None:
        with self.reading() as connection:
            call = connection.execute(select(calls).where(calls.c.id == call_id)).one()
        if call.state != CallState.INTENT or self.owners.alive(call.owner):
            return super().reclaim(call_id, owner=owner, may_repeat=may_repeat, each=each)
        claim = super().reclaim(call_id, owner=owner, may_repeat=lambda _: True, each=each)
        return claim and dataclasses.replace(claim, attempt=1)


class ResultInAnotherCommit(Ledger):
    """The charge is committed first, and the answers afterwards."""

    def settle(
        self, call_id: int, given: Mapping[str, Answer], amount: Amount | None, **options: Any
    ) -> Amount:
        with self.writing() as connection:
            connection.execute(
                update(calls)
                .where(calls.c.id == call_id)
                .values(state=CallState.SETTLED, most=calls.c.reserved)
            )
        return super().settle(call_id, given, amount, **options)


class NoUniqueKey(Ledger):
    """What another run has in flight is asked for as if nobody had."""

    def _sort(self, connection: Connection, *args: Any) -> Any:
        known, waiting, doubtful, stale, new = super()._sort(connection, *args)
        return known, [], doubtful, stale, new | set(waiting)


def _without_unique_key(connection: sqlite3.Connection) -> None:
    connection.execute("DROP INDEX facts_by_key")


class ReservationsExpire(Ledger):
    """A reservation that is 300 seconds old is taken for one that nobody holds any more."""

    def reserve(self, run_id: str, operation_id: int, keys: Sequence[str], **options: Any) -> Claim:
        with self.writing() as connection:
            old = (calls.c.state == CallState.INTENT) & (calls.c.reserved_at < self.now() - 300)
            expired = connection.execute(select(calls.c.id).where(old)).scalars().all()
            connection.execute(update(calls).where(calls.c.id.in_(expired)).values(state=CallState.RELEASED))
            connection.execute(facts.delete().where(facts.c.call_id.in_(expired)))
        return super().reserve(run_id, operation_id, keys, **options)


class DecidesOnAnEarlierRead(Ledger):
    """What is known, in flight or new is read before the writing transaction begins."""

    def reserve(self, run_id: str, operation_id: int, keys: Sequence[str], **options: Any) -> Claim:
        with self.reading() as connection:
            earlier = super()._sort(connection, operation_id, keys, options["fresh_after"])
        own = _WithEarlierRead(self, earlier)
        return own.reserve(run_id, operation_id, keys, **options)


class _WithEarlierRead(Ledger):
    def __init__(self, ledger: Ledger, earlier: Any) -> None:
        self.__dict__.update(ledger.__dict__)
        self._earlier = earlier

    def _sort(self, connection: Connection, operation_id: int, keys: Sequence[str], *args: Any) -> Any:
        known, waiting, doubtful, stale, new = self._earlier
        # "INSERT OR REPLACE": a row that came in between is taken over.
        where = facts.c.operation_id == operation_id, facts.c.key.in_(new)
        there = {row.key: row.id for row in connection.execute(select(facts.c.key, facts.c.id).where(*where))}
        return known, waiting, doubtful, stale | there, new - there.keys()


def _decoding(
    change: Callable[[Operation, Sequence[str], Response], Decoded],
) -> Callable[[Operation], Operation]:
    """An operation whose answers are read wrongly."""

    def changed(operation: Operation) -> Operation:
        return dataclasses.replace(operation, decode=lambda keys, response: change(operation, keys, response))

    return changed


def _unreadable_is_uncharged(operation: Operation, keys: Sequence[str], response: Response) -> Decoded:
    try:
        return operation.decode(keys, response)
    except BadAnswerError as error:
        if response.status == 200:
            raise BadRequestError(str(error)) from error
        raise


def _500_is_uncharged(operation: Operation, keys: Sequence[str], response: Response) -> Decoded:
    if response.status >= 500:
        msg = "the provider failed"
        raise BadRequestError(msg)
    return operation.decode(keys, response)


def _by_position(operation: Operation, keys: Sequence[str], response: Response) -> Decoded:
    try:
        data = json.loads(response.body)
        for key, item in zip(
            keys, data["data"] if isinstance(data["data"], list) else [data["data"]], strict=False
        ):
            item["id" if operation.step == "unlock" else "email"] = key
        response = dataclasses.replace(response, body=json.dumps(data).encode())
    except (ValueError, TypeError, KeyError):
        pass
    return operation.decode(keys, response)


def _reserves_expected(operation: Operation) -> Operation:
    price = operation.price
    return dataclasses.replace(operation, price=dataclasses.replace(price, most=price.expected or 0))


def _without_balance(operation: Operation) -> Operation:
    return dataclasses.replace(operation, balance_first=False)


PLANTED: dict[str, Product] = {
    "intent written after the send": Product(ledger=IntentAfterSend),
    "retry after timeout": Product(runner=RetriesAfterTimeout),
    "free repeat recorded as cost 0": Product(ledger=CostsOfRepeatAreZero),
    "budget check and reservation in two transactions": Product(
        ledger=BudgetInAnotherTransaction, seams={"leadkit.ledger.calls.budget": _EARLIER_BUDGET}
    ),
    "unreadable body treated as uncharged": Product(operation=_decoding(_unreadable_is_uncharged)),
    "answer not matched by id": Product(operation=_decoding(_by_position)),
    "500 treated as uncharged": Product(operation=_decoding(_500_is_uncharged)),
    "recovery sends again what was in flight": Product(ledger=RecoveryResends),
    "ledger and result in two commits": Product(ledger=ResultInAnotherCommit),
    "reserves the expected instead of the highest price": Product(operation=_reserves_expected),
    "no unique key on the paid fact": Product(ledger=NoUniqueKey, tables=_without_unique_key),
    "reservation expires by the clock on the wall": Product(ledger=ReservationsExpire),
    "decision on a read outside the write transaction": Product(ledger=DecidesOnAnEarlierRead),
    "credits that others spend not looked at": Product(operation=_without_balance),
}
