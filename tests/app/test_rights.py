"""What roles, caps and names allow and forbid, where money is spent: in the jobs, not in the buttons."""

from __future__ import annotations

import pytest

from leadkit.app.visitor import Visitor, guard, owner, visitor
from leadkit.errors import ApprovalError, RunNotFoundError, SettingsError
from leadkit.sandbox import Sandbox
from tests.app.books import leads, people_book
from tests.app.desk import Desk


def test_who_may_only_look_starts_and_resumes_nothing(desk: Desk, box: Sandbox) -> None:
    press = desk.approve(desk.draft(people_book(leads(box, 3))))
    desk.visitor = Visitor("tester", "look")
    with pytest.raises(ApprovalError, match="may look, but not spend"):
        press()
    desk.visitor = Visitor("tester")
    job = press()
    desk.wait(job)
    with pytest.raises(ApprovalError, match="may look, but not spend"):
        desk.jobs.resume(job.id, Visitor("tester", "look"))
    assert box.charged("leadleap") == 3_000


def test_nobody_starts_resumes_or_stops_a_job_in_anothers_name(desk: Desk, box: Sandbox) -> None:
    press = desk.approve(desk.draft(people_book(leads(box, 3))))
    desk.visitor = Visitor("bob")
    with pytest.raises(ApprovalError, match="somebody else's name. Nothing was sent"):
        press()
    desk.visitor = Visitor("tester")
    job = press()
    for act in (desk.jobs.resume, desk.jobs.cancel):
        with pytest.raises(RunNotFoundError):
            act(job.id, Visitor("bob"))
    with pytest.raises(RunNotFoundError):
        desk.jobs.find(job.id, "bob")
    assert desk.jobs.unfinished("bob") == []
    desk.wait(job)


def test_an_amount_above_the_visitors_limit_needs_a_confirmation(desk: Desk, box: Sandbox) -> None:
    press = desk.approve(desk.draft(people_book(leads(box, 3))), credits=3)
    desk.visitor = Visitor("tester", confirm_above=2_999)
    with pytest.raises(ApprovalError, match="More than 2.999 credits need your password. Nothing was sent"):
        press()
    assert box.paid_requests() == []
    desk.visitor = Visitor("tester", confirm_above=2_999, confirmed=True)
    assert desk.wait(press()).state == "done"


def test_a_job_is_paid_in_the_name_and_within_the_daily_cap_of_its_user(desk: Desk, box: Sandbox) -> None:
    press = desk.approve(desk.draft(people_book(leads(box, 3))))
    desk.visitor = Visitor("tester", daily_cap=2_000)
    status = desk.wait(press())
    assert status.charged.most <= 2_000, "of the 3 that were approved"
    assert {run.approved_by for run in desk.workspace.ledger.runs()} == {"tester"}
    assert box.charged("leadleap") == status.charged.most > 0


def test_in_a_server_nobody_is_somebody_without_being_let_in() -> None:
    """Should a request ever reach a notebook past the door, it has no name, rather than the owner's."""
    assert visitor() == owner()
    guard(lambda who, password: who)
    try:
        with pytest.raises(SettingsError, match="Nobody is signed in. Nothing was sent"):
            visitor()
    finally:
        guard(None)
