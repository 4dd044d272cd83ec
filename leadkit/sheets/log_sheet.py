"""Extra sheets at the end of a workbook: the receipt, where each value came from."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping

import pandas as pd

from leadkit.errors import SheetError
from leadkit.sheets.cell_values import CellEncoder
from leadkit.sheets.changes import present
from leadkit.sheets.package import NewMember, compress
from leadkit.sheets.parts import rels_name
from leadkit.sheets.refs import LETTERS
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
        widths = [width_of(name, values[:200]) for name, values in zip(names, lists, strict=True)]
        columns = "".join(
            f'<col min="{i}" max="{i}" width="{w}" customWidth="1"/>' for i, w in enumerate(widths, 1)
        )
        yield f"<cols>{columns}</cols>".encode()
    yield b"<sheetData>"
    header = (
        f'<c r="{LETTERS[i]}1"{header_style}{encoder.encode(name).xml}' for i, name in enumerate(names, 1)
    )
    yield f'<row r="1">{"".join(header)}</row>'.encode()
    for row, values in enumerate(zip(*lists, strict=True), 2):
        cells = []
        for i, value in enumerate(values, 1):
            if value is not None:
                cell = encoder.encode(value)
                cells.append(f'<c r="{LETTERS[i]}{row}"{by_form.get(cell.form, "")}{cell.xml}')
        yield f'<row r="{row}">{"".join(cells)}</row>'.encode()
    yield b"</sheetData></worksheet>"


class LogSheets:
    """The members that change, and those that are new, when sheets are added to a workbook."""

    def __init__(self, file: XlsxFile, log: Mapping[str, pd.DataFrame], encoder: CellEncoder) -> None:
        parts = file.parts
        rels_member = parts.package.find(rels_name(parts.workbook))
        if rels_member is None:
            msg = f"{file.source.name} has no list of its sheets' parts. Nothing was written."
            raise SheetError(msg)
        workbook, rels, types = (
            parts.part(parts.workbook_member),
            parts.part(rels_member),
            parts.part(parts.types_member),
        )
        strict = _STRICT_MAIN in workbook.text
        main, relationships = (_STRICT_MAIN, _STRICT_RELATIONSHIPS) if strict else (MAIN, RELATIONSHIPS)
        dates = CellEncoder(date1904=parts.date1904, dates=False)
        folder = posixpath.dirname(parts.workbook)
        names = [e.name for e in file.entries] + [
            t.attributes.get("name", "") for t in tags(workbook.text, "sheet")
        ]
        sheet_ids = [
            int(i) for t in tags(workbook.text, "sheet") if (i := t.attributes.get("sheetId", "")).isdigit()
        ]
        relation_ids = {t.attributes.get("Id", "") for t in tags(rels.text, "Relationship")}
        self.added: dict[str, NewMember] = {}
        sheets_xml = rels_xml = types_xml = ""
        sheets_tag = first_tag(workbook.text, "sheets")
        rels_tag = first_tag(rels.text, "Relationships")
        types_tag = first_tag(types.text, "Types")
        if sheets_tag is None or rels_tag is None or types_tag is None or sheets_tag.closed:
            msg = f"{file.source.name} has no list of sheets. Nothing was written."
            raise SheetError(msg)
        for wanted, frame in log.items():
            name = sheet_name(wanted, names)
            names.append(name)
            number = _free(
                lambda n: (
                    parts.package.find(posixpath.join(folder, f"worksheets/sheet{n}.xml")) is None
                    and posixpath.join(folder, f"worksheets/sheet{n}.xml") not in self.added
                )
            )
            target = posixpath.join(folder, f"worksheets/sheet{number}.xml")
            relation = f"rId{_free(lambda n: f'rId{n}' not in relation_ids)}"
            relation_ids.add(relation)
            sheet_ids.append(max(sheet_ids, default=0) + 1)
            p, rp, tp = (f"{t.prefix}:" if t.prefix else "" for t in (sheets_tag, rels_tag, types_tag))
            sheets_xml += (
                f'<{p}sheet name="{escape(name)}" sheetId="{sheet_ids[-1]}" '
                f'xmlns:lk="{relationships}" lk:id="{relation}"/>'
            )
            rels_xml += (
                f'<{rp}Relationship Id="{relation}" Type="{relationships}/worksheet" Target="/{target}"/>'
            )
            types_xml += f'<{tp}Override PartName="/{target}" ContentType="{WORKSHEET_TYPE}"/>'
            self.added[target] = compress(sheet_xml(frame, dates, namespace=main))
        self.changed: dict[str, NewMember] = {
            parts.workbook_member.name: _inserted(workbook, "sheets", sheets_xml),
            rels_member.name: _inserted(rels, "Relationships", rels_xml),
            parts.types_member.name: _inserted(types, "Types", types_xml),
        }
        encoder.cut += dates.cut


def _free(is_free: object) -> int:
    number = 1
    while not is_free(number):  # type: ignore[operator]
        number += 1
    return number


def _inserted(part: XmlPart, element: str, xml: str) -> NewMember:
    """The part with ``xml`` as the last children of its ``element``."""
    tag = first_tag(part.text, element)
    assert tag is not None
    name = f"{tag.prefix}:{element}" if tag.prefix else element
    at = part.text.rindex(f"</{name}")
    return compress([part.spliced([(at, at, xml)]).to_bytes()])
