"""Ledgers as each version of leadkit wrote them: all open, keep what they say, and buy nothing again."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from leadkit.errors import ApprovalError
from leadkit.ledger import FactState, open_sqlite
from leadkit.ledger.database import check
from leadkit.ledger.schema import SCHEMA_VERSION
from tests.ledger.driver import LedgerDriver
from tests.ledger.freeze import DAY, KEYS, VERSIONS, told
from tests.ledger.test_migrations import add_column, later_leadkit, use_column, version

WRITTEN = sorted(VERSIONS.glob("*.sqlite")) + sorted(VERSIONS.glob("*.sql"))


@pytest.fixture(params=WRITTEN, ids=lambda path: path.name)
def home(tmp_path: Path, request: pytest.FixtureRequest) -> tuple[Path, str | None, Any]:
    """A copy of a ledger that a leadkit wrote: its folder, its URL if it is in PostgreSQL, and what it said."""
    path: Path = request.param
    said = json.loads(path.with_suffix(".json").read_text())
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    if path.suffix == ".sqlite":
        shutil.copyfile(path, folder / "ledger.sqlite")
        (folder / "ledger.sqlite").chmod(0o600)
        return folder, None, said
    url: str = request.getfixturevalue("postgres_url")
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(path.read_text().encode())
    return folder, url, said


@pytest.fixture
def written(home: tuple[Path, str | None, Any]) -> Iterator[tuple[LedgerDriver, Any]]:
    """The ledger, opened by today's leadkit on the day after it was written; and what it said then."""
    folder, url, said = home
    driver = LedgerDriver(folder, url)
    driver.clock.seconds += 101 * DAY
    yield driver, said
    driver.close()


def test_it_says_what_it_said_when_it_was_written(written: tuple[LedgerDriver, Any]) -> None:
    driver, said = written
    assert json.loads(json.dumps(told(driver))) == said


def test_it_buys_nothing_again_and_holds_what_it_held(written: tuple[LedgerDriver, Any]) -> None:
    driver, said = written
    states = said["states"]
    claim = driver.start_run(10**9, account="main").reserve(KEYS)
    in_doubt = {key for keys in claim.doubtful.values() for key in keys}
    listed = {KEYS[place] for place in said["suppressed"]}
    assert set(claim.known) == {key for key in KEYS if states[key] > FactState.IN_DOUBT} | listed
    assert in_doubt == {key for key in KEYS if states[key] == FactState.IN_DOUBT}
    assert set(claim.keys) == {key for key in KEYS if not states[key]} - listed
    held = {run["id"]: run["held"] for run in said["runs"]}
    assert {run.id: run.held for run in driver.ledger.runs() if run.id in held} == held


def test_what_was_under_way_can_be_repeated_or_decided_and_its_run_be_resumed(
    written: tuple[LedgerDriver, Any],
) -> None:
    driver, said = written
    *_, doubtful, left = driver.ledger.doubtful()
    run = driver.start_run(0, account="main")
    again = run.reclaim(left.call_id)
    assert again is not None
    assert (again.keys, again.reserved, again.attempt) == ((left.key,), left.held, 2)
    assert driver.ledger.decide(doubtful.call_id, "charged", by="tester") == 1
    unfinished = next(run for run in said["runs"] if run["state"] == "running")
    driver.ledger.resume_run(unfinished["id"], run.owner.id)
    charged = driver.ledger.run(unfinished["id"]).charged.least
    assert charged == unfinished["charged"][0] + doubtful.held


def test_an_approval_is_still_used_up_and_an_event_still_taken(written: tuple[LedgerDriver, Any]) -> None:
    driver, _ = written
    with pytest.raises(ApprovalError, match="has used this approval already"):
        driver.start_run(1_000, approval="seen by ann")
    assert driver.ledger.take_event("0123456789abcdef") is None


def test_its_file_is_whole(written: tuple[LedgerDriver, Any]) -> None:
    driver, _ = written
    driver.start_run(1_000)  # reads it through
    check(driver.ledger._engine, "here")


def test_a_later_leadkit_brings_it_up_to_date_and_its_amounts_stay(
    home: tuple[Path, str | None, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    later_leadkit(monkeypatch, add_column, use_column)
    folder, url, said = home
    driver = LedgerDriver(folder, url)
    assert version(driver) == str(SCHEMA_VERSION + 2)
    with driver.ledger.reading() as connection:
        assert connection.exec_driver_sql("SELECT DISTINCT colour FROM runs").scalar_one() == "green"
    assert json.loads(json.dumps(told(driver))) == said
    driver.close()


def test_each_version_is_kept_as_it_was_written_on_both_databases() -> None:
    numbers = [str(number) for number in range(1, SCHEMA_VERSION + 1)]
    assert [path.stem for path in WRITTEN] == numbers * 2


def test_no_table_of_this_version_is_changed_without_a_new_version(tmp_path: Path) -> None:
    open_sqlite(tmp_path / "ledger.sqlite").dispose()
    written, today = (
        _tables(path) for path in (VERSIONS / f"{SCHEMA_VERSION}.sqlite", tmp_path / "ledger.sqlite")
    )
    assert {name: today.get(name) for name in written} == written
    tables = {name for name, sql in written.items() if sql.startswith("CREATE TABLE")}
    new = {name: sql for name, sql in today.items() if name not in written}
    assert not [sql for sql in new.values() if any(f" ON {table} (" in sql for table in tables)]


def _tables(path: Path) -> dict[str, str]:
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
        return dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))
