"""People who must not be asked about: a list of keyed hashes, enough to recognise them and no more.

Objectors are kept on a list instead of being forgotten altogether, or the next purchase would bring them back.
A plain hash of an address or a phone number can be undone by trying them all; these are keyed with the
workspace's own salt.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, insert, select

from leadkit.keys import Unusable, key, parts_of
from leadkit.ledger.schema import suppressions
from leadkit.providers.base import Answer

#: What is said at the row of somebody on the list.
MUST_NOT = "this person must not be asked about"
#: Kinds of key that name one person.
PERSONAL_KINDS = ("email", "phone", "linkedin", "lead_id", "id")


class Suppression:
    """The list, with the salt that it is keyed with."""

    def __init__(self, salt: bytes) -> None:
        self._salt = salt

    def digest(self, kind: str, identifier: str) -> str:
        """What the list holds of an identifier in its canonical form."""
        text = f"{kind}\0{identifier}".encode()
        return hashlib.blake2b(text, key=self._salt[:64], digest_size=16).hexdigest()

    def add(self, connection: Connection, identifiers: Iterable[tuple[str, str]], now: int, why: str) -> int:
        """Put (kind, canonical identifier) pairs on the list; returns how many are new."""
        digests = {self.digest(kind, identifier) for kind, identifier in identifiers}
        known = _listed(connection)
        rows = [{"digest": digest, "added_at": now, "why": why} for digest in digests - known]
        if rows:
            connection.execute(insert(suppressions), rows)
        return len(rows)

    def among(self, connection: Connection, kind: str, keys: Sequence[str]) -> list[int]:
        """Places in ``keys``, which are of one kind, that are on the list."""
        listed = _listed(connection)
        if not listed or not (kind in PERSONAL_KINDS or kind == "person"):
            return []
        return [
            place for place, text in enumerate(keys) if self._any_on(listed, _identifiers_of_key(kind, text))
        ]

    def without(self, connection: Connection, kind: str, keys: Sequence[str]) -> list[str]:
        """The ``keys``, which are of one kind, that are not on the list."""
        listed = set(self.among(connection, kind, keys))
        return [text for place, text in enumerate(keys) if place not in listed]

    def in_answers(self, connection: Connection, answers: Mapping[str, Mapping[str, Any]]) -> set[str]:
        """Keys whose answer holds an identifier that is on the list."""
        listed = _listed(connection)
        if not listed:
            return set()
        return {asked for asked, values in answers.items() if self._any_on(listed, identifiers_in(values))}

    def withhold(
        self, connection: Connection, given: Mapping[str, Answer], body: bytes
    ) -> tuple[Mapping[str, Answer], bytes]:
        """Answers and the raw body they were read from, as they may be stored: without whoever is on the list.

        What is left of an answer about them is that they must not be contacted, and of their row in a page of a
        search its place, by which the next page is asked for. A body that names one of them is left out whole.
        """
        listed = _listed(connection)
        if not listed:
            return given, body

        def names_one(values: Mapping[str, Any]) -> bool:
            ids = (("lead_id", value) for value in values.values() if isinstance(value, str))
            return self._any_on(listed, (*identifiers_in(values), *ids))

        kept = dict(given)
        for asked, answer in given.items():
            rows = answer.values.get("rows", [])
            if names_one(answer.values):
                kept[asked] = Answer("suppressed")
            elif any(map(names_one, rows)):
                left = [{} if names_one(row) else row for row in rows]
                kept[asked] = replace(answer, values={**answer.values, "rows": left})
        named = kept != given or any(names_one({"": text}) for text in _texts_in(body))
        return kept, b"" if named else body

    def _any_on(self, listed: set[str], identifiers: Iterable[tuple[str, str]]) -> bool:
        return any(self.digest(*one) in listed for one in identifiers)


def _listed(connection: Connection) -> set[str]:
    return set(connection.execute(_DIGESTS).scalars())


# Asked with every answer: built once.
_DIGESTS = select(suppressions.c.digest)


def _identifiers_of_key(kind: str, text: str) -> Iterator[tuple[str, str]]:
    if kind == "person":
        yield from ((part, value) for part, value in parts_of(text).items() if part in PERSONAL_KINDS)
    yield kind, text


def _texts_in(body: bytes) -> Iterator[str]:
    """Whatever may be a text of its own in a raw answer, be it JSON, broken off, a CSV file or something else."""
    for piece in set(_PIECES.findall(body.decode("utf-8", "replace"))):  # the names of fields come often
        with contextlib.suppress(ValueError):
            text = json.loads(f'"{piece}"', strict=False) if "\\" in piece else piece
            yield text.strip()


# Nothing is given back once it is matched: a piece may be of millions of characters, each of which would be noted.
_PIECES = re.compile(r'(?:[^"\\,;<>\r\n\t]++|\\.)++', re.DOTALL)
_PHONE = re.compile(r"\+[\d ().-]{6,20}\d")


def identifiers_in(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(kind, canonical identifier) for every id, address, phone and profile of the person in an answer.

    A company's own phone and page are not the person's, and are left out: colleagues have them in common. Of
    further phones nobody says whose they are.
    """
    not_phones = _OF_ANYBODY | ({"phone"} if values.get("phone_type") in _HOUSE_PHONES else set())
    for field, value in values.items():
        if not isinstance(value, str) or field.startswith("company"):
            continue
        for piece in value.split(";"):
            for kind, likely in (
                ("lead_id", field in _IDS),
                ("email", "@" in piece),
                ("linkedin", "linkedin.com/in/" in piece),
                ("phone", field not in not_phones and _PHONE.fullmatch(piece.strip()) is not None),
            ):
                if likely:
                    with contextlib.suppress(Unusable):
                        if found := key(kind, piece):
                            yield kind, found


#: The fields in which answers name a person by the provider's own id.
_IDS = ("person_id", "contact_id", "lead_id", "id")
_OF_ANYBODY = {"other_phones", "further"}
#: LeadIQ's words for a number that reaches the house.
_HOUSE_PHONES = ("WorkBranch", "WorkHQ")
