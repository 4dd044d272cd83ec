"""Every refusal says what is wrong with which file, that nothing was sent, and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

import leadkit.sheets as sheets
from leadkit.errors import LeadkitError, SheetError
from tests.sheets.making import DOCUMENT, PEOPLE, RELS, part, workbook, worksheet, zipped

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
GOOD = workbook(worksheet(PEOPLE))
CHART_ONLY = workbook(
    worksheet(PEOPLE),
    replace={
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{RELS}"><Relationship Id="rId1" '
        f'Type="{DOCUMENT}/chartsheet" Target="chartsheets/sheet1.xml"/></Relationships>'
    },
)


@pytest.mark.parametrize(
    ("data", "name", "words"),
    [
        (b"", "leads.xlsx", "is empty: it has 0 bytes"),
        (b" \r\n", "leads.csv", "is empty: it has no text"),
        (b"%PDF-1.7 ...", "leads.xlsx", "is a PDF document, not a spreadsheet"),
        (b"\x89PNG\r\n", "leads.png", "is a picture"),
        (b"<html><table></table></html>", "leads.xls", r"web page or XML.*save it as \.xlsx"),
        (b"Name;Email\n", "leads.xlsx", r"is text.*Rename it to end in \.csv"),
        (OLE + bytes(100) + "EncryptedPackage".encode("utf-16-le"), "leads.xlsx", "protected by a password"),
        (OLE + bytes(100), "leads.doc", "without a workbook in it"),
        (GOOD[:-30], "leads.xlsx", "end of the file is missing"),
        (zipped({"a.txt": "x"}), "leads.xlsx", "is a zip archive, but no workbook"),
        (
            zipped({"[Content_Types].xml": "<Types/>"}),
            "leads.xlsx",
            "nothing in it is named as its main part",
        ),
        (CHART_ONLY, "leads.xlsx", "no worksheet, only charts or macros"),
        (workbook("not XML"), "leads.xlsx", "is not XML"),
        (workbook("<worksheet/>"), "leads.xlsx", "namespace None is not one of a worksheet"),
        (workbook(worksheet(PEOPLE).replace("sheetData", "data")), "leads.xlsx", "no table of cells"),
        (workbook(worksheet(PEOPLE + "oops")), "leads.xlsx", "something that is no cell"),
        (workbook(worksheet(PEOPLE + PEOPLE)), "leads.xlsx", "row 1 comes after row 3"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_words(data: bytes, name: str, words: str) -> None:
    with pytest.raises(SheetError, match=rf"(?s){words}.*") as caught:
        sheets.open_book(data, name=name)
    assert "Nothing was sent" in str(caught.value)
    assert caught.value.charged == "no"
    assert isinstance(caught.value, LeadkitError | ValueError)


def test_a_sheet_that_is_not_there_is_named_beside_those_that_are() -> None:
    with pytest.raises(SheetError, match=r"leads.xlsx has no sheet 'Nope'. Its sheets are 'Leads'"):
        sheets.open_book(GOOD, name="leads.xlsx", sheet="Nope")
    with pytest.raises(SheetError, match="text file, which has no sheet 'Nope'"):
        sheets.open_book(b"Name,Email\n", name="leads.csv", sheet="Nope")


def test_a_path_that_is_no_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SheetError, match="there is no file"):
        sheets.open_book(tmp_path / "nowhere.xlsx")
    with pytest.raises(SheetError, match="is a folder"):
        sheets.open_book(tmp_path)


def test_a_sheet_whose_part_is_missing_is_named() -> None:
    rels = part(GOOD, "xl/_rels/workbook.xml.rels").replace("sheet1.xml", "sheet9.xml")
    data = workbook(worksheet(PEOPLE), replace={"xl/_rels/workbook.xml.rels": rels})
    with pytest.raises(
        SheetError, match=r"sheet 'Leads' of leads.xlsx cannot be read: its part .* is missing"
    ):
        sheets.open_book(data, name="leads.xlsx")


def test_text_under_a_workbooks_name_is_read_when_the_name_says_csv() -> None:
    assert sheets.open_book(b"Name,Email\nAda,ada@example.com\n", name="upload").kind == "csv"
