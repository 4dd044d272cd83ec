"""What stands between the network and the apps: each class is one layer, as ASGI applications are wrapped."""

from __future__ import annotations

import re
import secrets
from collections import OrderedDict, defaultdict
from collections.abc import Collection
from typing import Any
from urllib.parse import parse_qs, quote

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from leadkit.app.home import trouble_page
from leadkit.app.sign_in import SignIn
from leadkit.app.visitor import META

#: Forms of our own, such as the one to sign in, are no larger.
FORM_LIMIT_BYTES = 10_000
NOTHING_HERE = "There is nothing here. Was the address typed or copied in full?"
#: Paths that anybody may ask for; everything else is for people who were let in.
OPEN_PATHS = frozenset({"/sign-in", "/style.css", "/favicon.ico"})

# What the browser is to keep to, whatever a page contains: everything from here, no script that was not in the
# page when it was sent, no frame around it. The charts compile their formulas, and styles are set on the fly.
_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self' 'nonce-{nonce}' 'unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "worker-src 'self' blob:",
        "manifest-src 'self'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ]
)
_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
#: marimo's own scripts in a page; what else is in it gets no nonce. The one for a service worker, which only apps
#: without a server need, is left out.
_OWN_SCRIPT = b'<script data-marimo="true">'
_WORKER_SCRIPT = re.compile(rb"<script>\s*if \('serviceWorker' in navigator\).*?</script>", re.DOTALL)


class SafeHeaders:
    """Keeps a page from being framed, guessed at or named to others, and from running what it was not sent with."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        nonce = secrets.token_urlsafe(16)
        start: Message | None = None
        body = b""

        async def send_with_headers(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start":
                headers = {
                    name.decode().lower(): value.decode("latin-1") for name, value in message["headers"]
                }
                page = headers.get("content-type", "").startswith("text/html")
                ours = {**_HEADERS, "content-security-policy": _POLICY.format(nonce=nonce)}
                if page:
                    ours["cache-control"] = (
                        "no-store"  # what was on it is not for the next person at the machine
                    )
                kept = [
                    (name, value) for name, value in message["headers"] if name.decode().lower() not in ours
                ]
                message["headers"] = [
                    *kept,
                    *((name.encode(), value.encode()) for name, value in ours.items()),
                ]
                if page and "content-length" in headers:
                    start = message  # held back until its length is known
                    return
            elif start is not None:
                body += message.get("body", b"")
                if message.get("more_body"):
                    return
                body = _WORKER_SCRIPT.sub(b"", body)
                body = body.replace(_OWN_SCRIPT, _OWN_SCRIPT[:-1] + f' nonce="{nonce}">'.encode())
                kept = [
                    (name, value) for name, value in start["headers"] if name.lower() != b"content-length"
                ]
                start["headers"] = [*kept, (b"content-length", str(len(body)).encode())]
                message["body"] = body
                await send(start)
                start = None
            await send(message)

        await self._app(scope, receive, send_with_headers)


class OwnOrigin:
    """Turns away requests for other hosts, and those that pages of other sites make."""

    def __init__(self, app: ASGIApp, origins: Collection[str]) -> None:
        self._app = app
        self._origins = frozenset(origins)
        self._hosts = frozenset(origin.partition("://")[2] for origin in origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket") and (why := self._refuse(scope)):
            await refuse(scope, receive, send, why)
            return
        await self._app(scope, receive, send)

    def _refuse(self, scope: Scope) -> str:
        headers = Headers(scope=scope)
        hosts, origins = headers.getlist("host"), headers.getlist("origin")
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
            return "This address is not known here. Whoever runs leadkit names it with --address."
        if origins and (len(origins) > 1 or origins[0].lower() not in self._origins):
            return "A page of another site asked for this."
        changes = scope["type"] == "websocket" or scope["method"] not in ("GET", "HEAD")
        if changes and not origins and headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
            return "A page of another site asked for this."
        return ""


class LimitBody:
    """Turns away requests that are larger than they can be, however their size is stated."""

    def __init__(self, app: ASGIApp, limit_bytes: int) -> None:
        self._app = app
        self._limit = limit_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        limit = FORM_LIMIT_BYTES if scope.get("path") in ("/sign-in", "/sign-out") else self._limit
        stated = dict(scope.get("headers") or ()).get(b"content-length", b"0")
        if stated.isdigit() and int(stated) > limit:
            await PlainTextResponse(f"At most {limit:,} bytes can be uploaded.", 413)(scope, receive, send)
            return
        seen = 0

        async def receive_within_limit() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            # A body without a stated length is cut off; what is left of it cannot be read as a request.
            return {"type": "http.disconnect"} if seen > limit else message

        await self._app(scope, receive_within_limit if scope["type"] == "http" else receive, send)


class Gate:
    """Lets in only who signed in, and says to the apps, with every request, who it is."""

    def __init__(self, app: ASGIApp, sign_in: SignIn) -> None:
        self._app = app
        self._sign_in = sign_in

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or scope["path"] in OPEN_PATHS:
            await self._app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        visitor = self._sign_in.visitor(connection)
        if visitor is None:
            if scope["type"] == "http" and scope["method"] == "GET" and "text/html" in _accepts(scope):
                there = quote(f"{scope['path']}?{scope['query_string'].decode()}".rstrip("?"))
                await RedirectResponse(f"/sign-in?next={there}", 303)(scope, receive, send)
            else:
                await refuse(scope, receive, send, "Nobody is signed in. Open the page again.", 401)
            return
        scope["user"] = {"username": visitor.name, "is_authenticated": True}
        scope["meta"] = {META: visitor.to_meta()}

        over = False

        async def send_while_in(message: Message) -> None:
            # A page stays connected for hours; what it is told ends with the right to be told.
            nonlocal over
            if over:
                return
            if message["type"] == "websocket.send" and self._sign_in.visitor(connection) is None:
                over, message = True, {"type": "websocket.close", "code": 1008, "reason": "signed out"}
            await send(message)

        await self._app(scope, receive, send if scope["type"] == "http" else send_while_in)


class OwnPages:
    """Binds each page that is open, and each file that it was given, to whom it belongs; other paths are closed.

    marimo knows a page by an id in its address, and a file by its name: whoever has them could use them.
    """

    #: How many pages and files of one person are remembered; the oldest are forgotten, and then belong to nobody.
    remembered = 5_000

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._owners: dict[str, str] = {}
        self._of: dict[str, OrderedDict[str, None]] = defaultdict(OrderedDict)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or META not in scope.get("meta", {}):
            await self._app(scope, receive, send)
            return
        if scope["path"].count("/") > 1 and not _ASKED_FOR.fullmatch(scope["path"]):
            await refuse(scope, receive, send, NOTHING_HERE, 404)
            return
        name = scope["meta"][META]["name"]
        if not all(self._is_of(page, name) for page in _pages(scope)) or not self._may_read(
            scope["path"], name
        ):
            await refuse(scope, receive, send, "This is somebody else's page, or it is gone. Open it again.")
            return

        async def send_and_note(message: Message) -> None:
            if message["type"] == "websocket.send":
                said = message.get("text") or ""
                if "@file/" in said:
                    for file in _FILE.findall(said):
                        self._is_of(file, name)
            await send(message)

        await self._app(scope, receive, send if scope["type"] == "http" else send_and_note)

    def _is_of(self, thing: str, name: str) -> bool:
        """Whether it belongs to them; what belongs to nobody does from now on."""
        if self._owners.setdefault(thing, name) != name:
            return False
        theirs = self._of[name]
        theirs[thing] = None
        theirs.move_to_end(thing)
        if len(theirs) > self.remembered:
            del self._owners[theirs.popitem(last=False)[0]]
        return True

    def _may_read(self, path: str, name: str) -> bool:
        return all(self._owners.get(file) == name for file in _FILE.findall(path))


#: What a page asks for. marimo answers on more paths: exports, other transports, lists of files and
#: connections, and one that takes code for a notebook's cells.
_ASKED_FOR = re.compile(
    r"/\w+/(|health|ws|assets/.+|@file/[\w.-]+|[\w-]+\.(ico|png|json|js|webmanifest)"
    r"|api/kernel/(set_ui_element_value|set_model_value|function_call))"
)
_FILE = re.compile(r"@file/[\w.-]+")


def _pages(scope: Scope) -> list[str]:
    headers = Headers(scope=scope)
    ids = [headers.get("marimo-session-id"), headers.get("marimo-stable-session-id")]
    return [page for page in [*ids, *parse_qs(scope["query_string"].decode()).get("session_id", [])] if page]


def _accepts(scope: Scope) -> str:
    return Headers(scope=scope).get("accept", "")


async def refuse(scope: Scope, receive: Receive, send: Send, why: str, status: int = 403) -> None:
    """Answer with a refusal; a WebSocket is not opened (the client sees 403)."""
    answer: Any = WebSocketClose(1008, why) if scope["type"] == "websocket" else refusal(scope, why, status)
    await answer(scope, receive, send)


def refusal(scope: Scope, why: str, status: int) -> Response:
    """Why not, as a page to who was let in with a browser, and as plain text to everybody else."""
    if META in scope.get("meta", {}) and "text/html" in _accepts(scope):
        return HTMLResponse(trouble_page(why), status)
    return PlainTextResponse(why, status)
