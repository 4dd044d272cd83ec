"""The shell around the apps: one web server on this machine's loopback address."""

from __future__ import annotations

import contextlib
import socket
import sys
import webbrowser
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any

from leadkit.app.places import notebooks_folder
from leadkit.app.upload import LIMIT_BYTES
from leadkit.errors import SettingsError

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.types import ASGIApp

#: A page that lost its connection for longer than this starts anew; its job goes on.
SESSION_SECONDS = 120
#: A file's bytes arrive as base64, a third longer, in a request that says a little more.
BODY_LIMIT_BYTES = LIMIT_BYTES * 4 // 3 + 1_000_000
#: How long open pages may keep a server that was told to end.
END_SECONDS = 3
#: What anybody may ask the browser to keep to, whatever a page contains.
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
)


def serve(
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    open_browser: bool = False,
    announce: Callable[[str], None] | None = None,
) -> None:
    """Serve the apps until interrupted.

    Parameters
    ----------
    host
        An address of this machine. Nobody signs in here, so only loopback is taken.
    port
        0 takes a free one.
    open_browser
        Open the page in the user's browser.
    announce
        Told the address, in one line, once there is an answer to be had; None writes it to standard output.

    Raises
    ------
    SettingsError
        Not a loopback address, or the port is in use.
    """
    import uvicorn

    listener = _listen(host, port)
    shown = f"[{host}]" if ":" in host else host
    url = f"http://{shown}:{listener.getsockname()[1]}/"

    def ready() -> None:
        (announce or _say)(f"leadkit is at {url} (Ctrl-C ends it)")
        if open_browser:
            webbrowser.open(url)

    # Addresses of pages hold the ids of sessions and jobs, so they are kept out of logs.
    config = uvicorn.Config(
        asgi_app(ready=ready),
        log_level="warning",
        access_log=False,
        lifespan="on",
        timeout_graceful_shutdown=END_SECONDS,
    )
    try:
        uvicorn.Server(config).run(sockets=[listener])
    finally:
        from leadkit.app import session

        session.close()


def asgi_app(*, ready: Callable[[], None] | None = None) -> Starlette:
    """All apps as one ASGI application: ``/`` leads to the first, ``/<name>/`` is the notebook of that name."""
    import marimo
    from starlette.applications import Starlette
    from starlette.middleware import Middleware
    from starlette.responses import RedirectResponse
    from starlette.routing import Mount, Route

    notebooks = sorted(notebooks_folder().glob("[a-z]*.py"))
    if not notebooks:
        msg = f"There is no app in {notebooks_folder()}. Install leadkit again."
        raise SettingsError(msg)
    builder = marimo.create_asgi_app(quiet=True, session_ttl=SESSION_SECONDS)
    for notebook in notebooks:
        builder = builder.with_app(path=f"/{notebook.stem}", root=str(notebook))
    apps = builder.build()
    _follow_the_systems_colours(apps)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        if ready is not None:
            ready()
        yield

    first = f"/{notebooks[0].stem}/"
    return Starlette(
        routes=[Route("/", lambda _: RedirectResponse(first)), Mount("/", app=apps)],
        # Signing in, and the check of where a request comes from, belong at the head of this list.
        middleware=[Middleware(SafeHeaders), Middleware(LimitBody)],
        lifespan=lifespan,
    )


class LimitBody:
    """Turns away requests that are larger than any upload can be, however their size is stated."""

    def __init__(self, app: ASGIApp, limit_bytes: int = BODY_LIMIT_BYTES) -> None:
        self._app = app
        self._limit = limit_bytes

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        from starlette.responses import PlainTextResponse

        stated = dict(scope.get("headers") or ()).get(b"content-length", b"0")
        if stated.isdigit() and int(stated) > self._limit:
            refusal = PlainTextResponse(f"At most {self._limit:,} bytes can be uploaded.", 413)
            await refusal(scope, receive, send)
            return
        seen = 0

        async def receive_within_limit() -> Any:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            # A body without a stated length is cut off; what is left of it cannot be read as a request.
            return {"type": "http.disconnect"} if seen > self._limit else message

        await self._app(scope, receive_within_limit if scope["type"] == "http" else receive, send)


class SafeHeaders:
    """Adds headers that keep a page from being framed, guessed at or named to others."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def send_with_headers(message: Any) -> None:
            if message["type"] == "http.response.start":
                named = {name for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(h for h in _HEADERS if h[0] not in named)]
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)


def _follow_the_systems_colours(apps: Any) -> None:
    """Light or dark as the visitor's system is. marimo takes this from the working directory's settings only."""
    for route in apps.routes:
        state: Any = getattr(getattr(route, "app", None), "state", None)
        if hasattr(state, "config_manager"):
            state.config_manager = state.config_manager.with_overrides({"display": {"theme": "system"}})


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()  # also when a program reads it


def _listen(host: str, port: int) -> socket.socket:
    if host not in ("127.0.0.1", "::1", "localhost"):
        msg = f"The apps can only be served on this machine: 127.0.0.1 or ::1, not {host}."
        raise SettingsError(msg)
    family = socket.AF_INET6 if host == "::1" else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen()  # from here on a visitor waits instead of being turned away
    except OSError as error:
        listener.close()
        msg = f"Port {port} cannot be used: {error.strerror}. Choose another, or 0 for a free one."
        raise SettingsError(msg) from error
    return listener
