"""A plain client of Leadfeeder's API, made of nothing but requests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests

from leadkit.sandbox import Sandbox
from leadkit.sandbox.leadfeeder.directory import Directory, directory_of


class Leadfeeder:
    """The API with one key, about one account."""

    def __init__(self, environ: dict[str, str], key: str, account_id: str | None) -> None:
        self.url = environ["LEADKIT_LEADFEEDER_URL"]
        self.account_id = account_id
        self.session = requests.Session()
        self.session.trust_env = False
        if key:
            self.session.headers["x-api-key"] = key

    def send(self, method: str, path: str, body: Any = None, **query: Any) -> requests.Response:
        """``account_id`` goes along; two underscores stand for the brackets of ``page[size]``."""
        given = {name.replace("__", "[", 1) + "]" if "__" in name else name: v for name, v in query.items()}
        params = {"account_id": self.account_id, **given}
        return self.session.request(method, self.url + path, params=params, json=body, timeout=10)

    def get(self, path: str, **query: Any) -> Any:
        """The answer's body; fails on an error."""
        answer = self.send("GET", path, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: Any, **query: Any) -> Any:
        answer = self.send("POST", path, body, **query)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()


@pytest.fixture
def connect() -> Callable[..., Leadfeeder]:
    def to(box: Any, key: str | None = None, account_id: str | None = None) -> Leadfeeder:
        environ = box.environ
        return Leadfeeder(
            environ,
            environ["LEADFEEDER_API_KEY"] if key is None else key,
            account_id or environ["LEADFEEDER_ACCOUNT_ID"],
        )

    return to


@pytest.fixture
def leadfeeder(box: Sandbox, connect: Callable[..., Leadfeeder]) -> Leadfeeder:
    return connect(box)


@pytest.fixture
def directory(box: Sandbox) -> Directory:
    return directory_of(box.world)
