"""What a frame adds to its book: new columns, and cells of existing ones that may be written.

The person's own cells are never lost. A column of the sheet is written only where the policy says so; and
where a new value and a value of the sheet disagree, one of them goes to a column of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import pandas as pd

from leadkit.errors import SheetError
from leadkit.sheets.frame import unique_names
from leadkit.sheets.limits import MAX_COLUMNS
from leadkit.sheets.refs import LETTERS

#: What may happen to a column that the sheet has already. ``new``: it is left alone, and changed values go
#: to a new column. ``fill``: blank cells are filled. ``overwrite``: cells are replaced, and what was there
#: goes to a new column.
ColumnPolicy = Literal["new", "fill", "overwrite"]
Policy = ColumnPolicy | Mapping[str, ColumnPolicy]

#: Names of the columns for what does not get the cell: a new value, or the person's own that was replaced.
_FOUND, _BEFORE = "found", "before"


@dataclass(slots=True)
class ColumnChange:
    """Cells to write in one column: a value for each row of the book, None where no cell is written.

    ``number`` is None for a new column, which gets its place when the sheet is written.
    """

    name: str
    values: list[Any]
    number: int | None = None

    @property
    def count(self) -> int:
        return len(self.values) - self.values.count(None)


@dataclass(slots=True)
class Changes:
    """All that is to be written, and the words for the report. ``rows`` are the book's, top to bottom."""

    rows: list[int] = field(default_factory=list)
    new: list[ColumnChange] = field(default_factory=list)
    existing: list[ColumnChange] = field(default_factory=list)
    filled: dict[str, int] = field(default_factory=dict)
    overwritten: dict[str, int] = field(default_factory=dict)
    conflicts: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def as_text(value: Any) -> str:
    """A value as the text that a cell with it reads as: midnight is a date, and of a second there are thousandths."""
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return str(value).removesuffix(".0")
    if hasattr(value, "isoformat"):
        text = str(value.isoformat()).removesuffix("T00:00:00")
        return text.removesuffix("000") if "." in text else text
    text = str(value)
    return text.upper() if text in ("True", "False") else text


def _policies(policy: Policy, book_columns: Iterable[str]) -> dict[str, ColumnPolicy]:
    columns = list(book_columns)
    chosen = dict.fromkeys(columns, policy) if isinstance(policy, str) else {**policy}
    for name, value in chosen.items():
        if value not in get_args(ColumnPolicy):
            msg = (
                f"policy {value!r} for column {name!r} is none of new, fill, overwrite. Nothing was written."
            )
            raise SheetError(msg)
        if name not in columns:
            msg = f"policy names the column {name!r}, which the sheet does not have. Nothing was written."
            raise SheetError(msg)
    return chosen


def work_out(
    book: pd.DataFrame,
    numbers: Iterable[int],
    frame: pd.DataFrame,
    policy: Policy,
    fixed: Mapping[int, Set[int]],
) -> Changes:
    """Compare ``frame`` with what was read.

    Parameters
    ----------
    book, numbers
        The frame as read, and the sheet's column number behind each of its columns.
    frame
        Rows under the index labels of ``book``, in any order; rows may be missing.
    fixed
        Column number → rows that hold a formula or lie in a merged area: these cells are never written.

    Raises
    ------
    SheetError
        No frame, a row label twice or not in the book, a column name twice, or an unknown policy.
    """
    _check_labels(book, frame)
    policies = _policies(policy, book.columns)
    changes = Changes(rows=book.index.tolist())
    place = frame.index.get_indexer(book.index).tolist()
    by_name = dict(zip(book.columns, numbers, strict=True))
    taken = [*book.columns]
    for label in frame.columns:
        name = str(label)
        if name not in by_name:
            changes.new.append(_new_column(name, _values(frame[label], place), taken))
        elif not frame[label].equals(book[name].loc[frame.index]):
            values = _values(frame[label], place)
            texts = [text if isinstance(text, str) else None for text in book[name].tolist()]
            column = _Existing(name, by_name[name], values, texts)
            if column.differs():
                column.change(
                    changes, policies.get(name, "new"), fixed.get(by_name[name], frozenset()), taken
                )
    return changes


def _check_labels(book: pd.DataFrame, frame: pd.DataFrame) -> None:
    if not isinstance(frame, pd.DataFrame):
        msg = f"a {type(frame).__name__} is no frame; of a run it is done.frame. Nothing was written."
        raise SheetError(msg)
    if not frame.index.is_unique:
        twice = frame.index[frame.index.duplicated()][0]
        msg = f"row {twice} is in the frame twice, so it is not clear which to write. Nothing was written."
        raise SheetError(msg)
    strange = frame.index.difference(book.index)
    if len(strange):
        msg = (
            f"{len(strange):,} rows of the frame are not rows of the sheet, the first is {strange.tolist()[0]!r}. "
            "Nothing was written. Keep the index of book.frame: it holds the spreadsheet's row numbers."
        )
        raise SheetError(msg)
    if not frame.columns.is_unique:
        twice = frame.columns[frame.columns.duplicated()][0]
        msg = f"the frame has two columns {twice!r}. Nothing was written. Rename one of them."
        raise SheetError(msg)


def present(column: pd.Series[Any]) -> list[Any]:
    """The column's values as Python objects; None for what leaves its cell blank: NaN, NaT, NA, no text."""
    return [
        None if missing or (isinstance(value, str) and not value) else value
        for value, missing in zip(column.tolist(), column.isna().tolist(), strict=True)
    ]


def _values(column: pd.Series[Any], place: list[int]) -> list[Any]:
    """The column's values in the order of the book's rows; None where it has none."""
    values = present(column)
    return [values[at] if at >= 0 else None for at in place]


def _new_column(name: str, values: list[Any], taken: list[str]) -> ColumnChange:
    unique = unique_names([" ".join(name.split()) or "Column"], taken)[0]
    taken.append(unique)
    return ColumnChange(unique, values)


@dataclass(slots=True)
class _Existing:
    """A column of the sheet for which the frame has other values. ``differing`` has the new ones only."""

    name: str
    number: int
    values: list[Any]
    texts: list[str | None]
    differing: list[Any] = field(init=False)

    def __post_init__(self) -> None:
        self.differing = [
            None if value is None or as_text(value) == text else value
            for value, text in zip(self.values, self.texts, strict=True)
        ]

    def differs(self) -> bool:
        return self.differing.count(None) < len(self.differing)

    def change(self, changes: Changes, policy: ColumnPolicy, fixed: Set[int], taken: list[str]) -> None:
        """Put what the policy says into ``changes``."""
        if policy == "new":
            column = _new_column(self.name, self.values, taken)
            changes.new.append(column)
            changes.notes.append(
                f"Column {self.name!r} is as it was; its changed values are in {column.name!r}."
            )
            return
        free = [
            row not in fixed and (policy == "overwrite" or text is None)
            for row, text in zip(changes.rows, self.texts, strict=True)
        ]
        write = [value if may else None for value, may in zip(self.differing, free, strict=True)]
        found = [None if may else value for value, may in zip(self.differing, free, strict=True)]
        before = [None if value is None else text for value, text in zip(write, self.texts, strict=True)]
        column = ColumnChange(self.name, write, self.number)
        counts = changes.filled if policy == "fill" else changes.overwritten
        counts[self.name] = column.count
        if column.count:
            changes.existing.append(column)
        for word, aside in ((_FOUND, found), (_BEFORE, before)):
            if count := len(aside) - aside.count(None):
                changes.new.append(_new_column(f"{self.name} ({word})", aside, taken))
                changes.conflicts[self.name] = changes.conflicts.get(self.name, 0) + count


def check_room(first: int, columns: int, file_name: str) -> None:
    """SheetError when so many columns do not fit in from column number ``first`` on."""
    if first + columns - 1 > MAX_COLUMNS:
        msg = (
            f"{file_name} has no room for more columns: a sheet ends at column {MAX_COLUMNS:,}, and something stands "
            f"or is merged in {LETTERS[first - 1]}. Nothing was sent or written. "
            "Save the results as a new workbook."
        )
        raise SheetError(msg)


def give_places(changes: Changes, first: int, file_name: str) -> None:
    """Put the new columns side by side, from the column number ``first`` on."""
    check_room(first, len(changes.new), file_name)
    for offset, column in enumerate(changes.new):
        column.number = first + offset
