"""An .xlsx or .xlsm workbook: its sheets read as filled cells, its parts known for writing back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from leadkit.errors import SheetError
from leadkit.sheets import limits
from leadkit.sheets.grid import Grid
from leadkit.sheets.package import Package
from leadkit.sheets.parts import Parts, SheetEntry
from leadkit.sheets.refs import NUMBERS
from leadkit.sheets.sheet_edges import column_ranges
from leadkit.sheets.sheet_stream import SheetStream
from leadkit.sheets.styles import Styles
from leadkit.sheets.tables import tables_of
from leadkit.sheets.xlsx_read import SheetReader, read_shared_texts
from leadkit.sheets.xml_text import check_well_formed
from leadkit.wording import counted


@dataclass(frozen=True, slots=True)
class SheetInfo:
    """A sheet of a workbook. ``rows`` and ``columns`` reach to the last cell that has something in it."""

    name: str
    rows: int
    columns: int
    hidden: bool


@dataclass(frozen=True, slots=True)
class ReadSheet:
    """A sheet that was read: its cells, and what writing it back needs to know.

    ``simple`` says that all cells are written in the usual way, ``problem`` why the sheet cannot be written back.
    """

    file: XlsxFile
    entry: SheetEntry
    grid: Grid
    simple: bool
    problem: str


class XlsxFile:
    """Opens and checks the package; reads sheets one by one."""

    def __init__(self, package: Package) -> None:
        self.package = package
        self.source = source = package.source
        self.parts = Parts(package)
        self.entries = self.parts.sheets()
        if not self.entries:
            msg = f"{source.name} has no worksheet, only charts or macros. Nothing was sent."
            raise SheetError(msg)

    @property
    def kind(self) -> str:
        return "xlsm" if "macroenabled" in self.parts.content_type(self.parts.workbook_member) else "xlsx"

    def styles(self) -> Styles | None:
        """The styles, read anew so that each writing starts from the file's own."""
        member = self.parts.related("styles")
        return Styles(self.parts.part(member)) if member is not None else None

    def entry(self, name: str | None) -> SheetEntry:
        """The sheet of this name; without one, the first visible sheet that has cells."""
        if name is not None:
            for entry in self.entries:
                if entry.name == name:
                    return entry
            names = ", ".join(repr(e.name) for e in self.entries)
            msg = f"{self.source.name} has no sheet {name!r}. Its sheets are {names}. Nothing was sent."
            raise SheetError(msg)
        usable = [e for e in self.entries if not e.problem] or self.entries
        visible = [e for e in usable if not e.hidden] or usable
        return next((e for e in visible if not e.problem and self._has_cells(e)), visible[0])

    def _chunks(self, part: str) -> Iterator[bytes]:
        member = self.package.find(part)
        if member is None:
            return
        with self.source.open() as file:
            yield from self.package.chunks(member, file)

    def stream(self, entry: SheetEntry) -> SheetStream:
        if entry.problem:
            msg = f"sheet {entry.name!r} of {self.source.name} cannot be read: {entry.problem}. Nothing was sent."
            raise SheetError(msg)
        return SheetStream(self._chunks(entry.part), entry.part)

    def _has_cells(self, entry: SheetEntry) -> bool:
        stream = self.stream(entry)
        value = f"<{stream.prefix}v>".encode(), f"<{stream.prefix}is>".encode(), f"<{stream.prefix}f".encode()
        return any(v in rows.masked for rows in stream.rows() for v in value)

    @cached_property
    def _shared_texts(self) -> dict[str, str]:
        member = self.parts.related("sharedStrings")
        if member is None:
            return {}
        most = limits.most_texts(member.compressed)
        return read_shared_texts(self._chunks(member.name), member.name, most)

    def read(self, entry: SheetEntry) -> ReadSheet:
        """The filled cells of a sheet."""
        stream = self.stream(entry)
        member = self.package.find(entry.part)
        styles = self.styles()
        reader = SheetReader(
            stream,
            shared=self._shared_texts,
            codes=styles.codes if styles is not None else [],
            date1904=self.parts.date1904,
            most_cells=limits.most_cells(member.compressed if member else 0),
        )
        grid = reader.read()
        grid.tables += tables_of(self.parts, entry.part)
        problem = reader.disorder
        try:
            check_well_formed(stream.head + stream.tail, entry.part)
        except SheetError as error:
            problem = problem or reason_of(error)
        self._note_hidden(grid, stream.head)
        return ReadSheet(self, entry, grid, not reader.irregular, problem)

    @staticmethod
    def _note_hidden(grid: Grid, head: str) -> None:
        hidden = [c for c in column_ranges(head) if c.hidden]
        columns = [n for n in grid.cells if any(c.first <= n <= c.last for c in hidden)]
        if columns:
            grid.notes.append(f"Read like all others: {counted(len(columns), 'hidden column')}.")

    def infos(self) -> list[SheetInfo]:
        """All sheets with their extent, by a quick look at each."""
        return [self._info(entry) for entry in self.entries]

    def _info(self, entry: SheetEntry) -> SheetInfo:
        if entry.problem:
            return SheetInfo(entry.name, 0, 0, entry.hidden)
        try:
            stream = self.stream(entry)
            p = re.escape(stream.prefix.encode())
            filled = re.compile(rb"<" + p + rb'c r="([A-Z]{1,3})([0-9]{1,7})"[^<>]*(?<!/)><' + p + rb"[vif]")
            columns: set[bytes] = set()
            last = 0
            for rows in stream.rows():
                found = filled.findall(rows.masked)
                if found:
                    columns.update(letters for letters, _ in found)
                    last = max(last, int(found[-1][1]))
            if not columns:  # empty, or its cells are written in another way
                grid = self.read(entry).grid
                return SheetInfo(entry.name, grid.last_row, max(grid.cells, default=0), entry.hidden)
        except SheetError:
            return SheetInfo(entry.name, 0, 0, entry.hidden)
        widest = max((NUMBERS.get(c.decode(), 0) for c in columns), default=0)
        return SheetInfo(entry.name, min(last, limits.MAX_ROWS), widest, entry.hidden)


def reason_of(error: SheetError) -> str:
    """The part of a message that says why, to go on within a sentence."""
    return str(error).removesuffix(" Nothing was sent.").rstrip(".")
