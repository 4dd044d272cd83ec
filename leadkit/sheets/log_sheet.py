"""Extra sheets at the end of a workbook: the receipt, where each value came from."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import count

import pandas as pd

from leadkit.sheets.cell_values import CellEncoder
from leadkit.sheets.changes import present
from leadkit.sheets.package import NewMember, compress
from leadkit.sheets.parts import rels_name
from leadkit.sheets.refs import LETTERS, whole
from leadkit.sheets.sheet_edges import width_of
from leadkit.sheets.xlsx_file import XlsxFile
from leadkit.sheets.xml_text import XmlPart, escape, first_tag, tags

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
WORKSHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"
RELATIONSHIPS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_STRICT = "http://purl.oclc.org/ooxml/"
_STRICT_MAIN, _STRICT_RELATIONSHIPS = f"{_STRICT}spreadsheetml/main", f"{_STRICT}officeDocument/relationships"
#: Excel's longest name of a sheet, and what it must not hold.
_LONGEST_NAME = 31
_NOT_IN_NAMES = re.compile(r"[\[\]:*?/\\\x00-\x1f]")


def sheet_name(wanted: str, taken: Iterable[str]) -> str:
    """A name that Excel takes and no other sheet has, whatever their case."""
    used = {name.casefold() for name in taken}
    base = _NOT_IN_NAMES.sub(" ", wanted).strip().strip("'") or "Sheet"
    name, number = base[:_LONGEST_NAME], 1
    while name.casefold() in used:
        number += 1
        ending = f" ({number})"
        name = base[: _LONGEST_NAME - len(ending)] + ending
    return name


def sheet_xml(
    frame: pd.DataFrame,
    encoder: CellEncoder,
    *,
    namespace: str = MAIN,
    styles: tuple[int, int, int] = (0, 0, 0),
) -> Iterator[bytes]:
    """A frame as a new sheet: header, frozen, with widths. Its index is left out.

    ``styles`` are the workbook's style numbers for the header, for dates, for moments.
    """
    header_style, date_style, moment_style = (f' s="{s}"' if s else "" for s in styles)
    by_form: dict[str, str] = {"date": date_style, "datetime": moment_style}
    lists = [present(frame.iloc[:, i]) for i in range(frame.shape[1])]
    names = [str(name) for name in frame.columns]
    yield f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<worksheet xmlns="{namespace}">'.encode()
    yield (
        b'<sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" '
        b'state="frozen"/></sheetView></sheetViews>'
    )
    if names:
        widths = [width_of(name, values) for name, values in zip(names, lists, strict=True)]
        columns = "".join(
            f'<col min="{i}" max="{i}" width="{w}" customWidth="1"/>' for i, w in enumerate(widths, 1)
        )
        yield f"<cols>{columns}</cols>".encode()
    yield b"<sheetData>"
    header = (
        f'<c r="{LETTERS[i]}1"{header_style}{encoder.encode(name)[1]}' for i, name in enumerate(names, 1)
    )
    yield f'<row r="1">{"".join(header)}</row>'.encode()
    for row, values in enumerate(zip(*lists, strict=True), 2):
        cells = []
        for i, value in enumerate(values, 1):
            if value is not None:
                form, xml = encoder.encode(value)
                cells.append(f'<c r="{LETTERS[i]}{row}"{by_form.get(form, "")}{xml}')
        yield f'<row r="{row}">{"".join(cells)}</row>'.encode()
    yield b"</sheetData></worksheet>"


class LogSheets:
    """Sheets to add to a workbook: ``changed`` parts that list them, and ``added`` parts. Always at its end.

    ``workbook`` is its main part, as it is to be written. ``cut`` counts texts that were too long for a cell.
    """

    def __init__(self, file: XlsxFile, log: Mapping[str, pd.DataFrame], workbook: XmlPart) -> None:
        parts = file.parts
        rels_member = parts.package.find(rels_name(parts.workbook))
        assert rels_member is not None  # its sheets were found through it
        rels, types = map(parts.part, (rels_member, parts.types_member))
        strict = _STRICT_MAIN in workbook.text
        main, relationships = (_STRICT_MAIN, _STRICT_RELATIONSHIPS) if strict else (MAIN, RELATIONSHIPS)
        encoder = CellEncoder(dates=False)
        sheets = list(tags(workbook.text, "sheet"))
        names = [tag.attributes.get("name", "") for tag in sheets]
        sheet_ids = [whole(tag.attributes.get("sheetId")) for tag in sheets]
        used = {tag.attributes.get("Id", "") for tag in tags(rels.text, "Relationship")}
        folder = posixpath.join(posixpath.dirname(parts.workbook), "worksheets")
        self.added: dict[str, NewMember] = {}
        lines: dict[str, list[str]] = {"sheets": [], "Relationships": [], "Types": []}
        for wanted, frame in log.items():
            names.append(sheet_name(wanted, names))
            sheet_ids.append(max(sheet_ids, default=0) + 1)
            part = next(
                p
                for n in count(1)
                if not parts.package.find(p := f"{folder}/sheet{n}.xml") and p not in self.added
            )
            relation = next(i for n in count(1) if (i := f"rId{n}") not in used)
            used.add(relation)
            lines["sheets"].append(
                f'sheet name="{escape(names[-1])}" sheetId="{sheet_ids[-1]}" '
                f'xmlns:log="{relationships}" log:id="{relation}"'
            )
            lines["Relationships"].append(
                f'Relationship Id="{relation}" Type="{relationships}/worksheet" Target="/{part}"'
            )
            lines["Types"].append(f'Override PartName="/{part}" ContentType="{WORKSHEET_TYPE}"')
            self.added[part] = compress(sheet_xml(frame, encoder, namespace=main))
        self.changed = {
            member.name: compress([_with_children(part, element, lines[element]).to_bytes()])
            for member, part, element in (
                (parts.workbook_member, workbook, "sheets"),
                (rels_member, rels, "Relationships"),
                (parts.types_member, types, "Types"),
            )
        }
        self.cut = encoder.cut


def _with_children(part: XmlPart, element: str, children: Iterable[str]) -> XmlPart:
    """The part with more empty elements at the end of ``element``."""
    tag = first_tag(part.text, element)
    assert tag is not None
    prefix = f"{tag.prefix}:" if tag.prefix else ""
    at = part.text.rindex(f"</{prefix}{element}")
    return part.spliced([(at, at, "".join(f"<{prefix}{child}/>" for child in children))])
