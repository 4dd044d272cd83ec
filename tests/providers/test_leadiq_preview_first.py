"""LeadIQ's free preview before the paid call: whoever it does not find is never paid for."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from leadkit import cli
from leadkit.errors import InputError, KeyRefusedError
from leadkit.join import join
from leadkit.plan import Plan
from leadkit.result import Done, resume_run
from leadkit.sandbox import Sandbox
from leadkit.sandbox.leadiq import people
from leadkit.workspace import Workspace
from tests.providers.suite.world import WRONG_KEYS
from tests.providers.test_suite_leadiq import complete

Open = Callable[..., Workspace]
FOUND, NOBODY = 25, 35


def sheet(box: Sandbox) -> pd.DataFrame:
    """People who have all that LeadIQ sells, and between them rows of whom nobody knows."""
    known = [{"Name": one.full_name, "Email": one.email} for one in complete(box)[:FOUND]]
    others = [{"Name": "Nobody Here", "Email": f"nobody{n}@nowhere.example"} for n in range(NOBODY)]
    return pd.DataFrame([*known, *others]).sample(frac=1, random_state=3, ignore_index=True)


def plan_of(frame: pd.DataFrame, workspace: Workspace, *, want: str = "email", first: bool = True) -> Plan:
    return frame.leads.find_people(
        full_name="Name", email="Email", via="leadiq", want=[want], preview_first=first, workspace=workspace
    )


def paid_requests(box: Sandbox) -> int:
    return sum(one.provider == "leadiq" for one in box.paid_requests())


def outcomes(done: Done) -> dict[str, int]:
    return {outcome: count for outcome, count in done.receipt.rows.items() if count}


def test_only_whoever_is_found_is_paid_for_and_the_paid_requests_are_fewer(
    box: Sandbox, open_workspace: Open, tmp_path: Path
) -> None:
    frame = sheet(box)
    plan = plan_of(frame, open_workspace())
    assert plan.preview.most == (FOUND + NOBODY) * 1_000, "the ceiling is that of all of them"
    assert "6 free requests come first" in str(plan.preview)
    done = plan.run(at_most=1_000)
    assert outcomes(done) == {"answered": FOUND, "not found": NOBODY}
    assert box.charged("leadiq") == FOUND * 1_000 == done.receipt.charged.most
    assert paid_requests(box) == 3
    told = done.frame.set_index("Email")["leadiq_find_people_note"]
    assert set(told[told.index.str.startswith("nobody")]) == {"LeadIQ's free preview finds nobody"}

    box.clear_record()
    without = open_workspace(LEADKIT_HOME=str(tmp_path / "another"))
    plan_of(frame, without, first=False).run(at_most=1_000)
    assert paid_requests(box) == 6


def test_asking_again_sends_nothing_about_anybody(box: Sandbox, open_workspace: Open) -> None:
    frame = sheet(box)
    first = plan_of(frame, open_workspace()).run(at_most=1_000)
    box.clear_record()
    again = plan_of(frame, open_workspace()).run(at_most=1_000)
    assert outcomes(again) == {"known": FOUND, "not found": NOBODY}
    assert not [one for one in box.requests if one.asked]
    column = "leadiq_find_people_note"
    pd.testing.assert_series_equal(again.frame[column], first.frame[column])


def test_whoever_has_no_phone_is_not_in_a_call_that_buys_phones(box: Sandbox, workspace: Workspace) -> None:
    known = [one for one in box.world.known_to("leadiq") if one.email and one.company and not one.deleted]
    with_phone = [one for one in known if people.has_phone(one)][:4]
    without = [one for one in known if not people.has_phone(one)][:8]
    frame = pd.DataFrame({"Name": "Anna Stone", "Email": [one.email for one in [*without, *with_phone]]})
    done = plan_of(frame, workspace, want="phone").run(at_most=1_000)
    told = done.frame["leadiq_find_people_note"]
    assert set(told[:8]) == {"LeadIQ's free preview finds no phone"}
    assert box.charged("leadiq") == len(with_phone) * 10_000


def test_a_refused_key_stops_the_run_before_anything_is_bought(box: Sandbox, open_workspace: Open) -> None:
    workspace = open_workspace(**WRONG_KEYS["leadiq"])
    done = plan_of(sheet(box), workspace).run(at_most=1_000)
    assert isinstance(done.stopped, KeyRefusedError)
    assert outcomes(done) == {"not tried": FOUND + NOBODY}
    assert workspace.ledger.run(done.receipt.run_id).state == "stopped"
    assert not box.charges


def test_a_run_cancelled_in_the_free_part_can_be_resumed(box: Sandbox, open_workspace: Open) -> None:
    frame, workspace, cancel = sheet(box), open_workspace(), threading.Event()
    plan = plan_of(frame, workspace)
    done = plan.run(at_most=1_000, cancel=cancel, progress=lambda _: cancel.set())
    assert done.cancelled
    assert not box.charges
    _, outcome = resume_run(done.receipt.run_id, workspace)
    assert outcomes(join(plan, done.receipt.run_id, outcome)) == {"answered": FOUND, "not found": NOBODY}


def test_what_is_in_doubt_is_brought_to_its_end_and_not_hidden_behind_the_preview(
    box: Sandbox, open_workspace: Open
) -> None:
    frame, workspace = sheet(box), open_workspace()
    frame = frame[frame["Name"] == "Nobody Here"]
    workspace.clock.wait = lambda seconds, until=None: False  # type: ignore[method-assign]
    box.fault("reset_after", "/graphql", times=None, skip=2)
    lost = plan_of(frame, workspace, first=False).run(at_most=1_000)
    assert outcomes(lost) == {"in doubt": NOBODY}
    box.clear_faults()
    done = plan_of(frame, workspace).run(at_most=1_000)
    assert outcomes(done) == {"not found": NOBODY}
    assert not workspace.ledger.doubtful(), "nothing is held for what the preview does not find"


PROGRAM = """
    import os, sys
    import pandas as pd
    from leadkit.workspace import connect
    seen = 0
    def die(progress):
        global seen
        seen += 1
        if seen == int(sys.argv[2]):
            os._exit(9)
    pd.read_csv(sys.argv[1]).leads.find_people(
        full_name="Name", email="Email", via="leadiq", want=["email"], preview_first=True, workspace=connect()
    ).run(at_most=1000, progress=die)
"""


@pytest.mark.parametrize("reports", [4, 9, 14])
def test_a_process_that_is_killed_in_either_part_leaves_a_run_that_can_be_finished(
    box: Sandbox, open_workspace: Open, tmp_path: Path, reports: int
) -> None:
    sheet(box).to_csv(tmp_path / "sheet.csv", index=False)
    workspace = open_workspace()
    environ = {**box.environ, "LEADKIT_HOME": str(workspace.home)}
    words = [sys.executable, "-c", textwrap.dedent(PROGRAM), str(tmp_path / "sheet.csv"), str(reports)]
    assert subprocess.run(words, env=environ, check=False, timeout=60).returncode == 9
    (run,) = [one for one in workspace.ledger.runs() if one.step == "find_people"]
    assert run.state == "running"
    paid_before = box.charged("leadiq")
    plan = plan_of(pd.read_csv(tmp_path / "sheet.csv"), workspace)
    _, outcome = resume_run(run.id, workspace)
    done = join(plan, run.id, outcome)
    assert outcomes(done) == {"answered": FOUND, "not found": NOBODY}
    assert box.charged("leadiq") == FOUND * 1_000 <= done.receipt.charged.most
    assert paid_before < FOUND * 1_000, "it was killed before its end"
    bought = Counter(charge.what for charge in box.charges if charge.millicredits)
    assert set(bought.values()) == {1}


def test_the_command_line_asks_first_where_it_is_told_to(
    box: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet(box).to_csv(tmp_path / "sheet.csv", index=False)
    for name, value in box.environ.items():
        monkeypatch.setenv(name, value)
    shared = ["find-people", "--full-name", "Name", "--email", "Email", "--via", "leadiq", "--preview-first"]
    words = ["leadkit", "run", str(tmp_path / "sheet.csv"), *shared, "--at-most", "100", "--json"]
    monkeypatch.setattr(sys, "argv", words)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 0
    told = json.loads(capsys.readouterr().out)
    assert told["receipt"]["rows"]["not found"] == NOBODY
    assert "free requests come first" in " ".join(told["preview"]["notes"])
    assert box.charged("leadiq") == FOUND * 100


def test_a_provider_without_a_free_preview_says_so(workspace: Workspace) -> None:
    frame = pd.DataFrame({"Email": ["anna@example.com"]})
    with pytest.raises(InputError, match=r"leadfeeder has no free preview of find_people.*Nothing was sent"):
        frame.leads.find_people(email="Email", via="leadfeeder", preview_first=True, workspace=workspace)
