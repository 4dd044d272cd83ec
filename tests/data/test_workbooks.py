"""The example files: as messy as ``data/make_workbooks.py`` says, and about people of the sandbox's world."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import requests

from leadkit.sandbox import Sandbox, World

ROOT = Path(__file__).parents[2]
DATA = ROOT / "data"
WORLD = World()
ADDRESS = re.compile(r"[\w.+-]+@[\w.-]+\.\w+")


def rows(name: str, sheet: str, header_row: int, *, values: bool = True) -> list[dict[str, Any]]:
    """The rows below the header, with every cell as openpyxl reads it."""
    book = openpyxl.load_workbook(DATA / name, data_only=values)
    header, *body = list(book[sheet].iter_rows(min_row=header_row, values_only=True))
    return [dict(zip(map(str, header), row, strict=True)) for row in body]


def fair() -> list[dict[str, Any]]:
    return rows("trade_fair_leads.xlsx", "Leads", 4)[:-2]  # a blank row and the totals end it


def contacts() -> list[dict[str, Any]]:
    return rows("crm_export.xlsx", "Kontakte", 2)


def prospects() -> list[dict[str, Any]]:
    return rows("leadleap_prospects.xlsx", "Prospects", 1)


def subscribers() -> list[dict[str, str]]:
    with (DATA / "newsletter.csv").open(encoding="cp1252", newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))


def addresses(cells: list[Any]) -> list[str]:
    return [
        cell.strip().lower() for cell in cells if isinstance(cell, str) and ADDRESS.fullmatch(cell.strip())
    ]


FILES: dict[str, Callable[[], list[Any]]] = {
    "trade_fair_leads.xlsx": lambda: [row["E-mail"] for row in fair()],
    "crm_export.xlsx": lambda: [row["E-Mail (geschäftlich)"] for row in contacts()],
    "leadleap_prospects.xlsx": lambda: [row["Email"] for row in prospects()],
    "newsletter.csv": lambda: [row["E-Mail"] for row in subscribers()],
}
#: People whom no provider is meant to know: the names that read like missing values, and two slips.
STRANGERS = {
    "jens.null@kontor.example.com",
    "r.none@kontor.example.com",
    "w.na@windhoek-werft.example",
    "true.nan@lagerhaus.example",
    "ines.nil-inf@lagerhaus.example",
    "ümlaut@bücher.example",
    "a..b@example.org",
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_has_the_size_of_a_real_list(name: str) -> None:
    assert 25 <= len(FILES[name]()) <= 60


@pytest.mark.parametrize("name", FILES)
def test_everybody_with_an_address_is_in_the_world(name: str) -> None:
    found = addresses(FILES[name]())
    unknown = {email for email in found if WORLD.by_email(email) is None}
    assert unknown <= STRANGERS
    assert len(found) >= 20


@pytest.mark.parametrize("name", FILES)
def test_addresses_repeat_and_some_are_blank(name: str) -> None:
    cells = FILES[name]()
    assert any(not (cell or "").strip() for cell in cells)
    found = addresses(cells)
    assert len(set(found)) < len(found)


def test_making_the_files_again_gives_the_same_cells(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, str(DATA / "make_workbooks.py"), str(tmp_path)],
        env={"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "4242", "PYTHONDONTWRITEBYTECODE": "1"},
        check=True,
    )
    assert (tmp_path / "newsletter.csv").read_bytes() == (DATA / "newsletter.csv").read_bytes()
    for name in (name for name in FILES if name.endswith(".xlsx")):
        for data_only in (False, True):
            assert cells_of(tmp_path / name, data_only=data_only) == cells_of(
                DATA / name, data_only=data_only
            )


def cells_of(path: Path, *, data_only: bool) -> dict[str, list[Any]]:
    """Every sheet's cells: formulas, or the values they had."""
    book = openpyxl.load_workbook(path, data_only=data_only)
    return {sheet.title: [list(row) for row in sheet.iter_rows(values_only=True)] for sheet in book}


def test_the_fair_list_has_titles_above_its_header_and_odd_rows_in_it() -> None:
    sheet = openpyxl.load_workbook(DATA / "trade_fair_leads.xlsx")["Leads"]
    assert [sheet.cell(row, 1).value is None for row in (1, 2, 3, 4)] == [False, False, True, False]
    blank = [n for n, row in enumerate(fair()) if all(cell is None for cell in row.values())]
    assert len(blank) == 1
    assert sheet.cell(sheet.max_row, 1).value == "Total scans"
    assert (sheet.freeze_panes, sheet.auto_filter.ref is not None) == ("D5", True)
    assert any(sheet.row_dimensions[n].hidden for n in sheet.row_dimensions)
    assert sheet.column_dimensions["K"].hidden


def test_the_fair_list_has_addresses_in_every_bad_form() -> None:
    cells = [row["E-mail"] or "" for row in fair()]
    for form in (
        r"mailto:",
        r"^<.*>$",
        r"\(at\)",
        r";",
        r"\.$",
        r"^n/a$",
        r"\.\.",
        "\u00a0$",
        r"^  ",
        r"^[A-Z.@-]+$",
    ):
        assert any(re.search(form, cell) for cell in cells), form


def test_the_fair_list_has_telephone_numbers_as_numbers_and_as_text() -> None:
    sheet = openpyxl.load_workbook(DATA / "trade_fair_leads.xlsx")["Leads"]
    phones = [sheet.cell(row, 6) for row in range(5, sheet.max_row)]
    assert any(cell.number_format == "0" * 11 and isinstance(cell.value, int) for cell in phones)
    assert any(cell.number_format == "General" and isinstance(cell.value, int) for cell in phones)
    assert any(isinstance(cell.value, str) and cell.value.startswith("0") for cell in phones)
    assert any(isinstance(cell.value, str) and cell.value.startswith("+") for cell in phones)
    postcodes = [sheet.cell(row, 7) for row in range(5, sheet.max_row)]
    assert any(isinstance(cell.value, int) and cell.value < 10_000 for cell in postcodes)


def test_formulas_have_the_values_last_worked_out() -> None:
    formulas = rows("trade_fair_leads.xlsx", "Leads", 4, values=False)[:-2]
    for formula, value in zip(formulas, fair(), strict=True):
        if value["First name"]:
            assert str(formula["Full name"]).startswith("=B")
            assert value["Full name"] == f"{value['First name']} {value['Last name']}"
            assert value["Next step"] == ("call" if value["Interest"] == "hot" else "write")
    notes = openpyxl.load_workbook(DATA / "trade_fair_leads.xlsx", data_only=True)["Notes"]
    for interest in ("hot", "warm", "cold"):
        counted = next(row[1].value for row in notes.iter_rows() if row[0].value == interest)
        assert counted == sum(row["Interest"] == interest for row in fair())
    assert any(row["Remarks"] and row["Remarks"].startswith("=") for row in fair())


def test_the_crm_export_has_a_merged_header_long_ids_and_names_like_missing_values() -> None:
    book = openpyxl.load_workbook(DATA / "crm_export.xlsx", data_only=True)
    sheet = book["Kontakte"]
    assert sorted(map(str, sheet.merged_cells.ranges)) == ["A1:F1", "G1:L1", "M1:Q1"]
    assert book["_Betreuer"].sheet_state == "hidden"
    people = contacts()
    ids = [row["Kontakt-ID"] for row in people]
    assert [type(contact_id) for contact_id in ids].count(float) == 1
    assert all(len(contact_id) == 20 for contact_id in ids if isinstance(contact_id, str))
    assert {"None", "Null", "NA", "Nan"} <= {row["Nachname"] for row in people}
    assert "NA" in {row["Land"] for row in people}
    assert [row["Betreuer"] for row in people].count("#N/A") == 1
    assert any(row["PLZ"].startswith("0") for row in people)


def test_the_newsletter_is_semicolons_windows_1252_crlf_and_quoted_line_breaks() -> None:
    raw = (DATA / "newsletter.csv").read_bytes()
    with pytest.raises(UnicodeDecodeError):
        raw.decode("utf-8")
    assert raw.count(b"\n") == raw.count(b"\r\n") > len(subscribers()) + 1
    assert b"\x80" in raw  # the euro sign, which Latin-1 does not have
    assert any('"' in row["Bemerkung"] and ";" in row["Bemerkung"] for row in subscribers())
    assert any(row["Telefon"].startswith("0") for row in subscribers())


def test_the_prospects_are_what_the_demo_needs() -> None:
    """Known, repeated, padded, missing, deleted and unknown ids; good, masked, broken and blank addresses."""
    ids = [row["Lead ID"] for row in prospects()]
    filled = [lead_id for lead_id in ids if lead_id]
    assert len(filled) == len(ids) - 2
    assert len({lead_id.strip() for lead_id in filled}) < len(filled)
    assert any(lead_id != lead_id.strip() for lead_id in filled)
    cells = [row["Email"] for row in prospects()]
    assert any("***@" in (cell or "") for cell in cells)
    assert any("@@" in (cell or "") for cell in cells)
    verdicts = {person.mailbox for email in addresses(cells) if (person := WORLD.by_email(email))}
    assert "ok" in verdicts
    assert len(verdicts) >= 3


def test_the_sandbox_knows_every_prospect_but_one_deleted_and_one_unknown() -> None:
    with Sandbox(rate_limited=False) as box:
        environ = box.environ
        session = requests.Session()
        session.trust_env = False
        session.headers["Authorization"] = f"Bearer {environ['LEADLEAP_API_KEY']}"
        statuses: dict[int, int] = {}
        for lead_id in {row["Lead ID"].strip() for row in prospects() if row["Lead ID"]}:
            url = f"{environ['LEADKIT_LEADLEAP_URL']}/leads/unlock"
            status = session.post(url, json={"lead_id": lead_id}, timeout=10).status_code
            statuses[status] = statuses.get(status, 0) + 1
    assert (statuses[404], statuses[410]) == (1, 1)
    assert statuses.keys() == {200, 404, 410}
