"""What a file is, by what is in it: the ending of its name is not believed."""

from __future__ import annotations

from typing import Literal

from leadkit.errors import SheetError
from leadkit.sheets.other_formats import password_error
from leadkit.sheets.source import Source

Kind = Literal["zip", "xls", "csv"]

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OTHER = (
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"SQLite format 3", "a database"),
    (b"PAR1", "a Parquet file"),
    (b"{\\rtf", "a text document"),
)


def kind_of(source: Source) -> Kind:
    """``zip`` for .xlsx, .xlsm, .xlsb and .ods; ``xls``; or ``csv`` for text.

    Raises
    ------
    SheetError
        Protected by a password, or something else, named as well as can be told.
    """
    start = source.start()
    if start.startswith(b"PK"):
        return "zip"
    if start.startswith(_OLE):
        return _compound(source)
    for mark, what in _OTHER:
        if start.startswith(mark):
            msg = f"{source.name} is {what}, not a spreadsheet. Nothing was sent."
            raise SheetError(msg)
    if start[:2] in (b"\x09\x08", b"\x09\x04", b"\x09\x02", b"\x09\x00"):
        return "xls"
    head = start[:4096].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith((b"<?xml", b"<html", b"<!doctype", b"<table")):
        msg = (
            f"{source.name} is a web page or XML under the name of a spreadsheet. Nothing was sent. "
            "Open it in a spreadsheet program and save it as .xlsx."
        )
        raise SheetError(msg)
    ending = source.name.lower().rpartition(".")[2]
    if ending in ("xlsx", "xlsm", "xlsb", "ods", "xls") and b"\0" not in start[:1024]:
        msg = (
            f"{source.name} is text, as in a CSV file, under the name of a workbook. Nothing was sent. "
            "Rename it to end in .csv and open it again."
        )
        raise SheetError(msg)
    return "csv"


def _compound(source: Source) -> Kind:
    """An OLE compound file: an encrypted workbook, an old .xls, or another program's document."""
    data = source.read()

    def has(name: str) -> bool:
        return name.encode("utf-16-le") in data

    if has("EncryptedPackage") or has("EncryptionInfo"):
        raise password_error(source.name)
    if has("Workbook") or has("Book"):
        return "xls"
    msg = (
        f"{source.name} is not a workbook that can be read: it is an older or encrypted Office document without a "
        "workbook in it. Nothing was sent. Open it in a spreadsheet program and save it as .xlsx, without a password."
    )
    raise SheetError(msg)
