"""Planning against a pandas merge of the same frame: CPU as a ratio, growth, and peak memory.

Run: ``python -m tests.benchmarks.planning [--rows 1000000]``. 30 % of the rows repeat, half of the people are known.
Every figure is of a process of its own; ratios are of one run, since this is measured on shared machines.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd


def people(rows: int) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    distinct = int(rows * 0.7)
    numbers = np.concatenate([np.arange(distinct), rng.integers(0, distinct, rows - distinct)])
    rng.shuffle(numbers)
    dress = rng.integers(0, 3, rows)
    emails = [
        (
            f"Person.{n}@Company{n % 997}.example.com",
            f"person.{n}@company{n % 997}.example.com ",
            f"PERSON.{n}@COMPANY{n % 997}.EXAMPLE.COM",
        )[d]
        for n, d in zip(numbers.tolist(), dress.tolist(), strict=True)
    ]
    return pd.DataFrame({"Email": pd.Series(emails, dtype="str")})


def known(rows: int) -> list[str]:
    return [f"person.{n}@company{n % 997}.example.com" for n in range(0, int(rows * 0.7), 2)]


def fill_ledger(home: Path, keys: list[str]) -> None:
    """A ledger in which these addresses are known, written the way that runs write it."""
    from leadkit.money import Amount
    from leadkit.providers.base import Answer
    from leadkit.workspace import connect

    with connect() as workspace:
        ledger = workspace.ledger
        operation = workspace.provider("leadleap").operation("validate_emails")
        owner = ledger.owners.start()
        number = ledger.start_run(
            "filled",
            operation,
            workspace.account("leadleap"),
            [],
            owner=owner.id,
            approval="filled",
            plan_hash="",
            approved_by="benchmark",
            approved=10**12,
            fresh_after={},
            preview={},
            context={},
        )
        for start in range(0, len(keys), 20_000):
            part = keys[start : start + 20_000]
            claim = ledger.reserve(
                "filled", number, part, owner=owner.id, takes="email", each=0, fresh_after={}
            )
            answer = Answer("found", {"verdict": "valid", "reason": None})
            ledger.settle(
                claim.call_id or 0,
                dict.fromkeys(part, answer),
                Amount(),
                attempt=claim.attempt,
                body=b"",
                request_id=None,
                http_status=200,
            )
        owner.release()


def measure_plan(rows: int) -> dict[str, float]:
    from leadkit.plan import make_plan
    from leadkit.workspace import connect

    frame = people(rows)
    with connect() as workspace:
        make_plan(frame.head(10), "validate_emails", {"email": "Email"}, workspace=workspace)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        started = time.process_time()
        plan = make_plan(frame, "validate_emails", {"email": "Email"}, workspace=workspace)
        seconds = time.process_time() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert plan.preview.rows["known"] == len(known(rows))
    return {"cpu": seconds, "grew": (peak - before) / 1024, "peak": peak / 1024}


def measure_merge(rows: int) -> dict[str, float]:
    frame = people(rows)
    frame["Email"] = frame["Email"].str.strip().str.lower()
    table = pd.DataFrame({"Email": pd.Series(known(rows), dtype="str"), "verdict": "valid"})
    started = time.process_time()
    frame.merge(table, on="Email", how="left")
    return {"cpu": time.process_time() - started}


def in_own_process(what: str, rows: int, home: Path) -> dict[str, float]:
    environ = {**os.environ, "LEADKIT_HOME": str(home), "LEADLEAP_API_KEY": "ll_" + "0" * 64}
    command = [sys.executable, "-m", "tests.benchmarks.planning", "--measure", what, "--rows", str(rows)]
    done = subprocess.run(command, env=environ, check=True, capture_output=True, text=True)
    result: dict[str, float] = json.loads(done.stdout)
    return result


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--measure", choices=["plan", "merge", "fill"])
    arguments = parser.parse_args()
    if arguments.measure == "fill":
        fill_ledger(Path(os.environ["LEADKIT_HOME"]), known(arguments.rows))
        print("{}")
        return
    if arguments.measure:
        measure = {"plan": measure_plan, "merge": measure_merge}[arguments.measure]
        print(json.dumps(measure(arguments.rows)))
        return
    print("| rows | plan, CPU s | merge, CPU s | ratio | µs a row | memory grew, MB | peak, MB |")
    print("|---:|---:|---:|---:|---:|---:|---:|")
    rows = arguments.rows
    for size in (rows // 100, rows // 10, rows):
        with tempfile.TemporaryDirectory() as folder:
            home = Path(folder) / "home"
            in_own_process("fill", size, home)
            plans = sorted((in_own_process("plan", size, home) for _ in range(3)), key=lambda one: one["cpu"])
            merges = sorted(in_own_process("merge", size, home)["cpu"] for _ in range(3))
            plan, merge = plans[1], merges[1]
            print(
                f"| {size:,} | {plan['cpu']:.3f} | {merge:.3f} | {plan['cpu'] / merge:.2f} | "
                f"{plan['cpu'] / size * 1e6:.2f} | {plan['grew']:.0f} | {plan['peak']:.0f} |"
            )


if __name__ == "__main__":
    main()
