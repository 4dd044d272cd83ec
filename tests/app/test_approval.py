"""The approval panel: what it says before anything is bought, and to whom it gives a button."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from leadkit.app import approval
from leadkit.app.draft import Draft
from leadkit.app.session import Session
from leadkit.app.visitor import Visitor
from leadkit.sandbox import Sandbox
from leadkit.workspace import Workspace
from tests.app.books import leads, people_book
from tests.app.desk import Desk


@pytest.fixture
def here(open_workspace: Callable[..., Workspace]) -> Session:
    return Session(open_workspace())


def drafted(here: Session, box: Sandbox, visitor: Visitor, count: int = 12) -> tuple[Session, Draft]:
    """What a visitor sees, and a draft in their name for unlocking so many people, of whom one has no id."""
    seen = here.seen_by(visitor)
    source = people_book(leads(box, count), extra=[("Nobody", None, None, None)])
    return seen, Desk(seen.workspace).draft(source)


def shown(here: Session, draft: Draft, credits: float | None) -> str:  # noqa: A002 (the user's word)
    field = approval.amount(draft)
    asked = approval.ask(here, draft, credits)
    return approval.panel(asked, field, approval.button(asked)).text


def test_the_panel_says_what_is_bought_for_whom_at_which_price_and_what_is_left_after(
    here: Session, box: Sandbox
) -> None:
    box.set_credits("leadleap", 100)
    page = shown(*drafted(here, box, Visitor("anna", daily_cap=50_000)), 12)
    for words in (
        "12 leads, at LeadLeap",
        "12 of the 13 rows of leads.xlsx",
        "100 now, at least 88 after",
        "at most 8 credits more, for the requests under way then",
        "<dd>anna</dd>",
        "50 credits a day (UTC) at LeadLeap",
        "12 credits",
    ):
        assert words in page


def test_whoever_may_only_look_sees_the_price_and_no_button(here: Session, box: Sandbox) -> None:
    page = shown(*drafted(here, box, Visitor("leo", "look")), 12)
    assert "12 leads, at LeadLeap" in page
    assert "You may look, but not spend" in page
    assert "marimo-button" not in page
    assert "marimo-number" not in page


def test_what_is_no_amount_is_told_beside_a_button_that_cannot_be_pressed(
    here: Session, box: Sandbox
) -> None:
    seen, draft = drafted(here, box, Visitor("anna"))
    asked = approval.ask(seen, draft, None)
    assert asked.job_id is None
    assert "Nothing was sent" in shown(seen, draft, None)
    assert "data-disabled='true'" in approval.button(asked).text


def test_another_amount_another_workbook_or_another_person_is_another_approval(
    here: Session, box: Sandbox
) -> None:
    seen, draft = drafted(here, box, Visitor("anna"))
    first = approval.ask(seen, draft, 5).job_id
    assert approval.ask(seen, draft, 5).job_id == first
    assert approval.ask(seen, draft, 4).job_id != first
    assert approval.ask(*drafted(here, box, Visitor("anna"), 11), 5).job_id != first
    assert approval.ask(*drafted(here, box, Visitor("bert")), 5).job_id != first


def test_an_amount_above_ones_limit_asks_for_the_password(here: Session, box: Sandbox) -> None:
    seen, draft = drafted(here, box, Visitor("anna", confirm_above=5000))
    assert approval.ask(seen, draft, 5).password is None
    assert approval.ask(seen, draft, 6).password is not None
    assert "Your password" in shown(seen, draft, 6)


def test_pressing_without_the_password_begins_nothing_and_says_why(
    here: Session, box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = Visitor("anna", confirm_above=5000)
    seen, draft = drafted(here, box, anna)
    monkeypatch.setattr(approval, "confirmed", lambda _: anna)
    params: dict[str, str] = {}
    page = approval.start(approval.ask(seen, draft, 12), params)
    assert page is not None
    assert "need your password. Nothing was sent" in page.text
    assert params == {}
    assert box.paid_requests() == []
