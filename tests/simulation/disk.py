"""The ledger's disk: real SQLite on a real file, where a statement may fail and a process may die at any of them.

Power loss is not simulated, so the files live in memory where there is such a place.
"""

from __future__ import annotations

import math
import os
import random
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.pool import ConnectionPoolEntry, Pool

from leadkit.ledger.database import open_sqlite, sqlite_engine
from tests.simulation.schedule import Schedule
from tests.simulation.scheduler import Process, Scheduler

_WRITES = ("INSERT", "UPDATE", "DELETE")
_FAILURES = {
    "locked": "database is locked",
    "disk_full": "database or disk is full",
    "io_error": "disk I/O error",
    "read_only": "attempt to write a readonly database",
    "commit_lost": "disk I/O error",
}


class Disk:
    """One schedule's ledger: who is writing to it, and what goes wrong."""

    def __init__(
        self, books: sqlite3.Connection, scheduler: Scheduler, schedule: Schedule, rng: random.Random
    ) -> None:
        self.books = books  # the checker's own look at what is committed
        self.failing = True
        self._scheduler = scheduler
        self._schedule = schedule
        self._rng = rng
        self._held: dict[Process | None, list[SimulatedConnection]] = {}
        self._writer: SimulatedConnection | None = None

    def give(self, connection: SimulatedConnection) -> None:
        """The process that is going on gets the connection, until it gives it back or dies."""
        task = self._scheduler.task
        process = task.process if task else None
        if process not in self._held:
            self._held[process] = []
            if process is not None:
                process.on_death.append(lambda: self._drop(process))
        self._held[process].append(connection)
        connection.disk = self

    def take_back(self, connection: SimulatedConnection) -> None:
        self.finished(connection)
        connection.disk = None
        for held in self._held.values():
            if connection in held:
                held.remove(connection)

    def _drop(self, process: Process | None) -> None:
        """A process is gone: what it did not commit never was."""
        for connection in self._held.pop(process, []):
            self.finished(connection)
            connection.disk = None
            connection.close()

    def close(self) -> None:
        for process in list(self._held):
            self._drop(process)

    # -- what happens at each statement ----------------------------------------------------------------------

    def before(self, connection: SimulatedConnection, sql: str) -> None:
        """Called before a statement; may let others go on, and may raise what SQLite would raise."""
        scheduler = self._scheduler
        if sql.startswith("BEGIN IMMEDIATE"):
            scheduler.pause("begins to write")
            while self._writer is not None:
                scheduler.pause("waits for the ledger", seconds=math.inf, ready=lambda: self._writer is None)
            if fault := self._fault("locked", "read_only"):
                if fault == "locked":
                    scheduler.pause("waits in vain for the ledger", seconds=30.0)
                self._raise(connection, fault)
            self._writer = connection
        elif sql.startswith("BEGIN"):
            scheduler.pause("begins to read")
        elif sql.startswith(_WRITES):
            if self._schedule.inside_transactions:
                scheduler.pause(sql.split("(")[0].split(" SET")[0].strip().lower())
            if fault := self._fault("disk_full", "io_error"):
                self._raise(connection, fault)

    def before_commit(self, connection: SimulatedConnection) -> None:
        self._scheduler.pause("is about to commit")
        if fault := self._fault("disk_full", "io_error"):
            self._raise(connection, fault)

    def after_commit(self, connection: SimulatedConnection) -> None:
        self.finished(connection)
        if fault := self._fault("commit_lost"):
            self._raise(connection, fault)
        self._scheduler.pause("committed")

    def finished(self, connection: SimulatedConnection) -> None:
        if self._writer is connection:
            self._writer = None

    def _fault(self, *kinds: str) -> str | None:
        """What goes wrong here, if anything."""
        kinds = tuple(kind for kind in kinds if self._schedule.has(kind))
        if not kinds or not self.failing or self._scheduler.task is None:
            return None
        return self._rng.choice(kinds) if self._rng.random() < self._schedule.store_fault_rate else None

    def _raise(self, connection: SimulatedConnection, fault: str) -> None:
        task = self._scheduler.task
        assert task is not None
        self._scheduler.note(task.process, f"is told: {_FAILURES[fault]}")
        # After such an error SQLite has rolled the transaction back by itself.
        sqlite3.Connection.rollback(connection)
        self.finished(connection)
        raise sqlite3.OperationalError(_FAILURES[fault])


class SimulatedConnection(sqlite3.Connection):
    """A connection of a simulated process."""

    disk: Disk | None = None
    closed = False

    def close(self) -> None:
        self.closed = True
        super().close()

    def cursor(self, *args: Any) -> Any:
        return super().cursor(SimulatedCursor)

    def commit(self) -> None:
        writes = self.disk is not None and self.disk._writer is self
        if writes and self.disk:
            self.disk.before_commit(self)
        super().commit()
        if writes and self.disk:
            self.disk.after_commit(self)

    def rollback(self) -> None:
        super().rollback()
        if self.disk:
            self.disk.finished(self)


class SimulatedCursor(sqlite3.Cursor):
    def execute(self, sql: str, *parameters: Any) -> Any:
        self._before(sql)
        return super().execute(sql, *parameters)

    def executemany(self, sql: str, parameters: Any) -> Any:
        self._before(sql)
        return super().executemany(sql, parameters)

    def _before(self, sql: str) -> None:
        connection = self.connection
        if isinstance(connection, SimulatedConnection) and connection.disk:
            connection.disk.before(connection, sql)


class Connections(Pool):
    """Open connections that nobody uses: opening one costs as much as what most processes do with it."""

    disk: Disk

    def __init__(self, creator: Callable[[], SimulatedConnection], **options: Any) -> None:
        super().__init__(creator, **options)
        self._idle: list[ConnectionPoolEntry] = []

    def _do_get(self) -> ConnectionPoolEntry:
        entry = self._idle.pop() if self._idle else self._create_connection()
        self.disk.give(_opened(entry))
        return entry

    def _do_return_conn(self, record: ConnectionPoolEntry) -> None:
        connection = _opened(record)
        if connection.closed:  # its process was killed
            record.close()
            return
        self.disk.take_back(connection)
        self._idle.append(record)

    def dispose(self) -> None:
        while self._idle:
            self._idle.pop().close()


def _opened(entry: ConnectionPoolEntry) -> SimulatedConnection:
    connection = entry.dbapi_connection
    assert isinstance(connection, SimulatedConnection)
    return connection


class Disks:
    """Makes a fresh ledger for each schedule: a file that is emptied in between.

    One engine serves them all, so that statements compile once.
    """

    def __init__(self, folder: Path) -> None:
        self._template = folder / "template" / "ledger.sqlite"
        open_sqlite(self._template).dispose()
        self._path = folder / "ledger.sqlite"
        self._books: sqlite3.Connection | None = None
        self._changed = False
        self._current: Disk | None = None
        self.engine: Engine = sqlite_engine(self._connect, poolclass=Connections)

    def _connect(self) -> SimulatedConnection:
        return sqlite3.connect(self._path, timeout=0, factory=SimulatedConnection)

    def fresh(
        self,
        scheduler: Scheduler,
        schedule: Schedule,
        rng: random.Random,
        change: Callable[[sqlite3.Connection], None] | None = None,
    ) -> Disk:
        if self._current is not None:
            self._current.close()
        if self._books is None or self._changed or change is not None:
            self._books = self._new_file(change)
        else:
            self._empty(self._books)
        self._current = Disk(self._books, scheduler, schedule, rng)
        self.engine.pool.disk = self._current  # type: ignore[attr-defined]
        return self._current

    def _new_file(self, change: Callable[[sqlite3.Connection], None] | None) -> sqlite3.Connection:
        self.close()
        shutil.copyfile(self._template, self._path)
        self._changed = change is not None
        books = sqlite3.connect(self._path)
        if change is not None:
            with books:
                change(books)
        return books

    @staticmethod
    def _empty(books: sqlite3.Connection) -> None:
        with books:
            for (table,) in books.execute(_TABLES).fetchall():
                books.execute(f"DELETE FROM {table}")

    def close(self) -> None:
        self.engine.pool.dispose()
        if self._books is not None:
            self._books.close()
        for left in self._path.parent.glob(f"{self._path.name}*"):
            left.unlink()


_TABLES = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'workspace'"


@contextmanager
def disks() -> Iterator[Disks]:
    """A place for ledgers that nobody needs afterwards."""
    in_memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="leadkit-simulation-", dir=in_memory) as folder:
        made = Disks(Path(folder))
        try:
            yield made
        finally:
            made.close()
