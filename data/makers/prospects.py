"""What somebody kept of a LeadLeap search: ``leadleap_prospects.xlsx``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from leadkit.sandbox.world import Person
from makers.common import MADE_ON, new_book, with_repeats

#: A lead id that LeadLeap never gave to anybody.
UNKNOWN_LEAD_ID = "c_0000000000000000"

PROSPECT_HEADERS = (
    "Lead ID", "Name", "Job title", "Company", "Domain", "Country", "Email", "AI score", "Found on", "Owner",
)  # fmt: skip
#: Row of the list → what stands there instead of the lead's id or address.
OTHER_LEAD_ID = {10: UNKNOWN_LEAD_ID, 17: None, 33: None}
OTHER_EMAIL = {
    1: "not yet unlocked",
    8: "{local}@@{domain}",
    12: "{local}.{domain}",
    19: "{local}@{domain},",
    23: "{LOCAL}@{DOMAIN}",
    29: "ask reception",
}
PADDED_ID_ROW = 14
#: Rows that repeat the whole lead of an earlier row.
SAVED_TWICE = {16: 5, 27: 5, 36: 11}


def make(path: Path, people: Sequence[Person]) -> None:
    book = new_book(path)
    sheet = book.add_worksheet("Prospects")
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    rows = list(with_repeats(people, SAVED_TWICE))
    sheet.add_table(
        0,
        0,
        len(rows),
        len(PROSPECT_HEADERS) - 1,
        {
            "name": "Prospects",
            "style": "Table Style Light 9",
            "columns": [{"header": header} for header in PROSPECT_HEADERS],
        },
    )
    for place, person in enumerate(rows):
        row = place + 1
        company = person.company
        assert company is not None, "everybody in the core works somewhere"
        lead_id = OTHER_LEAD_ID.get(place, person.lead_id)
        if lead_id:
            sheet.write_string(row, 0, f" {lead_id} " if place == PADDED_ID_ROW else lead_id)
        sheet.write_row(
            row, 1, (person.full_name, person.title, company.name, company.domain, person.country.code)
        )
        email = _prospect_email(place, person)
        if email:
            sheet.write_string(row, 6, email)
        sheet.write_number(row, 7, person.score)
        sheet.write_datetime(row, 8, MADE_ON.date() - timedelta(days=place % 9), day)
        sheet.write_string(row, 9, ("Anke", "Yusuf", "Pia")[place % 3])
    sheet.freeze_panes(1, 2)
    sheet.set_column("A:A", 22)
    sheet.set_column("B:G", 28)
    sheet.set_column("H:J", 12)
    book.close()


def _prospect_email(place: int, person: Person) -> str | None:
    """Every fifth is unknown, every seventh still masked, the others as LeadLeap has them."""
    local, domain = (person.email or "").split("@")
    if place in OTHER_EMAIL:
        return OTHER_EMAIL[place].format(
            local=local, domain=domain, LOCAL=local.upper(), DOMAIN=domain.upper()
        )
    if place % 5 == 4:
        return None
    if place % 7 == 6:
        return f"{local[:2]}***@{domain}"
    return person.email
