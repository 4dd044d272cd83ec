"""Who is alive: a lock that the operating system drops when its process dies.

A reservation names its owner. A timestamp could not tell a slow owner from a dead one, and a process id is
given to the next process; a held lock can do neither wrong.
"""

from __future__ import annotations

import secrets
import time
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from filelock import FileLock, Timeout
from sqlalchemy import Engine, func, select, text
from sqlalchemy.exc import SQLAlchemyError

from leadkit.errors import LedgerError
from leadkit.ledger.database import IN_POSTGRES, guarded

#: What is said of a call that was left by an owner who is alive no more.
GONE = "the process that sent this ended before the answer"


class Owner(Protocol):
    """A living owner of reservations."""

    id: str

    def release(self) -> None: ...


class Owners(Protocol):
    """Makes owners, and tells whether one is still alive and how long ago something was."""

    def start(self) -> Owner: ...

    def alive(self, owner: str) -> bool: ...

    def moment(self) -> str:
        """This moment, on a clock that nobody can set."""

    def seconds_since(self, moment: str) -> float | None:
        """How long ago ``moment`` was; None when this machine cannot know, so that a person is asked."""


class BootClock:
    """Seconds since the machine was started, which go on while it sleeps and do not jump when it is set.

    Where the system does not name its starts, a moment means something to the process that took it only.
    """

    _clock: int | None

    def __init__(self) -> None:
        try:
            self._start = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
            self._clock = time.CLOCK_BOOTTIME
        except (OSError, AttributeError):
            self._start = secrets.token_hex(8)
            self._clock = None

    def moment(self) -> str:
        return f"{self._seconds():.0f} {self._start}"

    def seconds_since(self, moment: str) -> float | None:
        seconds, _, start = moment.partition(" ")
        return self._seconds() - int(seconds) if start == self._start else None

    def _seconds(self) -> float:
        return time.monotonic() if self._clock is None else time.clock_gettime(self._clock)


class _FileOwner:
    def __init__(self, folder: Path) -> None:
        self.id = secrets.token_hex(8)
        self._path = folder / f"{self.id}.lock"
        self._lock = FileLock(self._path, mode=0o600, thread_local=False)
        self._lock.acquire(blocking=False)

    def release(self) -> None:
        self._path.unlink(missing_ok=True)
        self._lock.release()


class FileOwners(BootClock):
    """Owners on one machine, each a locked file in a folder beside the ledger."""

    def __init__(self, folder: Path) -> None:
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            msg = f"The folder {folder} cannot be made: {error.strerror}. Nothing was sent."
            raise LedgerError(msg) from error
        super().__init__()
        self._folder = folder

    def start(self) -> Owner:
        try:
            return _FileOwner(self._folder)
        except OSError as error:
            msg = f"No lock can be made in {self._folder}: {error.strerror}. Nothing was sent."
            raise LedgerError(msg) from error

    def alive(self, owner: str) -> bool:
        path = self._folder / f"{owner}.lock"
        if not path.exists():
            return False
        lock = FileLock(path, thread_local=False)
        try:
            lock.acquire(blocking=False)
        except Timeout:
            return True
        path.unlink(missing_ok=True)
        lock.release()
        return False


class _PostgresOwner:
    def __init__(self, engine: Engine) -> None:
        self.id = secrets.token_hex(8)
        # A connection of its own for as long as the owner lives: the lock ends with it, however it ends.
        self._connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        self._connection.detach()
        self._connection.execute(select(func.pg_advisory_lock(_signed(self.id))))

    def release(self) -> None:
        # The server notices the end of a connection a moment later, and who looks meanwhile would wait for nobody.
        with suppress(SQLAlchemyError):
            self._connection.execute(select(func.pg_advisory_unlock_all()))
        self._connection.close()


class PostgresOwners(BootClock):
    """Owners on any machine, each a session's advisory lock in the ledger's own PostgreSQL.

    The server drops the lock when the connection ends. A process that loses its connection while it lives
    counts as dead: its calls are then in doubt, and repeated only where that is free.
    """

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self._engine = engine

    def start(self) -> Owner:
        with guarded(IN_POSTGRES):
            return _PostgresOwner(self._engine)

    def alive(self, owner: str) -> bool:
        number = int(owner, 16)
        query = _LOCK_IS_HELD.bindparams(high=number >> 32, low=number & 0xFFFFFFFF)
        with guarded(IN_POSTGRES), self._engine.connect() as connection:
            return connection.execute(query).first() is not None


# How PostgreSQL lists an advisory lock on one 64-bit number.
_LOCK_IS_HELD = text(
    "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1 "
    "AND classid::bigint = :high AND objid::bigint = :low "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


def _signed(owner: str) -> int:
    return int.from_bytes(bytes.fromhex(owner), signed=True)
