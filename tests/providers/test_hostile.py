"""Answers that a provider might give: each ends in its listed state, and no exception escapes.

``hostile.json`` lists them. The answers go through the run engine, the ledger on a real file and the
provider's own decoder; only the wire is replaced here, by a list of answers.
"""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from leadkit.errors import AnswerLostError
from leadkit.ledger import CallState
from leadkit.pace import Pace
from leadkit.providers.base import Request, Response
from leadkit.providers.leadleap import LeadLeap
from leadkit.run import Outcome, Runner
from tests.conftest import FakeClock
from tests.ledger.driver import LedgerDriver

CASES: list[dict[str, Any]] = json.loads((Path(__file__).parent / "hostile.json").read_text())["cases"]
UNLOCK = [case for case in CASES if case["operation"] == "POST /leads/unlock"]
OPERATION = LeadLeap().operation("unlock")
BODY_CAP = 8 * 1024 * 1024


def answer_of(case: Mapping[str, Any]) -> Response:
    """The answer as the transport hands it over, or the transport's own error."""
    http = case["http"]
    if http.get("transport"):
        lost = AnswerLostError("LeadLeap: the answer broke off. It may have been charged.")
        lost.partial = http.get("body", "").encode()
        raise lost
    body = http.get("body", "").encode("utf-8", "surrogatepass")
    if generated := http.get("body_gen"):
        if generated["kind"] == "gzip_repeat":
            assert (
                len(gzip.compress(b"x" * generated["decoded_bytes"])) < BODY_CAP < generated["decoded_bytes"]
            )
            raise AnswerLostError("LeadLeap: the answer is larger than 8 MiB. It may have been charged.")
        body = (generated["unit"] * generated["times"] + generated["then"] * generated["times"]).encode()
    return Response(http["status"], http["headers"], body)


class Wire:
    """Gives the same answer to every request, and counts them."""

    def __init__(self, case: Mapping[str, Any]) -> None:
        self.case = case
        self.sent: list[Request] = []

    def __call__(self, request: Request) -> Response:
        self.sent.append(request)
        return answer_of(self.case)


@pytest.fixture
def driver(tmp_path: Path) -> Iterator[LedgerDriver]:
    driver = LedgerDriver(tmp_path / "home")
    yield driver
    driver.close()


def carry_out(driver: LedgerDriver, wire: Wire, key: str) -> tuple[Outcome, Any]:
    run = driver.start_run(1_000)
    clock = FakeClock()
    runner = Runner(
        driver.ledger,
        OPERATION,
        send=wire,
        pace=Pace(OPERATION.limit, clock),
        clock=clock,
        run_id=run.id,
        operation_id=run.operation_id,
        owner=run.owner.id,
        approved=1_000,
        fresh_after={},
        cancel=threading.Event(),
    )
    outcome = runner.carry_out([key])
    return outcome, driver.ledger.calls(run.id)[0]


@pytest.mark.parametrize("case", UNLOCK, ids=[case["id"] for case in UNLOCK])
def test_each_hostile_answer_to_an_unlock_ends_in_its_listed_state(
    case: dict[str, Any], driver: LedgerDriver
) -> None:
    key = case["asked"]["lead_id"]
    wire = Wire(case)
    outcome, call = carry_out(driver, wire, key)
    expected = case["expect"]["outcome"]
    reached = {
        "done": key in outcome.bought and call.state is CallState.SETTLED,
        "in_doubt": key in outcome.in_doubt and call.state is CallState.IN_DOUBT,
        "failed_uncharged": outcome.stopped is not None and call.state is CallState.RELEASED,
    }
    assert reached[expected], (case["title"], outcome, call)

    listed = case["expect"]["charge_milli"]
    held = call.reserved if call.state is CallState.IN_DOUBT else 0
    assert call.amount.least >= 0
    assert max(call.amount.most, held) >= listed["hi"]
    assert max(call.amount.most, held) <= call.reserved
    if expected == "done":
        assert (call.amount.least, call.amount.most) == (listed["lo"], listed["hi"])
        assert driver.bodies(), "the raw body of a paid answer is kept"


@pytest.mark.parametrize("case", UNLOCK, ids=[case["id"] for case in UNLOCK])
def test_only_what_is_free_to_repeat_or_provably_unprocessed_is_sent_again(
    case: dict[str, Any], driver: LedgerDriver
) -> None:
    wire = Wire(case)
    carry_out(driver, wire, case["asked"]["lead_id"])
    repeated = case["expect"]["retry"] in ("free_recall",) or case["expect"]["retry"].startswith("after")
    # A body too large is repeated as any lost answer is, since LeadLeap gives an unlocked lead for nothing.
    assert (len(wire.sent) > 1) == (repeated or case["id"] == "LL20"), len(wire.sent)
    assert len(wire.sent) <= 7


def test_no_cell_of_a_hostile_answer_can_run_or_is_masked(driver: LedgerDriver) -> None:
    for case in UNLOCK:
        if case["expect"]["outcome"] != "done":
            continue
        decoded = OPERATION.decode([case["asked"]["lead_id"]], answer_of(case))
        for answer in decoded.answers.values():
            for value in answer.values.values():
                assert value is None or isinstance(value, str | int)
                assert not (
                    isinstance(value, str)
                    and ("\x00" in value or any("\ud800" <= c <= "\udfff" for c in value))
                )
            assert "*" not in (answer.values["email"] or "")
