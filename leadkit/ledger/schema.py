"""The ledger's tables, the same in SQLite and PostgreSQL.

A *fact* is what is paid for once: account + operation + key. A *call* is one request that may cost something;
it carries the reservation and, later, the amount. A *run* is one approved plan. Times are whole seconds since
1970, UTC, by a clock that may be wrong. They decide which answers are too old to be trusted, and to which day's
ceiling a call counts; never whether a call was charged, or may be repeated.
"""

from __future__ import annotations

import zlib
from enum import IntEnum

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

SCHEMA_VERSION = 1

metadata = MetaData()

#: SQLite numbers rows by itself only for a primary key of type INTEGER.
_Id = BigInteger().with_variant(Integer, "sqlite")


class FactState(IntEnum):
    """Where a fact stands. There is no row for a fact that was never asked for, or was released."""

    INTENT = 1  # reserved; perhaps sent
    IN_DOUBT = 2  # sent; nobody knows what became of it
    FOUND = 3
    NOT_FOUND = 4
    SUPPRESSED = 5  # answered: the provider says that this person must not be contacted


class CallState(IntEnum):
    """Where a call stands. INTENT and IN_DOUBT hold their reservation."""

    INTENT = 1
    IN_DOUBT = 2
    SETTLED = 3
    RELEASED = 4  # provably not charged


#: A run's ``wanted`` when there is nothing in it.
NO_KEYS = zlib.compress(b"[]")

workspace = Table(
    "workspace",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

#: Which account a key belongs to, so that two keys of one account share their facts.
accounts = Table(
    "accounts",
    metadata,
    Column("provider", Text, primary_key=True),
    Column("fingerprint", Text, primary_key=True),  # a keyed hash of the API key, never the key
    Column("account", Text, nullable=False),
)

operations = Table(
    "operations",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("provider", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("wants", Text, nullable=False),
    UniqueConstraint("provider", "account", "step", "wants"),
)

runs = Table(
    "runs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("approval", Text, nullable=False, unique=True),  # an approval is used once
    Column("plan_hash", Text, nullable=False),
    Column("operation_id", ForeignKey("operations.id"), nullable=False),
    Column("approved_by", Text, nullable=False),
    Column("approved_millicredits", BigInteger, nullable=False),
    Column("state", Text, nullable=False),  # running, done, stopped, cancelled
    Column("stopped_why", Text, nullable=False, server_default=""),
    Column("owner", Text, nullable=False),  # the lock that its process holds
    Column("wanted", LargeBinary, nullable=False),  # what it set out to buy: zlib of JSON
    Column("fresh_after", Text, nullable=False),  # JSON: state → second; an older answer is bought anew
    Column("preview", Text, nullable=False),  # JSON
    Column("context", Text, nullable=False),  # JSON: the workbook and options, to resume from
    Column("started_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
)
Index("runs_by_user", runs.c.approved_by, runs.c.started_at)

calls = Table(
    "calls",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("run_id", ForeignKey("runs.id"), nullable=False),
    Column("operation_id", ForeignKey("operations.id"), nullable=False),
    Column("state", Integer, nullable=False),
    Column("owner", Text, nullable=False),
    Column("key_count", Integer, nullable=False),
    Column("reserved", BigInteger, nullable=False),  # millicredits, at the maximum price
    Column("least", BigInteger, nullable=False, server_default="0"),  # millicredits
    Column("most", BigInteger, nullable=False, server_default="0"),  # millicredits
    Column("attempts", Integer, nullable=False, server_default="1"),
    Column("request_id", Text),
    Column("http_status", Integer),
    Column("note", Text, nullable=False, server_default=""),
    Column("reserved_at", BigInteger, nullable=False),
    Column("moment", Text, nullable=False),  # the same on a clock that nobody can set; see Owners.moment
    Column("settled_at", BigInteger),
)
Index("calls_by_run", calls.c.run_id, calls.c.state, calls.c.reserved, calls.c.least, calls.c.most)
Index("calls_open", calls.c.state, calls.c.operation_id)
Index("calls_by_day", calls.c.reserved_at)

facts = Table(
    "facts",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("operation_id", ForeignKey("operations.id"), nullable=False),
    Column("key", Text, nullable=False),
    Column("state", Integer, nullable=False),
    Column("call_id", ForeignKey("calls.id"), nullable=False),
    Column("fetched_at", BigInteger, nullable=False, server_default="0"),
)
#: One row for each paid fact, whatever happens. The state is not in it, so that settling leaves it as it is.
Index("facts_by_key", facts.c.operation_id, facts.c.key, unique=True)
Index("facts_by_call", facts.c.call_id)

#: Apart from the facts, so that asking what is known does not read what is known.
#: It stays in place while the fact is bought anew, and comes back if that is released.
answers = Table(
    "answers",
    metadata,
    Column("fact_id", ForeignKey("facts.id", ondelete="CASCADE"), primary_key=True),
    Column("state", Integer, nullable=False),  # FOUND, NOT_FOUND or SUPPRESSED
    Column("call_id", ForeignKey("calls.id"), nullable=False),
    Column("payload", Text, nullable=False),  # JSON object: result field → value
    Column("note", Text, nullable=False, server_default=""),
)

#: What a person said of whoever was found for a key, so that nobody has to be asked twice.
verdicts = Table(
    "verdicts",
    metadata,
    Column("fact_id", ForeignKey("facts.id", ondelete="CASCADE"), primary_key=True),
    Column("person", Text, primary_key=True),  # a keyed hash of who was found
    Column("same", Integer, nullable=False),  # 1: it is the row's person; 0: somebody else
    Column("given_by", Text, nullable=False),
    Column("given_at", BigInteger, nullable=False),
)

#: What came over the wire, kept before anybody believed it.
bodies = Table(
    "bodies",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("call_id", ForeignKey("calls.id"), nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
)
Index("bodies_by_call", bodies.c.call_id)

#: People who must not be asked about, as keyed hashes of their identifiers.
suppressions = Table(
    "suppressions",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("added_at", BigInteger, nullable=False),
    Column("why", Text, nullable=False, server_default=""),
)

#: Webhook events that were taken, so that none is taken twice.
events = Table(
    "events",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("received_at", BigInteger, nullable=False),
)
