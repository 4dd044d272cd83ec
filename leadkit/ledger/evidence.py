"""Evidence from a provider about calls in doubt."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, delete, insert, select

from leadkit.clock import DAY_SECONDS
from leadkit.ledger.decisions import decide
from leadkit.ledger.schema import CallState, FactState, calls, events, facts, operations

#: A digest is remembered for longer than an event may be old, by far.
_REMEMBERED_SECONDS = 30 * DAY_SECONDS


def remember(connection: Connection, digest: str, now: int) -> bool:
    """Note an event; False when it was noted before."""
    connection.execute(delete(events).where(events.c.received_at < now - _REMEMBERED_SECONDS))
    if connection.execute(select(events.c.digest).where(events.c.digest == digest)).first():
        return False
    connection.execute(insert(events).values(digest=digest, received_at=now))
    return True


def delivered(
    connection: Connection, alive: Callable[[str], bool], provider: str, step: str, key: str, *, now: int
) -> int:
    """Settle the calls in doubt for a key that the provider says it delivered; returns how many.

    Not those of a run that lives: it asks for them again by itself, for what they have reserved already.
    The others count at their reservation at most: whose call it was that was charged, an event does not say. The key
    may then be asked for again; that is for operations whose repeat is documented as free.
    """
    query = (
        select(calls.c.id, calls.c.owner)
        .join(facts, facts.c.call_id == calls.c.id)
        .join(operations, operations.c.id == facts.c.operation_id)
        .where(
            operations.c.provider == provider,
            operations.c.step == step,
            facts.c.key == key,
            facts.c.state == FactState.IN_DOUBT,
            calls.c.state == CallState.IN_DOUBT,
            calls.c.key_count == 1,
        )
    )
    found = [row.id for row in connection.execute(query) if not alive(row.owner)]
    for call_id in found:
        decide(connection, call_id, "pay-again", by=f"an event of {provider}", now=now)
    return len(found)
