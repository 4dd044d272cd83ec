"""What the ledger learned about people goes in time; what was paid stays."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

import leadkit
from leadkit.cli import app
from leadkit.clock import SystemClock
from leadkit.ledger import NEVER_ASKED, FactState
from leadkit.ledger.retention import Keeps, Purged, purge, purge_daily
from leadkit.money import Amount
from leadkit.plan import make_plan
from leadkit.providers.base import Answer
from leadkit.sandbox import Sandbox
from leadkit.settings import Settings
from leadkit.workspace import Workspace
from tests.ledger.driver import LedgerDriver

DAY = 86_400
FOUND, MISSING = Answer("found", {"verdict": "valid"}), Answer("not_found")


def keeps(days: int | None, miss_days: int | None = None) -> Callable[[str, str, Sequence[str]], Keeps]:
    return lambda provider, step, wants: Keeps(days, miss_days)


@pytest.fixture
def driver(tmp_path: Path) -> Iterator[LedgerDriver]:
    driver = LedgerDriver(tmp_path / "home")
    yield driver
    driver.close()


# -- answers ----------------------------------------------------------------------------------------------------


def test_an_answer_past_its_time_goes_and_with_it_whom_it_was_about(driver: LedgerDriver) -> None:
    run = driver.start_run(10_000)
    run.settle(run.reserve(["old"]), {"old": FOUND}, Amount(1000, 1000))
    driver.clock.seconds += 20 * DAY
    run.settle(run.reserve(["new"]), {"new": FOUND}, Amount(1000, 1000))
    driver.clock.seconds += 11 * DAY
    assert purge(driver.ledger, keeps(30)).answers == 1
    assert set(driver.ledger.answers(run.operation_id, ["old", "new"])) == {"new"}
    fresh_after: dict[int, int] = {FactState.FOUND: driver.ledger.now() - 30 * DAY}
    states = driver.ledger.states(run.operation_id, ["old", "new"], fresh_after=fresh_after)
    assert list(states) == [NEVER_ASKED, FactState.FOUND]


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_what_is_left_of_an_expired_fact_is_a_hash_its_price_and_its_date(
    database: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue("postgres_url") if database == "postgresql" else None
    driver = LedgerDriver(tmp_path / "two", url)
    run = driver.start_run(10_000, keys=["old@people.example", "never.bought@people.example"])
    run.settle(run.reserve(["old@people.example"]), {"old@people.example": FOUND}, Amount(1000, 1000))
    asked_at = driver.ledger.now()
    run.owner.release()
    driver.clock.seconds += 31 * DAY
    new = driver.start_run(10_000, keys=["new@people.example"])
    new.settle(new.reserve(["new@people.example"]), {"new@people.example": FOUND}, Amount(1000, 1000))
    assert purge(driver.ledger, keeps(30)) == Purged(answers=1, bodies=1)
    assert purge(driver.ledger, keeps(30)) == Purged(), "once is enough"
    with driver.ledger.reading() as connection:
        rows = connection.exec_driver_sql(
            "SELECT key, most, fetched_at FROM facts JOIN calls ON calls.id = call_id ORDER BY facts.id"
        ).all()
    (name, price, date), other = rows
    assert name.startswith("forgotten ")
    assert (price, date, other.key) == (1_000, asked_at, "new@people.example")
    assert driver.ledger.run_keys(run.id) == []
    assert driver.ledger.run_keys(new.id) == ["new@people.example"]
    driver.close()
    if database == "sqlite":
        content = b"".join(path.read_bytes() for path in driver.home.iterdir() if path.is_file())
        assert b"new@people.example" in content
        assert b"old@people.example" not in content


def test_a_fact_that_expired_twice_is_one_and_both_its_charges_stay(driver: LedgerDriver) -> None:
    run = driver.start_run(10_000)
    for _ in range(2):
        run.settle(run.reserve(["a"]), {"a": FOUND}, Amount(1000, 1000))
        driver.clock.seconds += 31 * DAY
        assert purge(driver.ledger, keeps(30)).answers == 1
    with driver.ledger.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM facts").scalar_one() == 1
    assert driver.ledger.run(run.id).charged == Amount(2_000, 2_000)
    assert run.reserve(["a"]).keys == ("a",)


def test_what_a_run_under_way_set_out_to_buy_stays_however_long_it_takes(driver: LedgerDriver) -> None:
    run = driver.start_run(10_000, keys=["a"])
    driver.clock.seconds += 400 * DAY
    purge(driver.ledger, keeps(30))
    assert driver.ledger.run_keys(run.id) == ["a"]
    run.owner.release()
    purge(driver.ledger, keeps(30))
    assert driver.ledger.run_keys(run.id) == []


def test_the_workbooks_of_a_person_are_named_long_after_the_ledger_has_let_their_keys_go(
    box: Sandbox, later: Callable[[int], Workspace]
) -> None:
    frame = pd.DataFrame({"Email": ["someone@example.com"]})
    plan = make_plan(frame, "validate_emails", {"email": "Email"}, workspace=later(0))
    plan.run(at_most=100, context={"output": "leads.enriched.xlsx"})
    workspace = later(200)
    workspace.purge()
    assert leadkit.forget(email="someone@example.com", workspace=workspace).outputs == (
        "leads.enriched.xlsx",
    )
    assert leadkit.forget(email="somebody.else@example.com", workspace=workspace).outputs == ()


def test_what_was_paid_stays_recorded(driver: LedgerDriver) -> None:
    run = driver.start_run(10_000)
    run.settle(run.reserve(["a", "b"]), dict.fromkeys("ab", FOUND), Amount(1_500, 2_000))
    calls, receipt = driver.ledger.calls(run.id), driver.ledger.run(run.id)
    driver.clock.seconds += 400 * DAY
    assert purge(driver.ledger, keeps(30)) == Purged(answers=2, bodies=1)
    assert driver.ledger.calls(run.id) == calls
    assert driver.ledger.run(run.id) == receipt


def test_a_miss_has_a_time_of_its_own_and_no_time_means_for_good(driver: LedgerDriver) -> None:
    run = driver.start_run(10_000)
    run.settle(run.reserve(["a", "b"]), {"a": FOUND, "b": MISSING}, None)
    driver.clock.seconds += 1000 * DAY
    assert purge(driver.ledger, keeps(None, 7)).answers == 1
    assert set(driver.ledger.answers(run.operation_id, ["a", "b"])) == {"a"}
    assert run.reserve(["a"]).known == ("a",)


def test_a_run_that_was_told_to_trust_older_answers_buys_what_is_gone_anew(driver: LedgerDriver) -> None:
    run = driver.start_run(10_000)
    fresh_after: dict[int, int] = {FactState.FOUND: driver.ledger.now() - 30 * DAY}
    run.settle(run.reserve(["a"]), {"a": FOUND}, None)
    driver.clock.seconds += 31 * DAY
    purge(driver.ledger, keeps(30))
    assert run.reserve(["a"], fresh_after=fresh_after).keys == ("a",)


def test_an_old_answer_that_is_being_bought_anew_stays_until_that_has_an_end(driver: LedgerDriver) -> None:
    run = driver.start_run(10_000)
    run.settle(run.reserve(["a"]), {"a": FOUND}, None)
    driver.clock.seconds += 31 * DAY
    later = driver.start_run(10_000)
    again = later.reserve(["a"], fresh_after={FactState.FOUND: driver.ledger.now()})
    assert purge(driver.ledger, keeps(30)).answers == 0
    later.release(again)
    assert driver.ledger.answers(run.operation_id, ["a"])["a"].values == {"verdict": "valid"}


# -- raw bodies -------------------------------------------------------------------------------------------------


def test_a_raw_body_goes_a_week_after_it_was_read_and_the_answer_stays(driver: LedgerDriver) -> None:
    run = driver.start_run(10_000)
    run.settle(run.reserve(["a"]), {"a": FOUND}, None, body=b"old")
    driver.clock.seconds += 2 * DAY
    run.settle(run.reserve(["b"]), {"b": FOUND}, None, body=b"new")
    driver.clock.seconds += 6 * DAY
    assert purge(driver.ledger, keeps(None)) == Purged(answers=0, bodies=1)
    assert driver.bodies() == [b"new"]
    assert set(driver.ledger.answers(run.operation_id, ["a", "b"])) == {"a", "b"}


def test_a_raw_body_goes_with_its_answer_when_that_is_kept_for_less_than_a_week(driver: LedgerDriver) -> None:
    run = driver.start_run(10_000)
    run.settle(run.reserve(["page"]), {"page": FOUND}, None)
    driver.clock.seconds += 2 * DAY
    assert purge(driver.ledger, keeps(1, 1)) == Purged(answers=1, bodies=1)


def test_the_body_of_a_call_in_doubt_stays(driver: LedgerDriver) -> None:
    run = driver.start_run(10_000)
    run.doubt(run.reserve(["a"]), "not JSON", body=b"<html>")
    driver.clock.seconds += 1  # another moment
    run.settle(run.reserve(["b", "c"]), {"b": FOUND}, None, body=b"c is left out")
    driver.clock.seconds += 1
    run.settle(run.reserve(["d"]), {"d": FOUND}, None, body=b"read")
    driver.clock.seconds += 400 * DAY
    purge(driver.ledger, keeps(30))
    assert driver.bodies() == [b"<html>", b"c is left out"]


# -- when -------------------------------------------------------------------------------------------------------


def test_opening_purges_once_a_day_at_most(driver: LedgerDriver) -> None:
    run = driver.start_run(10_000)
    purge_daily(driver.ledger, keeps(30))
    run.settle(run.reserve(["a"]), {"a": FOUND}, None)
    driver.clock.seconds += DAY - 1
    with sqlite3.connect(driver.home / "ledger.sqlite", isolation_level=None) as blocker:
        blocker.execute("BEGIN IMMEDIATE")  # a purge would wait for this, and fail
        assert purge_daily(driver.ledger, keeps(0)) == Purged()
    driver.clock.seconds += 8 * DAY
    purge_daily(driver.ledger, keeps(0))
    driver.clock.seconds += DAY
    assert purge_daily(driver.ledger, keeps(0)) == Purged(answers=1, bodies=1)


def test_a_clock_that_is_years_ahead_for_a_day_deletes_nothing_that_was_paid_for(
    driver: LedgerDriver,
) -> None:
    run = driver.start_run(10_000)
    purge_daily(driver.ledger, keeps(30))
    run.settle(run.reserve(["a"]), {"a": FOUND}, None)
    driver.clock.seconds += 5000 * DAY
    assert purge_daily(driver.ledger, keeps(30)) == Purged()
    driver.clock.seconds -= 4998 * DAY
    assert purge_daily(driver.ledger, keeps(30)) == Purged()
    assert run.reserve(["a"]).known == ("a",)


# -- in a workspace ---------------------------------------------------------------------------------------------


class LaterClock(SystemClock):
    def __init__(self, days: int) -> None:
        self._days = days

    def now(self) -> datetime:
        return super().now() + timedelta(days=self._days)


@pytest.fixture
def later(box: Sandbox, tmp_path: Path) -> Iterator[Callable[[int], Workspace]]:
    """Opens the workspace on the test's sandbox, so many days later."""
    opened: list[Workspace] = []

    def make(days: int) -> Workspace:
        environ = {**box.environ, "LEADKIT_HOME": str(tmp_path / "home")}
        opened.append(Workspace(Settings.from_environment(environ), clock=LaterClock(days), user="tester"))
        return opened[-1]

    yield make
    for workspace in opened:
        workspace.close()


def test_a_verdict_is_stale_after_its_month_and_an_unlock_is_known_for_ever(
    box: Sandbox, later: Callable[[int], Workspace]
) -> None:
    first = later(0)
    people = [person for person in box.world.known_to("leadleap") if not person.deleted][:4]
    emails = pd.DataFrame({"Email": [f"someone.{n}@example.com" for n in range(4)]})
    leads = pd.DataFrame({"Lead ID": [person.lead_id for person in people]})
    make_plan(emails, "validate_emails", {"email": "Email"}, workspace=first).run(at_most=100)
    make_plan(leads, "unlock", {"lead_id": "Lead ID"}, workspace=first).run(at_most=100)
    found = leadkit.search_people(country="DE", most_rows=10, workspace=first)
    charged, sent = box.charged("leadleap"), len(box.requests)

    for days in (200, 201):
        workspace = later(days)
        preview = make_plan(emails, "validate_emails", {"email": "Email"}, workspace=workspace).preview
        assert preview.rows["to buy"] == 4
        done = make_plan(leads, "unlock", {"lead_id": "Lead ID"}, workspace=workspace).run(at_most=0)
        assert done.receipt.rows["known"] == 4
        assert done.frame["leadleap_email"].notna().all()
    assert (box.charged("leadleap"), len(box.requests)) == (charged, sent)
    assert workspace.purge() == Purged(), "opening it the second day did that"
    with workspace.ledger.reading() as connection:
        left = connection.exec_driver_sql(
            "SELECT step, count(*) FROM answers JOIN facts ON facts.id = fact_id "
            "JOIN operations ON operations.id = operation_id GROUP BY step"
        ).all()
    assert [tuple(row) for row in left] == [("unlock", 4)]
    assert len(found) == 10


def test_purge_by_the_command_line_says_what_went(
    box: Sandbox, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    leadkit.search_people(country="DE", most_rows=10, workspace=workspace)
    with workspace.ledger.writing() as connection:
        connection.exec_driver_sql("UPDATE facts SET fetched_at = fetched_at - 3 * 86400")
        connection.exec_driver_sql("UPDATE bodies SET received_at = received_at - 3 * 86400")
    for name, value in {**box.environ, "LEADKIT_HOME": str(workspace.home)}.items():
        monkeypatch.setenv(name, value)
    said = CliRunner().invoke(app, ["purge"])
    assert said.output == (
        "Purge: 1 answers past their time and 1 raw answers were deleted. What was paid stays recorded.\n"
    )
    again = CliRunner().invoke(app, ["purge", "--json"])
    assert '"answers": 0' in again.output
