"""A new workbook made of a frame, for results that cannot go back into the file they came from."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from typing import BinaryIO

import pandas as pd

from leadkit.sheets.cell_values import CellEncoder
from leadkit.sheets.log_sheet import MAIN, RELATIONSHIPS, WORKSHEET_TYPE, sheet_name, sheet_xml
from leadkit.sheets.package import write_new
from leadkit.sheets.xml_text import escape

_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
_RELS = "http://schemas.openxmlformats.org/package/2006/relationships"
_BOOK_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
_STYLES_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"
#: Styles 0: plain, 1: bold header, 2: date, 3: date and time.
_STYLES = (
    f'{_HEAD}<styleSheet xmlns="{MAIN}"><fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts><fills count="2"><fill><patternFill '
    'patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1">'
    "<border><left/><right/><top/><bottom/><diagonal/></border></borders>"
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="4"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/>'
    '<xf numFmtId="14" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="22" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)


def write_new_workbook(out: BinaryIO, sheets: Mapping[str, pd.DataFrame]) -> None:
    """A workbook with these sheets. Text is written as text, never as a formula; the index is left out."""
    encoder = CellEncoder()
    names: list[str] = []
    members: list[tuple[str, Iterable[bytes]]] = []
    listed = rels = types = ""
    for number, (wanted, frame) in enumerate(sheets.items(), 1):
        name = sheet_name(wanted, names)
        names.append(name)
        part = f"xl/worksheets/sheet{number}.xml"
        listed += f'<sheet name="{escape(name)}" sheetId="{number}" r:id="rId{number}"/>'
        rels += f'<Relationship Id="rId{number}" Type="{RELATIONSHIPS}/worksheet" Target="/{part}"/>'
        types += f'<Override PartName="/{part}" ContentType="{WORKSHEET_TYPE}"/>'
        members.append((part, sheet_xml(frame, encoder, styles=(1, 2, 3))))
    fixed = {
        "[Content_Types].xml": f'{_HEAD}<Types xmlns="{_TYPES}"><Default Extension="rels" ContentType='
        '"application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType='
        f'"application/xml"/><Override PartName="/xl/workbook.xml" ContentType="{_BOOK_TYPE}"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_STYLES_TYPE}"/>{types}</Types>',
        "_rels/.rels": f'{_HEAD}<Relationships xmlns="{_RELS}"><Relationship Id="rId1" Type='
        f'"{RELATIONSHIPS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'{_HEAD}<workbook xmlns="{MAIN}" xmlns:r="{RELATIONSHIPS}"><sheets>{listed}</sheets>'
        "</workbook>",
        "xl/_rels/workbook.xml.rels": f'{_HEAD}<Relationships xmlns="{_RELS}">{rels}<Relationship Id="rId0" '
        f'Type="{RELATIONSHIPS}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": _STYLES,
    }
    write_new(out, [*((name, [text.encode()]) for name, text in fixed.items()), *members])


def new_workbook_bytes(
    frame: pd.DataFrame, *, sheet: str = "Results", log: Mapping[str, pd.DataFrame] | None = None
) -> bytes:
    """A new .xlsx with this frame, as bytes; sheets of ``log`` follow.

    Parameters
    ----------
    frame
        Rows and columns to write; the index is left out. Text stays text, whatever it begins with.
    sheet
        Name of the sheet; what Excel does not allow in it is replaced.
    log
        More sheets, by name.
    """
    out = io.BytesIO()
    write_new_workbook(out, {sheet: frame, **(log or {})})
    return out.getvalue()
