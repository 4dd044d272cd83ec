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

#: What may happen to a column that the sheet has already. ``new``: it is left alone, and changed values go
#: to a new column. ``fill``: blank cells are filled. ``overwrite``: cells are replaced, and what was there
#: goes to a new column.
ColumnPolicy = Literal["new", "fill", "overwrite"]
Policy = ColumnPolicy | Mapping[str, ColumnPolicy]

_FOUND, _BEFORE = "found", "before"


@dataclass(slots=True)
class ColumnChange:
    """Cells to write in one column. ``values`` is by spreadsheet row; blank cells are not in it.

    ``number`` is None for a new column, which gets its place when the sheet is written.
    """

    name: str
    values: dict[int, Any]
    number: int | None = None


@dataclass(slots=True)
class Changes:
    """All that is to be written, and the words for the report."""

    new: list[ColumnChange] = field(default_factory=list)
    existing: list[ColumnChange] = field(default_factory=list)
    filled: dict[str, int] = field(default_factory=dict)
    overwritten: dict[str, int] = field(default_factory=dict)
    conflicts: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def blank(value: Any) -> bool:
    """Whether a value leaves its cell blank: None, NaN, NaT, NA, or no text at all."""
    if value is None or (isinstance(value, str) and not value):
        return True
    missing = pd.isna(value) if pd.api.types.is_scalar(value) else False
    return bool(missing)


def same(value: Any, text: str) -> bool:
    """Whether a value is what the sheet's text says already."""
    if isinstance(value, str):
        return value == text
    if isinstance(value, float) and value.is_integer():
        return text == f"{value:.0f}"
    return text == (str(value).upper() if str(value) in ("True", "False") else str(value))


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
    kept: Mapping[int, Set[int]],
) -> Changes:
    """Compare ``frame`` with what was read.

    Parameters
    ----------
    book, numbers
        The frame as read, and the sheet's column number behind each of its columns.
    frame
        Rows under the index labels of ``book``, in any order; rows may be missing.
    kept
        Column number → rows that hold a formula or lie in a merged area: these cells are never written.

    Raises
    ------
    SheetError
        A row label twice or not in the book, a column name twice, or an unknown policy.
    """
    _check_labels(book, frame)
    policies = _policies(policy, book.columns)
    changes = Changes()
    by_name = dict(zip(book.columns, numbers, strict=True))
    taken = [*book.columns]
    for label in frame.columns:
        name = str(label)
        values = _values(frame[label])
        if name not in by_name:
            changes.new.append(_new_column(name, values, taken))
            continue
        texts = dict(zip(book.index.tolist(), book[name].tolist(), strict=True))
        differing = {
            row: value
            for row, value in values.items()
            if not (isinstance(texts[row], str) and same(value, texts[row]))
        }
        if not differing:
            continue
        _existing_column(
            changes, by_name[name], name, differing, values, texts, policies.get(name, "new"), kept, taken
        )
    return changes


def _check_labels(book: pd.DataFrame, frame: pd.DataFrame) -> None:
    if not frame.index.is_unique:
        twice = frame.index[frame.index.duplicated()][0]
        msg = f"row {twice} is in the frame twice, so it is not clear which to write. Nothing was written."
        raise SheetError(msg)
    strange = frame.index.difference(book.index)
    if len(strange):
        msg = (
            f"{len(strange):,} rows of the frame are not rows of the sheet, the first is {strange[0]!r}. Nothing was "
            "written. Keep the index of book.frame: it holds the spreadsheet's row numbers."
        )
        raise SheetError(msg)
    if not frame.columns.is_unique:
        twice = frame.columns[frame.columns.duplicated()][0]
        msg = f"the frame has two columns {twice!r}. Nothing was written. Rename one of them."
        raise SheetError(msg)


def _values(column: pd.Series[Any]) -> dict[int, Any]:
    rows = column.index.tolist()
    return {row: value for row, value in zip(rows, column.tolist(), strict=True) if not blank(value)}


def _new_column(name: str, values: dict[int, Any], taken: list[str]) -> ColumnChange:
    unique = unique_names([name.strip() or "Column"], taken)[0]
    taken.append(unique)
    return ColumnChange(unique, values)


def _existing_column(
    changes: Changes,
    number: int,
    name: str,
    differing: dict[int, Any],
    values: dict[int, Any],
    texts: dict[int, Any],
    policy: ColumnPolicy,
    kept: Mapping[int, Set[int]],
    taken: list[str],
) -> None:
    if policy == "new":
        column = _new_column(name, values, taken)
        changes.new.append(column)
        changes.notes.append(
            f"Column {name!r} of the sheet is as it was; its {len(differing):,} new values are in {column.name!r}."
        )
        return
    fixed = kept.get(number, frozenset())
    own = {row for row in differing if isinstance(texts[row], str)}
    writable = {row: value for row, value in differing.items() if row not in fixed}
    aside: dict[int, Any]
    if policy == "fill":
        write = {row: value for row, value in writable.items() if row not in own}
        aside = {row: value for row, value in differing.items() if row not in write}
        word = _FOUND
        changes.filled[name] = len(write)
    else:
        write = writable
        changes.overwritten[name] = len(write)
        aside = {row: texts[row] for row in own if row in write}
        word = _BEFORE
        if formulas := {row: value for row, value in differing.items() if row not in write}:
            changes.new.append(_new_column(f"{name} ({_FOUND})", formulas, taken))
            changes.conflicts[name] = len(formulas)
    if write:
        changes.existing.append(ColumnChange(name, write, number))
    if aside:
        changes.new.append(_new_column(f"{name} ({word})", aside, taken))
        changes.conflicts[name] = changes.conflicts.get(name, 0) + len(aside)


def give_places(changes: Changes, first: int, file_name: str) -> None:
    """Put the new columns side by side, from the column number ``first`` on."""
    if changes.new and first + len(changes.new) - 1 > MAX_COLUMNS:
        msg = (
            f"{file_name} has no room for {len(changes.new)} more columns: a sheet ends at column {MAX_COLUMNS:,}. "
            "Nothing was written. Save the results as a new workbook."
        )
        raise SheetError(msg)
    for offset, column in enumerate(changes.new):
        column.number = first + offset
