"""From a cell of any type to clean text, and the cells that say in words that they say nothing."""

from __future__ import annotations

import datetime
import decimal
import math
import numbers
import re
import unicodedata

import numpy as np
import pandas as pd


class Unusable(ValueError):  # noqa: N818 (not an error: a finding about one cell, and never shown as one)
    """A cell that is filled and is no key. ``reason`` says why, in words that follow "Row 17: "."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


#: What takes no room at all (zero width, direction marks, soft hyphen, byte order mark) is dropped: it comes
#: along when a cell is copied from a web page.
_INVISIBLE = dict.fromkeys(
    (0xAD, 0x34F, 0x61C, 0x180E, 0xFEFF, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070))
)  # fmt: skip
_BLANKS = re.compile(r"\s+")

#: The errors of a spreadsheet, as every reader hands them on.
_SHEET_ERRORS = {
    "#n/a", "#na", "#ref!", "#value!", "#name?", "#div/0!", "#null!", "#num!", "#spill!", "#calc!", "#getting_data",
}  # fmt: skip
#: What people type when they have nothing to type; none of these is anybody's name.
_NOTHING = _SHEET_ERRORS | {
    "n/a", "n.a.", "n.a", "k.a.", "k. a.", "s/o", "none", "unknown", "unbekannt", "inconnu", "inconnue",
    "desconocido", "sconosciuto", "onbekend", "tbd", "tba", "not available", "not found", "no email", "no name",
    "keine angabe",
}  # fmt: skip
#: The same, but somebody's name as well: Mr Null, Ms Nan, the company X.
_NOTHING_UNLESS_A_NAME = frozenset(
    {"na", "null", "nil", "nan", "nul", "no", "x", "xx", "xxx", "keine", "nichts"}
)

_SHOWN_CHARACTERS = 40
#: A spreadsheet's numbers are floats: from here on digits are missing, and another id or phone is shown.
_EXACT_BELOW = 1e15


def shown(text: str) -> str:
    """The text in quotes, on one line, cut to 40 characters: for a reason that a person reads."""
    text = _BLANKS.sub(" ", text.translate(_INVISIBLE)).strip()
    text = "".join(c if c.isprintable() else "�" for c in text)
    return f"'{text[: _SHOWN_CHARACTERS - 1]}…'" if len(text) > _SHOWN_CHARACTERS else f"'{text}'"


def clean(text: str) -> str:
    """The text in Unicode's composed form (NFC), without invisible characters, blanks around it removed."""
    if text.isascii():
        return text.strip()
    return unicodedata.normalize("NFC", text.translate(_INVISIBLE)).strip()


def text_of(cell: object) -> str | None:
    """What a person sees in the cell, cleaned; None when it is blank.

    A whole number loses the ``.0`` that a column with gaps gives it.

    Raises
    ------
    Unusable
        True or false, a list, bytes: nothing that is written in a cell.
    """
    if isinstance(cell, str):
        return clean(cell) or None
    if cell is None or cell is pd.NA or cell is pd.NaT:
        return None
    if isinstance(cell, bool | np.bool_):
        raise Unusable(f"holds {str(bool(cell)).upper()}, not text")
    if isinstance(cell, numbers.Real | decimal.Decimal):
        return _number_text(cell)
    if isinstance(cell, np.datetime64):
        return None if np.isnat(cell) else str(cell.astype("datetime64[D]"))
    if isinstance(cell, datetime.datetime):
        return str(cell.date())
    if isinstance(cell, datetime.date | datetime.time):
        return str(cell)
    raise Unusable(f"holds a {type(cell).__name__}, not text")


def _number_text(number: numbers.Real | decimal.Decimal) -> str | None:
    if isinstance(number, decimal.Decimal) and number.is_nan():
        return None
    try:
        if isinstance(number, numbers.Integral):
            return str(int(number))
        value = float(number)
    except (ValueError, OverflowError):
        raise Unusable("holds a number of thousands of digits") from None
    if math.isnan(value):  # how pandas says that there is nothing
        return None
    if abs(value) >= _EXACT_BELOW:
        raise Unusable("holds a number longer than the 15 digits that a spreadsheet keeps")
    return str(int(value)) if value.is_integer() else str(value)


def refuse(text: str, cell: str, *, may_be_a_name: bool = False) -> None:
    """Raise Unusable for what no kind of key can be made of. ``cell`` is the text as found, for the reason.

    Control and half characters, which no store takes; a value that a provider has masked, ``sa***@example.com``,
    which is a teaser and not an address; a cell that only says that there is nothing: ``n/a``, ``-``, ``#N/A``.
    """
    if not text.isprintable() and any(
        unicodedata.category(c) in ("Cc", "Cs") and not c.isspace() for c in text
    ):
        raise Unusable(f"has a broken character in {shown(cell)}")
    low = text.lower()
    nothing = low in _NOTHING or (low in _NOTHING_UNLESS_A_NAME and not may_be_a_name)
    if nothing or not any(map(str.isalnum, text)):
        raise Unusable(f"says {shown(cell)}")
    if "*" in text:
        raise Unusable(f"masked: {shown(cell)} has * in place of letters")


def one_blank(text: str) -> str:
    """Every run of blanks, also line breaks, as one blank."""
    return _BLANKS.sub(" ", text).strip()
