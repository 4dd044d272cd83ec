"""The durable record of answers, reservations and charges, in SQLite or PostgreSQL."""

from leadkit.ledger.claim import Claim
from leadkit.ledger.database import open_postgres, open_sqlite
from leadkit.ledger.ledger import Ledger
from leadkit.ledger.lookup import NEVER_ASKED, STALE, Stored
from leadkit.ledger.owners import FileOwners, Owner, Owners, PostgresOwners
from leadkit.ledger.schema import CallState, FactState

__all__ = [
    "NEVER_ASKED",
    "STALE",
    "CallState",
    "Claim",
    "FactState",
    "FileOwners",
    "Ledger",
    "Owner",
    "Owners",
    "PostgresOwners",
    "Stored",
    "open_postgres",
    "open_sqlite",
]
