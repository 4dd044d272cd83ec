"""A plain HTTP client of the sandbox's, made of nothing but requests: the client of leadkit has its own tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import requests

from leadkit.sandbox import Sandbox
from leadkit.sandbox.world import Person


class Api:
    """LeadLeap's API with one key."""

    def __init__(self, url: str, key: str | None) -> None:
        self.url = url
        self.session = requests.Session()
        self.session.trust_env = False
        if key:
            self.session.headers["Authorization"] = f"Bearer {key}"

    def get(self, path: str, **query: Any) -> requests.Response:
        return self.session.get(self.url + path, params=query, timeout=10)

    def post(self, path: str, body: Any) -> requests.Response:
        return self.session.post(self.url + path, json=body, timeout=10)

    def delete(self, path: str) -> requests.Response:
        return self.session.delete(self.url + path, timeout=10)

    def unlock(self, lead_id: str) -> requests.Response:
        return self.post("/leads/unlock", {"lead_id": lead_id})

    def validate(self, *emails: str) -> requests.Response:
        return self.post("/email/validate", {"emails": list(emails)})


@pytest.fixture
def sandbox() -> Iterator[Callable[..., Sandbox]]:
    """Starts sandboxes with the options given; they stop at the test's end."""
    with ExitStack() as running:
        yield lambda **options: running.enter_context(Sandbox(**options))


@pytest.fixture
def box(sandbox: Callable[..., Sandbox]) -> Sandbox:
    return sandbox(rate_limited=False)


@pytest.fixture
def connect() -> Callable[..., Api]:
    """A client for a sandbox, with its own key unless another is given; an empty one means none."""

    def to(box: Any, key: str | None = None) -> Api:
        environ = box.environ
        return Api(environ["LEADKIT_LEADLEAP_URL"], environ["LEADLEAP_API_KEY"] if key is None else key)

    return to


@pytest.fixture
def api(box: Sandbox, connect: Callable[..., Api]) -> Api:
    return connect(box)


@pytest.fixture
def people(box: Sandbox) -> list[Person]:
    """People whom LeadLeap knows and has not deleted, with all their contact data."""
    return [p for p in box.world.known_to("leadleap") if not p.deleted and p.company and p.email and p.phone]


@pytest.fixture
def gone(box: Sandbox) -> Person:
    return next(p for p in box.world.known_to("leadleap") if p.deleted)
