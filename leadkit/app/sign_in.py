"""Signing in: a token or a password, throttled; then a signed cookie that ends. Or a proxy that says who it is."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from starlette.requests import HTTPConnection

from leadkit.app.users import Users, fits
from leadkit.app.visitor import Visitor, owner
from leadkit.errors import ApprovalError, LeadkitError

#: A cookie is good for a working day. It also ends with the server, whose secret signs it.
SIGNED_IN_SECONDS = 12 * 3600
#: A link waits for its owner this long, and no longer: it may stand in a log by then.
LINK_SECONDS = 10 * 60
#: Wrong attempts in a minute: for one name, and for all of them, as each one takes a moment of the machine.
ATTEMPTS_A_MINUTE = 5
ALL_ATTEMPTS_A_MINUTE = 30

_OWNER = ""


class ThrottledError(LeadkitError):
    """Too many wrong attempts; ``retry_after`` is the wait in seconds."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"Too many attempts. Try again in {retry_after:.0f} seconds.")
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Proxy:
    """A server in front that signs people in and names them in a header. Only these addresses are believed."""

    addresses: frozenset[str]
    header: str


class Throttle:
    """Counts wrong attempts of the last minute, per name and altogether."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._all: deque[float] = deque()
        self._by_name: dict[str, deque[float]] = defaultdict(deque)
        self._lock = threading.Lock()

    def take(self, name: str) -> None:
        """Count an attempt as wrong until :meth:`give_back`. Raises ThrottledError when there were too many."""
        now = self._clock()
        with self._lock:
            self._by_name = defaultdict(
                deque, {key: kept for key, times in self._by_name.items() if (kept := _of_minute(times, now))}
            )
            _of_minute(self._all, now)
            for times, limit in (
                (self._by_name[name], ATTEMPTS_A_MINUTE),
                (self._all, ALL_ATTEMPTS_A_MINUTE),
            ):
                if len(times) >= limit:
                    raise ThrottledError(times[0] + 60 - now)
            self._by_name[name].append(now)
            self._all.append(now)

    def give_back(self, name: str) -> None:
        """The last attempt was right."""
        with self._lock:
            for times in (self._by_name[name], self._all):
                if times:
                    times.pop()


def _of_minute(times: deque[float], now: float) -> deque[float]:
    while times and times[0] <= now - 60:
        times.popleft()
    return times


class SignIn:
    """Who may enter. Holds in this process: its end signs everybody out."""

    def __init__(
        self,
        token: str,
        users: Users,
        *,
        proxy: Proxy | None = None,
        cookie: str = "leadkit",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.users = users
        self.cookie = cookie
        self._token = token
        self._proxy = proxy
        self._clock = clock
        self._secret = secrets.token_bytes(32)
        self._links: dict[str, float] = {}
        self._ended: dict[str, float] = {}
        self._lock = threading.Lock()
        self._throttle = Throttle(clock)
        # Of those who are in already: guesses at the door are not to keep them from approving.
        self._confirming = Throttle(clock)

    # -- coming in ----------------------------------------------------------------------------------------

    def link(self) -> str:
        """A code that signs the owner in once, within ten minutes."""
        code = secrets.token_urlsafe(24)
        self._links[code] = self._clock()
        return code

    def follow(self, code: str) -> str | None:
        """The cookie for such a code; None when it was used before, is too old, or never was one."""
        made = self._links.pop(code, None)  # one act: of two requests at once, one gets it
        return None if made is None or self._clock() - made > LINK_SECONDS else self._signed(_OWNER)

    def enter(self, name: str, secret: str) -> str | None:
        """The cookie for a name and its password, or for no name and the token; None when they do not fit.

        Raises
        ------
        ThrottledError
            Too many wrong attempts within a minute. The secret was not looked at.
        """
        return self._signed(name) if self._right(name, secret, self._throttle) else None

    def confirm(self, visitor: Visitor, password: str) -> Visitor:
        """The same visitor, who has just given their password once more.

        Raises
        ------
        ApprovalError
            It is not their password, they have none, or there were too many attempts. Nothing was sent.
        """
        user = self.users.find(visitor.name)
        if user is None or not user.password:
            msg = "You have no password to confirm this with. Nothing was sent. Ask whoever runs leadkit for one."
            raise ApprovalError(msg)
        try:
            right = self._right(visitor.name, password, self._confirming)
        except ThrottledError as error:
            msg = f"{error} Nothing was sent."
            raise ApprovalError(msg) from None
        if not right:
            msg = "This is not your password. Nothing was sent. Type it again."
            raise ApprovalError(msg)
        return replace(visitor, confirmed=True)

    def _right(self, name: str, secret: str, throttle: Throttle) -> bool:
        throttle.take(name)
        if name == _OWNER:
            right = hmac.compare_digest(secret.encode(), self._token.encode())
        else:
            user = self.users.find(name)
            right = fits(secret, user.password if user else "")
        if right:
            throttle.give_back(name)
        return right

    # -- being in -----------------------------------------------------------------------------------------

    def visitor(self, connection: HTTPConnection) -> Visitor | None:
        """Who sends a request; None for nobody who was let in. Told by the cookie, or by a trusted proxy."""
        if self._proxy is not None and connection.client and connection.client.host in self._proxy.addresses:
            named = connection.headers.getlist(self._proxy.header)
            if len(named) == 1 and named[0]:
                if user := self.users.find(named[0]):
                    return user.visitor
                if named[0] != owner().name:  # whose jobs are no stranger's, whatever the proxy calls them
                    return Visitor(named[0], "look")
        kept = self._kept(connection.cookies.get(self.cookie, ""))
        if kept is None:
            return None
        if kept["name"] == _OWNER:
            return owner()
        user = self.users.find(kept["name"])
        return user.visitor if user else None

    def leave(self, cookie: str) -> None:
        """Sign out: the cookie is good for nothing any more, whoever has a copy of it."""
        now = self._clock()
        if (kept := self._kept(cookie)) is not None:
            with self._lock:  # of two at once, neither is to undo the other
                self._ended = {id_: at for id_, at in self._ended.items() if now - at < SIGNED_IN_SECONDS}
                self._ended[kept["id"]] = now

    def _signed(self, name: str) -> str:
        body = json.dumps({"name": name, "id": secrets.token_hex(8), "at": self._clock()}).encode()
        return f"{_coded(body)}.{self._signature(body, name)}"

    def _kept(self, cookie: str) -> Mapping[str, Any] | None:
        body, _, signature = cookie.partition(".")
        try:
            raw = base64.urlsafe_b64decode(body)
            kept: Mapping[str, Any] = json.loads(raw)
            expected = self._signature(raw, kept["name"])
        except (ValueError, TypeError, KeyError, RecursionError):
            return None
        if not hmac.compare_digest(signature.encode(), expected.encode()):
            return None
        if self._clock() - kept["at"] > SIGNED_IN_SECONDS or kept["id"] in self._ended:
            return None
        return kept

    def _signature(self, body: bytes, name: str) -> str:
        user = None if name == _OWNER else self.users.find(name)
        # With the password in it, a new one signs its user out everywhere.
        key = self._secret + (user.password.encode() if user else b"")
        return _coded(hmac.new(key, body, hashlib.sha256).digest())


def _coded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode()
