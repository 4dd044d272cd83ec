"""Signing in: tokens, passwords, links, cookies, throttling, and proxies that are or are not to be believed."""

from __future__ import annotations

import base64
import hashlib
import json
import stat
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from starlette.requests import HTTPConnection

from leadkit.app import session
from leadkit.app import users as users_module
from leadkit.app.sign_in import (
    ALL_ATTEMPTS_A_MINUTE,
    ATTEMPTS_A_MINUTE,
    LINK_SECONDS,
    SIGNED_IN_SECONDS,
    Proxy,
    SignIn,
    ThrottledError,
)
from leadkit.app.users import Users, fits, hashed, token
from leadkit.app.visitor import Visitor, owner
from leadkit.errors import ApprovalError, SettingsError
from leadkit.sandbox import Sandbox
from tests.app.doorway import PASSWORD, TOKEN, Doorway, doorway, user
from tests.conftest import FakeClock

PROXY = Proxy(frozenset({"127.0.0.1"}), "x-remote-user")


@pytest.fixture(autouse=True)
def _cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """A guess costs a moment on purpose; here only what comes of it matters."""
    monkeypatch.setattr(users_module, "_LOG2_N", 4)


def _asks(cookie: str | None = None, peer: str = "192.0.2.7", **headers: str) -> HTTPConnection:
    """A request, as it arrives."""
    sent = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    if cookie is not None:
        sent.append((b"cookie", f"leadkit={cookie}".encode()))
    return HTTPConnection({"type": "http", "headers": sent, "client": (peer, 1), "path": "/"})


@pytest.fixture
def users(tmp_path: Path) -> Users:
    users = Users(tmp_path / "app" / "users.json")
    users.put(user("alice", daily_cap=5000))
    users.put(user("carol", "look"))
    return users


@pytest.fixture
def sign_in(users: Users, clock: FakeClock) -> SignIn:
    return SignIn(TOKEN, users, clock=clock.monotonic)


def test_a_password_lets_in_with_the_role_and_cap_of_its_entry(sign_in: SignIn) -> None:
    cookie = sign_in.enter("alice", PASSWORD)
    assert sign_in.visitor(_asks(cookie)) == Visitor("alice", "spend", 5000, 100_000)


def test_the_token_lets_in_as_whoever_runs_the_server(sign_in: SignIn) -> None:
    assert sign_in.visitor(_asks(sign_in.enter("", TOKEN))) == owner()


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("alice", ""),
        ("alice", TOKEN),
        ("alice", PASSWORD + " "),
        ("", PASSWORD),
        ("nobody", PASSWORD),
        ("", ""),
    ],
)
def test_what_does_not_fit_does_not_let_in(sign_in: SignIn, name: str, secret: str) -> None:
    assert sign_in.enter(name, secret) is None


def test_a_link_lets_in_once(sign_in: SignIn) -> None:
    code = sign_in.link()
    assert sign_in.visitor(_asks(sign_in.follow(code))) == owner()
    assert sign_in.follow(code) is None
    assert sign_in.follow("") is None


def test_a_link_that_nobody_followed_ends_by_itself(sign_in: SignIn, clock: FakeClock) -> None:
    """A service's output is kept in the system's log, for more people than the owner to read."""
    code, other = sign_in.link(), sign_in.link()
    clock.seconds += LINK_SECONDS
    assert sign_in.follow(code) is not None
    clock.seconds += 1
    assert sign_in.follow(other) is None


def test_a_cookie_that_no_parser_gets_through_is_nobodys(sign_in: SignIn) -> None:
    deep = base64.urlsafe_b64encode(b"[" * 40_000).decode()
    assert sign_in.visitor(_asks(f"{deep}.x")) is None


def test_every_changed_character_of_a_cookie_ends_it(sign_in: SignIn) -> None:
    cookie = sign_in.enter("carol", PASSWORD)
    assert cookie is not None
    body, _, signature = cookie.partition(".")
    said = json.loads(base64.urlsafe_b64decode(body))
    forged = base64.urlsafe_b64encode(json.dumps({**said, "name": "alice"}).encode()).decode()
    owners = base64.urlsafe_b64encode(json.dumps({**said, "name": ""}).encode()).decode()
    for bad in (
        f"{forged}.{signature}",
        f"{owners}.{signature}",
        f"{body}.",
        body,
        "",
        ".",
        "e30=.x",
        "W10=.x",
    ):
        assert sign_in.visitor(_asks(bad)) is None
    for i in range(len(cookie)):
        other = "A" if cookie[i] != "A" else "B"
        changed = sign_in.visitor(_asks(cookie[:i] + other + cookie[i + 1 :]))
        # The last character of a base64 group has bits that stand for nothing.
        assert changed in (None, sign_in.visitor(_asks(cookie)))


def test_a_cookie_of_another_server_is_worth_nothing(sign_in: SignIn, users: Users) -> None:
    elsewhere = SignIn(TOKEN, users)
    assert sign_in.visitor(_asks(elsewhere.enter("", TOKEN))) is None


def test_a_cookie_ends_after_its_time(sign_in: SignIn, clock: FakeClock) -> None:
    cookie = sign_in.enter("alice", PASSWORD)
    clock.seconds += SIGNED_IN_SECONDS
    assert sign_in.visitor(_asks(cookie)) is not None
    clock.seconds += 1
    assert sign_in.visitor(_asks(cookie)) is None


def test_signing_out_ends_this_cookie_and_no_other(sign_in: SignIn) -> None:
    here, phone = sign_in.enter("alice", PASSWORD), sign_in.enter("alice", PASSWORD)
    assert here is not None
    sign_in.leave(here)
    assert sign_in.visitor(_asks(here)) is None
    assert sign_in.visitor(_asks(phone)) is not None


def test_a_change_to_the_users_holds_from_the_next_request_on(sign_in: SignIn, users: Users) -> None:
    cookie = sign_in.enter("alice", PASSWORD)
    users.change("alice", role="look", daily_cap=None)
    assert sign_in.visitor(_asks(cookie)) == Visitor("alice", "look", None, 100_000)
    users.change("alice", password=hashed("another password"))
    assert sign_in.visitor(_asks(cookie)) is None, "a new password signs out"
    cookie = sign_in.enter("alice", "another password")
    users.remove("alice")
    assert sign_in.visitor(_asks(cookie)) is None


def test_guessing_is_slowed_for_one_name_and_leaves_others_alone(sign_in: SignIn, clock: FakeClock) -> None:
    for _ in range(ATTEMPTS_A_MINUTE):
        assert sign_in.enter("alice", "wrong") is None
    with pytest.raises(ThrottledError, match="Try again in 60 seconds") as throttled:
        sign_in.enter("alice", PASSWORD)  # not even the right one is looked at
    assert throttled.value.retry_after == 60
    assert sign_in.enter("carol", PASSWORD) is not None
    clock.seconds += 60
    assert sign_in.enter("alice", PASSWORD) is not None


def test_guessing_names_is_slowed_too(sign_in: SignIn) -> None:
    for n in range(ALL_ATTEMPTS_A_MINUTE):
        sign_in._throttle.take(f"name{n}")
    with pytest.raises(ThrottledError):
        sign_in.enter("alice", PASSWORD)


def test_signing_in_rightly_is_never_throttled(sign_in: SignIn) -> None:
    for _ in range(3 * ALL_ATTEMPTS_A_MINUTE):
        assert sign_in.enter("", TOKEN) is not None


def test_a_proxy_is_believed_at_its_address_alone(users: Users) -> None:
    sign_in = SignIn(TOKEN, users, proxy=PROXY)
    named = {"x_remote_user": "alice"}
    assert sign_in.visitor(_asks(peer="127.0.0.1", **named)) == Visitor("alice", "spend", 5000, 100_000)
    assert sign_in.visitor(_asks(peer="192.0.2.7", **named)) is None
    assert sign_in.visitor(_asks(peer="127.0.0.1")) is None


def test_without_a_trusted_proxy_the_header_means_nothing(sign_in: SignIn) -> None:
    assert sign_in.visitor(_asks(peer="127.0.0.1", x_remote_user="alice")) is None


def test_a_name_that_only_the_proxy_knows_may_look(users: Users) -> None:
    found = SignIn(TOKEN, users, proxy=PROXY).visitor(_asks(peer="127.0.0.1", x_remote_user="dave"))
    assert found == Visitor("dave", "look")


def test_the_proxys_word_alone_makes_nobody_the_owner(users: Users) -> None:
    """Somebody whom the proxy happens to know by the name of the server's account has no part in its jobs."""
    sign_in = SignIn(TOKEN, users, proxy=PROXY)
    named = {"x_remote_user": owner().name}
    assert sign_in.visitor(_asks(peer="127.0.0.1", **named)) is None
    assert sign_in.visitor(_asks(sign_in.enter("", TOKEN), peer="127.0.0.1", **named)) == owner()
    users.put(user(owner().name, "look"))  # whoever lists them means it
    assert sign_in.visitor(_asks(peer="127.0.0.1", **named)) == Visitor(
        owner().name, "look", confirm_above=100_000
    )


def test_two_names_in_one_request_are_nobody(users: Users) -> None:
    request = _asks(peer="127.0.0.1", x_remote_user="alice")
    request.scope["headers"].append((b"x-remote-user", b"carol"))
    assert SignIn(TOKEN, users, proxy=PROXY).visitor(request) is None


def test_a_large_amount_needs_the_password_once_more(sign_in: SignIn) -> None:
    alice = Visitor("alice", "spend", confirm_above=100_000)
    alice.check_may_spend(100_000)
    with pytest.raises(ApprovalError, match="More than 100 credits need your password. Nothing was sent"):
        alice.check_may_spend(100_001)
    with pytest.raises(ApprovalError, match="not your password. Nothing was sent"):
        sign_in.confirm(alice, "wrong")
    sign_in.confirm(alice, PASSWORD).check_may_spend(100_001)


def test_guessing_the_password_in_an_approval_is_slowed_as_well(sign_in: SignIn) -> None:
    for _ in range(ATTEMPTS_A_MINUTE):
        with pytest.raises(ApprovalError):
            sign_in.confirm(Visitor("alice"), "wrong")
    with pytest.raises(ApprovalError, match="Too many attempts.*Nothing was sent"):
        sign_in.confirm(Visitor("alice"), PASSWORD)


def test_whoever_guesses_at_the_door_keeps_nobody_inside_from_approving(sign_in: SignIn) -> None:
    alice = Visitor("alice", "spend", confirm_above=0)
    for n in range(ALL_ATTEMPTS_A_MINUTE):
        sign_in._throttle.take("alice" if n < ATTEMPTS_A_MINUTE else f"name{n}")
    with pytest.raises(ThrottledError):
        sign_in.enter("alice", PASSWORD)
    assert sign_in.confirm(alice, PASSWORD).confirmed


def test_a_confirmation_does_not_travel_with_later_requests() -> None:
    assert Visitor("alice", confirmed=True).to_meta()["confirmed"] is False


def test_who_may_only_look_is_told_so() -> None:
    with pytest.raises(ApprovalError, match="carol may look, but not spend. Nothing was sent"):
        Visitor("carol", "look").check_may_spend()
    with pytest.raises(ApprovalError, match="Nothing was changed"):
        Visitor("alice", "spend").check_may_approve()


# -- the files ------------------------------------------------------------------------------------------------


def test_the_token_is_made_once_for_nobody_else_to_read(tmp_path: Path) -> None:
    path = tmp_path / "home" / "app" / "token"
    made = token(path)
    assert token(path) == made
    assert len(made) == 32
    assert [stat.S_IMODE(p.stat().st_mode) for p in (path, path.parent, path.parents[1])] == [
        0o600,
        0o700,
        0o700,
    ]


@pytest.mark.parametrize("name", ["token", "users.json"])
def test_a_file_that_others_can_read_keeps_everybody_out(tmp_path: Path, users: Users, name: str) -> None:
    path = tmp_path / "app" / name
    token(tmp_path / "app" / "token")
    path.chmod(0o640)
    with pytest.raises(SettingsError, match="can be read by others. Run: chmod 600"):
        token(path) if name == "token" else Users(path).all()


def test_an_empty_token_keeps_everybody_out(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.touch(0o600)
    with pytest.raises(SettingsError, match="too short"):
        token(path)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        '{"users": {"alice": {"role": "boss"}}}',
        '{"users": {"alice": {"role": "spend", "daily_cap": "all"}}}',
        '{"users": {"alice": {"role": "spend", "daily_cap": -1}}}',
        '{"users": {"alice": {"role": "spend", "rights": 1}}}',
        '{"users": {"a b": {"role": "spend"}}}',
        '{"users": {"": {"role": "spend"}}}',
    ],
)
def test_a_damaged_file_of_users_lets_nobody_in(tmp_path: Path, body: str) -> None:
    path = tmp_path / "users.json"
    path.touch(0o600)
    path.write_text(body, "utf-8")
    with pytest.raises(SettingsError, match="is damaged, so nobody is let in"):
        Users(path).all()


def test_a_guess_costs_what_owasp_asks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Password Storage Cheat Sheet, scrypt: N=2^15 (32 MiB), r=8, p=3."""
    monkeypatch.undo()
    assert hashed(PASSWORD).startswith("scrypt$15$8$3$")


def test_many_guesses_at_one_moment_take_the_memory_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    under_way, most = 0, 0

    def scrypt(*_: object, **__: object) -> bytes:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        time.sleep(0.01)  # as hashlib's own, it lets other threads go on meanwhile
        under_way -= 1
        return bytes(32)

    monkeypatch.setattr(hashlib, "scrypt", scrypt)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: fits("a guess", ""), range(8)))
    assert most == 1


def test_passwords_are_salted_and_the_file_holds_none(users: Users) -> None:
    first, second = hashed(PASSWORD), hashed(PASSWORD)
    assert first != second
    assert fits(PASSWORD, first)
    assert fits(PASSWORD, second)
    assert not fits(PASSWORD, "")
    assert PASSWORD not in users.path.read_text("utf-8")
    assert stat.S_IMODE(users.path.stat().st_mode) == 0o600


# -- over the wire --------------------------------------------------------------------------------------------


@pytest.fixture
def door(tmp_path: Path, box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Doorway]:
    for name, value in box.environ.items():
        monkeypatch.setenv(name, value)
    session.close()
    with doorway(tmp_path, user("alice"), proxy=Proxy(frozenset({"192.0.2.1"}), "x-remote-user")) as door:
        yield door


def test_signing_in_and_out_over_the_wire(door: Doorway) -> None:
    """What a browser sees; everything else is closed until then."""
    for path in ("", "enrich/", "enrich/?job=x"):
        page = requests.get(f"{door.url}{path}", headers={"Accept": "text/html"}, timeout=30)
        assert "/sign-in?next=" in page.url, path
        assert 'name="secret"' in page.text
    named = {"X-Remote-User": "alice"}
    assert requests.get(f"{door.url}enrich/", headers=named, timeout=30).status_code == 401

    wrong = door.enter("alice", "wrong")
    assert (wrong.status_code, "This does not fit." in wrong.text) == (403, True)
    right = door.enter("alice", PASSWORD, "/enrich/?job=x")
    assert (right.status_code, right.headers["location"]) == (303, "/enrich/?job=x")
    cookie = right.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert door.enter("alice", PASSWORD, "//attacker.example/").headers["location"] == "/"
    assert door.enter("alice", PASSWORD, "https://attacker.example/").headers["location"] == "/"

    alice = door.person("alice")
    assert "Signed in as alice" in alice.get(door.url, timeout=30).text
    for _ in range(ATTEMPTS_A_MINUTE):
        slow = door.enter("alice", "wrong")
    assert slow.status_code == 429
    assert 0 < int(slow.headers["retry-after"]) <= 60


def test_a_form_larger_than_any_sign_in_is_not_read(door: Doorway) -> None:
    body = b"secret=" + b"x" * 20_000
    assert requests.post(f"{door.url}sign-in", body, timeout=30).status_code == 413
    in_pieces = iter([b"secret=", b"x" * 20_000])  # without a stated length
    assert requests.post(f"{door.url}sign-in", in_pieces, timeout=30).status_code == 413
