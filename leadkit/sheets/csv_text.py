"""A CSV file as text: which encoding, which delimiter, where each record and field lies.

Nothing is rewritten here. Records and fields are spans of the text, so that what nobody changed can be
written back as it was.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from leadkit.errors import SheetError
from leadkit.sheets.limits import MAX_COLUMNS, MAX_CSV_FIELD

DELIMITERS = (",", ";", "\t", "|")
_LINES_SNIFFED = 1000
_CHARACTERS_SNIFFED = 1_000_000
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SEP_LINE = re.compile(r"sep=(.)(\r\n|\n|\r)", re.IGNORECASE)
_LINE = re.compile(r"[^\r\n]*+(\r\n|\n|\r|\Z)")


@dataclass(frozen=True, slots=True)
class Decoded:
    """The text of a file, its codec, and the byte order mark that stood before it."""

    text: str
    encoding: str
    mark: bytes = b""

    def encode(self, text: str) -> bytes:
        """The same kind of bytes; UnicodeEncodeError when the encoding lacks a character."""
        return self.mark + text.encode(self.encoding)


def decode(data: bytes, name: str) -> Decoded:
    """BOM first, then strict UTF-8, UTF-16 by its pattern of zeros, then the Western code page of Windows."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            try:
                return Decoded(data[len(mark) :].decode(encoding), encoding, mark)
            except UnicodeDecodeError as error:
                msg = f"{name} says that it is {encoding}, but is not at byte {error.start:,}. Nothing was sent."
                raise SheetError(msg) from None
    start = data[:65_536]
    zeros = (start[0::2].count(0), start[1::2].count(0))
    if max(zeros) > len(start) * 0.15 and min(zeros) < max(zeros) / 4:
        encoding = "utf-16-be" if zeros[0] > zeros[1] else "utf-16-le"
        try:
            return Decoded(data.decode(encoding), encoding)
        except UnicodeDecodeError:
            pass
    for encoding in ("utf-8", "cp1252"):
        try:
            return Decoded(data.decode(encoding), encoding)
        except UnicodeDecodeError:
            continue
    return Decoded(data.decode("latin-1"), "latin-1")


#: One record: where it starts, where its last field ends, where its line end ends.
Record = tuple[int, int, int]


class CsvText:
    """Text split by one delimiter, quotes minded."""

    def __init__(self, text: str, delimiter: str, *, skip: int = 0) -> None:
        self.text = text
        self.delimiter = delimiter
        self.skip = skip
        d = re.escape(delimiter)
        # A quote that is never closed is taken as a plain character of a plain field.
        field = rf'(?:"(?:[^"]++|"")*+"[^{d}\r\n]*+|[^{d}\r\n]*+)'
        self._fields = re.compile(rf"({field}){d}")
        self._record = re.compile(rf"{field}(?:{d}{field})*+(\r\n|\n|\r|\Z)")

    def records(self) -> Iterator[Record]:
        """All records, blank lines too; the nth is row n of the spreadsheet."""
        text, position, length = self.text, self.skip, len(self.text)
        quote = text.find('"', position)
        while position < length:
            match = _LINE.match(text, position)
            assert match is not None  # a line may be empty
            if 0 <= quote < match.end():
                match = self._record.match(text, position)
                assert match is not None  # a field may be empty, and ends at a delimiter or line end
                quote = text.find('"', match.end())
            yield position, match.start(1), match.end()
            position = match.end()

    def raw_fields(self, text: str) -> list[str]:
        """The fields of a record's text as they stand, quotes included."""
        if '"' not in text:
            return text.split(self.delimiter)
        return self._fields.findall(text + self.delimiter)

    def fields(self, text: str) -> list[str]:
        """The fields of a record's text, without their quotes."""
        if '"' not in text:
            return text.split(self.delimiter)
        return [unquote(field) if field.startswith('"') else field for field in self.raw_fields(text)]


def unquote(field: str) -> str:
    '''``"a ""b"""`` → ``a "b"``. What follows the closing quote is kept.'''
    end = field.rfind('"')
    return field[1:end].replace('""', '"') + field[end + 1 :] if end else field


def split(text: str) -> CsvText:
    """Find the delimiter by how evenly it divides the first thousand lines."""
    declared = _SEP_LINE.match(text)
    if declared is not None:
        return CsvText(text, declared[1], skip=declared.end())
    start = text[:_CHARACTERS_SNIFFED]
    best, best_score = ",", 0.0
    for delimiter in DELIMITERS:
        if delimiter not in start:
            continue
        candidate = CsvText(start, delimiter)
        counts: Counter[int] = Counter()
        for (begin, end, _), _ in zip(candidate.records(), range(_LINES_SNIFFED), strict=False):
            if end - begin > MAX_CSV_FIELD:
                break
            if end > begin:
                counts[len(candidate.raw_fields(start[begin:end]))] += 1
        several = {width: count for width, count in counts.items() if width > 1}
        if not several:
            continue
        width, count = max(several.items(), key=lambda item: (item[1], item[0]))
        score = count / counts.total() + min(width, 50) / 1000
        if score > best_score:
            best, best_score = delimiter, score
    return CsvText(text, best)


def check_size(text: CsvText, record: str, row: int, name: str) -> None:
    """SheetError for a record with a field longer than any cell, or more fields than a sheet has columns."""
    fields = text.raw_fields(record)
    if len(fields) > MAX_COLUMNS:
        msg = f"row {row} of {name} has {len(fields):,} fields, more than a sheet's {MAX_COLUMNS:,} columns. "
        raise SheetError(msg + "Nothing was sent.")
    longest = max(fields, key=len)
    if len(longest) > MAX_CSV_FIELD:
        why = "its opening quote is never closed" if longest[0] == '"' else "no delimiter or line end follows"
        msg = (
            f"row {row} of {name} has a field of {len(longest):,} characters: {why}. Nothing was sent. "
            "Mend the file, or export it again."
        )
        raise SheetError(msg)
