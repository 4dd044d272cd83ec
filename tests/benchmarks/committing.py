"""Committing a batch of 100 answers against a raw fsync of the same bytes.

Run: ``python -m tests.benchmarks.committing [--folder F]``, on the disk of that folder. A batch is reserved and
settled: two durable transactions, of one fsync each (``strace -c -e fsync,fdatasync`` counts them). What they take
beside it is CPU, so that the ratio says as much about the disk: a slow one makes it small. A round's first batch, in
which SQLAlchemy makes the text of the statements, once in a process's life, stands apart.

The bytes of a batch are what came over the wire. SQLite writes whole pages of 4,096 bytes, of the tables and of each
index that changes, so the disk gets more than that; a raw fsync of as many bytes as it really gets stands beside it.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import NamedTuple

from leadkit.providers.base import Answer
from tests.ledger.driver import LedgerDriver

BATCHES, KEYS, ROUNDS = 20, 100, 15


class Cost(NamedTuple):
    """Of one batch: seconds by the clock on the wall, seconds of CPU, bytes handed to the disk."""

    wall_seconds: float
    cpu_seconds: float
    written: float


class Watch:
    """Adds up what the blocks that it is put around take."""

    def __init__(self, *files: Path) -> None:
        self._files = files
        self._wall = self._cpu = 0.0
        self._written = 0

    def __enter__(self) -> None:
        self._before = time.perf_counter(), time.process_time(), self._size()

    def __exit__(self, *error: object) -> None:
        wall, cpu, size = self._before
        self._wall += time.perf_counter() - wall
        self._cpu += time.process_time() - cpu
        self._written += self._size() - size

    def _size(self) -> int:
        return sum(file.stat().st_size for file in self._files)

    def cost(self, batches: int = BATCHES) -> Cost:
        return Cost(self._wall / batches, self._cpu / batches, self._written / batches)


def raw(folder: Path, size: int) -> Cost:
    """Append and fsync so many bytes for each batch."""
    payload = os.urandom(size)
    path = folder / "raw"
    with path.open("wb", buffering=0) as file:
        watch = Watch(path)
        for _ in range(BATCHES):
            with watch:
                file.write(payload)
                os.fsync(file.fileno())
    return watch.cost()


def ledger(folder: Path, answer: Answer, body: bytes) -> tuple[Cost, Cost, Cost]:
    """Reserve each batch, settle each, and both for a first one."""
    driver = LedgerDriver(folder / "home")
    run = driver.start_run(10**9)
    # So few batches fit into the log before its pages are moved on, so that it only grows.
    log = driver.home / "ledger.sqlite-wal"
    first, reserving, settling = Watch(log), Watch(log), Watch(log)
    for batch in range(BATCHES + 1):
        keys = [f"person.{batch}.{n}@example.com" for n in range(KEYS)]
        with reserving if batch else first:
            claim = run.reserve(keys)
        with settling if batch else first:
            run.settle(claim, dict.fromkeys(keys, answer), None, body=body)
    driver.close()
    return reserving.cost(), settling.cost(), first.cost(batches=1)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, default=Path.cwd())
    disk = parser.parse_args().folder
    answer = Answer("found", {"verdict": "valid", "reason": None})
    items = [{"email": f"person.{n}@example.com", "is_valid": True, "reason": None} for n in range(KEYS)]
    body = json.dumps({"data": items, "meta": {"request_id": "req_1"}, "error": None}).encode()
    rounds = []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory(dir=disk) as folder:
            steps = ledger(Path(folder), answer, body)
            written = int(steps[1].written)
            rounds.append((raw(Path(folder), len(body)), raw(Path(folder), written), *steps))
    same, as_many, reserve, settle, first = (
        Cost(*map(median, zip(*costs, strict=True))) for costs in zip(*rounds, strict=True)
    )
    print(f"A batch of {KEYS}; medians of {ROUNDS} rounds of {BATCHES}")
    print(f"{'':<36}{'bytes':>8}{'ms':>8}{'CPU ms':>8}")
    for name, cost in (
        ("raw fsync of the same bytes", same),
        ("raw fsync of as many as settle writes", as_many),
    ):
        print(f"{name:<36}{cost.written:>8,.0f}{_milliseconds(cost)}")
    for name, cost in (
        ("reserve before the send", reserve),
        ("settle: answers and charge", settle),
        ("both, the first time", first),
    ):
        times = [cost.wall_seconds / one.wall_seconds for one in (same, as_many)]
        print(
            f"{name:<36}{cost.written:>8,.0f}{_milliseconds(cost)}"
            f"   {times[0]:.1f} times the first, {times[1]:.1f} times the second"
        )


def _milliseconds(cost: Cost) -> str:
    return f"{cost.wall_seconds * 1000:>8.2f}{cost.cpu_seconds * 1000:>8.2f}"


if __name__ == "__main__":
    main()
