"""What a number in a cell is as text: exact, without ``.0``, dates as ISO text, leading zeros as shown.

A workbook keeps a date as a count of days and a zip code ``01234`` as 1234 with the format ``00000``; only
the number format tells (ECMA-376-1, 18.8.30 and 18.8.31).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Final, Literal

from leadkit.sheets.limits import MAX_DIGITS

Kind = Literal["number", "text", "digits", "date", "time", "datetime", "duration"]

#: Formats that are known by number alone and are dates, times or text; the rest are plain numbers.
BUILT_IN: Final[dict[int, str]] = {
    **dict.fromkeys([14, 15, *range(27, 32), 36, *range(50, 55), 57, 58], "yyyy-mm-dd"),
    16: "d-mmm",
    17: "mmm-yy",
    **dict.fromkeys([18, 19, 20, 21, *range(32, 36), 55, 56], "h:mm:ss"),
    22: "m/d/yy h:mm",
    45: "mm:ss",
    46: "[h]:mm:ss",
    47: "mmss.0",
    49: "@",
}

_QUOTED = re.compile(r'"[^"]*"?|\\.|_.|\*.')
_ELAPSED = re.compile(r"\[(h+|m+|s+)\]", re.IGNORECASE)
_BRACKETS = re.compile(r"\[[^\]]*\]")
#: The language of a format, which LibreOffice writes before it where it is not English.
_LANGUAGE = re.compile(r"\[\$-[^\]]*\]")
_HALF_DAY = re.compile(r"am/pm|a/p")
_PIECES = re.compile(r'"([^"]*)"?|\\(.)|_.|\*.|(.)', re.DOTALL)


def kind_of_format(code: str) -> Kind:
    """What a number format makes of a number."""
    bare = _QUOTED.sub("", code.split(";", 1)[0])
    if _ELAPSED.search(bare):
        return "duration"
    bare = _BRACKETS.sub("", bare).lower()
    if "general" in bare:
        return "number"
    if "@" in bare:
        return "text"
    clock = _HALF_DAY.sub("", bare)
    has_time = clock != bare or "h" in clock or "s" in clock
    has_date = "y" in clock or "d" in clock or ("m" in clock and not has_time)
    if has_time or has_date:
        return "datetime" if has_time and has_date else "time" if has_time else "date"
    return "digits" if _is_identifier(code) else "number"


def _is_identifier(code: str) -> bool:
    """``00000``, ``000-00-0000``, ``"0"#``, ``+0``: digits that a person reads as a code, not as an amount."""
    if ";" in code or "[" in code:
        return False
    fixed = "".join(quoted or escaped or "" for quoted, escaped, _ in _PIECES.findall(code))
    rest = "".join(single for *_, single in _PIECES.findall(code))
    if not re.fullmatch(r"[0#?()+\-/ ]+", rest) or not re.search(r"[0#?]", rest):
        return False
    return rest.count("0") > 1 or any(c.isdigit() for c in fixed) or "+" in rest or "+" in fixed


def plain_number(text: str) -> str:
    """A stored number as a person reads it: ``4.4791E11`` is ``447910000000``, ``5.0`` is ``5``."""
    try:
        number = Decimal(text)
        if not number.is_finite() or abs(number.adjusted()) > 400:
            return text
    except InvalidOperation:
        return text
    if len(number.as_tuple().digits) > MAX_DIGITS:
        # What is beyond is noise of binary fractions: 0.30000000000000004 is shown as 0.3.
        number = Decimal(f"{number:.{MAX_DIGITS - 1}e}")
    shown = f"{number:f}"
    if "." in shown:
        shown = shown.rstrip("0").rstrip(".")
    return "0" if shown in ("-0", "") else shown


def shown_digits(text: str, code: str) -> str:
    """A whole number in a format of digits: ``1234`` in ``00000`` is ``01234``."""
    number = plain_number(text)
    if not number.isdigit():
        return number
    pieces = [(quoted or escaped, single) for quoted, escaped, single in _PIECES.findall(code)]
    first = next(i for i, (_, single) in enumerate(pieces) if single and single in "0#?")
    digits = list(number)
    out: list[str] = []
    for i, (fixed, single) in reversed(list(enumerate(pieces))):
        if not single or single not in "0#?":
            out.append(fixed or single)
        elif digits:
            out.append(digits.pop())
        elif single == "0":
            out.append("0")
        if i == first:  # digits that the format has no place for stand before its first place
            out.extend(reversed(digits))
    return "".join(reversed(out)).strip()


def _clock(milliseconds: int) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    text = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return f"{text}.{rest:03d}" if rest else text


def date_text(text: str, kind: Kind, *, date1904: bool) -> str:
    """A count of days as ISO text; the number itself where it is no date of the calendar."""
    try:
        whole, part = divmod(round(float(text) * 86_400_000), 86_400_000)
    except (ValueError, OverflowError):  # no number, or an infinite one
        return text
    # Serial 60 is 29 February 1900, a day that did not exist; before it the count is one ahead.
    first = dt.date(1904, 1, 1) if date1904 else dt.date(1899, 12, 31 if whole < 60 else 30)
    if not 0 <= whole <= (dt.date.max - first).days:
        return plain_number(text)
    if kind == "duration":
        return _clock(whole * 86_400_000 + part)
    if kind == "time" and whole == 0:
        return _clock(part)
    day = first + dt.timedelta(days=whole)
    if kind == "date" and not part:
        return day.isoformat()
    return f"{day.isoformat()}T{_clock(part)}"


def formatter(code: str, *, date1904: bool) -> Callable[[str], str]:
    """The function that turns stored numbers under this format into text."""
    code = _LANGUAGE.sub("", code)
    kind = kind_of_format(code)
    if kind == "digits":
        return lambda text: shown_digits(text, code)
    if kind in ("number", "text"):
        return plain_number
    return lru_cache(10_000)(lambda text: date_text(text, kind, date1904=date1904))
