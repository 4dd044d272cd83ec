"""New cells into the rows of a sheet, by splicing bytes: what is not written stays as it lies."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set
from typing import Any

from leadkit.sheets.cell_values import CellEncoder, Form, cell_xml
from leadkit.sheets.changes import ColumnChange
from leadkit.sheets.refs import LETTERS, NUMBERS
from leadkit.sheets.sheet_stream import Rows
from leadkit.sheets.styles import Format, Styles
from leadkit.sheets.xml_text import attributes

_FORMAT: dict[Form, Format] = {
    "text": "general",
    "boolean": "general",
    "number": "general",
    "date": "date",
    "datetime": "datetime",
}
_STYLE = re.compile(rb"""\ss\s*=\s*["']([0-9]+)""")
_REFERENCE = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]+)""")
_SPANS = re.compile(r"""(\sspans\s*=\s*["'])([0-9]+):([0-9]+)(["'])""")
_PLAIN_ROW = re.compile(rb' r="([0-9]+)"')


class RowWriter:
    """Writes columns into the rows of one sheet.

    Parameters
    ----------
    columns
        Cells to write, each column with its place.
    rows
        The spreadsheet row of each value, top to bottom. The names of the columns in ``named`` go to ``header_row``,
        which lies above all of them.
    beside
        The column that new cells take their look from: the last one of the frame.
    column_styles
        Style of a column where it has one, for cells without a neighbour.
    simple
        Whether every cell of the sheet is written as ``<c r="A1"``; then its last cell is found by looking for it.
    """

    def __init__(
        self,
        prefix: str,
        columns: Sequence[ColumnChange],
        rows: Sequence[int],
        *,
        named: Set[int],
        header_row: int,
        beside: int,
        styles: Styles | None,
        column_styles: dict[int, int],
        encoder: CellEncoder,
        simple: bool,
    ) -> None:
        self._prefix = prefix
        self._columns = [
            (column.number or 0, LETTERS[column.number or 0], column.values)
            for column in sorted(columns, key=lambda c: c.number or 0)
        ]
        self._beside = beside
        self._styles = styles
        self._column_styles = column_styles
        self._encoder = encoder
        self._simple = simple
        self._variants: dict[tuple[int, Format], str] = {}
        self._named = {c.number or 0: c.name for c in columns if c.number in named}
        self._rows = [header_row, *rows] if header_row and self._named else [*rows]
        self._first = len(self._rows) - len(rows)
        self._next = 0
        self._row = 0
        self.written = 0
        p = re.escape(prefix.encode())
        self._row_pattern = re.compile(
            rb"<" + p + rb"row((?:\s[^<>]*?)?)(?:(/)>|>(.*?)(</" + p + rb"row\s*>))", re.DOTALL
        )
        self._cell_start = b"<" + prefix.encode() + b'c r="'
        self._cell_pattern = re.compile(
            rb"<" + p + rb"c((?:\s[^<>]*?)?)(?:/>|>.*?</" + p + rb"c\s*>)", re.DOTALL
        )

    def rewrite(self, rows: Rows) -> bytes:
        """The same rows with new cells in them, and before them any row that the sheet did not have yet."""
        raw, masked = rows
        pieces: list[bytes] = []
        position = 0
        targets, count = self._rows, len(self._rows)
        for match in self._row_pattern.finditer(masked):
            number = self._number(match[1])
            while self._next < count and targets[self._next] < number:
                pieces += [raw[position : match.start()], self._new_row()]
                position = match.start()
            if self._next < count and targets[self._next] == number:
                pieces += [raw[position : match.start()], self._with_cells(number, match, raw)]
                position = match.end()
                self._next += 1
        if not pieces:
            return raw
        pieces.append(raw[position:])
        return b"".join(pieces)

    def rest(self) -> Iterator[bytes]:
        """Rows that come after the last one of the sheet."""
        while self._next < len(self._rows):
            yield self._new_row()

    def _number(self, text: bytes) -> int:
        plain = _PLAIN_ROW.match(text)
        number = plain[1].decode() if plain else attributes(text.decode()).get("r", "")
        self._row = int(number) if number else self._row + 1
        return self._row

    def _values(self) -> list[tuple[int, str, Any]]:
        """Column number, letters and value of each cell of the row that is next."""
        at = self._next - self._first
        if at < 0:
            return [(n, letters, self._named[n]) for n, letters, _ in self._columns if n in self._named]
        return [(n, letters, values[at]) for n, letters, values in self._columns if values[at] is not None]

    def _cells(self, row: int, beside: int, own: dict[int, int]) -> list[tuple[int, str]]:
        """Number and XML of each new cell. ``beside`` is the style next to them, -1 for none."""
        made = []
        for number, letters, value in self._values():
            cell = self._encoder.encode(value)
            base = own.get(number)
            if base is None:
                base = beside if beside >= 0 else self._column_styles.get(number, 0)
            if self._next < self._first:
                style = f' s="{base}"' if base else ""
            else:
                style = self._style(base, _FORMAT[cell.form])
            made.append((number, cell_xml(self._prefix, f"{letters}{row}", style, cell)))
        self.written += len(made)
        return made

    def _style(self, base: int, format_: Format) -> str:
        try:
            return self._variants[base, format_]
        except KeyError:
            style = self._styles.variant(base, format_) if self._styles is not None else base
            text = f' s="{style}"' if style else ""
            self._variants[base, format_] = text
            return text

    def _new_row(self) -> bytes:
        row = self._rows[self._next]
        cells = "".join(xml for _, xml in self._cells(row, -1, {}))
        self._next += 1
        return f'<{self._prefix}row r="{row}">{cells}</{self._prefix}row>'.encode() if cells else b""

    def _with_cells(self, row: int, match: re.Match[bytes], raw: bytes) -> bytes:
        attributes_text = match[1].decode()
        last_column = self._columns[-1][0]
        if "spans" in attributes_text:
            attributes_text = _SPANS.sub(
                lambda m: f"{m[1]}{m[2]}:{max(int(m[3]), last_column)}{m[4]}", attributes_text, count=1
            )
        opening = f"<{self._prefix}row{attributes_text}>".encode()
        closing = match[4] or f"</{self._prefix}row>".encode()
        content = raw[match.start(3) : match.end(3)] if match[3] is not None else b""
        masked = match[3] or b""
        row_style = self._row_style(attributes_text)
        if self._simple:
            start = masked.rfind(self._cell_start)
            if start >= 0:
                letters = _REFERENCE.match(masked, start + len(self._cell_start) - 4)
                column = NUMBERS[letters[1].decode()] if letters else 0
            else:
                column = 0
            if column < self._columns[0][0]:
                beside = row_style
                if start >= 0 and column == self._beside:
                    beside = _style_of(masked[start : masked.index(b">", start)])
                cells = "".join(xml for _, xml in self._cells(row, beside, {}))
                return b"".join([opening, content, cells.encode(), closing])
        return b"".join([opening, self._merged(row, content, masked, row_style), closing])

    def _row_style(self, attributes_text: str) -> int:
        if "customFormat" not in attributes_text:
            return -1
        found = attributes(attributes_text)
        style = found.get("s", "")
        return int(style) if style.isdigit() and found.get("customFormat") in ("1", "true") else -1

    def _merged(self, row: int, content: bytes, masked: bytes, row_style: int) -> bytes:
        """The row's content with cells replaced and put between others."""
        spans: list[tuple[int, int, int]] = []
        own: dict[int, int] = {}
        column = 0
        beside = row_style
        for match in self._cell_pattern.finditer(masked):
            reference = _REFERENCE.search(match[1])
            column = NUMBERS[reference[1].decode().upper()] if reference else column + 1
            spans.append((column, match.start(), match.end()))
            own[column] = _style_of(match[1])
            if column == self._beside:
                beside = own[column]
        cells = self._cells(row, beside, own)
        pieces: list[bytes] = []
        position = 0
        for number, xml in cells:
            at, end = next(
                ((s, e if c == number else s) for c, s, e in spans if c >= number),
                (spans[-1][2], spans[-1][2]) if spans else (0, 0),
            )
            pieces += [content[position : max(at, position)], xml.encode()]
            position = max(end, position)
        pieces.append(content[position:])
        return b"".join(pieces)


def _style_of(text: bytes) -> int:
    found = _STYLE.search(text)
    return int(found[1]) if found else 0
