"""Runs over real sockets: the bill stays under the ceiling, nothing is paid twice, every row is accounted for."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable

import pandas as pd
import pytest

from leadkit.errors import (
    ApprovalError,
    CreditsExhaustedError,
    KeyRefusedError,
    LedgerError,
    NotSentError,
    PriceError,
    QuotaExhaustedError,
    ScopeError,
    SettingsError,
)
from leadkit.plan import make_plan
from leadkit.rate_headers import LONGEST_WAIT
from leadkit.result import OUTCOMES, Done, resume_run
from leadkit.sandbox import Sandbox
from leadkit.sandbox.world import Person
from leadkit.workspace import Workspace
from tests.conftest import FakeClock

Open = Callable[..., Workspace]


def sold(box: Sandbox) -> list[Person]:
    return [person for person in box.world.known_to("leadleap") if not person.deleted]


def lead_ids(box: Sandbox, count: int) -> list[str]:
    """Leads that the sandbox sells and nobody has unlocked."""
    return [person.lead_id for person in sold(box)[:count]]


def unlock(workspace: Workspace, ids: list[str], at_most: float = 1000) -> Done:
    frame = pd.DataFrame({"Lead ID": ids})
    return make_plan(frame, "unlock", {"lead_id": "Lead ID"}, workspace=workspace).run(at_most=at_most)


def paid_twice(box: Sandbox) -> list[str]:
    counts = Counter(charge.what for charge in box.charges if charge.millicredits)
    return [what for what, times in counts.items() if times > 1]


def test_the_receipt_equals_the_charge_record_and_the_preview_is_a_ceiling(
    box: Sandbox, workspace: Workspace
) -> None:
    frame = pd.DataFrame({"Lead ID": [*lead_ids(box, 12), *lead_ids(box, 3), None]})
    plan = make_plan(frame, "unlock", {"lead_id": "Lead ID"}, workspace=workspace)
    assert box.charged("leadleap") == 0
    assert not box.requests
    done = plan.run(at_most=1000)
    assert done.receipt.charged.exact
    assert done.receipt.charged.most == box.charged("leadleap") <= plan.preview.most
    assert done.complete
    assert done.receipt.rows["answered"] == 12
    assert done.receipt.rows["duplicate"] == 3
    assert done.receipt.rows["blank"] == 1


def test_a_second_run_by_anybody_on_the_same_ledger_sends_nothing(box: Sandbox, open_workspace: Open) -> None:
    ids = lead_ids(box, 5)
    first = unlock(open_workspace(), ids)
    requests = len(box.requests)
    second = unlock(open_workspace(), ids)
    assert len(box.requests) == requests
    assert second.receipt.rows["known"] == 5
    assert second.receipt.charged.most == 0
    values = [column for column in first.frame.columns if not column.startswith("leadleap_unlock_")]
    pd.testing.assert_frame_equal(first.frame[values], second.frame[values])


def test_the_approved_amount_is_never_exceeded_and_the_rest_is_over_budget(
    box: Sandbox, workspace: Workspace
) -> None:
    done = unlock(workspace, lead_ids(box, 10), at_most=4)
    assert box.charged("leadleap") == 4_000
    assert done.receipt.rows["answered"] == 4
    assert done.receipt.rows["over budget"] == 6
    assert not done.complete


def test_answers_land_on_their_own_rows_whatever_their_order(box: Sandbox, workspace: Workspace) -> None:
    ids = lead_ids(box, 20)
    frame = unlock(workspace, ids[::-1]).frame
    names = {person.lead_id: person.full_name for person in sold(box)[:20]}
    assert list(frame["leadleap_full_name"]) == [names[one] for one in frame["Lead ID"]]


@pytest.mark.parametrize("kind", ["reset_after", "truncate", "html"])
def test_a_lost_answer_is_asked_for_again_only_because_that_is_free(
    box: Sandbox, workspace: Workspace, kind: str
) -> None:
    box.fault(kind, "/leads/unlock", after_charge=True)
    done = unlock(workspace, lead_ids(box, 3))
    assert done.complete
    assert not paid_twice(box)
    assert box.charged("leadleap") == 3_000
    assert done.receipt.charged.least <= 3_000 <= done.receipt.charged.most


def test_an_answer_that_stays_lost_is_in_doubt_and_its_money_stays_reserved(
    box: Sandbox, open_workspace: Open
) -> None:
    box.fault("status", "/leads/unlock", status=500, times=None)
    workspace = open_workspace()
    workspace.clock.wait = lambda seconds, until=None: False  # type: ignore[method-assign]
    done = unlock(workspace, lead_ids(box, 1), at_most=1)
    assert done.receipt.rows["in doubt"] == 1
    assert done.receipt.held == 1_000
    assert "INTERNAL_ERROR" in done.frame["leadleap_unlock_note"].iloc[0]
    box.clear_faults()
    again = unlock(open_workspace(), lead_ids(box, 1), at_most=0)
    assert again.receipt.rows["answered"] == 1, "repeated under the reservation of the first run"
    assert again.receipt.repeated == 1
    assert box.charged("leadleap") == 1_000


def test_a_run_is_not_resumed_with_the_key_of_another_account_which_would_pay_again(
    box: Sandbox, open_workspace: Open
) -> None:
    box.fault("status", "/leads/unlock", status=500, times=None, after_charge=True)
    workspace = open_workspace()
    workspace.clock.wait = lambda seconds, until=None: False  # type: ignore[method-assign]
    run_id = unlock(workspace, lead_ids(box, 2), at_most=2).receipt.run_id
    box.clear_faults()
    asked = len(box.paid_requests())
    stranger = open_workspace(LEADLEAP_API_KEY=box.api_key("leadleap", account="another"))
    with pytest.raises(ApprovalError, match="another account at leadleap .* Nothing was bought"):
        resume_run(run_id, stranger)
    assert len(box.paid_requests()) == asked
    colleague = open_workspace(LEADLEAP_API_KEY=box.api_key("leadleap"))
    _, outcome = resume_run(run_id, colleague)
    assert len(outcome.bought) == 2, "a second key of the same account"
    assert box.charged("leadleap") == 2_000


def test_credits_that_run_out_midway_keep_everything_and_the_run_can_be_resumed(
    box: Sandbox, workspace: Workspace
) -> None:
    box.set_credits("leadleap", 4)
    done = unlock(workspace, lead_ids(box, 10))
    assert isinstance(done.stopped, CreditsExhaustedError)
    assert "Buy credits or wait" in str(done.stopped)
    assert done.receipt.rows["answered"] == 4
    assert done.receipt.rows["not tried"] == 6
    assert done.receipt.charged.most == box.charged("leadleap") == 4_000
    box.set_credits("leadleap", 100)
    record, outcome = resume_run(done.receipt.run_id, workspace)
    assert len(outcome.bought) == 6
    assert record.charged.most == box.charged("leadleap") == 10_000
    assert not paid_twice(box)


def test_a_wrong_key_stops_the_run_after_one_request_and_costs_nothing(
    box: Sandbox, open_workspace: Open
) -> None:
    done = unlock(open_workspace(LEADLEAP_API_KEY="ll_" + "0" * 64), lead_ids(box, 50))
    assert isinstance(done.stopped, KeyRefusedError)
    assert "LEADLEAP_API_KEY" in str(done.stopped)
    assert done.receipt.charged.most == done.receipt.held == 0
    assert len(box.paid_requests()) <= 2


def test_a_key_without_the_scope_says_so(box: Sandbox, open_workspace: Open) -> None:
    key = box.api_key("leadleap", scopes=["leads:read"])
    done = unlock(open_workspace(LEADLEAP_API_KEY=key), lead_ids(box, 3))
    assert isinstance(done.stopped, ScopeError)
    assert "scope" in str(done.stopped)
    assert box.charged("leadleap") == 0


def test_no_key_is_an_error_before_anything_is_sent(open_workspace: Open, box: Sandbox) -> None:
    workspace = open_workspace(LEADLEAP_API_KEY="")
    with pytest.raises(SettingsError, match="LEADLEAP_API_KEY"):
        unlock(workspace, lead_ids(box, 1))
    assert not box.requests


def test_a_key_that_its_provider_cannot_use_stops_the_run_and_holds_no_money(
    box: Sandbox, open_workspace: Open
) -> None:
    workspace = open_workspace(LEADIQ_API_KEY="not*base64")
    frame = pd.DataFrame({"Email": ["anna@example.com", "ben@example.com"]})
    plan = make_plan(frame, "validate_emails", {"email": "Email"}, via="leadiq", workspace=workspace)
    done = plan.run(at_most=1)
    assert isinstance(done.stopped, SettingsError)
    assert "LEADIQ_API_KEY is not base64" in done.receipt.stopped_why
    assert done.receipt.rows["not tried"] == 2
    assert done.receipt.held == done.receipt.charged.most == 0
    assert not [one for one in box.requests if "verify-email" in one.path]


def test_a_provider_that_is_down_costs_nothing_and_says_so(box: Sandbox, open_workspace: Open) -> None:
    ids = lead_ids(box, 2)
    box.stop()
    workspace = open_workspace()
    workspace.clock.wait = lambda seconds, until=None: False  # type: ignore[method-assign]
    done = unlock(workspace, ids)
    assert isinstance(done.stopped, NotSentError)
    assert done.receipt.charged.most == done.receipt.held == 0
    assert done.receipt.rows["not tried"] == 2


def test_an_approval_id_buys_once_however_often_it_is_used(box: Sandbox, workspace: Workspace) -> None:
    frame = pd.DataFrame({"Lead ID": lead_ids(box, 6)})
    plan = make_plan(frame, "unlock", {"lead_id": "Lead ID"}, workspace=workspace)
    refused: list[ApprovalError] = []

    def press() -> None:
        try:
            plan.run(at_most=10, approval="one click")
        except ApprovalError as error:
            refused.append(error)

    threads = [threading.Thread(target=press) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 4
    assert box.charged("leadleap") == 6_000


def test_two_runs_at_the_same_moment_share_what_they_buy(box: Sandbox, open_workspace: Open) -> None:
    ids = lead_ids(box, 30)
    results: list[Done] = []
    threads = [
        threading.Thread(target=lambda order=order: results.append(unlock(open_workspace(), order)))
        for order in (ids, ids[::-1])
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert box.charged("leadleap") == 30_000
    assert not paid_twice(box)
    assert all(done.complete for done in results)
    assert sum(done.receipt.rows["answered"] for done in results) == 30


def test_a_cancelled_run_ends_its_calls_and_starts_no_other(box: Sandbox, workspace: Workspace) -> None:
    cancel = threading.Event()
    frame = pd.DataFrame({"Lead ID": lead_ids(box, 200)})
    plan = make_plan(frame, "unlock", {"lead_id": "Lead ID"}, workspace=workspace)
    done = plan.run(at_most=1000, cancel=cancel, progress=lambda progress: cancel.set())
    assert done.cancelled
    assert done.receipt.state == "cancelled"
    assert done.receipt.rows["answered"] < 200
    assert done.receipt.rows["not tried"] > 0
    assert done.receipt.charged.most == box.charged("leadleap")
    assert done.receipt.held == 0


def test_a_price_above_the_documented_one_stops_the_run_at_the_first_call(
    box: Sandbox, workspace: Workspace
) -> None:
    box.set_price("leadleap", "unlock", 7_000)
    done = unlock(workspace, lead_ids(box, 20))
    assert isinstance(done.stopped, PriceError)
    assert "more than the 1" in str(done.stopped)
    assert len(box.paid_requests()) == 1
    assert done.receipt.charged.most == box.charged("leadleap") == 7_000, (
        "what was really charged is recorded"
    )


def test_one_unusable_entry_does_not_spoil_its_batch(box: Sandbox, workspace: Workspace) -> None:
    frame = pd.DataFrame({"Email": [f"a{n}@example.com" for n in range(8)]})
    box.fault("status", "/email/validate", status=400)
    plan = make_plan(frame, "validate_emails", {"email": "Email"}, workspace=workspace)
    done = plan.run(at_most=100)
    assert done.receipt.rows["answered"] == 8
    assert done.receipt.calls == 2, "the refused batch was halved"


def test_without_a_ledger_nothing_is_sent(
    box: Sandbox, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = pd.DataFrame({"Lead ID": lead_ids(box, 2)})
    plan = make_plan(frame, "unlock", {"lead_id": "Lead ID"}, workspace=workspace)
    with workspace.ledger.writing() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER full BEFORE INSERT ON calls BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END"
        )
    done = plan.run(at_most=10)
    assert isinstance(done.stopped, LedgerError)
    assert "database or disk is full" in str(done.stopped)
    assert not box.paid_requests()


def test_every_row_is_in_exactly_one_outcome(box: Sandbox, workspace: Workspace) -> None:
    ids = lead_ids(box, 4)
    cells = [ids[0], None, ids[0], "with blank inside", ids[1], "c_nobody", "", ids[2], ids[3]]
    done = unlock(workspace, cells, at_most=3)
    counts = done.frame["leadleap_unlock_status"].value_counts().to_dict()
    assert set(counts) <= set(OUTCOMES)
    assert sum(counts.values()) == len(cells) == sum(done.receipt.rows.values())
    assert counts == {outcome: count for outcome, count in done.receipt.rows.items() if count}


def test_the_callers_frame_stays_as_it_was(box: Sandbox, workspace: Workspace) -> None:
    frame = pd.DataFrame({"Lead ID": lead_ids(box, 3), "N": [1, 2, 3]}, index=["x", "y", "z"])
    before = frame.copy(deep=True)
    plan = make_plan(frame, "unlock", {"lead_id": "Lead ID"}, workspace=workspace)
    done = plan.run(at_most=10)
    pd.testing.assert_frame_equal(frame, before)
    pd.testing.assert_frame_equal(done.frame[["Lead ID", "N"]], before)


def test_an_amount_that_is_no_amount_is_refused_and_nothing_is_sent(
    box: Sandbox, workspace: Workspace
) -> None:
    plan = make_plan(
        pd.DataFrame({"Lead ID": lead_ids(box, 1)}), "unlock", {"lead_id": "Lead ID"}, workspace=workspace
    )
    for nonsense in ("many", -1, float("nan"), float("inf"), "1.0001", True):
        with pytest.raises(ApprovalError, match="not an amount of credits.*Nothing was sent"):
            plan.run(at_most=nonsense)
    assert not box.requests


def test_a_first_contact_that_failed_does_not_split_an_account(box: Sandbox, open_workspace: Open) -> None:
    ids = lead_ids(box, 3)
    box.fault("status", "/account/usage", status=500, times=None)
    box.fault("status", "/leads/unlock", status=402, times=None)
    assert unlock(open_workspace(), ids).receipt.charged.most == 0
    box.clear_faults()
    assert unlock(open_workspace(), ids).receipt.rows["answered"] == 3
    other = open_workspace(LEADLEAP_API_KEY=box.api_key("leadleap"))
    assert unlock(other, ids).receipt.rows["known"] == 3


def test_rows_that_found_no_room_are_tried_again_when_calls_cost_less_than_was_set_aside(
    box: Sandbox, workspace: Workspace
) -> None:
    first = lead_ids(box, 6)
    unlock(workspace, first)
    with workspace.ledger.writing() as connection:  # as if another team had unlocked them
        connection.exec_driver_sql("DELETE FROM answers")
        connection.exec_driver_sql("DELETE FROM facts")
    done = unlock(workspace, first, at_most=2)
    assert done.receipt.charged.most == 0
    assert done.receipt.rows["answered"] == 6


@pytest.mark.parametrize(
    ("step", "via", "role", "cell"),
    [
        ("unlock", "leadleap", "lead_id", "c_0000000000000000"),
        ("unlock", "leadfeeder", "lead_id", "999999999"),
        ("find_people", "leadiq", "email", "nobody@nowhere.example"),
        ("find_people", "leadfeeder", "email", "nobody@nowhere.example"),
        ("match_companies", "leadfeeder", "domain", "nowhere.example"),
        ("company_details", "leadiq", "domain", "nowhere.example"),
        ("known", "leadey", "email", "nobody@nowhere.example"),
    ],
)
def test_a_row_that_is_not_found_says_so_in_words(
    workspace: Workspace, step: str, via: str, role: str, cell: str
) -> None:
    plan = make_plan(pd.DataFrame({"Cell": [cell]}), step, {role: "Cell"}, via=via, workspace=workspace)
    row = plan.run(at_most=10).frame.iloc[0]
    assert row[f"{via}_{step}_status"] == "not found"
    assert " " in row[f"{via}_{step}_note"]


def test_a_receipt_says_why_it_gives_a_least_and_a_most(workspace: Workspace) -> None:
    frame = pd.DataFrame({"Email": ["nobody@nowhere.example"]})
    inexact = make_plan(frame, "find_people", {"email": "Email"}, via="leadiq", workspace=workspace).run(
        at_most=1
    )
    why = "Of some answers nobody said exactly what they cost."
    assert str(inexact.receipt.charged) == "0 to 0.1"
    assert ("note", why) in inexact.receipt.lines()
    exact = make_plan(frame, "known", {"email": "Email"}, workspace=workspace).run(at_most=1)
    assert why not in str(exact.receipt)


@pytest.mark.parametrize("wish", ["86400", "2592000"])
def test_a_provider_that_asks_again_for_more_than_the_longest_wait_is_not_waited_for(
    box: Sandbox, workspace: Workspace, clock: FakeClock, wish: str
) -> None:
    workspace.clock = clock
    box.fault("status", "/leads/unlock", status=429, retry_after=wish, times=None)
    done = unlock(workspace, lead_ids(box, 1))
    assert isinstance(done.stopped, QuotaExhaustedError)
    assert len([request for request in box.requests if request.path.endswith("/leads/unlock")]) == 2
    assert clock.seconds == LONGEST_WAIT
    assert (done.receipt.held, box.charged()) == (0, 0)
