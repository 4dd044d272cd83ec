"""Many schedules on all processors, and the smallest schedule that still shows a failure."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

from tests.simulation.disk import Disks, disks
from tests.simulation.schedule import Schedule
from tests.simulation.world import Product, Report, simulate

REGRESSIONS = Path(__file__).parent / "regressions.txt"
_CHUNK = 50


@dataclass
class Summary:
    """What many schedules showed."""

    schedules: int = 0
    steps: int = 0
    kills: int = 0
    requests: int = 0
    charges: int = 0
    digests: dict[int, str] = field(default_factory=dict)
    failures: list[Report] = field(default_factory=list)

    def add(self, report: Report) -> None:
        self.schedules += 1
        self.steps += report.steps
        self.kills += report.kills
        self.requests += report.requests
        self.charges += report.charges
        self.digests[report.schedule.seed] = report.digest
        if report.failure:
            self.failures.append(report)

    def count(self, *invariants: str) -> int:
        """How many schedules failed with one of these."""
        return sum(report.failure.startswith(invariants) for report in self.failures)

    def __str__(self) -> str:
        return (
            f"{self.schedules:,} schedules: {self.steps:,} steps, {self.requests:,} paid requests, "
            f"{self.charges:,} charges, {self.kills:,} kills; double charges {self.count('I2')}, budget overruns "
            f"{self.count('I3')}, rows lost {self.count('I4', 'I6', 'I7', 'I8')}, all failures {len(self.failures)}"
        )


def search(schedules: Sequence[Schedule], *, workers: int | None = None) -> Summary:
    """Carry out all of them, on as many processors as there are."""
    summary = Summary()
    chunks = [schedules[n : n + _CHUNK] for n in range(0, len(schedules), _CHUNK)]
    # Fresh interpreters: a fork of a test run with threads may hang.
    with ProcessPoolExecutor(workers or os.cpu_count(), get_context("spawn"), _start) as pool:
        for reports in pool.map(_carry_out, chunks):
            for report in reports:
                summary.add(report)
    return summary


def _start() -> None:
    """What is loaded stays: looking through it for garbage again and again takes a tenth of the time."""
    gc.freeze()
    gc.set_threshold(20_000)


def _carry_out(schedules: Sequence[Schedule]) -> list[Report]:
    with disks() as place:
        return [simulate(schedule, place) for schedule in schedules]


def first_failure(
    schedules: Iterable[Schedule], place: Disks, product: Product | None = None
) -> Report | None:
    """The first schedule that fails, one after the other."""
    for schedule in schedules:
        report = simulate(schedule, place, product)
        if report.failure:
            return report
    return None


def shrink(report: Report, place: Disks, product: Product | None = None) -> Report:
    """The smallest schedule found that still fails: fewer rows, then fewer faults, processes and kills."""
    while (smaller := first_failure(report.schedule.simpler(), place, product)) is not None:
        report = smaller
    return report


def regressions() -> list[Schedule]:
    """The schedules that failed once; they are carried out first, for ever."""
    return [Schedule.from_line(line) for line in _lines(REGRESSIONS)]


def remember(report: Report) -> str:
    """Add a failing schedule to the regressions; returns its line."""
    line = report.schedule.to_line()
    if line not in _lines(REGRESSIONS):
        with REGRESSIONS.open("a") as file:
            file.write(f"# {report.failure}\n{line}\n")
    return line


def tell(report: Report) -> str:
    """A failure with all that is needed to look into it."""
    trace = "\n".join(report.trace)
    again = f"python -m tests.simulation --again '{report.schedule.to_line()}'"
    return f"{trace}\n{report.schedule}\n{report.failure}\nAgain: {again}"


def _lines(path: Path) -> Iterator[str]:
    lines = path.read_text().splitlines() if path.exists() else []
    return (line for line in lines if line and not line.startswith("#"))
