"""Writes a ledger with everything in it that a ledger can have, to be kept for ever beside the tests.

Run once for each ``SCHEMA_VERSION``, before it is released::

    python -m tests.ledger.freeze                         # versions/1.sqlite and versions/1.json
    python -m tests.ledger.freeze postgresql://…/empty    # versions/1.sql; needs pg_dump

``versions/N.json`` is what the ledger itself said of its contents when it was written. All people are invented.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from leadkit.ledger.retention import Keeps, purge
from leadkit.ledger.schema import SCHEMA_VERSION
from leadkit.ledger.verdicts import give_verdicts
from leadkit.money import Amount
from leadkit.providers.base import Answer
from tests.ledger.driver import LedgerDriver

VERSIONS = Path(__file__).with_name("versions")
DAY = 86_400
FOUND = Answer("found", {"verdict": "valid", "city": "Århus"})
MISSING = Answer("not_found", note="no such mailbox")
SUPPRESSED = Answer("suppressed", note="do not contact")
PEOPLE = ("anna", "bo", "chloé", "dai", "eva", "finn", "gül", "hana", "ivo", "june", "karl")
KEYS = [f"{name}@people.example" for name in PEOPLE]


def fill(driver: LedgerDriver) -> None:
    """A ledger's life: bought, missed, lost, left behind, repeated, decided, expired, forgotten."""
    ledger = driver.ledger
    anna, bo, chloe, dai, eva, finn, gul, hana, ivo, june, karl = KEYS
    old = driver.start_run(9_000, user="ann", keys=[karl], name="expired")
    old.settle(old.reserve([karl]), {karl: FOUND}, Amount(900, 900))
    ledger.end_run(old.id, "done")
    driver.clock.seconds += 100 * DAY
    purge(ledger, lambda provider, step, wants: Keeps(30, 7))

    ledger.remember_account("testing", ledger.fingerprint("a key"), "main")
    run = driver.start_run(20_000, user="ann", keys=KEYS, approval="seen by ann", name="stopped")
    run.settle(run.reserve([anna, bo]), {anna: FOUND, bo: MISSING}, Amount(1_100, 1_500))
    run.settle(run.reserve([chloe, dai]), {chloe: SUPPRESSED}, None)  # dai was left out
    lost = run.reserve([eva])
    run.doubt(lost, "the line broke", b"<html>")
    again = run.reclaim(lost.call_id)
    assert again is not None
    run.settle(again, {eva: FOUND}, Amount(0, 0))
    run.release(run.reserve([june]))
    given_up = run.reserve([finn])
    run.doubt(given_up, "no answer in time")
    assert given_up.call_id is not None
    ledger.decide(given_up.call_id, "give-up", by="ann")
    run.settle(run.reserve([hana]), {hana: FOUND}, Amount(1_000, 1_000))
    give_verdicts(ledger, run.operation_id, {anna: (FOUND.values, True)}, by="ann")
    ledger.forget({("email", hana)}, suppress=True)
    ledger.take_event("0123456789abcdef")
    ledger.end_run(run.id, "stopped", "cancelled by its user")

    left = driver.start_run(5_000, user="bob", keys=[gul, ivo], name="left")
    left.doubt(left.reserve([gul]), "HTTP 500")
    left.reserve([ivo])  # under way when its process ends


def told(driver: LedgerDriver) -> dict[str, Any]:
    """What a ledger says of its contents, as JSON."""
    ledger = driver.ledger
    runs = ledger.runs()
    operation_id = runs[0].operation_id
    fields = ("id", "approved_by", "approved", "state", "stopped_why", "started_at", "calls", "held")
    return {
        "runs": [
            {
                **{name: getattr(run, name) for name in fields},
                "charged": [run.charged.least, run.charged.most],
            }
            for run in runs
        ],
        "calls": {run.id: [call.to_dict() for call in ledger.calls(run.id)] for run in runs},
        "wanted": {run.id: ledger.run_keys(run.id) for run in runs},
        "states": dict(zip(KEYS, ledger.states(operation_id, KEYS, fresh_after={}).tolist(), strict=True)),
        "answers": {
            key: [int(stored.state), dict(stored.values), stored.note, stored.fetched_at, stored.most]
            for key, stored in ledger.answers(operation_id, KEYS).items()
        },
        "doubtful": [list(fact) for fact in ledger.doubtful()],
        "suppressed": ledger.suppressed("email", KEYS),
        "account": ledger.account("testing", ledger.fingerprint("a key")),
    }


def main() -> None:
    url = sys.argv[1] if len(sys.argv) > 1 else None
    VERSIONS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        driver = LedgerDriver(Path(folder) / "home", url)
        fill(driver)
        driver.close()
        if url is None:
            driver = LedgerDriver(driver.home)
            (VERSIONS / f"{SCHEMA_VERSION}.json").write_text(
                json.dumps(told(driver), indent=1, ensure_ascii=False) + "\n"
            )
            driver.close()
            path = driver.home / "ledger.sqlite"
            with sqlite3.connect(path) as connection:
                connection.execute("PRAGMA journal_mode=DELETE")  # all of it in the one file
            shutil.copyfile(path, VERSIONS / f"{SCHEMA_VERSION}.sqlite")
        else:
            dump = ["pg_dump", "--inserts", "--no-owner", "--no-privileges", f"--dbname={url}"]
            sql = subprocess.run(dump, check=True, capture_output=True, text=True).stdout
            lines = [line for line in sql.splitlines() if line and not line.startswith(("--", "\\"))]
            (VERSIONS / f"{SCHEMA_VERSION}.sql").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
