"""Opening the ledger's database: a private SQLite file, or a PostgreSQL that a team shares."""

from __future__ import annotations

import errno
import json
import os
import re
import secrets
import sqlite3
import stat
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, func, insert, inspect, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import Pool, QueuePool

from leadkit.clock import SystemClock
from leadkit.errors import LedgerBusyError, LedgerError
from leadkit.ledger.migrations import upgrade
from leadkit.ledger.schema import SCHEMA_VERSION, metadata, workspace

#: The first with FILTER for every sum, https://sqlite.org/releaselog/3_30_0.html.
OLDEST_SQLITE = (3, 30)
BUSY_SECONDS = 30.0
_LOOK_AGAIN_SECONDS = 0.02
#: A quarter of a million facts; a full check reads that in under a second.
FULL_CHECK_BYTES = 64 * 2**20


def open_sqlite(path: Path) -> Engine:
    """The ledger in a file that only its owner can read; made when it is not there.

    Raises
    ------
    LedgerError
        The folder or file cannot be made, written or trusted. Nothing is sent without a ledger.
    """
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        msg = (
            f"Python here comes with SQLite {sqlite3.sqlite_version}, and the ledger needs "
            f"{'.'.join(map(str, OLDEST_SQLITE))} or later. Nothing was sent. Use another build of Python, or "
            "set LEADKIT_LEDGER to a PostgreSQL database."
        )
        raise LedgerError(msg)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        refuse_network_drive(path)
        make_private(path)
        _refuse_if_others_can_read(path)
    except OSError as error:
        reason = error.strerror or str(error)
        msg = f"The ledger {path} cannot be opened for writing: {reason}. Nothing was sent. {_WHERE}"
        raise LedgerError(msg) from error
    engine = sqlite_engine(lambda: sqlite3.connect(path, BUSY_SECONDS, check_same_thread=False))
    _prepare(engine, str(path))
    return engine


def make_private(path: Path) -> None:
    """Make an empty file that only its owner can read, if there is none, before SQLite makes it: its side files take
    their mode from it.

    A file that is there is never opened. Whoever closes a file makes the system drop all locks that the process holds
    on it, those of SQLite's other connections too (https://sqlite.org/howtocorrupt.html, 2.2). Another process that
    ends would then take their log away, and what they write from then on would be lost, paid or not.

    Raises
    ------
    OSError
        It cannot be made, or read and written, or is a link.
    """
    if path.is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    if not os.access(path, os.R_OK | os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))


def sqlite_engine(connect: Callable[[], sqlite3.Connection], *, poolclass: type[Pool] = QueuePool) -> Engine:
    """An engine whose transactions are the ledger's: durable, and decided on what the writer itself read."""
    engine = create_engine(
        "sqlite://",
        creator=connect,
        poolclass=poolclass,
        hide_parameters=True,  # an error's text must not list people
    )

    @event.listens_for(engine, "connect")
    def _on_connect(connection: sqlite3.Connection, _: Any) -> None:
        # sqlite3 would start transactions by itself, and as readers first: that is how two writers
        # both see room in a budget that has room for one.
        connection.isolation_level = None
        _use_log(connection)
        for pragma in ("synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        reads = connection.get_execution_options().get("leadkit_reads", False)
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

    return engine


def _use_log(connection: sqlite3.Connection) -> None:
    """Write changes to a log first, which makes a commit durable and lets others read meanwhile.

    Of two programs that open a new file at once, SQLite tells one that it is locked and does not wait, as it does
    for all else.
    """
    clock = SystemClock()
    until = clock.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or clock.monotonic() >= until:
                raise
            clock.wait(_LOOK_AGAIN_SECONDS)
        else:
            return


def open_postgres(url: str) -> Engine:
    """The ledger in PostgreSQL. ``url`` as psycopg takes it: ``postgresql://user@host/database``.

    Locks and owners belong to a session, so a pooler in between must keep one session for each connection.
    """
    engine = create_engine(
        re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", url),
        isolation_level="READ COMMITTED",  # a statement sees what was committed before it, the lock included
        pool_pre_ping=True,
        hide_parameters=True,
    )

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _: Any) -> None:
        with connection.cursor() as cursor:
            # A server may be set to answer before the disk has it; for money that is too early.
            cursor.execute("SET synchronous_commit = on")
            cursor.execute(f"SET lock_timeout = {BUSY_SECONDS * 1000:.0f}")
        connection.commit()

    _prepare(engine, IN_POSTGRES)
    return engine


def wait_for_other_writers(connection: Connection) -> None:
    """One writer at a time, so that each decides on what the others have committed; SQLite does so by itself."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_WRITERS)))


#: How a ledger that is no file is called in messages.
IN_POSTGRES = "in PostgreSQL"
_WRITERS = 0x1EAD  # the number only has to be ours
_WHERE = "Set LEADKIT_HOME to a folder that you may write to."


#: File systems of other computers. Their locks cannot be relied on, and SQLite's log needs one computer.
_NETWORK = ("nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "afs", "ceph", "glusterfs", "davfs")


def refuse_network_drive(path: Path, mounts: Path = Path("/proc/mounts")) -> None:
    """Two computers that write one SQLite file destroy it; a lock that only one sees lets both pay."""
    folder = path.parent.resolve()
    kind = ""
    longest = -1
    try:
        lines = mounts.read_text().splitlines()
    except OSError:  # not Linux; nothing says what kind of drive it is
        return
    for line in lines:
        _, mounted, its_kind, *_ = line.split(" ")
        place = Path(mounted.encode().decode("unicode_escape"))  # a blank is written as \\040
        if folder.is_relative_to(place) and len(place.parts) >= longest:
            kind, longest = its_kind, len(place.parts)
    if kind in _NETWORK:
        msg = (
            f"The ledger {path} would be on a network drive ({kind}), where two computers could destroy it. "
            "Nothing was sent. Set LEADKIT_HOME to a folder on this computer, or for a team "
            "LEADKIT_LEDGER to a PostgreSQL database."
        )
        raise LedgerError(msg)


def _refuse_if_others_can_read(path: Path) -> None:
    if os.name != "posix":
        return
    found = path.stat()
    if found.st_uid != os.geteuid():
        msg = f"The ledger {path} belongs to another user. Nothing was sent. {_WHERE}"
        raise LedgerError(msg)
    if stat.S_IMODE(found.st_mode) & 0o077:
        msg = f"The ledger {path} can be read by others. Nothing was sent. Run: chmod 600 '{path}'"
        raise LedgerError(msg)


def _prepare(engine: Engine, where: str) -> None:
    """Make the tables on first use, bring older ones up to date, and refuse those of a newer leadkit."""
    with guarded(where), engine.begin() as connection:
        wait_for_other_writers(connection)
        if inspect(connection).has_table(workspace.name):
            found = select(workspace.c.value).where(workspace.c.name == "schema")
            version = connection.execute(found).scalar_one_or_none() or ""
            if not version.isdecimal():
                msg = f"The ledger {where} is damaged: it has no version. Nothing was sent. Restore a copy of it."
                raise LedgerError(msg)
            upgrade(connection, int(version), SCHEMA_VERSION, where)
            metadata.create_all(connection)
            return
        metadata.create_all(connection)
        # The salt keeps fingerprints and forgotten people from being guessed by hashing candidates.
        rows = [
            {"name": "schema", "value": str(SCHEMA_VERSION)},
            {"name": "salt", "value": secrets.token_hex(32)},
        ]
        connection.execute(insert(workspace), rows)


#: An answer's age decides whether it is bought anew, so it is compared with what its call says of it; 0 is
#: what retention leaves behind.
_OTHER_TIME = """
    SELECT 1 FROM facts JOIN calls ON calls.id = facts.call_id
    WHERE facts.state IN (3, 4, 5) AND facts.fetched_at NOT IN (0, calls.settled_at) LIMIT 1
"""


def check(engine: Engine, where: str) -> None:
    """Refuse a file that SQLite finds damaged. PostgreSQL looks after its own.

    Reads the whole file: every key is in the table and in its index, and a byte that changed in one of them
    shows. Above ``FULL_CHECK_BYTES`` the pages are looked at and the two are not compared, in a third of the time.

    Raises
    ------
    LedgerError
        It is damaged. Nothing is sent on the word of a ledger that is.
    """
    if engine.dialect.name != "sqlite":
        return
    with guarded(where), engine.connect().execution_options(leadkit_reads=True) as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        size = pages * connection.exec_driver_sql("PRAGMA page_size").scalar_one()
        kind = "integrity_check" if size <= FULL_CHECK_BYTES else "quick_check"
        found = connection.exec_driver_sql(f"PRAGMA {kind}(1)").scalar_one()
        if found == "ok" and connection.exec_driver_sql(_OTHER_TIME).first():
            found = "an answer and its call are of different times"
    if found != "ok":
        msg = f"The ledger {where} is damaged ({found}). Nothing was sent. Restore a copy of it."
        raise LedgerError(msg)


@contextmanager
def guarded(where: str) -> Iterator[None]:
    """Turn a database's failure into a LedgerError that says that nothing is sent meanwhile."""
    try:
        yield
    except SQLAlchemyError as error:
        reason = reason_of(error)
        if "locked" in reason or "lock timeout" in reason:
            msg = f"Another program has held the ledger {where} for {BUSY_SECONDS:g} seconds. Try again."
            raise LedgerBusyError(msg) from error
        advice = "Is LEADKIT_LEDGER right, and the server up?" if where == IN_POSTGRES else _WHERE
        msg = f"The ledger {where} cannot be used: {reason}. Nothing is sent while that lasts. {advice}"
        raise LedgerError(msg) from error
    except (json.JSONDecodeError, zlib.error) as error:
        msg = (
            f"The ledger {where} is damaged: {error}. Nothing is sent while that lasts. Restore a copy of it."
        )
        raise LedgerError(msg) from error


def reason_of(error: Exception) -> str:
    """The first line of what the database itself says."""
    return (str(getattr(error, "orig", None) or error).strip().splitlines() or ["unknown reason"])[0]


def scrub(engine: Engine, where: str) -> None:
    """Write out of the files what was deleted from the tables: empty the log and rebuild the file."""
    sqlite_steps = ("PRAGMA wal_checkpoint(TRUNCATE)", "VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)")
    with guarded(where):
        if engine.dialect.name != "sqlite":
            with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("VACUUM FULL")
            return
        raw = engine.raw_connection()  # outside of any transaction, where alone these work
        try:
            raw.rollback()
            for statement in sqlite_steps:
                raw.cursor().execute(statement)
        finally:
            raw.close()
