"""CSV files: read as filled cells; written back with new fields, every other character as it was."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, BinaryIO

from leadkit.errors import SheetError
from leadkit.sheets import limits
from leadkit.sheets.changes import Changes, as_text
from leadkit.sheets.csv_text import CsvText, check_size, decode, split
from leadkit.sheets.grid import Cells, Grid, listed
from leadkit.sheets.source import Source
from leadkit.wording import counted

_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}
#: Rows of one width that are turned into columns at a time.
_BLOCK_ROWS = 10_000
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
        self._needs_quotes = re.compile(f'["\r\n{re.escape(self._csv.delimiter)}]')
        self._quote_all = False
        self._widest = 0

    def read(self, sheet: str | None) -> tuple[str, Grid]:
        """``""`` for the name of a sheet, and the filled fields; a record's number is its row."""
        if sheet:
            msg = f"{self.source.name} is a text file, which has no sheet {sheet!r}. Nothing was sent."
            raise SheetError(msg)
        grid = Grid()
        csv, text = self._csv, self._csv.text
        widths: Counter[int] = Counter()
        rows: list[int] = []
        block: list[list[str]] = []  # fields of rows of one width, turned into columns together
        filled = 0
        for row, (start, end, _) in enumerate(csv.records(), 1):
            if end == start:
                continue
            if end - start >= limits.MAX_COLUMNS:
                check_size(csv, text[start:end], row, self.source.name)
            fields = csv.fields(text[start:end])
            if block and (len(block[0]) != len(fields) or len(block) == _BLOCK_ROWS):
                _add(grid, rows, block)
                rows, block = [], []
            rows.append(row)
            block.append(fields)
            widths[len(fields)] += 1
            filled += len(fields)
            if filled > limits.MAX_CELLS:
                msg = f"{self.source.name} has more than {limits.MAX_CELLS:,} fields. Nothing was sent. Split it."
                raise SheetError(msg)
        _add(grid, rows, block)
        zeros = _without_nul(grid) if "\0" in text else 0
        self._widest = max(widths, default=1)
        self._explain(grid, widths, zeros)
        return "", grid

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
            others = [f"{counted(n, 'row')} with {width}" for width, n in widths.most_common()[1:]]
            grid.notes.append(
                f"Rows differ in their number of fields: {count:,} have {usual}; "
                f"there are {listed(others, len(others))}."
            )
        if zeros:
            grid.notes.append(
                f"NUL characters are left out here and kept in the file: {counted(zeros, 'field')} with them."
            )

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
        self._quote_all = self._quotes_all(header_row)
        blank = self._field("")
        names = [self._field(column.name) for column in changes.new]
        rows, at = changes.rows, 0
        yield text[: csv.skip]
        for row, (start, end, after) in enumerate(csv.records(), 1):
            content = text[start:end]
            if at < len(rows) and rows[at] == row:
                content = self._edited(content, changes, at)
                new = [blank if c.values[at] is None else self._field(c.values[at]) for c in changes.new]
                at += 1
            elif row == header_row:
                new = names
            else:
                yield text[start:after]
                continue
            if new:
                width = len(csv.raw_fields(content))
                missing = [blank] * ((changes.new[0].number or 0) - 1 - width)
                content = csv.delimiter.join([content, *missing, *new])
            yield content + text[end:after]

    def _edited(self, content: str, changes: Changes, at: int) -> str:
        """A record's text with the fields replaced that are to be."""
        edits = [(c.number or 0, c.values[at]) for c in changes.existing if c.values[at] is not None]
        if not edits:
            return content
        fields = self._csv.raw_fields(content)
        for number, value in edits:
            fields += [""] * (number - len(fields))
            fields[number - 1] = self._field(value)
        return self._csv.delimiter.join(fields)

    def _field(self, value: Any) -> str:
        """A value as it stands in the file: guarded, and in quotes where it needs them."""
        text = guarded(as_text(value))
        if self._quote_all or self._needs_quotes.search(text):
            return '"' + text.replace('"', '""') + '"'
        return text

    def _quotes_all(self, header_row: int) -> bool:
        """Whether the file puts every field in quotes, by its first rows."""
        csv = self._csv
        quoted = []
        for row, (start, end, _) in zip(range(1, header_row + 20), csv.records(), strict=False):
            if row >= header_row and end > start:
                quoted += [field.startswith('"') for field in csv.raw_fields(csv.text[start:end])]
        return bool(quoted) and all(quoted)


def _add(grid: Grid, rows: list[int], block: list[list[str]]) -> None:
    """Put rows of one width into the grid, column by column."""
    for number, texts in enumerate(zip(*block, strict=True), 1):
        if any(texts):
            cells = grid.cells.setdefault(number, Cells())
            if all(texts):
                cells.rows += rows
                cells.texts += texts
            else:
                cells.rows += [row for row, text in zip(rows, texts, strict=True) if text]
                cells.texts += [text for text in texts if text]


def _without_nul(grid: Grid) -> int:
    """Take NUL characters out of the texts. → how many fields had some."""
    count = 0
    for cells in grid.cells.values():
        count += sum("\0" in text for text in cells.texts)
        texts = [text.replace("\0", "") for text in cells.texts]
        cells.rows = [row for row, text in zip(cells.rows, texts, strict=True) if text]
        cells.texts = [text for text in texts if text]
    grid.cells = {number: cells for number, cells in grid.cells.items() if cells.rows}
    return count
