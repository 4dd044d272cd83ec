"""The ledger's file: for its owner only, refused when it cannot be trusted, in words."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from leadkit.byte_search import search
from leadkit.errors import LedgerError
from leadkit.ledger import open_sqlite
from leadkit.ledger.database import refuse_network_drive
from leadkit.providers.base import Answer
from tests.ledger.driver import LedgerDriver


@pytest.fixture
def driver(tmp_path: Path) -> Iterator[LedgerDriver]:
    driver = LedgerDriver(tmp_path / "home")
    yield driver
    driver.close()


def test_the_ledger_and_its_side_files_are_for_their_owner_only(driver: LedgerDriver) -> None:
    driver.start_run(1)
    files = [path for path in driver.home.iterdir() if path.is_file()]
    assert {path.name for path in files} >= {"ledger.sqlite", "ledger.sqlite-wal"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert stat.S_IMODE(driver.home.stat().st_mode) == 0o700


def test_a_ledger_that_others_can_read_is_refused(driver: LedgerDriver) -> None:
    path = driver.home / "ledger.sqlite"
    path.chmod(0o644)
    with pytest.raises(LedgerError, match="can be read by others. Nothing was sent. Run: chmod 600"):
        open_sqlite(path)


def test_a_ledger_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    path.write_bytes(b"not a database, " * 100)
    path.chmod(0o600)
    with pytest.raises(LedgerError, match="cannot be used: file is not a database. Nothing is sent"):
        open_sqlite(path)


def test_a_folder_that_cannot_be_made_is_an_error_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LedgerError, match="Nothing was sent. Set LEADKIT_HOME"):
        open_sqlite(tmp_path / "file" / "ledger.sqlite")


def test_a_sqlite_that_is_too_old_is_named_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 26, 0))
    with pytest.raises(
        LedgerError, match=r"the ledger needs 3\.30 or later. Nothing was sent. Use another build"
    ):
        open_sqlite(tmp_path / "home" / "ledger.sqlite")
    assert not (tmp_path / "home").exists()


def test_a_locked_ledger_says_so_and_nothing_is_reserved(
    driver: LedgerDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leadkit.ledger.database.BUSY_SECONDS", 0.05)
    other = LedgerDriver(driver.home)
    run = other.start_run(1_000)
    with sqlite3.connect(driver.home / "ledger.sqlite", isolation_level=None) as blocker:
        blocker.execute("BEGIN IMMEDIATE")
        with pytest.raises(LedgerError, match="Another program has held the ledger"):
            run.reserve(["a"])
        blocker.execute("ROLLBACK")
    assert not other.ledger.calls(run.id)
    other.close()


def test_threads_of_one_process_wait_for_each_other_however_long_it_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leadkit.ledger.database.BUSY_SECONDS", 0.0)  # another program would fail at once
    driver = LedgerDriver(tmp_path / "home")
    run = driver.start_run(10**9)
    failed: list[LedgerError] = []

    def reserve_many(name: str) -> None:
        try:
            for n in range(10):
                run.reserve([f"{name}{n}"])
        except LedgerError as error:
            failed.append(error)

    threads = [threading.Thread(target=reserve_many, args=(name,)) for name in "abcdefgh"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert len(driver.ledger.calls(run.id)) == 80
    driver.close()


def test_a_new_ledger_that_another_program_is_making_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    path.touch(mode=0o600)
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    made = threading.Timer(0.3, other.execute, ["COMMIT"])
    made.start()
    open_sqlite(path).dispose()
    made.join()
    other.close()


MOUNTS = """\
/dev/sda1 / ext4 rw 0 0
server:/home {team} nfs4 rw 0 0
/dev/sdb1 {team}/own ext4 rw 0 0
//server/files {blank} cifs rw 0 0
"""


@pytest.mark.parametrize(
    ("folder", "kind"), [("team", "nfs4"), ("team/deep/er", "nfs4"), ("with blank/x", "cifs")]
)
def test_a_ledger_on_a_network_drive_is_refused(tmp_path: Path, folder: str, kind: str) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(MOUNTS.format(team=tmp_path / "team", blank=f"{tmp_path}/with\\040blank"))
    with pytest.raises(LedgerError, match=rf"network drive \({kind}\).*Nothing was sent.*LEADKIT_LEDGER"):
        refuse_network_drive(tmp_path / folder / "ledger.sqlite", mounts)


def test_a_ledger_beside_or_under_a_network_drive_on_a_disk_of_its_own_is_taken(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(MOUNTS.format(team=tmp_path / "team", blank=tmp_path / "blank"))
    for folder in ("team/own/leadkit", "teams", "elsewhere"):
        refuse_network_drive(tmp_path / folder / "ledger.sqlite", mounts)
    refuse_network_drive(tmp_path / "ledger.sqlite", tmp_path / "no such list")


def test_a_ledger_without_a_version_is_refused(driver: LedgerDriver) -> None:
    with sqlite3.connect(driver.home / "ledger.sqlite") as connection:
        connection.execute("UPDATE workspace SET value = 'x' WHERE name = 'schema'")
    with pytest.raises(LedgerError, match="is damaged: it has no version. Nothing was sent"):
        open_sqlite(driver.home / "ledger.sqlite")


def test_no_run_starts_on_a_damaged_ledger(driver: LedgerDriver) -> None:
    run = driver.start_run(1_000)
    run.settle(run.reserve(["someone@people.example"]), {"someone@people.example": Answer("found")}, None)
    driver.close()
    path = driver.home / "ledger.sqlite"
    content = path.read_bytes()
    assert content.count(b"someone@people.example") == 2, "in the table and in its index"
    path.write_bytes(content.replace(b"someone@people.example", b"anyone.@people.example", 1))
    later = LedgerDriver(driver.home)
    with pytest.raises(LedgerError, match="is damaged .*Nothing was sent. Restore a copy"):
        later.start_run(1_000)
    later.close()


#: Opens a ledger, tells how many facts are in it, and ends: as the last to use it, as far as it can see.
ANOTHER_PROCESS = """
import sys
from pathlib import Path
from leadkit.ledger import open_sqlite
engine = open_sqlite(Path(sys.argv[1]))
with engine.connect() as connection:
    print(connection.exec_driver_sql("SELECT count(*) FROM facts").scalar_one())
engine.dispose()
"""


@pytest.mark.parametrize("meanwhile", ["opened twice", "searched byte by byte"])
def test_what_a_process_writes_is_kept_whoever_opens_and_closes_the_ledger_meanwhile(
    driver: LedgerDriver, meanwhile: str
) -> None:
    def facts_that_others_see() -> int:
        command = [sys.executable, "-c", ANOTHER_PROCESS, str(path)]
        return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    path = driver.home / "ledger.sqlite"
    run = driver.start_run(10_000)
    run.reserve(["a", "b"])
    if meanwhile == "opened twice":
        open_sqlite(path).dispose()
    else:
        search(driver.home, {"a"})
    assert facts_that_others_see() == 2
    run.reserve(["c", "d"])
    assert facts_that_others_see() == 4
