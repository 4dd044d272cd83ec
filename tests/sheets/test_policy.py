"""What the person typed is never lost, whatever happens to a column that is there already."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest

import leadkit.sheets as sheets
from leadkit.errors import SheetError
from tests.sheets.making import lines, part, text_cell, workbook, worksheet

ROWS = (
    lines(["Name", "Phone", "City"], ["Ada", "555 0100", "Bonn"], ["Bo", "", "Rome"], first=1)
    + f'<row r="4">{text_cell("A4", "Cy")}<c r="B4"><f>1+1</f><v>2</v></c></row>'
)
FORMULA = '<c r="B4"><f>1+1</f><v>2</v></c>'


def book_of(kind: str) -> sheets.Book:
    if kind == "xlsx":
        return sheets.open_book(workbook(worksheet(ROWS)), name="a.xlsx", header_row=1)
    return sheets.open_book(
        b"Name,Phone,City\nAda,555 0100,Bonn\nBo,,Rome\nCy,2,\n", name="a.csv", header_row=1
    )


def again(book: sheets.Book, frame: pd.DataFrame, policy: Any) -> pd.DataFrame:
    data = book.to_bytes(frame, policy=policy)
    return sheets.open_book(data, name=book.name, header_row=1).frame


def values(frame: pd.DataFrame, column: str) -> list[Any]:
    return [value if isinstance(value, str) else None for value in frame[column]]


@pytest.fixture(params=["xlsx", "csv"])
def book(request: pytest.FixtureRequest) -> sheets.Book:
    return book_of(request.param)


def changed(book: sheets.Book) -> pd.DataFrame:
    return book.frame.assign(Phone=["555 0199", "555 0142", "555 0143"])


def test_new_leaves_the_column_and_gives_changed_values_their_own(book: sheets.Book) -> None:
    frame = again(book, changed(book), "new")
    assert values(frame, "Phone") == values(book.frame, "Phone")
    assert values(frame, "Phone (2)") == ["555 0199", "555 0142", "555 0143"]


def test_fill_writes_blank_cells_and_sets_conflicts_beside(book: sheets.Book) -> None:
    frame = again(book, changed(book), {"Phone": "fill"})
    assert values(frame, "Phone") == ["555 0100", "555 0142", "2"]
    assert values(frame, "Phone (found)") == ["555 0199", None, "555 0143"]


def test_overwrite_keeps_what_was_there_in_a_column_of_its_own() -> None:
    frame = again(book_of("csv"), changed(book_of("csv")), "overwrite")
    assert values(frame, "Phone") == ["555 0199", "555 0142", "555 0143"]
    assert values(frame, "Phone (before)") == ["555 0100", None, "2"]


def test_overwrite_leaves_formulas_alone() -> None:
    book = book_of("xlsx")
    data = book.to_bytes(changed(book), policy="overwrite")
    assert FORMULA in part(data)
    frame = sheets.open_book(data, name="a.xlsx", header_row=1).frame
    assert values(frame, "Phone") == ["555 0199", "555 0142", "2"]
    assert values(frame, "Phone (found)") == [None, None, "555 0143"]
    assert values(frame, "Phone (before)") == ["555 0100", None, None]


def test_the_report_counts_what_happened_to_which_column(tmp_path: Path) -> None:
    book = book_of("xlsx")
    report = book.save_as(
        tmp_path / "a.xlsx", changed(book).assign(Score=[1, np.nan, 3]), policy={"Phone": "fill"}
    )
    assert (report.filled, report.conflicts, report.added) == (
        {"Phone": 1},
        {"Phone": 2},
        ("Phone (found)", "Score"),
    )
    assert report.cells == 5
    assert report.parts == ("xl/worksheets/sheet1.xml",)


def test_values_that_say_the_same_are_no_change(book: sheets.Book) -> None:
    same: Any = ["555 0100", None, 2]
    frame = book.frame.assign(Phone=same)
    assert again(book, frame, "overwrite").columns.tolist() == ["Name", "Phone", "City"]


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_dates_that_say_the_same_are_no_change(kind: str) -> None:
    rows = lines(["Since"]) + (
        '<row r="2"><c r="A2" s="4"><v>46085</v></c></row><row r="3"><c r="A3" s="5"><v>46085.4375</v></c></row>'
        '<row r="4"><c r="A4" s="5"><v>46085.43750701389</v></c></row>'
    )
    text = b"Since\n2026-03-04\n2026-03-04T10:30:00\n2026-03-04T10:30:00.606\n"
    data = workbook(worksheet(rows)) if kind == "xlsx" else text
    book = sheets.open_book(data, name=f"a.{kind}", header_row=1)
    since = pd.to_datetime(book.frame["Since"], format="ISO8601")
    assert book.to_bytes(book.frame.assign(Since=since)) == data


def test_a_new_name_that_differs_only_in_case_gets_a_number(book: sheets.Book) -> None:
    assert again(book, book.frame.assign(phone=["a", "b", "c"]), "new").columns.tolist() == [
        "Name",
        "Phone",
        "City",
        "phone (2)",
    ]


def test_a_cell_under_a_merge_is_never_written() -> None:
    merge = '<mergeCells count="1"><mergeCell ref="A2:A4"/></mergeCells>'
    rows = lines(["Name", "Email"], ["Ada", "a@example.com"]) + "".join(
        f'<row r="{r}"><c r="A{r}" s="1"/>{text_cell(f"B{r}", "x@example.com")}</row>' for r in (3, 4)
    )
    book = sheets.open_book(workbook(worksheet(rows, after=merge)), name="a.xlsx", header_row=1)
    data = book.to_bytes(book.frame.assign(Name=["Ada", "Bo", "Cy"]), policy="fill")
    assert '<c r="A3" s="1"/>' in part(data)
    loaded = openpyxl.load_workbook(io.BytesIO(data))["Leads"]
    assert [loaded[f"C{r}"].value for r in (1, 2, 3, 4)] == ["Name (found)", None, "Bo", "Cy"]


def test_a_cell_beside_the_first_of_a_merge_is_never_written() -> None:
    merge = '<mergeCells count="1"><mergeCell ref="A2:B2"/></mergeCells>'
    rows = lines(["Name", "Email"], ["Ada and all her friends"], ["Bo"])
    book = sheets.open_book(workbook(worksheet(rows, after=merge)), name="a.xlsx", header_row=1)
    frame = again(book, book.frame.assign(Email=["ada@example.com", "bo@example.com"]), "fill")
    assert values(frame, "Email") == [None, "bo@example.com"]
    assert values(frame, "Email (found)") == ["ada@example.com", None]


def test_the_first_cell_of_a_merge_may_be_filled() -> None:
    merge = '<mergeCells count="1"><mergeCell ref="A2:A3"/></mergeCells>'
    rows = lines(["Name", "Email"], ["", "a@example.com"], ["", "b@example.com"])
    book = sheets.open_book(workbook(worksheet(rows, after=merge)), name="a.xlsx", header_row=1)
    frame = again(book, book.frame.assign(Name=["Ada", "Bo"]), {"Name": "fill"})
    assert values(frame, "Name") == ["Ada", None]
    assert values(frame, "Name (found)") == [None, "Bo"]


@pytest.mark.parametrize(
    ("policy", "words"), [("replace", "none of new, fill, overwrite"), ({"Fax": "fill"}, "does not have")]
)
def test_an_unknown_policy_or_column_is_refused(book: sheets.Book, policy: Any, words: str) -> None:
    with pytest.raises(SheetError, match=words):
        book.to_bytes(book.frame, policy=policy)


def test_the_callers_frame_is_not_touched(book: sheets.Book) -> None:
    frame = changed(book)
    copy = frame.copy(deep=True)
    book.to_bytes(frame, policy="overwrite")
    pd.testing.assert_frame_equal(frame, copy)
