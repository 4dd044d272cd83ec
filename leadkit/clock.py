"""The one place that knows the time, so that tests and the simulation can bring their own.

Nothing else in the package reads a clock or sleeps.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import Protocol

#: Days are those of UTC, which has none of another length.
DAY_SECONDS = 86_400


class Clock(Protocol):
    """Where time comes from."""

    def monotonic(self) -> float:
        """Seconds that only ever grow, from an arbitrary start. For durations."""

    def now(self) -> datetime:
        """The time of day, aware, in UTC. It may jump: for display and freshness, never for a charge."""

    def wait(self, seconds: float, until: threading.Event | None = None) -> bool:
        """Wait for ``seconds``, or less when ``until`` is set meanwhile. True when ``until`` is set."""


class SystemClock:
    """The clock of this machine."""

    def monotonic(self) -> float:
        return time.monotonic()

    def now(self) -> datetime:
        return datetime.now(UTC)

    def wait(self, seconds: float, until: threading.Event | None = None) -> bool:
        # An event, not a sleep: another thread can end the wait, and waiting costs no CPU.
        return (until or threading.Event()).wait(min(max(seconds, 0.0), threading.TIMEOUT_MAX))
