"""Small .ods and .xlsb workbooks, made byte by byte."""

from __future__ import annotations

import struct
from collections.abc import Mapping

from tests.sheets.making import DOCUMENT, RELS, TYPES, zipped

_OASIS = "urn:oasis:names:tc:opendocument:xmlns"
_ODS = "application/vnd.oasis.opendocument.spreadsheet"

Rows = Mapping[int, Mapping[int, str]]


def ods(body: str) -> bytes:
    """An .ods with one sheet; ``body`` are its rows as XML."""
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content xmlns:office="{_OASIS}:office:1.0" '
        f'xmlns:table="{_OASIS}:table:1.0" xmlns:text="{_OASIS}:text:1.0"><office:body><office:spreadsheet>'
        f'<table:table table:name="Leads">{body}</table:table></office:spreadsheet></office:body>'
        "</office:document-content>"
    )
    manifest = (
        f'<?xml version="1.0"?><manifest:manifest xmlns:manifest="{_OASIS}:manifest:1.0"><manifest:file-entry '
        f'manifest:full-path="/" manifest:media-type="{_ODS}"/></manifest:manifest>'
    )
    return zipped({"mimetype": _ODS, "META-INF/manifest.xml": manifest, "content.xml": content})


def ods_row(*texts: str, repeat: int = 1, repeat_cells: int = 1) -> str:
    cells = "".join(
        f'<table:table-cell office:value-type="string" table:number-columns-repeated="{repeat_cells}">'
        f"<text:p>{text}</text:p></table:table-cell>"
        for text in texts
    )
    return f'<table:table-row table:number-rows-repeated="{repeat}">{cells}</table:table-row>'


def _record(kind: int, data: bytes = b"") -> bytes:
    """A record of MS-XLSB 2.1.4: type and length in groups of seven bits."""
    length, lengths = len(data), b""
    while True:
        length, low = length >> 7, length & 127
        lengths += bytes([low | (128 if length else 0)])
        if not length:
            break
    return (bytes([kind]) if kind < 128 else bytes([kind & 127 | 128, kind >> 7])) + lengths + data


def _wide(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def xlsb(rows: Rows) -> bytes:
    """An .xlsb with one sheet of text cells, rows and columns counted from 0."""
    widest = max(max(cells) for cells in rows.values())
    sheet = _record(0x81) + _record(0x94, struct.pack("<4I", min(rows), max(rows), 0, widest)) + _record(0x91)
    for row, cells in rows.items():
        sheet += _record(0, struct.pack("<IIHBBBI", row, 0, 300, 0, 0, 0, 0))
        for column, text in cells.items():
            sheet += _record(6, struct.pack("<II", column, 0) + _wide(text))
    sheet += _record(0x92) + _record(0x82)
    bundle = _record(0x9C, struct.pack("<II", 0, 1) + _wide("rId1") + _wide("Leads"))
    book = _record(0x83) + _record(0x99, struct.pack("<II", 0, 0) + _wide("")) + _record(0x8F) + bundle
    kind = "application/vnd.ms-excel.sheet.binary.macroEnabled.main"
    rel = '<Relationship Id="rId1" Type="{}/{}" Target="{}"/>'
    head = f'<?xml version="1.0"?><Relationships xmlns="{RELS}">'
    return zipped(
        {
            "[Content_Types].xml": f'<?xml version="1.0"?><Types xmlns="{TYPES}"><Default Extension="bin" '
            f'ContentType="{kind}"/></Types>',
            "_rels/.rels": head
            + rel.format(DOCUMENT, "officeDocument", "xl/workbook.bin")
            + "</Relationships>",
            "xl/_rels/workbook.bin.rels": head
            + rel.format(DOCUMENT, "worksheet", "worksheets/sheet1.bin")
            + "</Relationships>",
            "xl/workbook.bin": book + _record(0x90) + _record(0x84),
            "xl/worksheets/sheet1.bin": sheet,
        }
    )
