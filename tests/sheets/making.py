"""Small workbooks made of given XML, so that a test shows every byte that matters to it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from typing import Any

import pandas as pd

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
DOCUMENT = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
STRICT_MAIN = "http://purl.oclc.org/ooxml/spreadsheetml/main"
STRICT_DOCUMENT = "http://purl.oclc.org/ooxml/officeDocument/relationships"
TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
RELS = "http://schemas.openxmlformats.org/package/2006/relationships"
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'

STYLES = (
    f'{HEAD}<styleSheet xmlns="{MAIN}"><numFmts count="2"><numFmt numFmtId="164" formatCode="00000"/>'
    '<numFmt numFmtId="165" formatCode="000\\-00\\-0000"/></numFmts><fonts count="2"><font><sz val="11"/></font>'
    '<font><b/></font></fonts><fills count="1"><fill><patternFill patternType="none"/></fill></fills>'
    '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf numFmtId="0"/></cellStyleXfs>'
    '<cellXfs count="7">'
    '<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/>'
    '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="165" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="14" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="22" fontId="1" fillId="0" borderId="0" xfId="0" applyNumberFormat="1">'
    '<alignment wrapText="1"/></xf>'
    '<xf numFmtId="46" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '</cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)


def worksheet(rows: str, *, before: str = "", after: str = "", namespace: str = MAIN) -> str:
    """A sheet's XML: what comes before its rows, the rows, what comes after."""
    return (
        f'{HEAD}<worksheet xmlns="{namespace}" xmlns:r="{DOCUMENT}">{before}<sheetData>{rows}</sheetData>'
        f"{after}</worksheet>"
    )


def text_cell(reference: str, text: str, *, style: int | None = None) -> str:
    look = "" if style is None else f' s="{style}"'
    return f'<c r="{reference}"{look} t="inlineStr"><is><t>{text}</t></is></c>'


def lines(*rows: list[str], first: int = 1) -> str:
    """Rows of text cells, from A on."""
    return "".join(
        f'<row r="{r}">'
        + "".join(text_cell(f"{chr(65 + c)}{r}", t) for c, t in enumerate(row) if t)
        + "</row>"
        for r, row in enumerate(rows, first)
    )


PEOPLE = lines(["Name", "Email"], ["Ada Example", "ada@example.com"], ["Bo Example", "bo@example.com"])


def workbook(
    sheet: str | bytes,
    *,
    styles: str | None = STYLES,
    shared: str | None = None,
    sheet_name: str = "Leads",
    state: str = "",
    workbook_extra: str = "",
    sheet_rels: str = "",
    parts: Mapping[str, str | bytes] | None = None,
    replace: Mapping[str, str | bytes] | None = None,
    strict: bool = False,
) -> bytes:
    """A package of one sheet; ``parts`` are more members, ``replace`` takes the place of those made here."""
    main, document = (STRICT_MAIN, STRICT_DOCUMENT) if strict else (MAIN, DOCUMENT)
    rels = f'<Relationship Id="rId1" Type="{document}/worksheet" Target="worksheets/sheet1.xml"/>'
    if styles is not None:
        rels += f'<Relationship Id="rId2" Type="{document}/styles" Target="styles.xml"/>'
    if shared is not None:
        rels += f'<Relationship Id="rId3" Type="{document}/sharedStrings" Target="sharedStrings.xml"/>'
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    shared_type = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}.sharedStrings+xml"/>'
    members: dict[str, str | bytes] = {
        "[Content_Types].xml": f'{HEAD}<Types xmlns="{TYPES}"><Default Extension="rels" ContentType='
        '"application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType='
        f'"application/xml"/><Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{kind}.worksheet+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{kind}.styles+xml"/>'
        f"{shared_type if shared is not None else ''}</Types>",
        "_rels/.rels": f'{HEAD}<Relationships xmlns="{RELS}"><Relationship Id="rId1" '
        f'Type="{document}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'{HEAD}<workbook xmlns="{main}" xmlns:r="{document}">{workbook_extra}<sheets>'
        f'<sheet name="{sheet_name}" sheetId="1"{state} r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'{HEAD}<Relationships xmlns="{RELS}">{rels}</Relationships>',
        "xl/worksheets/sheet1.xml": sheet,
    }
    if styles is not None:
        members["xl/styles.xml"] = styles.replace(MAIN, main)
    if shared is not None:
        members["xl/sharedStrings.xml"] = f'{HEAD}<sst xmlns="{main}">{shared}</sst>'
    if sheet_rels:
        members["xl/worksheets/_rels/sheet1.xml.rels"] = (
            f'{HEAD}<Relationships xmlns="{RELS}">{sheet_rels}</Relationships>'
        )
    return zipped({**members, **(parts or {}), **(replace or {})})


def zipped(members: Mapping[str, str | bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def row_of(frame: pd.DataFrame, row: int) -> list[Any]:
    """The values of one row."""
    found: list[Any] = frame.loc[[row]].to_numpy().tolist()[0]
    return found


def part(data: bytes, name: str = "xl/worksheets/sheet1.xml") -> str:
    """A member of a workbook, as text."""
    return zipfile.ZipFile(io.BytesIO(data)).read(name).decode()
