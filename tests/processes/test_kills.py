"""Real processes killed with SIGKILL at random moments: nothing is paid twice, and no ledger is damaged."""

from __future__ import annotations

import random
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from leadkit.ledger import CallState
from leadkit.sandbox import Sandbox
from leadkit.workspace import Workspace
from tests.conftest import KEYS_IN_USE
from tests.processes.conftest import Start
from tests.processes.programs import buy, repeats, unlock, workspace_of

LEADS = 120
KILLS_IN_A_ROUND = 6


@pytest.fixture(scope="module")
def slow_box() -> Iterator[Sandbox]:
    """Answers take as long as in a quick network, so that kills fall into all parts of a call."""
    with Sandbox(rate_limited=False, delay_seconds=0.02) as box:
        yield box


@pytest.mark.parametrize("free", [True, False], ids=["the repeat is free", "the repeat may cost"])
def test_no_kill_makes_anything_be_paid_twice(
    slow_box: Sandbox, start: Start, tmp_path: Path, free: bool, pytestconfig: pytest.Config
) -> None:
    wanted = max(pytestconfig.getoption("--kills") // 2, 1)
    killed = rounds = in_doubt = 0
    while killed < wanted:
        rounds += 1
        name = f"{'free' if free else 'paid'} {rounds}"
        environ = environ_of(slow_box, name, tmp_path / name)
        ids = lead_ids(slow_box)
        kills = min(KILLS_IN_A_ROUND, wanted - killed)
        killed += kill_buyers(slow_box, start, environ, ids, free, random.Random(name), kills)
        with repeats(free), workspace_of(environ) as workspace:
            done = unlock(workspace, ids)
            in_doubt += done.receipt.rows["in doubt"]
            assert sum(done.receipt.rows.values()) == LEADS
            assert done.receipt.rows["in doubt"] == 0 or not free
            check_books(slow_box, name, workspace, free)
    print(
        f"{killed} kills in {rounds} rounds, repeat {'free' if free else 'not free'}; {in_doubt} left in doubt"
    )


def kill_buyers(
    box: Sandbox,
    start: Start,
    environ: dict[str, str],
    ids: list[str],
    free: bool,
    rng: random.Random,
    kills: int,
) -> int:
    """Two buyers at a time on one ledger; one of them is killed and replaced, again and again."""
    buyers: list[BaseProcess] = []
    killed = 0
    while killed < kills:
        buyers = [buyer for buyer in buyers if buyer.is_alive()]
        while len(buyers) < 2:
            buyers.append(start(buy, environ, rng.sample(ids, len(ids)), free))
        # Most of the time while calls are under way; else it falls into the start or the planning.
        enough = len(box.requests) + rng.choice((0, 1, 5, 10, 15))
        while len(box.requests) < enough and any(buyer.is_alive() for buyer in buyers):
            time.sleep(0.005)
        time.sleep(rng.uniform(0.0, 0.05))
        victim = rng.choice(buyers)
        victim.kill()
        victim.join()
        killed += victim.exitcode == -9
    for buyer in buyers:
        buyer.join(120)
        assert buyer.exitcode in (0, -9)
    return killed


def check_books(box: Sandbox, account: str, workspace: Workspace, free: bool) -> None:
    """The provider's books beside the ledger's."""
    with sqlite3.connect(workspace.home / "ledger.sqlite") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    charges = [charge for charge in box.charges if charge.account == account and charge.millicredits]
    paid = Counter(charge.what for charge in charges)
    assert max(paid.values()) == 1, "charged twice"
    runs = workspace.ledger.runs()
    charged = sum(charge.millicredits for charge in charges)
    assert sum(run.charged.least for run in runs) <= charged
    assert charged <= sum(run.charged.most + run.held for run in runs)
    assert all(run.charged.most + run.held <= run.approved for run in runs)
    calls = [call for run in runs for call in workspace.ledger.calls(run.id)]
    assert all(call.state is not CallState.INTENT for call in calls), "nobody is there any more"
    if not free:
        asked = Counter(
            what
            for request in box.requests
            if request.account == account and request.path.endswith("/leads/unlock")
            for what in request.asked
        )
        assert max(asked.values()) == 1, "sent twice, and that may cost"


def environ_of(box: Sandbox, account: str, home: Path) -> dict[str, str]:
    key = box.api_key("leadleap", account=account)
    KEYS_IN_USE.add(key)
    return {**box.environ, "LEADLEAP_API_KEY": key, "LEADKIT_HOME": str(home)}


def lead_ids(box: Sandbox) -> list[str]:
    people = [person for person in box.world.known_to("leadleap") if not person.deleted]
    return [person.lead_id for person in people[:LEADS]]
