"""Pictures of the apps in their states, light and dark: ``python tests/browser/screenshots.py FOLDER [APP…]``."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).parents[2]))

from leadkit.sandbox import Sandbox
from tests.app.books import book_bytes, leads, people_book
from tests.browser.driver import Server, Visitor, chromium, launch, profile, visitor

COLOURS: tuple[Literal["light", "dark"], ...] = ("light", "dark")
#: Width and a height that takes the whole page: a picture does not scroll the app.
SIZES = ((1280, 2700), (800, 2900), (400, 3700))
Shoot = Callable[..., None]


def main(folder: Path, apps: Sequence[str]) -> None:
    program = chromium()
    if program is None:
        sys.exit("Chromium is not installed")
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as name,
        Sandbox(credits=5000, rate_limited=False, validation_millicredits=1000) as box,
        sync_playwright() as playwright,
    ):
        home = Path(name)
        price = {"LEADKIT_LEADLEAP_VALIDATION_CREDITS": "1"}
        server = Server({**box.environ, **price, "LEADKIT_HOME": str(home / "leadkit")}, home)
        browser = launch(playwright, program)
        try:
            n = 0
            for width, height in SIZES:
                for colours in COLOURS:
                    n += 1
                    context = profile(browser, width=width, height=height, colours=colours)
                    with visitor(context, server) as someone:
                        for app in apps:
                            WALKS[app](someone, box, home, _camera(someone, folder, app, width, colours), n)
        finally:
            browser.close()
            server.stop()


def _camera(someone: Visitor, folder: Path, app: str, width: int, colours: str) -> Shoot:
    def shoot(state: str, pause: int = 700) -> None:
        someone.page.wait_for_timeout(pause)  # for charts and fonts to settle
        someone.page.screenshot(path=folder / f"{app}-{state}-{width}-{colours}.png")

    return shoot


def _enrich(someone: Visitor, box: Sandbox, home: Path, shoot: Shoot, n: int) -> None:
    someone.open()
    shoot("1-empty")

    bad = home / "no spreadsheet.xlsx"
    bad.write_bytes(b"PK\x03\x04 this is not a workbook")
    someone.upload(bad)
    someone.note("This file cannot be read").wait_for()
    shoot("2-unreadable")

    someone.open()
    blank = home / "blank.xlsx"
    blank.write_bytes(book_bytes([("Name", "Email"), *[(f"Person {i}", " ") for i in range(8)]]))
    someone.upload(blank)
    someone.note("This has to be put right first").wait_for()
    shoot("3-errors")

    someone.open()
    people = leads(box, 16, skip=16 * n)
    extra = [
        ("No Address", None),
        ("Two", "a@example.com; b@example.com"),
        ("Half", "half@"),
        (people[0].first_name, people[0].email),
    ]
    book = home / "trade fair.xlsx"
    book.write_bytes(people_book(people, extra=extra))
    someone.upload(book)
    someone.button.wait_for()
    shoot("4-preview", 2000)

    someone.choose_step("Find people")
    someone.page.get_by_role("radio", name="First a pilot: a few rows by chance").click()
    someone.page.get_by_role("button", name="Find 10 people").wait_for()
    someone.page.get_by_text("What happens to each row").click()
    shoot("5-pilot", 2000)
    someone.choose_step("Check e-mail addresses")
    someone.page.get_by_role("radio", name="All rows").click()
    someone.page.get_by_role("button", name="Check").wait_for()
    someone.button.click()
    someone.download_button.wait_for()
    someone.page.get_by_role("button", name="Delete these files").click()
    shoot("7-done", 2000)

    someone.open()
    book.write_bytes(people_book(leads(box, 40, skip=40 * n)))
    someone.upload(book)
    someone.choose_step("Unlock contact data")
    box.fault("delay", "/leads/unlock", times=None, seconds=1.0)
    already = len(box.charges)
    someone.button.click()
    while len(box.charges) < already + 15:
        someone.page.wait_for_timeout(100)
    shoot("6-running", 1200)
    box.clear_faults()
    someone.note("Done").wait_for()

    if n % len(COLOURS):
        someone.open()
        book.write_bytes(people_book(leads(box, 9, skip=9 * n + 400)))
        someone.upload(book)
        someone.choose_step("Unlock contact data")
        someone.button.wait_for()
        amount = someone.page.get_by_role("textbox", name="Credits that may be spent")
        amount.fill("4")
        amount.blur()
        someone.page.get_by_role("button", name="for at most 4 credits").click()
        someone.note("Done, with rows left over").wait_for()
        shoot("10-left-over", 1500)

        box.set_credits("leadleap", 3)
        someone.open()
        book.write_bytes(people_book(leads(box, 9, skip=9 * n + 300)))
        someone.upload(book)
        someone.choose_step("Unlock contact data")
        someone.button.wait_for()
        shoot("8-few-credits", 1500)
        someone.button.click()
        someone.note("It had to stop").wait_for()
        shoot("9-stopped", 1500)
        box.set_credits("leadleap", 5000)


def _find_people(someone: Visitor, box: Sandbox, home: Path, shoot: Shoot, n: int) -> None:
    known = [person for person in box.world.known_to("leadiq") if person.email][6 * n : 6 * n + 6]
    names = ["Zelda Quux" if place in (1, 4) else person.full_name for place, person in enumerate(known)]
    rows = [("Email", "Name"), *((person.email, name) for person, name in zip(known, names, strict=True))]
    book = home / "visitors.xlsx"
    book.write_bytes(book_bytes(rows))
    page = someone.page
    someone.begin("find_people", book)
    shoot("1-preview", 2000)
    someone.button.click()
    page.get_by_role("button", name="Keep these answers").wait_for()
    shoot("2-review", 2000)


def _prospect(someone: Visitor, box: Sandbox, home: Path, shoot: Shoot, n: int) -> None:
    page = someone.page
    page.goto(f"{someone.url}prospect/")
    country = page.get_by_role("textbox", name="Country", exact=True)
    country.wait_for()
    page.get_by_text(" more filters").click()
    shoot("1-filters")
    page.get_by_label("Where to search").select_option("LeadIQ")
    page.get_by_role("textbox", name="Titles").first.wait_for()
    shoot("2-leadiq")
    page.get_by_label("Where to search").select_option("LeadLeap")
    country.fill("SE")
    country.blur()
    page.get_by_text("SE", exact=True).wait_for()
    page.get_by_role("button", name="Search, ").click()
    page.get_by_text("Download all").wait_for()
    page.get_by_role("checkbox").nth(1).click()
    page.get_by_role("checkbox").nth(2).click()
    someone.button.wait_for()
    shoot("3-ticked", 1500)


def _spending(someone: Visitor, box: Sandbox, home: Path, shoot: Shoot, n: int) -> None:
    """What the walks before it spent."""
    page = someone.page
    page.goto(f"{someone.url}spending/")
    page.get_by_role("heading", name="Forget a person").wait_for()
    shoot("1-all", 2000)
    whom = page.get_by_role("textbox", name="Whom to forget")
    whom.fill("somebody@example.com")
    whom.blur()
    someone.note("This will be taken out").wait_for()
    whom.scroll_into_view_if_needed()
    shoot("2-forget")


WALKS = {"enrich": _enrich, "find_people": _find_people, "prospect": _prospect, "spending": _spending}


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:] or list(WALKS))
