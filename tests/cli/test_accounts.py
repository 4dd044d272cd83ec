"""Balances and the ledger on the command line."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from leadkit.sandbox import Sandbox
from leadkit.workspace import connect
from tests.cli.calling import Run


def test_the_balance_and_the_ledger_are_shown(leadkit: Run, people: Path) -> None:
    leadkit("run", people, "validate-emails", "--email", "Email", "--at-most", 10)
    balances = {found["provider"]: found for found in leadkit("balance", "--json").json["balances"]}
    assert balances["leadleap"]["remaining"] == 5_000_000
    ends = balances["leadleap"]["period_end"]
    assert "T" in ends
    assert f"the period ends {ends.partition('T')[0]}\n" in leadkit("balance").out
    ledger = leadkit("ledger", "--json").json
    (run,) = ledger["runs"]
    assert run["state"] == "done"
    assert ledger["in_doubt"] == []
    calls = leadkit("ledger", "show", run["run"], "--json").json["calls"]
    assert [call["keys"] for call in calls] == [2]
    assert run["run"] in leadkit("ledger").out


def test_flags_before_a_subcommand_of_the_ledger_hold_for_it(leadkit: Run, people: Path) -> None:
    leadkit("run", people, "validate-emails", "--email", "Email", "--at-most", 10)
    run_id = leadkit("ledger", "--json").json["runs"][0]["run"]
    assert leadkit("ledger", "--json", "show", run_id).json["receipt"]["run"] == run_id


def test_a_provider_that_is_down_is_told_by_the_exit_status_beside_the_others_balances(
    leadkit: Run, box: Sandbox
) -> None:
    box.fault("status", "/account/usage", status=503, times=None)
    ended = leadkit("balance", "--json")
    assert ended.status == 3
    balances = {found["provider"]: found for found in ended.json["balances"]}
    assert balances["leadleap"]["remaining"] is None
    assert balances["leadleap"]["note"]
    assert balances["leadey"]["remaining"] is not None
    ended = leadkit("balance")
    assert ended.status == 3
    (line,) = [line for line in ended.out.splitlines() if line.casefold().startswith("leadleap")]
    assert "503" in line
    assert line.casefold().count("leadleap:") == 1
    assert "unknown" not in line


def test_a_provider_that_needs_a_setting_does_not_hide_the_others_balances(
    leadkit: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEADFEEDER_ACCOUNT_ID", "not an account")
    ended = leadkit("balance", "--json")
    assert ended.status == 3
    refused = [found["provider"] for found in ended.json["balances"] if found["refused"]]
    assert refused == ["leadfeeder"]


def test_the_ledger_tells_of_each_run_when_it_was_whose_and_for_which_workbook(
    leadkit: Run, people: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.xlsx"
    leadkit("run", people, "validate-emails", "--email", "Email", "--at-most", 10, "-o", out)
    (run,) = leadkit("ledger", "--json").json["runs"]
    with connect() as workspace:
        (record,) = workspace.ledger.runs()
    started = datetime.fromtimestamp(record.started_at, UTC).strftime("%Y-%m-%d %H:%M UTC")
    for told in (leadkit("ledger").out, leadkit("ledger", "show", run["run"]).out):
        assert f"started            {started}, by {record.approved_by}\n" in told
        assert f"workbook           {out}\n" in told
    assert leadkit("ledger").out.startswith("Ledger ")
    assert ": 1 run\n" in leadkit("ledger").out
    assert "2 keys, credits 0 to 2, request" in leadkit("ledger", "show", run["run"]).out


def test_forgetting_names_every_workbook_that_was_written_with_the_person_in_it(
    leadkit: Run, people: Path, tmp_path: Path
) -> None:
    run = ("run", people, "validate-emails", "--email", "Email", "--at-most", 10, "-o")
    bought, known, deleted = (tmp_path / f"{name}.xlsx" for name in ("bought", "known", "deleted"))
    for out in (bought, known, deleted):
        leadkit(*run, out)
    deleted.unlink()
    other = tmp_path / "others.csv"
    other.write_text("Email\ncarla@example.com\n")
    leadkit("run", other, "validate-emails", "--at-most", 10, "-o", tmp_path / "without.csv")
    told = leadkit("forget", "--email", "anna@example.com", "--dry-run", "--json").json["kept"]
    assert leadkit("forget", "--email", "anna@example.com", "--dry-run").out.endswith(
        "Nothing was changed.\n"
    )
    receipt = leadkit("forget", "--email", "anna@example.com", "--json").json["forget"]
    assert told["facts"] == receipt["facts"] == 1
    assert set(receipt["outputs"]) >= {str(bought), str(known)}
    assert str(tmp_path / "without.csv") not in receipt["outputs"]


def test_forgetting_names_the_backups_of_a_workbook_that_was_written_in_place(
    leadkit: Run, people: Path
) -> None:
    run = ("run", people, "validate-emails", "--email", "Email", "--at-most", 10, "-o", people, "--overwrite")
    assert [leadkit(*run).status for _ in range(2)] == [0, 0]
    written = sorted(people.parent.glob(f"{people.stem}*{people.suffix}"))
    receipt = leadkit("forget", "--email", "anna@example.com", "--json").json["forget"]
    assert receipt["outputs"] == [str(path) for path in written]
    assert len(written) == 3


def test_forgetting_names_what_a_process_left_that_was_killed_while_it_wrote_the_workbook(
    leadkit: Run, people: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.xlsx"
    leadkit("run", people, "validate-emails", "--email", "Email", "--at-most", 10, "-o", out)
    killed = (
        "import os, sys; from pathlib import Path; from leadkit.sheets.save import safely\n"
        "with safely(Path(sys.argv[1]), overwrite=True) as (file, _):\n"
        "    file.write(b'anna@example.com'), file.flush(), os._exit(9)"
    )
    assert subprocess.run([sys.executable, "-c", killed, out]).returncode == 9
    (left,) = tmp_path.glob(".*.part")
    receipt = leadkit("forget", "--email", "anna@example.com", "--json").json["forget"]
    assert receipt["outputs"] == sorted(map(str, (left, out)))
