"""What stands between the network and the apps, over real sockets: hosts, origins, sizes, who belongs to what."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from starlette.types import Message
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from leadkit.app import server, session
from leadkit.app.places import notebooks_folder
from leadkit.app.shell import LimitBody, OwnPages, SafeHeaders
from leadkit.app.visitor import META, Visitor
from leadkit.sandbox import Sandbox
from tests.app.books import leads, people_book
from tests.app.desk import Desk
from tests.app.doorway import Doorway, doorway, user


@pytest.fixture(scope="module")
def town() -> Iterator[Sandbox]:
    with Sandbox() as box:
        yield box


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory, town: Sandbox) -> Iterator[Doorway]:
    home = tmp_path_factory.mktemp("shell")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**town.environ, "LEADKIT_HOME": str(home)}.items():
            patch.setenv(name, value)
        session.close()
        with doorway(home, user("alice"), user("bob")) as door:
            yield door


def test_the_home_page_lists_every_app_with_a_sentence(door: Doorway) -> None:
    page = door.person("alice").get(door.url, timeout=30)
    for name in [path.stem for path in notebooks_folder().glob("[a-z]*.py")]:
        assert f'href="/{name}/"' in page.text
    assert "Signed in as alice, who may spend." in page.text
    assert not re.search(r"<strong></strong>|<span></span>", page.text)


def test_who_closed_the_page_finds_the_finished_workbook_again_and_nobody_else_does(
    door: Doorway, town: Sandbox
) -> None:
    here = session.session(Visitor("alice"))
    desk = Desk(here.workspace)
    desk.jobs, desk.visitor = here.jobs, here.visitor
    job = desk.approve(desk.draft(people_book(leads(town, 2)), name="O'Brien & Söhne.xlsx"))()
    assert desk.wait(job).state == "done"
    link = (
        f'<a href="/enrich/?job={job.id}">Unlock contact data in O&#x27;Brien &amp; Söhne.xlsx: 2 credits</a>'
    )
    assert link in door.person("alice").get(door.url, timeout=30).text
    assert job.id not in door.person("bob").get(door.url, timeout=30).text
    job.remove()
    assert job.id not in door.person("alice").get(door.url, timeout=30).text


def test_a_page_can_neither_be_framed_nor_run_what_it_was_not_sent_with(door: Doorway) -> None:
    alice = door.person("alice")
    first, second = (alice.get(f"{door.url}enrich/", timeout=30) for _ in range(2))
    policy = first.headers["content-security-policy"]
    nonce = re.search(r"'nonce-([\w-]+)'", policy)
    assert nonce
    assert "unsafe-inline" not in policy.partition("script-src")[2].partition(";")[0]
    assert "frame-ancestors 'none'" in policy
    assert nonce[1] not in second.text, "a nonce is for one answer"
    scripts = re.findall(r"<script(?![^>]*\bsrc=)[^>]*>", first.text)
    assert scripts
    assert all(f'nonce="{nonce[1]}"' in script for script in scripts)
    assert first.headers["x-frame-options"] == "DENY"
    assert first.headers["x-content-type-options"] == "nosniff"
    assert first.headers["cache-control"] == "no-store"
    assert len(first.content) == int(first.headers["content-length"])


def test_a_page_shows_no_code(door: Doorway) -> None:
    assert "make_draft" not in door.person().get(f"{door.url}enrich/", timeout=30).text


@pytest.mark.parametrize("host", ["attacker.example", "127.0.0.1", "attacker.example:{port}", ""])
def test_a_foreign_host_gets_nothing(door: Doorway, host: str) -> None:
    named = host.format(port=door.host.rpartition(":")[2])
    answer = door.person().get(door.url, headers={"Host": named}, timeout=30)
    assert answer.status_code == 403
    assert "leadkit" not in answer.text or "--address" in answer.text


@pytest.mark.parametrize(
    "origin", ["https://attacker.example", "null", "http://127.0.0.1", "http://127.0.0.1:1"]
)
@pytest.mark.parametrize("path", ["sign-in", "sign-out", "enrich/api/kernel/set_ui_element_value"])
def test_a_foreign_origin_changes_nothing(door: Doorway, origin: str, path: str) -> None:
    alice = door.person("alice")
    answer = alice.post(f"{door.url}{path}", headers={"Origin": origin}, timeout=30)
    assert answer.status_code == 403
    assert alice.get(door.url, timeout=30, allow_redirects=False).status_code == 200, "still signed in"


def test_what_a_browser_says_of_another_site_counts_when_it_names_no_origin(door: Doorway) -> None:
    headers = {"Sec-Fetch-Site": "cross-site"}
    assert door.person().post(f"{door.url}sign-out", headers=headers, timeout=30).status_code == 403


def _open(door: Doorway, who: requests.Session | None, page: str, origin: str | None = "own") -> Any:
    headers = {} if who is None else {"Cookie": "; ".join(f"{c.name}={c.value}" for c in who.cookies)}
    named = door.url.rstrip("/") if origin == "own" else origin
    return connect(
        f"ws://{door.host}/enrich/ws?session_id={page}", origin=named, additional_headers=headers, proxy=None
    )


@pytest.mark.parametrize("origin", ["https://attacker.example", "null"])
def test_a_page_of_another_site_cannot_open_a_connection(door: Doorway, town: Sandbox, origin: str) -> None:
    with pytest.raises(InvalidStatus, match="403"):
        _open(door, door.person("alice"), "s_1", origin)
    assert town.paid_requests() == []


def test_nobody_opens_a_connection_without_signing_in(door: Doorway) -> None:
    with pytest.raises(InvalidStatus, match="403"):
        _open(door, None, "s_1")


def test_a_page_belongs_to_whom_it_was_opened_by(door: Doorway) -> None:
    """marimo itself would hand it to whoever knows its id."""
    alice, bob = door.person("alice"), door.person("bob")
    with _open(door, alice, "s_alice") as connection:
        assert "kernel-ready" in connection.recv(30)
        with pytest.raises(InvalidStatus, match="403"):
            _open(door, bob, "s_alice")
        path = f"{door.url}enrich/api/kernel/set_ui_element_value"
        body = {"objectIds": [], "values": []}
        headers = {"Marimo-Session-Id": "s_alice"}
        assert bob.post(path, json=body, headers=headers, timeout=30).status_code == 403
        assert alice.post(path, json=body, headers=headers, timeout=30).status_code == 200
    with pytest.raises(InvalidStatus, match="403"):
        _open(door, bob, "s_alice")  # left alone by its owner


def test_whoever_signs_out_is_told_nothing_more(door: Doorway) -> None:
    alice = door.person("alice")
    with _open(door, alice, "s_out") as connection:
        assert "kernel-ready" in connection.recv(30)
        copied = requests.Session()
        copied.cookies.update(alice.cookies)
        alice.post(f"{door.url}sign-out", timeout=30)
        answer = copied.post(
            f"{door.url}enrich/api/kernel/set_ui_element_value",
            json={"objectIds": [], "values": []},
            headers={"Marimo-Session-Id": "s_out"},
            timeout=30,
        )
        assert answer.status_code == 401, "a copy of the cookie is good for nothing either"


def _ask(app: Any, path: str, name: str) -> int:
    """The status of an answer to somebody, from a layer."""
    said: list[Message] = []

    async def send(message: Message) -> None:
        said.append(message)

    async def receive() -> Message:
        return {"type": "http.request", "body": b""}

    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": b"",
        "headers": [],
        "meta": {META: Visitor(name).to_meta()},
    }
    asyncio.run(app(scope, receive, send))
    return int(said[0]["status"])


def test_a_file_of_a_page_is_for_whom_its_address_was_sent_to() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.send", "text": 'see "./@file/12-abc.csv"'})
        else:
            await send({"type": "http.response.start", "status": 200, "headers": []})

    async def ignore(message: Message) -> None:
        pass

    pages = OwnPages(app)
    scope = {"type": "websocket", "path": "/ws", "query_string": b"", "headers": []}
    asyncio.run(pages({**scope, "meta": {META: Visitor("alice").to_meta()}}, ignore, ignore))
    path = "/enrich/@file/12-abc.csv"
    assert [_ask(pages, path, name) for name in ("alice", "bob")] == [200, 403]
    assert _ask(pages, "/enrich/@file/12-unknown.csv", "alice") == 403


def test_opening_many_pages_forgets_ones_own_and_nobody_elses() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        pass

    pages = OwnPages(app)
    pages.remembered = 3
    assert pages._is_of("of alice", "alice")
    for n in range(10):
        assert pages._is_of(f"bob {n}", "bob")
    assert not pages._is_of("of alice", "bob")
    assert len(pages._owners) == 4


def test_a_request_larger_than_any_upload_is_turned_away(door: Doorway) -> None:
    """The browser's own limit can be left out by whoever writes the request by hand."""
    cookie = next(iter(door.person("alice").cookies))
    head = f"Host: {door.host}\r\nCookie: {cookie.name}={cookie.value}\r\n"
    for path, limit in (("/enrich/", server.BODY_LIMIT_BYTES), ("/sign-in", 10_000)):
        with socket.create_connection(tuple(door.host.split(":"))) as by_hand:  # type: ignore[arg-type]
            by_hand.sendall(f"POST {path} HTTP/1.1\r\n{head}Content-Length: {limit + 1}\r\n\r\n".encode())
            assert by_hand.recv(100).startswith(b"HTTP/1.1 413")


def test_a_request_that_does_not_state_its_size_is_cut_off_at_the_limit() -> None:
    seen: list[str | bytes] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        while (message := await receive())["type"] == "http.request":
            seen.append(message["body"])
        seen.append(message["type"])

    async def endless() -> Any:
        return {"type": "http.request", "body": b"1234", "more_body": True}

    async def send(message: Any) -> None:
        raise AssertionError(message)

    asyncio.run(LimitBody(app, 10)({"type": "http", "path": "/", "headers": []}, endless, send))
    assert seen == [b"1234", b"1234", "http.disconnect"]


def test_a_page_that_comes_in_pieces_arrives_whole() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-type", b"text/html"), (b"Content-Length", b"41")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for piece, more in ((b"<script data-mari", True), (b'mo="true"></script>', True), (b"Fine.", False)):
            await send({"type": "http.response.body", "body": piece, "more_body": more})

    said: list[Message] = []

    async def send(message: Message) -> None:
        said.append(message)

    asyncio.run(SafeHeaders(app)({"type": "http"}, send, send))  # type: ignore[arg-type]
    start, body = said
    assert re.fullmatch(rb'<script data-marimo="true" nonce="[\w-]+"></script>Fine.', body["body"])
    lengths = [value for name, value in start["headers"] if name.lower() == b"content-length"]
    assert lengths == [str(len(body["body"])).encode()]


@pytest.mark.parametrize(
    "path",
    [
        "enrich/sse?session_id=s_1",
        "enrich/api/status/connections",
        "enrich/api/export/html",
        "enrich/auth/login",
        "enrich/api/home/workspace_files",
        "enrich/og/thumbnail",
        "enrich/assets/../api/status/connections",
        "enrich/api/kernel/instantiate",
        "enrich/api/kernel/run",
        "enrich/terminal/ws",
    ],
)
def test_what_no_page_asks_for_is_closed(door: Doorway, path: str) -> None:
    alice = door.person("alice")
    for ask in (alice.get, alice.post):
        assert ask(f"{door.url}{path}", timeout=30).status_code == 404


@pytest.mark.parametrize("path", ["nope", "nope/", "enrich/nope", "nope/deeper/still"])
def test_an_unknown_address_leads_back_to_the_apps(door: Doorway, path: str) -> None:
    alice = door.person("alice")
    page = alice.get(f"{door.url}{path}", timeout=30, headers={"Accept": "text/html"})
    assert page.status_code == 404
    assert page.headers["content-type"].startswith("text/html")
    assert 'href="/style.css"' in page.text
    assert '<a href="/">All apps</a>' in page.text
    assert "There is nothing here." in page.text
    for program in (alice, requests):
        assert not program.get(f"{door.url}{path}", timeout=30).text.startswith("<")
