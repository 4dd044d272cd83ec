"""Text files come back character by character; what we add is no formula."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import leadkit.sheets as sheets
from leadkit.errors import SheetError
from leadkit.sheets.csv_file import guarded
from tests.sheets.making import row_of

PEOPLE = "Name,Email\nAda Example,ada@example.com\nBo Example,bo@example.com\n"


def opened(data: bytes | str, **options: Any) -> sheets.Book:
    raw = data.encode() if isinstance(data, str) else data
    return sheets.open_book(raw, name="leads.csv", **options)


def added(data: bytes | str, header_row: int | None = None, **columns: Any) -> bytes:
    book = opened(data, header_row=header_row)
    return book.to_bytes(book.frame.assign(**columns))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", [True, False])
def test_a_column_is_added_in_the_files_own_manner(
    encoding: str, delimiter: str, quoting: Any, line_end: str, last: bool
) -> None:
    rows = [
        ["Name", "Näme 2", "Note"],
        ["Zoë", f"a{delimiter}b", 'say "hi"'],
        ["Bo", "", f"two{line_end}lines"],
        ["Cy", "x", ""],
    ]

    def text(table: list[list[str]]) -> bytes:
        out = io.StringIO()
        csv.writer(out, delimiter=delimiter, quoting=quoting, lineterminator=line_end).writerows(table)
        whole = out.getvalue()
        return (whole if last else whole[: -len(line_end)]).encode(encoding)

    data = text(rows)
    book = opened(data, header_row=1)
    assert book.to_bytes(book.frame) == data
    assert book.frame.fillna("").to_numpy().tolist() == rows[1:]
    new = ["New", "v1", "", f"v{delimiter}3"]
    expected = text([[*row, value] for row, value in zip(rows, new, strict=True)])
    found: Any = ["v1", None, new[3]]
    got = book.to_bytes(book.frame.assign(New=found))
    assert got == expected


FIELD = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc"], include_characters="\t\r\n"), max_size=8
)
TABLE = st.lists(st.lists(FIELD, min_size=1, max_size=4), min_size=1, max_size=6)


@settings(max_examples=150, deadline=None)
@given(
    table=TABLE,
    delimiter=st.sampled_from(",;\t|"),
    line_end=st.sampled_from(["\n", "\r\n"]),
    quoting=st.booleans(),
)
def test_any_table_comes_back_character_by_character(
    table: list[list[str]], delimiter: str, line_end: str, quoting: bool
) -> None:
    out = io.StringIO()
    style: Any = csv.QUOTE_ALL if quoting else csv.QUOTE_MINIMAL
    csv.writer(out, delimiter=delimiter, lineterminator=line_end, quoting=style).writerows(table)
    data = out.getvalue().encode()
    try:
        book = opened(data, header_row=1)
    except SheetError:
        return  # nothing but blanks, or what looks like a file of another kind
    assert book.to_bytes(book.frame) == data


@settings(max_examples=150, deadline=None)
@given(text=st.text(st.sampled_from("ab\",;\t|\r\n '\0é")), header_row=st.integers(0, 3))
def test_no_text_however_odd_loses_a_character(text: str, header_row: int) -> None:
    data = text.encode()
    try:
        book = opened(data, header_row=header_row)
    except SheetError:
        return
    assert book.to_bytes(book.frame) == data


@settings(max_examples=150, deadline=None)
@given(table=TABLE, delimiter=st.sampled_from(",;\t|"), values=st.lists(FIELD, min_size=6, max_size=6))
def test_new_values_are_read_back_and_old_ones_stay(
    table: list[list[str]], delimiter: str, values: list[str]
) -> None:
    out = io.StringIO()
    rows = [["Name", "Email"], *table]
    csv.writer(out, delimiter=delimiter, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(rows)
    book = opened(out.getvalue(), header_row=1)
    new = dict(zip(book.frame.index, values, strict=False))
    again = opened(book.to_bytes(book.frame.assign(New=[new[row] for row in book.frame.index])), header_row=1)
    assert again.frame[book.frame.columns].equals(book.frame) or not len(book.frame)
    expected = {row: guarded(value) for row, value in new.items() if value}
    assert {r: v for r, v in again.frame["New"].items() if isinstance(v, str)} == expected


def test_the_encoding_and_delimiter_found_are_said() -> None:
    note = " ".join(opened("Name;Ort\nZoë;Köln\n".encode("cp1252")).notes)
    assert "cp1252" in note
    assert "semicolon" in note
    assert "not UTF-8" in note


def test_a_line_that_names_the_delimiter_is_believed_and_is_no_row() -> None:
    book = opened("sep=;\r\nName;Email\r\nAda, the first;ada@example.com\r\n")
    assert (book.header_row, book.frame.index.tolist()) == (1, [2])
    assert book.to_bytes(book.frame.assign(New=["x"])).startswith(b"sep=;\r\nName;Email;New\r\n")


def test_commas_in_a_semicolon_file_do_not_confuse() -> None:
    rows = "Name;Income\n" + "".join(f"Person {i};{i},5{',' if i % 3 else ''}\n" for i in range(50))
    assert opened(rows).frame.columns.tolist() == ["Name", "Income"]


def test_ragged_rows_get_the_new_value_under_its_name() -> None:
    result = added("a,b,c\n1\n1,2,3,4\n\nx,y\n", header_row=1, New=["p", "q", "r"])
    assert result == b"a,b,c,,New\n1,,,,p\n1,2,3,4,q\n\nx,y,,,r\n"


def test_title_lines_and_blank_lines_stay_as_they_are() -> None:
    result = added("Leads of the fair\n\nName,Email\nAda,ada@example.com\n", New=["x"])
    assert result == b"Leads of the fair\n\nName,Email,New\nAda,ada@example.com,x\n"


def test_letters_that_the_encoding_lacks_turn_the_file_into_utf8_and_say_so(tmp_path: Any) -> None:
    book = opened("Name;Ort\nZoë;Köln\n".encode("cp1252"))
    report = book.save_as(tmp_path / "out.csv", book.frame.assign(New=["Łódź"]))
    assert (tmp_path / "out.csv").read_bytes().decode("utf-8-sig") == "Name;Ort;New\nZoë;Köln;Łódź\n"
    assert any("UTF-8 now" in note for note in report.notes)


def test_nul_characters_stay_in_the_file_and_out_of_the_frame() -> None:
    data = "Name,Email\nAda\0 Example,ada@example.com\nBo,bo@example.com\n"
    book = opened(data)
    assert book.frame.loc[2, "Name"] == "Ada Example"
    assert book.to_bytes(book.frame) == data.encode()


def test_a_quote_that_is_never_closed_does_not_swallow_the_rest() -> None:
    book = opened('Name,Email\n"Ada,ada@example.com\nBo,bo@example.com\n')
    assert row_of(book.frame, 3) == ["Bo", "bo@example.com"]


DANGEROUS = [
    "=1+1", "=cmd|'/C calc'!A0", "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(1+1)", "\t=1+1", "\r=1+1", "\n=1+1", " =1",
    "＝1+1", "＋1", "－1", "＠x", "=", "+", "-", "@", "@handle", "+1-2", "-", "--1",
]  # fmt: skip
HARMLESS = [
    "+4915112345678",
    "+1 (555) 010-0123",
    "-5",
    "-5.25",
    "0=1",
    "a=b",
    "ada@example.com",
    "'=1",
    '"=1',
    ";=1",
]


@pytest.mark.parametrize("text", DANGEROUS)
def test_a_value_we_add_is_never_a_formula(text: str) -> None:
    assert opened(added(PEOPLE, New=[text, "x"])).frame.loc[2, "New"] == "'" + text


@pytest.mark.parametrize("text", HARMLESS)
def test_phones_negative_numbers_and_plain_text_stay_as_they_are(text: str) -> None:
    assert opened(added(PEOPLE, New=[text, "x"])).frame.loc[2, "New"] == text


@pytest.mark.parametrize("text", DANGEROUS)
def test_the_users_own_cells_are_never_altered(text: str) -> None:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([["Name", "Email"], [text, "ada@example.com"]])
    data = out.getvalue().encode()
    assert added(data, header_row=1, New=["x"]).startswith(data[:-1].replace(b"Email", b"Email,New"))


def test_values_are_written_as_a_person_reads_them() -> None:
    import datetime as dt

    result = added(PEOPLE, a=[5.0, None], b=[True, False], c=[dt.date(2026, 3, 4), None], d=[2.5, 1e20])
    assert result.decode().splitlines()[1:] == [
        "Ada Example,ada@example.com,5,TRUE,2026-03-04,2.5",
        "Bo Example,bo@example.com,,FALSE,,1e+20",
    ]
