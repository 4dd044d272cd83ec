"""The shell around the apps, served by a thread of this process, and people who come to it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests
import uvicorn

from leadkit.app import server
from leadkit.app.sign_in import Proxy, SignIn
from leadkit.app.users import User, Users, hashed

TOKEN = "a token of the owner alone"
PASSWORD = "correct horse battery"


@dataclass
class Doorway:
    """A running shell; ``url`` ends in a slash."""

    url: str
    sign_in: SignIn

    @property
    def host(self) -> str:
        return self.url.removeprefix("http://").rstrip("/")

    def person(self, name: str = "") -> requests.Session:
        """Somebody who signed in before; without a name, the owner."""
        who = requests.Session()
        who.cookies.set(self.sign_in.cookie, self.sign_in._signed(name), domain="127.0.0.1")
        return who

    def enter(self, name: str, secret: str, next_: str = "/") -> requests.Response:
        """Fill in the form."""
        said = {"name": name, "secret": secret, "next": next_}
        return requests.post(f"{self.url}sign-in", said, timeout=30, allow_redirects=False)


@contextmanager
def doorway(folder: Path, *users: User, proxy: Proxy | None = None) -> Iterator[Doorway]:
    """A shell with these users, each of whom has the same password unless the entry has one."""
    file = Users(folder / "app" / "users.json")
    for user in users:
        file.put(user)
    sign_in = SignIn(TOKEN, file, proxy=proxy)
    listener = server._listen("127.0.0.1", 0)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    ready = threading.Event()
    app = server.asgi_app(sign_in, [url.rstrip("/")], ready=ready.set)
    running = uvicorn.Server(uvicorn.Config(app, log_level="error", proxy_headers=False))
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    assert ready.wait(60)
    yield Doorway(url, sign_in)
    running.should_exit = True
    thread.join(10)


def user(name: str, role: str = "spend", **entry: object) -> User:
    """An entry with the password of all."""
    return User(name, role, hashed(PASSWORD), **entry)  # type: ignore[arg-type]
