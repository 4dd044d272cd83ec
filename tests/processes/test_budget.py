"""Several processes on one ledger and one budget: exactly the budget is granted, on both databases."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ledger.driver import LedgerDriver
from tests.processes.conftest import Ask
from tests.processes.programs import reserve_many

PROCESSES, TIMES, BUDGET = 8, 60, 100


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_eight_processes_are_granted_exactly_the_budget(
    database: str, ask: Ask, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue("postgres_url") if database == "postgresql" else None
    driver = LedgerDriver(tmp_path / "home", url)
    run = driver.start_run(BUDGET * 1_000)
    told = [ask(reserve_many, driver.home, url, f"process {n}", TIMES, run.id) for n in range(PROCESSES)]
    granted = [answer() for answer in told]
    assert sum(granted) == BUDGET
    record = driver.ledger.run(run.id)
    assert (record.calls, record.charged.most, record.held) == (BUDGET, BUDGET * 1_000, 0)
    print(f"{database}: {PROCESSES} processes x {TIMES} operations, {sum(granted)} of {BUDGET} granted")
    driver.close()
