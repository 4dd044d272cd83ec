"""The spending app in a real browser: what was spent, what is in doubt, and forgetting a person."""

from __future__ import annotations

import getpass
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from leadkit.app.users import Users
from leadkit.sandbox import Sandbox
from leadkit.settings import Settings
from leadkit.workspace import Workspace
from tests.app.accounts import buy_leads, lose_answers
from tests.app.doorway import PASSWORD, user
from tests.browser.conftest import Strangers, environ
from tests.browser.driver import Server, Visitor, profile, visitor
from tests.conftest import FakeClock

OpenVisitor = Callable[[], Visitor]
SURE = "I have looked at the provider's own account"


@pytest.fixture
def books(town: Sandbox, home: Path, server: Server) -> Iterator[Workspace]:
    """The server's own ledger, as another process uses it; nobody waits for real before a request is repeated."""
    clock = FakeClock()
    clock.started = datetime.now(UTC)
    workspace = Workspace(Settings.from_environment(environ(town, home)), clock=clock)
    with closing(workspace):
        yield workspace


def open_app(someone: Visitor) -> Visitor:
    someone.page.goto(f"{someone.url}spending/")
    someone.page.get_by_role("heading", name="Spending", exact=True).wait_for()
    return someone


def section(someone: Visitor, title: str) -> None:
    someone.page.get_by_role("heading", name=title, exact=True).wait_for()


def test_the_page_tells_what_is_left_what_was_spent_and_what_is_in_doubt(
    open_visitor: OpenVisitor, town: Sandbox, books: Workspace, strangers: Strangers
) -> None:
    done = buy_leads(books, strangers(2))
    lost = lose_answers(books.for_user("colleague"), town, 1, skip=20)
    paid = len(town.paid_requests())
    someone = open_app(open_visitor())
    for title in (
        "Balances",
        "In doubt",
        "Day by day",
        "Runs",
        "What was found",
        "Ceilings",
        "Forget a person",
    ):
        section(someone, title)
    someone.page.locator(".lk-card", has_text="Leadfeeder").wait_for()
    someone.page.locator("[aria-label^='LeadLeap: credits of each of the last 30 days']").first.wait_for()
    for run_id in (done.receipt.run_id, lost.receipt.run_id):
        row = someone.page.get_by_role("row").filter(has_text=run_id)
        row.first.wait_for()
    expect(someone.page.get_by_role("row").filter(has_text="colleague").first).to_contain_text(
        "Company details"
    )
    someone.page.get_by_text("The same as a table").click()
    someone.page.get_by_role("columnheader", name="Credits set aside").last.wait_for()
    assert len(town.paid_requests()) == paid


def test_what_is_in_doubt_is_settled_once_after_a_person_said_so(
    open_visitor: OpenVisitor, town: Sandbox, books: Workspace
) -> None:
    done = lose_answers(books, town, 2, skip=30)
    run_id = done.receipt.run_id
    tabs = [open_app(open_visitor()) for _ in range(2)]
    for tab in tabs:
        tab.page.get_by_label("What to settle").select_option(f"All 2 calls of run {run_id}: Company details")
        tab.page.get_by_role("radio", name="It was not charged").click()
        tab.note("What follows from it").wait_for()
        button = tab.page.get_by_role("button", name="Settle calls")
        expect(button).to_be_disabled()
        tab.page.get_by_text(SURE).click()
        expect(button).to_be_enabled()
    assert books.ledger.run(run_id).held == 6000
    tabs[0].page.get_by_role("button", name="Settle calls").dblclick()
    tabs[0].note("Settled").wait_for()
    assert books.ledger.run(run_id).held == 0
    tabs[1].page.get_by_role("button", name="Settle calls").click()
    tabs[1].note("Nothing was settled").wait_for()
    me = getpass.getuser()
    notes = [call.note for call in books.ledger.calls(run_id)]
    assert [note.count(f"not-charged, decided by {me}") for note in notes] == [1, 1]


def test_a_person_is_forgotten_after_a_second_word_and_not_named_again(
    open_visitor: OpenVisitor, books: Workspace, strangers: Strangers
) -> None:
    (person,) = strangers(1)
    buy_leads(books, [person])
    someone = open_app(open_visitor())
    field = someone.page.get_by_role("textbox", name="Whom to forget")
    field.fill("nobody@")
    field.blur()
    someone.note("Nobody can be meant by that").wait_for()
    field.fill(f" {person.email.upper()} ")
    field.blur()
    someone.note("This will be taken out").wait_for()
    someone.text(re.compile(r"Named in [1-9]\d* answers?, [1-9]\d* raw answers? and 0 jobs")).wait_for()
    button = someone.page.get_by_role("button", name="Forget this person")
    expect(button).to_be_disabled()
    someone.page.get_by_text("Yes, take this person out of everything").click()
    button.click()
    someone.note("Forgotten").wait_for()
    expect(field).to_have_value("")
    with someone.page.expect_download() as waiting:
        someone.page.get_by_text("Download this receipt").click()
    receipt = Path(waiting.value.path()).read_text("utf-8")
    assert "is on the list of people who are not asked about again" in receipt
    assert person.email not in receipt.lower()
    assert person.email not in someone.page.content().lower()
    assert books.ledger.suppressed("lead_id", [person.lead_id]) == [0]


def test_who_may_only_look_sees_nothing_of_others_and_has_no_button(
    browser: Browser, server: Server, home: Path, town: Sandbox, books: Workspace, strangers: Strangers
) -> None:
    buy_leads(books, strangers(1))
    lose_answers(books, town, 1, skip=40)
    Users(home / "workspace" / "app" / "users.json").put(user("carol", "look"))
    context = profile(browser, width=400, height=2500, colours="dark")
    server.sign_in(context, "carol", PASSWORD)
    with visitor(context, server) as carol:
        open_app(carol)
        carol.note("Nothing is in doubt").wait_for()
        carol.note("No run yet").wait_for()
        section(carol, "Ceilings")
        names = [button.inner_text().strip() for button in carol.page.get_by_role("button").all()]
        assert "Look again" in names
        assert not [name for name in names if name.startswith(("Settle", "Forget"))]
        assert carol.page.get_by_role("textbox", name="Whom to forget").count() == 0
        # Nothing hangs over the edge of a phone.
        assert carol.page.evaluate("document.documentElement.scrollWidth") <= 400
    context.close()
