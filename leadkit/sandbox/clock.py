"""The sandbox's time: the system's, plus what a test added to it."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class Clock:
    """Unix seconds. ``advance`` lets a test see a rate window or a cached answer run out without waiting."""

    def __init__(self) -> None:
        self._ahead_seconds = 0.0

    def now(self) -> float:
        return time.time() + self._ahead_seconds

    def advance(self, seconds: float) -> None:
        self._ahead_seconds += seconds


def month(unix_seconds: float) -> tuple[datetime, datetime]:
    """The start of the month, and of the next one, in UTC."""
    start = datetime.fromtimestamp(unix_seconds, tz=UTC).replace(
        day=1, hour=0, minute=0, second=0, microsecond=0
    )
    return start, start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)


def iso(unix_seconds: float) -> str:
    """``2026-02-26T14:30:00.000Z``, as LeadLeap prints its times."""
    moment = datetime.fromtimestamp(unix_seconds, tz=UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
