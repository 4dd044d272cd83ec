"""Bringing a ledger that an older leadkit wrote up to today's tables, step by step, in one transaction.

New tables need no step: they are made when they are missing. A change to a table that is there, or an index on
it, gets a step here, under the version it starts from, and ``SCHEMA_VERSION`` goes up by one. Steps are never
changed later, and use no table from ``schema.py``, which describes today's tables and not those of back then.
A ledger of each version is kept in ``tests/ledger/versions``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy import Connection, text

from leadkit.errors import LedgerError

Step = Callable[[Connection], None]

#: Version → what brings a ledger from it to the next.
STEPS: Mapping[int, Step] = {}


def upgrade(connection: Connection, found: int, wanted: int, where: str) -> None:
    """Bring the tables from version ``found`` to ``wanted``, inside the caller's transaction.

    Raises
    ------
    LedgerError
        A newer leadkit wrote this ledger, or one so old that nothing leads from it to here. It stays as it is.
    """
    if found > wanted:
        msg = f"The ledger {where} was written by a newer leadkit. Nothing was sent. Update leadkit."
        raise LedgerError(msg)
    for version in range(found, wanted):
        if version not in STEPS:
            msg = f"The ledger {where} has tables of version {version}, which this leadkit cannot read."
            raise LedgerError(f"{msg} Nothing was sent.")
        STEPS[version](connection)
    if found < wanted:
        connection.execute(
            text("UPDATE workspace SET value = :value WHERE name = 'schema'"), {"value": str(wanted)}
        )
