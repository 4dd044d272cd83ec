"""A sheet's XML → its filled cells as exact text, in one pass over the stream of rows."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterable

from leadkit.errors import SheetError
from leadkit.sheets import limits
from leadkit.sheets.grid import Cells, Grid, Table
from leadkit.sheets.number_text import formatter, plain_number
from leadkit.sheets.refs import LETTERS, NUMBERS, parse_area, whole
from leadkit.sheets.sheet_edges import sheet_filter
from leadkit.sheets.sheet_stream import SheetStream, utf8
from leadkit.sheets.xml_text import ATTRIBUTES, attributes, plain, refuse_doctype, tags, unescape_cell

#: Whole numbers that are their own text.
_WHOLE = re.compile(rf"[1-9][0-9]{{0,{limits.MAX_DIGITS - 1}}}").fullmatch
_PLAIN_ROW = re.compile(r' r="([0-9]{1,7})"')
_STRICT_ATTRIBUTES = re.compile(ATTRIBUTES + r"\s*")

#: A column's number, and what adds a row and a text to its cells.
_Column = tuple[int, Callable[[int], None], Callable[[str], None]]


def cell_pattern(prefix: str) -> str:
    """One cell. Groups: column and row of the usual ``r="A1"``, other attributes, plain value, other content."""
    p = re.escape(prefix)
    return (
        rf'<{p}c(?: r="([A-Z]{{1,3}})([0-9]+)")?([^<>]*?)'
        rf"(?:/>|>(?:<{p}v>([^<]*)</{p}v></{p}c\s*>|(.*?)</{p}c\s*>))"
    )


def _texts(inner: str, prefix: str) -> str:
    """The text of a ``<si>`` or ``<is>``: its runs, without the reading aids of East Asian text."""
    p = re.escape(prefix)
    inner = re.sub(rf"<{p}rPh\b.*?</{p}rPh\s*>", "", inner, flags=re.DOTALL)
    return unescape_cell("".join(re.findall(rf"<{p}t(?:\s[^<>]*)?>([^<]*)</{p}t\s*>", inner)))


def read_shared_texts(chunks: Iterable[bytes], name: str, most: int) -> dict[str, str]:
    """The shared texts of a workbook under their numbers, which are texts themselves in a cell.

    Raises
    ------
    SheetError
        More texts than ``most``, or more characters than ``limits.MAX_SHARED_TEXT``.
    """
    buffer = ""
    texts: list[str] = []
    prefix: str | None = None
    item = re.compile("")
    size = 0
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    for piece in utf8(chunks, name):
        buffer += decoder.decode(piece)
        if prefix is None:
            refuse_doctype(buffer, name)
            root = next(tags(buffer), None)
            if root is None or root.name != "sst":
                if len(buffer) > limits.MAX_ROW_BYTES:
                    break
                continue
            prefix = f"{root.prefix}:" if root.prefix else ""
            p = re.escape(prefix)
            item = re.compile(
                rf"<{p}si\s*>(?:<{p}t(?: xml:space=\"preserve\")?>([^<]*)</{p}t></{p}si\s*>|(.*?)</{p}si\s*>)"
                rf"|<{p}si\s*/>",
                re.DOTALL,
            )
            buffer = buffer[root.end :]
        cut = buffer.rfind(f"</{prefix}si")
        cut = buffer.find(">", cut) + 1 if cut >= 0 else 0
        if not cut and len(buffer) > limits.MAX_ROW_BYTES:
            msg = f"one text of the part {name!r} has over {limits.MAX_ROW_BYTES / 1e6:.0f} MB. Nothing was sent."
            raise SheetError(msg)
        for simple, inner in item.findall(plain(buffer[:cut])):
            text = _texts(inner, prefix) if inner else unescape_cell(simple)
            size += len(text)
            texts.append(text)
        if size > limits.MAX_SHARED_TEXT or len(texts) > most:
            msg = f"the part {name!r} has {len(texts):,} texts or more, too many for its size. Nothing was sent."
            raise SheetError(msg)
        buffer = buffer[cut:]
    if prefix is not None:
        texts += [""] * len(re.findall(rf"<{re.escape(prefix)}si\s*/>", buffer))
    return {str(number): text for number, text in enumerate(texts)}


class SheetReader:
    """Reads one sheet. ``irregular`` says that cells are not all written in the usual way.

    ``disorder`` names the first place where rows or cells are out of order, which no program writes and
    which cannot be written back safely.
    """

    def __init__(
        self,
        stream: SheetStream,
        *,
        shared: dict[str, str],
        codes: list[str],
        date1904: bool,
        most_cells: int,
    ) -> None:
        self._stream = stream
        self._shared = shared
        self._codes = codes
        self._date1904 = date1904
        self._most_cells = most_cells
        self._formatters: dict[int, Callable[[str], str]] = {}
        self._kinds: dict[str, tuple[str, Callable[[str], str] | None]] = {}
        self._bare: set[str] = set()  # attributes that were seen in cells without a reference
        self.grid = Grid()
        self.irregular = False
        self.disorder = ""
        self._row = 0
        self._columns: dict[str, _Column] = {}
        p = re.escape(stream.prefix)
        self._token = re.compile(
            cell_pattern(stream.prefix)
            + rf"|<{p}row((?:\s[^<>]*?)?)/?>|</{p}row\s*>|<{p}extLst.*?</{p}extLst\s*>|([^<\s]|<)",
            re.DOTALL,
        )
        self._extension = f"<{stream.prefix}e"
        self._not_in_cells = re.compile(rf"</?{p}(?:c|row)[\s/>]")

    def read(self) -> Grid:
        for rows in self._stream.rows():
            try:
                text = rows.raw.decode("utf-8")
            except UnicodeDecodeError:
                raise self._refuse("it is not UTF-8 text") from None
            self._read_rows(plain(text))
            if sum(len(cells.rows) for cells in self.grid.cells.values()) > self._most_cells:
                raise self._refuse(
                    f"it has more than {self._most_cells:,} filled cells, too many for its size"
                )
        self.grid.cells = {column: cells for column, cells in self.grid.cells.items() if cells.rows}
        self._read_surroundings()
        return self.grid

    def _refuse(self, why: str) -> SheetError:
        return SheetError(f"the sheet's part {self._stream.name!r} cannot be read: {why}. Nothing was sent.")

    def _read_rows(self, text: str) -> None:
        row, row_text, last = self._row, str(self._row), 0
        kinds, shared, columns = self._kinds, self._shared, self._columns
        for match in self._token.finditer(text):
            letters, digits, rest, simple, inner, row_attributes, junk = match.groups()
            if letters is not None:
                if digits != row_text:
                    self.disorder = self.disorder or f"cell {letters}{digits} stands in row {row}"
            elif rest is None:
                if row_attributes is not None:
                    row, last = self._start_row(row_attributes, row), 0
                    row_text = str(row)
                elif junk is not None:
                    around = text[match.start() : match.start() + 40]
                    raise self._refuse(f"below row {row} there is something that is no cell: {around!r}")
                elif match[0].startswith(self._extension):
                    self.irregular = True
                continue
            elif rest in self._bare:
                letters = LETTERS[last + 1]
            else:
                letters, rest = self._place(rest, row, last)
            try:
                column, add_row, add_text = columns[letters]
            except KeyError:
                column, add_row, add_text = self._column(letters, row)
            if column <= last:
                self.disorder = self.disorder or f"cell {letters}{row} is out of order"
            last = column
            try:
                kind, as_text = kinds[rest]
            except KeyError:
                kind, as_text = self._kind(rest)
            if inner is not None:
                value = self._content(inner, kind, as_text, column, row)
            elif simple is None:
                continue
            elif kind == "s" and simple in shared:
                value = shared[simple]
            elif as_text is None and kind == "n" and _WHOLE(simple):
                value = simple
            else:
                value = self._value(simple, kind, as_text, column, row)
            if value:
                add_row(row)
                add_text(value)
        self._row = row

    def _column(self, letters: str, row: int) -> _Column:
        """The column of these letters, with what adds a cell to it."""
        number = NUMBERS.get(letters, 0)
        if not number or not row:
            raise self._refuse(f"its cell {letters} in row {row} is outside of any sheet")
        cells = self.grid.cells[number] = Cells()
        self._columns[letters] = (number, cells.rows.append, cells.texts.append)
        return self._columns[letters]

    def _start_row(self, text: str, previous: int) -> int:
        usual = _PLAIN_ROW.match(text)
        number = usual[1] if usual else attributes(text).get("r", "")
        row = whole(number) if number else previous + 1
        if not 1 <= row <= limits.MAX_ROWS:
            raise self._refuse(f"its row {number[:20] or row} is outside of any sheet")
        if row <= previous:
            raise self._refuse(
                f"its row {row} comes after row {previous}, so that it is not clear which is meant"
            )
        if "hidden" in text and attributes(text).get("hidden") in ("1", "true"):
            self.grid.hidden_rows.append(row)
        return row

    def _place(self, text: str, row: int, last: int) -> tuple[str, str]:
        """A cell written in another way: without ``r``, or with it further back. → letters, attributes without it."""
        self.irregular = True
        found = attributes(text)
        reference = found.pop("r", None)
        rest = "".join(f' {key}="{value}"' for key, value in found.items() if key in ("s", "t"))
        if not _STRICT_ATTRIBUTES.fullmatch(text):
            raise self._refuse(f"row {row} has a cell that is not XML: {text[:40]!r}")
        if reference is None:
            self._bare.add(rest)
            return LETTERS[last + 1], rest
        letters = reference.rstrip("0123456789")
        if reference[len(letters) :] != str(row):
            self.disorder = self.disorder or f"cell {reference} stands in row {row}"
        return letters.upper(), rest

    def _kind(self, text: str) -> tuple[str, Callable[[str], str] | None]:
        """Type and number format of a cell, from its attributes without ``r``; worked out once for each text."""
        if not _STRICT_ATTRIBUTES.fullmatch(text):
            raise self._refuse(f"it has a cell that is not XML: {text[:40]!r}")
        found = attributes(text)
        kind = found.get("t", "n")
        style = whole(found.get("s"))
        as_text: Callable[[str], str] | None = None
        if kind == "n" and style < len(self._codes):
            as_text = self._formatter(style)
        if len(self._kinds) < 100_000:
            self._kinds[text] = (kind, as_text)
        return kind, as_text

    def _formatter(self, style: int) -> Callable[[str], str] | None:
        if style not in self._formatters:
            self._formatters[style] = formatter(self._codes[style], date1904=self._date1904)
        made = self._formatters[style]
        return None if made is plain_number else made

    def _value(
        self, text: str, kind: str, as_text: Callable[[str], str] | None, column: int, row: int
    ) -> str:
        """The text of a cell that is not shared text, from the text of its ``<v>``."""
        if kind == "n":
            number = unescape_cell(text).strip()
            digits = number.lstrip("-+").partition("E")[0].replace(".", "")
            if len(digits) > limits.MAX_DIGITS:
                shown = plain_number(number)
                if "." not in shown and len(shown.lstrip("-")) > limits.MAX_DIGITS:
                    self.grid.digits_lost.add(column, row)
            return (as_text or plain_number)(number) if number else ""
        if kind == "s":
            found = self._shared.get(text.strip().lstrip("0") or "0")
            if found is None:
                self.grid.lost_texts.add(column, row)
            return found or ""
        if kind == "b":
            return "TRUE" if text.strip() in ("1", "true") else "FALSE"
        if kind == "e":
            self.grid.errors.add(column, row)
            return unescape_cell(text)
        if kind == "d":
            return text.strip().removesuffix("Z").removesuffix("T00:00:00.000").removesuffix("T00:00:00")
        return unescape_cell(text)

    def _content(
        self, inner: str, kind: str, as_text: Callable[[str], str] | None, column: int, row: int
    ) -> str:
        """The text of a cell with more in it than a value: a formula, text in place."""
        p = re.escape(self._stream.prefix)
        if self._not_in_cells.search(inner):
            raise self._refuse(f"its cell {LETTERS[column]}{row} does not end")
        if "<" + self._stream.prefix + "f" in inner:
            self.grid.formulas.setdefault(column, set()).add(row)
            formula = re.search(rf"<{p}f(\s[^<>]*?)?/?>", inner)
            found = attributes(formula[1] or "") if formula else {}
            if found.get("t") in ("array", "dataTable") and (area := parse_area(found.get("ref", ""))):
                self.grid.formula_areas.append(area)
        if kind == "inlineStr":
            return _texts(inner, self._stream.prefix)
        value = re.search(rf"<{p}v(?:\s[^<>]*)?>([^<]*)</{p}v\s*>", inner)
        if value is None or (not value[1] and kind == "n"):
            if "<" + self._stream.prefix + "f" in inner and kind != "str":
                self.grid.not_calculated.add(column, row)
            return ""
        return self._value(value[1], kind, as_text, column, row)

    def _read_surroundings(self) -> None:
        """Merged areas, the filter and frozen rows: evidence for where the header is, and places to keep clear of."""
        grid = self.grid
        for tag in tags(self._stream.head, "pane"):
            if tag.attributes.get("state", "").startswith("frozen"):
                grid.frozen_rows = whole(tag.attributes.get("ySplit"))
        merged = (parse_area(t.attributes.get("ref", "")) for t in tags(self._stream.tail, "mergeCell"))
        grid.merged = [area for area in merged if area is not None]
        found = sheet_filter(self._stream.tail)
        grid.filter_area = parse_area(found.attributes.get("ref", "")) if found is not None else None
        if grid.filter_area is not None:
            grid.tables.append(Table(grid.filter_area))
