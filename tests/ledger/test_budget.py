"""Ceilings for a day, on a real ledger: for each user and each account, whatever runs at once."""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from leadkit.ledger import Claim
from leadkit.ledger.budget import Caps
from leadkit.money import Amount
from leadkit.plan import make_plan
from leadkit.providers.base import Answer
from leadkit.sandbox import Sandbox
from leadkit.workspace import Workspace
from tests.ledger.driver import OPERATION, LedgerDriver, RunDriver

DAY = 86_400
FOUND = Answer("found", {"verdict": "valid"})

Start = Callable[..., RunDriver]


@pytest.fixture
def driver(tmp_path: Path) -> Iterator[LedgerDriver]:
    driver = LedgerDriver(tmp_path / "home")
    yield driver
    driver.close()


@pytest.fixture
def start(driver: LedgerDriver) -> Iterator[Start]:
    """Starts runs of anybody, approved for more than any ceiling here."""
    owner, numbers = driver.ledger.owners.start(), itertools.count()

    def make(
        user: str, *, account: str = "main", provider: str = "testing", approved: int = 1_000_000
    ) -> RunDriver:
        run_id = f"{user}-{next(numbers)}"
        operation_id = driver.ledger.start_run(
            run_id,
            replace(OPERATION, provider=provider),
            account,
            [],
            owner=owner.id,
            approval=run_id,
            plan_hash="",
            approved_by=user,
            approved=approved,
            fresh_after={},
            preview={},
            context={},
        )
        return RunDriver(driver.ledger, owner, run_id, operation_id)

    yield make
    owner.release()


def pay(run: RunDriver, *keys: str, amount: Amount | None = None) -> Claim:
    """Buy keys; at 1 credit each when no amount is given."""
    claim = run.reserve(keys)
    if claim.keys:
        paid = amount or Amount(1000 * len(claim.keys), 1000 * len(claim.keys))
        run.settle(claim, dict.fromkeys(claim.keys, FOUND), paid)
    return claim


def test_eight_threads_of_two_users_hold_both_ceilings_at_every_instant(
    driver: LedgerDriver, start: Start
) -> None:
    driver.ledger.caps = Caps(user_day=30_000, account_day=50_000)
    bought: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    adding = threading.Lock()

    def work(user: str, name: str) -> None:
        run = start(user)
        for n in range(12):
            claim = pay(run, f"{name}{n}") if n % 2 else run.reserve([f"{name}{n}"])
            with adding:
                bought[user] += len(claim.keys)
                refused[claim.ceiling] += len(claim.over_budget)

    threads = [
        threading.Thread(target=work, args=(user, f"{user}{n}")) for n in range(4) for user in ("ann", "bob")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(bought.values()) <= 30
    assert bought.total() == 50, "and the last credit of the account was to be had"
    assert bought.total() + refused.total() == 96


def test_a_row_says_which_ceiling_held_it_back(driver: LedgerDriver, start: Start) -> None:
    driver.ledger.caps = Caps(user_day=2_000, account_day=3_000)
    first = start("ann").reserve(["a", "b", "c"])
    assert (first.keys, first.over_budget) == (("a", "b"), ("c",))
    assert first.ceiling == (
        "the ceiling of 2 credits a day for ann was reached before this row; resume the run after midnight UTC"
    )
    second = start("bob").reserve(["d", "e"])
    assert (second.keys, second.over_budget) == (("d",), ("e",))
    assert second.ceiling.startswith("the ceiling of 3 credits a day for the account was reached")
    driver.ledger.caps = Caps(user_day=9_000, account_day=9_000)
    third = start("bob", approved=1_000).reserve(["f", "g"])
    assert third.ceiling == "the approved amount was used up before this row"
    assert start("bob").reserve(["h"]).ceiling == ""


def test_the_day_ends_at_midnight_by_the_ledgers_clock(driver: LedgerDriver, start: Start) -> None:
    driver.ledger.caps = Caps(user_day=1_000)
    pay(start("ann"), "a")
    driver.clock.seconds += DAY - driver.ledger.now() % DAY - 1
    assert start("ann").reserve(["b"]).over_budget == ("b",)
    driver.clock.seconds += 1
    assert start("ann").reserve(["b"]).keys == ("b",)
    driver.clock.seconds -= 1  # a clock that is set back makes no room
    assert start("ann").reserve(["c"]).over_budget == ("c",)


def test_a_run_that_goes_on_over_midnight_spends_of_the_new_day(driver: LedgerDriver, start: Start) -> None:
    driver.ledger.caps = Caps(user_day=2_000)
    run = start("ann", approved=3_000)
    assert len(pay(run, "a", "b", "c").keys) == 2
    driver.clock.seconds += DAY
    assert run.reserve(["c"]).keys == ("c",)
    late = run.reserve(["d"])
    assert late.ceiling == "the approved amount was used up before this row"


def test_one_user_leaves_the_other_alone(driver: LedgerDriver, start: Start) -> None:
    driver.ledger.caps = Caps(user_day=1_000)
    pay(start("ann"), "a")
    assert start("ann").reserve(["b"]).over_budget == ("b",)
    assert start("bob").reserve(["b"]).keys == ("b",)


def test_a_users_day_counts_at_all_accounts_of_a_provider_and_not_at_another_one(
    driver: LedgerDriver, start: Start
) -> None:
    driver.ledger.caps = Caps(user_day=1_000)
    pay(start("ann", account="main"), "a")
    assert start("ann", account="other").reserve(["b"]).over_budget == ("b",)
    assert start("ann", provider="elsewhere").reserve(["b"]).keys == ("b",)


def test_an_accounts_day_leaves_other_accounts_alone(driver: LedgerDriver, start: Start) -> None:
    driver.ledger.caps = Caps(account_day=1_000)
    pay(start("ann"), "a")
    assert start("bob").reserve(["b"]).over_budget == ("b",)
    assert start("bob", account="other").reserve(["b"]).keys == ("b",)


def test_what_is_held_counts_and_what_is_released_does_not(driver: LedgerDriver, start: Start) -> None:
    driver.ledger.caps = Caps(user_day=2_000)
    run = start("ann")
    doubtful, open_call = run.reserve(["a"]), run.reserve(["b"])
    run.doubt(doubtful, "the line broke")
    assert run.reserve(["c"]).over_budget == ("c",)
    run.release(open_call)
    assert run.reserve(["c"]).keys == ("c",)


def test_an_unknown_cost_counts_at_its_maximum_and_a_known_one_as_it_is(
    driver: LedgerDriver, start: Start
) -> None:
    driver.ledger.caps = Caps(user_day=3_000)
    run = start("ann")
    pay(run, "a", amount=Amount(0, 1_000))
    pay(run, "b", amount=Amount(500, 500))
    claim = run.reserve(["c", "d"])
    assert (claim.keys, claim.over_budget) == (("c",), ("d",))


def test_a_ceiling_lowered_under_what_is_spent_stops_what_costs_and_not_what_is_free(
    driver: LedgerDriver, start: Start
) -> None:
    run = start("ann")
    pay(run, "a", "b")
    driver.ledger.caps = Caps(user_day=1_000)
    assert run.reserve(["c"]).over_budget == ("c",)
    assert run.reserve(["c"], each=0).keys == ("c",)
    assert run.reserve(["a"]).known == ("a",)


def test_the_settings_of_the_ceilings_hold_for_a_run_and_its_rows_say_so(
    box: Sandbox, open_workspace: Callable[..., Workspace]
) -> None:
    workspace = open_workspace(LEADKIT_USER_DAY_CREDITS="2", LEADKIT_ACCOUNT_DAY_CREDITS="100")
    people = [person for person in box.world.known_to("leadleap") if not person.deleted][:5]
    frame = pd.DataFrame({"Lead ID": [person.lead_id for person in people]})
    done = make_plan(frame, "unlock", {"lead_id": "Lead ID"}, workspace=workspace).run(at_most=5)
    assert box.charged("leadleap") <= 2_000
    assert done.receipt.rows["over budget"] == 3
    assert not done.complete
    held_back = done.frame[done.frame["leadleap_unlock_status"] == "over budget"]
    (note,) = held_back["leadleap_unlock_note"].unique()
    assert note.startswith("the ceiling of 2 credits a day for tester was reached before this row")


def test_a_user_may_have_a_ceiling_of_their_own(driver: LedgerDriver, start: Start) -> None:
    driver.ledger.caps = Caps(user_day=2_000, users={"ann": 1_000, "bob": 9_000})
    bought = {name: start(name).reserve([f"{name}{n}" for n in range(5)]) for name in ("ann", "bob", "cid")}
    assert {name: len(claim.keys) for name, claim in bought.items()} == {"ann": 1, "bob": 2, "cid": 2}
    assert "1 credit" in bought["ann"].ceiling
