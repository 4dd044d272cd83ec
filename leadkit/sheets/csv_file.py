"""CSV files: read as filled cells; written back with new fields, every other character as it was."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, BinaryIO

from leadkit.errors import SheetError
from leadkit.sheets import limits
from leadkit.sheets.changes import Changes
from leadkit.sheets.csv_text import CsvText, Record, check_lengths, decode, split
from leadkit.sheets.grid import Cells, Grid, listed
from leadkit.sheets.source import Source

_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}
_CONTROL = re.compile(r"[\x01-\x08\x0e-\x1f]")
_TRIGGER = re.compile(r"\s*[=+\-@\t\r\n＝＋－＠]")
_TRIGGER_BLANK = re.compile(r"[\t\r\n]")
_PHONE = re.compile(r"\+[0-9](?:[ ()./-]{0,2}[0-9]){5,18}")
_NEGATIVE = re.compile(r"-[0-9]+(?:[.,][0-9]+)?")


def guarded(text: str) -> str:
    """Text that no spreadsheet program takes for a formula: an apostrophe before ``=``, ``+``, ``-``, ``@``.

    Also after blanks and in full-width forms, and before a tab or line end
    (OWASP, CSV injection, https://owasp.org/www-community/attacks/CSV_Injection).
    Plain phone numbers and negative numbers stay as they are.
    """
    if not (_TRIGGER.match(text) or _TRIGGER_BLANK.match(text)):
        return text
    if _PHONE.fullmatch(text) or _NEGATIVE.fullmatch(text):
        return text
    return "'" + text


def field_text(value: Any) -> str:
    """A value as the text of a field."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return f"{value:.0f}"
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    text = str(value)
    return text.upper() if text in ("True", "False") else text


class CsvFile:
    """One text file. ``notes`` says which encoding and delimiter were found.

    Raises
    ------
    SheetError
        Not text, too large, or a field that does not end.
    """

    kind = "csv"

    def __init__(self, source: Source) -> None:
        self.source = source
        if source.size > limits.MAX_CSV_BYTES:
            msg = (
                f"{source.name} has {source.size / 1e6:,.0f} MB, more than the {limits.MAX_CSV_BYTES / 1e6:,.0f} MB "
                "that a text file may have. Nothing was sent. Split it."
            )
            raise SheetError(msg)
        self._decoded = decode(source.read(), source.name)
        text = self._decoded.text
        if not text.strip():
            msg = f"{source.name} is empty: it has no text. Nothing was sent."
            raise SheetError(msg)
        start = text[:65_536]
        if len(_CONTROL.findall(start)) > 1 + len(start) / 200 or start.count("\0") > len(start) / 3:
            msg = f"{source.name} is not a spreadsheet: it is neither a workbook nor text. Nothing was sent."
            raise SheetError(msg)
        self._csv: CsvText = split(text)
        self._widest = 0

    def read(self) -> Grid:
        """The filled fields; a record's number is its row."""
        grid = Grid()
        csv, name = self._csv, self.source.name
        columns: list[Cells] = []
        widths: Counter[int] = Counter()
        zeros = filled = 0
        for row, record in enumerate(csv.records(), 1):
            check_lengths(csv, record, row, name)
            fields = csv.fields(record)
            if record.end > record.start:
                widths[len(fields)] += 1
            while len(columns) < len(fields):
                columns.append(Cells())
            for cells, field in zip(columns, fields, strict=False):
                if field:
                    if "\0" in field:
                        zeros += 1
                        field = field.replace("\0", "")
                    cells.rows.append(row)
                    cells.texts.append(field)
            filled += len(fields)
            if filled > limits.MAX_CELLS:
                msg = f"{name} has more than {limits.MAX_CELLS:,} fields. Nothing was sent. Split it."
                raise SheetError(msg)
        grid.cells = {number: cells for number, cells in enumerate(columns, 1) if cells.rows}
        self._widest = max(widths, default=1)
        self._explain(grid, widths, zeros)
        return grid

    def _explain(self, grid: Grid, widths: Counter[int], zeros: int) -> None:
        d = self._decoded
        mark = " with a byte order mark" if d.mark else ""
        delimiter = _NAMES.get(self._csv.delimiter, repr(self._csv.delimiter))
        grid.notes.append(f"Read as {d.encoding}{mark}, fields separated by {delimiter}.")
        if d.encoding in ("cp1252", "latin-1"):
            grid.notes.append(
                "It is not UTF-8; if letters with accents look wrong, export it again as UTF-8."
            )
        if len(widths) > 1:
            usual, count = widths.most_common(1)[0]
            others = listed(
                [f"{n} rows with {width}" for width, n in widths.most_common()[1:]], len(widths) - 1
            )
            grid.notes.append(
                f"Rows differ in their number of fields: {count:,} have {usual}; there are {others}."
            )
        if zeros:
            grid.notes.append(
                f"{zeros:,} fields hold NUL characters, which are left out here and kept in the file."
            )

    def check_writable(self) -> None:
        """A text file that was read can be written."""

    def first_free_column(self) -> int:
        return self._widest + 1

    def write(self, out: BinaryIO, changes: Changes, header_row: int) -> list[str]:
        """The file again with the changes in it; every row of the book gets a field in each new column."""
        text = "".join(self._pieces(changes, header_row))
        try:
            data = self._decoded.encode(text)
            notes = []
        except UnicodeEncodeError:
            data = b"\xef\xbb\xbf" + text.encode("utf-8", "replace")
            notes = [f"{self._decoded.encoding} lacks letters of the new values, so the file is UTF-8 now."]
        out.write(data)
        return notes

    def _pieces(self, changes: Changes, header_row: int) -> Iterator[str]:
        csv = self._csv
        text = csv.text
        quote_all = self._quotes_all(header_row)
        position = {row: at for at, row in enumerate(changes.rows)}
        yield text[: csv.skip]
        for row, record in enumerate(csv.records(), 1):
            at = position.get(row, -1)
            if at < 0 and row != header_row:
                yield text[record.start : record.next]
                continue
            content = text[record.start : record.end]
            width = 0
            edits = [
                (c.number or 0, c.values[at])
                for c in changes.existing
                if at >= 0 and c.values[at] is not None
            ]
            if edits:
                content, width = self._edited(record, edits, quote_all=quote_all)
            if changes.new:
                width = width or len(csv.spans(record))
                first = changes.new[0].number or 0
                blank = self._field("", quote_all=quote_all)
                added = [blank] * (first - 1 - width)
                for column in changes.new:
                    value = column.values[at] if at >= 0 else column.name
                    added.append(blank if value is None else self._field(value, quote_all=quote_all))
                content += "".join(csv.delimiter + field for field in added)
            yield content + text[record.end : record.next]

    def _edited(self, record: Record, edits: list[tuple[int, Any]], *, quote_all: bool) -> tuple[str, int]:
        """A record's text with some fields replaced, and its number of fields."""
        csv = self._csv
        fields = [csv.text[start:end] for start, end in csv.spans(record)]
        for number, value in edits:
            fields += [""] * (number - len(fields))
            fields[number - 1] = self._field(value, quote_all=quote_all)
        return csv.delimiter.join(fields), len(fields)

    def _field(self, value: Any, *, quote_all: bool) -> str:
        text = guarded(field_text(value))
        if quote_all or any(c in text for c in (self._csv.delimiter, '"', "\r", "\n")):
            return '"' + text.replace('"', '""') + '"'
        return text

    def _quotes_all(self, header_row: int) -> bool:
        """Whether the file puts every field in quotes, by its first rows."""
        csv = self._csv
        starts = []
        for row, record in zip(range(1, header_row + 20), csv.records(), strict=False):
            if row >= header_row and record.end > record.start:
                starts += [csv.text[start:end].startswith('"') for start, end in csv.spans(record)]
        return bool(starts) and all(starts)
