"""``python -m tests.simulation --schedules 20000 --seed 0``; and one schedule again, with its trace."""

from __future__ import annotations

import argparse
import itertools
import sys
import time

from tests.simulation.disk import disks
from tests.simulation.planted import PLANTED
from tests.simulation.schedule import Schedule
from tests.simulation.search import first_failure, remember, search, shrink, tell
from tests.simulation.world import simulate


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--schedules", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=0, help="the first one")
    parser.add_argument("--provider", help="only seeds that speak its protocol, as many as are asked for")
    parser.add_argument(
        "--again", metavar="LINE", help="one schedule, as regressions.txt has it, with its trace"
    )
    parser.add_argument(
        "--planted", action="store_true", help="which share of the schedules catches each bug"
    )
    asked = parser.parse_args()
    seeds = range(asked.seed, asked.seed + asked.schedules)
    if asked.again:
        with disks() as place:
            report = simulate(Schedule.from_line(asked.again), place, keep_trace=True)
        print(tell(report))
        return 1 if report.failure else 0
    if asked.planted:
        return _planted(seeds)
    started = time.monotonic()
    fitting = map(Schedule.of, itertools.count(asked.seed))
    if asked.provider:
        fitting = (schedule for schedule in fitting if schedule.provider == asked.provider)
    summary = search(list(itertools.islice(fitting, asked.schedules)))
    print(f"{summary}; {time.monotonic() - started:.0f} s")
    for report in summary.failures[:5]:
        with disks() as place:
            small = shrink(report, place)
        remember(small)
        print(f"\n{tell(small)}")
    return 1 if summary.failures else 0


def _planted(seeds: range) -> int:
    missed = 0
    for name, product in PLANTED.items():
        with disks() as place:
            caught = [seed for seed in seeds if first_failure([Schedule.of(seed)], place, product)]
        missed += not caught
        print(
            f"{name:<55} {len(caught) / len(seeds):7.2%}  first {caught[0] if caught else 'never'}",
            flush=True,
        )
    return missed


if __name__ == "__main__":
    sys.exit(main())
