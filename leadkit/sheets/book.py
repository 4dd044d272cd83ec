"""A spreadsheet file as a pandas frame, and the frame back into the same file."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

import pandas as pd

from leadkit.errors import SheetError
from leadkit.sheets.changes import Changes, Policy, check_room, give_places, work_out
from leadkit.sheets.csv_file import CsvFile
from leadkit.sheets.frame import build_frame
from leadkit.sheets.grid import Grid, listed
from leadkit.sheets.header import HeaderGuess, guess_header
from leadkit.sheets.limits import MAX_ROWS
from leadkit.sheets.new_workbook import write_new_workbook
from leadkit.sheets.other_formats import OtherFile
from leadkit.sheets.package import Package
from leadkit.sheets.refs import LETTERS
from leadkit.sheets.save import check_target, safely
from leadkit.sheets.sniff import kind_of
from leadkit.sheets.source import Source
from leadkit.sheets.xlsx_file import ReadSheet, SheetInfo, XlsxFile
from leadkit.sheets.xlsx_write import XlsxWriter
from leadkit.wording import counted

#: What the files of a kind may be called.
_ENDINGS = {"xlsx": (".xlsx", ".xltx"), "xlsm": (".xlsm", ".xltm")}
_WORKBOOK_ENDINGS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")


@dataclass(frozen=True, slots=True)
class SaveReport:
    """What was written.

    ``added`` are the new columns' names as they stand in the file. ``filled``, ``overwritten`` and
    ``conflicts`` count cells by column. ``parts`` are the members of the workbook that are not byte for
    byte as before. ``backup`` is where the original is, when it was replaced.
    """

    path: Path | None
    added: tuple[str, ...]
    cells: int
    filled: Mapping[str, int] = field(default_factory=dict)
    overwritten: Mapping[str, int] = field(default_factory=dict)
    conflicts: Mapping[str, int] = field(default_factory=dict)
    parts: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    backup: Path | None = None


class Book:
    """One sheet of one file. Made by :func:`open_book`.

    Attributes
    ----------
    name, kind
        The file's name, and what it is: xlsx, xlsm, csv, xls, xlsb or ods.
    sheet
        The name of the sheet; a CSV file has none, ``""``.
    frame
        Every row below the header, as text; blank cells are missing. The index holds spreadsheet row numbers.
    header_row
        The spreadsheet row of the column names, counted from 1; 0 when there are none.
    hidden_rows
        The spreadsheet rows that are hidden or filtered away, whether they were read or not.
    header_guesses
        Rows that could hold them, the likeliest first, each with its evidence.
    notes
        What a person should know of the file, as sentences.
    """

    def __init__(
        self,
        file: XlsxFile | CsvFile | OtherFile,
        sheet: str | None,
        header_row: int | None,
        *,
        hidden_rows: bool = True,
    ) -> None:
        self._file = file
        self.name = file.source.name
        self.kind: str = file.kind
        self._read: ReadSheet | None = None
        if isinstance(file, XlsxFile):
            self._read = file.read(file.entry(sheet))
            self.sheet, grid = self._read.entry.name, self._read.grid
        else:
            self.sheet, grid = file.read(sheet)
        self.header_guesses: list[HeaderGuess] = guess_header(grid)
        if header_row is not None and not 0 <= header_row <= MAX_ROWS:
            msg = f"header_row {header_row} is no row of a sheet: rows count from 1, and 0 says that there is none."
            raise SheetError(msg)
        self.header_row = self.header_guesses[0].row if header_row is None else header_row
        totals = grid.totals()
        framed = build_frame(grid, self.header_row, totals)
        self.frame: pd.DataFrame = framed.frame
        self.hidden_rows: list[int] = list(grid.hidden_rows)
        left_out: list[int] = []
        if not hidden_rows:
            left_out = [row for row in grid.hidden_rows if row in framed.frame.index]
            self.frame = framed.frame.drop(index=left_out)
            grid.hidden_rows.clear()
        self._numbers = framed.numbers
        self._grid = grid
        self.notes: list[str] = self._explain(grid, totals, left_out)

    @cached_property
    def _writer(self) -> XlsxWriter | None:
        """What writes the sheet back, for .xlsx and .xlsm."""
        if self._read is None:
            return None
        return XlsxWriter(self._read, header_row=self.header_row, last_column=max(self._numbers, default=0))

    def _explain(self, grid: Grid, totals: list[int], left_out: list[int]) -> list[str]:
        notes = grid.explain(self.sheet or self.name)
        if left_out:
            notes.append(
                f"Hidden rows are left out, and stay as they are: {listed(left_out, len(left_out))}."
            )
        if not grid.cells:
            notes.append(f"Sheet {self.sheet!r} of {self.name} is empty.")
        elif self.frame.empty:
            notes.append(f"There are no rows below the header in row {self.header_row}.")
        if totals:
            notes.append(f"Rows of totals are left out: {listed(totals, len(totals))}.")
        if len(self.frame):
            span = int(self.frame.index[-1] - self.frame.index[0]) + 1
            skipped = span - len(self.frame) - len(totals) - len(left_out)
            if skipped > 0:
                blank = counted(skipped, "blank row")
                notes.append(f"{blank} between the others left out; row numbers are the sheet's.")
        return notes

    def __repr__(self) -> str:
        sheet = f", sheet {self.sheet!r}" if self.sheet else ""
        return f"<Book {self.name!r}{sheet}: {len(self.frame):,} rows, {len(self.frame.columns)} columns>"

    @cached_property
    def sheets(self) -> list[SheetInfo]:
        """All worksheets of the file, in its order."""
        if isinstance(self._file, CsvFile):
            return [SheetInfo("", self._grid.last_row, max(self._grid.cells, default=0), hidden=False)]
        return self._file.infos()

    @property
    def default_output(self) -> Path:
        """``leads.xlsx`` → ``leads.enriched.xlsx``, beside it."""
        path = self._file.source.path or Path(self.name)
        if isinstance(self._file, CsvFile):
            ending = path.suffix or ".csv"
        elif path.suffix.lower() in _ENDINGS.get(self.kind, ()):
            ending = path.suffix
        else:
            ending = ".xlsm" if self.kind == "xlsm" else ".xlsx"
        return path.with_name(f"{path.stem}.enriched{ending}")

    def check_writable(self, path: str | os.PathLike[str] | None = None, *, overwrite: bool = False) -> None:
        """SheetError with the reason when the workbook cannot be written back safely.

        To be called before anything is spent. Unpacks every member once to see that none is damaged. With
        ``path``, also sees whether :meth:`save_as` may write there.
        """
        if self._writer is not None:
            self._writer.check()
        check_room(self._first_free_column(), 1, self.name)
        if path is not None:
            check_target(Path(path), overwrite=overwrite)
            self._check_ending(Path(path))

    def _check_ending(self, path: Path) -> None:
        """A workbook under the ending of another kind would not be opened by any program."""
        wanted = self.default_output.suffix.lower()
        ending = path.suffix.lower()
        if isinstance(self._file, CsvFile):
            wrong = ending in _WORKBOOK_ENDINGS
            wanted = wanted if wanted not in _WORKBOOK_ENDINGS else ".csv"
        else:
            wrong = ending != wanted
        if wrong:
            msg = (
                f"{path.name} would hold a {wanted} file. No file was changed. "
                f"Save under a name that ends in {wanted}."
            )
            raise SheetError(msg)

    def _first_free_column(self) -> int:
        if self._writer is not None:
            return self._writer.first_free_column()
        if isinstance(self._file, CsvFile):
            return self._file.first_free_column()
        return max(self._numbers, default=0) + 1

    def save_as(
        self,
        path: str | os.PathLike[str],
        frame: pd.DataFrame,
        *,
        log: Mapping[str, pd.DataFrame] | None = None,
        overwrite: bool = False,
        policy: Policy = "new",
    ) -> SaveReport:
        """Write the file again, with what ``frame`` adds to it.

        Parameters
        ----------
        path
            Where to. The file appears there only when all of it is on the disk.
        frame
            Rows under the index labels of ``book.frame``, in any order; rows may be missing. Columns that
            ``book.frame`` does not have are added.
        log
            Sheets to add at the end, by name: a receipt, where each value came from.
        overwrite
            Whether a file at ``path`` may be replaced. If that is the source, it is kept as a backup.
        policy
            For columns that the sheet has already, one word for all or one by column: ``new`` leaves them alone
            and puts changed values into a new column, ``fill`` fills blank cells, ``overwrite`` replaces. Under
            both a value that would be lost goes to a column of its own, and formulas are never replaced.

        Raises
        ------
        SheetError
            The frame does not fit the book, or the file cannot be written. No file was changed.
        """
        target = Path(path)
        check_target(target, overwrite=overwrite)
        source = self._file.source.path
        is_source = source is not None and target.exists() and source.exists() and target.samefile(source)
        self._check_ending(target)
        changes = self._work_out(frame, policy)
        with safely(target, overwrite=overwrite, keep_original=is_source) as (out, kept):
            report = self._write(out, changes, log, target)
        if not kept:
            return report
        note = f"The file as it was before is {kept[0].name}, beside it."
        return replace(report, backup=kept[0], notes=(*report.notes, note))

    def to_bytes(
        self,
        frame: pd.DataFrame,
        *,
        log: Mapping[str, pd.DataFrame] | None = None,
        policy: Policy = "new",
    ) -> bytes:
        """The same as :meth:`save_as`, as bytes for a download."""
        out = io.BytesIO()
        self._write(out, self._work_out(frame, policy), log, None)
        return out.getvalue()

    def _work_out(self, frame: pd.DataFrame, policy: Policy) -> Changes:
        fixed = {}
        if policy != "new":
            fixed = {
                number: self._grid.fixed_rows(number, self.frame.index.tolist()) for number in self._numbers
            }
        changes = work_out(self.frame, self._numbers, frame, policy, fixed)
        give_places(changes, self._first_free_column(), self.name)
        return changes

    def _write(
        self,
        out: BinaryIO,
        changes: Changes,
        log: Mapping[str, pd.DataFrame] | None,
        path: Path | None,
    ) -> SaveReport:
        notes = list(changes.notes)
        if changes.new and not self.header_row and not isinstance(self._file, OtherFile):
            places = ", ".join(f"{column.name!r} in {LETTERS[column.number or 0]}" for column in changes.new)
            notes.append(
                f"The sheet has no row of column names, so the new columns have none in it: {places}."
            )
        parts: tuple[str, ...] = ()
        cells = sum(c.count for c in [*changes.new, *changes.existing])
        if self._writer is not None:
            written = self._writer.write(out, changes, log)
            parts = written.parts
            notes += written.notes
        elif isinstance(self._file, CsvFile):
            notes += self._file.write(out, changes, self.header_row)
            if log:
                notes.append("A text file has one sheet, so the log was not written into it.")
        else:
            write_new_workbook(out, {self.sheet: self._combined(changes), **(log or {})})
            notes.append(
                f"A .{self.kind} workbook cannot be written back: this is a new .xlsx with its rows and results."
            )
        return SaveReport(
            path,
            tuple(c.name for c in changes.new),
            cells,
            changes.filled,
            changes.overwritten,
            changes.conflicts,
            parts,
            tuple(notes),
        )

    def _combined(self, changes: Changes) -> pd.DataFrame:
        """The rows that were read, with the changes in them, for a new workbook."""
        combined = self.frame.astype(object)
        names = dict(zip(self._numbers, self.frame.columns, strict=True))
        for column in changes.existing:
            name = names[column.number or 0]
            combined[name] = [
                old if v is None else v for v, old in zip(column.values, combined[name], strict=True)
            ]
        for column in changes.new:
            combined[column.name] = pd.Series(column.values, dtype=object, index=combined.index)
        return combined


def open_book(
    source: str | os.PathLike[str] | bytes,
    *,
    sheet: str | None = None,
    header_row: int | None = None,
    name: str | None = None,
    hidden_rows: bool = True,
) -> Book:
    """Open a spreadsheet file and read one sheet of it, exactly as text.

    Parameters
    ----------
    source
        Path of a file, or the bytes of one. What it is, is told by its content.
    sheet
        Name of the sheet; None takes the first visible one that has cells.
    header_row
        The spreadsheet row of the column names, counted from 1; 0 when there are none; None to find it.
    name
        The file's name when ``source`` is bytes.
    hidden_rows
        Whether rows that are hidden, or filtered away, are read like all others. Left out, they stay in the file
        as they are. Only .xlsx and .xlsm tell which rows are hidden.

    Raises
    ------
    SheetError
        There is no such file or sheet; it is no spreadsheet, behind a password, damaged, or made to exhaust
        the machine.
    """
    opened = Source(source, name)
    kind = kind_of(opened)
    if kind == "csv":
        return Book(CsvFile(opened), sheet, header_row)
    if kind == "xls":
        return Book(OtherFile(opened, "xls"), sheet, header_row)
    package = Package(opened)
    if package.find("xl/workbook.bin") is not None:
        return Book(OtherFile(opened, "xlsb"), sheet, header_row)
    mimetype = package.find("mimetype")
    if mimetype is not None and b"opendocument.spreadsheet" in package.read(mimetype):
        return Book(OtherFile(opened, "ods"), sheet, header_row)
    return Book(XlsxFile(package), sheet, header_row, hidden_rows=hidden_rows)
