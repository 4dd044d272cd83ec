"""The row of the column names is found, with the reason in words, and can be moved."""

from __future__ import annotations

import pytest

import leadkit.sheets as sheets
from leadkit.errors import SheetError
from tests.sheets.making import lines, workbook, worksheet

PERSON = ["Ada Example", "ada@example.com", "Example Ltd", "2024"]
OTHER = ["Bo Example", "bo@example.com", "Sample Inc", "1999"]
NAMES = ["Name", "Email", "Company", "Since"]


def opened(*rows: list[str], header_row: int | None = None, **around: str) -> sheets.Book:
    return sheets.open_book(workbook(worksheet(lines(*rows), **around)), name="a.xlsx", header_row=header_row)


@pytest.mark.parametrize(
    ("above", "row"),
    [
        ([], 1),
        ([["Leads of the spring fair"]], 2),
        ([["Leads of the spring fair"], ["", ""], ["exported", "by hand"]], 4),
        ([["", "", "Fair", ""], []], 3),
    ],
)
def test_title_lines_above_the_header_are_passed_over(above: list[list[str]], row: int) -> None:
    book = opened(*above, NAMES, PERSON, OTHER)
    assert book.header_row == row
    assert book.frame.columns.tolist() == NAMES
    assert book.header_guesses[0].row == row
    assert "columns" in book.header_guesses[0].evidence


def test_names_in_other_words_are_found_by_what_is_below_them() -> None:
    book = opened(["Wer", "Wohin", "Bei", "Seit"], PERSON, OTHER)
    assert book.header_row == 1


def test_a_sheet_without_names_keeps_its_first_row() -> None:
    book = opened(PERSON, OTHER)
    assert book.header_row == 0
    assert book.frame.columns.tolist() == ["Column A", "Column B", "Column C", "Column D"]
    assert book.frame.index.tolist() == [1, 2]


def test_a_filter_says_where_the_header_is() -> None:
    filter_ = '<autoFilter ref="A3:D5"/>'
    book = opened(
        ["Region", "North", "Region", "South"], [], ["k1", "k2", "k3", "k4"], PERSON, OTHER, after=filter_
    )
    assert book.header_row == 3
    assert "filter" in book.header_guesses[0].evidence


def test_frozen_rows_say_where_the_header_is() -> None:
    pane = (
        '<sheetViews><sheetView workbookViewId="0"><pane ySplit="2" state="frozen"/></sheetView></sheetViews>'
    )
    rows = (["Kind", "Of", "Lead"], ["Fest", "Fern", "Feld"], ["a", "b", "c"], ["d", "e", "f"])
    assert opened(*rows).header_row == 1
    book = opened(*rows, before=pane)
    assert book.header_row == 2
    assert "frozen" in book.header_guesses[0].evidence


def test_the_user_may_move_the_header() -> None:
    book = opened(["Leads"], NAMES, PERSON, header_row=1)
    assert book.header_row == 1
    assert book.frame.index.tolist() == [2, 3]
    assert opened(NAMES, PERSON, header_row=0).frame.index.tolist() == [1, 2]


def test_a_header_outside_of_any_sheet_is_refused() -> None:
    with pytest.raises(SheetError, match="rows count from 1"):
        opened(NAMES, PERSON, header_row=-1)
