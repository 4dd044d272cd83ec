"""The prospect app in a real browser: from the filters to the workbook and the list."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import openpyxl
import pytest
from playwright.sync_api import Browser, Locator, expect

from leadkit.app.users import Users
from leadkit.sandbox import Sandbox
from tests.app.doorway import PASSWORD, user
from tests.browser.driver import Server, Visitor, profile, visitor

OpenVisitor = Callable[[], Visitor]
SEARCH = re.compile(r"^Search(, |$)")
PAID_SEARCH = re.compile(r"Search, for at most [\d.]+ credits?")


@pytest.fixture(autouse=True)
def _no_traceback(server: Server) -> Iterator[None]:
    before = len(server.log)
    yield
    assert "Traceback" not in server.log[before:], server.log[before:]


def open_app(someone: Visitor, query: str = "") -> Visitor:
    someone.page.goto(f"{someone.url}prospect/{query}")
    someone.page.get_by_role("heading", name="Find prospects").wait_for()
    return someone


def fill(someone: Visitor, name: str, value: str) -> None:
    field = someone.page.get_by_role("textbox", name=name, exact=True)
    field.fill(value)
    field.blur()


def search(someone: Visitor, words: re.Pattern[str] = SEARCH) -> Locator:
    return someone.page.get_by_role("button", name=words)


def came(someone: Visitor) -> Locator:
    return someone.page.get_by_text(re.compile(r"[\d,]+ rows? came, for .+ credits?"))


def tick(someone: Visitor, *rows: int) -> None:
    for row in rows:
        someone.page.get_by_role("checkbox").nth(row).click()


def test_from_the_filters_to_the_unlocked_workbook(
    open_visitor: OpenVisitor, town: Sandbox, tmp_path: Path
) -> None:
    someone = open_app(open_visitor())
    fill(someone, "Country", "FR")
    fill(someone, "Department", "Sales; Marketing")
    someone.text("Sales or Marketing").wait_for()
    search(someone).click()
    came(someone).wait_for()
    someone.page.wait_for_url(re.compile(r"[?&]search=[0-9a-f]{24}"))
    address = someone.page.url
    asked = len(town.requests)

    someone.page.reload()
    came(someone).wait_for()
    assert (
        someone.page.get_by_role("textbox", name="Department", exact=True).input_value() == "Sales; Marketing"
    )
    assert len(town.requests) == asked, "a reload asks the provider nothing"
    assert town.paid_requests() == []

    tick(someone, 1, 3)
    with someone.page.expect_download() as waiting:
        someone.page.get_by_text("Download the 2 ticked as a workbook").click()
    (sheet,) = openpyxl.load_workbook(io.BytesIO(Path(waiting.value.path()).read_bytes())).worksheets
    assert sheet.max_row == 3
    ticked = [row[0] for row in sheet.iter_rows(min_row=2, values_only=True)]

    someone.page.get_by_role("button", name="Unlock 2 leads for at most 2 credits").dblclick()
    someone.download_button.wait_for()
    bought = sorted(charge.what for charge in town.charges)
    assert bought == sorted(ticked)
    (sheet, *_) = openpyxl.load_workbook(someone.download(tmp_path)).worksheets
    head, *rows = sheet.iter_rows(values_only=True)
    assert all("@" in row[head.index("leadleap_email")] for row in rows)
    someone.page.get_by_role("link", name="Back to the search").click()
    came(someone).wait_for()
    assert someone.page.url == address


def test_what_each_filter_takes_can_be_read_to_its_end_at_every_width(someone: Visitor) -> None:
    open_app(someone)
    someone.page.get_by_label("Where to search").select_option("LeadIQ")
    takes = "places: a country, or 'state, country', or 'city, state, country'"
    hint = someone.page.locator(".lk-grid .lk-hint", has_text=takes).first
    for width in (1280, 800, 400):
        someone.page.set_viewport_size({"width": width, "height": 1400})
        hint.wait_for()
        cut = "all => all.filter(one => one.scrollWidth > one.clientWidth).map(one => one.textContent)"
        assert someone.page.locator(".lk-grid .lk-hint").evaluate_all(cut) == []
        box = hint.bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= width
    assert someone.page.locator(".lk-grid input[placeholder*=' ']").count() == 0


def test_the_table_of_what_was_found_has_no_tools_that_mean_something_else(someone: Visitor) -> None:
    open_app(someone)
    fill(someone, "Country", "SE")
    search(someone).click()
    came(someone).wait_for()
    tick(someone, 1, 2)
    someone.page.get_by_text("2 selected").wait_for()
    expect(someone.page.get_by_role("textbox", name="Search")).to_be_visible()
    for words in ("Columns", "Explore", "No selection"):
        expect(someone.page.get_by_text(words, exact=True).locator("visible=true")).to_have_count(0)


def test_a_paid_search_is_approved_by_its_price_and_charged_once(
    open_visitor: OpenVisitor, town: Sandbox
) -> None:
    tabs = [open_app(open_visitor()) for _ in range(2)]
    for tab in tabs:
        tab.page.get_by_label("Where to search").select_option("LeadIQ")
        tab.note("This cannot be searched for yet").wait_for()
        tab.page.get_by_role("button", name="Search", exact=True).wait_for()  # and not for free
        fill(tab, "Titles", "VP Sales; Sales Manager")
        search(tab, PAID_SEARCH).wait_for()
    assert town.paid_requests() == []
    for tab in tabs:
        search(tab, PAID_SEARCH).dblclick(no_wait_after=True)
    for tab in tabs:
        came(tab).wait_for()
    assert tabs[0].page.url == tabs[1].page.url
    paid = [request for request in town.paid_requests() if request.provider == "leadiq"]
    assert len(paid) == 1
    tabs[0].page.reload()
    came(tabs[0]).wait_for()
    assert len(town.paid_requests()) == 1
    assert 0 < town.charged("leadiq") <= 2500


def test_a_reload_in_the_middle_of_a_search_finds_it_again(open_visitor: OpenVisitor, town: Sandbox) -> None:
    someone = open_app(open_visitor())
    someone.page.get_by_label("Where to search").select_option("LeadIQ")
    fill(someone, "Titles", "Engineer; Software Engineer")
    rows = someone.page.get_by_role("textbox", name="Rows, at most")
    rows.fill("50")
    rows.blur()
    someone.page.get_by_role("button", name="Search, for at most 5 credits").wait_for()
    town.fault("delay", "/graphql", times=None, seconds=2)
    search(someone).click()
    someone.page.wait_for_url(re.compile(r"[?&]search="))
    while not town.paid_requests():
        someone.page.wait_for_timeout(50)
    someone.page.reload()
    came(someone).wait_for()  # by itself, whether it was still under way or not
    assert len([request for request in town.paid_requests() if request.provider == "leadiq"]) == 2
    assert town.charged("leadiq") <= 5000


def test_who_was_found_is_put_on_a_list_after_a_second_word(open_visitor: OpenVisitor, town: Sandbox) -> None:
    someone = open_app(open_visitor())
    fill(someone, "Country", "SE")
    search(someone).click()
    came(someone).wait_for()
    tick(someone, 1, 2)
    fill(someone, "Name of the list", "Trade fair <b>2026</b>")
    someone.text("2 would be sent").wait_for()
    button = someone.page.get_by_role("button", name="Add 2 to the list")
    expect(button).to_be_disabled()
    asked = len(town.requests)
    someone.page.get_by_text("Yes, change the list at LeadIQ").click()
    assert len(town.requests) == asked
    button.click()
    someone.text("2 added.").wait_for()
    button.click()
    someone.text("2 there already.").wait_for()
    assert town.paid_requests() == []


def test_what_cannot_be_searched_for_and_what_is_not_found_is_said_in_words(
    open_visitor: OpenVisitor, town: Sandbox
) -> None:
    someone = open_app(open_visitor(), "?search=0123456789abcdef01234567")
    someone.note("No such search").wait_for()
    fill(someone, "Country", "Atlantis")
    search(someone).click()
    someone.note("Nothing was found").wait_for()

    someone.page.get_by_label("Where to search").select_option("Leadfeeder")
    someone.page.get_by_label("For whom").select_option("Companies (free)")
    fill(someone, "Locations", "Berlin")
    someone.text("locations takes a country's two letters").wait_for()
    expect(search(someone)).to_be_disabled()
    fill(someone, "Locations", "DE")
    town.fault("status", "/companies/search", status=400)
    search(someone).click()
    someone.note("The search stopped").wait_for()
    search(someone).click()
    came(someone).wait_for()
    tick(someone, 1)
    someone.page.get_by_role("button", name="Look up 1 company for at most 1 credit").wait_for()
    assert town.paid_requests() == []


def test_what_providers_send_neither_runs_nor_fetches(open_visitor: OpenVisitor, town: Sandbox) -> None:
    trap = "http://trap.example"
    person = {
        "id": "lead-1",
        "contact_name": f"<img src={trap}/a.png onerror=window.caught=1>",
        "job_title": f"![x]({trap}/b.png)",
        "company_name": f"text/html:<script src={trap}/c.js></script>",
        "city": f"{trap}/d.png",
    }
    someone = open_app(open_visitor())
    outside: list[str] = []
    ours = (someone.url, "data:font", "blob:")
    someone.page.on("request", lambda r: None if r.url.startswith(ours) else outside.append(r.url))
    fill(someone, "Country", "Trapland")
    rows = [{**person, "id": f"lead-{n}"} for n in range(12)]
    body = json.dumps({"data": rows, "meta": {"page": 1, "total_pages": 1, "per_page": 100, "total": 12}})
    town.fault("body", "/leads", body=body.encode(), headers={"content-type": "application/json"})
    search(someone).click()
    came(someone).wait_for()
    tick(someone, 1)
    someone.page.get_by_role("button", name="Unlock 1 lead").wait_for()
    someone.page.wait_for_timeout(500)
    assert someone.page.evaluate("window.caught") is None
    assert outside == []


def test_who_may_only_look_cannot_search_and_the_page_fits_a_phone(
    browser: Browser, server: Server, home: Path, town: Sandbox
) -> None:
    Users(home / "workspace" / "app" / "users.json").put(user("carol", "look"))
    context = profile(browser, width=400, height=2500, colours="dark")
    server.sign_in(context, "carol", PASSWORD)
    asked = len(town.requests)
    with visitor(context, server) as carol:
        open_app(carol)
        carol.note("You may look, but not search").wait_for()
        assert search(carol).count() == 0
        assert carol.page.evaluate("document.documentElement.scrollWidth") <= 400
    context.close()
    assert len(town.requests) == asked
