"""What a provider says about its rate limit, read from headers as they really come.

Numbers are ASCII digits or nothing: ``NaN``, ``-5``, ``²`` and words are not numbers, and a header sent twice
arrives as a list.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime

from leadkit.clock import Clock

#: Bounds of a wait that a provider asks for, in seconds. Less would hammer it; for more a person should decide.
SHORTEST_WAIT, LONGEST_WAIT = 1, 900

_NUMBER = re.compile(r"[0-9]{1,30}(\.[0-9]{1,30})?")
_COUNT = re.compile(r"\s*([0-9]{1,9})\b")
_HTTP_DATE = re.compile(r"[A-Za-z]{3}, [0-9]{2} [A-Za-z]{3} [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT")
_MILLISECONDS_FROM = 1e11  # as seconds this is the year 5138
_EPOCH_FROM = 1e9  # as a duration this is 31 years


@dataclass(frozen=True, slots=True)
class RateHeaders:
    """``X-RateLimit-*`` and ``Date`` of one answer; None where absent or unreadable.

    ``reset`` is a duration in seconds, or a Unix time where ``reset_is_time``; ``date`` is a Unix time, cut to
    whole seconds by its format.
    """

    limit: int | None = None
    remaining: int | None = None
    reset: float | None = None
    reset_is_time: bool = False
    date: float | None = None


def read_rate_headers(headers: Mapping[str, str]) -> RateHeaders:
    """The rate limit as the answer tells it. Header names are lower case."""
    reset, is_time = _moment(headers.get("x-ratelimit-reset", ""))
    return RateHeaders(
        limit=_count(headers.get("x-ratelimit-limit", "")),
        remaining=_count(headers.get("x-ratelimit-remaining", "")),
        reset=reset,
        reset_is_time=is_time,
        date=_date(headers.get("date", "")),
    )


def retry_after(headers: Mapping[str, str], body_value: object, clock: Clock) -> int | None:
    """Seconds to wait before sending again, as an answer asks for; None when it does not.

    The larger of the ``Retry-After`` header and the body's own wish; where there is neither, until
    ``X-RateLimit-Reset``. Rounded up, and at least 1 and at most 900. Dates count from the answer's own ``Date``,
    because this machine's clock may be wrong.
    """
    sent_at = _date(headers.get("date", ""))
    now = clock.now().timestamp() if sent_at is None else sent_at
    wishes = [
        wish
        for wish in (*_header_wishes(headers.get("retry-after", ""), now), _number(body_value))
        if wish is not None
    ]
    if not wishes:
        reset, is_time = _moment(headers.get("x-ratelimit-reset", ""))
        if reset is None:
            return None
        wishes = [reset - now if is_time else reset]
    return math.ceil(min(max(SHORTEST_WAIT, *wishes), LONGEST_WAIT))


def _header_wishes(text: str, now: float) -> list[float]:
    dates = [_date(date) for date in _HTTP_DATE.findall(text)]
    wishes = [date - now for date in dates if date is not None]
    for part in _HTTP_DATE.sub("", text).split(","):
        value, is_time = _moment(part)
        if value is not None:
            wishes.append(value - now if is_time else value)
    if not wishes and (date := _date(text)) is not None:  # the two older forms of an HTTP date
        wishes.append(date - now)
    return wishes


def _moment(text: str) -> tuple[float | None, bool]:
    """Seconds, and whether they are a Unix time; a time in milliseconds is told by its size."""
    value = _number(text)
    if value is None or value < _EPOCH_FROM:
        return value, False
    return (value / 1000 if value > _MILLISECONDS_FROM else value), True


def _number(value: object) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return min(float(value), 1e30) if 0 <= value < math.inf else None
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        return float(value)
    return None


def _count(text: str) -> int | None:
    found = _COUNT.match(text)
    return int(found[1]) if found else None


def _date(text: str) -> float | None:
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
