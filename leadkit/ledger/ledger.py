"""The ledger: who asked for what, what is known, and what it cost.

The purchases themselves, reserve before the send and settle after it, are in :mod:`leadkit.ledger.calls`.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, Engine, bindparam, delete, insert, select, update

from leadkit.clock import Clock
from leadkit.errors import ApprovalError, RunNotFoundError
from leadkit.ledger import erasure, history, lookup
from leadkit.ledger.budget import NO_CAPS, Caps
from leadkit.ledger.calls import Calls
from leadkit.ledger.database import check, scrub
from leadkit.ledger.erasure import Erased
from leadkit.ledger.history import CallRecord, DoubtfulFact, RunRecord
from leadkit.ledger.lookup import Stored
from leadkit.ledger.owners import Owners
from leadkit.ledger.schema import FactState, accounts, operations, runs, workspace
from leadkit.ledger.statements import new_id
from leadkit.ledger.suppression import Suppression
from leadkit.providers.base import Operation


class Ledger(Calls):
    """The durable record of answers, reservations and charges. Losing it loses money."""

    def __init__(
        self, engine: Engine, owners: Owners, clock: Clock, *, where: str, caps: Caps = NO_CAPS
    ) -> None:
        super().__init__(engine, owners, clock, where=where, caps=caps)
        self._checked = False
        with self.reading() as connection:
            row = connection.execute(select(workspace.c.value).where(workspace.c.name == "salt")).scalar_one()
        self._salt = bytes.fromhex(row)
        self.suppression = Suppression(self._salt)

    # -- accounts and operations --------------------------------------------------------------------------

    def fingerprint(self, secret: str) -> str:
        """A keyed hash by which the ledger recognises an API key without holding it."""
        return hmac.new(self._salt, secret.encode(), hashlib.sha256).hexdigest()[:16]

    def account(self, provider: str, fingerprint: str) -> str | None:
        """The account a key belongs to; None when the provider was never asked."""
        with self.reading() as connection:
            return _account(connection, provider, fingerprint)

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
        self,
        operation_id: int | None,
        keys: Sequence[str],
        *,
        fresh_after: Mapping[int, int],
        hashes: npt.NDArray[np.int64] | None = None,
    ) -> npt.NDArray[np.int8]:
        """For each of n keys a FactState, NEVER_ASKED or STALE; one query for all of them.

        INTENT is under way in a living run; what was left by one that has ended is IN_DOUBT.
        ``fresh_after``: FactState → the second before which an answer is stale. ``hashes``: of the keys, if they are
        at hand.
        """
        if operation_id is None or not keys:
            return np.zeros(len(keys), dtype=np.int8)
        with self.reading() as connection:
            found = lookup.states(connection, operation_id, keys, fresh_after, hashes)
            under_way = {keys[place]: place for place in map(int, np.flatnonzero(found == FactState.INTENT))}
            if under_way:
                left = self._left(connection, operation_id, list(under_way))
                found[[under_way[key] for key in left]] = FactState.IN_DOUBT
        return found

    def answers(self, operation_id: int | None, keys: Sequence[str]) -> dict[str, Stored]:
        """The stored answers to these keys, fresh or not."""
        if operation_id is None or not keys:
            return {}
        with self.reading() as connection:
            return lookup.answers(connection, operation_id, keys)

    def costs(self, operation_id: int | None, keys: Sequence[str]) -> list[tuple[FactState, float | None]]:
        """For each of these keys its state, and the millicredits that it cost; None where nobody said exactly."""
        if operation_id is None or not keys:
            return []
        with self.reading() as connection:
            return lookup.costs(connection, operation_id, keys)

    def suppressed(self, kind: str, keys: Sequence[str]) -> list[int]:
        """Places in ``keys``, which are of one kind, of people who must not be asked about."""
        with self.reading() as connection:
            return self.suppression.among(connection, kind, keys)

    def suppressed_answers(self, answers: Mapping[str, Mapping[str, Any]]) -> set[str]:
        """Keys whose answer is about somebody who must not be asked about."""
        with self.reading() as connection:
            return self.suppression.in_answers(connection, answers)

    def would_forget(self, identifiers: set[tuple[str, str]]) -> Erased:
        """How many facts and raw bodies :meth:`forget` would take out. Changes nothing."""
        with self.reading() as connection:
            return erasure.count(connection, identifiers)

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

        Whoever was put on the list since the plan was made is not among what it sets out to buy.

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
            keys = self.suppression.without(connection, operation.takes, keys)
            account = _known_account(connection, operation.provider, account)
            operation_id = _operation_id(connection, operation, account)
            if operation_id is None:
                row = {"provider": operation.provider, "account": account, "step": operation.step}
                row["wants"] = ",".join(operation.wants)
                operation_id = new_id(connection, insert(operations).values(row))
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
                    wanted=zlib.compress(json.dumps(keys).encode()),
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
            found = history.run_records(connection, "id", run_id)
        if not found:
            raise _no_run(run_id)
        return found[0]

    def run_by_approval(self, approval: str) -> RunRecord | None:
        """The run that has used up this approval; None if it is still to be used."""
        with self.reading() as connection:
            found = history.run_records(connection, "approval", approval)
        return found[0] if found else None

    def runs(self, user: str | None = None) -> list[RunRecord]:
        """Runs, newest first: those that a user approved, or everybody's."""
        with self.reading() as connection:
            if user is None:
                return history.run_records(connection)
            return history.run_records(connection, "approved_by", user)

    def run_keys(self, run_id: str) -> list[str]:
        """The keys that a run set out to buy."""
        with self.reading() as connection:
            return history.run_keys(connection, run_id)

    def calls(self, run_id: str) -> list[CallRecord]:
        """The calls of a run, in the order in which they were reserved."""
        with self.reading() as connection:
            return history.call_records(connection, run_id)

    def doubtful(self, user: str | None = None) -> list[DoubtfulFact]:
        """Every fact that may have been paid for, and nobody knows: of a user's own runs, or everybody's."""
        with self.reading() as connection:
            return history.doubtful_facts(connection, self.owners.alive, user)

    def note_output(self, run_id: str, path: str, digest: str, backup: str | None) -> None:
        """Note for whoever goes on with a run what its output holds, and where the source is that it replaced."""
        with self.writing() as connection:
            found = connection.execute(select(runs.c.context).where(runs.c.id == run_id)).scalar_one()
            context = json.loads(found)
            context.setdefault("files", {})[path] = digest
            if backup is not None:
                context["original"] = backup
            connection.execute(update(runs).where(runs.c.id == run_id).values(context=json.dumps(context)))

    def end_run(self, run_id: str, state: str, why: str = "") -> None:
        with self.writing() as connection:
            connection.execute(
                update(runs)
                .where(runs.c.id == run_id)
                .values(state=state, stopped_why=why, ended_at=self.now())
            )


def key_account(fingerprint: str) -> str:
    """The name under which facts are kept while a provider has not told whose key it is."""
    return f"key {fingerprint}"


def _account(connection: Connection, provider: str, fingerprint: str) -> str | None:
    asked = {"of": provider, "key": fingerprint}
    found: str | None = connection.execute(_ACCOUNT, asked).scalar_one_or_none()
    return found


_ACCOUNT = select(accounts.c.account).where(
    accounts.c.provider == bindparam("of"), accounts.c.fingerprint == bindparam("key")
)


def _known_account(connection: Connection, provider: str, account: str) -> str:
    """The account's own name, if another process has learned it since this one looked.

    Under two names one account would buy the same fact twice.
    """
    fingerprint = account.removeprefix(key_account(""))
    known = _account(connection, provider, fingerprint)
    return known if known is not None and account == key_account(fingerprint) else account


def _no_run(run_id: str) -> RunNotFoundError:
    msg = f"There is no run {run_id} in this workspace. See: leadkit ledger, with --sandbox for the sandbox's"
    return RunNotFoundError(msg)


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
