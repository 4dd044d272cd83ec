"""Cells come in as exact text, under the spreadsheet's own row numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

import leadkit.sheets as sheets
from tests.sheets.making import PEOPLE, STYLES, lines, part, row_of, text_cell, workbook, worksheet


def open_rows(rows: str, **options: object) -> sheets.Book:
    around = {k: options.pop(k) for k in ("before", "after") if k in options}
    header_row = options.pop("header_row", 1)
    data = workbook(worksheet(rows, **around), **options)  # type: ignore[arg-type]
    return sheets.open_book(data, name="leads.xlsx", header_row=header_row)  # type: ignore[arg-type]


def one_cell(cell: str, **options: object) -> str | None:
    """The text of A2 when it is written like this."""
    book = open_rows(
        f'<row r="1">{text_cell("A1", "H")}{text_cell("B1", "K")}</row><row r="2">{cell}'
        f"{text_cell('B2', 'x')}</row>",
        **options,
    )
    value = book.frame.loc[2, "H"]
    return value if isinstance(value, str) else None


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("<v>447911123456</v>", "447911123456"),
        ("<v>4.47911123456E11</v>", "447911123456"),
        ("<v>5.0</v>", "5"),
        ("<v>0</v>", "0"),
        ("<v>-3</v>", "-3"),
        ("<v>12.50</v>", "12.5"),
        ("<v>0.30000000000000004</v>", "0.3"),
        ("<v>1E-7</v>", "0.0000001"),
        ("<v> 7 </v>", "7"),
    ],
)
def test_a_number_reads_as_a_person_would_write_it(cell: str, text: str) -> None:
    assert one_cell(f'<c r="A2">{cell}</c>') == text


@pytest.mark.parametrize(
    ("style", "value", "text"),
    [
        (2, "1234", "01234"),
        (2, "123456", "123456"),
        (3, "12345678", "012-34-5678"),
        (2, "12.5", "12.5"),
    ],
)
def test_leading_zeros_that_only_the_format_shows_are_restored(style: int, value: str, text: str) -> None:
    assert one_cell(f'<c r="A2" s="{style}"><v>{value}</v></c>') == text


def test_leading_zeros_are_restored_where_libreoffice_wrote_the_language_into_the_format() -> None:
    styles = STYLES.replace('"00000"', '"[$-407]00000"')
    assert one_cell('<c r="A2" s="2"><v>1067</v></c>', styles=styles) == "01067"


@pytest.mark.parametrize(
    ("style", "value", "text"),
    [
        (4, "46085", "2026-03-04"),
        (5, "46085.4375", "2026-03-04T10:30:00"),
        (4, "46085.4375", "2026-03-04T10:30:00"),
        (4, "1", "1900-01-01"),
        (4, "59", "1900-02-28"),
        (4, "60", "1900-02-28"),  # 29 February 1900 to Excel, a day that never was
        (4, "61", "1900-03-01"),
        (6, "1.5", "36:00:00"),
        (4, "-5", "-5"),
        (4, "99999999", "99999999"),
        (4, "2958465.9999999995", "2958466"),
    ],
)
def test_dates_read_as_iso_text(style: int, value: str, text: str) -> None:
    assert one_cell(f'<c r="A2" s="{style}"><v>{value}</v></c>') == text


def test_dates_of_a_1904_workbook_are_four_years_later() -> None:
    cell = '<c r="A2" s="4"><v>44623</v></c>'
    assert one_cell(cell, workbook_extra='<workbookPr date1904="1"/>') == "2026-03-04"


@pytest.mark.parametrize("days", ["2957004", "2958465"])
def test_a_number_past_the_last_day_of_a_1904_workbook_reads_as_the_number(days: str) -> None:
    cell = f'<c r="A2" s="4"><v>{days}</v></c>'
    assert one_cell(cell, workbook_extra='<workbookPr date1904="1"/>') == days


def test_an_iso_date_cell_keeps_its_date() -> None:
    assert one_cell('<c r="A2" t="d"><v>2026-03-04T00:00:00</v></c>') == "2026-03-04"
    assert one_cell('<c r="A2" t="d"><v>2026-03-04T10:30:00</v></c>') == "2026-03-04T10:30:00"


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ('<c r="A2" t="inlineStr"><is><t>a &amp; b &lt;c&gt; &#233;</t></is></c>', "a & b <c> é"),
        ('<c r="A2" t="inlineStr"><is><t xml:space="preserve"> 007 </t></is></c>', " 007 "),
        ('<c r="A2" t="inlineStr"><is><r><t>ri</t></r><r><rPr><b/></rPr><t>ch</t></r></is></c>', "rich"),
        ('<c r="A2" t="inlineStr"><is><t><![CDATA[<c r="A2"> & </c>]]></t></is></c>', '<c r="A2"> & </c>'),
        ('<c r="A2" t="inlineStr"><is><t>bell_x0007_ _x005F_x0007_</t></is></c>', "bell\x07 _x0007_"),
        ('<c r="A2" t="str"><f>A1</f><v>from a formula</v></c>', "from a formula"),
        ('<c r="A2" t="b"><v>1</v></c>', "TRUE"),
        ('<c r="A2" t="b"><v>0</v></c>', "FALSE"),
        ('<c r="A2"><f>1+1</f><v>2</v></c>', "2"),
        ('<c r="A2" t="inlineStr"><is><t></t></is></c>', None),
        ('<c r="A2" s="1"/>', None),
    ],
)
def test_a_cell_reads_as_its_text(cell: str, text: str | None) -> None:
    assert one_cell(cell) == text


def test_shared_texts_come_with_their_runs_and_without_reading_aids() -> None:
    shared = (
        "<si><t>plain</t></si><si><r><t>two </t></r><r><t>runs</t></r></si><si/>"
        '<si><t>東京</t><rPh sb="0" eb="2"><t>トウキョウ</t></rPh></si><si><t xml:space="preserve"> kept </t></si>'
    )
    rows = (
        '<row r="1">' + "".join(f'<c r="{c}1" t="s"><v>{i}</v></c>' for i, c in enumerate("ABCDE")) + "</row>"
    )
    data = workbook(worksheet(rows + '<row r="2"><c r="C2" t="s"><v>9</v></c></row>'), shared=shared)
    book = sheets.open_book(data, name="a.xlsx", header_row=0)
    assert [v for v in row_of(book.frame, 1) if isinstance(v, str)] == ["plain", "two runs", "東京", " kept "]
    assert any("does not hold the text" in note and "C2" in note for note in book.notes)


def test_blank_is_missing_and_text_like_na_is_not() -> None:
    book = open_rows(lines(["Name", "Note"], ["Null", "NA"], ["None", ""]))
    assert book.frame["Name"].tolist() == ["Null", "None"]
    assert book.frame["Note"].isna().tolist() == [False, True]
    assert (book.frame.dtypes == "str").all()


def test_rows_keep_their_numbers_and_blank_rows_are_left_out_with_a_note() -> None:
    rows = (
        lines(["Name", "Email"], first=3)
        + lines(["Ada", "ada@example.com"], first=5)
        + lines(["Bo", "b@example.com"], first=9)
    )
    book = open_rows(rows, header_row=None)
    assert (book.header_row, book.frame.index.tolist(), book.frame.index.name) == (3, [5, 9], "row")
    assert any("3 blank rows" in note for note in book.notes)


def test_an_empty_first_column_does_not_shift_the_others() -> None:
    rows = f'<row r="2">{text_cell("C2", "Email")}</row><row r="3">{text_cell("C3", "a@example.com")}</row>'
    book = open_rows(rows, header_row=None)
    assert book.frame.columns.tolist() == ["Email"]
    assert book.frame.loc[3, "Email"] == "a@example.com"


def test_repeated_and_empty_headers_get_names_of_their_own() -> None:
    book = open_rows(lines(["Email", "email", "", "E-mail\n address"], ["a", "b", "c", "d"]))
    assert book.frame.columns.tolist() == ["Email", "email (2)", "Column C", "E-mail address"]


def test_a_header_merged_over_two_rows_lends_its_text() -> None:
    rows = (
        f'<row r="1">{text_cell("A1", "Name")}{text_cell("B1", "Contact")}</row>'
        f'<row r="2">{text_cell("B2", "Email")}{text_cell("C2", "Phone")}</row>'
        f'<row r="3">{text_cell("A3", "Ada")}{text_cell("B3", "ada@example.com")}{text_cell("C3", "+1 555")}</row>'
    )
    merges = '<mergeCells count="2"><mergeCell ref="A1:A2"/><mergeCell ref="B1:C1"/></mergeCells>'
    book = open_rows(rows, header_row=2, after=merges)
    assert book.frame.columns.tolist() == ["Name", "Email", "Phone"]


def test_what_a_person_should_know_is_said_with_the_cells_it_is_about() -> None:
    rows = (
        lines(["Name", "Code"])
        + '<row r="2"><c r="A2" t="e"><v>#N/A</v></c><c r="B2"><v>12345678901234567000</v></c></row>'
        + f'<row r="3" hidden="1"><c r="A3"><f>B3</f></c>{text_cell("B3", "x")}</row>'
    )
    book = open_rows(rows)
    notes = " ".join(book.notes)
    assert book.frame.loc[2, "Name"] == "#N/A"
    assert book.frame["Name"].isna()[3]
    for word in ("error value", "A2", "15 digits", "B2", "calculated", "A3", "Hidden rows"):
        assert word in notes


def test_rows_of_a_tables_totals_are_left_out() -> None:
    table = (
        '<table xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" id="1" name="T" displayName="T" '
        'ref="A1:B4" totalsRowCount="1"><tableColumns count="2"><tableColumn id="1" name="Name"/>'
        '<tableColumn id="2" name="Email"/></tableColumns></table>'
    )
    rel = '<Relationship Id="rId1" Type="http://x/table" Target="../tables/table1.xml"/>'
    data = workbook(
        worksheet(PEOPLE + lines(["Total", "2"], first=4)),
        sheet_rels=rel,
        parts={"xl/tables/table1.xml": table},
    )
    book = sheets.open_book(data, name="a.xlsx")
    assert book.frame.index.tolist() == [2, 3]
    assert any("totals" in note for note in book.notes)


def test_the_totals_of_a_small_table_beside_the_list_hide_nobody() -> None:
    table = (
        '<table xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" id="1" name="T" displayName="T" '
        'ref="E1:F3" totalsRowCount="1"><tableColumns count="2"><tableColumn id="1" name="What"/>'
        '<tableColumn id="2" name="Sum"/></tableColumns></table>'
    )
    rel = '<Relationship Id="rId1" Type="http://x/table" Target="../tables/table1.xml"/>'
    rows = lines(
        ["Name", "Email", "City", "", "What", "Sum"],
        ["Ada Example", "ada@example.com", "Ulm", "", "x", "1"],
        ["Bo Example", "bo@example.com", "Bonn", "", "Total", "1"],
        ["Cy Example", "cy@example.com", "Ulm"],
    )
    data = workbook(worksheet(rows), sheet_rels=rel, parts={"xl/tables/table1.xml": table})
    assert sheets.open_book(data, name="a.xlsx").frame["Name"].tolist() == [
        "Ada Example",
        "Bo Example",
        "Cy Example",
    ]


def test_the_first_visible_sheet_with_cells_is_taken() -> None:
    import io

    import xlsxwriter  # type: ignore[import-untyped]

    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    book.add_worksheet("Cover")
    secret = book.add_worksheet("Secret")
    secret.write(0, 0, "Key")
    secret.hide()
    book.add_worksheet("Leads").write_column(0, 0, ["Email", "a@example.com"])
    book.close()
    opened = sheets.open_book(out.getvalue(), name="a.xlsx")
    assert opened.sheet == "Leads"
    assert [(s.name, s.rows, s.columns, s.hidden) for s in opened.sheets] == [
        ("Cover", 0, 0, False),
        ("Secret", 1, 1, True),
        ("Leads", 2, 1, False),
    ]


def test_an_empty_sheet_has_no_rows_and_says_so() -> None:
    book = sheets.open_book(workbook(worksheet("")), name="a.xlsx")
    assert len(book.frame) == 0
    assert any("is empty" in note for note in book.notes)


def test_the_default_output_stands_beside_the_workbook(tmp_path: Path) -> None:
    path = tmp_path / "leads.xlsx"
    path.write_bytes(workbook(worksheet(PEOPLE)))
    assert sheets.open_book(path).default_output == tmp_path / "leads.enriched.xlsx"


def test_a_part_whose_name_holds_a_space_is_found() -> None:
    data = workbook(worksheet(PEOPLE))
    rels = part(data, "xl/_rels/workbook.xml.rels").replace("sheet1.xml", "my%20sheet.xml")
    for name in ("my sheet.xml", "my%20sheet.xml", "My Sheet.xml"):
        changes = {"xl/_rels/workbook.xml.rels": rels, f"xl/worksheets/{name}": worksheet(PEOPLE)}
        assert len(sheets.open_book(workbook("", replace=changes), name="a.xlsx").frame) == 2


def test_bytes_before_the_archive_do_no_harm() -> None:
    data = b"PK is how this begins" + workbook(worksheet(PEOPLE))
    book = sheets.open_book(data, name="a.xlsx")
    again = sheets.open_book(book.to_bytes(book.frame.assign(New="x")), name="a.xlsx")
    assert again.frame["New"].tolist() == ["x", "x"]


@pytest.mark.parametrize("disguise", ["x", "ss"])
def test_prefixed_names_read_the_same(disguise: str) -> None:
    plain = open_rows(PEOPLE).frame
    sheet = worksheet(PEOPLE).replace("</", f"</{disguise}:").replace("<", f"<{disguise}:")
    sheet = sheet.replace(f"<{disguise}:?", "<?").replace(f"<{disguise}:/{disguise}:", f"</{disguise}:")
    sheet = sheet.replace("xmlns=", f"xmlns:{disguise}=")
    assert sheets.open_book(workbook(sheet), name="a.xlsx").frame.equals(plain)


def test_utf16_parts_and_cells_without_references_read_the_same() -> None:
    plain = open_rows(PEOPLE).frame
    bare = worksheet(PEOPLE)
    for reference in ("A1", "B1", "A2", "B2", "A3", "B3"):
        bare = bare.replace(f' r="{reference}"', "")
    for row in "123":
        bare = bare.replace(f'<row r="{row}">', "<row>")
    book = sheets.open_book(workbook(bare), name="a.xlsx")
    assert book.frame.equals(plain)
    assert book.sheets == [sheets.SheetInfo("Leads", rows=3, columns=2, hidden=False)]
    for codec in ("utf-16", "utf-16-le"):
        data = bare.replace('encoding="UTF-8"', 'encoding="UTF-16"').encode(codec)
        assert sheets.open_book(workbook(data), name="a.xlsx").frame.equals(plain)
