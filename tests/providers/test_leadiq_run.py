"""Runs against a LeadIQ that executes GraphQL and charges by what it gives: batches, halves, and the bill."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from leadkit.ledger import CallState
from leadkit.pace import Pace
from leadkit.providers.base import Operation
from leadkit.providers.leadiq import LeadIQ
from leadkit.providers.leadiq.people import BATCH
from leadkit.run import Outcome, Runner
from tests.conftest import FakeClock
from tests.ledger.driver import LedgerDriver, RunDriver
from tests.providers.leadiq_server import LeadIQServer, person

IDS = [f"p{number}" for number in range(1, 24)]
FEW = IDS[:3]
WANTS = [
    wants
    for size in range(1, 5)
    for wants in itertools.combinations(("profile", "email", "phone", "company"), size)
]


@pytest.fixture
def driver(tmp_path: Path) -> Iterator[LedgerDriver]:
    driver = LedgerDriver(tmp_path / "home")
    yield driver
    driver.close()


def key(person_id: str) -> str:
    return json.dumps({"lead_id": person_id})


def carry_out(
    driver: LedgerDriver, server: LeadIQServer, operation: Operation, ids: list[str], approved: int = 10**9
) -> tuple[Outcome, RunDriver]:
    run = driver.start_run(approved)
    clock = FakeClock()
    runner = Runner(
        driver.ledger,
        operation,
        send=server.send,
        pace=Pace(operation.limit, clock),
        clock=clock,
        run_id=run.id,
        operation_id=run.operation_id,
        owner=run.owner.id,
        approved=approved,
        fresh_after={},
        threads=1,
    )
    return runner.carry_out([key(person_id) for person_id in ids]), run


def bill(driver: LedgerDriver, run: RunDriver) -> tuple[int, int]:
    """The least and the most that the ledger says was charged; what is held counts as charged."""
    calls = driver.ledger.calls(run.id)
    held = sum(call.reserved for call in calls if call.state is CallState.IN_DOUBT)
    return sum(call.amount.least for call in calls), sum(call.amount.most for call in calls) + held


def server_of(*, gone: int = 0, positions: int = 1) -> LeadIQServer:
    return LeadIQServer({one: person(one, positions=positions) for one in IDS[gone:]})


def test_people_are_asked_for_in_batches_and_each_key_gets_its_own_person(driver: LedgerDriver) -> None:
    server = server_of(gone=2)
    operation = LeadIQ().operation("find_people", ["email"])
    outcome, run = carry_out(driver, server, operation, IDS)
    assert [len(asked) for asked in server.asked] == [BATCH, BATCH, len(IDS) - 2 * BATCH]
    assert outcome.bought == {key(one) for one in IDS}
    states = driver.ledger.calls(run.id)
    assert {call.state for call in states} == {CallState.SETTLED}


@pytest.mark.parametrize("wants", WANTS, ids="+".join)
@pytest.mark.parametrize("positions", [1, 2])
def test_the_bill_is_never_above_the_preview(
    driver: LedgerDriver, wants: tuple[str, ...], positions: int
) -> None:
    server = server_of(gone=1, positions=positions)
    operation = LeadIQ().operation("find_people", wants)
    _, run = carry_out(driver, server, operation, FEW)
    least, most = bill(driver, run)
    assert 0 < server.charged <= most <= operation.price.most * len(FEW)
    assert least <= server.charged
    if positions == 1:
        assert operation.price.expected is not None
        assert server.charged == operation.price.expected * (len(FEW) - 1)


def test_trap_04_what_was_not_bought_is_not_charged(driver: LedgerDriver) -> None:
    server = server_of()
    carry_out(driver, server, LeadIQ().operation("find_people"), IDS)
    assert server.charged == 100 * len(IDS)


@pytest.mark.parametrize("most_parts", [1, 3, 7])
def test_a_server_that_takes_fewer_parts_gets_smaller_batches(driver: LedgerDriver, most_parts: int) -> None:
    server = server_of()
    server.most_parts = most_parts
    outcome, run = carry_out(driver, server, LeadIQ().operation("find_people", ["email"]), IDS)
    assert outcome.bought == {key(one) for one in IDS}
    assert server.charged == 1_000 * len(IDS)
    assert bill(driver, run)[1] == 1_000 * len(IDS)


def test_an_entry_that_spoils_its_batch_is_found_and_the_others_are_answered(driver: LedgerDriver) -> None:
    server = server_of()
    server.unfit = {"p4", "p17"}
    outcome, run = carry_out(driver, server, LeadIQ().operation("find_people", ["email"]), IDS)
    assert set(outcome.failed) == {key("p4"), key("p17")}
    assert outcome.bought == {key(one) for one in IDS} - set(outcome.failed)
    assert not outcome.in_doubt
    assert server.charged == bill(driver, run)[1] == 1_000 * (len(IDS) - 2)


def test_where_the_others_may_have_been_charged_the_batch_is_left_alone_and_says_so(
    driver: LedgerDriver,
) -> None:
    server = server_of()
    server.failing = {"p4": 400}  # found out while the query was carried out
    outcome, run = carry_out(driver, server, LeadIQ().operation("find_people", ["email"]), IDS)
    assert set(outcome.in_doubt) == {key(one) for one in IDS[:BATCH]}
    assert "about 1 of the 10 asked for together" in outcome.in_doubt[key("p1")]
    assert len(server.asked) == 3, "the same query would be refused again"
    least, most = bill(driver, run)
    assert least <= server.charged <= most


def test_a_part_that_fails_for_good_loses_no_money(driver: LedgerDriver) -> None:
    server = server_of()
    server.failing = {"p4": 500}
    outcome, run = carry_out(driver, server, LeadIQ().operation("find_people", ["email"]), IDS)
    least, most = bill(driver, run)
    assert least <= server.charged <= most
    # All that was in the batch with it is open, not lost: none of it counts as found or as not found.
    assert set(outcome.in_doubt) >= {key("p4")}
    assert outcome.bought | set(outcome.in_doubt) == {key(one) for one in IDS}


def test_credits_that_run_out_in_the_middle_of_a_batch_are_never_forgotten(driver: LedgerDriver) -> None:
    server = server_of()
    server.credits = 14_500  # enough for 14 of the 23 people
    outcome, run = carry_out(driver, server, LeadIQ().operation("find_people", ["email"]), IDS)
    least, most = bill(driver, run)
    assert least <= server.charged <= most
    assert outcome.bought == {key(one) for one in IDS[:BATCH]}
    assert set(outcome.in_doubt) >= {
        key(one) for one in IDS[BATCH:14]
    }  # paid for, and the answer was dropped


def test_what_was_left_open_is_answered_by_the_next_run_at_no_further_charge(driver: LedgerDriver) -> None:
    server = server_of()
    server.failing = {"p4": 500}
    operation = LeadIQ().operation("find_people", ["email"])
    carry_out(driver, server, operation, IDS)
    server.failing = {}
    outcome, _ = carry_out(driver, server, operation, IDS)
    assert not outcome.in_doubt
    assert server.charged == 1_000 * len(IDS)
