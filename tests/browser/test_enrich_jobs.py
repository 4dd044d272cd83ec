"""A job in the browser: once however often it is asked for, and never lost."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext

from leadkit.sandbox import Sandbox
from tests.app.books import people_book
from tests.browser.conftest import Strangers, environ
from tests.browser.driver import Server, Visitor, profile, visitor

OpenVisitor = Callable[[], Visitor]
UNLOCK = "Unlock contact data"


@pytest.fixture(autouse=True)
def _no_traceback(server: Server) -> Iterator[None]:
    before = len(server.log)
    yield
    assert "Traceback" not in server.log[before:], server.log[before:]


def bought(town: Sandbox) -> Counter[str]:
    return Counter(charge.what for charge in town.charges)


def test_a_double_click_and_a_second_tab_buy_once(
    open_visitor: OpenVisitor,
    town: Sandbox,
    strangers: Strangers,
    write: Callable[..., Path],
) -> None:
    people = strangers(12)
    path = write(people_book(people))
    town.fault("delay", "/leads/unlock", times=None, seconds=0.2)
    tabs = [open_visitor(), open_visitor()]
    for tab in tabs:
        tab.open().upload(path)
        tab.choose_step(UNLOCK)
        tab.button.wait_for()
    for tab in tabs:
        tab.button.dblclick(no_wait_after=True)
    assert tabs[0].job() == tabs[1].job()
    for tab in tabs:
        tab.note("Done").wait_for()
    assert bought(town) == dict.fromkeys((p.lead_id for p in people), 1)
    assert len(town.paid_requests()) == 12


def test_an_approval_that_others_overtook_is_refused_and_leads_back_to_the_new_price(
    open_visitor: OpenVisitor,
    town: Sandbox,
    strangers: Strangers,
    write: Callable[..., Path],
) -> None:
    path = write(people_book(strangers(3)))
    quick, slow = open_visitor(), open_visitor()
    for tab in (quick, slow):
        tab.open().upload(path)
        tab.choose_step(UNLOCK)
        tab.button.wait_for()
    amount = slow.page.get_by_role("textbox", name="Credits that may be spent")
    amount.fill("2")
    amount.blur()
    slow.page.get_by_role("button", name="at most 2 credits").wait_for()
    quick.button.click()
    quick.note("Done").wait_for()
    slow.button.click()
    slow.note("It did not begin").wait_for()
    slow.page.get_by_role("link", name="Back to the price").click()
    slow.page.get_by_role("button", name="Fill in what is known, for 0 credits").click()
    slow.note("Done").wait_for()
    assert town.charged("leadleap") == 3000


def test_a_reload_in_the_middle_finds_the_running_job_again(
    open_visitor: OpenVisitor,
    town: Sandbox,
    strangers: Strangers,
    write: Callable[..., Path],
) -> None:
    people = strangers(24)
    town.fault("delay", "/leads/unlock", times=None, seconds=0.8)
    someone = open_visitor()
    someone.open().upload(write(people_book(people)))
    someone.choose_step(UNLOCK)
    someone.button.click()
    someone.note("Under way").wait_for()
    job = someone.job()
    someone.reload()
    someone.note("Under way").wait_for()
    someone.text("of 24 leads").wait_for()
    elsewhere = open_visitor().open(job)
    elsewhere.note("Under way").wait_for()
    town.clear_faults()
    someone.note("Done").wait_for()
    elsewhere.note("Done").wait_for()
    assert bought(town) == dict.fromkeys((p.lead_id for p in people), 1)


def test_stop_ends_the_spending_and_resume_goes_on(
    someone: Visitor, town: Sandbox, strangers: Strangers, write: Callable[..., Path]
) -> None:
    people = strangers(30)
    town.fault("delay", "/leads/unlock", times=None, seconds=0.5)
    someone.open().upload(write(people_book(people)))
    someone.choose_step(UNLOCK)
    someone.button.click()
    someone.page.get_by_role("button", name="Stop").click()
    someone.note("Stopped as you asked").wait_for()
    spent = town.charged("leadleap")
    assert spent < 30_000
    someone.reload()
    someone.note("Stopped as you asked").wait_for()
    assert town.charged("leadleap") == spent

    town.clear_faults()
    someone.page.get_by_role("button", name="Resume").click()
    someone.note("Done").wait_for()
    assert bought(town) == dict.fromkeys((p.lead_id for p in people), 1)


def test_a_press_after_a_pause_finds_its_connection_as_it_was(server: Server) -> None:
    """A browser keeps it for minutes; the library below the server would end it after five seconds."""
    line = HTTPConnection(urlsplit(server.url).netloc)
    line.connect()
    line.auto_open = 0  # type: ignore[attr-defined] # or it would begin another unseen
    for pause in (0, 7):
        time.sleep(pause)
        line.request("GET", "/sign-in")
        answer = line.getresponse()
        assert answer.status == 200
        answer.read()
    line.close()


def test_the_files_of_a_job_go_after_a_second_word_and_what_was_paid_for_stays(
    someone: Visitor,
    town: Sandbox,
    strangers: Strangers,
    write: Callable[..., Path],
    home: Path,
) -> None:
    path = write(people_book(strangers(2)))
    someone.open().upload(path)
    someone.choose_step(UNLOCK)
    someone.button.click()
    someone.download_button.wait_for()
    folder = home / "workspace" / "jobs" / someone.job()
    someone.reload()  # as who comes back later to tidy up
    someone.download_button.wait_for()
    really = someone.page.get_by_role("button", name="Yes, delete these files")
    assert really.count() == 0
    asked = "Delete these files from this machine"
    someone.page.get_by_role("button", name=asked).click()
    question = someone.page.get_by_role("region", name=asked)
    question.get_by_text("What was paid for stays in the ledger").wait_for()
    assert folder.is_dir()
    really.click()
    someone.page.wait_for_url(lambda url: "job=" not in url)
    assert not folder.exists()
    someone.upload(path)
    someone.page.get_by_role("radio", name=UNLOCK, exact=True).click()
    someone.page.get_by_role("button", name="Fill in what is known, for 0 credits").wait_for()
    assert town.charged("leadleap") == 2000


def test_a_job_that_ran_out_of_credits_says_so_and_can_be_resumed(
    someone: Visitor, town: Sandbox, strangers: Strangers, write: Callable[..., Path]
) -> None:
    town.set_credits("leadleap", 2)
    someone.open().upload(write(people_book(strangers(5))))
    someone.choose_step(UNLOCK)
    someone.button.click()
    someone.note("It had to stop").wait_for()
    someone.text("2 of the 5 approved credits were spent.").wait_for()
    town.set_credits("leadleap", 100)
    someone.page.get_by_role("button", name="Resume, for at most 3 credits").click()
    someone.note("Done").wait_for()
    assert town.charged("leadleap") == 5000


def test_a_connection_lost_for_longer_than_a_session_lives_loses_no_job(
    browser: Browser,
    town: Sandbox,
    strangers: Strangers,
    write: Callable[..., Path],
    tmp_path: Path,
) -> None:
    people = strangers(20)
    town.clear_record()
    town.fault("delay", "/leads/unlock", times=None, seconds=0.5)
    server = Server(environ(town, tmp_path), tmp_path, session_seconds=1)
    context = profile(browser)
    try:
        with visitor(context, server) as someone:
            someone.open().upload(write(people_book(people)))
            someone.choose_step(UNLOCK)
            someone.button.click()
            someone.note("Under way").wait_for()
            job = someone.job()
            context.set_offline(True)
            someone.page.wait_for_timeout(4000)
            context.set_offline(False)
            someone.open(job)
            someone.note("Done").wait_for()
    finally:
        town.clear_faults()
        server.stop()
    assert bought(town) == dict.fromkeys((person.lead_id for person in people), 1)


def test_a_killed_server_loses_no_job(
    context: BrowserContext,
    town: Sandbox,
    strangers: Strangers,
    write: Callable[..., Path],
    tmp_path: Path,
) -> None:
    people = strangers(30)
    town.clear_record()
    town.fault("delay", "/leads/unlock", times=None, seconds=0.3)
    first = Server(environ(town, tmp_path), tmp_path)
    try:
        with visitor(context, first) as someone:
            someone.open().upload(write(people_book(people)))
            someone.choose_step(UNLOCK)
            someone.button.click()
            someone.note("Under way").wait_for()
            job = someone.job()
            while len(town.charges) < 4:
                someone.page.wait_for_timeout(50)
    finally:
        first.kill()
    town.clear_faults()
    second = Server(environ(town, tmp_path), tmp_path)
    try:
        with visitor(context, second) as someone:
            someone.open()
            someone.note("You have unfinished work").wait_for()
            someone.page.get_by_role("link", name="interrupted").click()
            someone.note("It was interrupted").wait_for()
            assert someone.job() == job
            someone.page.get_by_role("button", name="Resume").click()
            someone.note("Done").wait_for()
    finally:
        second.stop()
    assert bought(town) == dict.fromkeys((p.lead_id for p in people), 1)


def test_on_a_phone_the_sign_that_the_page_is_at_work_does_not_cover_the_way_home(
    browser: Browser,
    server: Server,
    town: Sandbox,
    strangers: Strangers,
    write: Callable[..., Path],
) -> None:
    context = profile(browser, width=400, height=800)
    with visitor(context, server) as someone:
        someone.open()
        town.fault("delay", "/account/usage", seconds=2.0)  # the price is shown with the balance
        someone.upload(write(people_book(strangers(2))))
        sign, home = someone.page.wait_for_function(_PLACES).json_value()  # it is gone in a moment
        assert sign["left"] > home["right"] or sign["top"] > home["bottom"]
    context.close()


#: Where the sign that the page is at work and the way home are, as soon as both are there.
_PLACES = """() => {
  const found = ['[data-testid="loading-indicator"]', '.lk-brand a'].map((one) => document.querySelector(one));
  return found.every(Boolean) && found.map((one) => one.getBoundingClientRect().toJSON());
}"""
