"""Twenty colleagues at one server at once: time until each sees the page and its price, and memory for each of them.

Run: ``python -m tests.benchmarks.sharing``. Prints a table; exits with 1 when a paid request was sent, or somebody
waited for longer than a minute.

The browsers run on the same machine, each with an empty cache, and take most of the time themselves: with 20 of
them the figures are upper bounds.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import BrowserContext, sync_playwright

from leadkit.app.users import Users
from leadkit.sandbox import Sandbox
from tests.app.books import leads, people_book
from tests.app.doorway import PASSWORD, user
from tests.browser.driver import Server, chromium, launch, profile

USERS = 20
#: People in the workbook of each.
ROWS = 1_000
LONGEST_SECONDS = 60.0

_FIRST_PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime / 1000"


def resident_mb(process_id: int) -> float:
    """What a process occupies of the machine's memory; Linux only."""
    lines = Path(f"/proc/{process_id}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def visit(
    contexts: list[BrowserContext], url: str, book: Path
) -> tuple[list[float], list[float], list[float]]:
    """Seconds of each until the first paint, until the app is drawn, and from the upload until the price."""
    pages = [context.new_page() for context in contexts]
    started = time.perf_counter()
    for page in pages:
        page.goto(f"{url}enrich/", wait_until="commit")
    drawn, priced = [], []
    for page in pages:
        page.get_by_role("heading", name="Enrich a spreadsheet").wait_for()
        drawn.append(time.perf_counter() - started)
    painted = [float(page.evaluate(_FIRST_PAINT)) for page in pages]
    started = time.perf_counter()
    for page in pages:
        page.locator("input[type=file]").set_input_files(book)
    for page in pages:
        page.get_by_role("heading", name="Approve and run").wait_for()
        priced.append(time.perf_counter() - started)
    return painted, drawn, priced


def main() -> int:
    program = chromium()
    if program is None:
        sys.exit("Chromium is not installed")
    with (
        tempfile.TemporaryDirectory() as name,
        Sandbox(rate_limited=False, credits=100_000, validation_millicredits=1000) as box,
        sync_playwright() as playwright,
    ):
        home = Path(name)
        people = leads(box, ROWS)
        book = home / "leads.xlsx"
        book.write_bytes(people_book([people[n % len(people)] for n in range(ROWS)]))
        users = Users(home / "workspace" / "app" / "users.json")
        kept = user("user0")
        for n in range(USERS):
            users.put(type(kept)(f"user{n}", "spend", kept.password))
        price = {"LEADKIT_LEADLEAP_VALIDATION_CREDITS": "1"}
        server = Server({**box.environ, **price, "LEADKIT_HOME": str(home / "workspace")}, home)
        browser = launch(playwright, program)
        try:
            contexts = [profile(browser) for _ in range(USERS)]
            for n, context in enumerate(contexts):
                context.set_default_timeout(5 * 60_000)
                server.sign_in(context, f"user{n}", PASSWORD)
            memory = [resident_mb(server.pid)]
            print(f"{'users':>6} {'first paint':>14} {'app drawn':>14} {'price shown':>14}  server")
            slowest = 0.0
            for group in (contexts[:1], contexts[1:]):
                times = visit(group, server.url, book)
                memory.append(resident_mb(server.pid))
                cells = (f"{statistics.median(t):5.1f} ({max(t):.1f})" for t in times)
                print(
                    f"{len(group):>6} " + " ".join(f"{cell:>14}" for cell in cells) + f"  {memory[-1]:.0f} MB"
                )
                slowest = max(slowest, *times[1], *times[2])
        finally:
            browser.close()
            server.stop()
        each = (memory[2] - memory[1]) / (USERS - 1)
        print("Seconds: median (longest).")
        print(
            f"Memory: {memory[0]:.0f} MB before, {memory[1]:.0f} with one user, {each:.1f} MB for each further one."
        )
        paid = len(box.paid_requests())
        print(f"Paid requests: {paid}. A workbook of {ROWS:,} rows each.")
        return int(paid > 0 or slowest > LONGEST_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
