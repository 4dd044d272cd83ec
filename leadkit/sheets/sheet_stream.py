"""A sheet's XML as a stream of whole rows, between what comes before them and what comes after.

The bytes are handed on as they are. Only where a part is not UTF-8 is it recoded, so that one kind of bytes
is met further on.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from leadkit.errors import SheetError
from leadkit.sheets.limits import MAX_HEAD_BYTES, MAX_PART_BYTES, MAX_ROW_BYTES
from leadkit.sheets.xml_text import MAIN_NAMESPACES, Tag, encoding_of, first_tag, mask_bytes, refuse_doctype


class Rows(NamedTuple):
    """Some whole rows: the bytes, and the same with comments and CDATA blanked out."""

    raw: bytes
    masked: bytes


def utf8(chunks: Iterable[bytes], name: str) -> Iterator[bytes]:
    """The stream as UTF-8 without a byte order mark, its declaration mended where that changes it."""
    stream = iter(chunks)
    start = b""
    for chunk in stream:
        start += chunk
        if len(start) >= 256:
            break
    encoding = encoding_of(start[:256], name)
    if encoding in ("utf-8", "ascii"):
        if start:
            yield start
        yield from stream
        return
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        text = decoder.decode(start).lstrip("\ufeff")
        yield re.sub(r"""(<\?xml[^>]*?encoding\s*=\s*["'])[^"']*""", r"\1UTF-8", text, count=1).encode()
        for chunk in stream:
            yield decoder.decode(chunk).encode()
        yield decoder.decode(b"", final=True).encode()
    except UnicodeError:
        msg = f"the part {name!r} is not {encoding} text. Nothing was sent."
        raise SheetError(msg) from None


class SheetStream:
    """One pass over a sheet's XML: ``head``, then :meth:`rows`, then ``tail``.

    ``head`` ends behind ``<sheetData>`` and ``tail`` begins with ``</sheetData>``. A sheet whose
    ``<sheetData/>`` is closed at once is given as if it were open.
    """

    def __init__(self, chunks: Iterable[bytes], name: str) -> None:
        self.name = name
        self._chunks = utf8(chunks, name)
        self._buffer = b""
        self._hides = False  # whether a comment, CDATA or the like may stand in what was read since the head
        self.tail = ""
        self.head = self._text(self._read_head())

    def _refuse(self, why: str) -> SheetError:
        return SheetError(f"the sheet's part {self.name!r} cannot be read: {why}. Nothing was sent.")

    def _more(self) -> bool:
        chunk = next(self._chunks, None)
        if chunk is None:
            return False
        start = max(len(self._buffer) - 16, 0)
        self._buffer += chunk
        if not self._hides and (self._buffer.find(b"<!", start) >= 0 or self._buffer.find(b"<?", start) >= 0):
            self._hides = True
        if self._hides:
            refuse_doctype(self._buffer[start:], self.name)
        return True

    def _read_head(self) -> bytes:
        self.root = self._find_root()
        self.prefix = f"{self.root.prefix}:" if self.root.prefix else ""
        opening = re.compile(rb"<" + self.prefix.encode() + rb"sheetData(?:\s[^<>]*?)?(/?)>")
        while (found := opening.search(mask_bytes(self._buffer))) is None:
            if len(self._buffer) > MAX_HEAD_BYTES:
                raise self._refuse(f"there is no table of cells in its first {MAX_HEAD_BYTES / 1e6:.0f} MB")
            if not self._more():
                raise self._refuse("it has no table of cells (sheetData)")
        head, rest = self._buffer[: found.end()], self._buffer[found.end() :]
        if found[1]:
            head = head[:-2].rstrip() + b">"
            rest = b"</" + self.prefix.encode() + b"sheetData>" + rest
        self._buffer = rest
        self._hides = b"<!" in rest or b"<?" in rest
        return head

    def _find_root(self) -> Tag:
        while True:
            root = first_tag(self._buffer.decode("utf-8", "replace"))
            if root is not None:
                break
            if len(self._buffer) > 1_000_000 or not self._more():
                raise self._refuse("it is not XML")
        if root.name != "worksheet":
            raise self._refuse(f"it is a <{root.name}>, not a worksheet")
        namespace = root.attributes.get(f"xmlns:{root.prefix}" if root.prefix else "xmlns")
        if namespace not in MAIN_NAMESPACES:
            raise self._refuse(f"its namespace {namespace!r} is not one of a worksheet")
        return root

    def rows(self) -> Iterator[Rows]:
        """Whole rows, about as much as comes in one piece. Sets ``tail`` at the end."""
        row = b"<" + self.prefix.encode() + b"row"
        closing = b"</" + self.prefix.encode() + b"sheetData"
        while True:
            masked = mask_bytes(self._buffer) if self._hides else self._buffer
            end = masked.find(closing)
            if end >= 0:
                if end:
                    yield Rows(self._buffer[:end], masked[:end])
                break
            cut = masked.rfind(row)
            if cut > 0:
                yield Rows(self._buffer[:cut], masked[:cut])
                self._buffer = self._buffer[cut:]
            elif len(self._buffer) > MAX_ROW_BYTES:
                raise self._refuse(f"one of its rows has more than {MAX_ROW_BYTES / 1e6:.0f} MB")
            if not self._more():
                raise self._refuse("its table of cells does not end")
        pieces = [self._buffer[end:]]
        size = len(pieces[0])
        self._buffer = b""
        while self._more():
            pieces.append(self._buffer)
            size += len(self._buffer)
            self._buffer = b""
            if size > MAX_PART_BYTES:
                raise self._refuse(f"what follows its cells has more than {MAX_PART_BYTES / 1e6:.0f} MB")
        self.tail = self._text(b"".join(pieces))
        refuse_doctype(self.tail, self.name)

    def _text(self, data: bytes) -> str:
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            raise self._refuse("it is not UTF-8 text") from None
