"""XML as text that is cut and spliced, never as a tree: what is not touched cannot change.

Only what a workbook's parts need: finding tags and their attributes, entities, encodings. A document type
declaration is refused wherever it stands, so no entity but XML's own five is ever expanded.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple
from xml.parsers import expat

from leadkit.errors import SheetError
from leadkit.sheets.limits import MAX_DEPTH

#: Namespaces of a sheet: transitional and strict (ECMA-376-1, ISO/IEC 29500-1).
MAIN_NAMESPACES = frozenset(
    {
        "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
        "http://purl.oclc.org/ooxml/spreadsheetml/main",
    }
)

_ATTRIBUTE = re.compile(r"""\s+([\w:.-]+)\s*=\s*(?:"([^"<]*)"|'([^'<]*)')""")
ATTRIBUTES = r"""(?:\s+[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*"""
_TAG = re.compile(rf"<([\w:.-]+)({ATTRIBUTES})\s*(/?)>")
_OPENING = re.compile(r"<!--|<!\[CDATA\[|<\?")
_CLOSING = {"<!--": "-->", "<![CDATA[": "]]>", "<?": "?>"}
_DECLARATION = re.compile(r"^\ufeff?\s*<\?xml[^>]*>")
_DECLARED = re.compile(rb"""^<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_ENTITY = re.compile(r"&(?:#([0-9]{1,7})|#x([0-9A-Fa-f]{1,6})|(amp|lt|gt|quot|apos));")
_NAMED = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WITHOUT_MARK = (
    (b"<\0?\0", "utf-16-le"),
    (b"\0<\0?", "utf-16-be"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
)
_ALLOWED = {"utf-8", "ascii", "iso8859-1", "cp1252", "iso8859-15"}


#: A change of a text: start, end, and what stands there instead.
Edit = tuple[int, int, str]


class Tag(NamedTuple):
    """A start tag: its name without prefix, its attributes as text, where it starts and ends."""

    name: str
    prefix: str
    attributes: dict[str, str]
    start: int
    end: int
    closed: bool

    def local(self, name: str) -> str | None:
        """An attribute by its name without prefix, ``r:id`` as ``id``; a prefixed one is preferred."""
        for key, value in self.attributes.items():
            if key.endswith(":" + name):
                return value
        return self.attributes.get(name)


def attributes(text: str) -> dict[str, str]:
    """The attributes in the text of a start tag, entities resolved."""
    return {m[1]: unescape(m[2] if m[2] is not None else m[3]) for m in _ATTRIBUTE.finditer(text)}


def _hidden(text: str) -> Iterator[tuple[int, int]]:
    """Where comments, CDATA and processing instructions are. One that does not end reaches to the end."""
    position = 0
    while (opening := _OPENING.search(text, position)) is not None:
        closing = _CLOSING[opening[0]]
        found = text.find(closing, opening.end())
        position = found + len(closing) if found >= 0 else len(text)
        yield opening.start(), position


def mask(text: str) -> str:
    """The text with comments, CDATA and processing instructions blanked out, every position as before."""
    if "<!" not in text and "<?" not in text:
        return text
    pieces, position = [], 0
    for start, end in _hidden(text):
        pieces += [text[position:start], " " * (end - start)]
        position = end
    return "".join([*pieces, text[position:]])


def mask_bytes(data: bytes) -> bytes:
    """:func:`mask` for bytes."""
    if b"<!" not in data and b"<?" not in data:
        return data
    return mask(data.decode("latin-1")).encode("latin-1")


def plain(text: str) -> str:
    """The text without comments, and with CDATA written as ordinary text."""
    if "<!" not in text and "<?" not in text:
        return text
    pieces, position = [], 0
    for start, end in _hidden(text):
        pieces.append(text[position:start])
        if text.startswith("<![", start):
            pieces.append(escape(text[start + 9 : end - 3]))
        position = end
    return "".join([*pieces, text[position:]])


def tags(text: str, *names: str) -> Iterator[Tag]:
    """The start tags of a part, in order; only those with one of the names, if any are given."""
    for match in _TAG.finditer(mask(text)):
        prefix, _, name = match[1].rpartition(":")
        if not names or name in names:
            yield Tag(name, prefix, attributes(match[2]), match.start(), match.end(), bool(match[3]))


def first_tag(text: str, *names: str) -> Tag | None:
    return next(tags(text, *names), None)


def with_value(text: str, tag: Tag, attribute: str, value: object) -> Edit:
    """What gives an attribute that a tag of ``text`` has another value."""
    old = text[tag.start : tag.end]
    new = re.sub(rf"""(\s{attribute}\s*=\s*["'])[^"']*""", rf"\g<1>{value}", old, count=1)
    return tag.start, tag.end, new


def _character(match: re.Match[str]) -> str:
    if match[3]:
        return _NAMED[match[3]]
    number = int(match[1]) if match[1] else int(match[2], 16)
    return chr(number) if 0 < number < 0x110000 and not 0xD800 <= number < 0xE000 else "\ufffd"


def unescape(text: str) -> str:
    """``&amp;`` and ``&#65;`` as characters."""
    return _ENTITY.sub(_character, text) if "&" in text else text


def unescape_cell(text: str) -> str:
    """The text of a cell: entities, and ``_x0007_`` for what XML cannot hold (ECMA-376-1, 22.9.2.19)."""
    if "&" in text:
        text = _ENTITY.sub(_character, text)
    if "_x" in text:
        text = _ESCAPED.sub(lambda m: chr(int(m[1], 16)), text)
        if any("\ud800" <= c <= "\udfff" for c in text):
            text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    # An XML parser would have turned line ends into LF; Excel means LF by both.
    return text.replace("\r\n", "\n") if "\r" in text else text


def escape(text: str) -> str:
    """Text as XML, in an element or in an attribute."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")


_NOT_PLAIN = re.compile(_UNSAFE.pattern + "|[&<>]")


def escape_cell(text: str) -> str:
    """Text of a cell as XML; what XML cannot hold becomes ``_x0007_``, and such text itself ``_x005F_x0007_``."""
    if not _NOT_PLAIN.search(text):
        return text
    if _UNSAFE.search(text):
        text = _UNSAFE.sub(
            lambda m: "\ufffd" if "\ud800" <= m[0] <= "\udfff" else f"_x{ord(m[0]):04X}_", text
        )
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


@dataclass(slots=True)
class XmlPart:
    """A small part as text, and how to make it bytes again."""

    text: str
    encoding: str

    def to_bytes(self) -> bytes:
        return self.text.encode(self.encoding)

    def spliced(self, edits: Iterable[Edit]) -> XmlPart:
        """A copy with the edits made."""
        text = self.text
        for start, end, new in sorted(edits, key=lambda e: (e[0], e[1]), reverse=True):
            text = text[:start] + new + text[end:]
        return XmlPart(text, self.encoding)


def encoding_of(start: bytes, name: str) -> str:
    """The codec of an XML part, from its first bytes (XML 1.0, appendix F)."""
    for mark, encoding in _MARKS:
        if start.startswith(mark):
            return encoding
    for pattern, encoding in _WITHOUT_MARK:
        if start.startswith(pattern):
            return encoding
    declared = _DECLARED.match(start.lstrip())
    if declared is None:
        return "utf-8"
    try:
        codec = codecs.lookup(declared[1].decode()).name
    except LookupError:
        codec = ""
    if codec not in _ALLOWED:
        msg = f"the part {name!r} is in the encoding {declared[1].decode()!r}, which is not read. Nothing was sent."
        raise SheetError(msg)
    return codec


def refuse_doctype(text: str | bytes, name: str) -> None:
    """No document type declaration: it is how a small file expands without end or reads other files."""
    if ("<!DOCTYPE" in text) if isinstance(text, str) else (b"<!DOCTYPE" in text):
        msg = (
            f"the part {name!r} declares a document type, which no spreadsheet program writes and which can "
            "expand without end. Nothing was sent. Save the workbook again from a spreadsheet program."
        )
        raise SheetError(msg)


def read_part(data: bytes, name: str) -> XmlPart:
    """A small XML part as text. SheetError when it cannot be decoded or declares a document type."""
    encoding = encoding_of(data[:256], name)
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        msg = f"the part {name!r} is not {encoding} text at byte {error.start:,}. Nothing was sent."
        raise SheetError(msg) from None
    refuse_doctype(text, name)
    return XmlPart(text, encoding)


def check_well_formed(text: str, name: str) -> None:
    """Read a small part with expat. SheetError where it is not XML, or nested beyond all use."""
    parser = expat.ParserCreate("utf-8")
    depth = 0

    def start(_name: str, _attributes: object) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH:
            msg = f"the part {name!r} has elements nested more than {MAX_DEPTH} deep. Nothing was sent."
            raise SheetError(msg)

    def end(_name: str) -> None:
        nonlocal depth
        depth -= 1

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    try:
        parser.Parse(_DECLARATION.sub("", text, count=1).encode(), True)
    except expat.ExpatError as error:
        msg = f"the part {name!r} is not well-formed XML ({error}). Nothing was sent."
        raise SheetError(msg) from None
