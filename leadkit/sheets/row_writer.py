"""New cells into the rows of a sheet, by splicing bytes: what is not written stays as it lies."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set
from typing import Any

from leadkit.sheets.cell_values import CellEncoder, Form
from leadkit.sheets.changes import ColumnChange
from leadkit.sheets.refs import LETTERS, NUMBERS, whole
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
_STYLE = re.compile(rb"""\ss\s*=\s*["']([0-9]{1,9})""")
_REFERENCE = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]+)""")
_SPANS = re.compile(rb"""(\sspans\s*=\s*["'])([0-9]{1,9}):([0-9]{1,9})(["'])""")
_PLAIN_ROW = re.compile(rb' r="([0-9]+)"')


#: Column number, letters, value.
_Value = tuple[int, str, Any]


class _Name(str):
    """The name of a new column, which stands in the header."""

    __slots__ = ()


class _Looks(dict[Form, str]):
    """The style attribute of a new cell by its form, for one style that it takes its look from."""

    def __init__(self, base: int, styles: Styles | None) -> None:
        super().__init__()
        self._base = base
        self._styles = styles

    def __missing__(self, form: Form) -> str:
        style = self._styles.variant(self._base, _FORMAT[form]) if self._styles is not None else self._base
        self[form] = f' s="{style}"' if style else ""
        return self[form]


class RowWriter:
    """Writes columns into the rows of one sheet.

    Parameters
    ----------
    columns
        Cells to write, each column with its place.
    rows
        The spreadsheet row of each value, top to bottom. The names of the columns in ``named`` go to
        ``header_row``, which lies above all of them; 0 when there is none.
    beside
        The column that new cells take their look from: the last one of the frame.
    column_styles
        Style of a column where it has one, for cells without a neighbour.
    simple
        Whether every cell of the sheet is written as ``<c r="A1"``; then a row's last cell is found by looking
        for that from the end.
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
        self.written = 0
        self.replaced = 0
        self._prefix = prefix
        self._columns = [
            (column.number or 0, LETTERS[column.number or 0], column.values)
            for column in sorted(columns, key=lambda c: c.number or 0)
        ]
        self._first_column = self._columns[0][0]
        self._last_column = self._columns[-1][0]
        self._names = {c.number or 0: c.name for c in columns if c.number in named}
        self._rows = [header_row, *rows] if header_row and self._names else [*rows]
        self._header_rows = len(self._rows) - len(rows)
        self._next = 0  # index of the next row to write
        self._row = 0  # number of the row that was met last
        self._beside = beside
        self._styles = styles
        self._column_styles = column_styles
        self._encoder = encoder
        self._simple = simple
        self._looks: dict[int, _Looks] = {}
        self._style_of_tag: dict[bytes, int] = {}
        self._spans: dict[bytes, bytes] = {}
        p = prefix.encode()
        self._row_start = re.compile(rb"<" + re.escape(p) + rb"row((?:\s[^<>]*?)?)(/?)>")
        self._row_end = b"</" + p + b"row"
        self._cell_start = b"<" + p + b'c r="'
        self._cell = re.compile(
            rb"<" + re.escape(p) + rb"c((?:\s[^<>]*?)?)(?:/>|>.*?</" + re.escape(p) + rb"c\s*>)", re.DOTALL
        )

    def rewrite(self, rows: Rows) -> bytes:
        """The same rows with new cells in them, and before them any row that the sheet did not have yet."""
        raw, masked = rows
        pieces: list[bytes] = []
        done = position = 0
        targets, count = self._rows, len(self._rows)
        while (found := self._row_start.search(masked, position)) is not None and self._next < count:
            number = self._number(found[1])
            while self._next < count and targets[self._next] < number:
                pieces += [raw[done : found.start()], self._new_row()]
                done = found.start()
            position = found.end()
            if not found[2]:
                content_end = masked.index(self._row_end, position)
                position = masked.index(b">", content_end) + 1
            if self._next < count and targets[self._next] == number:
                values = self._values()
                self._next += 1
                if not values:
                    continue
                pieces.append(raw[done : found.start()])
                if found[2]:
                    pieces += self._with_cells(number, values, found[1], b"", b"")
                    pieces.append(self._row_end + b">")
                else:
                    content = slice(found.end(), content_end)
                    pieces += self._with_cells(number, values, found[1], raw[content], masked[content])
                    pieces.append(raw[content_end:position])
                done = position
        if not pieces:
            return raw
        pieces.append(raw[done:])
        return b"".join(pieces)

    def rest(self) -> Iterator[bytes]:
        """Rows that come after the last one of the sheet."""
        while self._next < len(self._rows):
            yield self._new_row()

    def _number(self, text: bytes) -> int:
        plain = _PLAIN_ROW.match(text)
        number = plain[1] if plain else attributes(text.decode()).get("r", "")
        self._row = int(number) if number else self._row + 1
        return self._row

    def _values(self) -> list[_Value]:
        """Column number, letters and value of each cell of the next row."""
        at = self._next - self._header_rows
        if at < 0:
            return [
                (n, letters, _Name(self._names[n])) for n, letters, _ in self._columns if n in self._names
            ]
        return [
            (n, letters, value) for n, letters, values in self._columns if (value := values[at]) is not None
        ]

    def _look(self, base: int) -> _Looks:
        try:
            return self._looks[base]
        except KeyError:
            return self._looks.setdefault(base, _Looks(base, self._styles))

    def _cells(self, row: int, values: list[_Value], beside: int) -> str:
        """The new cells of a row, side by side. ``beside`` is the style next to them, -1 for none."""
        if beside < 0 or type(values[0][2]) is _Name:
            return "".join([self._cell_xml(row, *value, beside) for value in values])
        look, encode, start = self._look(beside), self._encoder.encode, f'<{self._prefix}c r="'
        made = []
        for _, letters, value in values:
            form, xml = encode(value)
            made.append(f'{start}{letters}{row}"{look[form]}{xml}')
        return "".join(made)

    def _cell_xml(self, row: int, number: int, letters: str, value: Any, base: int) -> str:
        """One cell. A name of a column keeps the style beside it as it is, whatever its number format."""
        form, xml = self._encoder.encode(value)
        base = self._column_styles.get(number, 0) if base < 0 else base
        style = self._look(base)[form]
        if type(value) is _Name:
            style = f' s="{base}"' if base else ""
        return f'<{self._prefix}c r="{letters}{row}"{style}{xml}'

    def _new_row(self) -> bytes:
        row, values = self._rows[self._next], self._values()
        self._next += 1
        self.written += len(values)
        cells = self._cells(row, values, -1) if values else ""
        return f'<{self._prefix}row r="{row}">{cells}</{self._prefix}row>'.encode() if cells else b""

    def _with_cells(
        self, row: int, values: list[_Value], text: bytes, content: bytes, masked: bytes
    ) -> list[bytes]:
        """A row's start tag and content with the new cells."""
        self.written += len(values)
        if (spans := _SPANS.search(text)) is not None:
            text = text.replace(spans[0], self._wider_spans(spans), 1)
        opening = b"<%brow%b>" % (self._prefix.encode(), text)
        if self._simple:
            start = masked.rfind(self._cell_start)
            end = masked.find(b'"', start + len(self._cell_start))
            letters = masked[start + len(self._cell_start) : end].rstrip(b"0123456789") if start >= 0 else b""
            column = NUMBERS[letters.decode()] if letters else 0
            if column < self._first_column:
                if column == self._beside and start >= 0:
                    beside = self._style(masked[end : masked.index(b">", end)])
                else:
                    beside = _row_style(text)
                return [opening, content, self._cells(row, values, beside).encode()]
        return [opening, *self._merged(row, values, content, masked, _row_style(text))]

    def _wider_spans(self, spans: re.Match[bytes]) -> bytes:
        """The ``spans`` of a row reaching to the last new column. They are a hint, and the same in most rows."""
        try:
            return self._spans[spans[0]]
        except KeyError:
            wider = b"%b%b:%d%b" % (spans[1], spans[2], max(int(spans[3]), self._last_column), spans[4])
            return self._spans.setdefault(spans[0], wider)

    def _style(self, tag: bytes) -> int:
        """The style in the rest of a cell's start tag. There are few such texts, and many cells."""
        try:
            return self._style_of_tag[tag]
        except KeyError:
            found = _STYLE.search(tag)
            style = int(found[1]) if found else 0
            if len(self._style_of_tag) < 10_000:
                self._style_of_tag[tag] = style
            return style

    def _merged(
        self, row: int, values: list[_Value], content: bytes, masked: bytes, beside: int
    ) -> Iterator[bytes]:
        """A row's content with cells replaced and put between others. A replaced cell keeps its own look."""
        spans: list[tuple[int, int, int]] = []
        own: dict[int, int] = {}
        column = 0
        for match in self._cell.finditer(masked):
            reference = _REFERENCE.search(match[1])
            column = NUMBERS[reference[1].decode().upper()] if reference else column + 1
            spans.append((column, match.start(), match.end()))
            found = _STYLE.search(match[1])
            own[column] = int(found[1]) if found else 0
        beside = own.get(self._beside, beside)
        behind_all = spans[-1][2] if spans else 0
        position = 0
        for number, letters, value in values:
            start, end = next(
                ((s, e if c == number else s) for c, s, e in spans if c >= number), (behind_all, behind_all)
            )
            self.replaced += number in own
            yield content[position:start]
            yield self._cell_xml(row, number, letters, value, own.get(number, beside)).encode()
            position = end
        yield content[position:]


def _row_style(text: bytes) -> int:
    """The style of a whole row, -1 when it has none."""
    if b"customFormat" not in text:
        return -1
    found = attributes(text.decode())
    return whole(found.get("s"), -1) if found.get("customFormat") in ("1", "true") else -1
