"""Who is alive: a lock that the operating system drops when its process dies.

A reservation names its owner. A timestamp could not tell a slow owner from a dead one, and a process id is
given to the next process; a held lock can do neither wrong.
"""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Protocol

from filelock import FileLock, Timeout

from leadkit.errors import LedgerError


class Owner(Protocol):
    """A living owner of reservations."""

    id: str

    def release(self) -> None: ...


class Owners(Protocol):
    """Makes owners, and tells whether one is still alive."""

    def start(self) -> Owner: ...

    def alive(self, owner: str) -> bool: ...


class _FileOwner:
    def __init__(self, folder: Path) -> None:
        self.id = secrets.token_hex(8)
        self._path = folder / f"{self.id}.lock"
        self._lock = FileLock(self._path, mode=0o600, thread_local=False)
        self._lock.acquire(blocking=False)

    def release(self) -> None:
        self._path.unlink(missing_ok=True)
        self._lock.release()


class FileOwners:
    """Owners on one machine, each a locked file in a folder beside the ledger."""

    def __init__(self, folder: Path) -> None:
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            msg = f"The folder {folder} cannot be made: {error.strerror}. Nothing was sent."
            raise LedgerError(msg) from error
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
