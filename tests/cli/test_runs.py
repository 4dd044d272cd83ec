"""Plans, runs and the demo on the command line: what they print, where they write, how they end."""

from __future__ import annotations

import io
import os
import sys
import zipfile
from importlib.metadata import version
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from leadkit.app.places import data_folder
from leadkit.app.server import users_file
from leadkit.app.users import User
from leadkit.cli.terminal import STEPS, progress_bar
from leadkit.plan import make_plan
from leadkit.progress import Progress
from leadkit.sandbox import Sandbox
from leadkit.settings import Settings
from leadkit.steps import DEFAULT_PROVIDER
from leadkit.workspace import Workspace
from tests.cli.calling import Run, cells, refused
from tests.conftest import KEYS_IN_USE


def test_a_preview_sends_nothing_and_counts_every_row(leadkit: Run, people: Path, box: Sandbox) -> None:
    ended = leadkit("preview", people, "validate-emails", "--email", "Email", "--json")
    assert ended.status == 0
    preview = ended.json["preview"]
    assert preview["rows_total"] == 5
    assert preview["keys_to_buy"] == 2
    assert isinstance(preview["most_millicredits"], int)
    assert preview["expected_millicredits"] is None
    assert not box.requests


def test_a_preview_names_the_first_rows_that_cannot_be_used_and_counts_the_others(
    leadkit: Run, people: Path, tmp_path: Path
) -> None:
    assert "  row 5: no @ in 'no at sign'\n" in leadkit("preview", people, "validate-emails").out
    many = tmp_path / "many.csv"
    many.write_text("Email\nanna@example.com\n" + "\n".join(f"nobody {n}" for n in range(8)))
    told = leadkit("preview", many, "validate-emails", "--email", "Email").out.splitlines()
    assert [line for line in told if line.startswith(("  row ", "  and "))] == [
        *(f"  row {n + 3}: no @ in 'nobody {n}'" for n in range(5)),
        "  and 3 more that cannot be used",
    ]


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


def test_what_was_done_to_the_file_is_said(leadkit: Run, tmp_path: Path) -> None:
    path = tmp_path / "leads.csv"
    run = ("run", path, "validate-emails", "--at-most", 9, "-o", path, "--overwrite")
    path.write_text("a@example.com,x\nb@example.com,y\n")
    said = leadkit(*run).out.partition("Written: ")[2]
    assert "no row of column names" in said
    assert "leads.original.csv" in said
    path.write_text("a@example.com,x\nb@example.com,y\n")
    notes = leadkit(*run, "--json").json["notes"]
    assert "no row of column names" in notes[0]
    assert "leads.original (2).csv" in notes[1]


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


def test_resume_keeps_what_somebody_wrote_into_the_output_since(
    leadkit: Run, tmp_path: Path, box: Sandbox
) -> None:
    box.set_credits("leadleap", 5)
    out = tmp_path / "out.xlsx"
    ended = leadkit(
        "run",
        data_folder() / "leadleap_prospects.xlsx",
        "unlock",
        "--at-most",
        100,
        "-o",
        out,
        "--overwrite",
        "--json",
    )
    book = openpyxl.load_workbook(out)
    book.active["A2"] = "call her on Monday"
    book.save(out)
    box.set_credits("leadleap", 100)
    line = ended.json["resume"].split()[1:]
    sent = len(box.requests)
    refused(leadkit(*line), "out.xlsx was changed since this run wrote it", "-o", "--overwrite")
    assert len(box.requests) == sent
    assert openpyxl.load_workbook(out).active["A2"].value == "call her on Monday"
    assert leadkit(*line, "--overwrite").status == 0


def test_a_run_that_is_written_onto_its_own_source_ends_as_if_it_had_never_been_interrupted(
    leadkit: Run, tmp_path: Path, box: Sandbox
) -> None:
    original = (data_folder() / "leadleap_prospects.xlsx").read_bytes()
    path, elsewhere = tmp_path / "leads.xlsx", tmp_path / "elsewhere.xlsx"
    path.write_bytes(original)
    box.set_credits("leadleap", 5)
    ended = leadkit("run", path, "unlock", "--at-most", 100, "-o", path, "--overwrite", "--json")
    assert ended.status == 3
    line = ended.json["resume"].split()[1:]
    box.set_credits("leadleap", 3)
    assert leadkit(*line, "-o", elsewhere).status == 3
    for left, status in ((3, 3), (100, 0)):
        box.set_credits("leadleap", left)
        assert leadkit(*line).status == status
    assert leadkit(*line, "-o", elsewhere, "--overwrite").status == 0
    assert cells(path).columns.is_unique
    pd.testing.assert_frame_equal(cells(path), cells(elsewhere))
    assert not [name for name in cells(path).columns if name.endswith("(2)")]
    (backup,) = tmp_path.glob("leads.original*")
    assert backup.read_bytes() == original


def test_a_run_on_its_own_source_whose_backup_is_gone_goes_on_beside_the_columns_of_its_first_part(
    leadkit: Run, tmp_path: Path, box: Sandbox
) -> None:
    path = tmp_path / "leads.xlsx"
    path.write_bytes((data_folder() / "leadleap_prospects.xlsx").read_bytes())
    box.set_credits("leadleap", 5)
    ended = leadkit("run", path, "unlock", "--at-most", 100, "-o", path, "--overwrite", "--json")
    first = cells(path)
    (tmp_path / "leads.original.xlsx").unlink()
    box.set_credits("leadleap", 100)
    assert leadkit(*ended.json["resume"].split()[1:]).status == 0
    whole = cells(path)
    pd.testing.assert_frame_equal(whole[first.columns], first)
    assert set(whole["leadleap_unlock_status (2)"]) <= {"answered", "duplicate", "not found", "blank"}


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


def test_a_pilot_buys_a_few_and_the_run_after_it_the_rest(leadkit: Run, tmp_path: Path, box: Sandbox) -> None:
    book, out = data_folder() / "leadleap_prospects.xlsx", tmp_path / "out.xlsx"
    arguments = (book, "unlock", "--lead-id", "Lead ID")
    whole = leadkit("preview", *arguments, "--json").json["preview"]["keys_to_buy"]
    assert leadkit("preview", *arguments, "--pilot", 5, "--json").json["preview"]["keys_to_buy"] == 5
    run = ("run", *arguments, "--at-most", 100, "-o", out, "--overwrite")
    ended = leadkit(*run, "--pilot", 5)
    assert ended.status == 0
    assert "without --pilot" in ended.out
    assert len(box.paid_requests()) == 5
    tried = cells(out)["leadleap_unlock_status"].isin(["answered", "not found"])
    assert tried.sum() == 5
    assert leadkit(*run).status == 0
    assert len(box.paid_requests()) == whole


def test_a_pilot_that_stopped_is_resumed_as_the_pilot_that_it_was(
    leadkit: Run, tmp_path: Path, box: Sandbox
) -> None:
    book = data_folder() / "leadleap_prospects.xlsx"
    box.set_credits("leadleap", 2)
    ended = leadkit(
        "run", book, "unlock", "--pilot", 5, "--at-most", 100, "-o", tmp_path / "out.xlsx", "--json"
    )
    assert ended.status == 3
    box.set_credits("leadleap", 100)
    resumed = leadkit(*ended.json["resume"].split()[1:], "--json")
    assert resumed.status == 0
    assert resumed.json["receipt"]["rows"]["left out"] > 0
    assert box.charged("leadleap") <= 5_000


def test_the_free_preview_keeps_whom_it_does_not_find_out_of_the_paid_calls(
    leadkit: Run, tmp_path: Path, box: Sandbox
) -> None:
    path = tmp_path / "people.csv"
    path.write_text("Email\nnobody-at-all@example.com\nnobody-else@example.com\n")
    run = ("run", path, "find-people", "--email", "Email", "--want", "email", "--at-most", 9, "--json")
    ended = leadkit(*run, "--preview-first")
    assert ended.status == 0
    assert ended.json["receipt"]["rows"]["not found"] == 2
    assert ended.json["receipt"]["calls"] == 0
    refused(leadkit("preview", path, "validate-emails", "--preview-first"), "no free preview")


def test_a_colleagues_ceiling_for_a_day_holds_when_somebody_else_resumes_their_run(
    leadkit: Run, box: Sandbox
) -> None:
    emails = pd.DataFrame({"Email": [f"person.{n}@example.com" for n in range(5)]})
    with Workspace(Settings.from_environment(), user="owner") as workspace:
        users_file().put(User("ann", "spend", daily_cap=2_000))
        plan = make_plan(
            emails, "validate_emails", {"email": "Email"}, workspace=workspace.for_user("ann", 2_000)
        )
        done = plan.run(at_most=f"{plan.preview.most / 1000:g}")
    assert (done.receipt.rows["answered"], done.receipt.rows["over budget"]) == (2, 3)
    box.clear_record()
    resumed = leadkit("resume", done.receipt.run_id)
    assert resumed.status == 1
    assert f"Unfinished: 3. To go on: leadkit resume {done.receipt.run_id}" in resumed.out
    assert [request for request in box.requests if request.asked] == []


def test_the_line_that_resumes_a_run_on_the_sandbox_says_so(leadkit: Run) -> None:
    book = data_folder() / "leadleap_prospects.xlsx"
    ended = leadkit("run", book, "unlock", "--at-most", 3, "-o", "out.xlsx", "--sandbox", "--json")
    assert ended.json["resume"].endswith(" --sandbox")
    assert (
        leadkit(*ended.json["resume"].split()[1:], "--json").status == 1
    )  # 3 credits are all that it may spend


def test_a_run_at_a_provider_that_names_no_account_is_resumed_on_the_sandbox_in_spite_of_its_new_key(
    leadkit: Run, tmp_path: Path
) -> None:
    path = tmp_path / "companies.csv"
    path.write_text("Domain\na.example\nb.example\n")
    run = ("company-details", "--domain", "Domain", "--via", "leadiq", "--at-most", 3, "-o", "out.csv")
    ended = leadkit("run", path, *run, "--sandbox", "--json")
    assert ended.json["receipt"]["rows"]["over budget"] == 1
    resumed = leadkit(*ended.json["resume"].split()[1:], "--json")
    assert (resumed.status, resumed.json["receipt"]["rows"]["over budget"]) == (1, 1)


def test_who_is_sent_to_the_ledger_is_told_how_to_see_that_of_the_sandbox(leadkit: Run) -> None:
    for unknown in (
        ("resume", "00000000"),
        ("ledger", "show", "00000000"),
        ("ledger", "settle", 12, "charged"),
    ):
        for where in ((), ("--sandbox",)):
            assert leadkit(*unknown, *where).err.endswith(
                "leadkit ledger, with --sandbox for the sandbox's\n"
            )


def test_a_pilot_says_what_the_rest_needs_to_write_the_same_file(leadkit: Run, tmp_path: Path) -> None:
    run = (
        "run",
        data_folder() / "leadleap_prospects.xlsx",
        "unlock",
        "--at-most",
        40,
        "-o",
        tmp_path / "out.xlsx",
    )
    assert "run the same without --pilot and with --overwrite;" in leadkit(*run, "--pilot", 2).out
    assert "run the same without --pilot;" in leadkit(*run, "--pilot", 2, "--overwrite").out
    assert leadkit(*run, "--overwrite").status == 0


def test_forgetting_names_the_workbook_of_the_demo(leadkit: Run, tmp_path: Path) -> None:
    written = leadkit("demo", "--json").json["output"]
    person = cells(Path(written))["Lead ID"][0]
    receipt = leadkit("forget", "--lead-id", person, "--sandbox", "--json").json["forget"]
    assert receipt["outputs"] == [written]


def test_the_command_line_has_every_step_that_the_accessor_has(leadkit: Run, people: Path) -> None:
    assert [step.replace("-", "_") for step in STEPS] == list(DEFAULT_PROVIDER)
    assert leadkit("preview", people, "validate_emails").status == 0


def test_the_version_is_told(leadkit: Run) -> None:
    assert leadkit("--version").out.strip() == version("leadkit")


def test_the_progress_bar_says_that_it_waits_for_the_rate_limit_and_for_how_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stderr", screen := Terminal())
    monkeypatch.setenv("COLUMNS", "80")
    with progress_bar(quiet=False) as report:
        report(Progress(60, 70, spent=60_000, approved=70_000, seconds_left=58.0, waits=0.2))
    assert "waiting" not in screen.getvalue()
    with progress_bar(quiet=False) as report:
        report(Progress(60, 70, spent=60_000, approved=70_000, seconds_left=58.0, waits=42.0))
    assert "60 of 70 credits, rate limit: waiting about 45 seconds" in screen.getvalue()
