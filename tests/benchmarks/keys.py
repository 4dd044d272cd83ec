"""What turning a column of addresses into keys costs, beside a pandas merge of the same column.

Run: ``python -m tests.benchmarks.keys``. Prints a table; exits with 1 when a million rows cost more CPU than the
merge, take more than 200 MB of their own, or cost much more for each row than ten thousand rows do.

CPU seconds, the median of paired rounds: read the ratios, not the seconds.
"""

from __future__ import annotations

import multiprocessing
import random
import resource
import statistics
import sys
import time
from collections.abc import Callable

import pandas as pd

from leadkit.keys import canonical
from leadkit.schemas import check_intake

SIZES = (10_000, 100_000, 1_000_000)
ROUNDS = 5
REPEATS_SHARE = 0.3
MOST_OF_MERGE, MOST_MEGABYTES, MOST_GROWTH = 1.0, 200, 2.5


def addresses(rows: int) -> tuple[pd.Series[str], pd.Series[str]]:
    """``rows`` cells, 30 % of them repeats in mixed case and with blanks, shuffled; and the distinct addresses."""
    rng = random.Random(rows)
    first, last = ["anna", "bertram", "carla", "dov"], ["stone", "lake", "hill", "meadow", "brook"]
    distinct = [
        f"{first[n % 4]}.{last[n % 5]}{n}@ex{n % 997}.example.com"
        for n in range(int(rows * (1 - REPEATS_SHARE)))
    ]
    spell: list[Callable[[str], str]] = [str.upper, str.title, " {}".format, "{} ".format, str]
    cells = distinct + [rng.choice(spell)(rng.choice(distinct)) for _ in range(rows - len(distinct))]
    rng.shuffle(cells)
    cells = "\n".join(cells).split("\n")  # new strings one after the other in memory, as a file is read
    return pd.Series(cells), pd.Series(distinct)


def cpu_seconds(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def measure(rows: int) -> tuple[float, float, float]:
    """CPU seconds for the keys, CPU seconds for the merge, and the megabytes that the keys took at the peak."""
    cells, distinct = addresses(rows)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    canonical("email", cells)
    megabytes = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    left, right = cells.to_frame("email"), distinct.to_frame("email").assign(answer=1)
    rounds = [
        (
            cpu_seconds(lambda: canonical("email", cells)),
            cpu_seconds(lambda: left.merge(right, on="email", how="left")),
        )
        for _ in range(ROUNDS)
    ]
    keys, merge = (statistics.median(column) for column in zip(*rounds, strict=True))
    return keys, merge, megabytes


def report_problems() -> None:
    cells = [f"person{n}@example.com" if n % 5 else f"person{n}.example.com" for n in range(100_000)]
    report = check_intake(pd.DataFrame({"Email": cells}), "validate_emails", {"email": "Email"})
    assert len(report.warnings) == 20_000


def main() -> int:
    print(f"{'rows':>10} {'keys s':>8} {'merge s':>8} {'ratio':>6} {'µs a row':>9} {'extra MB':>9}")
    found = []
    for rows in SIZES:
        with multiprocessing.get_context("spawn").Pool(
            1
        ) as pool:  # its own process: a peak of memory never falls
            keys, merge, megabytes = pool.apply(measure, (rows,))
        found.append(keys / rows)
        print(
            f"{rows:>10,} {keys:>8.3f} {merge:>8.3f} {keys / merge:>6.2f} {keys / rows * 1e6:>9.2f} {megabytes:>9.0f}"
        )
    print(f"check_intake with 20,000 problems in 100,000 rows: {cpu_seconds(report_problems):.2f} s")
    growth = found[-1] / found[0]
    print(f"a row of the largest costs {growth:.1f} times a row of the smallest")
    return int(keys / merge > MOST_OF_MERGE or megabytes > MOST_MEGABYTES or growth > MOST_GROWTH)


if __name__ == "__main__":
    sys.exit(main())
