"""Committing a batch of 100 answers against a raw fsync of the same bytes.

Run: ``python -m tests.benchmarks.committing``. A batch is reserved and settled: two durable transactions.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from pathlib import Path
from statistics import median

from leadkit.providers.base import Answer
from tests.ledger.driver import LedgerDriver

BATCHES, KEYS = 20, 100


def raw(folder: Path, payload: bytes) -> float:
    """Seconds to append and fsync each batch's bytes."""
    started = time.perf_counter()
    with (folder / "raw").open("wb", buffering=0) as file:
        for _ in range(BATCHES):
            file.write(payload)
            os.fsync(file.fileno())
    return time.perf_counter() - started


def ledger(folder: Path, answer: Answer, body: bytes) -> tuple[float, float]:
    """Seconds to reserve, and to settle, each batch."""
    driver = LedgerDriver(folder / "home")
    run = driver.start_run(10**9)
    reserving = settling = 0.0
    for batch in range(BATCHES):
        keys = [f"person.{batch}.{n}@example.com" for n in range(KEYS)]
        started = time.perf_counter()
        claim = run.reserve(keys)
        reserved = time.perf_counter()
        run.settle(claim, dict.fromkeys(keys, answer), None, body=body)
        reserving += reserved - started
        settling += time.perf_counter() - reserved
    driver.close()
    return reserving, settling


def main() -> None:
    answer = Answer("found", {"verdict": "valid", "reason": None})
    items = [{"email": f"person.{n}@example.com", "is_valid": True, "reason": None} for n in range(KEYS)]
    body = json.dumps({"data": items, "meta": {"request_id": "req_1"}, "error": None}).encode()
    rounds = []
    for _ in range(7):
        with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
            rounds.append((raw(Path(folder), body), *ledger(Path(folder), answer, body)))
    raw_seconds, reserve_seconds, settle_seconds = (median(column) for column in zip(*rounds, strict=True))
    print(f"{BATCHES} batches of {KEYS}; medians of {len(rounds)} rounds")
    print(f"raw fsync of the same bytes   {raw_seconds:.3f} s")
    print(
        f"settle (answers and charge)   {settle_seconds:.3f} s, {settle_seconds / raw_seconds:.1f} times that"
    )
    print(
        f"reserve before the send       {reserve_seconds:.3f} s, {reserve_seconds / raw_seconds:.1f} times that"
    )


if __name__ == "__main__":
    main()
