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
    false,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY

from leadkit.keys.numbering import hashes_of
from leadkit.ledger.schema import FactState, calls, facts
from leadkit.ledger.schema import answers as answer_table

#: What a plan sees for a key: a FactState, or one of these.
NEVER_ASKED = 0
STALE = -1


@dataclass(frozen=True, slots=True)
class Stored:
    """A stored answer with its provenance. ``most``: its share of what the call cost at the most, in millicredits."""

    state: FactState
    values: Mapping[str, Any]
    note: str
    fetched_at: int
    request_id: str | None
    run_id: str
    most: int


def states(
    connection: Connection,
    operation_id: int,
    keys: Sequence[str],
    fresh_after: Mapping[int, int],
    hashes: npt.NDArray[np.int64] | None = None,
) -> npt.NDArray[np.int8]:
    """For each of n keys a FactState, NEVER_ASKED or STALE. ``hashes``: Python's own, if they are at hand."""
    mine = facts.c.operation_id == operation_id
    total: int = connection.execute(select(func.count()).select_from(facts).where(mine)).scalar_one()
    result = np.zeros(len(keys), dtype=np.int8)
    # Reading all keys beats asking for many of them once a third of the table is asked for.
    if len(keys) < total / 3:
        place = {key: i for i, key in enumerate(keys)}
        query = select(facts.c.key, facts.c.state, facts.c.fetched_at).where(mine, key_in(connection, keys))
        for key, state, fetched_at in connection.execute(query):
            result[place[key]] = STALE if fetched_at < fresh_after.get(state, 0) else state
    elif total:
        places = _Places(keys, hashes_of(keys) if hashes is None else hashes)
        ids = select(facts.c.id).where(_scanned(operation_id)).limit(1)
        lowest = connection.execute(ids.order_by(facts.c.id)).scalar_one()
        highest = connection.execute(ids.order_by(facts.c.id.desc())).scalar_one()
        for start in range(lowest, highest + 1, _CHUNK_ROWS):
            for state, found in _part(connection, operation_id, start, fresh_after):
                result[places.of(found)] = state
    return result


#: Keys read at once: bounds the memory that a look-up takes beside its result.
_CHUNK_ROWS = 50_000


def _part(
    connection: Connection, operation_id: int, start: int, fresh_after: Mapping[int, int]
) -> Iterator[tuple[int, list[str]]]:
    """The keys of an operation from an id on, by state, and at last those of them that are stale.

    Those of one state come as one text, which costs a third of as many rows. No key has a line break.
    """
    # Newer than the latest moment is most often all that has to be asked of a fact.
    latest = _inline(max(fresh_after.values(), default=0))
    stale = [
        (facts.c.state == _inline(int(state))) & (facts.c.fetched_at < _inline(second))
        for state, second in fresh_after.items()
    ]
    conditions = {int(state): facts.c.state == _inline(int(state)) for state in FactState}
    conditions[STALE] = (facts.c.fetched_at < latest) & or_(false(), *stale)
    together = func.group_concat if connection.dialect.name == "sqlite" else func.string_agg
    texts = [together(facts.c.key, _inline("\n")).filter(condition) for condition in conditions.values()]
    query = select(*texts).where(_scanned(operation_id), facts.c.id.between(start, start + _CHUNK_ROWS - 1))
    for state, text in zip(conditions, connection.execute(query).one(), strict=True):
        if text is not None:
            yield state, text.split("\n")


def _scanned(operation_id: int) -> ColumnElement[bool]:
    """An operation's facts, read in the order of their ids. The sum keeps the index by key out of it: through
    that, they would be read in the order of their keys, all over the table."""
    return facts.c.operation_id + 0 == operation_id


def _inline(value: int | str) -> BindParameter[Any]:
    """A value in the text of a statement: a bound one would be fetched for every row, which SQLite does slowly."""
    return literal(value, literal_execute=True)


class _Places:
    """Where each of n distinct keys stands; answers for many at once, without a dictionary of them all."""

    def __init__(self, keys: Sequence[str], hashes: npt.NDArray[np.int64]) -> None:
        self._keys = np.array(keys, dtype=object)
        self._order = np.argsort(hashes)
        self._sorted = hashes[self._order]
        self._unique = bool((self._sorted[1:] != self._sorted[:-1]).all())

    def of(self, keys: Sequence[str]) -> npt.NDArray[np.int64]:
        """The places of those of ``keys`` that are among the n."""
        hashes = hashes_of(keys)
        by_hash = np.argsort(hashes)  # looked for in order, they are found several times as fast
        at = np.empty(len(keys), dtype=np.int64)
        at[by_hash] = np.searchsorted(self._sorted, hashes[by_hash])
        at = np.minimum(at, len(self._sorted) - 1)
        among = self._sorted[at] == hashes
        places: npt.NDArray[np.int64] = self._order[at[among]]
        same = self._keys[places] == np.array(keys, dtype=object)[among]
        if not self._unique or not same.all():
            # Two texts with one 64-bit hash: two people. Ask for each by its text.
            place = {key: i for i, key in enumerate(self._keys)}
            places = np.array([place[key] for key in keys if key in place], dtype=np.int64)
        return places


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
