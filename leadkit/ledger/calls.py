"""A call's way: reserve before the send, settle after it, each in one durable transaction.

Every decision about money is made on what the writing transaction itself read. The methods here are the
state machine; they know no provider, no network and no clock but the one they are given.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Engine, Row, select, update

from leadkit.clock import Clock
from leadkit.ledger import budget, costs, decisions, evidence
from leadkit.ledger.budget import Caps
from leadkit.ledger.claim import Claim
from leadkit.ledger.erasure import HIDDEN
from leadkit.ledger.owners import GONE, Owners
from leadkit.ledger.schema import CallState, FactState, calls, facts
from leadkit.ledger.statements import (
    CALL,
    FACTS_OF_CALL,
    NEW_BODY,
    NEW_CALL,
    SET_CALL,
    SET_OPEN_FACTS,
    facts_asked,
    new_facts,
    new_id,
    set_answers,
    set_facts,
)
from leadkit.ledger.suppression import Suppression
from leadkit.ledger.transactions import Transactions
from leadkit.money import Amount
from leadkit.providers.base import Answer


class Calls(Transactions):
    """What may be sent, and what became of it."""

    suppression: Suppression

    def __init__(self, engine: Engine, owners: Owners, clock: Clock, *, where: str, caps: Caps) -> None:
        super().__init__(engine, clock, where=where)
        self.owners = owners
        self.caps = caps

    def reserve(
        self,
        run_id: str,
        operation_id: int,
        keys: Sequence[str],
        *,
        owner: str,
        takes: str,
        each: int,
        fresh_after: Mapping[int, int],
    ) -> Claim:
        """Claim what nobody has, at ``each`` millicredits, within what the run may still spend.

        One transaction: the budget is summed, the facts are read and the batch is claimed, or nothing is. Whoever
        must not be asked about by now is not claimed; ``takes`` is the kind of the keys.
        """
        with self.writing() as connection:
            known, waiting, doubtful, stale, new = self._sort(connection, operation_id, keys, fresh_after)
            if stale:
                # What this very run bought is not to be refreshed by it, whatever the clock was set to since.
                bought = self._bought(connection, run_id, stale.values())
                known += bought
                stale = {key: fact_id for key, fact_id in stale.items() if key not in bought}
            new_or_stale = [key for key in keys if key in stale or key in new]
            wanted = self.suppression.without(connection, takes, new_or_stale)
            known += set(new_or_stale).difference(wanted)
            room = budget.room(connection, run_id, self.caps, self.now())
            fit = len(wanted) if each == 0 else min(len(wanted), max(room.millicredits, 0) // each)
            claimed, over = wanted[:fit], wanted[fit:]
            call_id = None
            if claimed:
                call_id = new_id(
                    connection,
                    NEW_CALL,
                    run_id=run_id,
                    operation_id=operation_id,
                    state=CallState.INTENT,
                    owner=owner,
                    key_count=len(claimed),
                    reserved=each * len(claimed),
                    reserved_at=self.now(),
                    moment=self.owners.moment(),
                )
                fresh = [key for key in claimed if key in new]
                if fresh:
                    claim = {"operation": operation_id, "call": call_id, "keys": fresh}
                    connection.execute(new_facts(connection.dialect.name), claim)
                again = [stale[key] for key in claimed if key in stale]
                _set_state(connection, again, FactState.INTENT, call_id=call_id)
        return Claim(
            call_id,
            tuple(claimed),
            each * len(claimed),
            known=tuple(known),
            waiting=tuple(waiting),
            over_budget=tuple(over),
            ceiling=room.ceiling if over else "",
            doubtful={call: tuple(found) for call, found in doubtful.items()},
        )

    def _sort(
        self,
        connection: Connection,
        operation_id: int,
        keys: Sequence[str],
        fresh_after: Mapping[int, int],
    ) -> tuple[list[str], list[str], dict[int, list[str]], dict[str, int], set[str]]:
        known: list[str] = []
        waiting: list[str] = []
        doubtful: dict[int, list[str]] = {}
        stale: dict[str, int] = {}
        new = set(keys)
        alive = cache(self.owners.alive)
        asked = {"operation": operation_id, "keys": list(keys)}
        rows = connection.execute(facts_asked(connection.dialect.name), asked).all()
        for row in rows:
            new.discard(row.key)
            if row.state in _ANSWERED:
                if row.fetched_at < fresh_after.get(row.state, 0):
                    stale[row.key] = row.id
                else:
                    known.append(row.key)
            elif row.state == FactState.INTENT and alive(row.owner):
                waiting.append(row.key)
            else:
                doubtful.setdefault(row.call_id, []).append(row.key)
        return known, waiting, doubtful, stale, new

    def _bought(self, connection: Connection, run_id: str, fact_ids: Iterable[int]) -> Sequence[str]:
        """Those of the facts that the run itself has an answer to."""
        # What retention or forgetting took away has no time any more.
        mine = calls.c.run_id == run_id, facts.c.id.in_(fact_ids), facts.c.fetched_at > 0
        found = select(facts.c.key).join(calls, calls.c.id == facts.c.call_id).where(*mine)
        return connection.execute(found).scalars().all()

    def _left(self, connection: Connection, operation_id: int, keys: Sequence[str]) -> list[str]:
        """Those of the keys that a run had under way when it ended."""
        asked = {"operation": operation_id, "keys": list(keys)}
        rows = connection.execute(facts_asked(connection.dialect.name), asked).all()
        alive = cache(self.owners.alive)
        return [row.key for row in rows if row.state == FactState.INTENT and not alive(row.owner)]

    def reclaim(
        self, call_id: int, *, owner: str, may_repeat: Callable[[str], bool], each: int = 0
    ) -> Claim | None:
        """Take over a call whose outcome nobody knows, to repeat it under the reservation it already holds.

        ``may_repeat`` gets the moment of the first sending and says whether a repeat is documented as free.
        ``each``: what a key may cost today, in millicredits, where that may be more than was set aside for it: if
        the first sending never arrived, the repeat is what is charged.
        None: it is not free (any more), it may cost more than is reserved, or somebody else has the call by now. A
        call whose process is gone is marked as in doubt in either case.
        """
        with self.writing() as connection:
            self._doubt_if_left(connection, call_id)
            call = connection.execute(CALL, {"call": call_id}).one()
            if call.state != CallState.IN_DOUBT or not may_repeat(call.moment):
                return None
            mine = facts.c.call_id == call_id, facts.c.state == FactState.IN_DOUBT
            rows = connection.execute(select(facts.c.key).where(*mine).order_by(facts.c.id)).scalars()
            # Who was forgotten meanwhile is not asked about; their part stays in doubt.
            keys = [key for key in rows if not key.startswith(HIDDEN)]
            if not keys or each * len(keys) > call.reserved:
                return None
            attempt = call.attempts + 1
            _set_call(connection, call_id, state=CallState.INTENT, owner=owner, attempts=attempt)
            connection.execute(update(facts).where(*mine).values(state=FactState.INTENT))
        return Claim(call_id, tuple(keys), call.reserved, attempt, call.moment)

    def halve(self, operation_id: int, keys: Sequence[str]) -> dict[int, tuple[str, ...]]:
        """Make a call in doubt two, so that each half of its keys can be asked for by itself.

        Each has its part of what is reserved, and of what was told at the least; the first also that of whoever was
        forgotten meanwhile. Returns the calls with their keys; none if the keys are not all that can be asked for of
        one call: somebody else asks for it by now.
        """
        with self.writing() as connection:
            asked = {"operation": operation_id, "keys": list(keys)}
            rows = connection.execute(facts_asked(connection.dialect.name), asked).all()
            call_id = rows[0].call_id if rows else 0
            in_doubt = facts.c.call_id == call_id, facts.c.state == FactState.IN_DOUBT
            found = connection.execute(select(facts.c.key, facts.c.id).where(*in_doubt))
            ids = {row.key: row.id for row in found}
            if {key for key in ids if not key.startswith(HIDDEN)} != set(keys):
                return {}
            call = connection.execute(CALL, {"call": call_id}).one()
            if call.state != CallState.IN_DOUBT:  # a person gave it up
                return {}
            first, second = keys[: len(keys) // 2], keys[len(keys) // 2 :]
            part = call.reserved * len(second) // len(ids)
            kept = call.reserved - part
            least = min(call.least, kept)
            # Nobody said of which half it was told; added to what one of them costs by itself it would be too much.
            _set_call(
                connection, call_id, reserved=kept, key_count=len(ids) - len(second), least=least, most=0
            )
            rest = {
                "least": call.least - least,
                "request_id": call.request_id,
                "http_status": call.http_status,
            }
            other = _set_apart(connection, call, [ids[key] for key in second], part, call.note, rest)
        return {call_id: tuple(first), other: tuple(second)}

    def settle(
        self,
        call_id: int,
        given: Mapping[str, Answer],
        amount: Amount | None,
        *,
        attempt: int,
        body: bytes,
        request_id: str | None,
        http_status: int | None,
        note: str = "",
    ) -> Amount:
        """Store body, answers and amount in one transaction; keys without an answer become in doubt.

        ``amount`` is what the provider reported; None when it did not, and then up to the reservation may
        have been charged. After a repeat the report is a lower limit only: the first sending may have been
        charged and the repeat was free. Returns the amount that was recorded. ``attempt`` is that of the claim.

        Nothing is stored of people who must not be asked about, who come back under another identifier or in a
        search, or were forgotten while the call was under way: not in the answers, and no body that names them.
        """
        with self.writing() as connection:
            call = connection.execute(CALL, {"call": call_id}).one()
            given, body = self.suppression.withhold(connection, given, body)
            now = self.now()
            rows = connection.execute(FACTS_OF_CALL, {"call": call_id}).all()
            self._keep_body(connection, call_id, rows, body)
            # None when a person decided about it, or another sending brought its answers; see doubt.
            still_open = [(row.id, row.key) for row in rows if row.state not in _ANSWERED]
            answered = [(fact_id, given[key]) for fact_id, key in still_open if key in given]
            left_out = [fact_id for fact_id, key in still_open if key not in given]
            share = len(answered) / len(still_open) if answered else 1.0
            recorded = costs.charged(call, amount, share=share)
            if left_out and call.attempts > attempt:
                # Somebody took this process for dead and asks for all of it again: what is missing is theirs.
                most = costs.told(call, amount, share=1.0)
                _set_call(
                    connection, call_id, least=recorded.least, most=most, reserved=max(call.reserved, most)
                )
                return recorded
            doubtful = bool(left_out) and not answered
            values = {
                "least": recorded.least,
                "most": costs.told(call, amount, share=share) if doubtful else recorded.most,
                "request_id": request_id,
                "http_status": http_status,
                "note": note,
                # The time of its answers, by which a damaged ledger is known.
                "settled_at": now if still_open else call.settled_at,
            }
            if doubtful:
                # The whole call stays in doubt, to be repeated where that is free.
                values |= {"state": CallState.IN_DOUBT, "reserved": max(call.reserved, recorded.most)}
                values["note"] = note or _LEFT_OUT
                _set_state(connection, left_out, FactState.IN_DOUBT)
            else:
                values |= {"state": CallState.SETTLED, "key_count": len(answered) or call.key_count}
                for status, state in _STATES.items():
                    ids = [i for i, answer in answered if answer.status == status]
                    _set_state(connection, ids, state, fetched_at=now)
                new = [
                    (fact_id, _STATES[answer.status], call_id, _to_json(dict(answer.values)), answer.note)
                    for fact_id, answer in answered
                ]
                if new:
                    set_answers(connection, new)
            _set_call(connection, call_id, **values)
            if answered and left_out:
                others = costs.of_left_out(call, recorded, share=share)
                least, most = recorded.least - others.least, recorded.most - others.most
                rest = max(call.reserved - most, others.most)
                _set_call(connection, call_id, reserved=call.reserved - rest, least=least, most=most)
                told = {
                    "least": others.least,
                    "most": others.most,
                    "request_id": request_id,
                    "http_status": http_status,
                }
                _set_apart(connection, call, left_out, rest, note or _LEFT_OUT, told)
        return recorded

    def doubt(self, call_id: int, why: str, *, body: bytes = b"", amount: Amount | None = None) -> None:
        """Keep the reservation: the call was sent and nobody knows what became of it.

        Unless somebody took this process for dead and brought the call to its end: that stands, and what the answer
        says that it cost is added.
        """
        with self.writing() as connection:
            _, body = self.suppression.withhold(connection, {}, body)
            self._keep_body(connection, call_id, connection.execute(FACTS_OF_CALL, {"call": call_id}), body)
            call = connection.execute(CALL, {"call": call_id}).one()
            ended = call.state in _ENDED
            if not ended:
                self._mark_doubtful(connection, call_id, why)
            if amount is not None:
                least, most = max(call.least, amount.least), costs.told(call, amount, share=1.0)
                told = {"least": least, "most": most, "reserved": max(call.reserved, most)}
                _set_call(
                    connection, call_id, state=CallState.SETTLED if ended else CallState.IN_DOUBT, **told
                )

    def release(self, call_id: int, why: str) -> None:
        """Give the reservation back: the call provably cost nothing. An older answer comes back in force.

        Unless somebody took this process for dead, and sent the call again or decided about it: then it is theirs.
        """
        with self.writing() as connection:
            call = connection.execute(CALL, {"call": call_id}).one()
            if call.attempts > 1 or call.state in _ENDED:
                return
            _set_call(connection, call_id, state=CallState.RELEASED, note=why, settled_at=self.now())
            decisions.take_back(connection, facts.c.call_id == call_id)

    def take_event(self, digest: str, *, provider: str = "", step: str = "", key: str = "") -> int | None:
        """Note an event and settle what it is evidence for; None when it was taken before."""
        with self.writing() as connection:
            if not evidence.remember(connection, digest, self.now()):
                return None
            return evidence.delivered(connection, self.owners.alive, provider, step, key, now=self.now())

    def decide(self, call_id: int, decision: str, *, by: str, user: str | None = None) -> int:
        """Settle a call in doubt as a person says; see :mod:`leadkit.ledger.decisions`.

        ``user``: only if it is of a run that they approved. None is for who may decide about everybody's.
        """
        with self.writing() as connection:
            self._doubt_if_left(connection, call_id)
            return decisions.decide(connection, call_id, decision, by=by, user=user, now=self.now())

    def _doubt_if_left(self, connection: Connection, call_id: int) -> None:
        """A call under way whose process is gone is in doubt from now on."""
        call = connection.execute(CALL, {"call": call_id}).one_or_none()
        if call is not None and call.state == CallState.INTENT and not self.owners.alive(call.owner):
            self._mark_doubtful(connection, call_id, GONE)

    def _mark_doubtful(self, connection: Connection, call_id: int, why: str) -> None:
        _set_call(connection, call_id, state=CallState.IN_DOUBT, note=why)
        connection.execute(SET_OPEN_FACTS, {"call": call_id, "state": FactState.IN_DOUBT})

    def _keep_body(
        self, connection: Connection, call_id: int, asked: Iterable[Row[int, str, int]], body: bytes
    ) -> None:
        """Keep what came over the wire, unless somebody who was ``asked`` about was forgotten meanwhile."""
        if body and not any(row.key.startswith(HIDDEN) for row in asked):
            row = {"call_id": call_id, "received_at": self.now(), "body": zlib.compress(body, 1)}
            connection.execute(NEW_BODY, row)


def _set_apart(
    connection: Connection,
    call: Row[Any],
    fact_ids: Sequence[int],
    reserved: int,
    note: str,
    told: Mapping[str, str | int | None],
) -> int:
    """Make facts of a call one of their own, in doubt, under ``reserved`` of its reservation; returns its number."""
    own = {"state": CallState.IN_DOUBT, "key_count": len(fact_ids), "reserved": reserved, "note": note}
    copied = ("run_id", "operation_id", "owner", "reserved_at", "moment")
    copies = {name: getattr(call, name) for name in copied}
    call_id = new_id(connection, NEW_CALL, **own, **told, **copies)
    _set_state(connection, fact_ids, FactState.IN_DOUBT, call_id=call_id)
    return call_id


def _set_call(connection: Connection, call_id: int, **values: Any) -> None:
    connection.execute(SET_CALL, {"call": call_id, **values})


def _set_state(connection: Connection, fact_ids: Sequence[int], state: FactState, **values: int) -> None:
    if fact_ids:
        connection.execute(set_facts(connection.dialect.name), {"ids": fact_ids, "state": state, **values})


_STATES = {
    "found": FactState.FOUND,
    "not_found": FactState.NOT_FOUND,
    "suppressed": FactState.SUPPRESSED,
}
_ANSWERED = tuple(_STATES.values())
_LEFT_OUT = "left out of the answer"
_ENDED = (CallState.SETTLED, CallState.RELEASED)
_to_json = json.JSONEncoder(ensure_ascii=False, check_circular=False).encode
