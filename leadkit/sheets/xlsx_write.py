"""Writing back an .xlsx: one sheet's rows are spliced, its tables and styles mended, all else copied as it lies."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import BinaryIO

import pandas as pd

from leadkit.errors import SheetError
from leadkit.sheets.cell_values import CellEncoder
from leadkit.sheets.changes import Changes
from leadkit.sheets.grid import Table
from leadkit.sheets.limits import MAX_CELL_TEXT
from leadkit.sheets.log_sheet import LogSheets
from leadkit.sheets.package import NewMember, compress
from leadkit.sheets.parts import rels_name
from leadkit.sheets.recheck import Recheck, count_cells
from leadkit.sheets.refs import Area
from leadkit.sheets.row_writer import RowWriter
from leadkit.sheets.sheet_edges import (
    column_ranges,
    visible_place,
    width_of,
    with_extent,
    with_filter,
    with_filter_name,
    with_widths,
)
from leadkit.sheets.styles import Styles
from leadkit.sheets.tables import grown
from leadkit.sheets.xlsx_file import ReadSheet, reason_of
from leadkit.sheets.xml_text import check_well_formed, first_tag
from leadkit.wording import counted


@dataclass(frozen=True, slots=True)
class Written:
    """What writing did, for the report."""

    cells: int
    parts: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(slots=True)
class _Sheet:
    """Counts of one rewritten sheet: its cells, those that are new, texts that were too long for a cell."""

    cells: int
    written: int
    cut: int


class XlsxWriter:
    """Writes the changes of one sheet. ``last_column`` is the right-most column of the frame."""

    def __init__(self, sheet: ReadSheet, *, header_row: int, last_column: int) -> None:
        self._file = sheet.file
        self._sheet = sheet
        self._header_row = header_row
        self._last_column = last_column

    def check(self) -> None:
        """SheetError with the reason when the sheet cannot be written back safely; reads every member once."""
        self._refuse_unsafe()
        self._file.package.test()

    def _refuse_unsafe(self) -> None:
        """The part of :meth:`check` that costs nothing."""
        if self._why_not:
            msg = (
                f"{self._file.source.name} cannot be written back safely: {self._why_not}. Nothing was sent or "
                "written. Save the results as a new workbook instead."
            )
            raise SheetError(msg)

    @cached_property
    def _why_not(self) -> str:
        parts = self._file.parts
        signed = any(r.kind == "origin" for r in parts.relations(""))
        if signed or any(m.key.startswith("_xmlsignatures/") for m in parts.package.members):
            return "it is signed, and any change would break the signature"
        if self._sheet.problem:
            return f"in sheet {self._sheet.entry.name!r}, {self._sheet.problem}"
        return self._damaged_part()

    def _damaged_part(self) -> str:
        """Which of the small parts that writing may have to mend is not well-formed, or lacks what it lists."""
        parts = self._file.parts
        members = [
            (parts.types_member, "Types"),
            (parts.workbook_member, "sheets"),
            (parts.package.find(rels_name(parts.workbook)), "Relationships"),
            (parts.related("styles"), ""),
            *((parts.package.find(table.part), "") for table in self._sheet.grid.tables if table.part),
        ]
        for member, element in members:
            if member is None:
                continue
            text = parts.part(member).text
            try:
                check_well_formed(text, member.name)
            except SheetError as error:
                return reason_of(error)
            tag = first_tag(text, element) if element else None
            if element and (tag is None or tag.closed):
                return f"its part {member.name!r} has no <{element}>"
        return ""

    def first_free_column(self) -> int:
        """Where new columns begin: right of the list and of everything beside it."""
        grid = self._sheet.grid
        used = max(grid.last_column(max(self._header_row, 1)), self._last_column)
        tables = [t.area.right for t in grid.tables if t.part and t.area.bottom >= self._header_row]
        used = max([used, *tables])
        head = self._file.stream(self._sheet.entry).head
        return visible_place(used + 1, column_ranges(head))

    def write(self, out: BinaryIO, changes: Changes, log: Mapping[str, pd.DataFrame] | None) -> Written:
        """Write the workbook with the changes and extra sheets, and look at the result before it is used."""
        self._refuse_unsafe()
        package, parts = self._file.package, self._file.parts
        styles = self._file.styles()
        changed: dict[str, NewMember] = {}
        added: dict[str, NewMember] = {}
        done = _Sheet(0, 0, 0)
        apart = self._lists(changes)
        if changes.new or changes.existing:
            changed[self._sheet.entry.part], done = self._rewritten_sheet(changes, styles)
        if (table := self._table_beside(changes)) is not None and (
            member := package.find(table.part)
        ) is not None:
            part = grown(parts.part(member), table, [column.name for column in changes.new])
            if part is not None:
                changed[member.name] = compress([part.to_bytes()])
                apart.discard(table.area)
        if styles is not None and styles.changed and (member := parts.related("styles")) is not None:
            changed[member.name] = compress([styles.part().to_bytes()])
        workbook = parts.part(parts.workbook_member)
        if (area := self._filter_beside(changes)) is not None:
            apart.discard(area)
            last = changes.new[-1].number or 0
            workbook = with_filter_name(workbook, self._sheet.entry.name, area, last)
            if workbook.text != parts.part(parts.workbook_member).text:
                changed[parts.workbook_member.name] = compress([workbook.to_bytes()])
        if log:
            sheets = LogSheets(self._file, log, workbook)
            changed |= sheets.changed
            added = sheets.added
            done.cut += sheets.cut
        package.write(out, changed, added)
        recheck = Recheck(package, out)
        recheck.members(changed, added)
        if self._sheet.entry.part in changed:
            recheck.sheet(self._sheet.entry.part, done.cells, simple=self._sheet.simple)
        out.seek(0, os.SEEK_END)
        notes = [
            f"The new columns stand apart from the table or filter in {area}, so that sorting by it would leave "
            "them behind. Select them, too, before you sort."
            for area in sorted(apart)
        ]
        if done.cut:
            texts = counted(done.cut, "text")
            notes.append(f"Cut to the {MAX_CELL_TEXT:,} characters that a cell holds: {texts}.")
        return Written(done.written, (*changed, *added), tuple(notes))

    def _rewritten_sheet(self, changes: Changes, styles: Styles | None) -> tuple[NewMember, _Sheet]:
        """The sheet's part with the new cells in it, row by row."""
        stream = self._file.stream(self._sheet.entry)
        head = stream.head
        ranges = column_ranges(head)
        # Without styles no number can be shown as a date.
        dates = styles is not None and styles.can_add
        encoder = CellEncoder(stream.prefix, date1904=self._file.parts.date1904, dates=dates)
        places = [column.number for column in changes.new if column.number]
        writer = RowWriter(
            stream.prefix,
            [*changes.existing, *changes.new],
            changes.rows,
            named=set(places),
            header_row=self._header_row,
            beside=self._last_column,
            styles=styles,
            column_styles={n: next((r.style for r in ranges if r.first <= n <= r.last), 0) for n in places},
            encoder=encoder,
            simple=self._sheet.simple,
        )
        done = _Sheet(0, 0, 0)

        def pieces() -> Iterator[bytes]:
            yield self._head(head, stream.prefix, changes).encode()
            for rows in stream.rows():
                done.cells += count_cells(rows.masked, stream.prefix, simple=self._sheet.simple)
                yield writer.rewrite(rows)
            yield from writer.rest()
            tail = stream.tail
            if (area := self._filter_beside(changes)) is not None:
                tail = with_filter(tail, area, places[-1])
            yield tail.encode()

        member = compress(pieces())
        done.cells += writer.written - writer.replaced
        done.written = writer.written
        done.cut = encoder.cut
        return member, done

    def _head(self, head: str, prefix: str, changes: Changes) -> str:
        if not changes.new:
            return head
        rows = [row for row in (self._header_row, *changes.rows[:1], *changes.rows[-1:]) if row]
        if rows:
            head = with_extent(head, changes.new[-1].number or 0, min(rows), max(rows))
        return with_widths(
            head, prefix, {c.number: width_of(c.name, c.values) for c in changes.new if c.number}
        )

    def _lists(self, changes: Changes) -> set[Area]:
        """The table and the filter whose rows the new columns are about."""
        grid = self._sheet.grid
        found = {
            t.area
            for t in grid.tables
            if t.area.top == self._header_row and grid.mostly_in(t.area, grid.cells)
        }
        return found if changes.new else set()

    def _stands_beside(self, area: Area, changes: Changes) -> bool:
        """Whether the new columns follow an area whose first row is the header."""
        return bool(changes.new) and area.right + 1 == changes.new[0].number and area.top == self._header_row

    def _filter_beside(self, changes: Changes) -> Area | None:
        """The sheet's own filter, if the new columns join it."""
        area = self._sheet.grid.filter_area
        return area if area is not None and self._stands_beside(area, changes) else None

    def _table_beside(self, changes: Changes) -> Table | None:
        """The table that the new columns join. A small one at the right of the list is not the list."""
        lists = self._lists(changes)
        tables = (t for t in self._sheet.grid.tables if t.part and t.area in lists)
        return next((t for t in tables if self._stands_beside(t.area, changes)), None)
