"""Cell references: ``AB12``, ``A1:F10``. Columns and rows count from 1."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from leadkit.sheets.limits import MAX_COLUMNS, MAX_ROWS


def _letters(number: int) -> str:
    text = ""
    while number:
        number, rest = divmod(number - 1, 26)
        text = chr(65 + rest) + text
    return text


#: Column number → letters; index 0 is not a column, and the last is the one that a sheet ends before.
LETTERS: Final = ("", *(_letters(n) for n in range(1, MAX_COLUMNS + 2)))
#: Letters → column number.
NUMBERS: Final = {letters: number for number, letters in enumerate(LETTERS[:-1]) if number}

_WHOLE = re.compile("[0-9]{1,9}")
_REFERENCE = re.compile(r"\$?([A-Za-z]{1,3})\$?([0-9]{1,7})")


class Area(NamedTuple):
    """A rectangle of cells, both ends included."""

    left: int
    top: int
    right: int
    bottom: int

    def __str__(self) -> str:
        first = f"{LETTERS[self.left]}{self.top}"
        last = f"{LETTERS[self.right]}{self.bottom}"
        return first if first == last else f"{first}:{last}"


def whole(text: str | None, default: int = 0) -> int:
    """An attribute's whole number, of up to nine digits; ``default`` when it is anything else."""
    return int(text) if text is not None and _WHOLE.fullmatch(text) else default


def parse_cell(text: str) -> tuple[int, int] | None:
    """``"B3"`` → ``(2, 3)``: column, row. None when it is no cell of the grid."""
    match = _REFERENCE.fullmatch(text)
    if match is None:
        return None
    column, row = NUMBERS.get(match[1].upper()), int(match[2])
    return (column, row) if column and 1 <= row <= MAX_ROWS else None


def parse_area(text: str) -> Area | None:
    """``"A1:C9"`` or ``"A1"`` as an area. None when it is not one rectangle of cells."""
    first, _, last = text.strip().partition(":")
    start, end = parse_cell(first), parse_cell(last or first)
    if start is None or end is None:
        return None
    return Area(min(start[0], end[0]), min(start[1], end[1]), max(start[0], end[0]), max(start[1], end[1]))
