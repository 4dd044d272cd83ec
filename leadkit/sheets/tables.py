"""Excel tables: where they are on a sheet, and how one grows by columns (ECMA-376-1, 18.5)."""

from __future__ import annotations

from collections.abc import Sequence

from leadkit.sheets.grid import Table
from leadkit.sheets.parts import Parts
from leadkit.sheets.refs import parse_area, whole
from leadkit.sheets.xml_text import XmlPart, escape_cell, first_tag, tags, with_value


def tables_of(parts: Parts, sheet_part: str) -> list[Table]:
    """The tables of a sheet, found through its relationships."""
    found = []
    for relation in parts.relations(sheet_part):
        if relation.kind != "table" or relation.external:
            continue
        member = parts.package.find(relation.target)
        tag = first_tag(parts.part(member).text, "table") if member is not None else None
        area = parse_area(tag.attributes.get("ref", "")) if tag is not None else None
        if member is None or tag is None or area is None:
            continue
        a = tag.attributes
        found.append(
            Table(
                area,
                has_header=a.get("headerRowCount", "1") != "0",
                totals_rows=min(whole(a.get("totalsRowCount")), area.bottom - area.top),
                part=member.name,
                name=a.get("displayName", a.get("name", "")),
            )
        )
    return found


def grown(part: XmlPart, table: Table, names: Sequence[str]) -> XmlPart | None:
    """The table's part with more columns at its right end; None when it should not be touched.

    A table that a query or an XML map fills has a list of fields elsewhere, which must fit its columns.
    """
    text = part.text
    tag = first_tag(text, "table")
    columns = first_tag(text, "tableColumns")
    if tag is None or columns is None or columns.closed or not table.has_header:
        return None
    if tag.attributes.get("tableType", "worksheet") != "worksheet":
        return None
    prefix = f"{tag.prefix}:" if tag.prefix else ""
    existing = list(tags(text, "tableColumn"))
    known = {t.attributes.get("name", "").casefold() for t in existing}
    if any(name.casefold() in known for name in names):
        return None
    ids = [whole(t.attributes.get("id")) for t in existing]
    if len(existing) != table.area.right - table.area.left + 1:
        return None
    first = max(ids, default=0) + 1
    area = table.area._replace(right=table.area.right + len(names))
    added = "".join(
        f'<{prefix}tableColumn id="{first + i}" name="{_attribute(name)}"/>' for i, name in enumerate(names)
    )
    end = text.index(f"</{prefix}tableColumns", columns.end)
    edits = [
        with_value(text, tag, "ref", area),
        with_value(text, columns, "count", len(existing) + len(names)),
        (end, end, added),
    ]
    filter_tag = first_tag(text, "autoFilter")
    filter_area = parse_area(filter_tag.attributes.get("ref", "")) if filter_tag is not None else None
    if filter_tag is not None and filter_area is not None and filter_area.right == table.area.right:
        edits.append(with_value(text, filter_tag, "ref", filter_area._replace(right=area.right)))
    return part.spliced(edits)


def _attribute(name: str) -> str:
    """A column's name as its table writes it: line breaks escaped, to be equal to the header cell."""
    text = escape_cell(name).replace('"', "&quot;")
    return text.replace("\r", "_x000d_").replace("\n", "_x000a_").replace("\t", "_x0009_")
