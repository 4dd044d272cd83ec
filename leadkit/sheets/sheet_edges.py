"""What stands around the rows of a sheet and has to grow with it: extent, column widths, filter and its name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from leadkit.sheets.limits import MAX_COLUMNS
from leadkit.sheets.refs import LETTERS, Area, parse_area, whole
from leadkit.sheets.xml_text import Tag, XmlPart, escape, first_tag, tags, with_value

#: Widths in characters of the default font, as a sheet counts them.
_NARROWEST, _WIDEST = 9, 50


@dataclass(frozen=True, slots=True)
class ColumnRange:
    """One ``<col>``: columns ``first`` to ``last`` and their attributes."""

    first: int
    last: int
    attributes: dict[str, str] = field(default_factory=dict)

    @property
    def hidden(self) -> bool:
        return self.attributes.get("hidden") in ("1", "true")

    @property
    def style(self) -> int:
        return whole(self.attributes.get("style"))

    def xml(self, prefix: str) -> str:
        others = "".join(f' {key}="{escape(value)}"' for key, value in self.attributes.items())
        return f'<{prefix}col min="{self.first}" max="{self.last}"{others}/>'


def column_ranges(head: str) -> list[ColumnRange]:
    """The column definitions of a sheet, as they stand."""
    ranges = []
    for tag in tags(head, "col"):
        found = dict(tag.attributes)
        first, last = whole(found.pop("min", None)), whole(found.pop("max", None))
        if 1 <= first <= last <= MAX_COLUMNS:
            ranges.append(ColumnRange(first, last, found))
    return ranges


def visible_place(first: int, ranges: list[ColumnRange]) -> int:
    """The first column from ``first`` on that is not hidden, unless all the rest of the sheet is."""
    place = first
    for columns in sorted(ranges, key=lambda r: r.first):
        if columns.hidden and columns.first <= place <= columns.last:
            place = columns.last + 1
    return place if place < MAX_COLUMNS - 100 else first


def width_of(name: str, values: Iterable[Any]) -> int:
    """A width that shows the header and the first values."""
    longest = max([len(name), *(len(str(value)) for value in islice(values, 200) if value is not None)])
    return min(max(longest + 2, _NARROWEST), _WIDEST)


def with_widths(head: str, prefix: str, widths: Mapping[int, int]) -> str:
    """The head with a width for each new column. Others keep their definition, hidden ones stay hidden."""
    container = first_tag(head, "cols")
    ranges = column_ranges(head)
    done: list[ColumnRange] = []
    left = dict(widths)
    for columns in ranges:
        inside = sorted(n for n in left if columns.first <= n <= columns.last)
        start = columns.first
        for number in inside:
            width = left.pop(number)
            if not columns.hidden and "width" in columns.attributes:
                continue
            if start < number:
                done.append(replace(columns, first=start, last=number - 1))
            shown = {
                k: v
                for k, v in columns.attributes.items()
                if k not in ("hidden", "collapsed", "outlineLevel")
            }
            done.append(ColumnRange(number, number, {**shown, "width": f"{width}", "customWidth": "1"}))
            start = number + 1
        if start <= columns.last:
            done.append(replace(columns, first=start))
    done += [ColumnRange(n, n, {"width": f"{width}", "customWidth": "1"}) for n, width in left.items()]
    text = "".join(c.xml(prefix) for c in sorted(done, key=lambda c: c.first))
    if container is None:
        place = next(tags(head, "sheetData")).start
        return f"{head[:place]}<{prefix}cols>{text}</{prefix}cols>{head[place:]}"
    if container.closed:
        return f"{head[: container.start]}<{prefix}cols>{text}</{prefix}cols>{head[container.end :]}"
    end = head.index(f"</{prefix}cols", container.end)
    return head[: container.end] + text + head[end:]


def with_extent(head: str, right: int, top: int, bottom: int) -> str:
    """The head with its ``<dimension>`` reaching to the new cells. A missing one is not missed."""
    tag = first_tag(head, "dimension")
    area = parse_area(tag.attributes.get("ref", "")) if tag is not None else None
    if tag is None or area is None:
        return head
    grown = Area(min(area.left, right), min(area.top, top), max(area.right, right), max(area.bottom, bottom))
    return head if grown == area else _with_reference(head, tag, grown)


def with_filter(tail: str, area: Area | None, last_column: int) -> str:
    """The tail with the sheet's own filter reaching to the last new column."""
    tag = sheet_filter(tail)
    if tag is None or area is None:
        return tail
    return _with_reference(tail, tag, area._replace(right=last_column))


def with_filter_name(workbook: XmlPart, sheet: str, area: Area, last_column: int) -> XmlPart:
    """The workbook's part with the hidden name of a sheet's filter reaching to the last new column.

    LibreOffice goes by this name alone, and would sort the old columns without the new ones.
    """
    place = [tag.attributes.get("name") for tag in tags(workbook.text, "sheet")].index(sheet)
    for tag in tags(workbook.text, "definedName"):
        name, local = tag.attributes.get("name"), tag.attributes.get("localSheetId")
        if (name, local) == ("_xlnm._FilterDatabase", f"{place}") and not tag.closed:
            end = workbook.text.index("<", tag.end)
            start = workbook.text.rfind("!", tag.end, end) + 1
            if parse_area(workbook.text[start:end]) == area:
                grown = f"${LETTERS[area.left]}${area.top}:${LETTERS[last_column]}${area.bottom}"
                return workbook.spliced([(start, end, grown)])
    return workbook


def sheet_filter(tail: str) -> Tag | None:
    """The sheet's own filter; not those of other people's saved views of it, which come later."""
    views = first_tag(tail, "customSheetViews")
    tag = first_tag(tail, "autoFilter")
    return tag if tag is not None and (views is None or tag.start < views.start) else None


def _with_reference(text: str, tag: Tag, area: Area) -> str:
    start, end, new = with_value(text, tag, "ref", area)
    return text[:start] + new + text[end:]
