"""The pictures in the README: ``python -m tests.browser.pictures`` makes them anew in ``notebooks/images``."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import FloatRect, Locator, Page, sync_playwright

from leadkit.sandbox import Sandbox
from tests.app.books import book_bytes, leads, people_book
from tests.browser.driver import Server, Visitor, chromium, launch, profile, visitor

FOLDER = Path(__file__).parents[2] / "notebooks" / "images"
WIDTH, HEIGHT = 1100, 3000  # a picture does not scroll the app
MARGIN = 24
#: For charts and fonts to settle.
SETTLE_MS = 2500


def main() -> None:
    program = chromium()
    if program is None:
        sys.exit("Chromium is not installed")
    FOLDER.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as name,
        Sandbox(credits=5000, rate_limited=False) as box,
        sync_playwright() as playwright,
    ):
        home = Path(name)
        server = Server({**box.environ, "LEADKIT_HOME": str(home / "leadkit"), "LOGNAME": "ada"}, home)
        browser = launch(playwright, program)
        try:
            with visitor(profile(browser, width=WIDTH, height=HEIGHT), server) as someone:
                _enrich(someone, box, home)
                _find_people(someone, box, home)
                _spending(someone)
        finally:
            browser.close()
            server.stop()


def _enrich(someone: Visitor, box: Sandbox, home: Path) -> None:
    people = leads(box, 60)
    book = home / "trade fair.xlsx"
    again = [(person.full_name, person.email, person.lead_id, None) for person in people[:4]]
    book.write_bytes(people_book(people, extra=[("No Id", None, None, None), *again]))
    someone.open()
    someone.upload(book)
    someone.choose_step("Unlock contact data")
    someone.button.wait_for()
    page = someone.page
    _take("enrich", page, page.get_by_role("heading", name="What happens to the rows"), someone.button)
    someone.button.click()
    someone.download_button.wait_for()


def _find_people(someone: Visitor, box: Sandbox, home: Path) -> None:
    people = [person for person in box.world.known_to("leadiq") if person.email and person.job][:14]
    rows: list[tuple[object, ...]] = [("Email", "Name", "Title", "Company")]
    for number, person in enumerate(people):
        job = person.job
        assert job is not None
        name = "Zelda Quux" if number in (5, 9) else person.full_name
        rows.append((person.email, name, job.title, job.company.name))
    book = home / "visitors.xlsx"
    book.write_bytes(book_bytes(rows))
    page = someone.page
    someone.begin("find_people", book)
    someone.button.click()
    someone.download_button.wait_for()
    keep = page.get_by_role("button", name="Keep these answers")
    _take("find_people", page, page.get_by_role("heading", name="Who is meant?"), keep)


def _spending(someone: Visitor) -> None:
    page = someone.page
    page.goto(f"{someone.url}spending/")
    page.get_by_role("heading", name="Runs").first.wait_for()
    _take("spending", page, page.locator(".lk-masthead"), page.get_by_role("heading", name="Runs").first)


def _take(name: str, page: Page, first: Locator, last: Locator) -> None:
    """From one part of the page to another, over the whole width."""
    page.wait_for_timeout(SETTLE_MS)
    top, bottom = first.bounding_box(), last.bounding_box()
    assert top is not None
    assert bottom is not None
    start, end = max(0, top["y"] - MARGIN), bottom["y"] + bottom["height"] + MARGIN
    clip: FloatRect = {"x": 0, "y": start, "width": WIDTH, "height": end - start}
    page.screenshot(path=FOLDER / f"{name}.png", clip=clip)


if __name__ == "__main__":
    main()
