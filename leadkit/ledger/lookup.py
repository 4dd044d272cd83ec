"""What the ledger knows: many keys in one query, on either database."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import (
    JSON,
    BindParameter,
    ColumnElement,
    Connection,
    Text,
    any_,
    bindparam,
    case,
    func,
    literal,
    select,
)
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
    mine = facts.c.operation_id == operation_id
    total: int = connection.execute(select(func.count()).select_from(facts).where(mine)).scalar_one()
    result = np.zeros(len(keys), dtype=np.int8)
    # Reading all keys beats asking for many of them once a third of the table is asked for.
    if len(keys) < total / 3:
        place = {key: i for i, key in enumerate(keys)}
        query = select(facts.c.key, facts.c.state, facts.c.fetched_at).where(mine, key_in(connection, keys))
        for key, state, fetched_at in connection.execute(query):
            result[place[key]] = STALE if fetched_at < fresh_after.get(state, 0) else state
        return result
    if total:
        places = _Places(keys)
        for value, found in _all_keys(connection, operation_id, fresh_after):
            result[places.of(found)] = value
    return result


def _all_keys(
    connection: Connection, operation_id: int, fresh_after: Mapping[int, int]
) -> Iterator[tuple[int, list[str]]]:
    """All keys of an operation, in parts of a size to read at once, each with what they count as."""
    # The sum keeps the index by key out of it: through that, the rows would be read in the order of their keys.
    mine = facts.c.operation_id + 0 == operation_id
    per_state = [func.sum(case((facts.c.state == state, 1), else_=0)) for state in FactState]
    lowest, highest, *counts = connection.execute(
        select(func.min(facts.c.id), func.max(facts.c.id), *per_state).where(mine)
    ).one()
    for state, count in zip(FactState, counts, strict=True):
        fresh = facts.c.fetched_at >= fresh_after.get(state, 0)
        for start in range(lowest, highest + 1, _CHUNK_ROWS) if count else ():
            part = mine & (facts.c.state == state) & facts.c.id.between(start, start + _CHUNK_ROWS - 1)
            yield from zip((int(state), STALE), _keys_where(connection, part, fresh), strict=True)


#: Keys read at once: bounds the memory that a look-up takes beside its result.
_CHUNK_ROWS = 250_000


def _keys_where(
    connection: Connection, where: ColumnElement[bool], fresh: ColumnElement[bool]
) -> tuple[list[str], list[str]]:
    """The fresh and the stale keys as one text each, which costs a tenth of as many rows. No key has a line break."""
    together = func.group_concat if connection.dialect.name == "sqlite" else func.string_agg
    joined = together(facts.c.key, "\n")
    texts = connection.execute(select(joined.filter(fresh), joined.filter(~fresh)).where(where)).one()
    first, second = (text.split("\n") if text else [] for text in texts)
    return first, second


class _Places:
    """Where each of n distinct keys stands; answers for many at once, without a dictionary of them all."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = np.array(keys, dtype=object)
        hashes = _hashes(keys)
        self._order = np.argsort(hashes)
        self._sorted = hashes[self._order]

    def of(self, keys: Sequence[str]) -> npt.NDArray[np.int64]:
        """The places of those of ``keys`` that are among the n."""
        if not keys:
            return np.empty(0, dtype=np.int64)
        hashes = _hashes(keys)
        by_hash = np.argsort(hashes)  # looked for in order, they are found several times as fast
        hashes = hashes[by_hash]
        at = np.minimum(np.searchsorted(self._sorted, hashes), len(self._sorted) - 1)
        hit = np.flatnonzero(self._sorted[at] == hashes)
        places = self._order[at[hit]]
        same = self._keys[places] == np.array(keys, dtype=object)[by_hash[hit]]
        if not same.all() or (self._sorted[1:] == self._sorted[:-1]).any():
            # Two texts with one 64-bit hash: two people. Ask for each by its text.
            place = {key: i for i, key in enumerate(self._keys)}
            return np.array([place[key] for key in keys if key in place], dtype=np.int64)
        return places


def _hashes(keys: Sequence[str]) -> npt.NDArray[np.int64]:
    return np.fromiter(map(hash, keys), dtype=np.int64, count=len(keys))


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


def costs(
    connection: Connection, operation_id: int, keys: Sequence[str]
) -> list[tuple[FactState, float | None]]:
    """For each of these keys its state and its share of the call, in millicredits; None where nobody said exactly."""
    query = (
        select(facts.c.state, calls.c.least, calls.c.most, calls.c.key_count)
        .join(calls, calls.c.id == facts.c.call_id)
        .where(facts.c.operation_id == operation_id, key_in(connection, keys))
    )
    return [
        (FactState(state), most / count if least == most else None)
        for state, least, most, count in connection.execute(query)
    ]


def key_in(connection: Connection, keys: Sequence[str]) -> ColumnElement[bool]:
    """All keys as one parameter, whatever their number."""
    if connection.dialect.name == "postgresql":
        return _in_array(literal(list(keys), ARRAY(Text)))
    return _in_json(literal(list(keys), JSON))


def key_asked(dialect: str) -> ColumnElement[bool]:
    """As :func:`key_in`, with the keys given as ``keys`` when the statement is carried out."""
    if dialect == "postgresql":
        return _in_array(bindparam("keys", type_=ARRAY(Text)))
    return _in_json(bindparam("keys", type_=JSON))


def _in_array(keys: BindParameter[Any]) -> ColumnElement[bool]:
    return facts.c.key == any_(keys)


def _in_json(keys: BindParameter[Any]) -> ColumnElement[bool]:
    return facts.c.key.in_(select(func.json_each(keys).table_valued("value").c.value))
