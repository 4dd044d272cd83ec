"""What people said of whoever was found for a row: it is the row's person, or somebody else.

A verdict is about one person found for one key. Should the provider name somebody else later, it does not count.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select

from leadkit.errors import InputError
from leadkit.ledger.lookup import key_in
from leadkit.ledger.schema import facts, verdicts

if TYPE_CHECKING:
    from leadkit.ledger.ledger import Ledger

#: Fields of an answer that name a person by themselves, the best first.
_IDENTITY = ("person_id", "contact_id", "lead_id", "linkedin_url", "email")


@dataclass(frozen=True, slots=True)
class Verdict:
    """``same``: whether it is the row's person; by whom, and when in seconds since 1970."""

    same: bool
    by: str
    at: int


def person_digest(ledger: Ledger, found: Mapping[str, Any]) -> str:
    """Who an answer is about, as a keyed hash: by an id if it has one, else by everything it says."""
    name = next((name for name in _IDENTITY if found.get(name)), None)
    who = f"{name} {found[name]}" if name else json.dumps(dict(found), sort_keys=True, default=str)
    return ledger.suppression.digest("person", who)


def give_verdicts(
    ledger: Ledger, operation_id: int, said: Mapping[str, tuple[Mapping[str, Any], bool]], *, by: str
) -> None:
    """Keep what a person said. ``said``: key → (the answer's values, whether it is the row's person).

    A later verdict about the same person and key takes the place of the earlier one.

    Raises
    ------
    InputError
        Nothing was ever found for one of the keys, or it was forgotten meanwhile. Nothing was changed.
    """
    with ledger.writing() as connection:
        query = select(facts.c.key, facts.c.id)
        mine = (facts.c.operation_id == operation_id, key_in(connection, list(said)))
        ids: dict[str, int] = {row.key: row.id for row in connection.execute(query.where(*mine))}
        if missing := len(said) - len(ids):
            msg = f"{missing:,} of these people are not in the ledger any more. Nothing was changed. Search again."
            raise InputError(msg)
        for key, (values, same) in said.items():
            one = {"fact_id": ids[key], "person": person_digest(ledger, values)}
            connection.execute(
                delete(verdicts).where(*(verdicts.c[name] == value for name, value in one.items()))
            )
            row = {**one, "same": int(same), "given_by": by, "given_at": ledger.now()}
            connection.execute(insert(verdicts).values(row))


def verdicts_on(
    ledger: Ledger, operation_id: int, found: Mapping[str, Mapping[str, Any]]
) -> dict[str, Verdict]:
    """Of these answers, key → values, those that a person has judged."""
    if not found:
        return {}
    query = select(facts.c.key, verdicts).join(verdicts, verdicts.c.fact_id == facts.c.id)
    with ledger.reading() as connection:
        mine = (facts.c.operation_id == operation_id, key_in(connection, list(found)))
        rows: Sequence[Any] = connection.execute(query.where(*mine)).all()
    return {
        row.key: Verdict(bool(row.same), row.given_by, row.given_at)
        for row in rows
        if row.person == person_digest(ledger, found[row.key])
    }
