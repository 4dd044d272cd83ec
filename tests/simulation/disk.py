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
from sqlalchemy.pool import NullPool

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
    """One ledger file, the connections of the simulated processes to it, and who is writing."""

    def __init__(self, path: Path, scheduler: Scheduler, schedule: Schedule, rng: random.Random) -> None:
        self.path = path
        self.failing = True
        self._scheduler = scheduler
        self._schedule = schedule
        self._rng = rng
        self._connections: dict[Process | None, list[SimulatedConnection]] = {}
        self._writer: SimulatedConnection | None = None
        self.books = sqlite3.connect(path)  # the checker's own look at what is committed

    def connect(self) -> SimulatedConnection:
        """A connection of the process that is going on; one that it has given back, if there is one."""
        task = self._scheduler.task
        process = task.process if task else None
        if process not in self._connections:
            self._connections[process] = []
            if process is not None:
                process.on_death.append(lambda: self._drop(process))
        for connection in self._connections[process]:
            if connection.idle:
                connection.idle = False
                return connection
        connection = sqlite3.connect(self.path, timeout=0, factory=SimulatedConnection)
        connection.disk = self
        self._connections[process].append(connection)
        return connection

    def _drop(self, process: Process | None) -> None:
        """A process is gone: what it did not commit never was."""
        for connection in self._connections.pop(process, []):
            self.finished(connection)
            connection.disk = None
            connection.close()

    def close(self) -> None:
        for process in list(self._connections):
            self._drop(process)
        self.books.close()

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
    idle = False

    def close(self) -> None:
        if self.disk:
            self.rollback()
            self.idle = True
        else:
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


class Disks:
    """Makes a fresh ledger for each schedule. One engine serves them all, so that statements compile once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._template = folder / "template" / "ledger.sqlite"
        open_sqlite(self._template).dispose()
        self._current: Disk | None = None
        self._number = 0
        self.engine: Engine = sqlite_engine(self._connect, poolclass=NullPool)

    def _connect(self) -> SimulatedConnection:
        assert self._current is not None
        return self._current.connect()

    def fresh(
        self,
        scheduler: Scheduler,
        schedule: Schedule,
        rng: random.Random,
        change: Callable[[sqlite3.Connection], None] | None = None,
    ) -> Disk:
        if self._current is not None:
            self.drop()
        self._number += 1
        folder = self._folder / str(self._number)
        folder.mkdir()
        path = folder / "ledger.sqlite"
        shutil.copyfile(self._template, path)
        if change is not None:
            with sqlite3.connect(path) as connection:
                change(connection)
        self._current = Disk(path, scheduler, schedule, rng)
        return self._current

    def drop(self) -> None:
        if self._current is not None:
            self._current.close()
            shutil.rmtree(self._current.path.parent)
            self._current = None


@contextmanager
def disks() -> Iterator[Disks]:
    """A place for ledgers that nobody needs afterwards."""
    in_memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="leadkit-simulation-", dir=in_memory) as folder:
        made = Disks(Path(folder))
        try:
            yield made
        finally:
            made.drop()
            made.engine.dispose()
