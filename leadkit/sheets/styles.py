"""The styles of a workbook: what a cell's style number means, and new ones made from those there are."""

from __future__ import annotations

import re
from typing import Literal

from leadkit.sheets.number_text import BUILT_IN, kind_of_format
from leadkit.sheets.refs import whole
from leadkit.sheets.xml_text import XmlPart, attributes, first_tag, mask, tags, with_value

#: What a new cell needs of its number format: nothing, text as text, a date, a moment.
Format = Literal["general", "date", "datetime"]

#: Built-in formats for dates, shown in the reader's own way (ECMA-376-1, 18.8.30).
_NUMBER_FORMAT: dict[Format, int] = {"general": 0, "date": 14, "datetime": 22}


class Styles:
    """``codes[i]`` is the number format of style ``i``. New styles are added at the end, and never renumber."""

    def __init__(self, part: XmlPart) -> None:
        self._part = part
        text = part.text
        custom = {
            whole(tag.attributes.get("numFmtId")): tag.attributes.get("formatCode", "")
            for tag in tags(text, "numFmt")
        }
        self._found = first_tag(text, "cellXfs")
        self._formats: list[str] = []
        self._insert_at = -1
        if self._found is not None and not self._found.closed:
            masked = mask(text)
            prefix = f"{self._found.prefix}:" if self._found.prefix else ""
            end = masked.find(f"</{prefix}cellXfs", self._found.end)
            element = re.compile(rf"<{prefix}xf\b[^<>]*?(?:/>|>.*?</{prefix}xf\s*>)", re.DOTALL)
            self._formats = [m[0] for m in element.finditer(masked, self._found.end, max(end, 0))]
            self._insert_at = end
        self.codes = [self._code(xf, custom) for xf in self._formats]
        self._new: list[str] = []
        self._made: dict[tuple[int, Format], int] = {}

    @staticmethod
    def _code(xf: str, custom: dict[int, str]) -> str:
        number_format = whole(attributes(xf[: xf.index(">")]).get("numFmtId"))
        return custom.get(number_format, BUILT_IN.get(number_format, "General"))

    @property
    def can_add(self) -> bool:
        """Whether there is a list of cell styles that a new one can be put into."""
        return self._insert_at >= 0 and bool(self._formats)

    def variant(self, style: int, format_: Format) -> int | None:
        """The style that looks like ``style`` and has this number format; None when none can be made."""
        if not self.can_add or style >= len(self._formats):
            return style if format_ == "general" else None
        if format_ == "general" and self.codes[style] in ("General", "@"):
            return style
        if format_ != "general" and kind_of_format(self.codes[style]) == format_:
            return style
        key = (style, format_)
        if key not in self._made:
            self._made[key] = len(self._formats) + len(self._new)
            self._new.append(_with_number_format(self._formats[style], _NUMBER_FORMAT[format_]))
        return self._made[key]

    @property
    def changed(self) -> bool:
        return bool(self._new)

    def part(self) -> XmlPart:
        """The part with the new styles in it."""
        found = self._found
        if found is None or not self._new:
            return self._part
        counted = with_value(self._part.text, found, "count", len(self._formats) + len(self._new))
        return self._part.spliced([counted, (self._insert_at, self._insert_at, "".join(self._new))])


def _with_number_format(xf: str, number: int) -> str:
    head, rest = xf[: xf.index(">")], xf[xf.index(">") :]
    closed = head.endswith("/")
    head = head.rstrip("/")
    head = re.sub(r"""\s(?:numFmtId|applyNumberFormat|quotePrefix)\s*=\s*(?:"[^"]*"|'[^']*')""", "", head)
    applied = ' applyNumberFormat="1"' if number else ""
    return f'{head.rstrip()} numFmtId="{number}"{applied}' + ("/" if closed else "") + rest
