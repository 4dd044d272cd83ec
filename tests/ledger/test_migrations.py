"""A ledger that an older leadkit wrote: brought up to date whole or left alone, and nothing in it is lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection

from leadkit.errors import LedgerError
from leadkit.ledger import database, migrations
from leadkit.ledger.schema import SCHEMA_VERSION
from leadkit.money import Amount
from leadkit.providers.base import Answer
from tests.ledger.driver import LedgerDriver

FOUND = Answer("found", {"verdict": "valid"})


@pytest.fixture(params=["sqlite", "postgresql"])
def driver(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[LedgerDriver]:
    """A ledger of today with one answer in it; the tests call its version an old one."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else None
    driver = LedgerDriver(tmp_path / "home", url)
    run = driver.start_run(1_000)
    run.settle(run.reserve(["a"]), {"a": FOUND}, Amount(1_000, 1_000))
    yield driver
    driver.close()


def later_leadkit(monkeypatch: pytest.MonkeyPatch, *steps: migrations.Step) -> None:
    """A leadkit whose tables are newer by as many versions as there are steps."""
    now = SCHEMA_VERSION
    monkeypatch.setattr(database, "SCHEMA_VERSION", now + len(steps))
    monkeypatch.setattr(migrations, "STEPS", {now + n: step for n, step in enumerate(steps)})


def add_column(connection: Connection) -> None:
    connection.exec_driver_sql("ALTER TABLE runs ADD COLUMN colour TEXT NOT NULL DEFAULT 'blue'")


def use_column(connection: Connection) -> None:
    connection.exec_driver_sql("UPDATE runs SET colour = 'green'")


def version(driver: LedgerDriver) -> str:
    with driver.ledger.reading() as connection:
        query = "SELECT value FROM workspace WHERE name = 'schema'"
        found: str = connection.exec_driver_sql(query).scalar_one()
    return found


def test_an_older_ledger_is_upgraded_step_by_step_and_keeps_what_was_paid_for(
    driver: LedgerDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = int(version(driver))
    later_leadkit(monkeypatch, add_column, use_column)
    later = LedgerDriver(driver.home, driver.url)
    assert int(version(later)) == before + 2
    with later.ledger.reading() as connection:
        assert connection.exec_driver_sql("SELECT DISTINCT colour FROM runs").scalar_one() == "green"
    assert later.start_run(1_000).reserve(["a"]).known == ("a",)
    later.close()


def test_an_upgrade_that_fails_midway_leaves_the_ledger_as_it_was(
    driver: LedgerDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(connection: Connection) -> None:
        connection.exec_driver_sql("SELECT no_such_column FROM runs")

    before = version(driver)
    with monkeypatch.context() as patch:
        later_leadkit(patch, add_column, fail)
        with pytest.raises(LedgerError, match="no_such_column"):
            LedgerDriver(driver.home, driver.url)
    again = LedgerDriver(driver.home, driver.url)
    assert version(again) == before
    with pytest.raises(LedgerError, match="colour"), again.ledger.reading() as connection:
        connection.exec_driver_sql("SELECT colour FROM runs")
    again.close()


def test_a_ledger_that_nothing_leads_on_from_is_refused(
    driver: LedgerDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "SCHEMA_VERSION", SCHEMA_VERSION + 1)
    with pytest.raises(LedgerError, match="which this leadkit cannot read. Nothing was sent"):
        LedgerDriver(driver.home, driver.url)


def test_a_ledger_of_a_newer_leadkit_is_refused_and_left_alone(
    driver: LedgerDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "SCHEMA_VERSION", SCHEMA_VERSION - 1)
    with pytest.raises(LedgerError, match="written by a newer leadkit. Nothing was sent. Update leadkit"):
        LedgerDriver(driver.home, driver.url)


def test_every_version_has_a_step_to_the_next() -> None:
    assert set(migrations.STEPS) == set(range(1, SCHEMA_VERSION))
