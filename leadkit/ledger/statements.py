"""The SQL of each paid call, built once: that takes several times as long as carrying it out."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Connection,
    FromClause,
    Insert,
    Integer,
    Select,
    Text,
    Update,
    bindparam,
    func,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.types import TypeEngine

from leadkit.ledger import lookup
from leadkit.ledger.schema import FactState, answers, bodies, calls, facts

CALL = select(calls).where(calls.c.id == bindparam("call"))
NEW_CALL = insert(calls)
SET_CALL = update(calls).where(calls.c.id == bindparam("call"))
NEW_BODY = insert(bodies)
FACTS_OF_CALL = select(facts.c.id, facts.c.key, facts.c.state).where(facts.c.call_id == bindparam("call"))
SET_OPEN_FACTS = update(facts).where(facts.c.call_id == bindparam("call"), facts.c.state == FactState.INTENT)


def _each(dialect: str, name: str, kind: type[TypeEngine[Any]]) -> FromClause:
    """The values of a list, given as one parameter, as rows: a tenth of the time of as many parameters."""
    if dialect == "postgresql":
        return (
            func.unnest(bindparam(name, type_=postgresql.ARRAY(kind))).table_valued("value").render_derived()
        )
    return func.json_each(bindparam(name, type_=JSON)).table_valued("value")


@cache
def new_facts(dialect: str) -> Insert:
    """A fact under way for each of ``keys``: of that ``operation``, in that ``call``."""
    columns = {
        "operation_id": bindparam("operation", type_=BigInteger),
        "key": _each(dialect, "keys", Text).c.value,
        "state": literal(FactState.INTENT, Integer),
        "call_id": bindparam("call", type_=BigInteger),
    }
    return insert(facts).from_select(list(columns), select(*columns.values()))


@cache
def set_facts(dialect: str) -> Update:
    """Sets the columns that are given, of the facts with these ``ids``."""
    return update(facts).where(facts.c.id.in_(select(_each(dialect, "ids", BigInteger).c.value)))


@cache
def facts_asked(dialect: str) -> Select[Any]:
    """What is known of the keys that are given as ``keys``, and who has what is in flight."""
    columns = (facts.c.id, facts.c.key, facts.c.state, facts.c.fetched_at, facts.c.call_id, calls.c.owner)
    mine = facts.c.operation_id == bindparam("operation")
    return select(*columns).join(calls, calls.c.id == facts.c.call_id).where(mine, lookup.key_asked(dialect))


def new_id(connection: Connection, row: Insert, **values: Any) -> int:
    """Insert one row; returns its number."""
    key = connection.execute(row, values).inserted_primary_key
    assert key is not None
    return int(key[0])


def set_answers(connection: Connection, rows: Sequence[tuple[int, int, int, str, str]]) -> None:
    """Store answers, each in place of an older one to the same fact; a row has the columns of the table. As text for
    the driver: going through the rows takes SQLAlchemy longer than storing them takes SQLite."""
    connection.exec_driver_sql(_set_answer(connection.dialect.name), rows)


@cache
def _set_answer(database: str) -> str:
    is_postgres = database == "postgresql"
    kind = postgresql.psycopg.dialect if is_postgres else sqlite.dialect
    new = (postgresql if is_postgres else sqlite).insert(answers)
    columns = {column.name: new.excluded[column.name] for column in answers.c if not column.primary_key}
    statement = new.on_conflict_do_update(index_elements=[answers.c.fact_id], set_=columns)
    # Placeholders without names, as the drivers take them with tuples.
    dialect = kind(paramstyle="format" if is_postgres else "qmark")
    return str(statement.compile(dialect=dialect))
