"""The main job on 10,000 rows of 8,000 people: requests used, and what a kill costs.

Run: ``python -m tests.benchmarks.main_job``. Prints a table; exits with 1 when a figure is off.

The sandbox answers after 30 ms and its rate limit is lifted. Each address is charged 1 credit the first time,
so that its charge record shows what was paid, and paid twice.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import pandas as pd

from leadkit.sandbox import Sandbox

ROWS, PEOPLE = 10_000, 8_000
SERVER = {"credits": 50_000, "delay_seconds": 0.03, "validation_millicredits": 1000}


def address(n: int) -> str:
    return f"person.{n}@company{n % 97}.example.com"


def spelled(text: str, rng: random.Random) -> str:
    """The same address as people type it."""
    text = rng.choice([str.lower, str.upper, str.title])(text)
    return rng.choice(["", " ", "  "]) + text + rng.choice(["", " ", "\t"])


def people(rng: random.Random) -> list[str]:
    numbers = list(range(PEOPLE)) + [rng.randrange(PEOPLE) for _ in range(ROWS - PEOPLE)]
    rng.shuffle(numbers)
    return [spelled(address(n), rng) for n in numbers]


def write(path: Path, emails: list[str], **more: list[str]) -> None:
    names = [f"Person {n}" for n in range(len(emails))]
    pd.DataFrame({"Name": names, "Email": emails, **more}).to_csv(path, index=False)


def leadkit(box: Sandbox, home: Path, book: Path) -> subprocess.Popen[bytes]:
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("LEADKIT_", "LEAD"))}
    environ |= {**box.environ, "LEADKIT_HOME": str(home)}
    command = [sys.executable, "-m", "leadkit", "run", str(book), "validate-emails", "--email", "Email"]
    command += ["--at-most", "20000", "--overwrite", "-o", str(book.with_suffix(".out.csv"))]
    return subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def run_to_end(box: Sandbox, home: Path, book: Path) -> tuple[int, int, float]:
    """Validation requests sent, credits charged and seconds of one run."""
    requests, charged, started = len(box.paid_requests()), box.charged("leadleap"), time.perf_counter()
    process = leadkit(box, home, book)
    _, errors = process.communicate(timeout=300)
    if process.returncode != 0:
        raise SystemExit(f"leadkit ended with {process.returncode}: {errors.decode()}")
    seconds = time.perf_counter() - started
    return len(box.paid_requests()) - requests, (box.charged("leadleap") - charged) // 1000, seconds


def main() -> int:
    rng = random.Random(7)
    emails = people(rng)
    failures = 0

    def line(what: str, sent: int, charged: int, seconds: float, expected: tuple[int, int]) -> None:
        nonlocal failures
        good = (sent, charged) == expected
        failures += not good
        print(f"| {what:<44} | {sent:>8} | {charged:>7} | {seconds:>7.1f} | {'yes' if good else 'NO'} |")

    print("| run                                          | requests | credits | seconds | as it must be |")
    print("|----------------------------------------------|---------:|--------:|--------:|---|")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        with Sandbox(rate_limited=False, **SERVER) as box:
            home, book = place / "home", place / "people.csv"
            write(book, emails)
            line("10,000 rows of 8,000 people", *run_to_end(box, home, book), (80, 8_000))
            line("the same again", *run_to_end(box, home, book), (0, 0))
            write(book, emails + [address(PEOPLE + n) for n in range(100)])
            line("100 rows appended", *run_to_end(box, home, book), (1, 100))
            write(book, emails, Notes=["seen"] * ROWS)
            line("a new, unrelated column", *run_to_end(box, home, book), (0, 0))
        with Sandbox(rate_limited=False, **SERVER) as box:
            home, book = place / "killed", place / "killed.csv"
            write(book, emails)
            kills = 0
            for after in (10, 25, 40):
                process = leadkit(box, home, book)
                while len(box.paid_requests()) < after and process.poll() is None:
                    time.sleep(0.005)
                if process.poll() is None:
                    os.kill(process.pid, signal.SIGKILL)
                    kills += 1
                process.communicate()
            run_to_end(box, home, book)
            times = Counter(charge.what for charge in box.charges)
            verdicts = pd.read_csv(book.with_suffix(".out.csv"))["leadleap_email_verdict"]
            twice = sum(n > 1 for n in times.values())
            empty = int((~verdicts.isin(["valid", "invalid", "unknown"])).sum())
            print(
                f"\nkilled with -9 {kills} times, then run to its end: {len(times):,} addresses paid, "
                f"{twice} of them twice, {empty} rows without a verdict"
            )
            failures += bool(twice or empty or len(times) != PEOPLE)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
