"""How long the ledger keeps what it learned about people. What was paid, and when, stays recorded.

An answer goes when its operation no longer trusts it, and with it whom it was about: a hash stays in place of the
key. What came over the wire goes a week after it was read, and what a run set out to buy when its answers would.
An answer that is trusted for good, such as an unlocked lead, stays until the person is forgotten.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Connection, delete, insert, select, update

from leadkit.clock import DAY_SECONDS
from leadkit.ledger.erasure import HIDDEN, hide_keys
from leadkit.ledger.owners import Owners
from leadkit.ledger.schema import (
    NO_KEYS,
    CallState,
    FactState,
    answers,
    bodies,
    calls,
    facts,
    operations,
    runs,
    verdicts,
    workspace,
)
from leadkit.ledger.suppression import Suppression

if TYPE_CHECKING:
    from leadkit.ledger.ledger import Ledger

#: How long a raw body is kept after it was read, in case the reading was wrong.
BODY_DAYS = 7
#: How long a page of a search is kept and shown again: who is where changes daily, a list in work does not.
PAGE_KEEPS_DAYS = 1
#: How long answers are kept that no provider here has a rule for, because it is not installed any more.
DEFAULT_DAYS = 90


@dataclass(frozen=True, slots=True)
class Keeps:
    """How many days an operation's answers are kept, and how many its misses; None for good."""

    days: int | None
    miss_days: int | None


#: Provider, step and wants of an operation → how long its answers are kept.
KeepsOf = Callable[[str, str, Sequence[str]], Keeps]


@dataclass(frozen=True, slots=True)
class Purged:
    """How many answers and raw bodies were deleted."""

    answers: int = 0
    bodies: int = 0


def purge(ledger: Ledger, keeps_of: KeepsOf) -> Purged:
    """Delete what is past its time. The charges stay.

    Raises
    ------
    LedgerError
        The ledger cannot be written. Nothing was deleted.
    """
    with ledger.writing() as connection:
        return _purge(ledger, connection, keeps_of, now=ledger.now(), as_of=ledger.now())


def purge_daily(ledger: Ledger, keeps_of: KeepsOf) -> Purged:
    """:func:`purge`, unless it was done within a day; for whoever opens the ledger.

    Deleted is what was past its time when this was last done: a clock that is wrong for a while deletes nothing
    that was paid for, and a plan of the same day still finds its answers.
    """
    with ledger.reading() as connection:
        if not _due(_last(connection), ledger.now()):
            return Purged()
    with ledger.writing() as connection:
        now, last = ledger.now(), _last(connection)
        if not _due(last, now):
            return Purged()  # another process was faster
        return _purge(ledger, connection, keeps_of, now=now, as_of=min(last or 0, now))


def _last(connection: Connection) -> int | None:
    """When a purge was last done, in seconds since 1970."""
    value = connection.execute(select(workspace.c.value).where(_LAST)).scalar_one_or_none()
    return None if value is None else int(value)


def _due(last: int | None, now: int) -> bool:
    return last is None or not 0 <= now - last < DAY_SECONDS


def _purge(ledger: Ledger, connection: Connection, keeps_of: KeepsOf, *, now: int, as_of: int) -> Purged:
    gone_answers = gone_bodies = 0
    for row in connection.execute(select(operations)).all():
        keeps = keeps_of(row.provider, row.step, row.wants.split(",") if row.wants else [])
        for days, states in (
            (keeps.days, (FactState.FOUND, FactState.SUPPRESSED)),
            (keeps.miss_days, (FactState.NOT_FOUND,)),
        ):
            if days is not None:
                before = as_of - days * DAY_SECONDS
                gone_answers += _delete_answers(connection, ledger.suppression, row.id, states, before)
        days = BODY_DAYS if keeps.days is None else min(BODY_DAYS, keeps.days)
        gone_bodies += _delete_bodies(connection, row.id, as_of - days * DAY_SECONDS)
        longest = DEFAULT_DAYS if keeps.days is None else max(keeps.days, keeps.miss_days or 0)
        _empty_runs(connection, ledger.owners, row.id, as_of - longest * DAY_SECONDS)
    connection.execute(delete(workspace).where(_LAST))
    connection.execute(insert(workspace).values(name=_LAST_NAME, value=str(now)))
    return Purged(gone_answers, gone_bodies)


def _delete_answers(
    connection: Connection,
    suppression: Suppression,
    operation_id: int,
    states: Sequence[FactState],
    before: int,
) -> int:
    # Not of facts that are being bought anew: their answer comes back in force if that fails.
    expired = (
        facts.c.operation_id == operation_id,
        facts.c.state.in_(states),
        facts.c.fetched_at < before,
        ~facts.c.key.startswith(HIDDEN),
    )
    rows = connection.execute(select(facts.c.id, facts.c.key).where(*expired)).all()
    of_expired = answers.c.fact_id.in_(select(facts.c.id).where(*expired))
    count = connection.execute(delete(answers).where(of_expired)).rowcount
    of_expired = verdicts.c.fact_id.in_(select(facts.c.id).where(*expired))
    connection.execute(delete(verdicts).where(of_expired))
    hide_keys(connection, suppression, operation_id, {row.id: row.key for row in rows})
    return count


def _empty_runs(connection: Connection, owners: Owners, operation_id: int, before: int) -> None:
    """Take out whom runs set out to ask for, and what a search was for. Such a run has nothing to go on with."""
    old = (
        runs.c.operation_id == operation_id,
        runs.c.started_at < before,
        (runs.c.wanted != NO_KEYS) | runs.c.context.contains('"filters"'),
    )
    query = select(runs.c.id, runs.c.state, runs.c.owner, runs.c.context).where(*old)
    for run_id, state, owner, context in connection.execute(query).all():
        if state != "running" or not owners.alive(owner):
            kept = {name: value for name, value in json.loads(context).items() if name != "filters"}
            emptied = update(runs).where(runs.c.id == run_id)
            connection.execute(emptied.values(wanted=NO_KEYS, context=json.dumps(kept)))


def _delete_bodies(connection: Connection, operation_id: int, before: int) -> int:
    """Raw bodies that were read. One that left something out stays for as long as that is in doubt."""
    doubtful = calls.alias()
    in_doubt = (
        select(doubtful.c.id)
        .where(
            doubtful.c.run_id == calls.c.run_id,
            doubtful.c.state == CallState.IN_DOUBT,
            doubtful.c.reserved_at
            == calls.c.reserved_at,  # what was left out was set apart with that in common
        )
        .exists()
    )
    read = calls.c.state.in_([CallState.SETTLED, CallState.RELEASED])
    of_read = select(calls.c.id).where(calls.c.operation_id == operation_id, read, ~in_doubt)
    old = (bodies.c.received_at < before) & bodies.c.call_id.in_(of_read)
    return connection.execute(delete(bodies).where(old)).rowcount


_LAST_NAME = "purged_at"
_LAST = workspace.c.name == _LAST_NAME
