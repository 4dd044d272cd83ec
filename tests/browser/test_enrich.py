"""The enrich app in a real browser, from the upload to the downloaded workbook."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import openpyxl
import pytest
from playwright.sync_api import Browser

from leadkit.app.places import data_folder
from leadkit.sandbox import Sandbox
from tests.app.books import book_bytes, people_book
from tests.browser.conftest import Strangers
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


def test_a_workbook_goes_up_and_comes_back_with_new_columns(
    someone: Visitor,
    town: Sandbox,
    strangers: Strangers,
    write: Callable[..., Path],
    tmp_path: Path,
) -> None:
    people = strangers(6)
    path = write(
        people_book(people, extra=[("Nobody", None, None, None), ("Again", None, people[0].lead_id, None)])
    )
    outside: list[str] = []
    someone.page.on(
        "request",
        lambda r: None if r.url.startswith((someone.url, "data:", "blob:")) else outside.append(r.url),
    )
    problems: list[str] = []
    someone.page.on("pageerror", lambda error: problems.append(str(error)))
    someone.page.on("console", lambda line: problems.append(line.text) if line.type == "error" else None)

    someone.open().upload(path)
    someone.choose_step(UNLOCK)
    someone.text("header says 'Lead ID'").wait_for()
    someone.button.wait_for()
    assert someone.button.inner_text() == "Unlock 6 leads for at most 6 credits"
    assert town.paid_requests() == []

    someone.button.click()
    someone.note("Done").wait_for()
    workbook = openpyxl.load_workbook(someone.download(tmp_path / "downloads"))
    uploaded = openpyxl.load_workbook(path)
    rows = list(workbook["Leads"].iter_rows(values_only=True))
    assert [row[:4] for row in rows] == list(uploaded["Leads"].iter_rows(values_only=True))
    email = rows[0].index("leadleap_email")
    assert [row[email] for row in rows[1:]] == [*(p.email for p in people), None, people[0].email]
    assert workbook.sheetnames == ["Leads", "leadkit receipt", "leadkit log"]
    assert bought(town) == dict.fromkeys((p.lead_id for p in people), 1)
    assert outside == []
    assert problems == []


def test_the_sheet_and_its_header_are_found_and_can_be_changed(someone: Visitor, town: Sandbox) -> None:
    """An example workbook with its header in row 4, under a title, and a second sheet without any people."""
    someone.open().upload(data_folder() / "trade_fair_leads.xlsx")
    someone.text("header says 'E-mail'").wait_for()
    header_row = someone.page.get_by_role("textbox", name="Row with the column names")
    assert header_row.input_value() == "4"
    header_row.fill("0")
    header_row.blur()
    someone.page.get_by_role("columnheader", name="Column E").wait_for()
    someone.text("32 of 41 filled cells are e-mail addresses").wait_for()
    someone.page.get_by_label("Sheet").select_option("Notes")
    someone.note("Choose the column").wait_for()
    assert someone.button.count() == 0
    someone.page.get_by_label("Sheet").select_option("Leads")
    someone.button.wait_for()
    assert town.paid_requests() == []


def test_opening_and_reloading_pays_nothing(
    someone: Visitor, town: Sandbox, strangers: Strangers, write: Callable[..., Path]
) -> None:
    people = strangers(2)
    someone.open().upload(write(people_book(people)))
    someone.button.wait_for()
    someone.reload()
    assert town.paid_requests() == []

    someone.upload(write(people_book(people)))
    someone.button.click()
    someone.note("Done").wait_for()
    paid = len(town.paid_requests())
    for _ in range(2):
        someone.reload()
        someone.note("Done").wait_for()
    assert len(town.paid_requests()) == paid == 1


def test_a_smaller_amount_is_never_exceeded_and_the_rest_is_explained(
    someone: Visitor, town: Sandbox, strangers: Strangers, write: Callable[..., Path]
) -> None:
    someone.open().upload(write(people_book(strangers(5))))
    someone.choose_step(UNLOCK)
    someone.button.wait_for()
    amount = someone.page.get_by_role("textbox", name="Credits that may be spent")
    amount.fill("2")
    amount.blur()
    someone.text("Enough for 2 of 5 leads").wait_for()
    someone.page.get_by_role("button", name="Unlock 5 leads for at most 2 credits").click()
    someone.note("Done, with rows left over").wait_for()
    someone.text("3 rows were left out: the approved amount was used up before this row (3)").wait_for()
    assert town.charged("leadleap") == 2000


def test_a_pilot_then_the_rest_then_another_step_and_one_workbook_at_the_end(
    someone: Visitor,
    town: Sandbox,
    strangers: Strangers,
    write: Callable[..., Path],
    tmp_path: Path,
) -> None:
    """Each has a price and an approval of its own, and nothing is uploaded or downloaded in between."""
    people = strangers(12)
    page = someone.page
    someone.open().upload(write(people_book(people)))
    someone.choose_step(UNLOCK)
    page.get_by_role("radio", name="First a pilot: a few rows by chance").click()
    how_many = page.get_by_role("textbox", name="How many")
    how_many.fill("5")
    how_many.blur()
    page.get_by_role("button", name="Unlock 5 leads for at most 5 credits").click()
    someone.text("The pilot asked for 5 and found 5 (100%), for 5 credits, 1 each").wait_for()

    page.get_by_role("link", name="Price for the rest").click()
    someone.text("Of the 5 that are known, 5 were found").wait_for()
    page.get_by_role("button", name="Unlock 7 leads for at most 7 credits").click()
    someone.note("Done").wait_for()

    page.get_by_role("link", name="Go on with another step").click()
    someone.text("Unlock contact data in leads.xlsx, a pilot: 5 credits").wait_for()
    someone.text("Unlock contact data in leads.xlsx: 7 credits").wait_for()
    page.get_by_label("E-mail address", exact=True).select_option("leadleap_email")
    page.get_by_role("button", name="Check 12 addresses for at most 12 credits").click()
    someone.note("Done").wait_for()

    workbook = openpyxl.load_workbook(someone.download(tmp_path / "downloads"))
    rows = list(workbook["Leads"].iter_rows(values_only=True))
    email, verdict = rows[0].index("leadleap_email"), rows[0].index("leadleap_email_verdict")
    assert [row[email] for row in rows[1:]] == [person.email for person in people]
    assert {row[verdict] for row in rows[1:]} <= {"valid", "invalid", "risky", "unknown"}
    unlocked = {what: n for what, n in bought(town).items() if what.startswith("c_")}
    assert unlocked == dict.fromkeys((person.lead_id for person in people), 1)


def test_several_columns_data_points_and_providers_can_be_chosen(
    someone: Visitor, town: Sandbox, strangers: Strangers, write: Callable[..., Path]
) -> None:
    page = someone.page
    someone.open().upload(write(people_book(strangers(4))))
    someone.choose_step("Find people")
    page.get_by_role("button", name="Find 4 people for at most 0.4 credits").wait_for()
    page.get_by_role("checkbox", name="Phone (10 credits each)").click()
    page.get_by_role("button", name="Find 4 people for at most 40 credits").wait_for()
    page.get_by_label("E-mail address", exact=True).select_option("--")
    someone.text("Whole name: header says 'Name'").wait_for()
    page.get_by_role("button", name="Find 4 people for at most 40 credits").wait_for()
    page.get_by_label("Provider").select_option("Leadfeeder (free)")
    page.get_by_role("button", name="Find 4 people for 0 credits").wait_for()
    someone.choose_step("Unlock in bulk")
    someone.note("Know the risk").wait_for()
    assert town.paid_requests() == []


def test_bad_input_is_answered_with_a_sentence(
    someone: Visitor, town: Sandbox, write: Callable[..., Path]
) -> None:
    unreadable = ("This file cannot be read", "Nothing was sent")
    no_rows = ("No rows here", "Choose another sheet, or another row")
    cases = {
        "no zip.xlsx": (b"PK\x03\x04 but no workbook", unreadable),
        "empty.csv": (b"", unreadable),
        "password.xlsx": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1024), unreadable),
        "photo.csv": (bytes(range(256)) * 40, unreadable),
        "empty sheet.xlsx": (book_bytes([]), no_rows),
        "header only.xlsx": (book_bytes([("Name", "Email")]), no_rows),
        "blank column.xlsx": (
            book_bytes([("Name", "Email"), ("A", " "), ("B", " ")]),
            ("This has to be put right first", "nothing but blank cells"),
        ),
    }
    someone.open()
    for name, (contents, (title, words)) in cases.items():
        someone.upload(write(contents, name))
        # The name tells that the page speaks of this file and not of the one before.
        someone.text(name).wait_for()
        someone.note(title).wait_for()
        someone.text(words).wait_for()
        assert someone.button.count() == 0, name
    assert town.paid_requests() == []


def test_what_cells_hold_neither_runs_nor_fetches(
    someone: Visitor, town: Sandbox, write: Callable[..., Path]
) -> None:
    trap = "http://trap.example"
    payloads = [
        f"<img src={trap}/a.png onerror=window.caught=1>",
        f"<script>window.caught=1;fetch('{trap}/b')</script>",
        f"{trap}/c.png",
        f"![x]({trap}/d.png)",
        f"[x](javascript:window.caught=1) {trap}/e.gif?x=1",
        "data:image/svg+xml,<svg onload=window.caught=1>",
        "data:image/png;base64,iVBORw0KGgo=",
        f"text/html:<img src={trap}/f.png onerror=window.caught=1>",
        f'{{"mimetype": "text/html", "data": "<img src={trap}/g.png onerror=window.caught=1>"}}',
        f"text/markdown:![x]({trap}/h.png)",
        "https://avatars.githubusercontent.com/u/1",
        f"<marimo-ui-element object-id='x'><marimo-button></marimo-button></marimo-ui-element><iframe src={trap}/i>",
    ]
    outside: list[str] = []
    someone.page.on("request", lambda r: None if r.url.startswith(someone.url) else outside.append(r.url))
    rows = [(payload, f"person{i}@example.com") for i, payload in enumerate(payloads)]
    path = write(
        book_bytes([(payloads[0], "Email"), *rows], title="<img src=x onerror=alert(1)>"), "<b>leads.xlsx"
    )
    someone.open().upload(path)
    someone.button.wait_for()
    someone.page.get_by_text("What happens to each row").click()
    town.fault("status", "/email/validate", status=400)
    someone.button.click()
    someone.download_button.wait_for()
    someone.page.wait_for_timeout(500)
    assert someone.page.evaluate("window.caught") is None
    someone.page.get_by_role("link", name="Go on with another step").click()
    someone.choose_step("Find people")
    someone.page.wait_for_timeout(500)
    assert someone.page.evaluate("window.caught") is None
    assert [url for url in outside if not url.startswith(("data:font", "blob:"))] == []


def test_without_a_key_the_app_runs_on_invented_people_and_says_so(browser: Browser, tmp_path: Path) -> None:
    server = Server({"LEADKIT_HOME": str(tmp_path / "workspace")}, tmp_path)
    try:
        with visitor(profile(browser, colours="dark"), server) as someone:
            someone.open()
            someone.text("Sandbox: invented people, no real credits").wait_for()
            # Dark as the visitor's system is, from whatever folder the server was started.
            assert "dark" in (someone.page.locator("body").get_attribute("class") or "")
            someone.page.get_by_role("link", name="Try it with an example workbook").click()
            someone.button.click()
            someone.note("Done").wait_for()
    finally:
        server.stop()
    assert "Traceback" not in server.log


def test_no_key_and_no_stranger_reads_what_a_server_leaves_behind(
    server: Server, town: Sandbox, home: Path
) -> None:
    """Runs last: everything that the tests above made the server write."""
    keys = [value.encode() for name, value in town.environ.items() if "KEY" in name]
    assert keys
    files = [path for path in home.rglob("*") if path.is_file()]
    assert any(path.name == "order.json" for path in files)
    for path in files:
        assert not [key for key in keys if key in path.read_bytes()], path.name
    for path in (home / "workspace").rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path.name
