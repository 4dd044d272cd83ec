"""A plain client of Leadey's API, made of nothing but requests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests

from leadkit.sandbox import Sandbox
from leadkit.sandbox.world import Person


class Leadey:
    """The API with one key."""

    def __init__(self, url: str, key: str) -> None:
        self.url = url
        self.session = requests.Session()
        self.session.trust_env = False
        if key:
            self.session.headers["Authorization"] = f"Bearer {key}"

    def send(self, path: str, **query: Any) -> requests.Response:
        return self.session.get(self.url + path, params=query, timeout=10)

    def get(self, path: str, **query: Any) -> Any:
        """The answer's body; fails on an error."""
        answer = self.send(path, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def every(self, path: str, **query: Any) -> list[Any]:
        """The rows of all pages."""
        first = self.get(path, pageSize=100, **query)
        rows = list(first["data"])
        for page in range(2, first["meta"]["totalPages"] + 1):
            rows += self.get(path, pageSize=100, page=page, **query)["data"]
        assert len(rows) == first["meta"]["totalCount"]
        return rows


@pytest.fixture
def connect() -> Callable[..., Leadey]:
    def to(box: Any, key: str | None = None) -> Leadey:
        environ = box.environ
        return Leadey(environ["LEADKIT_LEADEY_URL"], environ["LEADEY_API_KEY"] if key is None else key)

    return to


@pytest.fixture
def leadey(box: Sandbox, connect: Callable[..., Leadey]) -> Leadey:
    return connect(box)


@pytest.fixture
def known(box: Sandbox) -> list[Person]:
    """Everybody who is in the workspace."""
    return [p for p in box.world.known_to("leadey") if not p.deleted]
