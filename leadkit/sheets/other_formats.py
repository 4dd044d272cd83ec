""".xls, .xlsb and .ods: read through calamine. They are not written; results go to a new .xlsx."""

from __future__ import annotations

import datetime as dt
import io
from typing import Literal

import python_calamine

from leadkit.errors import SheetError
from leadkit.sheets import limits
from leadkit.sheets.grid import Cells, Grid
from leadkit.sheets.number_text import plain_number
from leadkit.sheets.refs import Area
from leadkit.sheets.source import Source
from leadkit.sheets.xlsx_file import SheetInfo

OtherKind = Literal["xls", "xlsb", "ods"]


def cell_text(value: object) -> str:
    """What calamine gives for a cell, as exact text."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return plain_number(repr(value))
    if isinstance(value, dt.datetime):
        return value.isoformat()
    if isinstance(value, dt.timedelta):
        seconds = round(value.total_seconds())
        return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return value.isoformat() if isinstance(value, dt.date | dt.time) else str(value)


class OtherFile:
    """A workbook of another format."""

    def __init__(self, source: Source, kind: OtherKind) -> None:
        self.source = source
        self.kind = kind
        try:
            self._book = python_calamine.load_workbook(io.BytesIO(source.read()))
        except python_calamine.PasswordError:
            raise SheetError(encrypted(source.name)) from None
        except Exception as error:  # calamine raises several kinds, and Rust's panics
            msg = f"{source.name} is not a workbook that can be read ({error}). Nothing was sent."
            raise SheetError(msg) from None
        worksheets = python_calamine.SheetTypeEnum.WorkSheet
        self._hidden: dict[str, bool] = {
            m.name: m.visible != python_calamine.SheetVisibleEnum.Visible
            for m in self._book.sheets_metadata
            if m.typ == worksheets
        }
        if not self._hidden:
            msg = f"{source.name} has no worksheet. Nothing was sent."
            raise SheetError(msg)

    def sheet(self, name: str | None) -> str:
        """The sheet of this name; without one, the first visible one that has cells."""
        if name is not None:
            if name not in self._hidden:
                names = ", ".join(map(repr, self._hidden))
                msg = f"{self.source.name} has no sheet {name!r}. Its sheets are {names}. Nothing was sent."
                raise SheetError(msg)
            return name
        visible = [n for n, hidden in self._hidden.items() if not hidden] or list(self._hidden)
        filled = (n for n in visible if self._book.get_sheet_by_name(n).height > 0)
        return next(filled, visible[0])

    def infos(self) -> list[SheetInfo]:
        infos = []
        for name, hidden in self._hidden.items():
            sheet = self._book.get_sheet_by_name(name)
            end = sheet.end or (-1, -1)
            infos.append(SheetInfo(name, end[0] + 1, end[1] + 1, hidden))
        return infos

    def read(self, name: str) -> Grid:
        """The filled cells. Number formats are not known, so leading zeros that only they show are not either."""
        try:
            sheet = self._book.get_sheet_by_name(name)
            first = sheet.start
            rows = sheet.to_python(skip_empty_area=True)
        except Exception as error:
            msg = f"sheet {name!r} of {self.source.name} cannot be read ({error}). Nothing was sent."
            raise SheetError(msg) from None
        grid = Grid()
        if first is None:
            return grid
        if len(rows) * max(len(rows[0]) if rows else 0, 1) > limits.MAX_FRAME_CELLS:
            msg = f"sheet {name!r} of {self.source.name} has too many cells. Nothing was sent."
            raise SheetError(msg)
        for row, values in enumerate(rows, first[0] + 1):
            for column, value in enumerate(values, first[1] + 1):
                if value != "":
                    cells = grid.cells.setdefault(column, Cells())
                    cells.rows.append(row)
                    cells.texts.append(cell_text(value))
        for area in sheet.merged_cell_ranges or ():
            (top, left), (bottom, right) = area
            grid.merged.append(Area(left + 1, top + 1, right + 1, bottom + 1))
        grid.notes.append(
            f"A .{self.kind} workbook can be read but not written back: results are saved as a new .xlsx workbook."
        )
        return grid


def encrypted(name: str) -> str:
    """The message for a workbook behind a password."""
    return (
        f"{name} is protected by a password, so it cannot be read. Nothing was sent. "
        "Open it in a spreadsheet program, save it without the password, and open that file here."
    )
