""".xls, .xlsb and .ods are read; results go to a new .xlsx that says so."""

from __future__ import annotations

from pathlib import Path

import pytest

import leadkit.sheets as sheets
from leadkit.errors import SheetError
from tests.sheets.making import row_of
from tests.sheets.other_formats import ods, ods_row, xlsb

XLS = Path(__file__).parent / "made" / "leads.xls"
ODS = ods(ods_row("Name", "Email") + ods_row("Ada Example", "ada@example.com"))
XLSB = xlsb({0: {0: "Name", 1: "Email"}, 1: {0: "Ada Example", 1: "ada@example.com"}})


@pytest.fixture(params=["xls", "ods", "xlsb"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / f"leads.{request.param}"
    path.write_bytes({"xls": XLS.read_bytes(), "ods": ODS, "xlsb": XLSB}[request.param])
    return path


def test_it_is_read_and_written_as_a_new_workbook(path: Path) -> None:
    book = sheets.open_book(path)
    assert book.kind == path.suffix[1:]
    assert (book.sheet, book.header_row) == ("Leads", 1)
    assert book.frame.loc[2, "Email"] == "ada@example.com"
    assert book.sheets[0].name == "Leads"
    assert book.default_output.name == "leads.enriched.xlsx"
    assert any("not written back" in note for note in book.notes)
    assert any("leading zeros" in note and "#N/A" in note for note in book.notes)
    book.check_writable()
    report = book.save_as(book.default_output, book.frame.assign(New="=x"))
    assert any("new .xlsx" in note for note in report.notes)
    again = sheets.open_book(book.default_output)
    assert again.frame["New"].tolist() == ["=x"] * len(book.frame)
    assert again.frame["Email"].tolist() == book.frame["Email"].tolist()


def test_values_of_an_old_workbook_are_exact_text() -> None:
    frame = sheets.open_book(XLS).frame
    assert row_of(frame, 2) == ["Ada Example", "ada@example.com", "2026-03-04", "12.5", "01234"]
    assert row_of(frame, 3) == [
        "Bo Example",
        "bo@example.com",
        "2026-03-04T10:30:00",
        "447911123456",
        "=1+1",
    ]


def test_row_numbers_are_the_sheets_own() -> None:
    book = sheets.open_book(xlsb({4: {2: "Email"}, 6: {2: "ada@example.com"}}), name="a.xlsb")
    assert (book.header_row, book.frame.index.tolist(), book.frame.columns.tolist()) == (5, [7], ["Email"])


@pytest.mark.parametrize(
    "data",
    [
        xlsb({0: {0: "Name"}, 1_048_575: {16_383: "far away"}}),
        ods(ods_row("Name") + ods_row("x", repeat=1_048_576, repeat_cells=16_384)),
    ],
    ids=["xlsb", "ods"],
)
def test_a_file_that_asks_for_gigabytes_takes_nobody_along(data: bytes) -> None:
    with pytest.raises(SheetError, match="Nothing was sent"):
        sheets.open_book(data, name="leads")


def test_a_sheet_that_is_not_there_is_named(path: Path) -> None:
    with pytest.raises(SheetError, match=r"no sheet 'Nope'. Its sheets are 'Leads'"):
        sheets.open_book(path, sheet="Nope")
