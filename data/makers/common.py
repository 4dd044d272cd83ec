"""What the makers of the example files share."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import xlsxwriter

from leadkit.sandbox.world import Person

#: Set as the files' creation date, so that making them again changes nothing.
MADE_ON = datetime(2026, 3, 2, 9, 0)  # noqa: DTZ001 (a workbook's dates have no zone)


def postcode(person: Person) -> int:
    """A made-up postcode of five digits, with a leading zero for a third of the people."""
    return int(person.id[:6], 16) % (10_000 if int(person.id[6], 16) < 5 else 90_000)


def dialled(person: Person) -> str:
    """``+491713920991`` → ``01713920991``: the telephone number as it is dialled at home."""
    phone = person.phone or ""
    return phone[2:] if phone.startswith("+1") else "0" + phone[4 if phone.startswith("+353") else 3 :]


def new_book(path: Path) -> Any:
    book = xlsxwriter.Workbook(str(path))
    book.set_properties({"title": "Invented people", "created": MADE_ON})
    return book


def with_repeats(people: Sequence[Person], repeats: dict[int, int]) -> list[Person]:
    """The people in order, where place ``new`` is taken by the person of place ``old`` once more."""
    rows = list(people)
    for new, old in repeats.items():
        rows[new] = rows[old]
    return rows
