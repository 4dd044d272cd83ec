"""Small workbooks of invented people, made on the spot."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence

import openpyxl

from leadkit.sandbox import Person, Sandbox


def book_bytes(rows: Iterable[Sequence[object]], *, title: str = "Leads", first_row: int = 1) -> bytes:
    """A workbook with one sheet; the first of ``rows`` are the names of the columns."""
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    assert sheet is not None
    sheet.title = title
    for row_number, row in enumerate(rows, start=first_row):
        for column_number, value in enumerate(row, start=1):
            sheet.cell(row_number, column_number, value)
    out = io.BytesIO()
    workbook.save(out)
    return out.getvalue()


def leads(box: Sandbox, count: int, skip: int = 0) -> list[Person]:
    """People with an address whom the sandbox's LeadLeap sells, and nobody has unlocked."""
    sold = [p for p in box.world.known_to("leadleap") if not p.deleted and p.email]
    return sold[skip : skip + count]


def people_book(people: Iterable[Person], *, extra: Iterable[Sequence[object]] = ()) -> bytes:
    """Name, e-mail address, lead id and company of people, and further rows in that order."""
    rows: list[Sequence[object]] = [("Name", "Email", "Lead ID", "Company")]
    rows += [
        (f"{p.first_name} {p.last_name}", p.email, p.lead_id, p.company.name if p.company else None)
        for p in people
    ]
    return book_bytes([*rows, *extra])
