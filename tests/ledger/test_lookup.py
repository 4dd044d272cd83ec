"""What is known, read in parts: every key keeps its own state, whatever part it is in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from leadkit.ledger import NEVER_ASKED, STALE, FactState, lookup
from leadkit.providers.base import Answer
from tests.ledger.driver import LedgerDriver

DAY = 86_400


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
@pytest.mark.parametrize("rows_at_once", [1, 2, 1_000])
def test_facts_read_in_parts_keep_their_own_states(
    database: str,
    rows_at_once: int,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = request.getfixturevalue("postgres_url") if database == "postgresql" else None
    driver = LedgerDriver(tmp_path / "parts", url)
    other = driver.start_run(10_000, account="another")
    other.settle(other.reserve(["a", "never"]), dict.fromkeys(["a", "never"], Answer("found")), None)
    run = driver.start_run(10_000)
    run.settle(run.reserve(["old"]), {"old": Answer("found")}, None)
    driver.clock.seconds += 20 * DAY
    given = {"a": Answer("found"), "b": Answer("not_found"), "c": Answer("suppressed")}
    run.settle(run.reserve([*given]), given, None)
    run.reserve(["sent"])
    monkeypatch.setattr(lookup, "_CHUNK_ROWS", rows_at_once)
    keys = ["c", "never", "sent", "b", "old", "a"]
    fresh_after: dict[int, int] = {FactState.FOUND: driver.ledger.now() - DAY}
    assert list(driver.ledger.states(run.operation_id, keys, fresh_after=fresh_after)) == [
        FactState.SUPPRESSED,
        NEVER_ASKED,
        FactState.INTENT,
        FactState.NOT_FOUND,
        STALE,
        FactState.FOUND,
    ]


def test_two_keys_with_one_hash_keep_their_own_states(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookup, "hashes_of", lambda keys: np.zeros(len(keys), dtype=np.int64))
    driver = LedgerDriver(tmp_path / "hashes")
    run = driver.start_run(10_000)
    given = {"a": Answer("found"), "b": Answer("not_found"), "another": Answer("found")}
    run.settle(run.reserve([*given]), given, None)
    states = driver.ledger.states(run.operation_id, ["b", "never", "a"], fresh_after={})
    assert list(states) == [FactState.NOT_FOUND, NEVER_ASKED, FactState.FOUND]
