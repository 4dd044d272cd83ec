"""What was found in a sheet: the filled cells, column by column, and what a person should know of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from leadkit.sheets.limits import MAX_NAMED
from leadkit.sheets.refs import LETTERS, Area


@dataclass(slots=True)
class Cells:
    """The filled cells of one column, top to bottom: spreadsheet rows and texts."""

    rows: list[int] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Places:
    """Cells of one kind: how many, and the names of the first few."""

    count: int = 0
    names: list[str] = field(default_factory=list)

    def add(self, column: int, row: int) -> None:
        self.count += 1
        if len(self.names) < MAX_NAMED:
            self.names.append(f"{LETTERS[column]}{row}")

    def __str__(self) -> str:
        return listed(self.names, self.count)

    def __bool__(self) -> bool:
        return self.count > 0


def listed(names: Iterable[object], count: int) -> str:
    """``A1, B2 and 7 more``."""
    shown = [str(name) for name in names][:MAX_NAMED]
    more = count - len(shown)
    return ", ".join(shown) + (f" and {more:,} more" if more > 0 else "")


@dataclass(slots=True)
class Table:
    """An Excel table (or the range of an autofilter): its whole area, header included."""

    area: Area
    has_header: bool = True
    totals_rows: int = 0
    part: str = ""
    name: str = ""


@dataclass(slots=True)
class Grid:
    """A sheet's filled cells. ``cells`` has a key for each column with at least one of them."""

    cells: dict[int, Cells] = field(default_factory=dict)
    #: Cells that hold a formula, with or without a value; and areas that one formula fills.
    formulas: dict[int, set[int]] = field(default_factory=dict)
    formula_areas: list[Area] = field(default_factory=list)
    merged: list[Area] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    filter_area: Area | None = None
    frozen_rows: int = 0

    errors: Places = field(default_factory=Places)
    not_calculated: Places = field(default_factory=Places)
    digits_lost: Places = field(default_factory=Places)
    lost_texts: Places = field(default_factory=Places)
    hidden_rows: list[int] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def last_row(self) -> int:
        return max((cells.rows[-1] for cells in self.cells.values()), default=0)

    def last_column(self, from_row: int) -> int:
        """The right-most column with a filled cell or formula in this row or below."""
        filled = (c for c, cells in self.cells.items() if cells.rows[-1] >= from_row)
        formulas = (c for c, rows in self.formulas.items() if any(r >= from_row for r in rows))
        areas = (a.right for a in [*self.formula_areas, *self.merged] if a.bottom >= from_row)
        return max([0, *filled, *formulas, *areas])

    @staticmethod
    def mostly_in(area: Area, columns: Collection[int]) -> bool:
        """Whether at least half of these columns lie in the area."""
        return 2 * sum(area.left <= column <= area.right for column in columns) >= len(columns)

    def totals(self) -> list[int]:
        """The rows of tables' totals, without those of a small table beside a list that goes on in this row."""
        return [
            row
            for table in self.tables
            for row in range(table.area.bottom - table.totals_rows + 1, table.area.bottom + 1)
            if self.mostly_in(
                table.area, [column for column, cells in self.cells.items() if row in cells.rows]
            )
        ]

    def fixed_rows(self, column: int, rows: Sequence[int]) -> set[int]:
        """Those of ``rows`` whose cell in this column is never written: a formula, or a cell that a merge covers."""
        numbers = np.asarray(rows, dtype=np.int64)
        fixed = np.isin(numbers, list(self.formulas.get(column, ())))
        for area in self.formula_areas:
            if area.left <= column <= area.right:
                fixed |= (area.top <= numbers) & (numbers <= area.bottom)
        for area in self.merged:
            if area.left <= column <= area.right:
                fixed |= (area.top + (column == area.left) <= numbers) & (numbers <= area.bottom)
        return set(numbers[fixed].tolist())

    def top_rows(self, count: int) -> list[tuple[int, dict[int, str]]]:
        """The first ``count`` rows that have filled cells: row number, and its texts by column."""
        rows: dict[int, dict[int, str]] = {}
        firsts = sorted({row for cells in self.cells.values() for row in cells.rows[:count]})[:count]
        last = firsts[-1] if firsts else 0
        for column, cells in self.cells.items():
            for row, text in zip(cells.rows, cells.texts, strict=True):
                if row > last:
                    break
                rows.setdefault(row, {})[column] = text
        return [(row, dict(sorted(rows[row].items()))) for row in firsts]

    def explain(self, sheet: str) -> list[str]:
        """What a person should know of the cells, as sentences."""
        notes = list(self.notes)
        if self.not_calculated:
            notes.append(
                f"Formulas that no program has calculated yet are read as blank: {self.not_calculated}. "
                "Open the workbook in a spreadsheet program and save it to have their values."
            )
        if self.errors:
            notes.append(f"Cells with an error value are read as its text, such as #N/A: {self.errors}.")
        if self.digits_lost:
            notes.append(
                f"Numbers of more than 15 digits have lost their last digits in the file: {self.digits_lost}. "
                "Such codes must be typed as text."
            )
        if self.lost_texts:
            notes.append(
                f"The file does not hold the text of these cells; they are read as blank: {self.lost_texts}."
            )
        if self.hidden_rows:
            rows = listed(self.hidden_rows, len(self.hidden_rows))
            notes.append(f"Hidden rows are read like all others: {rows} of sheet {sheet!r}.")
        return notes
