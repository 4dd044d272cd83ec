"""A ledger that cannot be written or cannot be trusted: nothing is sent, and nothing that was paid for is lost."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
from collections.abc import Sequence
from multiprocessing import Pipe
from pathlib import Path

import pytest

from leadkit.errors import LedgerError
from leadkit.ledger import FactState, FileOwners, Ledger
from leadkit.ledger.database import sqlite_engine
from leadkit.pace import Pace
from leadkit.providers.base import Request, Response
from leadkit.providers.leadleap import LeadLeap
from leadkit.run import Runner
from leadkit.sandbox import Sandbox
from leadkit.workspace import Workspace
from tests.conftest import FakeClock
from tests.ledger.driver import OPERATION, LedgerDriver
from tests.processes.conftest import Ask, Start
from tests.processes.programs import (
    FOUND,
    buy_on_a_small_disk,
    open_as_a_guest,
    reserve_and_wait,
    unlock,
    workspace_of,
)

OFFSETS = 200
KEYS = [f"person{n}@people.example" for n in range(12)]


@pytest.fixture
def ids(box: Sandbox) -> list[str]:
    people = [person for person in box.world.known_to("leadleap") if not person.deleted]
    return [person.lead_id for person in people[:150]]


@pytest.mark.parametrize("room", [0, 4_096, 60_000, 200_000])
def test_a_full_disk_stops_the_run_and_loses_nothing_that_was_paid_for(
    box: Sandbox, ask: Ask, tmp_path: Path, ids: list[str], room: int
) -> None:
    environ = {**box.environ, "LEADKIT_HOME": str(tmp_path / "home")}
    why = ask(buy_on_a_small_disk, environ, ids, room)()
    assert "Nothing is sent while that lasts" in why
    sent = len(box.paid_requests())
    assert sent < len(ids)
    if room == 0:
        assert sent == 0
    with workspace_of(environ) as workspace:
        done = unlock(workspace, ids)
        assert done.complete
        runs = workspace.ledger.runs()
        charged = box.charged("leadleap")
        assert charged == 1_000 * len(ids)
        assert sum(run.charged.least for run in runs) <= charged <= sum(run.charged.most for run in runs)


def test_a_folder_that_may_not_be_written_to_is_refused(ask: Ask, tmp_path: Path) -> None:
    folder = tmp_path / "theirs"
    folder.mkdir()
    for parent in (tmp_path, *list(tmp_path.parents)[:-2]):
        if parent.owner() == folder.owner():
            parent.chmod(parent.stat().st_mode | 0o011)  # so that a guest gets as far as the folder itself
    folder.chmod(0o755 if os.geteuid() == 0 else 0o555)
    why = ask(open_as_a_guest, folder)()
    assert "cannot be opened for writing: Permission denied. Nothing was sent" in why


def test_a_ledger_opened_for_reading_only_sends_nothing(tmp_path: Path) -> None:
    driver = LedgerDriver(tmp_path / "home")
    run = driver.start_run(10_000)
    path = driver.home / "ledger.sqlite"
    engine = sqlite_engine(lambda: sqlite3.connect(f"file:{path}?mode=ro", uri=True, check_same_thread=False))
    ledger = Ledger(engine, FileOwners(driver.home / "locks"), FakeClock(), where=str(path))
    sent, stopped = run_known(ledger, run.id, run.operation_id, KEYS)
    assert sent == 0
    assert "readonly" in stopped
    assert "Nothing is sent" in stopped
    ledger.close()
    driver.close()


def test_a_ledger_that_another_program_holds_sends_nothing(
    box: Sandbox, workspace: Workspace, ids: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leadkit.ledger.database.BUSY_SECONDS", 0.1)
    unlock(workspace, ids[:1])
    before = len(box.paid_requests())
    with sqlite3.connect(workspace.home / "ledger.sqlite", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LedgerError, match="Another program has held the ledger"):
            unlock(workspace, ids[1:3])
        other.execute("ROLLBACK")
    assert len(box.paid_requests()) == before


# -- damage ---------------------------------------------------------------------------------------------------


@pytest.fixture
def finished(tmp_path: Path) -> Path:
    """The file of a ledger that knows all of ``KEYS``, closed in good order."""
    driver = LedgerDriver(tmp_path / "finished")
    run = driver.start_run(100_000)
    run.settle(run.reserve(KEYS), dict.fromkeys(KEYS, FOUND), None)
    driver.close()
    return driver.home / "ledger.sqlite"


def run_known(ledger: Ledger, run_id: str, operation_id: int, keys: Sequence[str]) -> tuple[int, str]:
    """Let a run ask for keys; returns how many requests it sent, and why it stopped."""
    sent: list[Request] = []

    def send(request: Request) -> Response:
        sent.append(request)
        return Response(200, {"content-type": "application/json"}, b'{"data": [], "meta": {}, "error": null}')

    clock = FakeClock()
    operation = LeadLeap().operation("validate_emails")
    runner = Runner(
        ledger,
        operation,
        send=send,
        pace=Pace(operation.limit, clock),
        clock=clock,
        run_id=run_id,
        operation_id=operation_id,
        owner="nobody",
        approved=100_000,
        fresh_after={FactState.FOUND: 0, FactState.NOT_FOUND: 0},
        threads=1,
    )
    outcome = runner.carry_out(keys)
    return len(sent), str(outcome.stopped or "")


def sent_on_the_word_of(home: Path) -> int:
    """Requests that a new run sends for what the ledger knows; 0 too when the ledger is refused."""
    try:
        driver = LedgerDriver(home)
    except LedgerError:
        return 0
    try:
        run = driver.start_run(100_000)
        return run_known(driver.ledger, run.id, run.operation_id, KEYS)[0]
    except LedgerError:
        return 0
    finally:
        driver.close()


def test_a_sound_ledger_knows_what_it_knows(finished: Path) -> None:
    assert sent_on_the_word_of(finished.parent) == 0
    assert OPERATION.step == LeadLeap().operation("validate_emails").step


def test_a_byte_that_changed_anywhere_never_makes_anything_be_bought_again(
    finished: Path, tmp_path: Path
) -> None:
    content = finished.read_bytes()
    rng = random.Random("damage")
    # Half of the offsets in the table of what is known and its index, half anywhere.
    near = [content.index(key.encode()) + rng.randrange(-8, 24) for key in KEYS for _ in range(9)][
        : OFFSETS // 2
    ]
    anywhere = rng.sample(range(len(content)), OFFSETS - len(near))
    home = tmp_path / "damaged"
    for offset in (*near, *anywhere):
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(mode=0o700)
        path = home / "ledger.sqlite"
        path.touch(mode=0o600)
        path.write_bytes(
            content[:offset] + bytes([content[offset] ^ rng.randrange(1, 256)]) + content[offset + 1 :]
        )
        assert sent_on_the_word_of(home) == 0, f"the byte at {offset} of {len(content)}"


@pytest.mark.parametrize("share", [0.0, 0.3, 0.6, 0.9])
def test_a_log_that_is_gone_or_cut_leaves_an_older_ledger_and_no_broken_one(
    start: Start, tmp_path: Path, share: float
) -> None:
    driver = LedgerDriver(tmp_path / "home")
    run = driver.start_run(100_000)
    told, tell = Pipe(duplex=False)
    process = start(reserve_and_wait, driver.home, run.id, tell)
    told.recv()
    process.kill()
    process.join()
    copy = tmp_path / "copy"
    copy.mkdir(mode=0o700)
    for name in ("ledger.sqlite", "ledger.sqlite-wal"):
        shutil.copy2(driver.home / name, copy)
    log = copy / "ledger.sqlite-wal"
    os.truncate(log, int(log.stat().st_size * share))
    driver.close()
    try:
        later = LedgerDriver(copy)
    except LedgerError:
        return  # as little is left as that
    with sqlite3.connect(copy / "ledger.sqlite") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        answered = "SELECT count(*) FROM facts WHERE state = 3 AND id NOT IN (SELECT fact_id FROM answers)"
        assert connection.execute(answered).fetchone() == (0,)
    later.close()


def test_what_a_killed_process_had_reserved_is_in_doubt_and_its_money_held(
    start: Start, tmp_path: Path
) -> None:
    driver = LedgerDriver(tmp_path / "home")
    run = driver.start_run(100_000)
    told, tell = Pipe(duplex=False)
    process = start(reserve_and_wait, driver.home, run.id, tell)
    owner = told.recv()
    assert driver.ledger.owners.alive(owner)
    assert run.reserve(["under way"]).waiting == ("under way",)
    process.kill()
    process.join()
    assert not driver.ledger.owners.alive(owner)
    assert len(run.reserve(["under way"]).doubtful) == 1
    assert driver.ledger.run(run.id).held == 1_000
    assert run.reserve(["settled"]).known == ("settled",)
    driver.close()
