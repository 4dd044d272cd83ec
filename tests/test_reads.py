"""What is kept of free reads: the same answer for the same question of the same account, and no secrets."""

from __future__ import annotations

import gzip
import os
import pickle
import sqlite3
import stat
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from leadkit.errors import BadAnswerError, SettingsError
from leadkit.providers.base import Request, Response
from leadkit.reads import CachedReads

CANARY = "lk_canary_41d09b77c2"
SEARCH = Request("POST", "/search", json={"company": "Example GmbH", "titles": ["CEO", "CTO"]})


class FakeClock:
    seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return datetime(2026, 3, 2, 9, 0, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def wait(self, seconds: float, until: threading.Event | None = None) -> bool:
        return False


class Provider:
    """Counts what reaches it; each answer is different."""

    def __init__(self, **answer: Any) -> None:
        self.sent: list[Request] = []
        self.answer = answer

    def __call__(self, request: Request) -> Response:
        self.sent.append(request)
        told: dict[str, Any] = {"status": 200, "headers": {"content-type": "application/json"}} | self.answer
        return Response(**{"body": b'{"n": %d}' % len(self.sent)} | told)


Open = Callable[..., CachedReads]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "reads.sqlite"


@pytest.fixture
def reads(path: Path, clock: FakeClock) -> Open:
    def make(
        send: Provider, *, account: str = "usr_1", provider: str = "leadleap", **options: Any
    ) -> CachedReads:
        ttl_seconds = options.get("ttl_seconds", 3600)
        return CachedReads(
            send, path, provider=provider, account=account, ttl_seconds=ttl_seconds, clock=clock
        )

    return make


def test_the_same_question_is_sent_once_also_by_another_process(reads: Open) -> None:
    send = Provider()
    first = reads(send).get(SEARCH)
    again = reads(send).get(SEARCH)
    assert (first.status, first.body) == (again.status, again.body) == (200, b'{"n": 1}')
    assert again.headers["content-type"] == "application/json"
    assert len(send.sent) == 1


@pytest.mark.parametrize(
    "other",
    [
        Request("GET", "/search", json=SEARCH.json),
        Request("POST", "/search/", json=SEARCH.json),
        Request("POST", "/search", json=SEARCH.json, host="prospector"),
        Request("POST", "/search", query=(("page", "2"),), json=SEARCH.json),
        Request("POST", "/search", json={"company": "Example GmbH", "titles": ["CTO", "CEO"]}),
        Request("POST", "/search", json={"company": "Example GmbH"}),
        Request("POST", "/search", json=[SEARCH.json]),
        Request("POST", "/search"),
    ],
)
def test_another_question_is_another_answer(reads: Open, other: Request) -> None:
    send = Provider()
    both = [reads(send).get(SEARCH).body, reads(send).get(other).body]
    assert both == [b'{"n": 1}', b'{"n": 2}']


def test_lists_keep_their_order_also_at_the_top(reads: Open) -> None:
    send = Provider()
    assert reads(send).get(Request("POST", "/m", json=["b", "a"])).body == b'{"n": 1}'
    assert reads(send).get(Request("POST", "/m", json=["a", "b"])).body == b'{"n": 2}'


def test_another_account_or_provider_never_gets_this_ones_answers(reads: Open) -> None:
    send = Provider()
    reads(send).get(SEARCH)
    assert reads(send, account="usr_2").get(SEARCH).body == b'{"n": 2}'
    assert reads(send, provider="leadey").get(SEARCH).body == b'{"n": 3}'
    with pytest.raises(SettingsError):
        reads(send, account="")


def test_an_answer_is_asked_for_again_when_it_is_old_or_from_the_future(
    reads: Open, clock: FakeClock
) -> None:
    send = Provider()
    cached = reads(send, ttl_seconds=60)
    cached.get(SEARCH)
    clock.seconds = 59
    assert cached.get(SEARCH).body == b'{"n": 1}'
    clock.seconds = 60
    assert cached.get(SEARCH).body == b'{"n": 2}'
    clock.seconds = -10
    assert cached.get(SEARCH).body == b'{"n": 3}'


@pytest.mark.parametrize("status", [201, 204, 400, 401, 404, 429, 500, 503])
def test_only_a_good_answer_is_kept(reads: Open, status: int) -> None:
    send = Provider(status=status)
    assert [reads(send).get(SEARCH).status for _ in range(2)] == [status, status]
    assert len(send.sent) == 2


def test_an_error_dressed_as_a_good_answer_is_not_kept(reads: Open) -> None:
    send = Provider(body=b'{"errors": [{"message": "no"}]}')

    def check(response: Response) -> None:
        raise BadAnswerError("no")

    for _ in range(2):
        with pytest.raises(BadAnswerError):
            reads(send).get(SEARCH, check=check)
    assert len(send.sent) == 2
    assert reads(Provider()).get(SEARCH, check=lambda response: None).body == b'{"n": 1}'


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b'{"a": 1.0, "a": 2, "b": NaN}', bytes(range(256)), "é".encode("latin-1"), b"x" * 2**20],
)
def test_a_body_comes_back_byte_for_byte(reads: Open, body: bytes) -> None:
    send = Provider(body=body)
    assert reads(send).get(SEARCH).body == body
    assert reads(send).get(SEARCH).body == body
    assert len(send.sent) == 1


def test_a_body_that_was_unpacked_on_the_way_is_not_unpacked_again(reads: Open) -> None:
    send = Provider(
        body=gzip.compress(b"inner"), headers={"content-encoding": "gzip", "transfer-encoding": "chunked"}
    )
    assert reads(send).get(SEARCH).body == reads(send).get(SEARCH).body == gzip.compress(b"inner")


def test_neither_the_question_nor_cookies_nor_rate_limits_are_kept(reads: Open, path: Path) -> None:
    send = Provider(
        headers={
            "content-type": "application/json",
            "set-cookie": f"session={CANARY}",
            "x-api-key": CANARY,
            "X-API-KEY": CANARY,
            "location": f"https://evil.example/?api_key={CANARY}",
            "x-ratelimit-remaining": "0",
        }
    )
    request = Request("POST", "/search", query=(("api_key", CANARY),), json={"auth": {"api_key": CANARY}})
    reads(send).get(request)
    again = reads(send).get(request)
    assert len(send.sent) == 1
    assert set(again.headers) == {"content-type"}
    for file in path.parent.iterdir():
        assert CANARY.encode() not in file.read_bytes()


@pytest.mark.skipif(os.name != "posix", reason="modes of POSIX")
def test_the_file_is_its_owners_alone(reads: Open, path: Path) -> None:
    before = os.umask(0)
    try:
        reads(Provider()).get(SEARCH)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    path.chmod(0o644)
    with pytest.raises(SettingsError, match="not yours alone"):
        reads(Provider())


@pytest.mark.skipif(os.name != "posix", reason="links of POSIX")
def test_a_link_in_place_of_the_file_is_refused(reads: Open, path: Path, tmp_path: Path) -> None:
    path.parent.mkdir()
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SettingsError):
        reads(Provider())
    assert not (tmp_path / "elsewhere").exists()


class Planted:
    def __reduce__(self) -> Any:
        return os.system, ("touch planted",)


@pytest.mark.parametrize(
    "planted",
    [
        pickle.dumps(Planted()),
        "",
        "{}",
        "[]",
        "null",
        '{"status_code": "x"}',
        "[" * 100_000,
        b"\xff",
        None,
        7,
    ],
)
def test_a_planted_or_broken_entry_is_data_and_asked_for_again(
    reads: Open, path: Path, planted: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    send = Provider()
    reads(send).get(SEARCH)
    with sqlite3.connect(path) as file:
        file.execute("UPDATE answers SET value = ?", (planted,))
    assert reads(send).get(SEARCH).body == b'{"n": 2}'
    assert not (tmp_path / "planted").exists()


@pytest.mark.parametrize("harm", ["garbage", "folder", "another table"])
def test_a_file_that_cannot_be_used_costs_only_the_cache(reads: Open, path: Path, harm: str) -> None:
    path.parent.mkdir(mode=0o700)
    if harm == "garbage":
        path.write_bytes(b"no database " * 1000)
        path.chmod(0o600)
    elif harm == "another table":
        with sqlite3.connect(path) as file:
            file.execute("CREATE TABLE answers (x)")
        path.chmod(0o600)
    else:
        path.parent.rmdir()
        path.parent.write_text("a file where the folder should be")
    send = Provider()
    assert [reads(send).get(SEARCH).status for _ in range(2)] == [200, 200]
    assert len(send.sent) == 2


def test_a_lock_that_another_program_holds_costs_only_the_cache(
    reads: Open, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leadkit.reads._LOCK_SECONDS", 0.05)
    send = Provider()
    cached = reads(send)
    with sqlite3.connect(path) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert cached.get(SEARCH).status == 200
        assert cached.get(SEARCH).status == 200
        other.rollback()
    cached.get(SEARCH)
    cached.get(SEARCH)
    assert len(send.sent) == 3


def test_threads_that_ask_the_same_at_once_cost_one_request(reads: Open) -> None:
    class Slow(Provider):
        def __call__(self, request: Request) -> Response:
            time.sleep(0.05)
            return super().__call__(request)

    send = Slow()
    cached = reads(send)
    bodies: list[bytes] = []
    workers = [threading.Thread(target=lambda: bodies.append(cached.get(SEARCH).body)) for _ in range(16)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert bodies == [b'{"n": 1}'] * 16
    assert len(send.sent) == 1


def test_what_is_forgotten_or_expired_leaves_no_bytes(reads: Open, path: Path, clock: FakeClock) -> None:
    person = Provider(body=b"Grace Example " * 500)
    cached = reads(person, ttl_seconds=60)
    cached.get(SEARCH)
    packed = b"R3JhY2UgRXhhbXBsZ"  # the name as base64, which is how a body is kept
    assert packed in path.read_bytes()
    cached.clear()
    assert packed not in b"".join(file.read_bytes() for file in path.parent.iterdir())
    cached.get(SEARCH)
    clock.seconds = 61
    reads(Provider(), ttl_seconds=60).get(Request("GET", "/other"))
    assert packed not in b"".join(file.read_bytes() for file in path.parent.iterdir())
