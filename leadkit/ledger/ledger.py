"""The ledger: reserve before the send, settle after it, each in one durable transaction.

Every decision about money is made on what the writing transaction itself read. The methods here are the
state machine; they know no provider, no network and no clock but the one they are given.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, Engine, Insert, Row, delete, insert, select, update

from leadkit.clock import Clock
from leadkit.errors import ApprovalError, RunNotFoundError
from leadkit.ledger import budget, decisions, erasure, evidence, history, lookup
from leadkit.ledger.budget import NO_CAPS, Caps
from leadkit.ledger.database import check, guarded, scrub, wait_for_other_writers
from leadkit.ledger.erasure import Erased
from leadkit.ledger.history import CallRecord, DoubtfulFact, RunRecord
from leadkit.ledger.lookup import Stored
from leadkit.ledger.owners import Owners
from leadkit.ledger.schema import (
    CallState,
    FactState,
    accounts,
    answers,
    bodies,
    calls,
    facts,
    operations,
    runs,
    workspace,
)
from leadkit.ledger.suppression import Suppression
from leadkit.money import Amount
from leadkit.providers.base import Answer, Operation


@dataclass(frozen=True, slots=True)
class Claim:
    """What one reserving transaction granted. ``call_id`` None: nothing to send."""

    call_id: int | None = None
    keys: tuple[str, ...] = ()
    reserved: int = 0  # millicredits
    attempt: int = 1
    first_sent: str = ""  # the moment of the first sending, if this is a later one
    known: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()  # in flight in another live run
    over_budget: tuple[str, ...] = ()
    ceiling: str = ""  # in words, which one held back what is over budget
    #: Calls whose outcome nobody knows, with the keys of this batch that they cover.
    doubtful: Mapping[int, tuple[str, ...]] = field(default_factory=dict)


class Ledger:
    """The durable record of answers, reservations and charges. Losing it loses money."""

    def __init__(
        self, engine: Engine, owners: Owners, clock: Clock, *, where: str, caps: Caps = NO_CAPS
    ) -> None:
        self._engine = engine
        self.owners = owners
        self._clock = clock
        self.where = where
        self._checked = False
        self.caps = caps
        with self.reading() as connection:
            row = connection.execute(select(workspace.c.value).where(workspace.c.name == "salt")).scalar_one()
        self._salt = bytes.fromhex(row)
        self.suppression = Suppression(self._salt)

    # -- transactions -------------------------------------------------------------------------------------

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with guarded(self.where), self._engine.connect() as connection:
            yield connection.execution_options(leadkit_reads=True)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        with guarded(self.where), self._engine.begin() as connection:
            wait_for_other_writers(connection)
            yield connection

    def now(self) -> int:
        return int(self._clock.now().timestamp())

    def close(self) -> None:
        self._engine.dispose()

    # -- accounts and operations --------------------------------------------------------------------------

    def fingerprint(self, secret: str) -> str:
        """A keyed hash by which the ledger recognises an API key without holding it."""
        return hmac.new(self._salt, secret.encode(), hashlib.sha256).hexdigest()[:16]

    def account(self, provider: str, fingerprint: str) -> str | None:
        """The account a key belongs to; None when the provider was never asked."""
        query = select(accounts.c.account).where(
            accounts.c.provider == provider, accounts.c.fingerprint == fingerprint
        )
        with self.reading() as connection:
            return connection.execute(query).scalar_one_or_none()

    def remember_account(self, provider: str, fingerprint: str, account: str) -> None:
        """Note whose key this is. What was asked for under the key's own name is the account's from then on.

        Where the account has bought the same kind of thing under another key already, the two cannot be made
        one, and this key keeps its own name: its facts stay known.
        """
        with self.writing() as connection:
            kind = select(operations.c.step, operations.c.wants).where(operations.c.provider == provider)
            own = connection.execute(kind.where(operations.c.account == key_account(fingerprint))).all()
            known = connection.execute(kind.where(operations.c.account == account)).all()
            if {tuple(row) for row in own} & {tuple(row) for row in known}:
                account = key_account(fingerprint)
            elif own:
                connection.execute(
                    update(operations)
                    .where(
                        operations.c.account == key_account(fingerprint), operations.c.provider == provider
                    )
                    .values(account=account)
                )
            where = (accounts.c.provider == provider) & (accounts.c.fingerprint == fingerprint)
            connection.execute(delete(accounts).where(where))
            row = {"provider": provider, "fingerprint": fingerprint, "account": account}
            connection.execute(insert(accounts).values(row))

    def operation_id(self, operation: Operation, account: str) -> int | None:
        """The number under which an account's facts of an operation are kept; None before the first run."""
        with self.reading() as connection:
            return _operation_id(connection, operation, account)

    # -- looking up ---------------------------------------------------------------------------------------

    def states(
        self, operation_id: int | None, keys: Sequence[str], *, fresh_after: Mapping[int, int]
    ) -> npt.NDArray[np.int8]:
        """For each of n keys a FactState, NEVER_ASKED or STALE; one query for all of them.

        ``fresh_after``: for FOUND and NOT_FOUND, the second before which an answer is stale.
        """
        if operation_id is None or not keys:
            return np.zeros(len(keys), dtype=np.int8)
        with self.reading() as connection:
            return lookup.states(connection, operation_id, keys, fresh_after)

    def answers(self, operation_id: int | None, keys: Sequence[str]) -> dict[str, Stored]:
        """The stored answers to these keys, fresh or not."""
        if operation_id is None or not keys:
            return {}
        with self.reading() as connection:
            return lookup.answers(connection, operation_id, keys)

    def suppressed(self, kind: str, keys: Sequence[str]) -> list[int]:
        """Places in ``keys``, which are of one kind, of people who must not be asked about."""
        with self.reading() as connection:
            return self.suppression.among(connection, kind, keys)

    def suppressed_answers(self, answers: Mapping[str, Mapping[str, Any]]) -> set[str]:
        """Keys whose answer is about somebody who must not be asked about."""
        with self.reading() as connection:
            return self.suppression.in_answers(connection, answers)

    def forget(self, identifiers: set[tuple[str, str]], *, suppress: bool) -> Erased:
        """Take out everything about whoever has one of these (kind, canonical) identifiers, byte by byte."""
        with self.writing() as connection:
            erased = erasure.erase(connection, self.suppression, identifiers)
            if suppress:
                self.suppression.add(connection, erased.identifiers, self.now(), "forgotten")
        scrub(self._engine, self.where)
        return erased

    # -- runs ---------------------------------------------------------------------------------------------

    def start_run(
        self,
        run_id: str,
        operation: Operation,
        account: str,
        keys: Sequence[str],
        *,
        owner: str,
        approval: str,
        plan_hash: str,
        approved_by: str,
        approved: int,
        fresh_after: Mapping[int, int],
        preview: Mapping[str, Any],
        context: Mapping[str, Any],
    ) -> int:
        """Record an approved run and use up its approval; returns the operation's number.

        Raises
        ------
        ApprovalError
            This approval has been used already. Nothing was sent.
        """
        self._check_once()
        with self.writing() as connection:
            used_by = select(runs.c.id).where(runs.c.approval == approval)
            if (used := connection.execute(used_by).scalar_one_or_none()) is not None:
                msg = f"Run {used} has used this approval already. Nothing was sent. Approve the plan anew."
                raise ApprovalError(msg)
            account = _known_account(connection, operation.provider, account)
            operation_id = _operation_id(connection, operation, account)
            if operation_id is None:
                row = {"provider": operation.provider, "account": account, "step": operation.step}
                row["wants"] = ",".join(operation.wants)
                operation_id = _new_id(connection, insert(operations).values(row))
            connection.execute(
                insert(runs).values(
                    id=run_id,
                    approval=approval,
                    plan_hash=plan_hash,
                    operation_id=operation_id,
                    approved_by=approved_by,
                    approved_millicredits=approved,
                    state="running",
                    owner=owner,
                    wanted=zlib.compress(json.dumps(list(keys)).encode()),
                    fresh_after=json.dumps(dict(fresh_after)),
                    preview=json.dumps(preview),
                    context=json.dumps(context),
                    started_at=self.now(),
                )
            )
        return operation_id

    def resume_run(self, run_id: str, owner: str) -> None:
        """Take over a run whose process is gone, or that stopped.

        Raises
        ------
        RunNotFoundError
            No such run.
        ApprovalError
            It is still running in a living process.
        """
        self._check_once()
        with self.writing() as connection:
            query = select(runs.c.owner, runs.c.state).where(runs.c.id == run_id)
            row = connection.execute(query).one_or_none()
            if row is None:
                raise _no_run(run_id)
            if row.state == "running" and self.owners.alive(row.owner):
                msg = f"Run {run_id} is under way in another process. Nothing was sent. Wait for its end."
                raise ApprovalError(msg)
            connection.execute(
                update(runs).where(runs.c.id == run_id).values(owner=owner, state="running", stopped_why="")
            )

    def _check_once(self) -> None:
        """Before anything is paid for on its word, the ledger's file is read through for damage."""
        if not self._checked:
            check(self._engine, self.where)
            self._checked = True

    def run(self, run_id: str) -> RunRecord:
        """The run with that id. Raises RunNotFoundError."""
        with self.reading() as connection:
            found = history.run_records(connection, run_id)
        if not found:
            raise _no_run(run_id)
        return found[0]

    def runs(self) -> list[RunRecord]:
        """All runs, newest first."""
        with self.reading() as connection:
            return history.run_records(connection)

    def run_keys(self, run_id: str) -> list[str]:
        """The keys that a run set out to buy."""
        with self.reading() as connection:
            return history.run_keys(connection, run_id)

    def calls(self, run_id: str) -> list[CallRecord]:
        """The calls of a run, in the order in which they were reserved."""
        with self.reading() as connection:
            return history.call_records(connection, run_id)

    def doubtful(self) -> list[DoubtfulFact]:
        """Every fact that may have been paid for, and nobody knows."""
        with self.reading() as connection:
            return history.doubtful_facts(connection)

    def note_output(self, run_id: str) -> None:
        """Note that a run's own output was written, so that going on with it may replace that file."""
        with self.writing() as connection:
            context = connection.execute(select(runs.c.context).where(runs.c.id == run_id)).scalar_one()
            noted = json.dumps({**json.loads(context), "written": True})
            connection.execute(update(runs).where(runs.c.id == run_id).values(context=noted))

    def end_run(self, run_id: str, state: str, why: str = "") -> None:
        with self.writing() as connection:
            connection.execute(
                update(runs)
                .where(runs.c.id == run_id)
                .values(state=state, stopped_why=why, ended_at=self.now())
            )

    # -- reserve → send → settle --------------------------------------------------------------------------

    def reserve(
        self,
        run_id: str,
        operation_id: int,
        keys: Sequence[str],
        *,
        owner: str,
        each: int,
        fresh_after: Mapping[int, int],
    ) -> Claim:
        """Claim what nobody has, at ``each`` millicredits, within what the run may still spend.

        One transaction: the budget is summed, the facts are read and the batch is claimed, or nothing is.
        """
        with self.writing() as connection:
            known, waiting, doubtful, stale, new = self._sort(connection, operation_id, keys, fresh_after)
            wanted = [key for key in keys if key in stale or key in new]
            room = budget.room(connection, run_id, self.caps, self.now())
            fit = len(wanted) if each == 0 else min(len(wanted), max(room.millicredits, 0) // each)
            claimed, over = wanted[:fit], wanted[fit:]
            call_id = None
            if claimed:
                call_id = _new_id(
                    connection,
                    insert(calls).values(
                        run_id=run_id,
                        operation_id=operation_id,
                        state=CallState.INTENT,
                        owner=owner,
                        key_count=len(claimed),
                        reserved=each * len(claimed),
                        reserved_at=self.now(),
                        moment=self.owners.moment(),
                    ),
                )
                fresh = [key for key in claimed if key in new]
                if fresh:
                    base = {"operation_id": operation_id, "state": FactState.INTENT, "call_id": call_id}
                    connection.execute(insert(facts), [{**base, "key": key} for key in fresh])
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
        alive: dict[str, bool] = {}
        rows = connection.execute(
            select(
                facts.c.id,
                facts.c.key,
                facts.c.state,
                facts.c.fetched_at,
                facts.c.call_id,
                calls.c.owner,
            )
            .join(calls, calls.c.id == facts.c.call_id)
            .where(facts.c.operation_id == operation_id, lookup.key_in(connection, keys))
        ).all()
        for row in rows:
            new.discard(row.key)
            if row.state in _ANSWERED:
                if row.fetched_at < fresh_after.get(row.state, 0):
                    stale[row.key] = row.id
                else:
                    known.append(row.key)
            elif row.state == FactState.INTENT and alive.setdefault(row.owner, self.owners.alive(row.owner)):
                waiting.append(row.key)
            else:
                doubtful.setdefault(row.call_id, []).append(row.key)
        return known, waiting, doubtful, stale, new

    def reclaim(self, call_id: int, *, owner: str, may_repeat: Callable[[str], bool]) -> Claim | None:
        """Take over a call whose outcome nobody knows, to repeat it under the reservation it already holds.

        ``may_repeat`` gets the moment of the first sending and says whether a repeat is documented as free.
        None: it is not (any more), or somebody else has the call by now. A call whose process is gone is
        marked as in doubt in either case.
        """
        with self.writing() as connection:
            call = connection.execute(select(calls).where(calls.c.id == call_id)).one()
            dead = call.state == CallState.INTENT and not self.owners.alive(call.owner)
            if not dead and call.state != CallState.IN_DOUBT:
                return None
            if dead:
                self._mark_doubtful(connection, call_id, "the process that sent this ended before the answer")
            if not may_repeat(call.moment):
                return None
            mine = facts.c.call_id == call_id, facts.c.state == FactState.IN_DOUBT
            keys = connection.execute(select(facts.c.key).where(*mine).order_by(facts.c.id)).scalars().all()
            attempt = call.attempts + 1
            connection.execute(
                update(calls)
                .where(calls.c.id == call_id)
                .values(state=CallState.INTENT, owner=owner, attempts=attempt)
            )
            connection.execute(update(facts).where(*mine).values(state=FactState.INTENT))
        return Claim(call_id, tuple(keys), call.reserved, attempt, call.moment)

    def settle(
        self,
        call_id: int,
        given: Mapping[str, Answer],
        amount: Amount | None,
        *,
        body: bytes,
        request_id: str | None,
        http_status: int | None,
        note: str = "",
    ) -> Amount:
        """Store body, answers and amount in one transaction; keys without an answer become in doubt.

        ``amount`` is what the provider reported; None when it did not, and then up to the reservation may
        have been charged. After a repeat the report is a lower limit only: the first sending may have been
        charged and the repeat was free. Returns the amount that was recorded.
        """
        with self.writing() as connection:
            call = connection.execute(select(calls).where(calls.c.id == call_id)).one()
            self._keep_body(connection, call_id, body)
            now = self.now()
            rows = connection.execute(select(facts.c.id, facts.c.key).where(facts.c.call_id == call_id)).all()
            answered = [(fact_id, given[key]) for fact_id, key in rows if key in given]
            left_out = [fact_id for fact_id, key in rows if key not in given]
            recorded = _charged(call, amount, share=len(answered) / len(rows) if answered else 1.0)
            values = {
                "least": recorded.least,
                "most": recorded.most,
                "request_id": request_id,
                "http_status": http_status,
                "note": note,
                "settled_at": now,
            }
            if not answered:
                # The whole call stays in doubt, to be repeated where that is free.
                values |= {"state": CallState.IN_DOUBT, "reserved": max(call.reserved, recorded.most)}
                _set_state(connection, left_out, FactState.IN_DOUBT)
            else:
                values |= {"state": CallState.SETTLED, "key_count": len(answered)}
                for status, state in _STATES.items():
                    ids = [i for i, answer in answered if answer.status == status]
                    _set_state(connection, ids, state, fetched_at=now)
                connection.execute(delete(answers).where(answers.c.fact_id.in_([i for i, _ in answered])))
                connection.execute(
                    insert(answers),
                    [
                        {
                            "fact_id": fact_id,
                            "state": _STATES[answer.status],
                            "call_id": call_id,
                            "payload": json.dumps(dict(answer.values), ensure_ascii=False),
                            "note": answer.note,
                        }
                        for fact_id, answer in answered
                    ],
                )
            connection.execute(update(calls).where(calls.c.id == call_id).values(**values))
            if answered and left_out:
                rest = max(call.reserved - recorded.most, 0)
                connection.execute(
                    update(calls).where(calls.c.id == call_id).values(reserved=call.reserved - rest)
                )
                _set_apart(connection, call, left_out, rest, note or "left out of the answer")
        return recorded

    def doubt(self, call_id: int, why: str, *, body: bytes = b"", amount: Amount | None = None) -> None:
        """Keep the reservation: the call was sent and nobody knows what became of it."""
        with self.writing() as connection:
            self._keep_body(connection, call_id, body)
            self._mark_doubtful(connection, call_id, why)
            if amount is not None:
                call = connection.execute(select(calls).where(calls.c.id == call_id)).one()
                least, most = max(call.least, amount.least), call.most + amount.most
                connection.execute(
                    update(calls)
                    .where(calls.c.id == call_id)
                    .values(least=least, most=most, reserved=max(call.reserved, most))
                )

    def release(self, call_id: int, why: str) -> None:
        """Give the reservation back: the call provably cost nothing. An older answer comes back in force."""
        with self.writing() as connection:
            connection.execute(
                update(calls)
                .where(calls.c.id == call_id)
                .values(state=CallState.RELEASED, note=why, settled_at=self.now())
            )
            mine = facts.c.call_id == call_id
            older = select(answers.c.fact_id)
            for fact_id, state, answered_by in connection.execute(
                select(facts.c.id, answers.c.state, answers.c.call_id)
                .join(answers, answers.c.fact_id == facts.c.id)
                .where(mine)
            ).all():
                connection.execute(
                    update(facts).where(facts.c.id == fact_id).values(state=state, call_id=answered_by)
                )
            connection.execute(delete(facts).where(mine, facts.c.id.not_in(older)))

    def take_event(self, digest: str, *, provider: str = "", step: str = "", key: str = "") -> int | None:
        """Note an event and settle what it is evidence for; None when it was taken before."""
        with self.writing() as connection:
            if not evidence.remember(connection, digest, self.now()):
                return None
            return evidence.delivered(connection, provider, step, key, now=self.now())

    def decide(self, call_id: int, decision: str, *, by: str) -> int:
        """Settle a call in doubt as a person says; see :mod:`leadkit.ledger.decisions`."""
        with self.writing() as connection:
            return decisions.decide(connection, call_id, decision, by=by, now=self.now())

    def _mark_doubtful(self, connection: Connection, call_id: int, why: str) -> None:
        connection.execute(
            update(calls).where(calls.c.id == call_id).values(state=CallState.IN_DOUBT, note=why)
        )
        open_facts = (facts.c.call_id == call_id) & (facts.c.state == FactState.INTENT)
        connection.execute(update(facts).where(open_facts).values(state=FactState.IN_DOUBT))

    def _keep_body(self, connection: Connection, call_id: int, body: bytes) -> None:
        if body:
            row = {"call_id": call_id, "received_at": self.now(), "body": zlib.compress(body, 1)}
            connection.execute(insert(bodies).values(row))


def _charged(call: Row[Any], reported: Amount | None, *, share: float) -> Amount:
    """What a call cost, as far as it can be known. ``share`` of its keys were answered.

    Earlier sendings of the call may have been charged: what they reported is in the row already, and where
    they did not, up to the reservation may have been.
    """
    share_reserved = round(call.reserved * share)
    if reported is None:
        return Amount(call.least, max(share_reserved, call.most))
    if call.attempts == 1:
        return reported
    most = max(share_reserved, call.most + reported.most)
    return Amount(max(call.least, reported.least), most)


def _set_apart(
    connection: Connection, call: Row[Any], fact_ids: Sequence[int], reserved: int, note: str
) -> None:
    """Make what an answer left out a call of its own, in doubt, under what is left of the reservation."""
    own = {"state": CallState.IN_DOUBT, "key_count": len(fact_ids), "reserved": reserved, "note": note}
    copied = ("run_id", "operation_id", "owner", "request_id", "http_status", "reserved_at", "moment")
    row = insert(calls).values(**own, **{name: getattr(call, name) for name in copied})
    _set_state(connection, fact_ids, FactState.IN_DOUBT, call_id=_new_id(connection, row))


def _set_state(connection: Connection, fact_ids: Sequence[int], state: FactState, **values: int) -> None:
    if fact_ids:
        where = facts.c.id.in_(fact_ids)
        connection.execute(update(facts).where(where).values(state=state, **values))


_STATES = {
    "found": FactState.FOUND,
    "not_found": FactState.NOT_FOUND,
    "suppressed": FactState.SUPPRESSED,
}
_ANSWERED = tuple(_STATES.values())


def _new_id(connection: Connection, row: Insert) -> int:
    """Insert one row; returns its number."""
    key = connection.execute(row).inserted_primary_key
    assert key is not None
    return int(key[0])


def key_account(fingerprint: str) -> str:
    """The name under which facts are kept while a provider has not told whose key it is."""
    return f"key {fingerprint}"


def _known_account(connection: Connection, provider: str, account: str) -> str:
    """The account's own name, if another process has learned it since this one looked.

    Under two names one account would buy the same fact twice.
    """
    fingerprint = account.removeprefix(key_account(""))
    query = select(accounts.c.account).where(
        accounts.c.provider == provider, accounts.c.fingerprint == fingerprint
    )
    known: str | None = connection.execute(query).scalar_one_or_none()
    return known if known is not None and account == key_account(fingerprint) else account


def _no_run(run_id: str) -> RunNotFoundError:
    return RunNotFoundError(f"There is no run {run_id} in this workspace. See: leadkit ledger")


def _operation_id(connection: Connection, operation: Operation, account: str) -> int | None:
    found: int | None = connection.execute(
        select(operations.c.id).where(
            operations.c.provider == operation.provider,
            operations.c.account == account,
            operations.c.step == operation.step,
            operations.c.wants == ",".join(operation.wants),
        )
    ).scalar_one_or_none()
    return found
