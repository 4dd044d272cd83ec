"""Rate limits: fixed windows of a minute, and buckets that refill."""

from __future__ import annotations

import math
from dataclasses import dataclass

WINDOW_SECONDS = 60.0

#: What a lifted limit says in the headers: a number that nobody reaches.
NO_LIMIT = 1_000_000


@dataclass(slots=True)
class Window:
    """One key's count in the window that its first request opened."""

    opened_at: float
    used: int = 0


@dataclass(frozen=True, slots=True)
class Allowance:
    """Where a key stands after a request. ``resets_at`` is Unix seconds."""

    limit: int
    remaining: int
    resets_at: float
    allowed: bool

    def seconds_left(self, now: float) -> int:
        return max(1, math.ceil(self.resets_at - now))


class Limits:
    """``requests_per_minute`` for each key, in windows that its first request opens; None lifts the limit."""

    def __init__(self, requests_per_minute: int | None) -> None:
        self.requests_per_minute = requests_per_minute
        self._windows: dict[str, Window] = {}

    def take(self, key: str, now: float) -> Allowance:
        """Count one request of ``key``. A refused request is not counted."""
        window = self._windows.get(key)
        if window is None or now >= window.opened_at + WINDOW_SECONDS:
            window = self._windows[key] = Window(now)
        limit = NO_LIMIT if self.requests_per_minute is None else self.requests_per_minute
        allowed = window.used < limit
        if allowed:
            window.used += 1
        return Allowance(limit, max(0, limit - window.used), window.opened_at + WINDOW_SECONDS, allowed)


@dataclass(slots=True)
class _Level:
    """How full one key's bucket was, and when."""

    requests: float
    at: float


class Bucket:
    """``requests_per_minute`` spread evenly, and up to ``burst`` at once for each key; None lifts the limit."""

    def __init__(self, requests_per_minute: int | None, burst: int) -> None:
        self.requests_per_minute = requests_per_minute
        self._burst = burst
        self._levels: dict[str, _Level] = {}

    def take(self, key: str, now: float) -> bool:
        """Whether one more request of ``key`` is allowed. A refused request takes nothing out."""
        if self.requests_per_minute is None:
            return True
        burst = float(min(self._burst, self.requests_per_minute))
        level = self._levels.setdefault(key, _Level(burst, now))
        refilled = (now - level.at) * self.requests_per_minute / 60
        level.requests, level.at = min(burst, level.requests + refilled), now
        if level.requests < 1:
            return False
        level.requests -= 1
        return True
