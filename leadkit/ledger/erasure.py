"""Taking a person out of the ledger: every answer, raw body and list of keys that holds one of their identifiers.

What was paid stays recorded, without whom it was paid for.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Text, bindparam, cast, delete, false, or_, select, update

from leadkit.byte_search import whole_pattern
from leadkit.keys import parts_of, spellings
from leadkit.ledger.lookup import key_in
from leadkit.ledger.schema import FactState, answers, bodies, calls, facts, operations, runs, verdicts
from leadkit.ledger.suppression import PERSONAL_KINDS, Suppression, identifiers_in

#: Steps whose key names the person, with its kind: an identifier, or what a sheet says of them.
_KIND_OF_STEP = {
    "validate_emails": "email",
    "unlock": "lead_id",
    "enrich": "lead_id",
    "export": "lead_id",
    "find_people": "person",
    "known": "person",
}


@dataclass
class Erased:
    """What was taken out, or would be. ``identifiers`` (kind, canonical form) must not be written anywhere."""

    identifiers: set[tuple[str, str]] = field(default_factory=set)
    facts: int = 0
    bodies: int = 0
    runs: int = 0
    outputs: list[str] = field(default_factory=list)

    @property
    def texts(self) -> set[str]:
        """The identifiers as answers and files may spell them."""
        return {text for kind, key in self.identifiers for text in spellings(kind, key)}


def erase(connection: Connection, suppression: Suppression, given: Iterable[tuple[str, str]]) -> Erased:
    """Take out everything about whoever has one of these identifiers."""
    fact_ids, identifiers = _everything_about(connection, given)
    found = Erased(identifiers)
    _erase_facts(connection, suppression, fact_ids)
    texts = found.texts
    showing = _facts_that_show(connection, texts)
    _erase_facts(connection, suppression, showing)
    found.facts = len(fact_ids) + len(showing)
    found.bodies = _erase_bodies(connection, texts, fact_ids)
    _erase_runs(connection, texts, found)
    found.outputs += _outputs_of(connection, fact_ids, [hidden(suppression, text) for text in texts])
    found.outputs = sorted(set(found.outputs))
    for text in texts:
        connection.execute(update(calls).where(calls.c.note.contains(text, autoescape=True)).values(note=""))
    return found


def count(connection: Connection, given: Iterable[tuple[str, str]]) -> Erased:
    """The facts and raw bodies that :func:`erase` would take out, and their runs' workbooks. Changes nothing."""
    fact_ids, identifiers = _everything_about(connection, given)
    found = Erased(identifiers, outputs=_outputs_of(connection, fact_ids, []))
    found.facts = len(fact_ids | _facts_that_show(connection, found.texts))
    found.bodies = len(_bodies_about(connection, found.texts, fact_ids))
    return found


def _everything_about(
    connection: Connection, given: Iterable[tuple[str, str]]
) -> tuple[set[int], set[tuple[str, str]]]:
    """Numbers of the facts about whoever has one of these identifiers, and all identifiers that these name."""
    identifiers = set(given)
    while True:  # a person's answers name further identifiers, whose answers may name further ones
        known = len(identifiers)
        fact_ids = _facts_about(connection, identifiers)
        if len(identifiers) == known:
            return fact_ids, identifiers


def _facts_about(connection: Connection, identifiers: set[tuple[str, str]]) -> set[int]:
    """Numbers of the facts about these identifiers; what their answers name is added to ``identifiers``."""
    texts = {text for _, text in identifiers}
    lower = {text.lower() for text in texts}
    query = (
        select(facts.c.id, facts.c.key, operations.c.step, answers.c.payload)
        .join(operations, operations.c.id == facts.c.operation_id)
        .outerjoin(answers, answers.c.fact_id == facts.c.id)
    )
    found: set[int] = set()
    for fact_id, key, step, payload in connection.execute(query):
        values = json.loads(payload) if payload else {}
        for row in values.get("rows", ()):  # a page of a search: each row is somebody else
            of_row = set(identifiers_in(row))
            if of_row & identifiers or texts & {str(value) for value in row.values()}:
                identifiers |= of_row
        own = set(identifiers_in(values)) | set(_key_identifiers(key, identifiers))
        # An id in other capitals was no other person's, and the search of the files tells no capitals apart.
        if key.lower() in lower or own & identifiers:
            found.add(fact_id)
            identifiers |= own
            if step in _KIND_OF_STEP:  # the key itself names the person, to suppress and to take out of lists
                identifiers.add((_KIND_OF_STEP[step], key))
    return found


def _key_identifiers(key: str, wanted: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Identifiers that a key itself is, as far as they can be told from its text."""
    if key.startswith("{"):
        return {(part, value) for part, value in parts_of(key).items() if part in PERSONAL_KINDS}
    return {one for one in wanted if one[1] == key}


def _erase_facts(connection: Connection, suppression: Suppression, fact_ids: Iterable[int]) -> None:
    of_operation: dict[int, dict[int, str]] = {}
    for fact_id in fact_ids:
        query = select(facts.c.operation_id, facts.c.key).where(facts.c.id == fact_id)
        operation_id, key = connection.execute(query).one()
        of_operation.setdefault(operation_id, {})[fact_id] = key
        connection.execute(delete(answers).where(answers.c.fact_id == fact_id))
        connection.execute(delete(verdicts).where(verdicts.c.fact_id == fact_id))
    for operation_id, keys in of_operation.items():
        hide_keys(connection, suppression, operation_id, keys)


#: With what the key of a fact begins that was forgotten, or whose answer is past its time.
HIDDEN = "forgotten "


def hidden(suppression: Suppression, key: str) -> str:
    """The name of a fact without its key: a hash that only the same key in the same workspace would give again."""
    return f"{HIDDEN}{suppression.digest('fact', key)}"


def hide_keys(
    connection: Connection, suppression: Suppression, operation_id: int, keys: Mapping[int, str]
) -> None:
    """Put hashes in place of the keys of an operation's facts. What they cost stays, with their calls.

    ``keys``: the fact's number → its key; a hidden one is left as it is.
    """
    names = {fact_id: hidden(suppression, key) for fact_id, key in keys.items() if not key.startswith(HIDDEN)}
    if names:
        before = (facts.c.operation_id == operation_id, key_in(connection, list(names.values())))
        # Hidden, and bought again. One that is not answered stays, with its money, for a person to settle.
        unanswered = facts.c.state.in_([FactState.INTENT, FactState.IN_DOUBT])
        apart = facts.c.key + " " + cast(facts.c.id, Text)
        connection.execute(update(facts).where(*before, unanswered).values(key=apart))
        connection.execute(delete(facts).where(*before))
        rename = update(facts).where(facts.c.id == bindparam("fact")).values(key=bindparam("name"))
        connection.execute(rename, [{"fact": fact_id, "name": name} for fact_id, name in names.items()])


def _facts_that_show(connection: Connection, texts: set[str]) -> set[int]:
    """Numbers of the facts whose answers show one of the texts: pages of searches, and people named with others.

    They go as a whole, and are asked for again when they are wanted. Somebody else whose address or number only
    contains the text is not meant.
    """
    shows = [answers.c.payload.icontains(text, autoescape=True) for text in texts]
    query = select(answers.c.fact_id, answers.c.payload).where(or_(false(), *shows))
    whole = re.compile("|".join(whole_pattern(text, re.escape(text)) for text in texts), re.IGNORECASE)
    return {number for number, payload in connection.execute(query) if _says(json.loads(payload), whole)}


def _says(value: Any, whole: re.Pattern[str]) -> bool:
    if isinstance(value, dict):
        return any(_says(one, whole) for one in value.values())
    if isinstance(value, list):
        return any(_says(one, whole) for one in value)
    return whole.search(str(value)) is not None


def _erase_bodies(connection: Connection, texts: set[str], fact_ids: Iterable[int]) -> int:
    """Raw bodies about the person go as a whole; what was read from them stands in the answers."""
    gone = _bodies_about(connection, texts, fact_ids)
    for body_id in gone:
        connection.execute(delete(bodies).where(bodies.c.id == body_id))
    return len(gone)


def _bodies_about(connection: Connection, texts: set[str], fact_ids: Iterable[int]) -> list[int]:
    """Numbers of the raw bodies that hold one of the texts, or answered for these facts, in whatever spelling."""
    asked = select(facts.c.call_id).where(facts.c.id.in_(list(fact_ids)))
    answered = set(connection.execute(asked).scalars())
    found = []
    for body_id, call_id, packed in connection.execute(select(bodies.c.id, bodies.c.call_id, bodies.c.body)):
        raw = zlib.decompress(packed).decode("utf-8", "replace").lower()
        plain = raw.encode().decode("unicode_escape", "replace") if "\\u" in raw else raw
        if call_id in answered or any(text.lower() in raw or text.lower() in plain for text in texts):
            found.append(body_id)
    return found


def _erase_runs(connection: Connection, texts: set[str], found: Erased) -> None:
    for run_id, packed, context in connection.execute(select(runs.c.id, runs.c.wanted, runs.c.context)).all():
        keys: list[str] = json.loads(zlib.decompress(packed))
        kept = [key for key in keys if not _names(key, texts)]
        touched = len(kept) != len(keys)
        if touched:
            wanted = zlib.compress(json.dumps(kept).encode())
            connection.execute(update(runs).where(runs.c.id == run_id).values(wanted=wanted))
        told = json.loads(context)
        said = json.dumps(told, ensure_ascii=False).lower()
        if any(text in said for text in texts):
            # How the run buys names nobody, and whoever goes on with it has to know.
            how = {name: value for name, value in told.items() if name == "preview_first"}
            connection.execute(update(runs).where(runs.c.id == run_id).values(context=json.dumps(how)))
            touched = True
        found.runs += touched
        output = told.get("output")
        if touched and output:
            found.outputs.append(output)


def _outputs_of(connection: Connection, fact_ids: Iterable[int], names: Iterable[str]) -> list[str]:
    """The workbooks of runs that bought these facts, or one under a hidden name that their list of keys has lost."""
    query = (
        select(runs.c.context)
        .distinct()
        .join(calls, calls.c.run_id == runs.c.id)
        .join(facts, facts.c.call_id == calls.c.id)
        .where(or_(facts.c.id.in_(list(fact_ids)), facts.c.key.in_(list(names))))
    )
    found = [json.loads(context).get("output") for context in connection.execute(query).scalars()]
    return [output for output in found if output]


def _names(key: str, texts: set[str]) -> bool:
    return key in texts or (key.startswith("{") and bool(set(parts_of(key).values()) & texts))
