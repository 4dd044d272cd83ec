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
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from leadkit.clock import Clock
from leadkit.providers.base import RateLimit
from leadkit.rate_headers import RateHeaders, read_rate_headers, retry_after

T = TypeVar("T")

#: Two clocks count a window differently by up to this share of it.
_CLOCK_ERROR = 0.001
#: A request without an answer for so long, in seconds, is taken as answered; the transport gives up before.
_LONGEST_FLIGHT = 120.0
#: The first request, and the first after a reset, goes alone until its answer shows where the count stands; but the
#: others wait no longer for it than so many seconds.
_ALONE_SECONDS = 5.0
#: How often to look again while an answer is under way that may make room, in seconds.
_LOOK_AGAIN = 0.02
#: A limit above this is as good as none; a count up to it still fits in memory.
_HIGHEST_LIMIT = 1_000_000
#: The longest sleep without a look at the state, which another process may have changed.
_LONGEST_SLEEP = 1.0


@dataclass(slots=True)
class Window:
    """The provider's count, as far as it can be known here. ``now`` is always given, never looked up.

    ``limit`` requests in any ``seconds``; all times in seconds of one clock. All fields are plain values, to be
    stored as they are.
    """

    limit: int
    seconds: float
    under_way: dict[int, float] = field(default_factory=dict)  # number → when it was sent
    counted: deque[float] = field(default_factory=deque)  # when the answers came, oldest first
    fastest: float = math.inf  # the shortest time from sending to answer
    told_limit: int = 0  # the limit by the provider's own words
    reset_at: float | None = None  # from then on one request may go ahead, even though the count is full
    alone: bool = True  # one request is ahead of the others, which wait for its answer; so it is at the start
    last: int = 0  # the number of the last request
    anew_since: float = -math.inf  # when the request was sent whose answer showed a lower count
    ahead: tuple[float, float] | None = None  # the provider's clock is ahead of ours by at least, at most

    def take(self, now: float) -> tuple[int | None, float]:
        """Send now: its number, and 0. Or None, and the seconds after which to ask again."""
        self._forget(now)
        answer_due = any(now - sent_at < _ALONE_SECONDS for sent_at in self.under_way.values())
        if answer_due and self.alone:
            return None, _LOOK_AGAIN
        if self._room > 0:
            return self._send(now), 0.0
        reset = self.reset_at is not None and now >= self.reset_at
        if reset and not answer_due:
            self.alone, self.reset_at = True, None
            return self._send(now), 0.0
        if reset or not self.counted:
            return None, _LOOK_AGAIN
        wake = min(self._leaves(self.counted[0]), math.inf if self.reset_at is None else self.reset_at)
        return None, min(max(wake - now, 0.001), _LONGEST_SLEEP)

    def answer(self, number: int, now: float, told: RateHeaders, *, refused: bool = False) -> None:
        """Learn from the answer to a request; even without headers it says by when the request was counted."""
        sent_at = self.under_way.pop(number, None)
        if sent_at is None:  # so late that it was taken as answered long ago
            return
        self.fastest = min(self.fastest, now - sent_at)
        self.counted.append(now)
        self.alone = False
        self._forget(now)
        self._read_reset(sent_at, now, told)
        if told.remaining is not None:
            self._correct(sent_at, now, told, told.remaining)
        if refused and told.remaining == 0:
            # Somebody else uses the key, and what we sent says little about when there will be room.
            self.counted = deque([now] * len(self.counted))

    def lose(self, number: int, now: float) -> None:
        """No answer will come for a request: who sent it is gone. The provider may have counted it just now."""
        del self.under_way[number]
        self.counted.append(now)

    def seconds_for(self, requests: int, now: float) -> float:
        """How long until ``requests`` more have been sent, if nothing but the limit slows them."""
        self._forget(now)
        if requests <= self._room:
            return 0.0
        rounds, turn = divmod(requests - max(self._room, 0) - 1, self._limit)
        first = self._leaves(self.counted[turn]) - now if turn < len(self.counted) else self.seconds
        return max(first, 0.0) + rounds * self.seconds

    @property
    def _limit(self) -> int:
        return self.told_limit or self.limit

    @property
    def _room(self) -> int:
        return self._limit - len(self.counted) - len(self.under_way)

    def _send(self, now: float) -> int:
        self.last += 1
        self.under_way[self.last] = now
        return self.last

    def _leaves(self, answered_at: float) -> float:
        """When the provider has surely stopped counting a request, as seen by one that is sent then.

        It was counted somewhere between sending and answer, and so will the next one be; what the fastest needs
        from sending to answer is common to both.
        """
        fastest = self.fastest if self.fastest < math.inf else 0.0
        return answered_at - fastest + self.seconds * (1 + _CLOCK_ERROR)

    def _forget(self, now: float) -> None:
        for number in [n for n, sent_at in self.under_way.items() if now - sent_at > _LONGEST_FLIGHT]:
            self.lose(number, now)
        while self.counted and self._leaves(self.counted[0]) <= now:
            self.counted.popleft()

    def _correct(self, sent_at: float, now: float, told: RateHeaders, remaining: int) -> None:
        """Make our count as high as the provider's."""
        if told.limit == self._limit:  # else the header speaks of another window, such as a day's
            later = len(self.under_way) - 1  # what the answer may not know of yet; it is in the loop itself
            for answered_at in reversed(self.counted):
                if answered_at <= sent_at:
                    break
                later += 1
            surplus = len(self.counted) + len(self.under_way) - max(self._limit - remaining, 0) - later
            for _ in range(min(surplus, len(self.counted))):
                self.counted.popleft()
            if surplus > 0:
                self.anew_since = sent_at
        foreign = self._room - remaining
        if sent_at >= self.anew_since:
            self.counted.extend([now] * foreign)

    def _read_reset(self, sent_at: float, now: float, told: RateHeaders) -> None:
        if told.date is not None:
            # Written between sending and answer, and its fraction of a second cut off.
            least, most = told.date - now, told.date + 1 - sent_at
            if self.ahead and least <= self.ahead[1] and most >= self.ahead[0]:  # else a clock was set
                least, most = max(least, self.ahead[0]), min(most, self.ahead[1])
            self.ahead = least, most
        wait = told.reset
        if wait is not None and told.reset_is_time:
            wait = wait - self.ahead[0] - now if self.ahead else self.seconds
        # The provider's word on the limit counts for a higher one too, if it speaks of this very window.
        this_window = wait is not None and wait <= self.seconds + 2
        self.told_limit = min(told.limit or 0, _HIGHEST_LIMIT if this_window else self.limit)
        if told.reset is None or wait is None:
            return
        wait += told.reset == int(told.reset)  # a fraction of a second may have been cut off
        # Never sooner than one request's turn: a reset in the past would make a hot loop.
        wait = max(wait, self.seconds / self._limit) + self.seconds * _CLOCK_ERROR
        self.reset_at = now + min(wait, self.seconds)


class PaceState(Protocol):
    """Where a :class:`Window` is kept. A database can keep one for several processes."""

    def change(self, step: Callable[[Window], T]) -> T:
        """Apply ``step`` to the window, alone, and keep what it makes of it."""

    def close(self) -> None:
        """Nothing more will be sent."""


class MemoryState:
    """A window for the threads of one process."""

    def __init__(self, limit: RateLimit) -> None:
        self._window = Window(limit.requests, limit.seconds)
        self._lock = threading.Lock()

    def change(self, step: Callable[[Window], T]) -> T:
        with self._lock:
            return step(self._window)

    def close(self) -> None:
        pass


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
        self._finish(told, refused=status == 429)

    def seconds_for(self, requests: int) -> float:
        """Seconds until ``requests`` more have been sent, if nothing but the limit slows them."""
        return self._state.change(lambda window: window.seconds_for(requests, self._clock.monotonic()))

    def close(self) -> None:
        """Nothing more will be sent at this pace."""
        self._state.close()

    def _finish(self, told: RateHeaders, *, refused: bool = False) -> None:
        number: int | None = getattr(self._thread, "number", None)
        if number is not None:
            self._state.change(
                lambda window: window.answer(number, self._clock.monotonic(), told, refused=refused)
            )
            self._thread.number = None


def seconds_for(limit: RateLimit, requests: int) -> float:
    """Seconds to send ``requests`` at the limit, from a fresh start. The first ``limit.requests`` cost no wait."""
    return Window(limit.requests, limit.seconds).seconds_for(requests, 0.0)
