"""A whole column, and several columns together, as keys. Works on lines of text at a time, not on cells.

A million addresses take about as long as pandas takes to join two frames on them: of cells that differ in blanks and
capitals only one is looked at, those that are keys as they stand are told from the others by one regular expression
that runs over thousands of lines in one go, and only the others are read one by one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from leadkit.errors import InputError
from leadkit.keys.cells import PLAIN, reader
from leadkit.keys.numbering import Numbered, Numbering, factorize, hashes_of
from leadkit.keys.text import Unusable, text_of

#: Rows at a time: what they take fits the processor's cache, so that memory is touched once.
_CHUNK_ROWS = 2_048
#: How many odd cells are remembered, so that ten thousand times "see notes" is read once.
_REMEMBERED_CELLS = 50_000

_CASELESS = ("email", "domain", "name")
_PLAIN_LINES = {kind: re.compile(rf"(?:(?:{pattern})?+\n)*+") for kind, pattern in PLAIN.items()}


@dataclass(frozen=True)
class Canonical:
    """The keys of n rows, by position. A row has a key, or a reason why it has none, or is blank.

    Attributes
    ----------
    codes
        int32, n: index into ``keys``; -1 where the row has no key.
    keys
        The k distinct keys, in order of first appearance.
    reasons
        Row position → why a filled row has no key, in words: ``"no @ in 'anna.example.com'"``. A row with
        code -1 and no reason is blank.
    first
        int64, k: the position of the first row with each key; every further row is a duplicate.
    hashes
        int64, k: Python's own hash of each key, where it was worked out on the way; of no use in another process.
    """

    codes: npt.NDArray[np.int32]
    keys: list[str]
    reasons: dict[int, str] = field(default_factory=dict)
    first: npt.NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    hashes: npt.NDArray[np.int64] | None = field(default=None, repr=False)

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def blank(self) -> npt.NDArray[np.bool_]:
        """n: True where there is nothing in the cell."""
        blank = self.codes < 0
        blank[list(self.reasons)] = False
        return blank

    @property
    def duplicate(self) -> npt.NDArray[np.bool_]:
        """n: True where an earlier row has the same key."""
        repeats = self.codes >= 0
        repeats[self.first] = False
        return repeats


def canonical(kind: str, cells: pd.Series[Any], *, country: str | None = None) -> Canonical:
    """The keys of a column with n cells of any dtype; the index plays no part.

    Parameters
    ----------
    kind
        One of ``KINDS``.
    cells
        Text, or anything else that a frame can hold. Nothing in a cell makes this raise.
    country
        For phones: where numbers without a country code are from, ISO 3166 (``"DE"``).

    Raises
    ------
    InputError
        No such kind, or no such country.
    """
    read = _Reader(reader(kind, country))
    values = cells.to_numpy(dtype=object)
    numbering = Numbering(len(values))
    reasons: dict[int, str] = {}
    for start in range(0, len(values), _CHUNK_ROWS):
        part = values[start : start + _CHUNK_ROWS]
        lines, apart = _lines(part, kind)
        for row in apart:
            lines[row], reason = _text(part[row])
            if "\n" in lines[row]:
                lines[row], reason = read(part[row])
            if reason:
                reasons[start + row] = reason
        numbering.add(lines)
    numbered = numbering.finish()
    odd, unusable = _read_odd(numbered, values, kind, read)
    more = _reasons(numbered, values, unusable, read)
    reasons = dict(sorted({**reasons, **more}.items())) if reasons else more
    return _without_repeats(numbered, odd, reasons)


def _read_odd(
    numbered: Numbered, values: npt.NDArray[np.object_], kind: str, read: _Reader
) -> tuple[list[int], dict[int, str]]:
    """Put keys in place of the lines that are none as they stand. Returns their codes, and why some have no key."""
    odd = list(_odd(numbered.lines, kind))
    unusable = {}
    for code in odd:
        cell = values[numbered.first[code]]
        numbered.lines[code], reason = read(cell if isinstance(cell, str) else numbered.lines[code])
        if reason:
            unusable[code] = reason
    return odd, unusable


def _reasons(
    numbered: Numbered, values: npt.NDArray[np.object_], unusable: Mapping[int, str], read: _Reader
) -> dict[int, str]:
    """Why rows have no key, of the codes that are unusable. A reason shows the cell as it is spelled in its row."""
    reasons = {}
    for row in map(int, np.flatnonzero(np.isin(numbered.codes, list(unusable)))) if unusable else ():
        code = int(numbered.codes[row])
        reasons[row] = unusable[code] if row == numbered.first[code] else read(values[row])[1]
    return reasons


def _without_repeats(numbered: Numbered, changed: list[int], reasons: dict[int, str]) -> Canonical:
    """The lines as keys: those that were ``changed`` may have become another's, or empty, which is no key."""
    codes, lines, first, hashes = numbered
    if not changed and "" not in lines:
        return Canonical(codes, lines, reasons, first, hashes)
    hashes[changed] = hashes_of([lines[code] for code in changed])
    texts = np.array(lines, object)
    numbers, at = factorize(hashes)
    if (texts[at][numbers] != texts).any():  # two texts with one hash
        numbers, at = factorize(texts)
    filled = texts[at] != ""
    numbers = np.where(filled, np.cumsum(filled) - 1, -1).astype(np.int32)[numbers]
    at = at[filled]
    return Canonical(numbers[codes], texts[at].tolist(), reasons, first[at], hashes[at])


class _Reader:
    """Reads odd cells one by one and remembers some: (key or "", reason or "")."""

    def __init__(self, read: Callable[[str], str]) -> None:
        self._read = read
        self._seen: dict[str, tuple[str, str]] = {}

    def __call__(self, cell: object) -> tuple[str, str]:
        text, reason = _text(cell)
        if not text:
            return "", reason
        known = self._seen.get(text)
        if known is None:
            try:
                known = self._read(text), ""
            except Unusable as unusable:
                known = "", unusable.reason
            if len(self._seen) >= _REMEMBERED_CELLS:
                self._seen.clear()
            self._seen[text] = known
        return known


def _text(cell: object) -> tuple[str, str]:
    """What the cell says, or "", and why it says nothing, or ""."""
    try:
        return text_of(cell) or "", ""
    except Unusable as unusable:
        return "", unusable.reason


def _lines(cells: npt.NDArray[np.object_], kind: str) -> tuple[list[str], list[int]]:
    """Each cell stripped, and lower-cased where case makes no key; and the rows that have no line or several.

    Cells with one line have one key.
    """
    apart: list[int] = []
    try:
        lines = list(map(str.strip, cells.tolist()))
    except TypeError:  # not all of it is text
        lines = [cell.strip() if isinstance(cell, str) else "" for cell in cells]
        apart = [row for row, cell in enumerate(cells) if not isinstance(cell, str) and not _is_nan(cell)]
    together = "\n".join(lines)
    if together.count("\n") >= len(lines):
        apart += [row for row, line in enumerate(lines) if "\n" in line]
    if kind not in _CASELESS:
        return lines, apart
    if together.isascii():
        return list(map(str.lower, lines)), apart
    # What the letters of other scripts become may hang on what stands beside them, so these are read as they are.
    return [line.lower() if line.isascii() else line for line in lines], apart


def _is_nan(cell: object) -> bool:
    """Whether the cell is blank the way most blank cells are. The others are found when they are read."""
    return type(cell) is float and cell != cell


def _odd(lines: list[str], kind: str) -> Iterator[int]:
    """Which of the lines are neither empty nor a key as they stand."""
    if kind not in _PLAIN_LINES:
        yield from (place for place, line in enumerate(lines) if line)
        return
    for start in range(0, len(lines), _CHUNK_ROWS):
        part = lines[start : start + _CHUNK_ROWS]
        text = "\n".join([*part, ""])
        position, place = 0, start
        while True:
            plain = _PLAIN_LINES[kind].match(text, position)
            assert plain is not None  # it matches nothing at all, if need be
            if plain.end() == len(text):
                break
            place += text.count("\n", position, plain.end())
            yield place
            position = text.index("\n", plain.end()) + 1
            place += 1


# ---------------------------------------------------------------- identities of several columns


def combine(parts: Mapping[str, Canonical], *, optional: Collection[str] = ()) -> Canonical:
    """One key of several columns, such as name + company.

    A key is a JSON object with the parts in alphabetical order, ``{"company":"acme","name":"anna stone"}``;
    :func:`parts_of` reads it. A row needs every part that is not ``optional``, and at least one part.

    Parameters
    ----------
    parts
        Name of the part → its keys, all of the same n rows.
    """
    names = sorted(parts)
    rows = {len(part) for part in parts.values()}
    if len(rows) != 1:
        raise InputError(
            f"the parts of a key need the same number of rows, not {sorted(rows)}. Nothing was sent."
        )
    (length,) = rows
    usable = np.ones(length, bool)
    some = np.zeros(length, bool)
    joint = np.zeros(length, np.int64)
    for part in names:
        codes = parts[part].codes.astype(np.int64)
        if part not in optional:
            usable &= codes >= 0
        some |= codes >= 0
        numbers, _ = factorize(joint * (len(parts[part].keys) + 1) + codes + 1)
        joint = numbers.astype(np.int64)
    usable &= some
    at = np.flatnonzero(usable)
    numbers, first_used = factorize(joint[at])
    codes32 = np.full(length, -1, np.int32)
    codes32[at] = numbers
    first = at[first_used]
    return Canonical(codes32, _joined(parts, names, first), _missing(parts, names, usable, optional), first)


def parts_of(key: str) -> dict[str, str]:
    """The parts of a key that :func:`combine` made."""
    parts: dict[str, str] = json.loads(key)
    return parts


def name_of(parts: Mapping[str, str]) -> str:
    """The whole name among the parts of a person's key; empty when there is none."""
    return parts.get("full_name") or f"{parts.get('first_name', '')} {parts.get('last_name', '')}".strip()


_quote = json.JSONEncoder(ensure_ascii=False).encode


def _joined(parts: Mapping[str, Canonical], names: list[str], first: npt.NDArray[np.int64]) -> list[str]:
    columns = []
    for part in names:
        quoted = [f"{_quote(part)}:{_quote(key)}" for key in parts[part].keys]
        quoted.append("")  # where code -1 points: the part is not there
        columns.append([quoted[code] for code in parts[part].codes[first].tolist()])
    return ["{" + ",".join(filter(None, row)) + "}" for row in zip(*columns, strict=True)]


def _missing(
    parts: Mapping[str, Canonical], names: list[str], usable: npt.NDArray[np.bool_], optional: Collection[str]
) -> dict[int, str]:
    """Why rows have no key: the first part that cannot be used, else the parts that are blank."""
    filled = np.zeros(len(usable), bool)
    for part in parts.values():
        filled |= ~part.blank
    reasons = {}
    for row in np.flatnonzero(~usable & filled).tolist():
        found = [parts[part].reasons[row] for part in names if row in parts[part].reasons]
        blank = [
            part.replace("_", " ") for part in names if part not in optional and parts[part].codes[row] < 0
        ]
        reasons[row] = found[0] if found else f"no {' and no '.join(blank)}"
    return reasons


def first_of(choices: Sequence[Canonical]) -> Canonical:
    """For each of n rows the key of the first choice that has one: the best identity first.

    Keys of different choices must not look alike: pass results of :func:`combine`, also for a single column.
    The reason of a row without any key is the first choice's that has one.
    """
    rows = {len(choice) for choice in choices}
    if len(rows) != 1:
        raise InputError(
            f"the choices of a key need the same number of rows, not {sorted(rows)}. Nothing was sent."
        )
    joint = np.full(rows.pop(), -1, np.int64)
    keys: list[str] = []
    reasons: dict[int, str] = {}
    for choice in choices:
        joint = np.where((joint < 0) & (choice.codes >= 0), choice.codes + np.int64(len(keys)), joint)
        keys += choice.keys
        reasons = {**choice.reasons, **reasons}
    at = np.flatnonzero(joint >= 0)
    numbers, first_used = factorize(joint[at])
    codes = np.full(len(joint), -1, np.int32)
    codes[at] = numbers
    first = at[first_used]
    reasons = {row: reason for row, reason in reasons.items() if codes[row] < 0}
    return Canonical(codes, [keys[number] for number in joint[first].tolist()], reasons, first)
