"""Sums over the ledger, the same on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from leadkit.ledger.totals import hit_rates, spend_by_day
from leadkit.money import Amount
from leadkit.providers.base import Answer
from tests.ledger.driver import LedgerDriver

FOUND, NOT_FOUND = Answer("found", {"verdict": "valid"}), Answer("not_found")


@pytest.fixture(params=["sqlite", "postgresql"])
def driver(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[LedgerDriver]:
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else None
    driver = LedgerDriver(tmp_path / "home", url)
    yield driver
    driver.close()


def test_each_day_account_and_user_is_summed_by_itself(driver: LedgerDriver) -> None:
    ann, bob = driver.start_run(9_000, user="ann"), driver.start_run(9_000, user="bob", account="other")
    for run, key, amount in ((ann, "a", 700), (ann, "b", 300), (bob, "c", 1_000)):
        run.settle(run.reserve([key]), {key: FOUND}, Amount(amount - 100, amount))
    ann.doubt(ann.reserve(["d"]), "lost")
    ann.release(ann.reserve(["e"]))
    first = driver.clock.now().date()
    driver.clock.wait(86_400)
    ann.reserve(["f"])
    with driver.ledger.reading() as connection:
        everybodys, anns = spend_by_day(connection), spend_by_day(connection, "ann")
    told = [(one.day - first, one.account, one.user, one.charged, one.held) for one in everybodys]
    today, tomorrow = timedelta(0), timedelta(1)
    assert told == [
        (today, "main", "ann", Amount(800, 1_000), 1_000),
        (today, "other", "bob", Amount(900, 1_000), 0),
        (tomorrow, "main", "ann", Amount(), 1_000),
    ]
    assert anns == [one for one in everybodys if one.user == "ann"]


def test_a_steps_hits_count_keys_and_its_calls_money(driver: LedgerDriver) -> None:
    ann, bob = driver.start_run(9_000, user="ann"), driver.start_run(9_000, user="bob")
    ann.settle(
        ann.reserve(["a", "b", "c"]),
        {"a": FOUND, "b": NOT_FOUND, "c": Answer("suppressed")},
        Amount(2_000, 2_000),
    )
    bob.doubt(bob.reserve(["d"]), "lost")
    with driver.ledger.reading() as connection:
        (everybodys,), (bobs,) = hit_rates(connection), hit_rates(connection, "bob")
        assert hit_rates(connection, "nobody") == []
    assert (everybodys.found, everybodys.not_found, everybodys.in_doubt) == (2, 1, 1)
    assert everybodys.charged == Amount(2_000, 2_000)
    assert (bobs.found, bobs.not_found, bobs.in_doubt, bobs.charged) == (0, 0, 1, Amount())
