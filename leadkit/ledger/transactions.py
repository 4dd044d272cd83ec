"""Durable transactions on the ledger's database, and the clock that stamps what is written in them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine

from leadkit.clock import Clock
from leadkit.ledger.database import guarded, wait_for_other_writers


class Transactions:
    """A database to read and to write. ``where`` names it in messages."""

    def __init__(self, engine: Engine, clock: Clock, *, where: str) -> None:
        self._engine = engine
        self._clock = clock
        self.where = where
        self._writer = threading.Lock()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one state of the ledger. Raises LedgerError when it cannot be read."""
        with guarded(self.where), self._engine.connect() as connection:
            yield connection.execution_options(leadkit_reads=True)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """The one writing transaction; on the disk when the block ends, or undone when it raises.

        Raises
        ------
        LedgerBusyError
            Another program has held the ledger for too long.
        LedgerError
            It cannot be written.
        """
        # Threads queue up here, for as long as it takes. In a database a waiter is passed over, and then fails.
        with self._writer, guarded(self.where), self._engine.begin() as connection:
            wait_for_other_writers(connection)
            yield connection

    def now(self) -> int:
        """The second since 1970, UTC; see the clock on what may read it."""
        return int(self._clock.now().timestamp())

    def close(self) -> None:
        """Close the connections. Another call opens them again."""
        self._engine.dispose()
