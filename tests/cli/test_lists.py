"""Lists and usage on the command line."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tests.cli.calling import Run, cells, refused


@pytest.fixture
def fair(tmp_path: Path) -> Path:
    path = tmp_path / "fair.xlsx"
    people = {"Vorname": ["Anna", "Ben"], "Nachname": ["Stone", None], "E-Mail": ["anna@example.com", None]}
    pd.DataFrame(people).to_excel(path, index=False)
    return path


COLUMNS = ("--column", "first_name=Vorname", "--column", "last_name=Nachname", "--column", "email=E-Mail")


def test_rows_go_on_a_list_and_the_list_comes_back_as_csv(leadkit: Run, fair: Path, tmp_path: Path) -> None:
    ended = leadkit("add-to-list", fair, "--list", "Fair", *COLUMNS)
    assert ended.status == 1
    assert "1 added, 1 failed" in ended.out
    assert "row 3: no last name" in ended.out
    assert list(cells(tmp_path / "fair.enriched.xlsx")["list_status"]) == ["added", "failed"]
    assert [one["name"] for one in leadkit("lists", "--json").json["lists"]] == ["Fair"]
    assert "anna@example.com" in leadkit("export-list", "Fair").out
    leadkit("export-list", "Fair", "-o", tmp_path / "fair.csv")
    assert list(pd.read_csv(tmp_path / "fair.csv")["email"]) == ["anna@example.com"]


def test_rows_that_are_not_named_one_by_one_are_counted(leadkit: Run, tmp_path: Path) -> None:
    nameless = tmp_path / "nameless.csv"
    nameless.write_text("Vorname,Nachname,E-Mail\n" + "Anna,,a@example.com\n" * 23)
    told = leadkit("add-to-list", nameless, "--list", "Fair", *COLUMNS).out
    assert told.count("no last name") == 20
    assert "  and 3 more rows; the column list_note names them all\n" in told


def test_an_export_replaces_no_file_unasked(leadkit: Run, fair: Path, tmp_path: Path) -> None:
    leadkit("add-to-list", fair, "--list", "Fair", *COLUMNS)
    (tmp_path / "fair.csv").write_text("precious")
    ended = leadkit("export-list", "Fair", "-o", tmp_path / "fair.csv")
    assert ended.status == 2
    assert "--overwrite" in ended.err
    assert (tmp_path / "fair.csv").read_text() == "precious"


def test_a_list_that_is_not_there_is_told(leadkit: Run) -> None:
    ended = leadkit("export-list", "Fair")
    assert ended.status == 2
    assert "no list named 'Fair'" in ended.err


def test_usage_by_month_is_shown(leadkit: Run) -> None:
    leadkit("search", "companies", "--filter", "locations=DE", "--most-rows", 3)
    (month,) = leadkit("usage", "--json").json["usage"]
    assert int(month["requests"]) > 0
    refused(leadkit("usage", "--from", "April"), "2026-04")
