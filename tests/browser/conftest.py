"""One Chromium, one server and one sandbox for all browser tests; every test has visitors of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from leadkit.sandbox import Person, Sandbox
from tests.app.books import leads
from tests.browser.driver import Server, Visitor, chromium, launch, profile, visitor

#: What one validated address costs, at the sandbox and by the "contract" that the server is told of.
VALIDATION_CREDITS = 1
#: Gives so many people whom no other browser test has bought.
Strangers = Callable[[int], list[Person]]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    program = chromium()
    if program is None:
        pytest.skip("Chromium is not installed")
    with sync_playwright() as playwright:
        browser = launch(playwright, program)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def context(browser: Browser) -> BrowserContext:
    return profile(browser)


@pytest.fixture(scope="session")
def town() -> Iterator[Sandbox]:
    """The sandbox that the server talks to; it outlives servers, as a provider does."""
    with Sandbox(rate_limited=False, credits=2000, validation_millicredits=VALIDATION_CREDITS * 1000) as box:
        yield box


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("server")


@pytest.fixture(scope="session")
def server(browser: Browser, town: Sandbox, home: Path) -> Iterator[Server]:
    server = Server(environ(town, home), home)
    yield server
    server.stop()


def environ(town: Sandbox, home: Path) -> dict[str, str]:
    """What a server is told: where the sandbox is, its price, and a workspace of its own."""
    price = {"LEADKIT_LEADLEAP_VALIDATION_CREDITS": str(VALIDATION_CREDITS)}
    return {**town.environ, **price, "LEADKIT_HOME": str(home / "workspace")}


@pytest.fixture
def open_visitor(context: BrowserContext, server: Server, town: Sandbox) -> Iterator[Callable[[], Visitor]]:
    """Visitors, each with a page. The sandbox's books are empty when the test begins."""
    town.clear_faults()
    town.clear_record()
    town.set_credits("leadleap", 2000)
    with ExitStack() as stack:
        yield lambda: stack.enter_context(visitor(context, server))


@pytest.fixture
def someone(open_visitor: Callable[[], Visitor]) -> Visitor:
    return open_visitor()


@pytest.fixture(scope="session")
def strangers(town: Sandbox) -> Strangers:
    everybody = leads(town, len(town.world.people))
    return lambda count: [everybody.pop() for _ in range(count)]  # from the end: searches give the first


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def write(contents: bytes, name: str = "leads.xlsx") -> Path:
        path = tmp_path / name
        path.write_bytes(contents)
        return path

    return write
