"""The app that finds people: those who do not fit wait for a person, and only accepted ones are unlocked."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from openpyxl import load_workbook
from playwright.sync_api import Page, expect

from leadkit.sandbox import Sandbox
from tests.app.books import book_bytes
from tests.browser.driver import Visitor

APPROVE = re.compile(r"for (at most )?[\d.,]+ credits?")


@pytest.fixture
def people(town: Sandbox, tmp_path: Path) -> Path:
    """Four addresses that LeadIQ knows; in two rows the name is another one."""
    known = [person for person in town.world.known_to("leadiq") if person.email][40:44]
    rows = [("Email", "Name", "Company")]
    names = [known[0].full_name, known[1].full_name, "Zelda Quux", "<img src=x onerror=alert(1)>"]
    rows += [(one.email, name, "") for one, name in zip(known, names, strict=True)]
    path = tmp_path / "people.xlsx"
    path.write_bytes(book_bytes(rows))
    return path


def open_app(visitor: Visitor, query: str = "") -> Page:
    page = visitor.page
    page.goto(f"{visitor.url}find_people/{query}")
    page.get_by_role("heading", name="Find people", exact=True).wait_for()
    return page


def finish(page: Page) -> None:
    page.get_by_text("Download the workbook").wait_for()


def answer(page: Page, row: int, words: str) -> None:
    # Each choice carries its row's number in front.
    choices = page.locator("marimo-radio").filter(has_text=re.compile(rf"^Row {row}\D"))
    choices.get_by_role("radio", name=words).click()


def column(path: Path, name: str) -> list[object]:
    head, *rows = load_workbook(path).worksheets[0].iter_rows(values_only=True)
    return [row[head.index(name)] for row in rows]


def test_who_does_not_fit_is_looked_at_and_only_the_accepted_are_unlocked(
    open_visitor: Callable[[], Visitor], town: Sandbox, people: Path, tmp_path: Path
) -> None:
    visitor = open_visitor()
    town.set_credits("leadiq", 1000)
    page = open_app(visitor)
    visitor.upload(people)
    visitor.button.click()
    finish(page)
    for_finding = town.charged("leadiq")
    expect(visitor.note("2 to look at")).to_be_visible()
    paid = len(town.paid_requests())

    answer(page, 4, "The row’s person")
    answer(page, 5, "Somebody else")
    page.get_by_role("button", name="Keep these answers").click()
    expect(visitor.note("Everybody has been looked at")).to_be_visible()
    first = visitor.job()
    page.get_by_role("button", name="Write the answers into the workbook").click()
    page.wait_for_url(lambda url: first not in url)
    onward = page.locator(f"a[href='?after={visitor.job()}']")  # of the new workbook, not of the one before
    onward.wait_for()
    assert len(town.paid_requests()) == paid

    onward.click()
    visitor.button.click()
    visitor.job()
    finish(page)
    done = visitor.download(tmp_path)
    assert [bool(cell) for cell in column(done, "leadiq_person_id")] == [True, True, True, False]
    assert [cell == "answered" for cell in column(done, "leadiq_unlock_status")] == [True, True, True, False]
    assert len(town.paid_requests()) > paid
    assert town.charged("leadiq") > for_finding


def test_what_a_person_said_is_remembered_after_a_reload_and_costs_nothing(
    open_visitor: Callable[[], Visitor], town: Sandbox, people: Path
) -> None:
    visitor = open_visitor()
    page = open_app(visitor)
    visitor.upload(people)
    visitor.button.click()
    finish(page)
    page.get_by_role("radio", name=re.compile("Looked at")).click()
    answer(page, 4, "Somebody else")
    page.get_by_role("button", name="Keep these answers").click()
    expect(page.locator(".lk-review", has_text="somebody else, said by")).to_have_count(2)
    page.reload()
    finish(page)
    page.get_by_role("radio", name=re.compile("Looked at")).click()
    expect(page.locator(".lk-review", has_text="somebody else, said by")).to_have_count(2)
    assert town.paid_requests() == []
