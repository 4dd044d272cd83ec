"""Credits as integers: millicredits, thousandths of a named provider's credit.

LeadIQ sells tenths of a credit, so a float would drift and a whole number would
not do. Credits of two providers are two currencies and are never added up.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from leadkit.errors import ApprovalError

MILLICREDITS_PER_CREDIT = 1000
#: 40, 2.5, 1,250 and 1,250.5; commas only between groups of three digits.
_TYPED = re.compile(r"(\d+|\d{1,3}(,\d{3})+)(\.\d+)?")
#: Fits a 64-bit column a thousand times over; nobody owns a trillion credits.
_LARGEST = Decimal(10) ** 15


@dataclass(frozen=True, slots=True)
class Amount:
    """What may have been charged, in millicredits: at least ``least``, at most ``most``."""

    least: int = 0
    most: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.least <= self.most:
            msg = f"not an amount: at least {self.least}, at most {self.most} millicredits"
            raise ValueError(msg)

    @property
    def exact(self) -> bool:
        return self.least == self.most

    def __add__(self, other: Amount) -> Amount:
        return Amount(self.least + other.least, self.most + other.most)

    def __str__(self) -> str:
        if self.exact:
            return credits_text(self.most)
        return f"{credits_text(self.least)} to {credits_text(self.most)}"

    @property
    def words(self) -> str:
        """The same with its unit: ``1 credit``, ``0 to 2 credits``."""
        return credits_words(self.most) if self.exact else f"{self} credits"


def credits_text(millicredits: int) -> str:
    """Credits for a person: ``1,250``, ``0.1``; no trailing zeros."""
    whole, rest = divmod(abs(millicredits), MILLICREDITS_PER_CREDIT)
    text = f"{whole:,}" + (f".{rest:03d}".rstrip("0") if rest else "")
    return f"-{text}" if millicredits < 0 else text


def credits_words(millicredits: int) -> str:
    """The same with its unit: ``1 credit``, ``0.1 credits``, ``1,250 credits``."""
    return f"{credits_text(millicredits)} credit{'' if millicredits == MILLICREDITS_PER_CREDIT else 's'}"


def to_millicredits(amount: int | float | str | Decimal) -> int:
    """Millicredits of an amount that a person typed, in credits.

    Raises
    ------
    ApprovalError
        Not a number, negative, not finite, or finer than a thousandth of a credit.
    """
    try:
        if isinstance(amount, bool):
            raise InvalidOperation
        text = str(amount).strip()
        if isinstance(amount, str):
            if not _TYPED.fullmatch(
                text
            ):  # a decimal comma read as a thousands separator would be ten times too much
                raise InvalidOperation
            text = text.replace(",", "")
        millicredits = Decimal(text) * MILLICREDITS_PER_CREDIT
        if not 0 <= millicredits <= _LARGEST or millicredits != int(millicredits):
            raise InvalidOperation
    except (ArithmeticError, ValueError):  # decimal signals with several of the former
        msg = (
            f"{amount!r} is not an amount of credits: give a number of 0 or more, with at most three "
            "decimals behind a point, such as 40 or 2.5. Nothing was sent."
        )
        raise ApprovalError(msg) from None
    return int(millicredits)
