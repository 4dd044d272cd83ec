"""What the ledger knows: many keys in one query, on either database."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import ColumnElement, Connection, Text, any_, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY

from leadkit.ledger.schema import FactState, calls, facts
from leadkit.ledger.schema import answers as answer_table

#: What a plan sees for a key: a FactState, or one of these.
NEVER_ASKED = 0
STALE = -1


@dataclass(frozen=True, slots=True)
class Stored:
    """A stored answer with its provenance. ``amount``: its share of the call, in millicredits at most."""

    state: FactState
    values: Mapping[str, Any]
    note: str
    fetched_at: int
    request_id: str | None
    run_id: str
    most: int


def states(
    connection: Connection, operation_id: int, keys: Sequence[str], fresh_after: Mapping[int, int]
) -> npt.NDArray[np.int8]:
    """For each of n keys a FactState, NEVER_ASKED or STALE."""
    result = np.zeros(len(keys), dtype=np.int8)
    total: int = connection.execute(
        select(func.count()).select_from(facts).where(facts.c.operation_id == operation_id)
    ).scalar_one()
    if not total:
        return result
    query = select(facts.c.key, facts.c.state, facts.c.fetched_at).where(facts.c.operation_id == operation_id)
    # Reading all keys beats asking for many of them once a third of the table is asked for.
    if len(keys) < total / 3:
        query = query.where(key_in(connection, keys))
    place = {key: i for i, key in enumerate(keys)}
    for key, state, fetched_at in connection.execute(query):
        i = place.get(key)
        if i is not None:
            result[i] = STALE if fetched_at < fresh_after.get(state, 0) else state
    return result


def answers(connection: Connection, operation_id: int, keys: Sequence[str]) -> dict[str, Stored]:
    """The stored answers to these keys, fresh or not."""
    query = (
        select(
            facts.c.key,
            answer_table.c.state,
            answer_table.c.payload,
            answer_table.c.note,
            facts.c.fetched_at,
            calls.c.request_id,
            calls.c.run_id,
            calls.c.most / calls.c.key_count,
        )
        .join(answer_table, answer_table.c.fact_id == facts.c.id)
        .join(calls, calls.c.id == answer_table.c.call_id)
        .where(facts.c.operation_id == operation_id, key_in(connection, keys))
    )
    return {
        key: Stored(FactState(state), json.loads(payload), note, fetched_at, request_id, run_id, int(most))
        for key, state, payload, note, fetched_at, request_id, run_id, most in connection.execute(query)
    }


def key_in(connection: Connection, keys: Sequence[str]) -> ColumnElement[bool]:
    """All keys as one parameter, whatever their number."""
    if connection.dialect.name == "postgresql":
        return facts.c.key == any_(literal(list(keys), ARRAY(Text)))
    each = func.json_each(json.dumps(list(keys))).table_valued("value")
    return facts.c.key.in_(select(each.c.value))
