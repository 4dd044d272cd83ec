"""One rate limit for several processes: threads, files, machines and what goes wrong with them."""

from __future__ import annotations

import importlib.util
import logging
import sqlite3
import stat
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType

import pytest
from sqlalchemy import Engine, event

from leadkit.clock import Clock, SystemClock
from leadkit.ledger import FileOwners, Owners, PostgresOwners, open_postgres
from leadkit.ledger.shared_pace import SharedState, open_pace_file
from leadkit.pace import Pace
from leadkit.providers.base import RateLimit
from leadkit.workspace import Workspace
from tests.conftest import FakeClock

LIMIT = RateLimit(requests=60, seconds=60.0, source="a test")

#: Opens the state as another process would, with a clock of its own if one is given.
Join = Callable[..., "Process"]


class Process:
    """A process that shares the limit."""

    def __init__(
        self, engine: Engine, owners: Owners, clock: Clock, limit: RateLimit = LIMIT, key: str = "key"
    ) -> None:
        self.pace = Pace(limit, clock, SharedState(engine, "testing", key, limit, clock, owners))
        self.transactions = self.writes = 0
        event.listen(engine, "begin", self._count)
        event.listen(engine, "before_cursor_execute", self._count_writes)

    def send(self, times: int = 1, told: Mapping[str, str] | None = None) -> None:
        for _ in range(times):
            assert self.pace.acquire()
            self.pace.learn(told or {}, 200)

    def send_unanswered(self, times: int, clock: Clock) -> None:
        for _ in range(times):
            number, _ = self.pace._state.change(lambda window: window.take(clock.monotonic()))
            assert number is not None

    def _count(self, *_: object) -> None:
        self.transactions += 1

    def _count_writes(self, _: object, __: object, statement: str, *___: object) -> None:
        self.writes += statement.startswith(("INSERT", "UPDATE"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "pace.sqlite"


@pytest.fixture
def join(path: Path, clock: FakeClock) -> Iterator[Join]:
    engines: list[Engine] = []

    def make(own_clock: FakeClock = clock, **more: RateLimit | str) -> Process:
        engines.append(open_pace_file(path))
        return Process(engines[-1], FileOwners(path.parent / "locks"), own_clock, **more)  # type: ignore[arg-type]

    yield make
    for engine in engines:
        engine.dispose()


def _benchmark() -> ModuleType:
    """The servers, the simulation and the clients of the benchmark, which is a script."""
    path = Path(__file__).parents[1] / "benchmarks" / "pace.py"
    spec = importlib.util.spec_from_file_location("shared_pace_benchmark", path)
    assert spec
    assert spec.loader
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


benchmark = _benchmark()


# -- the rate that several processes use together ---------------------------------------------------------------


@pytest.mark.parametrize("headers", [True, False])
def test_three_real_processes_on_one_key_are_never_turned_away(headers: bool) -> None:
    """How much of the rate they use is a matter of time, and so of the benchmark; in virtual time it is below."""
    result = benchmark.real_run(processes=3, headers=headers, limit=30, seconds=2.0, windows=4)
    assert result.refused == 0


@pytest.mark.parametrize("server", ["fixed window", "fixed, out of phase", "bucket, reset = next"])
def test_three_processes_leave_no_part_of_the_rate_unused(server: str) -> None:
    result = benchmark.simulate(
        benchmark.SERVERS[server](60, 60.0), latency=0.05, headers=True, processes=3, windows=8
    )
    assert result.share >= 0.97
    assert result.refused == 0


def test_what_one_process_sent_the_other_waits_for(join: Join, clock: FakeClock) -> None:
    one, other = join(), join()
    one.send(30)
    other.send(30)
    assert clock.seconds < 1
    assert one.pace.acquire()
    assert clock.seconds >= 60


def test_requests_that_two_processes_have_under_way_at_once_are_two(join: Join) -> None:
    one, other = join(), join()
    one.send()
    other.send()
    assert one.pace.acquire()
    assert other.pace.acquire()
    one.pace.learn({}, 200)
    other.pace.learn({}, 200)
    assert join().pace.seconds_for(56) == 0
    assert join().pace.seconds_for(57) > 0


def test_what_one_process_learned_from_an_answer_the_other_knows(join: Join, clock: FakeClock) -> None:
    one, other = join(), join()
    told = {"x-ratelimit-limit": "60", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "30"}
    one.send(1, told)
    assert other.pace.acquire()
    assert 30 <= clock.seconds <= 33


def test_another_key_has_a_limit_of_its_own(join: Join, clock: FakeClock) -> None:
    join().send(60)
    join(key="another").send(60)
    assert clock.seconds < 1


def test_workspaces_on_one_ledger_share_the_limit_of_their_key(
    open_workspace: Callable[..., Workspace],
) -> None:
    one, other = open_workspace(), open_workspace()
    operation = one.provider("leadleap").operation("validate_emails")
    for _ in range(operation.limit.requests):
        assert one.pace(operation).acquire()
        one.pace(operation).learn({}, 200)
    assert other.pace(operation).seconds_for(1) > 30
    stranger = open_workspace(LEADLEAP_API_KEY="another-key")
    assert stranger.pace(operation).seconds_for(1) == 0


# -- processes that end in the middle of a request ---------------------------------------------------------------


def test_what_a_dead_process_had_under_way_counts_for_one_window_and_no_longer(
    join: Join, clock: FakeClock
) -> None:
    dead, other = join(), join()
    dead.send()
    dead.send_unanswered(59, clock)
    other.pace.close()
    dead.pace.close()  # as the system does when it is killed
    later = join()
    clock.seconds += 2
    later.send()
    assert 60 <= clock.seconds <= 64


def test_what_a_living_process_has_under_way_keeps_its_place(join: Join, clock: FakeClock) -> None:
    slow, other = join(), join()
    slow.send()
    slow.send_unanswered(59, clock)
    clock.seconds += 70  # the first has left the window
    other.send()
    assert clock.seconds < 75
    number, _ = other.pace._state.change(lambda window: window.take(clock.seconds))
    assert number is None


def test_what_a_machine_without_its_connection_had_under_way_is_let_go(postgres_url: str) -> None:
    engine, clock = open_postgres(postgres_url), SystemClock()
    owners = PostgresOwners(engine)
    dead, living = Process(engine, owners, clock), Process(engine, owners, clock)
    for process in (dead, living):
        process.send()
        process.send_unanswered(5, clock)
    dead.pace.close()
    later = Process(engine, owners, clock)
    assert later.pace._state.change(lambda window: len(window.under_way)) == 5
    assert later.pace._state.change(lambda window: len(window.counted)) == 7
    for process in (living, later):
        process.pace.close()
    engine.dispose()


# -- what it costs ----------------------------------------------------------------------------------------------


def test_threads_that_wait_ask_the_database_together(join: Join, clock: FakeClock) -> None:
    process = join()
    process.send(60)
    state, before = process.pace._state, process.transactions
    for _ in range(400):  # 16 threads that look again every 40 ms, for a second
        state.change(lambda window: window.take(clock.seconds))
        clock.seconds += 1 / 400
    assert process.transactions - before <= 20


def test_looking_how_long_it_will_take_writes_nothing(join: Join, clock: FakeClock) -> None:
    process = join()
    process.send(60)
    before = process.writes
    for _ in range(30):
        clock.seconds += 1
        assert process.pace.seconds_for(1) > 0
    clock.seconds += 60  # what was sent is counted no more
    assert process.pace.seconds_for(1) == 0
    assert process.writes == before


def test_a_limit_that_nobody_reaches_makes_no_long_row(join: Join, path: Path) -> None:
    process = join()
    told = {"x-ratelimit-limit": "1000000", "x-ratelimit-remaining": "999999", "x-ratelimit-reset": "60"}
    process.send(3_000, told)
    assert process.transactions < 10
    assert len(_row(path)) < 1_000
    join().send(3_000, told)
    assert len(_row(path)) < 1_000


# -- other clocks -----------------------------------------------------------------------------------------------


def test_after_a_restart_of_the_machine_the_wait_is_a_window_at_most(join: Join, clock: FakeClock) -> None:
    clock.seconds = 1e6
    join().send(60)
    restarted = FakeClock()
    after = join(restarted)
    assert after.pace.acquire()
    assert 59 <= restarted.seconds <= 61


def test_what_was_sent_before_a_restart_is_forgotten_a_window_later(join: Join, clock: FakeClock) -> None:
    clock.seconds = 1e6
    join().send(30)
    restarted = FakeClock()
    after = join(restarted)
    after.send(10)
    restarted.seconds = 40
    after.send(10)
    restarted.seconds = 65
    after.send(50)
    assert restarted.seconds == 65
    after.send()
    assert restarted.seconds > 99


def test_after_a_quiet_night_one_request_goes_ahead_to_see_the_count(join: Join, clock: FakeClock) -> None:
    one, other = join(), join()
    one.send(2)
    clock.seconds += 30_000
    assert one.pace.acquire()
    before = clock.seconds
    assert other.pace.acquire()
    assert clock.seconds - before >= 1, "it waited for the answer to the first one"


class OtherClock(SystemClock):
    """The clock of another machine, whose arbitrary start is another."""

    def __init__(self, ahead_seconds: float) -> None:
        self._ahead_seconds = ahead_seconds

    def monotonic(self) -> float:
        return super().monotonic() + self._ahead_seconds


def test_machines_with_other_clocks_share_the_limit_through_postgresql(postgres_url: str) -> None:
    engine = open_postgres(postgres_url)
    hour = RateLimit(60, 3600.0, "a test")
    owners = PostgresOwners(engine)
    one = Process(engine, owners, SystemClock(), hour)
    other = Process(engine, owners, OtherClock(5e6), hour)
    one.send(40)
    other.send(20)
    third = Process(engine, owners, OtherClock(-5e6), hour)
    assert 3500 < third.pace.seconds_for(1) < 3610
    assert third.pace.seconds_for(1) == pytest.approx(other.pace.seconds_for(1), abs=60)
    assert not third.pace._state.change(lambda window: window.take(OtherClock(-5e6).monotonic()))[0]
    engine.dispose()


def test_a_postgresql_that_has_gone_stops_nobody(postgres_url: str, clock: FakeClock) -> None:
    engine = open_postgres(postgres_url)
    process = Process(engine, PostgresOwners(engine), clock)
    process.send(3)
    with engine.connect() as connection:
        connection.exec_driver_sql("DROP TABLE paces")
        connection.commit()
    process.send(57)
    assert clock.seconds < 1
    engine.dispose()


# -- when it cannot be used -------------------------------------------------------------------------------------


def test_the_file_is_for_its_owner_only(join: Join, path: Path) -> None:
    join().send()
    files = list(path.parent.glob("pace.sqlite*"))
    assert len(files) > 1, "with its side files"
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_a_row_that_cannot_be_read_starts_anew(
    join: Join, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    join().send(60)
    for broken in ("", "{", "[]", '{"at": "now"}', '{"at": 0, "under_way": 7}', '{"at": null}', "\x00"):
        with sqlite3.connect(path) as file:
            file.execute("UPDATE paces SET state = ?", (broken,))
        caplog.clear()
        process = join()
        process.send(3)
        assert [record.levelno for record in caplog.records] == [logging.WARNING]
        assert "testing was not readable and starts anew" in caplog.text
        assert _row(path) != broken


def test_a_file_that_is_no_database_stops_nobody(
    join: Join, path: Path, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    path.write_bytes(b"no database, " * 1000)
    path.chmod(0o600)
    process = join()
    process.send(60)
    assert clock.seconds < 1
    process.send()
    assert clock.seconds >= 60, "it kept to the limit by itself"
    (record,) = caplog.records
    assert "cannot be shared with other processes (file is not a database)" in record.getMessage()


def test_a_file_that_another_program_holds_delays_but_stops_nobody(
    join: Join,
    path: Path,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("leadkit.ledger.shared_pace._BUSY_SECONDS", 0.05)
    process = join()
    process.send(5)
    with sqlite3.connect(path, isolation_level=None) as blocker:
        blocker.execute("BEGIN IMMEDIATE")
        process.send(5)
        blocker.execute("ROLLBACK")
    assert "database is locked" in caplog.text
    assert process.pace.seconds_for(51) > 0, "what it sent by itself counts, and what it sent before"
    clock.seconds += 61
    process.send(5)
    assert len(caplog.records) == 1
    assert join().pace.seconds_for(56) > 0, "shared again after a while"


def test_a_folder_that_is_gone_stops_nobody(tmp_path: Path, clock: FakeClock) -> None:
    engine, owners = open_pace_file(tmp_path / "gone" / "pace.sqlite"), FileOwners(tmp_path / "locks")
    Process(engine, owners, clock).send(60)
    assert clock.seconds < 1


def _row(path: Path) -> str:
    with sqlite3.connect(path) as file:
        return str(file.execute("SELECT state FROM paces").fetchone()[0])
