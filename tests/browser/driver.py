"""What the browser tests do over and over: a real server process, a real Chromium, and what a visitor does."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Playwright, expect

from leadkit.app.steps import STEPS

#: For so long a page is waited for: the machine has other tests to run at the same time.
PATIENCE_MS = 30_000
expect.set_options(timeout=PATIENCE_MS)
#: Names under which systems install it.
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def chromium() -> str | None:
    """The path of the system's Chromium; None when it is not installed."""
    return next((path for name in PROGRAMS if (path := shutil.which(name))), None)


def launch(playwright: Playwright, program: str) -> Browser:
    return playwright.chromium.launch(executable_path=program, args=ARGUMENTS)


def complaints(page: Page) -> list[ConsoleMessage]:
    """The errors that the page's console tells from now on; the list fills by itself."""
    found: list[ConsoleMessage] = []
    page.on("console", lambda message: found.append(message) if message.type == "error" else None)
    return found


class Server:
    """``leadkit app`` in a process of its own. ``session_seconds``: after how long it forgets a page that is gone."""

    def __init__(
        self,
        environ: Mapping[str, str],
        folder: Path,
        *options: str,
        session_seconds: int | None = None,
    ) -> None:
        program = ["-m", "leadkit", "app", "--no-open", *(options or ("--port", "0"))]
        if session_seconds is not None:
            program = [
                "-c",
                f"from leadkit.app import server; server.SESSION_SECONDS = {session_seconds}; server.serve()",
            ]
        ours = ("LEADKIT_", "LEADLEAP_", "LEADIQ_", "LEADFEEDER_", "LEADEY_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        self._log = folder / "server.log"
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, *program],
                env={**kept, "HOME": str(folder), **environ},
                cwd=folder,  # nothing of a checkout's settings
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self._process.stdout is not None
        said = [self._process.stdout.readline() for _ in range(3)]
        found = re.search(r"https?://\S+", said[0])
        assert found, f"the server did not start: {said}{self.log}"
        self.url = found[0]
        self._token = Path(said[2].rpartition("the token in ")[2].strip()).read_text("utf-8").strip()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def log(self) -> str:
        return self._log.read_text("utf-8")

    def sign_in(self, context: BrowserContext, name: str = "", secret: str = "") -> None:
        """Let a browser profile in: with a name and its password, or with the token as whoever runs the server."""
        answer = context.request.post(
            f"{self.url}sign-in",
            form={"name": name, "secret": secret or self._token, "next": "/"},
            headers={"Origin": self.url.rstrip("/")},
        )
        assert answer.ok, answer.text()

    def kill(self) -> None:
        """As if the power went."""
        self._process.kill()
        self._process.wait()

    def interrupt(self) -> int:
        """As Ctrl-C does; the status that it ends with, within half a minute."""
        self._process.send_signal(signal.SIGINT)
        return self._process.wait(30)

    def stop(self) -> None:
        """As a service's manager does."""
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()


class Visitor:
    """Somebody in front of the page of the first app."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url

    def open(self, job: str = "") -> Visitor:
        self.page.goto(f"{self.url}enrich/" + (f"?job={job}" if job else ""))
        self.page.get_by_role("heading", name="Enrich a spreadsheet").wait_for()
        return self

    def reload(self) -> None:
        self.page.reload()
        self.page.get_by_role("heading", name="Enrich a spreadsheet").wait_for()

    def upload(self, path: Path) -> None:
        self.page.locator("input[type=file]").set_input_files(path)

    def begin(self, app: str, path: Path) -> None:
        """Open an app with a workbook, up to its price."""
        self.page.goto(f"{self.url}{app}/")
        self.upload(path)
        self.button.wait_for()

    def choose_step(self, title: str) -> None:
        """Until its price is there: the button of the step before stays for a moment."""
        self.page.get_by_role("radio", name=title, exact=True).click()
        verb = next(step.do for step in STEPS.values() if step.title == title)
        self.page.get_by_role(
            "button", name=re.compile(rf"^({verb} [\d,]+|Fill in what).* credits?")
        ).wait_for()

    @property
    def button(self) -> Locator:
        """The one that spends."""
        return self.page.get_by_role("button", name=re.compile(r"for (at most )?[\d.,]+ credits?"))

    def text(self, words: str | re.Pattern[str]) -> Locator:
        return self.page.get_by_text(words).first

    def note(self, title: str) -> Locator:
        """A box, by its title."""
        return self.page.locator(".lk-note-title", has_text=title)

    def job(self) -> str:
        """The id of the job in the page's address."""
        self.page.wait_for_url(re.compile(r"[?&]job=[0-9a-f]{24}"))
        return self.page.url.rpartition("job=")[2]

    @property
    def download_button(self) -> Locator:
        return self.page.get_by_text("Download the workbook")

    def download(self, folder: Path) -> Path:
        with self.page.expect_download() as waiting:
            self.download_button.click()
        target = folder / waiting.value.suggested_filename
        waiting.value.save_as(target)
        return target


def profile(
    browser: Browser, *, width: int = 1280, height: int = 1400, colours: Literal["light", "dark"] = "light"
) -> BrowserContext:
    """A browser profile; its pages share a cache, which saves seconds for each page."""
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=colours, accept_downloads=True
    )
    context.set_default_timeout(PATIENCE_MS)
    return context


@contextmanager
def visitor(context: BrowserContext, server: Server) -> Iterator[Visitor]:
    """Somebody with a page of their own, which is closed in the end; who runs the server, unless signed in."""
    port = server.url.rpartition(":")[2].strip("/")
    if not any(cookie["name"].endswith(port) for cookie in context.cookies(server.url)):
        server.sign_in(context)
    page = context.new_page()
    try:
        yield Visitor(page, server.url)
    finally:
        page.close()
