"""Colleagues at one server, in a real browser: each sees their own, strangers see nothing, looking costs nothing."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext

from leadkit.app import server as app_server
from leadkit.app.home import apps
from leadkit.app.users import Users
from leadkit.sandbox import Sandbox
from tests.app.books import leads, people_book
from tests.app.doorway import PASSWORD, user
from tests.browser.conftest import environ
from tests.browser.driver import Server, Visitor, complaints, profile, visitor

UNLOCK = "Unlock contact data"
#: How often each app is opened.
TIMES = 20


@pytest.fixture(scope="module")
def town() -> Iterator[Sandbox]:
    with Sandbox(rate_limited=False, credits=2000, validation_millicredits=1000) as box:
        yield box


@pytest.fixture(scope="module")
def server(browser: Browser, town: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("shared")
    users = Users(home / "workspace" / "app" / "users.json")
    for one in (user("alice"), user("bob"), user("carol", "look"), user("dora", confirm_above=1_000)):
        users.put(one)
    server = Server(environ(town, home), home)
    yield server
    server.stop()


Enter = Callable[[str], Visitor]


@pytest.fixture(scope="module")
def browsers(browser: Browser, server: Server) -> Iterator[Callable[[str], BrowserContext]]:
    """The browser of each person, signed in; it keeps its cache from test to test."""
    kept: dict[str, BrowserContext] = {}

    def of(name: str) -> BrowserContext:
        if name not in kept:
            kept[name] = profile(browser)
            server.sign_in(kept[name], name, PASSWORD)
        return kept[name]

    yield of
    for context in kept.values():
        context.close()


@pytest.fixture
def enter(browsers: Callable[[str], BrowserContext], server: Server, town: Sandbox) -> Iterator[Enter]:
    """Somebody with a page of their own, signed in by that name."""
    town.clear_record()
    with ExitStack() as stack:
        yield lambda name: stack.enter_context(visitor(browsers(name), server))


def _upload(visitor: Visitor, path: Path, contents: bytes) -> None:
    path.write_bytes(contents)
    visitor.open()
    visitor.upload(path)
    visitor.page.get_by_role("radio", name=UNLOCK, exact=True).click()


def _words(visitor: Visitor) -> str:
    """All that a page shows, in shadow trees too."""
    visitor.page.locator("h1").wait_for()
    visitor.page.wait_for_timeout(1_000)  # whatever is still on its way
    return str(
        visitor.page.evaluate(
            """() => { const all = (n) => [...n.childNodes].map(c => c.nodeType == 3 ? c.data : all(c)).join(' ')
                 + (n.shadowRoot ? all(n.shadowRoot) : ''); return all(document.body) }"""
        )
    )


def test_two_users_never_see_each_others_rows(enter: Enter, town: Sandbox, tmp_path: Path) -> None:
    people = leads(town, 4)
    alice, bob = enter("alice"), enter("bob")
    _upload(alice, tmp_path / "alices secret.xlsx", people_book(people))
    alice.page.get_by_role("button", name=re.compile("^Unlock 4 leads")).click()
    alice.download_button.wait_for()
    job = alice.job()
    assert "alices secret" in _words(alice)
    canaries = ["alice", job, *(word for p in people for word in (p.email or "", p.lead_id) if word)]

    others = [f"{app.name}/?job={job}" for app in apps() if app.name != "enrich"]
    for address in ("", f"enrich/?job={job}", f"enrich/?after={job}", f"enrich/?again={job}", *others):
        bob.page.goto(f"{bob.url}{address}")
        seen = _words(bob)
        assert not [canary for canary in canaries if canary in seen], f"{address}: {seen}"

    # The same people in bob's own workbook: known by now, so his for nothing, as a team shares what it bought.
    charged = town.charged("leadleap")
    _upload(bob, tmp_path / "bobs.xlsx", people_book(people))
    bob.page.get_by_role("button", name="Fill in what is known, for 0 credits").click()
    bob.download_button.wait_for()
    assert town.charged("leadleap") == charged
    assert bob.job() != job
    alice.page.goto(f"{alice.url}enrich/?job={bob.job()}")
    alice.note("No such job").wait_for()


def test_a_stolen_page_is_of_no_use_to_another_user(enter: Enter, server: Server, town: Sandbox) -> None:
    """marimo's id of a page is in addresses, so in logs; alone it must open nothing."""
    alice, bob = enter("alice"), enter("bob")
    opened: list[str] = []
    alice.page.on("websocket", lambda socket: opened.append(socket.url))
    alice.open()
    stolen = re.findall(r"session_id=([\w-]+)", opened[0])[0]
    bob.open()
    answers = bob.page.evaluate(
        """async (id) => {
            const post = await fetch('api/kernel/set_ui_element_value', {method: 'POST', body: '{}',
                headers: {'Marimo-Session-Id': id, 'Content-Type': 'application/json'}});
            const socket = await new Promise(done => {
                const ws = new WebSocket(`ws://${location.host}/enrich/ws?session_id=${id}`);
                ws.onopen = () => done('open'); ws.onerror = () => done('refused'); });
            return [post.status, socket] }""",
        stolen,
    )
    assert answers == [403, "refused"]


def test_who_may_only_look_has_no_button_that_spends(enter: Enter, town: Sandbox, tmp_path: Path) -> None:
    carol = enter("carol")
    _upload(carol, tmp_path / "leads.xlsx", people_book(leads(town, 3, skip=10)))
    carol.text("You may look, but not spend").wait_for()
    assert carol.button.count() == 0 or carol.button.is_disabled()
    assert town.paid_requests() == []


def test_a_large_amount_waits_for_the_password(enter: Enter, town: Sandbox, tmp_path: Path) -> None:
    """A script in the page could press the button; it cannot know this."""
    dora = enter("dora")
    _upload(dora, tmp_path / "leads.xlsx", people_book(leads(town, 3, skip=20)))
    button = dora.page.get_by_role("button", name=re.compile("^Unlock 3 leads"))
    button.click()
    dora.text("need your password").wait_for()
    assert town.paid_requests() == []
    dora.page.locator("input[type=password]").fill(PASSWORD)
    dora.page.keyboard.press("Tab")
    button.click()
    dora.download_button.wait_for()
    assert town.charged("leadleap") == 3_000


def test_a_page_of_another_site_spends_and_learns_nothing(
    enter: Enter, server: Server, town: Sandbox
) -> None:
    """It is on another port of the same host: to the browser the same site, so it does send the cookie."""
    alice = enter("alice").open()
    page = f"""<script>
        const said = [];
        const app = "{server.url}";
        const ws = new WebSocket(app.replace('http', 'ws') + 'enrich/ws?session_id=s_foreign');
        ws.onopen = () => said.push('socket open'); ws.onerror = () => said.push('socket refused');
        const tell = (what) => (answer) => said.push(what + ' ' + answer.status);
        fetch(app + 'enrich/', {{credentials: 'include', mode: 'no-cors'}}).then(
            (a) => said.push('read ' + a.type), () => said.push('read refused'));
        fetch(app + 'sign-out', {{method: 'POST', credentials: 'include', mode: 'no-cors'}}).then(
            (a) => said.push('posted ' + a.type), () => said.push('posted refused'));
        setTimeout(() => document.title = said.sort().join(', '), 1500);
    </script>""".encode()

    class Foreign(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    site = HTTPServer(("127.0.0.1", 0), Foreign)
    threading.Thread(target=site.serve_forever, daemon=True).start()
    try:
        tab = enter("alice").page
        tab.goto(f"http://127.0.0.1:{site.server_port}/")
        tab.wait_for_function("document.title.includes('socket')")
        # The browser itself keeps what it may not read; what matters is that the server did nothing.
        assert "socket refused" in tab.title()
        assert "socket open" not in tab.title()
    finally:
        site.shutdown()
        site.server_close()
    alice.reload()  # still signed in
    assert town.paid_requests() == []


def test_markup_that_gets_into_a_page_runs_nothing(enter: Enter, server: Server) -> None:
    """Should what a provider says ever get there as HTML: the policy stands behind the way in which it is shown."""
    alice = enter("alice").open()
    refused: list[str] = []
    alice.page.on("console", lambda message: refused.append(message.text))
    alice.page.evaluate(
        """() => { window.ran = 0; const box = document.createElement('div'); document.body.append(box);
            box.innerHTML = '<img src=x onerror="window.ran++"><svg onload="window.ran++"></svg>'
              + '<iframe srcdoc="<script>parent.ran++</' + 'script>"></iframe><a href="javascript:window.ran++">x</a>'
              + '<img src="http://127.0.0.1:9/pixel.png">';
            const script = document.createElement('script'); script.text = 'window.ran++'; box.append(script);
            box.querySelector('a').click(); }"""
    )
    alice.page.wait_for_timeout(500)
    assert alice.page.evaluate("window.ran") == 0
    assert [text for text in refused if "Content Security Policy" in text]


def test_a_body_larger_than_any_upload_is_refused(enter: Enter, town: Sandbox) -> None:
    alice = enter("alice").open()
    status = alice.page.evaluate(
        """async (size) => (await fetch('api/kernel/set_ui_element_value',
            {method: 'POST', body: new Blob([new Uint8Array(size)])})).status""",
        app_server.BODY_LIMIT_BYTES + 1,
    )
    assert status == 413
    assert town.paid_requests() == []


def test_opening_every_app_many_times_costs_nothing_and_breaks_no_policy(
    enter: Enter, server: Server, town: Sandbox
) -> None:
    """Each time with the browser's cookie and as a new page to the server; once of them drawn."""
    alice = enter("alice")
    said = complaints(alice.page)
    for app in apps():
        alice.page.goto(f"{server.url}{app.name}/")
        alice.page.locator("h1").wait_for()
        opened = alice.page.evaluate(
            """async (times) => { let opened = 0;
                for (let n = 0; n < times; n++) await new Promise((done, fail) => {
                    const there = location.href.replace('http', 'ws');
                    const ws = new WebSocket(`${there}ws?session_id=s_again${n}`);
                    ws.onmessage = (said) => { if (said.data.includes('"completed-run"')) { opened++; ws.close() } };
                    ws.onclose = done; ws.onerror = fail; });
                return opened }""",
            TIMES - 1,
        )
        assert opened == TIMES - 1
    assert town.paid_requests() == []
    assert [message.text for message in said] == []
    assert "Traceback" not in server.log


def test_signing_in_and_out_by_hand(browser: Browser, server: Server) -> None:
    context = profile(browser)
    page = context.new_page()
    page.goto(f"{server.url}enrich/?job=0")
    page.get_by_label("Name").fill("alice")
    page.get_by_label("Password").fill("not that one")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_text("This does not fit.").wait_for()
    page.get_by_label("Name").fill("alice")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{server.url}")
    page.get_by_text("Signed in as alice, who may spend.").wait_for()
    cookie = next(iter(context.cookies()))
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
    assert PASSWORD not in cookie["value"]

    page.get_by_role("link", name="Enrich a spreadsheet").click()
    page.get_by_role("heading", name="Enrich a spreadsheet").wait_for()
    page.get_by_role("link", name="leadkit").click()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("Password").wait_for()
    page.go_back()
    page.goto(f"{server.url}enrich/")
    page.get_by_label("Password").wait_for()
    context.close()


def test_a_server_with_open_pages_ends_when_it_is_asked_to(
    browser: Browser, town: Sandbox, tmp_path: Path
) -> None:
    """The threads of open pages would hold it for ever."""
    server = Server(environ(town, tmp_path), tmp_path)
    with visitor(profile(browser), server) as someone:
        someone.open()
        server.interrupt()
    assert "Traceback" not in server.log
