"""A rate limit that processes on one key share: the :class:`~leadkit.pace.Window` as a row in a database.

Processes on one machine share a small SQLite file beside the ledger, and machines the team's PostgreSQL. Nothing in
the row is durable: a crash of the machine may lose it, and the provider's next answer sets it right.
"""

from __future__ import annotations

import json
import logging
import math
import sqlite3
import threading
import zlib
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    MetaData,
    Table,
    Text,
    event,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.exc import SQLAlchemyError

from leadkit.clock import Clock
from leadkit.errors import LedgerError
from leadkit.ledger.database import make_private, reason_of, sqlite_engine
from leadkit.ledger.owners import Owners
from leadkit.pace import Window
from leadkit.providers.base import RateLimit

T = TypeVar("T")

_log = logging.getLogger("leadkit")

_metadata = MetaData()
_paces = Table(
    "paces",
    _metadata,
    Column("provider", Text, primary_key=True),
    Column("fingerprint", Text, primary_key=True),
    Column("state", Text, nullable=False),  # JSON, see _encode
)

#: Threads that wait ask the database together, and no more often than every so many seconds.
_LOOK_AGAIN_SECONDS = 0.05
#: How often to look whether those who have requests under way are still alive.
_LOOK_FOR_DEAD_SECONDS = 1.0
#: How long another process may hold the row before this one goes on without it.
_BUSY_SECONDS = 2.0
#: How long this process keeps the count by itself when the database failed.
_BY_ITSELF_SECONDS = 60.0
#: Of a higher limit the row would grow long, and no run comes near it: each process counts for itself.
_HIGHEST_SHARED_LIMIT = 2_000
#: An answer that is outstanding for so long never comes: its process has ended.
_LONGEST_IDLE_SECONDS = 300.0


def open_pace_file(path: Path) -> Engine:
    """The database for processes on one machine; only its owner can read it. Made when it is first used."""

    def connect() -> sqlite3.Connection:
        make_private(path)
        return sqlite3.connect(path, _BUSY_SECONDS, check_same_thread=False)

    engine = sqlite_engine(connect)

    @event.listens_for(engine, "connect")
    def _on_connect(connection: sqlite3.Connection, _: Any) -> None:
        connection.execute("PRAGMA synchronous=OFF")  # a request must not wait for the disk

    return engine


class SharedState:
    """A window for all processes that use one key of a provider. A :class:`~leadkit.pace.PaceState`.

    When the database cannot be used, the process keeps the count by itself for a minute and says so in the log:
    at worst the provider turns a request away, which costs nothing.

    Parameters
    ----------
    engine
        A SQLite file from :func:`open_pace_file`, or the team's PostgreSQL.
    provider, fingerprint
        Whose limit it is. The fingerprint is the ledger's keyed hash of the key, never the key.
    limit
        The documented limit.
    clock
        The clock of whoever takes from the window.
    owners
        Tells which processes have died; what they had under way keeps nobody waiting for an answer then.
    """

    def __init__(
        self,
        engine: Engine,
        provider: str,
        fingerprint: str,
        limit: RateLimit,
        clock: Clock,
        owners: Owners,
    ) -> None:
        self._engine = engine
        self._provider = provider
        self._limit = limit
        self._clock = clock
        self._lock = threading.Lock()
        number = zlib.crc32(f"leadkit pace {provider} {fingerprint}".encode())
        self._postgres_lock = {"lock": number, "busy": f"{_BUSY_SECONDS:g}s"}
        mine = (_paces.c.provider == provider) & (_paces.c.fingerprint == fingerprint)
        self._read = select(_paces.c.state).where(mine)
        self._insert = insert(_paces).values(provider=provider, fingerprint=fingerprint)
        self._update = update(_paces).where(mine)
        self._owners, self._owner = owners, owners.start()
        # Requests of several processes are in one window: their numbers say whose each is.
        self._window = Window(limit.requests, limit.seconds, last=_first_number(self._owner.id))
        self._known_until = self._by_itself_until = self._looked_for_dead_at = -math.inf
        self._table_made = self._said = False

    def change(self, step: Callable[[Window], T]) -> T:
        """Apply ``step`` to the window, alone among all processes, and keep what it makes of it.

        ``step`` may be applied twice, to two copies of the window; what it returned for the one that is kept is
        returned.
        """
        with self._lock:
            now = self._clock.monotonic()
            highest = max(self._window.limit, self._window.told_limit)
            if highest > _HIGHEST_SHARED_LIMIT or now < self._by_itself_until:
                return step(self._window)
            if now < self._known_until:
                window = _copy(self._window)
                made = step(window)
                if window.under_way == self._window.under_way:
                    return made  # only a look: it sent nothing and learned nothing
            try:
                return self._change_shared(step)
            except (SQLAlchemyError, LedgerError, OSError) as error:
                self._by_itself_until = now + _BY_ITSELF_SECONDS
                self._say(f"cannot be shared with other processes ({reason_of(error)})")
                return step(self._window)

    def close(self) -> None:
        """Nothing more will be sent by this process."""
        self._owner.release()

    def _change_shared(self, step: Callable[[Window], T]) -> T:
        with self._engine.begin() as connection:
            shift = self._begin(connection)
            row = connection.execute(self._read).scalar_one_or_none()
            window, moved = self._load(row, shift)
            before = dict(window.under_way)
            self._lose_what_the_dead_sent(window)
            made = step(window)
            if moved or window.under_way != before:
                state = _encode(window, self._clock.monotonic(), shift)
                connection.execute((self._insert if row is None else self._update).values(state=state))
        self._window = window
        self._known_until = self._clock.monotonic() + _LOOK_AGAIN_SECONDS
        return made

    def _begin(self, connection: Connection) -> float:
        """Keep everybody else out; returns how far this process's clock is ahead of the one in the row.

        On one machine all processes read the same monotonic clock. Machines have only the database's in common.
        """
        shift = 0.0
        if connection.dialect.name == "postgresql":
            database_now: float = connection.execute(_BEGIN_POSTGRES, self._postgres_lock).one()[-1]
            shift = self._clock.monotonic() - database_now
        if not self._table_made:
            _metadata.create_all(connection)
            self._table_made = True
        return shift

    def _load(self, row: str | None, shift: float) -> tuple[Window, bool]:
        """The window, and whether it must be written back even if nothing is done to it."""
        fresh = Window(self._limit.requests, self._limit.seconds, last=self._window.last)
        if row is None:
            return fresh, False
        now = self._clock.monotonic()
        try:
            window, idle = _decode(row, fresh, now, shift)
        except (ValueError, TypeError, KeyError) as error:
            self._say(f"was not readable and starts anew ({type(error).__name__})")
            return fresh, False
        # What nobody touched for a whole window says nothing about the next one: one request goes ahead again.
        long_ago = _LONGEST_IDLE_SECONDS if window.under_way else 0.0
        if idle > max(long_ago, self._limit.seconds):
            return fresh, False
        return window, idle < 0

    def _lose_what_the_dead_sent(self, window: Window) -> None:
        now = self._clock.monotonic()
        if now - self._looked_for_dead_at < _LOOK_FOR_DEAD_SECONDS:
            return
        self._looked_for_dead_at = now
        others = {_owner_of(number) for number in window.under_way} - {self._owner.id}
        dead = {owner for owner in others if not self._owners.alive(owner)}
        for number in [number for number in window.under_way if _owner_of(number) in dead]:
            window.lose(number, now)

    def _say(self, what: str) -> None:
        if not self._said:
            _log.warning("The count of requests to %s %s.", self._provider, what)
            self._said = True


#: An owner's requests are numbered from its id, followed by so many zero bits: more than it will ever send.
_NUMBER_BITS = 48


def _first_number(owner: str) -> int:
    return int(owner, 16) << _NUMBER_BITS


def _owner_of(number: int) -> str:
    return f"{number >> _NUMBER_BITS:016x}"


def _copy(window: Window) -> Window:
    return replace(window, under_way=dict(window.under_way), counted=deque(window.counted))


def _encode(window: Window, now: float, shift: float) -> str:
    """The window as JSON, its times on the row's clock: ``shift`` seconds behind this process's."""

    def shared(at: float) -> float:
        return round(at - shift, 4)

    return json.dumps(
        {
            "at": shared(now),
            "under_way": [[number, shared(at)] for number, at in window.under_way.items()],
            "counted": [shared(at) for at in window.counted],
            "fastest": window.fastest,
            "told_limit": window.told_limit,
            "reset_at": None if window.reset_at is None else shared(window.reset_at),
            "alone": window.alone,
            "anew_since": shared(window.anew_since),
            "ahead": None if window.ahead is None else [ahead + shift for ahead in window.ahead],
        }
    )


def _decode(row: str, fresh: Window, now: float, shift: float) -> tuple[Window, float]:
    """The window on this process's clock, and how many seconds ago it was last written.

    Less than 0 when the row's clock went back, such as after a restart; that is taken as if no time had passed.
    """
    stored = json.loads(row)
    idle = now - (stored["at"] + shift)
    shift += min(idle, 0.0)
    window = replace(
        fresh,
        under_way={int(number): at + shift for number, at in stored["under_way"]},
        counted=deque(at + shift for at in stored["counted"]),
        fastest=float(stored["fastest"]),
        told_limit=int(stored["told_limit"]),
        reset_at=None if stored["reset_at"] is None else stored["reset_at"] + shift,
        alone=bool(stored["alone"]),
        anew_since=stored["anew_since"] + shift,
        ahead=None if stored["ahead"] is None else _pair(stored["ahead"], shift),
    )
    return window, idle


def _pair(ahead: list[float], shift: float) -> tuple[float, float]:
    least, most = ahead
    return least - shift, most - shift


#: Like the ledger's own lock, but another one: who waits for a write to the ledger keeps nobody's request back.
_BEGIN_POSTGRES = text(
    "SELECT set_config('synchronous_commit', 'off', true), set_config('lock_timeout', :busy, true), "
    "pg_advisory_xact_lock(:lock), extract(epoch FROM clock_timestamp())::float8"
)
