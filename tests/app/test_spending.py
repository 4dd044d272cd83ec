"""What the spending app says, and whom it lets decide."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from leadkit.app import doubts, forgetting, spending
from leadkit.app.session import Session
from leadkit.app.visitor import Visitor
from leadkit.errors import ApprovalError, InputError, LeadkitError
from leadkit.ledger.budget import Caps
from leadkit.plan import make_plan
from leadkit.sandbox import Sandbox
from leadkit.workspace import Workspace
from tests.app.accounts import buy_leads, lose_answers
from tests.app.books import leads
from tests.conftest import FakeClock
from tests.ledger.driver import LedgerDriver

Open = Callable[..., Workspace]
ANNA, BEN, OLGA = Visitor("anna", "spend"), Visitor("ben", "look"), Visitor("olga", "approve")


@pytest.fixture
def workspace(workspace: Workspace, clock: FakeClock) -> Workspace:
    """One in which nobody waits for real before a request is repeated."""
    workspace.clock = clock
    return workspace


@pytest.fixture
def two_users(workspace: Workspace, box: Sandbox) -> Workspace:
    """Anna unlocked 3 leads and left one company in doubt; Olga unlocked 2 and left two companies in doubt."""
    for visitor, leads_bought, lost, skip in ((ANNA, 3, 1, 0), (OLGA, 2, 2, 10)):
        own = workspace.for_user(visitor.name)
        buy_leads(own, leads(box, leads_bought, skip=skip))
        lose_answers(own, box, lost, skip=skip)
    return workspace


def test_everybody_sees_their_own_runs_and_doubts_and_who_decides_sees_all(two_users: Workspace) -> None:
    ledger = two_users.ledger
    for visitor, users, calls in ((ANNA, {"anna"}, 1), (BEN, set(), 0), (OLGA, {"anna", "olga"}, 3)):
        whose = spending.seen_by(visitor)
        assert {run.approved_by for run in ledger.runs(whose)} == users
        assert {one.user for one in spending.days(ledger, whose)} == users
        assert {doubt.user for doubt in doubts.doubts(ledger, whose)} == users
        assert len(doubts.doubts(ledger, whose)) == calls
        rates = spending.hit_table(ledger, whose, two_users.settings)
        assert len(rates) == (2 if users else 0)


def test_a_run_shows_its_preview_beside_its_receipt(two_users: Workspace) -> None:
    runs = two_users.ledger.runs("olga")
    table = spending.run_table(two_users.ledger, runs, two_users.settings).set_index("Provider")
    shown = ["State", "At least", "Expected", "At most", "Approved", "Charged", "Set aside", "By"]
    assert table.loc["LeadLeap", shown].tolist() == ["done", "0", "2", "2", "2", "2", "0", "olga"]
    assert table.loc["LeadIQ", shown].tolist() == ["done", "0", "6", "6", "6", "0", "6", "olga"]


def test_a_run_whose_process_is_gone_is_told_from_one_under_way(workspace: Workspace, box: Sandbox) -> None:
    gone, alive = workspace.ledger.owners.start(), workspace.ledger.owners.start()
    plan = make_plan(
        pd.DataFrame({"Lead ID": [leads(box, 1)[0].lead_id]}),
        "unlock",
        {"lead_id": "Lead ID"},
        workspace=workspace,
    )
    for name, owner in (("gone", gone), ("alive", alive)):
        workspace.ledger.start_run(
            name,
            plan.operation,
            plan.account,
            [],
            owner=owner.id,
            approval=name,
            plan_hash="",
            approved_by="anna",
            approved=0,
            fresh_after={},
            preview={},
            context={},
        )
    gone.release()
    table = spending.run_table(workspace.ledger, workspace.ledger.runs(), workspace.settings).set_index("Run")
    assert dict(table["State"]) == {"gone": "interrupted", "alive": "under way"}
    assert table.loc["gone", "Expected"] == "not known"
    alive.release()


def test_credits_of_two_providers_are_never_added_up(two_users: Workspace) -> None:
    spent = spending.days(two_users.ledger, None)
    table = spending.day_table(spent, two_users.settings).set_index("Provider")
    assert table.loc["LeadLeap", ["Credits charged", "Credits set aside"]].tolist() == ["5", "0"]
    assert table.loc["LeadIQ", ["Credits charged", "Credits set aside"]].tolist() == ["0", "9"]
    today = two_users.clock.now().date()
    charts = [chart.to_dict() for chart in spending.day_charts(spent, today, two_users.settings)]
    assert sorted(chart["title"]["text"] for chart in charts) == ["LeadIQ", "LeadLeap"]
    assert spending.day_charts(spent, today + timedelta(days=spending.CHART_DAYS), two_users.settings) == []


def test_the_hit_rate_counts_what_was_found_of_what_was_answered(workspace: Workspace, box: Sandbox) -> None:
    buy_leads(workspace, leads(box, 3))
    ids = [leads(box, 4)[3].lead_id, "no-such-lead"]
    frame = pd.DataFrame({"Lead ID": ids})
    make_plan(frame, "unlock", {"lead_id": "Lead ID"}, workspace=workspace).run(at_most=2)
    lose_answers(workspace, box)
    table = spending.hit_table(workspace.ledger, None, workspace.settings).set_index("Provider")
    rate = table.loc["LeadLeap", ["Asked", "Found", "Not found", "Hit rate", "Credits charged"]].tolist()
    assert rate == ["5", "4", "1", "80%", "4"]
    # Nobody knows whether it would have been found: it is in no rate.
    assert table.loc["LeadIQ", ["Asked", "Found", "In doubt", "Hit rate"]].tolist() == ["1", "0", "1", ""]


def test_ceilings_are_told_with_what_counts_against_them(two_users: Workspace) -> None:
    spent, today = spending.days(two_users.ledger, None), two_users.clock.now().date()

    def told(caps: Caps) -> list[str]:
        lines = spending.cap_lines(caps, spent, user="anna", today=today, settings=two_users.settings)
        return [words for _, words in lines]

    mine, everybodys = told(Caps(user_day=20_000, account_day=90_000, users={"anna": 12_500}))
    # What is in doubt counts like what is spent.
    assert mine.startswith("12.5 credits")
    assert "3 used at LeadIQ, 3 used at LeadLeap" in mine
    assert "9 used at LeadIQ, 5 used at LeadLeap" in everybodys
    assert all(words.startswith("No ceiling. The setting LEADKIT_") for words in told(Caps()))


@pytest.mark.parametrize(
    ("decision", "charged", "may_be_bought"),
    [("not-charged", 0, True), ("charged", 3000, True), ("pay-again", 3000, True), ("give-up", 3000, False)],
)
def test_each_decision_does_what_its_words_say(
    workspace: Workspace, box: Sandbox, decision: str, charged: int, may_be_bought: bool
) -> None:
    done = lose_answers(workspace, box)
    (doubt,) = doubts.doubts(workspace.ledger, None)
    words = doubts.settle(workspace.ledger, doubt, decision, by=OLGA)
    run = workspace.ledger.run(done.receipt.run_id)
    assert (run.held, run.charged.most) == (0, charged)
    assert ("The 3 credits are free again" in words) == (charged == 0)
    assert ("The 3 credits count as spent" in words) == (charged == 3000)
    again = make_plan(
        done.frame[["Domain"]], "company_details", {"domain": "Domain"}, via="leadiq", workspace=workspace
    )
    asked = len(box.paid_requests())
    again.run(at_most=3)
    assert (len(box.paid_requests()) > asked) == may_be_bought
    assert ("will not be asked for again" in words) == (not may_be_bought)
    assert "the decision of olga" in words
    assert "decided by olga" in workspace.ledger.calls(run.id)[0].note
    assert doubts.doubts(workspace.ledger, None) == []


def test_a_whole_run_is_settled_at_once_and_only_once(two_users: Workspace) -> None:
    ledger = two_users.ledger
    offered = doubts.choices(doubts.doubts(ledger, None))
    (both,) = [doubt for doubt in offered.values() if len(doubt.call_ids) == 2]
    assert (both.user, both.held, both.count) == ("olga", 6000, "2 entries")
    doubts.settle(ledger, both, "not-charged", by=OLGA)
    assert [doubt.user for doubt in doubts.doubts(ledger, None)] == ["anna"]
    with pytest.raises(InputError, match="somebody settled calls .* Nothing was changed"):
        doubts.settle(ledger, both, "charged", by=OLGA)
    assert ledger.run(both.run_id).charged.most == 0


def test_nothing_is_settled_in_other_words_than_the_page_has_shown(tmp_path: Path) -> None:
    driver = LedgerDriver(tmp_path / "ledger")
    run = driver.start_run(4_000)
    claim = run.reserve(list("abcd"))
    run.doubt(claim, "lost")
    (shown,) = doubts.doubts(driver.ledger, None)
    assert run.reclaim(claim.call_id)  # meanwhile a colleague's run asks for it again, and then in halves
    run.doubt(claim, "one of them is unknown")
    driver.ledger.halve(run.operation_id, list("abcd"))
    halves = doubts.doubts(driver.ledger, None)
    with pytest.raises(InputError, match="is not in doubt as it was shown.* Nothing was changed"):
        doubts.settle(driver.ledger, shown, "pay-again", by=OLGA)
    assert doubts.doubts(driver.ledger, None) == halves
    assert "The 2 credits" in doubts.settle(driver.ledger, halves[0], "pay-again", by=OLGA)
    driver.close()


@pytest.mark.parametrize("visitor", [ANNA, BEN])
def test_who_may_not_decide_settles_and_forgets_nothing(
    two_users: Workspace, box: Sandbox, visitor: Visitor
) -> None:
    before = doubts.doubts(two_users.ledger, None)
    with pytest.raises(ApprovalError, match="may not decide this. Nothing was changed"):
        doubts.settle(two_users.ledger, before[0], "not-charged", by=visitor)
    address = leads(box, 1)[0].email
    with pytest.raises(ApprovalError, match="may not decide this. Nothing was changed"):
        forgetting.forget_person(two_users, "email", address, suppress=True, by=visitor)
    with pytest.raises(ApprovalError, match="may not decide this"):
        forgetting.kept_about(two_users, "email", address, by=visitor)
    assert doubts.doubts(two_users.ledger, None) == before


def test_what_is_in_doubt_is_named_without_the_ledgers_spelling(two_users: Workspace) -> None:
    for doubt in doubts.doubts(two_users.ledger, None):
        assert "{" not in doubt.what
        assert doubt.what.endswith((".example", ".com", ".org", ".net"))


def test_a_person_is_forgotten_without_being_named_in_the_receipt(two_users: Workspace, box: Sandbox) -> None:
    person = leads(box, 1)[0]
    receipt = forgetting.forget_person(
        two_users, "email", f" {person.email.upper()} ", suppress=False, by=OLGA
    )
    lines = dict(forgetting.receipt_lines(receipt))
    assert int(lines["Answers taken out"]) >= 1
    assert lines["Still found in"] == "none of them"
    assert forgetting.receipt_note(receipt)[1] == "Forgotten"
    told = f"{receipt} {lines}".lower()
    assert not [one for one in (person.email, person.lead_id, person.last_name) if one.lower() in told]
    again = forgetting.forget_person(two_users, "email", person.email, suppress=True, by=OLGA)
    assert forgetting.receipt_note(again)[1] == "Nothing was kept about this person"
    with pytest.raises(InputError, match="Nothing was changed"):
        forgetting.recognised("phone", "12")
    with pytest.raises(InputError, match="Nothing is typed"):
        forgetting.recognised("email", " ")


def test_nobody_is_forgotten_while_a_run_is_under_way(workspace: Workspace, box: Sandbox) -> None:
    box.fault("delay", "/leads/unlock", seconds=0.5)
    run = threading.Thread(target=buy_leads, args=(workspace, leads(box, 1)))
    run.start()
    while not box.requests or not workspace.ledger.runs():
        pass
    with pytest.raises(LeadkitError, match="is under way. Nothing was changed"):
        forgetting.forget_person(workspace, "email", "a@example.com", suppress=True, by=OLGA)
    run.join()


def test_balances_are_asked_for_once_however_many_pages_are_open(open_workspace: Open, box: Sandbox) -> None:
    session = Session(open_workspace())
    pages = [threading.Thread(target=session.seen_by(OLGA).balances) for _ in range(5)]
    for page in pages:
        page.start()
    for page in pages:
        page.join()
    found = session.balances()
    assert [one.provider for one in found] == ["leadleap", "leadiq", "leadfeeder", "leadey"]
    assert sum("usage" in request.path for request in box.requests) == 1
    assert sum(request.provider == "leadey" for request in box.requests) == 1
    assert box.paid_requests() == []
    cards = spending.balance_cards(found, session.workspace.settings)
    assert cards[0][:2] == ("LeadLeap", "5,000")


def test_a_balance_that_is_not_told_says_why_and_hides_no_other(open_workspace: Open, box: Sandbox) -> None:
    box.fault("status", "/account/usage", times=None, status=500)
    workspace = open_workspace(LEADEY_API_KEY="")
    found = Session(workspace).balances()
    cards = {title: left for title, left, _ in spending.balance_cards(found, workspace.settings)}
    assert cards == {"LeadLeap": "not known", "LeadIQ": "5,000", "Leadfeeder": "5,000"}
    notes = spending.balance_notes(found, workspace.settings)
    assert any(note.startswith("LeadLeap: ") for note in notes)
    assert "Leadey: no API key is set. The setting LEADEY_API_KEY takes it." in notes
