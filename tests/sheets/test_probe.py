"""One workbook with nineteen features that other ways of adding a column lose: all of them come back."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pandas as pd
import pytest
import xlsxwriter  # type: ignore[import-untyped]

import leadkit.sheets as sheets
from tests.sheets.corpus import raw_members, try_one
from tests.sheets.making import part, row_of

SHEET = "xl/worksheets/sheet1.xml"
#: Feature → the part that holds it, and what stands there for it.
FEATURES = {
    "a second sheet": ("xl/workbook.xml", '<sheet name="Other"'),
    "a formula": (SHEET, "<f>SUM(D3:D4)</f>"),
    "its cached value": (SHEET, "<v>42</v>"),
    "a data validation": (SHEET, "<dataValidation "),
    "a conditional format": (SHEET, "<conditionalFormatting "),
    "its extension of Excel 2010": (SHEET, "<x14:conditionalFormatting "),
    "a sparkline": (SHEET, "<x14:sparkline>"),
    "frozen panes": (SHEET, '<pane ySplit="2"'),
    "an autofilter": (SHEET, "<autoFilter "),
    "column widths": (SHEET, '<col min="1" max="1" width="25.7109375" customWidth="1"/>'),
    "a comment": ("xl/comments1.xml", "Called twice"),
    "a chart": ("xl/charts/chart1.xml", "<c:barChart>"),
    "the chart's pattern fill": ("xl/charts/chart1.xml", "<a:pattFill "),
    "a text box": ("xl/drawings/drawing1.xml", 'txBox="1"'),
    "sheet protection": (SHEET, "<sheetProtection "),
    "a defined name": ("xl/workbook.xml", '<definedName name="Scores">'),
    "a leading-zero format": ("xl/styles.xml", 'formatCode="00000"'),
    "rich text in a cell": ("xl/sharedStrings.xml", "<r><rPr><b/>"),
    "a tab colour": (SHEET, "<tabColor "),
}


@pytest.fixture(scope="module")
def probe() -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    sheet = book.add_worksheet("Leads")
    other = book.add_worksheet("Other")
    bold = book.add_format({"bold": True})
    sheet.merge_range("A1:D1", "Leads of the fair", bold)
    sheet.write_row("A2", ["Name", "Email", "Zip", "Score"], bold)
    sheet.write_rich_string("A3", bold, "Ada", " Example")
    sheet.write("A4", "Bo Example")
    sheet.write_column("B3", ["ada@example.com", "bo@example.com"])
    zip_code = book.add_format({"num_format": "00000"})
    sheet.write_column("C3", [1234, 99], zip_code)
    sheet.write_column("D3", [20, 22])
    sheet.write_formula("F8", "=SUM(D3:D4)", None, 42)
    sheet.data_validation("D3:D4", {"validate": "integer", "criteria": ">", "value": 0})
    sheet.conditional_format("D3:D4", {"type": "3_color_scale"})
    sheet.conditional_format("D3:D4", {"type": "data_bar", "data_bar_2010": True})
    sheet.add_sparkline("E3", {"range": "Leads!D3:D4"})
    sheet.freeze_panes(2, 0)
    sheet.autofilter("A2:D4")
    sheet.set_column("A:A", 25)
    sheet.write_comment("B3", "Called twice")
    chart = book.add_chart({"type": "bar"})
    chart.add_series(
        {"values": "=Leads!$D$3:$D$4", "pattern": {"pattern": "diagonal_brick", "fg_color": "red"}}
    )
    other.insert_chart("B2", chart)
    other.insert_textbox("B20", "A text box")
    sheet.protect("secret")
    book.define_name("Scores", "=Leads!$D$3:$D$4")
    sheet.set_tab_color("green")
    book.close()
    return out.getvalue()


@pytest.fixture(scope="module")
def enriched(probe: bytes) -> bytes:
    book = sheets.open_book(probe, name="probe.xlsx")
    book.check_writable()
    return book.to_bytes(book.frame.assign(Verdict=pd.Series(["valid", "risky"], index=[3, 4])))


@pytest.mark.parametrize("feature", FEATURES)
def test_feature_is_kept(probe: bytes, enriched: bytes, feature: str) -> None:
    name, mark = FEATURES[feature]
    assert mark in part(probe, name)
    assert part(enriched, name).count(mark) == part(probe, name).count(mark)


def test_every_other_member_is_the_same_bytes(probe: bytes, enriched: bytes) -> None:
    old, new = raw_members(probe), raw_members(enriched)
    changed = [name for name in old if old[name] != new[name]]
    assert changed == [SHEET]
    assert zipfile.ZipFile(io.BytesIO(enriched)).testzip() is None


def test_the_list_is_read_as_it_is_shown(probe: bytes) -> None:
    book = sheets.open_book(probe, name="probe.xlsx")
    assert book.header_row == 2
    assert book.frame.columns.tolist() == ["Name", "Email", "Zip", "Score", "Column F"]
    assert row_of(book.frame, 3)[:4] == ["Ada Example", "ada@example.com", "01234", "20"]


def test_foreign_readers_agree(probe: bytes, tmp_path: Path) -> None:
    path = tmp_path / "probe.xlsx"
    path.write_bytes(probe)
    assert try_one(path) == "written, read back by 2 readers"
