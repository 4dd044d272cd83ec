"""Bad input: what, where, whether money moved, what to do next."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

from leadkit.sandbox import Sandbox
from tests.cli.calling import Run, refused


def test_a_file_that_is_no_spreadsheet_is_refused(leadkit: Run, tmp_path: Path) -> None:
    path = tmp_path / "picture.xlsx"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(200))
    refused(leadkit("preview", path, "validate-emails"), "picture.xlsx", "not")


def test_a_missing_file_is_refused(leadkit: Run, tmp_path: Path) -> None:
    refused(leadkit("preview", tmp_path / "none.xlsx", "validate-emails"), "none.xlsx")


def test_an_empty_sheet_is_refused(leadkit: Run, tmp_path: Path) -> None:
    path = tmp_path / "empty.xlsx"
    openpyxl.Workbook().save(path)
    ended = leadkit("preview", path, "validate-emails")
    refused(ended, "is empty")
    assert "The columns are: ." not in ended.err


def test_a_column_that_is_not_there_is_refused_with_the_ones_that_are(leadkit: Run, people: Path) -> None:
    ended = leadkit("run", people, "validate-emails", "--email", "E-Mail", "--at-most", 1)
    refused(ended, "E-Mail", "Name", "Email")


def test_a_column_of_blanks_is_refused(leadkit: Run, tmp_path: Path) -> None:
    path = tmp_path / "blank.csv"
    path.write_text("Name,Email\nAnna,\nBen,\n")
    refused(leadkit("run", path, "validate-emails", "--email", "Email", "--at-most", 1), "Email", "blank")


def test_an_output_that_exists_is_never_replaced_unasked(
    leadkit: Run, people: Path, tmp_path: Path, box: Sandbox
) -> None:
    out = tmp_path / "out.xlsx"
    out.write_bytes(b"precious")
    ended = leadkit("run", people, "validate-emails", "--email", "Email", "--at-most", 1, "-o", out)
    refused(ended, "out.xlsx exists already", "--overwrite")
    assert out.read_bytes() == b"precious"
    assert not box.paid_requests()


def test_an_output_folder_that_is_not_there_is_found_before_money_is_spent(
    leadkit: Run, people: Path, box: Sandbox, tmp_path: Path
) -> None:
    out = tmp_path / "nowhere" / "out.xlsx"
    refused(
        leadkit("run", people, "validate-emails", "--email", "Email", "--at-most", 1, "-o", out), "nowhere"
    )
    assert not box.paid_requests()


def test_a_name_that_the_disk_does_not_take_is_found_before_money_is_spent(
    leadkit: Run, people: Path, box: Sandbox
) -> None:
    """The workbook has the longest name there can be, so that its own copy's would be too long."""
    named = people.rename(people.with_name(f"{'客' * 83}.xlsx"))
    refused(
        leadkit("run", named, "validate-emails", "--email", "Email", "--at-most", 1),
        "too long",
        "another name",
    )
    assert not box.paid_requests()


def test_a_run_without_a_key_says_how_to_set_one(
    leadkit: Run, people: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LEADLEAP_API_KEY")
    ended = leadkit("run", people, "validate-emails", "--email", "Email", "--at-most", 1)
    refused(ended, "LEADLEAP_API_KEY", "leadkit demo")


def test_a_wrong_key_ends_with_status_3_and_costs_nothing(
    leadkit: Run, people: Path, monkeypatch: pytest.MonkeyPatch, box: Sandbox
) -> None:
    wrong = "ll_" + "f" * 64
    monkeypatch.setenv("LEADLEAP_API_KEY", wrong)
    ended = leadkit("run", people, "validate-emails", "--email", "Email", "--at-most", 1)
    assert ended.status == 3
    assert "LEADLEAP_API_KEY" in ended.out + ended.err
    assert wrong not in ended.out + ended.err
    assert box.charged("leadleap") == 0


def test_a_ledger_that_cannot_be_made_is_refused_and_nothing_is_sent(
    leadkit: Run, people: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, box: Sandbox
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("LEADKIT_HOME", str(tmp_path / "file" / "home"))
    ended = leadkit("run", people, "validate-emails", "--email", "Email", "--at-most", 1)
    refused(ended, "LEADKIT_HOME")
    assert not box.requests


def test_a_misspelt_setting_is_not_ignored(
    leadkit: Run, people: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEADKIT_HOMES", "x")
    ended = leadkit("preview", people, "validate-emails")
    assert ended.status == 2
    assert "LEADKIT_HOME" in ended.err


def test_a_step_that_does_not_exist_is_refused(leadkit: Run, people: Path) -> None:
    refused(leadkit("preview", people, "robots"), "validate-emails, unlock, enrich")
    refused(leadkit("preview", people, "validate"), "Did you mean validate-emails?")
    refused(leadkit("preview", people, "validate-emails", "--lead-id", "Name"), "email")


@pytest.mark.parametrize("amount", ["many", "-5", "nan"])
def test_an_amount_that_is_none_is_refused(leadkit: Run, people: Path, amount: str, box: Sandbox) -> None:
    ended = leadkit("run", people, "validate-emails", "--email", "Email", f"--at-most={amount}")
    refused(ended, "not an amount of credits")
    assert not box.paid_requests()


def test_a_run_without_an_amount_is_wrong_use(leadkit: Run, people: Path) -> None:
    ended = leadkit("run", people, "validate-emails", "--email", "Email")
    assert ended.status == 2
    assert "--at-most" in ended.err


def test_an_output_that_is_a_folder_is_refused_before_money_is_spent(
    leadkit: Run, people: Path, tmp_path: Path, box: Sandbox
) -> None:
    ended = leadkit(
        "run", people, "validate-emails", "--email", "Email", "--at-most", 1, "-o", tmp_path, "--overwrite"
    )
    refused(ended, "is a folder")
    assert not box.paid_requests()


def test_an_output_with_another_kinds_ending_is_refused_before_money_is_spent(
    leadkit: Run, people: Path, tmp_path: Path, box: Sandbox
) -> None:
    arguments = ("run", people, "validate-emails", "--email", "Email", "--at-most", 1, "-o")
    refused(leadkit(*arguments, tmp_path / "out.csv"), "out.csv", "ends in .xlsx")
    assert not box.requests
    assert not (tmp_path / "out.csv").exists()


def test_a_folder_in_place_of_a_workbook_is_refused(leadkit: Run, tmp_path: Path) -> None:
    (tmp_path / "books").mkdir()
    ended = leadkit("preview", tmp_path / "books", "validate-emails")
    refused(ended, "books is a folder, not a workbook")
    assert ended.err.count("Nothing was sent.") == 1


def test_a_sheet_with_nothing_but_a_header_is_refused(leadkit: Run, tmp_path: Path) -> None:
    path = tmp_path / "header.csv"
    path.write_text("Name,Email\n")
    refused(leadkit("preview", path, "validate-emails"), "no rows to work on", "no rows below the header")


def test_a_list_column_without_its_meaning_is_refused_with_the_right_form(
    leadkit: Run, people: Path, box: Sandbox
) -> None:
    ended = leadkit("add-to-list", people, "--list", "Fair", "--column", "firstname")
    refused(ended, "firstname", "first_name=Vorname")
    ended = leadkit(
        "add-to-list", people, "--list", "Fair", "--column", "email=Email", "--column", "email=Name"
    )
    refused(ended, "names email twice")
    assert not box.requests
