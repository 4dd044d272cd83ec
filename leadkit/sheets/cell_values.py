"""Values of a frame → what stands in a cell's XML. Text stays text, whatever it begins with."""

from __future__ import annotations

import datetime as dt
import math
import numbers
from decimal import Decimal
from typing import Any, Literal

import numpy as np
import pandas as pd

from leadkit.sheets.limits import MAX_CELL_TEXT, MAX_DIGITS
from leadkit.sheets.xml_text import escape_cell

Form = Literal["text", "boolean", "number", "date", "datetime"]

#: The form of a cell, which decides its style; and its XML behind reference and style.
CellValue = tuple[Form, str]

_BEYOND_DIGITS = 10**MAX_DIGITS
_EPOCH = dt.datetime(1899, 12, 30)  # noqa: DTZ001 (days in a sheet have no time zone)
_FIRST_DATE = dt.datetime(1900, 3, 1)  # noqa: DTZ001 (before it a sheet counts a day that never was)
_EPOCH_1904 = dt.datetime(1904, 1, 1)  # noqa: DTZ001


class CellEncoder:
    """Makes cells of values. ``cut`` counts texts that were too long for a cell.

    ``prefix`` is the sheet's prefix of element names. Without ``dates``, for a workbook that has no styles to
    show them with, dates are written as ISO text.
    """

    def __init__(self, prefix: str = "", *, date1904: bool = False, dates: bool = True) -> None:
        p = prefix
        self._text_xml = f' t="inlineStr"><{p}is><{p}t xml:space="preserve">', f"</{p}t></{p}is></{p}c>"
        self._value_xml = f"><{p}v>", f"</{p}v></{p}c>"
        self._epoch = _EPOCH_1904 if date1904 else _EPOCH
        self._first_date = _EPOCH_1904 if date1904 else _FIRST_DATE
        self._dates = dates
        self._known: dict[str, CellValue] = {}
        self.cut = 0

    def encode(self, value: Any) -> CellValue:
        """A value that is not blank. What has no type of its own in a sheet becomes its text."""
        if isinstance(value, str):
            known = self._known.get(value)
            if known is None:
                known = self._text(value)
                if len(self._known) < 50_000:
                    self._known[value] = known
            return known
        if type(value) is int and -_BEYOND_DIGITS < value < _BEYOND_DIGITS:
            return self._value("number", str(value))
        if isinstance(value, bool | np.bool_):
            return self._value("boolean", "1" if value else "0")
        if isinstance(value, Decimal | numbers.Real):
            return self._number(value)
        if isinstance(value, dt.date):
            return self._date(value)
        return self._text(str(value))

    def _value(self, form: Form, text: str) -> CellValue:
        start, end = self._value_xml
        kind = ' t="b"' if form == "boolean" else ""
        return form, f"{kind}{start}{text}{end}"

    def _text(self, text: str) -> CellValue:
        # A sheet counts as UTF-16 does: a character beyond the first plane is two.
        most_bytes = 2 * MAX_CELL_TEXT
        if (
            4 * len(text) > most_bytes
            and len(units := text.encode("utf-16-le", "surrogatepass")) > most_bytes
        ):
            self.cut += 1
            mark = " [cut: too long for a cell]"
            text = units[: most_bytes - 2 * len(mark)].decode("utf-16-le", "ignore") + mark
        start, end = self._text_xml
        return "text", f"{start}{escape_cell(text)}{end}"

    def _number(self, value: Decimal | numbers.Real) -> CellValue:
        if isinstance(value, numbers.Integral | Decimal):
            # A sheet keeps 15 digits; a longer code or amount survives as text only.
            digits = sum(c.isdigit() for c in str(value))
            fits = digits <= MAX_DIGITS and math.isfinite(float(value))
            return self._value("number", str(value)) if fits else self._text(str(value))
        number = float(value)
        if not math.isfinite(number):
            return self._text(str(value))
        whole = number.is_integer() and abs(number) < _BEYOND_DIGITS
        return self._value("number", f"{number:.0f}" if whole else repr(number))

    def _date(self, value: dt.date) -> CellValue:
        moment = value if isinstance(value, dt.datetime) else dt.datetime(value.year, value.month, value.day)  # noqa: DTZ001
        if isinstance(moment, pd.Timestamp):
            moment = moment.to_pydatetime(warn=False)
        if moment.tzinfo is not None or not self._dates or moment < self._first_date:
            return self._text(value.isoformat())
        days = f"{(moment - self._epoch) / dt.timedelta(days=1):.10f}".rstrip("0").rstrip(".")
        return self._value("date" if moment.time() == dt.time() else "datetime", days)
