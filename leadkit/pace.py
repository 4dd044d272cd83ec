"""Rate limits: when the next request may go.

The provider counts requests in some window that we cannot see: fixed, sliding or a bucket that refills. The
:class:`Window` here mirrors its count. By itself it is a log of what was sent in the last ``seconds``, which is safe
against all three. Each answer that says how many are left corrects it: entries that the provider no longer counts are
dropped, and what somebody else sent with the same key is added. At the reset time the provider announces, one request
goes ahead to see whether the count has started anew.

No wall clock is read, and the arithmetic is apart from the waiting, so that the state can be kept in a database and
be shared by processes.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from leadkit.clock import Clock
from leadkit.providers.base import RateLimit
from leadkit.rate_headers import RateHeaders, read_rate_headers, retry_after

__all__ = ["MemoryState", "Pace", "PaceState", "Window", "retry_after", "seconds_for"]

T = TypeVar("T")

#: Two clocks count a window differently by up to this share of it.
_CLOCK_ERROR = 0.001
#: A request without an answer for so long, in seconds, is taken as answered; the transport gives up before.
_LONGEST_FLIGHT = 120.0
#: The first request goes alone for so long, in seconds: its answer may say that others have used up the limit.
_FIRST_ALONE = 5.0
#: How often to look again while an answer is under way that may make room, in seconds.
_LOOK_AGAIN = 0.02
#: The longest sleep without a look at the state, which another process may have changed.
_LONGEST_SLEEP = 1.0


@dataclass(slots=True)
class Sent:
    """One request that the provider counts, or may count. Times in seconds of one clock."""

    number: int
    at: float
    answered: float | None = None


@dataclass(slots=True)
class Window:
    """The provider's count, as far as it can be known here. ``now`` is always given, never looked up.

    ``limit`` requests in any ``seconds``. All fields are plain values, to be stored as they are.
    """

    limit: int
    seconds: float
    sent: list[Sent] = field(default_factory=list)  # oldest first
    allowed: int = 0  # the limit by the provider's own words, when lower than ours
    fastest: float = math.inf  # the shortest time from sending to answer, in seconds
    reset_at: float | None = None  # from then on one request may go ahead, even though the count is full
    scout: int | None = None  # the number of that request, until it is answered
    count: int = 0
    met: bool = False  # an answer has come; before, requests go one by one
    anew_since: float = -math.inf  # when the request was sent whose answer showed a lower count
    ahead: float | None = None  # the provider's clock is ahead of ours by at least so much
    ahead_most: float = math.inf  # and by at most so much

    def take(self, now: float) -> tuple[int | None, float]:
        """Send now: its number, and 0. Or None, and the seconds after which to ask again."""
        self._forget(now)
        if not self.met and any(one.answered is None and now - one.at < _FIRST_ALONE for one in self.sent):
            return None, _LOOK_AGAIN
        if len(self.sent) < self._limit:
            return self._send(now), 0.0
        if self.reset_at is not None and now >= self.reset_at:
            self.reset_at, self.scout = None, self.count
            return self._send(now), 0.0
        wake = min(self._leaves(one) for one in self.sent)
        if self.reset_at is not None:
            wake = min(wake, self.reset_at)
        wait = min(max(wake - now, 0.0), _LONGEST_SLEEP)
        return None, min(wait, _LOOK_AGAIN) if self.scout is not None else max(wait, 0.001)

    def answer(self, number: int | None, now: float, told: RateHeaders) -> None:
        """Learn from an answer that came ``now``; without headers it still says when the request was counted."""
        mine = next((one for one in self.sent if one.number == number), None)
        sent_at = mine.at if mine else now
        if mine:
            mine.answered = now
            self.fastest = min(self.fastest, now - sent_at)
        self.met = True
        if self.scout == number:
            self.scout = None
        self._forget(now)
        if told.limit:
            self.allowed = told.limit if told.limit < self.limit else 0
        if told.remaining is not None:
            self._correct(number, sent_at, now, told, told.remaining)
        self._read_reset(sent_at, now, told)

    def seconds_for(self, requests: int, now: float) -> float:
        """How long until ``requests`` more have been sent, if nothing but the limit slows them, in seconds."""
        self._forget(now)
        room = max(self._limit - len(self.sent), 0)
        if requests <= room:
            return 0.0
        turns = sorted(self._leaves(one) - now for one in self.sent) + [self.seconds] * room
        rounds, turn = divmod(requests - room - 1, len(turns))
        return max(turns[turn], 0.0) + rounds * self.seconds

    @property
    def _limit(self) -> int:
        return self.allowed or self.limit

    def _send(self, now: float) -> int:
        self.count += 1
        self.sent.append(Sent(self.count - 1, now))
        return self.count - 1

    def _leaves(self, one: Sent) -> float:
        """When the provider has surely stopped counting it, for a request sent then.

        It was counted somewhere between sending and answer. The next is counted at the earliest where the fastest
        one was, so only what exceeds the fastest is uncertain.
        """
        if one.answered is None:
            return one.at + _LONGEST_FLIGHT + self.seconds
        counted = max(one.at, one.answered - self.fastest)
        return counted + self.seconds * (1 + _CLOCK_ERROR)

    def _forget(self, now: float) -> None:
        self.sent = [one for one in self.sent if self._leaves(one) > now]

    def _correct(
        self, number: int | None, sent_at: float, now: float, told: RateHeaders, remaining: int
    ) -> None:
        """Make the log as long as the provider's count."""
        limit = told.limit or self.limit
        if limit <= self.limit:  # else the header speaks of another limit, such as a day's
            later = sum(
                one.number != number and (one.answered is None or one.answered > sent_at) for one in self.sent
            )
            surplus = len(self.sent) - (max(limit - remaining, 0) + later)
            if surplus > 0:
                del self.sent[:surplus]
                self.anew_since = sent_at
        foreign = self._limit - len(self.sent) - remaining
        if foreign > 0 and sent_at >= self.anew_since:
            self.sent += [Sent(-1, sent_at, now)] * foreign

    def _read_reset(self, sent_at: float, now: float, told: RateHeaders) -> None:
        if told.date is not None:
            # The date was written between sending and answer, and its fraction of a second cut off.
            least, most = told.date - now, told.date + 1 - sent_at
            if (
                self.ahead is None or least > self.ahead_most or most < self.ahead
            ):  # first, or a clock was set
                self.ahead, self.ahead_most = least, most
            self.ahead, self.ahead_most = max(self.ahead, least), min(self.ahead_most, most)
        if told.reset is None:
            return
        if not told.reset_is_time:
            wait = told.reset
        elif self.ahead is not None:
            wait = told.reset - self.ahead - now
        else:
            wait = self.seconds
        if told.reset == int(told.reset):
            wait += 1  # it may have been rounded down
        # Never sooner than the provider's own rate, so that a reset in the past makes no hot loop.
        self.reset_at = now + min(max(wait, self.seconds / self._limit), self.seconds)


class PaceState(Protocol):
    """Where a :class:`Window` is kept. A database can keep one for several processes."""

    def change(self, step: Callable[[Window], T]) -> T:
        """Apply ``step`` to the window, alone, and keep what it makes of it."""


class MemoryState:
    """A window for the threads of one process."""

    def __init__(self, limit: RateLimit) -> None:
        self._window = Window(limit.requests, limit.seconds)
        self._lock = threading.Lock()

    def change(self, step: Callable[[Window], T]) -> T:
        with self._lock:
            return step(self._window)


class Pace:
    """Lets requests go at the rate that a provider allows. Threads share one for each key of a provider.

    Each thread calls :meth:`acquire`, sends one request, and calls :meth:`learn` with the answer if there was one.
    """

    def __init__(self, limit: RateLimit, clock: Clock, state: PaceState | None = None) -> None:
        self._clock = clock
        self._state = state or MemoryState(limit)
        self._thread = threading.local()

    def acquire(self, cancel: threading.Event | None = None) -> bool:
        """Wait until one request may be sent. False when ``cancel`` is set before that."""
        self._finish(RateHeaders())  # this thread's last request, if its answer was lost
        while cancel is None or not cancel.is_set():
            number, wait = self._state.change(lambda window: window.take(self._clock.monotonic()))
            if number is not None:
                self._thread.number = number
                return True
            self._clock.wait(wait, cancel)
        return False

    def learn(self, headers: Mapping[str, str], status: int) -> None:
        """Take in what the answer to this thread's request says. Header names are lower case.

        A 429 that says there is room left (``X-RateLimit-Remaining`` above 0) slows nobody else down.
        """
        told = read_rate_headers(headers)
        if status == 429 and told.remaining is None:
            wait = retry_after(headers, None, self._clock)
            if wait is not None:
                told = RateHeaders(limit=told.limit, remaining=0, reset=float(wait), date=told.date)
        self._finish(told)

    def seconds_for(self, requests: int) -> float:
        """Seconds until ``requests`` more have been sent, if nothing but the limit slows them."""
        return self._state.change(lambda window: window.seconds_for(requests, self._clock.monotonic()))

    def _finish(self, told: RateHeaders) -> None:
        number: int | None = getattr(self._thread, "number", None)
        if number is not None:
            self._state.change(lambda window: window.answer(number, self._clock.monotonic(), told))
            self._thread.number = None


def seconds_for(limit: RateLimit, requests: int) -> float:
    """Seconds to send ``requests`` at the limit, from a fresh start. The first ``limit.requests`` cost no wait."""
    return Window(limit.requests, limit.seconds).seconds_for(requests, 0.0)
