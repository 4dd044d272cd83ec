"""The command line: what it prints, where it writes, how it ends, and what it says of bad input."""

from __future__ import annotations

import json
import os
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

from leadkit import cli
from leadkit.app.places import data_folder
from leadkit.sandbox import Sandbox
from tests.conftest import KEYS_IN_USE


@dataclass
class Ended:
    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Ended]


@pytest.fixture
def leadkit(
    box: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Run:
    """Calls the command line in this process, in a folder of its own, with the sandbox as the provider."""
    for name, value in box.environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str | Path) -> Ended:
        monkeypatch.setattr(sys, "argv", ["leadkit", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        printed = capsys.readouterr()
        status = ended.value.code
        return Ended(status if isinstance(status, int) else 1, printed.out, printed.err)

    return run


@pytest.fixture
def people(tmp_path: Path) -> Path:
    path = tmp_path / "people.xlsx"
    emails = ["anna@example.com", "ANNA@example.com ", None, "no at sign", "ben@example.com"]
    pd.DataFrame({"Name": list("abcde"), "Email": emails}).to_excel(path, index=False)
    return path


def cells(path: Path) -> pd.DataFrame:
    return pd.read_excel(path, dtype=str, keep_default_na=False, engine="openpyxl")


def test_a_preview_sends_nothing_and_counts_every_row(leadkit: Run, people: Path, box: Sandbox) -> None:
    ended = leadkit("preview", people, "validate-emails", "--email", "Email", "--json")
    assert ended.status == 0
    preview = ended.json["preview"]
    assert preview["rows_total"] == 5
    assert preview["keys_to_buy"] == 2
    assert isinstance(preview["most_millicredits"], int)
    assert preview["expected_millicredits"] is None
    assert not box.requests


def test_a_run_writes_the_enriched_workbook_and_prints_a_receipt(
    leadkit: Run, people: Path, box: Sandbox, tmp_path: Path
) -> None:
    out = tmp_path / "out.xlsx"
    ended = leadkit(
        "run", people, "validate-emails", "--email", "Email", "--at-most", 10, "-o", out, "--json"
    )
    assert ended.status == 0
    receipt = ended.json["receipt"]
    assert receipt["rows_total"] == 5
    assert (
        receipt["charged_least_millicredits"]
        <= box.charged("leadleap")
        <= receipt["charged_most_millicredits"]
    )
    assert receipt["charged_most_millicredits"] <= ended.json["preview"]["most_millicredits"]
    assert ended.json["output"] == str(out)
    written = cells(out)
    assert list(written["Name"]) == list("abcde")
    assert list(written["leadleap_validate_emails_status"]) == [
        "answered",
        "duplicate",
        "blank",
        "unusable",
        "answered",
    ]
    assert written["leadleap_email_verdict"][0] == written["leadleap_email_verdict"][1]
    assert written["leadleap_email_verdict"][2] == "not checked"
    assert cells(people).equals(written[["Name", "Email"]])


def test_a_second_run_costs_nothing_and_sends_nothing(leadkit: Run, people: Path, box: Sandbox) -> None:
    arguments = (
        "run",
        people,
        "validate-emails",
        "--email",
        "Email",
        "--at-most",
        10,
        "--overwrite",
        "--json",
    )
    leadkit(*arguments)
    sent = len(box.requests)
    again = leadkit(*arguments)
    assert again.status == 0
    assert again.json["receipt"]["charged_most_millicredits"] == 0
    assert len(box.requests) == sent


def test_an_amount_that_does_not_reach_is_told_by_the_exit_status_and_the_file_is_written(
    leadkit: Run, tmp_path: Path, box: Sandbox
) -> None:
    book = data_folder() / "leadleap_prospects.xlsx"
    out = tmp_path / "out.xlsx"
    ended = leadkit("run", book, "unlock", "--lead-id", "Lead ID", "--at-most", 3, "-o", out, "--json")
    assert ended.status == 1
    assert ended.json["receipt"]["rows"]["over budget"] > 0
    assert box.charged("leadleap") == 3_000
    assert out.exists()


def test_credits_that_run_out_print_the_line_that_resumes_and_it_does(
    leadkit: Run, tmp_path: Path, box: Sandbox
) -> None:
    book, out = data_folder() / "leadleap_prospects.xlsx", tmp_path / "out.xlsx"
    box.set_credits("leadleap", 5)
    ended = leadkit("run", book, "unlock", "--at-most", 100, "-o", out)
    assert ended.status == 3
    assert "CREDITS_EXHAUSTED" in ended.out
    (line,) = [line for line in ended.out.splitlines() if "To go on:" in line]
    assert out.exists()
    box.set_credits("leadleap", 100)
    resumed = leadkit(*line.split("To go on: leadkit ")[1].split(), "--json")
    assert resumed.status == 0
    receipt = resumed.json["receipt"]
    assert receipt["charged_most_millicredits"] == box.charged("leadleap")
    statuses = cells(out)["leadleap_unlock_status"]
    assert set(statuses) <= {"answered", "duplicate", "not found", "blank"}


def test_the_column_is_guessed_when_none_is_named_and_the_guess_is_shown(leadkit: Run, people: Path) -> None:
    ended = leadkit("preview", people, "validate-emails")
    assert ended.status == 0
    assert "Using column 'Email'" in ended.err


def test_the_balance_and_the_ledger_are_shown(leadkit: Run, people: Path) -> None:
    leadkit("run", people, "validate-emails", "--email", "Email", "--at-most", 10)
    balances = {found["provider"]: found for found in leadkit("balance", "--json").json["balances"]}
    assert balances["leadleap"]["remaining"] == 5_000_000
    ledger = leadkit("ledger", "--json").json
    (run,) = ledger["runs"]
    assert run["state"] == "done"
    assert ledger["in_doubt"] == []
    calls = leadkit("ledger", "show", run["run"], "--json").json["calls"]
    assert [call["keys"] for call in calls] == [2]
    assert run["run"] in leadkit("ledger").out


def test_the_demo_spends_what_its_receipt_says_and_a_second_one_nothing(leadkit: Run, tmp_path: Path) -> None:
    first, second = leadkit("demo", "--json").json, leadkit("demo", "--json").json
    charged = [step["receipt"]["charged_most_millicredits"] for step in first["steps"]]
    assert sum(charged) > 0
    assert all(step["receipt"]["charged_most_millicredits"] == 0 for step in second["steps"])
    assert all(step["receipt"]["calls"] == 0 for step in second["steps"])
    assert zipfile.is_zipfile(second["output"])
    assert "Lead ID" in [cell.value for cell in openpyxl.load_workbook(second["output"]).active[1]]


def test_an_installed_leadkit_brings_its_workbooks() -> None:
    assert (data_folder() / "leadleap_prospects.xlsx").is_file()


# -- bad input: what, where, whether money moved, what to do next -----------------------------------------


def refused(ended: Ended, *words: str, status: int = 2) -> None:
    assert ended.status == status, ended
    for word in words:
        assert word in ended.err, ended.err
    assert "Traceback" not in ended.err + ended.out
    assert "Nothing was sent" in ended.err


def test_a_file_that_is_no_spreadsheet_is_refused(leadkit: Run, tmp_path: Path) -> None:
    path = tmp_path / "picture.xlsx"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(200))
    refused(leadkit("preview", path, "validate-emails"), "picture.xlsx", "not")


def test_a_missing_file_is_refused(leadkit: Run, tmp_path: Path) -> None:
    refused(leadkit("preview", tmp_path / "none.xlsx", "validate-emails"), "none.xlsx")


def test_an_empty_sheet_is_refused(leadkit: Run, tmp_path: Path) -> None:
    path = tmp_path / "empty.xlsx"
    openpyxl.Workbook().save(path)
    refused(leadkit("preview", path, "validate-emails"), "empty")


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
    refused(leadkit("preview", people, "validate"), "validate-emails, unlock, enrich")
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


def test_no_key_stands_in_any_file_or_text_that_a_run_leaves(
    leadkit: Run, people: Path, box: Sandbox, tmp_path: Path
) -> None:
    box.fault("status", "/email/validate", status=500)
    ended = leadkit("run", people, "validate-emails", "--email", "Email", "--at-most", 10)
    demo = leadkit("demo")
    keys = KEYS_IN_USE | {box.environ["LEADLEAP_API_KEY"]}
    texts = [ended.out, ended.err, demo.out, demo.err]
    texts += [path.read_bytes().decode("latin-1") for path in tmp_path.rglob("*") if path.is_file()]
    assert len(texts) > 8
    for key in keys:
        part = key[3:35]
        assert not any(part in text for text in texts)
    assert os.environ["LEADLEAP_API_KEY"] in keys


# -- found by a reviewer -----------------------------------------------------------------------------------


def test_resume_replaces_only_what_its_own_run_wrote(leadkit: Run, tmp_path: Path, box: Sandbox) -> None:
    book, out = data_folder() / "leadleap_prospects.xlsx", tmp_path / "out.xlsx"
    box.fault("status", "/leads/unlock", status=402, times=None)
    ended = leadkit("run", book, "unlock", "--at-most", 100, "-o", out, "--json")
    box.clear_faults()
    assert not out.exists()
    out.write_bytes(b"somebody's own")
    line = ended.json["resume"].split()[1:]
    refused(leadkit(*line), "exists already")
    assert out.read_bytes() == b"somebody's own"
    assert leadkit(*line, "-o", tmp_path / "other.xlsx").status == 0
    assert (tmp_path / "other.xlsx").exists()


def test_an_output_that_is_a_folder_is_refused_before_money_is_spent(
    leadkit: Run, people: Path, tmp_path: Path, box: Sandbox
) -> None:
    ended = leadkit(
        "run", people, "validate-emails", "--email", "Email", "--at-most", 1, "-o", tmp_path, "--overwrite"
    )
    refused(ended, "is a folder")
    assert not box.paid_requests()


def test_flags_before_a_subcommand_of_the_ledger_hold_for_it(leadkit: Run, people: Path) -> None:
    leadkit("run", people, "validate-emails", "--email", "Email", "--at-most", 10)
    run_id = leadkit("ledger", "--json").json["runs"][0]["run"]
    assert leadkit("ledger", "--json", "show", run_id).json["receipt"]["run"] == run_id


def test_hidden_rows_are_left_alone_when_asked(leadkit: Run, tmp_path: Path, box: Sandbox) -> None:
    book = openpyxl.Workbook()
    for row in (["Email"], ["a@example.com"], ["hidden@example.com"], ["c@example.com"]):
        book.active.append(row)
    book.active.row_dimensions[3].hidden = True
    path, out = tmp_path / "hidden.xlsx", tmp_path / "out.xlsx"
    book.save(path)
    arguments = (
        "run",
        path,
        "validate-emails",
        "--email",
        "Email",
        "--at-most",
        9,
        "-o",
        out,
        "--skip-hidden",
    )
    assert leadkit(*arguments, "--json").json["receipt"]["rows_total"] == 2
    asked = {address for request in box.paid_requests() for address in request.asked}
    assert asked == {"a@example.com", "c@example.com"}
    sheet = openpyxl.load_workbook(out)["Sheet"]
    assert [cell.value for cell in sheet["A"]] == [
        "Email",
        "a@example.com",
        "hidden@example.com",
        "c@example.com",
    ]
    assert sheet["B3"].value is None
    assert sheet["B4"].value
