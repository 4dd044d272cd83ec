"""The web server of the apps: on this machine's loopback address, or where colleagues reach it through a proxy."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import ipaddress
import re
import socket
import sys
import threading
import webbrowser
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import idna

from leadkit.app.upload import LIMIT_BYTES
from leadkit.errors import SettingsError

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from leadkit.app.sign_in import SignIn

#: A page that lost its connection for longer than this starts anew; its job goes on.
SESSION_SECONDS = 120
#: A file's bytes arrive as base64, a third longer, in a request that says a little more.
BODY_LIMIT_BYTES = LIMIT_BYTES * 4 // 3 + 1_000_000
#: What a browser says over a WebSocket is short; files take the other way.
MESSAGE_LIMIT_BYTES = 1_000_000
#: Ports that browsers leave out of an address.
_PORTS = {"http": 80, "https": 443}
#: Browsers drop a connection that they do not use before that: Chromium after 300 seconds, Firefox after 115. One
#: that the server ended at the same moment could take a press of a button with it.
KEEP_ALIVE_SECONDS = 360
#: How long open pages may keep a server that was told to end.
END_SECONDS = 3


def serve(
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    address: str | None = None,
    trusted_proxies: Sequence[str] = (),
    user_header: str = "X-Remote-User",
    open_browser: bool = False,
    announce: Callable[[str], None] | None = None,
) -> None:
    """Serve the apps until interrupted, to those who sign in.

    Parameters
    ----------
    host
        An address of this machine. With another than loopback, ``address`` has to be named.
    port
        0 takes a free one.
    address
        What people type to get here, such as ``https://leads.example.com``: the proxy with TLS in front. Requests
        for any other host are refused. None for this machine's browser alone.
    trusted_proxies, user_header
        Addresses of servers that sign people in themselves, and the header in which they name them; from
        anybody else the header is ignored. Who is not among the users may only look.
    open_browser
        Open the page in the user's browser, signed in.
    announce
        Told where the apps are and how to sign in, line by line, once there is an answer to be had; None writes
        to standard output.

    Raises
    ------
    SettingsError
        The address is missing or is none, the port is in use, or the files of token and users cannot be used.
    """
    import uvicorn

    from leadkit.app.sign_in import Proxy, SignIn
    from leadkit.app.users import token

    public = None if address is None else _origin(address)
    if public is None and not _is_loopback(host):
        msg = (
            f"Whoever reaches {host} could ask for any address. Name the one that people type, such as "
            "--address https://leads.example.com, where a proxy with TLS answers."
        )
        raise SettingsError(msg)
    folder = sharing_folder()
    proxy = Proxy(frozenset(map(_ip, trusted_proxies)), user_header.lower()) if trusted_proxies else None
    listener = _listen(host, port)
    here = listener.getsockname()[1]
    # Browsers send a cookie to all ports of a host; a name for each keeps two servers apart. One that begins with
    # __Host- they take from this very host over TLS alone: its neighbours cannot put a cookie of theirs in its place.
    cookie = f"{'__Host-' if public and public.startswith('https:') else ''}leadkit-{here}"
    sign_in = SignIn(token(folder / "token"), users_file(), proxy=proxy, cookie=cookie)
    origins = [f"http://{name}:{here}" for name in ("127.0.0.1", "localhost", "[::1]")]
    url = origins[2] if host == "::1" else origins[0]

    def ready() -> None:
        say = announce or _say
        link = f"{public or url}/sign-in?once={sign_in.link()}"
        say(f"leadkit is at {public or url}/ (Ctrl-C ends it)")
        say(f"Sign in, once and within ten minutes, with {link}\nor with the token in {folder / 'token'}")
        if open_browser:
            webbrowser.open(link)
        threading.Thread(target=_load_libraries, daemon=True).start()

    # Addresses of pages hold the ids of sessions and jobs, so they are kept out of logs.
    config = uvicorn.Config(
        asgi_app(sign_in, [*origins, *([public] if public else [])], ready=ready),
        log_level="warning",
        access_log=False,
        lifespan="on",
        proxy_headers=False,  # who asks is decided by the address that the request came from
        server_header=False,
        ws_max_size=MESSAGE_LIMIT_BYTES,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=END_SECONDS,
    )
    uvicorn.Server(config).run(sockets=[listener])


def asgi_app(
    sign_in: SignIn, origins: Sequence[str], *, ready: Callable[[], None] | None = None
) -> Starlette:
    """All apps as one ASGI application: ``/`` lists them, ``/<name>/`` is the notebook of that name.

    Parameters
    ----------
    sign_in
        Who may enter. From now on, the notebooks of this process know nobody else.
    origins
        The addresses at which it is reached, such as ``http://127.0.0.1:2718``; all others are refused.
    ready
        Called once requests are answered.
    """
    import marimo
    from starlette.applications import Starlette
    from starlette.concurrency import run_in_threadpool
    from starlette.middleware import Middleware
    from starlette.routing import Mount

    from leadkit.app import session
    from leadkit.app.home import apps
    from leadkit.app.pages import routes
    from leadkit.app.parsing import parse_one_at_a_time
    from leadkit.app.shell import NOTHING_HERE, Gate, LimitBody, OwnOrigin, OwnPages, SafeHeaders, refusal
    from leadkit.app.visitor import guard

    parse_one_at_a_time()
    builder = marimo.create_asgi_app(quiet=True, session_ttl=SESSION_SECONDS)
    for app in apps():
        builder = builder.with_app(path=f"/{app.name}", root=str(app.path))
    notebooks: Any = builder.build()
    notebooks.add_exception_handler(404, lambda request, _: refusal(request.scope, NOTHING_HERE, 404))
    _follow_the_systems_colours(notebooks)
    guard(sign_in.confirm)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        if ready is not None:
            ready()
        yield
        # The threads of open pages would keep a server that was told to end.
        for state in _states(notebooks):
            ended = state.session_manager.shutdown()
            if inspect.isawaitable(ended):  # in newer marimo it is
                await ended
        await run_in_threadpool(session.close)

    return Starlette(
        routes=[
            *routes(sign_in, secure=any(one.startswith("https:") for one in origins)),
            Mount("/", notebooks),
        ],
        middleware=[
            Middleware(SafeHeaders),
            Middleware(OwnOrigin, origins=origins),
            Middleware(LimitBody, limit_bytes=BODY_LIMIT_BYTES),
            Middleware(Gate, sign_in=sign_in),
            Middleware(OwnPages),
        ],
        lifespan=lifespan,
    )


def sharing_folder() -> Path:
    """Where the token and the users are kept, for nobody else to read."""
    from leadkit.settings import Settings

    return Settings.from_environment().home / "app"


def users_file() -> Any:
    """The users of this workspace."""
    from leadkit.app.users import Users

    return Users(sharing_folder() / "users.json")


def _follow_the_systems_colours(apps: Any) -> None:
    """Light or dark as the visitor's system is. marimo takes this from the working directory's settings only."""
    for state in _states(apps):
        state.config_manager = state.config_manager.with_overrides({"display": {"theme": "system"}})


def _states(apps: Any) -> list[Any]:
    """What marimo keeps of each mounted notebook."""
    found = (getattr(getattr(route, "app", None), "state", None) for route in apps.routes)
    return [state for state in found if hasattr(state, "session_manager")]


def _load_libraries() -> None:
    """Load what the first page would have to wait for, for seconds."""
    importlib.import_module("pandera.pandas")
    importlib.import_module("leadkit.app.job_page")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()  # also when a program reads it


def _is_loopback(host: str) -> bool:
    return host in ("127.0.0.1", "::1", "localhost")


def _ip(address: str) -> str:
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        msg = f"{address!r} is not an address of a proxy, such as 127.0.0.1."
        raise SettingsError(msg) from None


def _origin(address: str) -> str:
    """``https://leads.example.com`` of what was typed, in the form in which browsers say it."""
    try:
        parts = urlsplit(address.strip().lower())
        name, port = parts.hostname or "", parts.port
        name = name if name.isascii() else idna.encode(name, uts46=True).decode()
    except ValueError:  # no port, or no name
        name = ""
    if (
        not re.fullmatch(r"[\w.:-]+", name, re.ASCII)
        or parts.scheme not in _PORTS
        or "@" in parts.netloc
        or parts.path not in ("", "/")
        or parts.query
        or parts.fragment
    ):
        msg = f"{address!r} is not an address such as https://leads.example.com, without a path."
        raise SettingsError(msg)
    host = f"[{name}]" if ":" in name else name
    return f"{parts.scheme}://{host}" + ("" if port in (None, _PORTS[parts.scheme]) else f":{port}")


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen()  # from here on a visitor waits instead of being turned away
    except OSError as error:
        listener.close()
        msg = f"Port {port} of {host} cannot be used: {error.strerror}. Choose another, or 0 for a free one."
        raise SettingsError(msg) from error
    return listener
