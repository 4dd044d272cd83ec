"""Thousands of seeded schedules of the real engine and ledger: nothing is paid twice, over the limit, or lost."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.simulation.disk import Disks, disks
from tests.simulation.planted import PLANTED
from tests.simulation.schedule import FAULTS, Schedule
from tests.simulation.search import first_failure, regressions, search, shrink, tell
from tests.simulation.world import simulate

#: The rarest of the planted bugs is caught by one schedule in twenty-five.
SEEDS_FOR_PLANTED = 400
#: Seeds that have caught the rarer ones, to be tried first.
CAUGHT_BY = {
    "answer not matched by id": 44,
    "500 treated as uncharged": 5,
    "no unique key on the paid fact": 5,
    "decision on a read outside the write transaction": 5,
    "reservation expires by the clock on the wall": 2,
    "free repeat recorded as cost 0": 2,
    "unreadable body treated as uncharged": 2,
}


@pytest.fixture
def place() -> Iterator[Disks]:
    with disks() as made:
        yield made


def test_no_schedule_charges_twice_overruns_a_budget_or_loses_a_row(pytestconfig: pytest.Config) -> None:
    seeds = range(pytestconfig.getoption("--schedules"))
    summary = search([*regressions(), *map(Schedule.of, seeds)])
    print(summary)
    if summary.failures:
        with disks() as place:
            pytest.fail(tell(shrink(summary.failures[0], place)))
    assert summary.kills > len(seeds) / 4, "the schedules are harmless"
    assert summary.charges > len(seeds), "the schedules buy nothing"


@pytest.mark.parametrize("bug", PLANTED)
def test_a_planted_bug_is_caught(bug: str, place: Disks) -> None:
    seeds = [CAUGHT_BY.get(bug, 0), *range(SEEDS_FOR_PLANTED)]
    found = first_failure(map(Schedule.of, seeds), place, PLANTED[bug])
    assert found is not None
    assert not simulate(found.schedule, place).failure, "the product itself fails there"


def test_a_failure_is_shrunk_and_can_be_repeated_from_its_line(place: Disks) -> None:
    bug = PLANTED["retry after timeout"]
    found = first_failure(map(Schedule.of, range(SEEDS_FOR_PLANTED)), place, bug)
    assert found is not None
    small = shrink(found, place, bug)
    assert small.failure
    assert len(small.schedule.faults) <= len(found.schedule.faults)
    assert small.schedule.rows <= found.schedule.rows
    assert (small.schedule.processes, small.schedule.threads) == (1, 1)
    assert small.schedule.kills <= 1
    again = simulate(Schedule.from_line(small.schedule.to_line()), place, bug)
    assert (again.failure, again.digest) == (small.failure, small.digest)
    assert not simulate(small.schedule, place).failure, "the product itself has no such bug"


def test_a_seed_gives_the_same_trace_in_another_interpreter(place: Disks) -> None:
    seeds = range(1000, 1008)
    here = [simulate(Schedule.of(seed), place).digest for seed in seeds]
    program = (
        "from tests.simulation.search import *\n"
        f"with disks() as place: print(*(simulate(Schedule.of(s), place).digest for s in {list(seeds)}))"
    )
    for hash_seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(Path(__file__).parents[2])},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.split() == here


@pytest.mark.parametrize("fault", FAULTS)
def test_each_kind_of_trouble_really_happens(fault: str, place: Disks) -> None:
    schedules = (
        dataclasses.replace(
            Schedule.of(seed),
            faults=(fault,),
            fault_rate=0.9,
            store_fault_rate=0.3,
            repeat="free",
            joins=False,
        )
        for seed in range(20)
    )
    sign = _SIGNS.get(fault, f"meets {fault}")
    assert any(sign in line for s in schedules for line in simulate(s, place, keep_trace=True).trace)


_SIGNS = {
    "locked": "is told: database is locked",
    "disk_full": "is told: database or disk is full",
    "io_error": "is told: disk I/O error",
    "commit_lost": "is told: disk I/O error",
    "read_only": "is told: attempt to write a readonly",
    "hour_jumps": "the clock on the wall is wrong",
    "day_jumps": "the clock on the wall is wrong",
}
