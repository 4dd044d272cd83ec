"""Reading what a provider sent without trusting it: JSON with care, and values that fit a cell."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from leadkit.errors import BadAnswerError
from leadkit.money import MILLICREDITS_PER_CREDIT, Amount
from leadkit.providers.base import Response, Value

#: A cell holds 32,767 characters in Excel; no field of a person or company needs a tenth of that.
TEXT_CAP = 3000

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
#: Characters that turn the reading direction; shown, they make one text look like another.
_DIRECTION = re.compile(r"[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


class _Conflict:
    """Two values under one JSON key. Neither can be believed, so it has no useful type."""


def _pairs(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in pairs:
        result[key] = _Conflict() if key in result and result[key] != value else value
    return result


def read_json(response: Response, title: str) -> dict[str, Any]:
    """The JSON object in a body; NaN and infinities become None, keys given twice lose their value.

    ``title`` is the provider's, for the messages.

    Raises
    ------
    BadAnswerError
        Not JSON, not an object, nested or numbered beyond reason. The call may have been charged.
    """
    kind = response.headers.get("content-type", "")
    shown = f"HTTP {response.status}, {kind or 'no content type'}"
    if "html" in kind or response.body.lstrip()[:1] != b"{":
        page = b"<" in response.body[:200]
        what = f"a proxy or a sign-in page answered in place of {title}" if page else "the answer is not JSON"
        raise _unreadable(title, f"{what} ({shown})")
    try:
        body = json.loads(
            response.body, parse_float=Decimal, parse_constant=lambda _: None, object_pairs_hook=_pairs
        )
    except (ValueError, RecursionError):
        raise _unreadable(title, f"the answer broke off or is not JSON ({shown})") from None
    assert isinstance(body, dict)
    return body


def _unreadable(title: str, what: str) -> BadAnswerError:
    return BadAnswerError(f"{title}: {what}. It may have been charged.", provider=title.lower())


def mapping(value: Any) -> Mapping[str, Any]:
    """The value when it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def array(value: Any) -> list[Any]:
    """The value when it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def millicredits(value: Any) -> int | None:
    """Millicredits of a number of credits; None when it is not a plain number of 0 or more."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or value < 0:
        return None
    return round(value * MILLICREDITS_PER_CREDIT)


def reported(value: Any) -> Amount | None:
    """The amount a provider reports; None when what it reports is no amount."""
    amount = millicredits(value)
    return None if amount is None or amount > 10**15 else Amount(amount, amount)


def text(value: Any) -> str | None:
    """Text that fits a cell: control characters gone, direction marks shown, length capped; else None.

    An identifier or a number is taken as its text. Objects and lists are never text.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        return None
    # Python refuses to print an integer of more than 4,300 digits; nothing real has 40.
    if not isinstance(value, str) and not -(10**40) < value < 10**40:
        return None
    cleaned = _CONTROL.sub("", str(value))
    cleaned = _DIRECTION.sub(lambda match: f"\\u{ord(match[0]):04x}", cleaned).strip()
    return cleaned[:TEXT_CAP] or None


def integer(value: Any) -> int | None:
    """A whole number that a spreadsheet keeps exactly (15 digits); else None."""
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= 10**15:
        return None
    return value


def unmasked(value: Any) -> Value:
    """Text, unless it is masked (``sa***@acme.example``): a masked value is never a value."""
    cleaned = text(value)
    return None if cleaned is None or "*" in cleaned else cleaned
