"""Writing back an .xlsx: one sheet's rows are spliced, its tables and styles mended, all else copied as it lies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

import pandas as pd

from leadkit.sheets.cell_values import CellEncoder
from leadkit.sheets.changes import Changes
from leadkit.sheets.grid import Table
from leadkit.sheets.log_sheet import LogSheets
from leadkit.sheets.package import NewMember, compress
from leadkit.sheets.row_writer import RowWriter
from leadkit.sheets.sheet_edges import (
    column_ranges,
    visible_place,
    width_of,
    with_extent,
    with_filter,
    with_widths,
)
from leadkit.sheets.tables import grown
from leadkit.sheets.xlsx_file import ReadSheet, XlsxFile


@dataclass(frozen=True, slots=True)
class Written:
    """What writing did, for the report."""

    cells: int
    parts: tuple[str, ...]
    notes: tuple[str, ...]


class XlsxWriter:
    """Writes the changes of one sheet. ``last_column`` is the right-most column of the frame."""

    def __init__(self, file: XlsxFile, sheet: ReadSheet, *, header_row: int, last_column: int) -> None:
        self._file = file
        self._sheet = sheet
        self._header_row = header_row
        self._last_column = last_column

    def first_free_column(self) -> int:
        """Where new columns begin: right of the list and of everything beside it."""
        grid = self._sheet.grid
        used = max(grid.last_column(max(self._header_row, 1)), self._last_column)
        used = max(
            [used, *(t.area.right for t in grid.tables if t.area.bottom >= self._header_row and t.part)]
        )
        head = self._file.stream(self._sheet.entry).head.decode("utf-8", "replace")
        return visible_place(used + 1, column_ranges(head))

    def write(self, out: BinaryIO, changes: Changes, log: Mapping[str, pd.DataFrame] | None) -> Written:
        file, sheet = self._file, self._sheet
        styles = file.styles()
        stream = file.stream(sheet.entry)
        dates = styles is not None and styles.can_add
        encoder = CellEncoder(stream.prefix, date1904=file.parts.date1904, dates=dates)
        head = stream.head.decode("utf-8")
        ranges = column_ranges(head)
        column_styles = {
            c.number: next((r.style for r in ranges if r.first <= c.number <= r.last), 0)
            for c in changes.new
            if c.number is not None
        }
        table, extends_filter = self._grown_areas(changes)
        columns = [*changes.existing, *changes.new]
        changed: dict[str, NewMember] = {}
        written = 0
        if columns:
            writer = RowWriter(
                stream.prefix,
                columns,
                changes.rows,
                named={c.number for c in changes.new if c.number},
                header_row=self._header_row,
                beside=self._last_column,
                styles=styles,
                column_styles=column_styles,
                encoder=encoder,
                simple=sheet.simple,
            )

            def pieces() -> Iterator[bytes]:
                yield self._head(head, stream.prefix, changes).encode()
                for rows in stream.rows():
                    yield writer.rewrite(rows)
                yield from writer.rest()
                tail = stream.tail.decode("utf-8")
                area = sheet.grid.filter_area if extends_filter else None
                yield with_filter(tail, area, changes.new[-1].number or 0 if changes.new else 0).encode()

            changed[sheet.entry.part] = compress(pieces())
            written = writer.written
        if table is not None:
            member = file.package.find(table.part)
            part = grown(file.parts.part(member), table, [c.name for c in changes.new]) if member else None
            if part is not None and member is not None:
                changed[member.name] = compress([part.to_bytes()])
        styles_member = file.parts.related("styles")
        if styles is not None and styles.changed and styles_member is not None:
            changed[styles_member.name] = compress([styles.part().to_bytes()])
        added: dict[str, NewMember] = {}
        if log:
            logs = LogSheets(file, log, encoder)
            changed |= logs.changed
            added = logs.added
        file.package.write(out, changed, added)
        notes = []
        if encoder.cut:
            notes.append(
                f"{encoder.cut:,} texts were longer than a cell holds (32,767 characters) and were cut."
            )
        return Written(written, (*changed, *added), tuple(notes))

    def _head(self, head: str, prefix: str, changes: Changes) -> str:
        if not changes.new:
            return head
        rows = [row for row in (self._header_row, *changes.rows[:1], *changes.rows[-1:]) if row]
        if rows:
            head = with_extent(head, changes.new[-1].number or 0, min(rows), max(rows))
        return with_widths(
            head, prefix, {c.number: width_of(c.name, c.values) for c in changes.new if c.number}
        )

    def _grown_areas(self, changes: Changes) -> tuple[Table | None, bool]:
        """The table that the new columns join, if they stand right beside one; and whether the filter grows."""
        if not changes.new:
            return None, False
        first = changes.new[0].number or 0
        grid = self._sheet.grid

        def joins(table: Table) -> bool:
            return table.area.right + 1 == first and table.area.top == self._header_row

        table = next((t for t in grid.tables if t.part and joins(t)), None)
        filtered = grid.filter_area is not None and joins(Table(grid.filter_area))
        return table, filtered
