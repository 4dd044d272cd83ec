"""Rate limits as fixed windows."""

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
    """``requests_per_window`` requests for each key in each window; None lifts the limit."""

    def __init__(self, requests_per_window: int | None) -> None:
        self.requests_per_window = requests_per_window
        self._windows: dict[str, Window] = {}

    def take(self, key: str, now: float) -> Allowance:
        """Count one request of ``key``. A refused request is not counted."""
        window = self._windows.get(key)
        if window is None or now >= window.opened_at + WINDOW_SECONDS:
            window = self._windows[key] = Window(now)
        limit = NO_LIMIT if self.requests_per_window is None else self.requests_per_window
        allowed = window.used < limit
        if allowed:
            window.used += 1
        return Allowance(limit, max(0, limit - window.used), window.opened_at + WINDOW_SECONDS, allowed)
