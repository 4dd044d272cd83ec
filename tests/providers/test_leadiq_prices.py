"""LeadIQ at the account's own price list, which is read for free, kept, and gone by."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pandas as pd
import pytest

import leadkit
from leadkit.errors import ApprovalError
from leadkit.plan import Plan
from leadkit.providers.base import Request, Response
from leadkit.providers.leadiq import LeadIQ
from leadkit.result import resume_run
from leadkit.sandbox import Sandbox
from leadkit.workspace import Send, Workspace
from tests.providers.leadiq_server import answer
from tests.providers.test_suite_leadiq import complete

Open = Callable[..., Workspace]


def plan_of(box: Sandbox, workspace: Workspace, rows: int = 4) -> Plan:
    frame = pd.DataFrame({"Email": [one.email for one in complete(box)[:rows]]})
    return frame.leads.find_people(email="Email", via="leadiq", want=["email"], workspace=workspace)


def test_a_list_that_was_read_is_in_the_next_preview_which_sends_nothing(
    box: Sandbox, open_workspace: Open
) -> None:
    box.set_price("leadiq", "email", 700)
    assert "Prices as LeadIQ documents them" in str(plan_of(box, open_workspace()).preview)
    open_workspace().identify("leadiq")
    sent = len(box.requests)
    plan = plan_of(box, open_workspace())
    assert len(box.requests) == sent
    assert plan.preview.most == 4 * 700
    assert "Prices by the account's own list at LeadIQ, read on" in str(plan.preview)
    assert "above" not in str(plan.preview)
    done = plan.run(at_most=100)
    assert box.charged("leadiq") == done.receipt.charged.most == 4 * 700


def test_a_lower_list_that_the_run_itself_reads_is_what_it_sets_aside(
    box: Sandbox, open_workspace: Open
) -> None:
    box.set_price("leadiq", "email", 500)
    plan = plan_of(box, open_workspace())
    assert plan.preview.most == 4_000
    # Enough for four at the account's own price, and for two as documented.
    done = plan.run(at_most=2)
    assert done.complete
    assert box.charged("leadiq") == done.receipt.charged.most == 2_000


def test_a_higher_list_is_never_paid_on_the_word_of_a_plan_that_did_not_know_it(
    box: Sandbox, open_workspace: Open
) -> None:
    box.set_price("leadiq", "email", 1_500)
    workspace = open_workspace()
    with pytest.raises(ApprovalError, match=r"up to 1\.5 credits each, and 1 was approved"):
        plan_of(box, workspace).run(at_most=100)
    assert not box.charges
    assert not workspace.ledger.runs()
    plan = plan_of(box, workspace)
    assert plan.preview.most == 6_000
    assert "above what LeadIQ documents: up to 1.5 credits instead of 1 each" in str(plan.preview)
    done = plan.run(at_most=100)
    assert done.complete, "what is on the list does not stop the run"
    assert box.charged("leadiq") == done.receipt.charged.most == 6_000


def test_a_list_that_rose_since_the_last_run_read_it_is_read_again_before_the_next_one_buys(
    box: Sandbox, open_workspace: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    # When the next one buys, the minute has passed and the hour has not.
    monkeypatch.setattr("leadkit.workspace.PRICES_AGAIN_SECONDS", 0.0)
    workspace = open_workspace()
    plan_of(box, workspace, rows=1).run(at_most=100)
    box.set_price("leadiq", "email", 1_500)
    later = plan_of(box, workspace)
    with pytest.raises(ApprovalError, match=r"up to 1\.5 credits each, and 1 was approved"):
        later.run(at_most=100)
    assert box.charged("leadiq") == 1_000


def test_of_two_who_buy_at_the_same_moment_neither_goes_by_the_list_that_the_other_is_reading_anew(
    box: Sandbox, open_workspace: Open
) -> None:
    workspace = open_workspace()
    plan = plan_of(box, workspace)
    box.set_price("leadiq", "email", 1_500)
    asking, answered = threading.Event(), threading.Event()
    sender = workspace.send

    def send(provider: str) -> Send:
        def slowly(request: Request) -> Response:
            if request == LeadIQ().prices_request():
                asking.set()
                assert answered.wait(30)
            return sender(provider)(request)

        return slowly

    workspace.send = send  # type: ignore[method-assign]
    refused: list[ApprovalError] = []

    def buy() -> None:
        try:
            plan.run(at_most=100)
        except ApprovalError as error:
            refused.append(error)

    first, second = threading.Thread(target=buy), threading.Thread(target=buy)
    first.start()
    assert asking.wait(30)
    second.start()
    second.join(0.5)  # time enough to buy, if it does not wait
    answered.set()
    first.join()
    second.join()
    assert len(refused) == 2
    assert not box.charges


def test_a_search_is_not_paid_on_the_word_of_an_older_list_either(box: Sandbox, open_workspace: Open) -> None:
    box.set_price("leadiq", "profile", 300)
    workspace = open_workspace()

    def search(at_most: float) -> pd.DataFrame:
        return leadkit.search_people(
            via="leadiq", locations="Denmark", most_rows=10, at_most=at_most, workspace=workspace
        )

    with pytest.raises(ApprovalError, match=r"up to 0\.3 credits each, and 0\.1 was approved"):
        search(1)
    assert not box.charges
    assert len(search(3)) == 10
    assert box.charged("leadiq") == 3_000


def test_a_run_that_goes_on_after_the_list_rose_stays_within_what_was_approved(
    box: Sandbox, open_workspace: Open
) -> None:
    cancel = threading.Event()
    plan = plan_of(box, open_workspace(), rows=30)
    done = plan.run(at_most=100, cancel=cancel, progress=lambda progress: progress.spent and cancel.set())
    assert 0 < box.charged("leadiq") < done.receipt.approved == 30_000
    box.set_price("leadiq", "email", 1_500)
    record, _ = resume_run(done.receipt.run_id, open_workspace())
    assert box.charged("leadiq") == record.charged.most <= record.approved


def test_what_is_in_doubt_is_not_asked_for_again_at_more_than_was_set_aside_for_it(
    box: Sandbox, open_workspace: Open
) -> None:
    workspace = open_workspace()
    workspace.identify("leadiq")
    workspace.clock.wait = lambda seconds, until=None: False  # type: ignore[method-assign]
    box.fault("reset_before", "/graphql", times=None, skip=1)  # the balance comes first
    done = plan_of(box, workspace).run(at_most=100)
    assert done.receipt.rows["in doubt"] == 4
    box.clear_faults()
    box.set_price("leadiq", "email", 1_500)
    record, outcome = resume_run(done.receipt.run_id, open_workspace())
    assert box.charged("leadiq") == record.charged.most == 0
    assert (len(outcome.in_doubt), record.held) == (4, 4_000)
    box.set_price("leadiq", "email", 900)
    record, _ = resume_run(done.receipt.run_id, open_workspace())
    assert box.charged("leadiq") == 3_600 <= record.charged.most <= record.approved


def test_a_list_that_cannot_be_read_leaves_the_documented_prices(box: Sandbox, open_workspace: Open) -> None:
    box.set_price("leadiq", "email", 700)
    box.fault("html", "/graphql", times=1)
    plan = plan_of(box, open_workspace())
    done = plan.run(at_most=100)
    assert done.complete
    assert done.receipt.charged.most == plan.preview.most == 4_000


@pytest.mark.parametrize(
    "listed", [None, [], [{"sku": "Prospector", "costs": [{"dataPoint": "Profile", "cost": 9}]}]]
)
def test_a_list_that_says_nothing_of_the_api_leaves_the_documented_prices(listed: object) -> None:
    leadiq = LeadIQ()
    body = {"data": {"account": {"universalPlan": {"costs": listed}}}}
    leadiq.use_prices(leadiq.decode_prices(answer(body)), "2026-03-02")
    price = leadiq.operation("find_people").price
    assert price == LeadIQ().operation("find_people").price


def test_a_price_that_is_0_only_in_one_of_its_two_spellings_is_not_free() -> None:
    costs = [{"dataPoint": "PersonPhone", "cost": 10, "costInDecimals": 0.0}]
    body = {"data": {"account": {"universalPlan": {"costs": [{"sku": "Api", "costs": costs}]}}}}
    assert LeadIQ().decode_prices(answer(body)) == {"Api": {"PersonPhone": 10_000}}


def test_what_a_list_gave_for_nothing_is_not_paid_for_on_the_word_of_that_list(
    box: Sandbox, open_workspace: Open
) -> None:
    box.set_price("leadiq", "profile", 0)
    workspace = open_workspace()
    workspace.identify("leadiq")
    frame = pd.DataFrame({"Email": [one.email for one in complete(box)[:4]]})
    free = frame.leads.find_people(email="Email", via="leadiq", want=["profile"], workspace=open_workspace())
    assert free.preview.most == 0
    box.set_price("leadiq", "profile", 100)
    with pytest.raises(ApprovalError, match=r"up to 0\.1 credits each, and 0 was approved"):
        free.run(at_most=0)
    assert not box.charges


def test_a_list_that_came_with_an_error_in_its_place_leaves_the_prices_as_they_were(
    box: Sandbox, open_workspace: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leadkit.workspace.PRICES_AGAIN_SECONDS", 0.0)
    box.set_price("leadiq", "email", 1_500)
    workspace = open_workspace()
    workspace.identify("leadiq")
    plan = plan_of(box, workspace, rows=2)
    sender = workspace.send

    def send(provider: str) -> Send:
        def without_costs(request: Request) -> Response:
            if request != LeadIQ().prices_request():
                return sender(provider)(request)
            error = {"message": "costs are not to be had now", "path": ["account", "universalPlan"]}
            return answer({"data": {"account": {"universalPlan": None}}, "errors": [error]})

        return without_costs

    workspace.send = send  # type: ignore[method-assign]
    done = plan.run(at_most=100)
    assert box.charged("leadiq") == done.receipt.charged.most == 3_000
    assert plan_of(box, open_workspace(), rows=3).preview.most == 1_500, (
        "two are known, and one at the kept list"
    )
