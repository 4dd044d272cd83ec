"""New cells go into the sheet's XML; everything else stays as it was, byte for byte."""

from __future__ import annotations

import datetime as dt
import io
import math
import re
import struct
import zipfile
from argparse import Namespace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest
import xlsxwriter  # type: ignore[import-untyped]

import leadkit.sheets as sheets
from leadkit.errors import SheetError
from leadkit.sheets.package import Package
from leadkit.sheets.row_writer import RowWriter
from tests.sheets.corpus import raw_members, try_one
from tests.sheets.making import (
    MAIN,
    PEOPLE,
    STRICT_MAIN,
    STYLES,
    lines,
    part,
    row_of,
    text_cell,
    workbook,
    worksheet,
)

TABLE_REL = '<Relationship Id="rId1" Type="http://x/table" Target="../tables/table1.xml"/>'


def opened(data: bytes, **options: Any) -> sheets.Book:
    return sheets.open_book(data, name="leads.xlsx", **options)


def added(data: bytes, **columns: Any) -> bytes:
    """The workbook with columns added to the frame as it was read."""
    book = opened(data)
    book.check_writable()
    return book.to_bytes(book.frame.assign(**columns))


def cells(data: bytes, sheet: str = "Leads") -> dict[str, Any]:
    """Cell → value, as openpyxl reads it."""
    loaded = openpyxl.load_workbook(io.BytesIO(data))[sheet]
    return {c.coordinate: c.value for row in loaded.iter_rows() for c in row if c.value is not None}


def test_a_frame_without_changes_gives_the_same_file() -> None:
    data = workbook(worksheet(PEOPLE))
    assert opened(data).to_bytes(opened(data).frame) == data


def test_only_the_sheet_changes_when_no_style_is_needed() -> None:
    data = workbook(
        worksheet(PEOPLE), parts={"xl/media/image1.png": b"\x89PNG not really", "docProps/app.xml": "<a/>"}
    )
    result = added(data, Verdict=["valid", "risky"])
    old, new = raw_members(data), raw_members(result)
    assert [name for name in old if old[name] != new[name]] == ["xl/worksheets/sheet1.xml"]
    assert cells(result) == {**cells(data), "C1": "Verdict", "C2": "valid", "C3": "risky"}


def test_each_kind_of_value_comes_back_as_itself() -> None:
    values = [
        "=1+1",
        True,
        7,
        2.5,
        dt.date(2026, 3, 4),
        dt.datetime(2026, 3, 4, 10, 30),
        None,
        np.nan,
        pd.NaT,
        "",
    ]
    rows = lines(["Name"], *([f"n{i}"] for i in range(len(values))))
    result = cells(added(workbook(worksheet(rows)), Value=pd.Series(values, dtype=object).to_numpy()))
    got = [result.get(f"B{i}") for i in range(2, 2 + len(values))]
    expected = [
        "=1+1",
        True,
        7,
        2.5,
        dt.datetime(2026, 3, 4),
        dt.datetime(2026, 3, 4, 10, 30),
        None,
        None,
        None,
        None,
    ]
    assert got == expected
    assert type(got[1]) is bool


def test_numpy_and_nullable_columns_are_written_as_numbers() -> None:
    data = workbook(worksheet(PEOPLE))
    result = cells(
        added(
            data,
            a=np.array([1, 2], "int32"),
            b=pd.array([True, None], "boolean"),
            c=pd.array([3, None], "Int64"),
        )
    )
    assert [result.get(k) for k in ("C2", "C3", "D2", "D3", "E2", "E3")] == [1, 2, True, None, 3, None]


@pytest.mark.parametrize(
    "text",
    [
        "=HYPERLINK(1)",
        "+1",
        "@x",
        "<b>&amp;</b>",
        " edges ",
        "two\nlines",
        "bell\x07",
        "_x0007_",
        "\r",
        "\ufffe",
        "😀",
        "'",
    ],
)
def test_text_comes_back_exactly(text: str) -> None:
    result = added(workbook(worksheet(PEOPLE)), Value=[text, "x"])
    assert opened(result).frame.loc[2, "Value"] == text
    assert ' t="inlineStr"' in part(result)
    assert "<f" not in part(result)


def test_a_code_of_more_than_15_digits_is_written_as_text() -> None:
    result = cells(added(workbook(worksheet(PEOPLE)), Code=[12345678901234567890, 123456789012345]))
    assert (result["C2"], result["C3"]) == ("12345678901234567890", 123456789012345)


@pytest.mark.parametrize("number", [Decimal("Infinity"), Decimal("1E+500"), math.inf])
def test_a_number_that_no_cell_can_hold_is_written_as_text(number: object) -> None:
    result = added(workbook(worksheet(PEOPLE)), Value=pd.Series([number, 1], index=[2, 3], dtype=object))
    assert cells(result)["C2"] == str(number)
    assert '<c r="C2" t="inlineStr">' in part(result)


def test_text_longer_than_a_cell_is_cut_with_a_word_about_it(tmp_path: Path) -> None:
    book = opened(workbook(worksheet(PEOPLE)))
    report = book.save_as(tmp_path / "out.xlsx", book.frame.assign(Long=["x" * 40_000, "y"]))
    text = opened((tmp_path / "out.xlsx").read_bytes()).frame["Long"].tolist()[0]
    assert len(text) == 32_767
    assert text.endswith("too long for a cell]")
    assert any("32,767" in note for note in report.notes)


def test_rows_may_be_missing_and_in_any_order() -> None:
    book = opened(workbook(worksheet(lines(["N"], ["a"], ["b"], ["c"]))), header_row=1)
    frame = book.frame.iloc[[2, 0]].assign(Value=["third", "first"])
    result = cells(book.to_bytes(frame))
    assert (result.get("B2"), result.get("B3"), result.get("B4")) == ("first", None, "third")


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ([2, 2], "row 2 is in the frame twice"),
        ([2, 99], "not rows of the sheet, the first is 99"),
        (["a", "b"], "not rows"),
    ],
)
def test_rows_that_are_not_the_sheets_are_refused(labels: list[Any], words: str) -> None:
    book = opened(workbook(worksheet(PEOPLE)))
    frame = pd.DataFrame({"New": ["x", "y"]}, index=labels)
    with pytest.raises(SheetError, match=words):
        book.to_bytes(frame)


def test_the_outcome_of_a_run_is_not_taken_for_its_frame() -> None:
    book = opened(workbook(worksheet(PEOPLE)))
    done = Namespace(frame=book.frame)
    with pytest.raises(SheetError, match=r"a Namespace is no frame.*done\.frame.*Nothing was written"):
        book.to_bytes(done)  # type: ignore[arg-type]


def test_new_columns_stand_right_of_notes_beside_the_list() -> None:
    rows = PEOPLE.replace("</row>", text_cell("F3", "a note") + "</row>", 3).replace(
        text_cell("F3", "a note") + "</row>", "</row>", 2
    )
    result = cells(added(workbook(worksheet(rows)), New=["x", "y"]))
    assert (result["G1"], result["G2"], result["F3"]) == ("New", "x", "a note")


def test_a_title_beyond_the_list_does_not_push_the_new_columns_away() -> None:
    rows = f'<row r="1">{text_cell("J1", "Printed in March")}</row>' + lines(
        ["Name", "Email"], ["Ada", "ada@example.com"], first=2
    )
    assert cells(added(workbook(worksheet(rows)), New=["x"]))["C2"] == "New"


def test_new_columns_keep_clear_of_array_formulas_and_merged_rows() -> None:
    array = PEOPLE.replace(
        "</row>", '<c r="D2"><f t="array" ref="D2:E3">A2:B3</f><v>1</v></c></row>', 2
    ).replace('<c r="D2"><f t="array" ref="D2:E3">A2:B3</f><v>1</v></c></row>', "</row>", 1)
    assert cells(added(workbook(worksheet(array)), New=["x", "y"]))["F1"] == "New"
    merged = '<mergeCells count="1"><mergeCell ref="B3:D3"/></mergeCells>'
    assert cells(added(workbook(worksheet(PEOPLE, after=merged)), New=["x", "y"]))["E1"] == "New"


def test_a_styled_blank_cell_takes_the_value_and_keeps_its_look() -> None:
    rows = PEOPLE.replace("</row>", '<c r="C1" s="1"/><c r="D1" s="1"/></row>', 1)
    result = part(added(workbook(worksheet(rows)), New=["x", "y"]))
    assert '<c r="C1" s="1" t="inlineStr">' in result
    assert '<c r="D1" s="1"/>' in result


def test_header_and_body_take_the_look_of_their_neighbours() -> None:
    rows = (
        f'<row r="1">{text_cell("A1", "Zip", style=1)}</row>'
        '<row r="2"><c r="A2" s="2"><v>7</v></c></row><row r="3"><c r="A3" s="5"><v>46085</v></c></row>'
    )
    result = added(
        workbook(worksheet(rows)), Text=["a", "b"], Day=[dt.date(2026, 3, 4), dt.datetime(2026, 3, 4, 1)]
    )
    loaded = openpyxl.load_workbook(io.BytesIO(result))["Leads"]
    assert loaded["B1"].font.b
    assert loaded["B2"].number_format == "General"
    assert loaded["B3"].number_format == "General"
    assert loaded["B3"].font.b
    assert loaded["B3"].alignment.wrap_text
    assert loaded["C2"].number_format == "mm-dd-yy"
    assert loaded["C3"].number_format == "m/d/yy h:mm"
    assert (loaded["C2"].value, loaded["C3"].value) == (dt.datetime(2026, 3, 4), dt.datetime(2026, 3, 4, 1))


def test_styles_grow_only_at_their_end() -> None:
    rows = f'<row r="1">{text_cell("A1", "Zip")}</row><row r="2"><c r="A2" s="2"><v>7</v></c></row>'
    styles = part(added(workbook(worksheet(rows)), Text=["a"]), "xl/styles.xml")
    before, after = STYLES.split("</cellXfs>")
    assert styles.startswith(before.replace('cellXfs count="7"', 'cellXfs count="8"'))
    assert styles.endswith("</cellXfs>" + after)


def test_without_styles_a_date_is_written_as_iso_text() -> None:
    result = cells(added(workbook(worksheet(PEOPLE), styles=None), Day=[dt.date(2026, 3, 4), None]))
    assert result["C2"] == "2026-03-04"


def test_dates_count_from_1904_where_the_workbook_does() -> None:
    data = workbook(worksheet(PEOPLE), workbook_extra='<workbookPr date1904="1"/>')
    result = added(data, Day=[dt.date(2026, 3, 4), dt.date(1903, 1, 1)])
    assert opened(result).frame["Day"].tolist() == ["2026-03-04", "1903-01-01"]


def test_extent_spans_and_widths_grow_with_the_sheet() -> None:
    rows = PEOPLE.replace('<row r="2">', '<row r="2" spans="1:2" ht="30" customHeight="1">')
    before = '<dimension ref="A1:B3"/><cols><col min="1" max="2" width="20" customWidth="1"/></cols>'
    result = part(added(workbook(worksheet(rows, before=before)), New=["x" * 30, "y"], More=[1, 2]))
    assert '<dimension ref="A1:D3"/>' in result
    assert '<row r="2" spans="1:4" ht="30" customHeight="1">' in result
    assert (
        '<col min="1" max="2" width="20" customWidth="1"/><col min="3" max="3" width="32" customWidth="1"/>'
        in result
    )
    assert '<col min="4" max="4"' in result


@pytest.mark.parametrize(
    ("cols", "place", "hidden"),
    [
        ('<col min="3" max="5" width="9" hidden="1"/>', "F1", {3, 4, 5}),
        ('<col min="3" max="16384" width="9" hidden="1"/>', "C1", {4, 5, 16384}),
        ('<col min="2" max="16384" width="9"/>', "C1", set()),
    ],
)
def test_new_columns_are_seen_and_hidden_ones_stay_hidden(cols: str, place: str, hidden: set[int]) -> None:
    data = workbook(worksheet(PEOPLE, before=f"<cols>{cols}</cols>"))
    result = added(data, New=["x", "y"])
    assert cells(result)[place] == "New"
    found = re.findall(r'<col min="(\d+)" max="(\d+)"([^>]*)>', part(result))
    shown = {n for a, b, rest in found if 'hidden="1"' not in rest for n in range(int(a), int(b) + 1)}
    concealed = {n for a, b, rest in found if 'hidden="1"' in rest for n in range(int(a), int(b) + 1)}
    assert ord(place[0]) - 64 in shown
    assert hidden <= concealed


def table(columns: int, *, extra: str = "", inner: str = "") -> str:
    names = ["Name", "Email", "Phone"][:columns]
    listed = "".join(f'<tableColumn id="{i * 2}" name="{n}"/>' for i, n in enumerate(names, 1))
    ref = f"A1:{chr(64 + columns)}3"
    return (
        f'<table xmlns="{MAIN}" id="1" name="T" displayName="T" ref="{ref}"{extra}><autoFilter ref="{ref}"/>'
        f'<tableColumns count="{columns}">{listed}</tableColumns>{inner}</table>'
    )


def test_a_table_grows_by_the_new_columns() -> None:
    data = workbook(worksheet(PEOPLE), sheet_rels=TABLE_REL, parts={"xl/tables/table1.xml": table(2)})
    result = added(data, **{"Is <it> valid?": ["x", "y"], "Score": [1, 2]})
    text = part(result, "xl/tables/table1.xml")
    assert text.count('ref="A1:D3"') == 2
    assert '<tableColumns count="4">' in text
    assert '<tableColumn id="5" name="Is &lt;it&gt; valid?"/><tableColumn id="6" name="Score"/>' in text
    assert opened(result).frame.columns.tolist() == ["Name", "Email", "Is <it> valid?", "Score"]


@pytest.mark.parametrize("extra", [' tableType="queryTable"', ' headerRowCount="0"'])
def test_a_table_that_others_fill_is_left_as_it_is(extra: str) -> None:
    data = workbook(
        worksheet(PEOPLE), sheet_rels=TABLE_REL, parts={"xl/tables/table1.xml": table(2, extra=extra)}
    )
    result = sheets.open_book(data, name="a.xlsx", header_row=1)
    out = result.to_bytes(result.frame.assign(New=["x", "y"]))
    assert part(out, "xl/tables/table1.xml") == table(2, extra=extra)
    assert cells(out)["C1"] == "New"


def test_a_table_with_something_beside_it_stays_as_it_is() -> None:
    rows = PEOPLE.replace("</row>", text_cell("C2", "note") + "</row>", 2).replace(
        text_cell("C2", "note"), "", 1
    )
    data = workbook(worksheet(rows), sheet_rels=TABLE_REL, parts={"xl/tables/table1.xml": table(2)})
    result = added(data, New=["x", "y"])
    assert part(result, "xl/tables/table1.xml") == table(2)
    assert (cells(result)["C2"], cells(result)["D1"]) == ("note", "New")


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("", '<autoFilter ref="A1:B3"/>', False),
        ('<cols><col min="3" max="5" hidden="1"/></cols>', '<autoFilter ref="A1:B3"/>', True),
        ('<cols><col min="3" max="5" hidden="1"/></cols>', "", False),
    ],
)
def test_columns_that_a_sort_would_leave_behind_are_told(
    tmp_path: Path, before: str, after: str, said: bool
) -> None:
    book = opened(workbook(worksheet(PEOPLE, before=before, after=after)))
    report = book.save_as(tmp_path / "out.xlsx", book.frame.assign(New=["x", "y"]))
    assert any("sort" in note for note in report.notes) == said


def test_a_small_table_beside_the_list_does_not_grow() -> None:
    rows = lines(
        ["Name", "Email", "City", "What", "Sum"],
        ["Ada", "ada@example.com", "Ulm", "x", "1"],
        ["Bo", "bo@example.com", "Bonn", "y", "2"],
        ["Cy", "cy@example.com", "Köln"],
    )
    beside = table(2).replace("A1:B3", "D1:E3").replace('"Name"', '"What"').replace('"Email"', '"Sum"')
    data = workbook(worksheet(rows), sheet_rels=TABLE_REL, parts={"xl/tables/table1.xml": beside})
    result = added(data, New=["x", "y", "z"])
    assert part(result, "xl/tables/table1.xml") == beside
    assert cells(result)["F1"] == "New"


def test_the_sheets_filter_grows_and_a_saved_views_filter_does_not() -> None:
    after = '<autoFilter ref="A1:B3"><filterColumn colId="0"/></autoFilter>'
    result = part(added(workbook(worksheet(PEOPLE, after=after)), New=["x", "y"]))
    assert '<autoFilter ref="A1:C3"><filterColumn colId="0"/></autoFilter>' in result
    view = '<customSheetView guid="{0}"><autoFilter ref="A1:B3"/></customSheetView>'
    view = f"<customSheetViews>{view}</customSheetViews>"
    assert view in part(added(workbook(worksheet(PEOPLE, after=view)), New=["x", "y"]))


def test_the_hidden_name_of_the_sheets_filter_grows_with_it() -> None:
    """LibreOffice filters and sorts what this name says, and would leave the new cells where they were."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as made:
        chart = made.add_chart({"type": "line"})
        chart.add_series({"values": "=Other!$A$1:$A$2"})
        made.add_chartsheet().set_chart(chart)
        for name in ("Other", "O'Brien & Söhne"):
            sheet = made.add_worksheet(name)
            sheet.write_row("A1", ["Name", "Email"])
            sheet.write_row("A2", ["Ada", "ada@example.com"])
            sheet.autofilter("A1:B2")
    data = out.getvalue()
    book = opened(data, sheet="O'Brien & Söhne")
    before = part(data, "xl/workbook.xml")
    after = part(book.to_bytes(book.frame.assign(New=["x"])), "xl/workbook.xml")
    assert after == before.replace("Söhne'!$A$1:$B$2<", "Söhne'!$A$1:$C$2<") != before
    with_log = book.to_bytes(book.frame.assign(New=["x"]), log={"Log": book.frame})
    assert "Söhne'!$A$1:$C$2<" in part(with_log, "xl/workbook.xml")
    assert openpyxl.load_workbook(io.BytesIO(with_log)).sheetnames[-1] == "Log"


def test_formulas_keep_their_cached_values_and_the_calculation_chain() -> None:
    rows = PEOPLE.replace("</row>", '<c r="C2"><f>LEN(A2)</f><v>11</v></c></row>', 2).replace(
        '<c r="C2"><f>LEN(A2)</f><v>11</v></c></row>', "</row>", 1
    )
    chain = f'<calcChain xmlns="{MAIN}"><c r="C2" i="1"/></calcChain>'
    data = workbook(worksheet(rows), parts={"xl/calcChain.xml": chain})
    result = added(data, New=["x", "y"])
    assert '<c r="C2"><f>LEN(A2)</f><v>11</v></c>' in part(result)
    assert raw_members(data)["xl/calcChain.xml"] == raw_members(result)["xl/calcChain.xml"]


def test_rows_that_look_like_rows_inside_of_comments_are_no_rows() -> None:
    odd = (
        '<!-- <row r="2"><c r="A2"/></row> --><row r="1"><c r="A1" t="inlineStr"><is><t>Name</t></is></c></row>'
        '<row r="2"><!-- </row> --><c r="A2" t="inlineStr"><is><t><![CDATA[</c></row> &amp; ]]></t></is></c></row>'
    )
    data = workbook(worksheet(odd))
    book = opened(data, header_row=1)
    assert book.frame["Name"].tolist() == ["</c></row> &amp; "]
    result = book.to_bytes(book.frame.assign(New=["x"]))
    assert row_of(opened(result, header_row=1).frame, 2) == ["</c></row> &amp; ", "x"]
    assert "<![CDATA[</c></row> &amp; ]]>" in part(result)


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("prefix", ["", "x:"])
@pytest.mark.parametrize("references", [True, False])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("quotes", ['"', "'"])
def test_any_way_of_writing_xml_is_spliced(
    strict: bool, prefix: str, references: bool, encoding: str, quotes: str, tmp_path: Path
) -> None:
    namespace = STRICT_MAIN if strict else MAIN
    sheet = worksheet(
        PEOPLE, namespace=namespace, after='<pageMargins left="1" right="1" top="1" bottom="1"/>'
    )
    if not references:
        sheet = re.sub(r'<(row|c) r="\w+"', r"<\1", sheet)
    if prefix:
        sheet = re.sub(r"<(/?)(\w)", r"<\1x:\2", sheet).replace("xmlns=", "xmlns:x=")
    sheet = sheet.replace('"', quotes).replace("UTF-8", encoding.upper())
    path = tmp_path / "leads.xlsx"
    path.write_bytes(workbook(sheet.encode(encoding), strict=strict))
    assert try_one(path).startswith("written")


def test_a_log_is_added_as_a_sheet_of_its_own() -> None:
    data = workbook(worksheet(PEOPLE), sheet_name="Receipt")
    log = pd.DataFrame({"Row": [2, 3], "Credits": [0.1, None], "Note": ["=1", " kept "]})
    book = opened(data)
    result = book.to_bytes(book.frame.assign(New=["x", "y"]), log={"Receipt": log, "a/b*c" + "d" * 40: log})
    loaded = openpyxl.load_workbook(io.BytesIO(result))
    assert loaded.sheetnames == ["Receipt", "Receipt (2)", "a b c" + "d" * 26]
    assert [[c.value for c in row] for row in loaded["Receipt (2)"]] == [
        ["Row", "Credits", "Note"],
        [2, 0.1, "=1"],
        [3, None, " kept "],
    ]
    ids = re.findall(r'sheetId="(\d+)"', part(result, "xl/workbook.xml"))
    assert len(set(ids)) == len(ids) == 3
    again = opened(result, sheet="Receipt (2)")
    assert again.frame["Note"].tolist() == ["=1", " kept "]
    changed = {n for n, m in raw_members(data).items() if raw_members(result)[n] != m}
    assert changed == {
        "xl/worksheets/sheet1.xml",
        "xl/workbook.xml",
        "xl/_rels/workbook.xml.rels",
        "[Content_Types].xml",
    }


def test_a_macro_workbook_keeps_its_macros() -> None:
    kind = "application/vnd.ms-excel.sheet.macroEnabled.main+xml"
    data = workbook(worksheet(PEOPLE), parts={"xl/vbaProject.bin": bytes(range(256)) * 40})
    types = part(data, "[Content_Types].xml").replace(
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml", kind
    )
    data = workbook(
        worksheet(PEOPLE), parts={"xl/vbaProject.bin": bytes(range(256)) * 40, "[Content_Types].xml": types}
    )
    book = sheets.open_book(data, name="leads.xlsm")
    assert book.kind == "xlsm"
    assert str(book.default_output) == "leads.enriched.xlsm"
    result = book.to_bytes(book.frame.assign(New=["x", "y"]))
    assert raw_members(data)["xl/vbaProject.bin"] == raw_members(result)["xl/vbaProject.bin"]


def test_an_empty_sheet_takes_a_header() -> None:
    for rows in ("", None):
        sheet = (
            worksheet("")
            if rows is not None
            else worksheet("").replace("<sheetData></sheetData>", "<sheetData/>")
        )
        book = opened(workbook(sheet))
        result = book.to_bytes(pd.DataFrame({"New": pd.Series(dtype=object)}))
        assert cells(result) == {"A1": "New"}


def test_a_sheet_that_ends_at_the_last_column_is_refused_before_anything_is_spent() -> None:
    rows = PEOPLE.replace("</row>", text_cell("XFD1", "last") + "</row>", 1)
    with pytest.raises(SheetError, match=r"no room.*as a new workbook"):
        opened(workbook(worksheet(rows)), header_row=1).check_writable()


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (f'<row r="2">{text_cell("B2", "x")}{text_cell("A2", "y")}</row>', "out of order"),
        (f'<row r="2">{text_cell("B3", "x")}</row>', "stands in row 2"),
    ],
)
def test_cells_out_of_order_are_refused_with_the_place(rows: str, words: str) -> None:
    with pytest.raises(SheetError, match=words):
        opened(workbook(worksheet(rows)), header_row=0).check_writable()


def test_a_signed_workbook_is_refused() -> None:
    data = workbook(worksheet(PEOPLE), parts={"_xmlsignatures/origin.sigs": b""})
    with pytest.raises(SheetError, match="signed"):
        opened(data).check_writable()
    with pytest.raises(SheetError, match="signed"):
        opened(data).to_bytes(opened(data).frame)


def zip64(data: bytes) -> bytes:
    """The same archive as a program writes it that puts every size and offset into ZIP64 fields."""
    archive = zipfile.ZipFile(io.BytesIO(data))
    entries = b""
    for info in archive.infolist():
        name = info.filename.encode()
        large = struct.pack("<2H3Q", 1, 24, info.file_size, info.compress_size, info.header_offset)
        numbers = (
            45,
            45,
            0,
            info.compress_type,
            0,
            0x21,
            info.CRC,
            *(2 * (2**32 - 1,)),
            len(name),
            len(large),
        )
        entries += struct.pack("<4s6H3I5H2I", b"PK\1\2", *numbers, 0, 0, 0, 0, 2**32 - 1) + name + large
    start, count = archive.start_dir, len(archive.infolist())
    end = struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, len(entries), start)
    end += struct.pack("<4sIQI", b"PK\6\7", 0, start + len(entries), 1)
    end += struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, *(2 * (2**16 - 1,)), *(2 * (2**32 - 1,)), 0)
    return data[:start] + entries + end


def test_an_archive_of_zip64_entries_is_read_and_written() -> None:
    result = cells(added(zip64(workbook(worksheet(PEOPLE))), New=["x", "y"]))
    assert (result["B3"], result["C3"]) == ("bo@example.com", "y")


def test_a_directory_of_an_impossible_size_is_called_damaged() -> None:
    data = bytearray(workbook(worksheet(PEOPLE)))
    data[-10:-6] = struct.pack("<I", 65_000_000)
    with pytest.raises(SheetError, match="its directory is damaged"):
        opened(bytes(data))


def test_a_damaged_member_that_nobody_read_is_refused_before_anything_is_spent() -> None:
    data = workbook(worksheet(PEOPLE), parts={"xl/media/a.png": b"picture" * 50})
    info = zipfile.ZipFile(io.BytesIO(data)).getinfo("xl/media/a.png")
    at = info.header_offset + 30 + len(info.filename) + 2
    broken = data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]
    with pytest.raises(SheetError, match=r"a\.png.*damaged"):
        opened(broken).check_writable()


def test_a_result_that_lost_a_cell_is_thrown_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    book = opened(workbook(worksheet(PEOPLE)))
    rewrite = RowWriter.rewrite
    monkeypatch.setattr(
        RowWriter, "rewrite", lambda self, rows: rewrite(self, rows).replace(b'<c r="A2"', b'<d r="A2"')
    )
    with pytest.raises(SheetError, match=r"cells where it should have.*No file was changed"):
        book.save_as(tmp_path / "out.xlsx", book.frame.assign(New=["x", "y"]))
    assert not list(tmp_path.iterdir())


def test_a_result_in_which_another_part_changed_is_thrown_away(monkeypatch: pytest.MonkeyPatch) -> None:
    book = opened(workbook(worksheet(PEOPLE)))
    copy = Package._copy

    def careless(file: Any, out: Any, start: int, end: int) -> None:
        copy(file, out, start, end)
        out.seek(-1, 1)
        out.write(b"?")

    monkeypatch.setattr(Package, "_copy", staticmethod(careless))
    with pytest.raises(SheetError, match="thrown away|damaged"):
        book.to_bytes(book.frame.assign(New=["x", "y"]))


def test_what_cannot_be_written_back_can_be_a_new_workbook() -> None:
    frame = pd.DataFrame(
        {"Name": ["Ada", None], "Day": [dt.date(2026, 3, 4), None], "Sum": ["=1+1", "x"], "n": [1, 2.5]}
    )
    data = sheets.new_workbook_bytes(frame, sheet="Results", log={"Receipt": frame})
    loaded = openpyxl.load_workbook(io.BytesIO(data))
    assert loaded.sheetnames == ["Results", "Receipt"]
    assert [[c.value for c in row] for row in loaded["Results"]][1] == [
        "Ada",
        dt.datetime(2026, 3, 4),
        "=1+1",
        1,
    ]
    assert loaded["Results"]["C2"].data_type == "s"
    assert opened(data).frame.columns.tolist() == ["Name", "Day", "Sum", "n"]
