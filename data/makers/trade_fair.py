"""The list of a badge scanner: ``trade_fair_leads.xlsx``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from leadkit.sandbox.world import Person
from makers.common import MADE_ON, dialled, new_book, postcode, with_repeats

#: How the scanner's users spell an address. Most leave it alone.
SPELLINGS: Sequence[Callable[[str], str]] = (
    str,
    str,
    str.upper,
    str,
    lambda email: f"  {email} ",
    str,
    str.title,
    lambda email: f"{email}\u00a0",
    str,
    str,
    lambda email: f"mailto:{email}",
    lambda email: f"<{email}>",
)

#: Row of the list → what stands there instead of an address that can be used.
NO_ADDRESS = {
    4: None,
    9: "n/a",
    13: "linnea (at) heron-solar.example",
    17: "info@",
    21: "-",
    24: "two words@example.com",
    28: None,
    31: "business card in the car",
    35: "a..b@example.org",
}
#: Rows that repeat an earlier row's person, in capitals and with a blank behind.
SCANNED_TWICE = {12: 2, 20: 3, 33: 0, 38: 7, 40: 7}
TWO_ADDRESSES_ROW = 26
FULL_STOP_ROW = 30
BLANK_ROW = 22
HIDDEN_ROW = 29

FAIR_HEADERS = (
    "No.", "First name", "Last name", "Company", "E-mail", "Phone",
    "Postcode", "Full name", "Scanned", "Interest", "Badge", "Remarks", "Next step",
)  # fmt: skip
INTERESTS = ("hot", "warm", "cold")
FAIR_REMARKS = {
    3: "=3 pallets a month, wants a quote",
    8: "+ wants the catalogue",
    15: "Rückruf nach Ostern",
    23: "@ stand until 16:00",
}


def make(path: Path, people: Sequence[Person]) -> None:
    book = new_book(path)
    sheet = book.add_worksheet("Leads")
    bold = book.add_format({"bold": True, "font_size": 14})
    head = book.add_format({"bold": True, "bg_color": "#1F4E78", "font_color": "#FFFFFF", "border": 1})
    zeros = book.add_format({"num_format": "00000000000"})
    plz = book.add_format({"num_format": "00000"})
    when = book.add_format({"num_format": "dd/mm/yyyy hh:mm"})
    sheet.write("A1", "Invented Trade Fair 2026: leads of stand 4.117", bold)
    sheet.write("A2", "Export of the badge scanner. All people are invented.")
    header_row = 3
    sheet.write_row(header_row, 0, FAIR_HEADERS, head)
    row = header_row
    for place, person in enumerate(with_repeats(people, SCANNED_TWICE)):
        row += 2 if place == BLANK_ROW else 1
        number = row + 1  # as the spreadsheet counts
        sheet.write_row(row, 0, (place + 1, person.first_name, person.last_name))
        sheet.write_string(row, 3, person.company.name if person.company else "")
        email = _fair_email(place, person)
        if email:
            sheet.write_string(row, 4, email)
        _write_phone(sheet, row, 5, place, person, zeros)
        sheet.write_number(row, 6, postcode(person), plz)
        sheet.write_formula(row, 7, f'=B{number}&" "&C{number}', None, person.full_name)
        sheet.write_datetime(row, 8, MADE_ON + timedelta(minutes=7 * place), when)
        sheet.write(row, 9, INTERESTS[place % 3])
        sheet.write_string(row, 10, f"{int(person.id[:8], 16):010d}")
        sheet.write_string(row, 11, FAIR_REMARKS.get(place, ""))
        step = "call" if place % 3 == 0 else "write"
        sheet.write_formula(row, 12, f'=IF(J{number}="hot","call","write")', None, step)
    first, last = header_row + 2, row + 1
    sheet.write(row + 2, 0, "Total scans", book.add_format({"bold": True}))
    sheet.write_formula(row + 2, 1, f"=COUNTA(B{first}:B{last})", None, len(people))
    sheet.freeze_panes(header_row + 1, 3)
    sheet.autofilter(header_row, 0, row, len(FAIR_HEADERS) - 1)
    sheet.set_column("A:A", 12)
    sheet.set_column("B:C", 18)
    sheet.set_column("D:E", 34)
    sheet.set_column("F:L", 17)
    sheet.set_column("K:K", 14, None, {"hidden": True})
    sheet.set_row(header_row + 1 + HIDDEN_ROW, None, None, {"hidden": True})
    sheet.write_comment(
        header_row, 4, "Typed by hand where the badge could not be read.", {"author": "Stand 4.117"}
    )
    sheet.data_validation(first - 1, 9, last - 1, 9, {"validate": "list", "source": list(INTERESTS)})
    red = book.add_format({"bg_color": "#F8CBAD"})
    sheet.conditional_format(
        first - 1, 9, last - 1, 9, {"type": "cell", "criteria": "==", "value": '"hot"', "format": red}
    )
    _notes(book)
    book.close()


def _fair_email(place: int, person: Person) -> str | None:
    if place in NO_ADDRESS:
        return NO_ADDRESS[place]
    email = person.email or ""
    if place in SCANNED_TWICE:
        return email.upper() + " "
    if place == TWO_ADDRESSES_ROW:
        return f"{email}; {person.second_email or 'office@' + email.split('@')[1]}"
    if place == FULL_STOP_ROW:
        return f"{email}."
    return SPELLINGS[place % len(SPELLINGS)](email)


def _write_phone(sheet: Any, row: int, column: int, place: int, person: Person, zeros: Any) -> None:
    """As a number with leading zeros by its format, as such a number without it, or as text."""
    if person.phone is None:
        return
    number = dialled(person)
    is_long = int(number) >= 10**8  # else it is one of those that are all zeros
    if place % 4 == 0 and is_long and len(number) == 11:
        sheet.write_number(row, column, int(number), zeros)
    elif place % 4 == 1 and is_long:
        sheet.write_number(row, column, int(number))
    elif place % 4 == 2:
        sheet.write_string(row, column, f"{number[:4]} {number[4:]}")
    else:
        sheet.write_string(row, column, person.phone)


def _notes(book: Any) -> None:
    sheet = book.add_worksheet("Notes")
    sheet.set_tab_color("#FFC000")
    sheet.write("A1", "Who is who", book.add_format({"bold": True}))
    sheet.write("A2", "hot = call within a week, warm = newsletter, cold = nothing")
    sheet.write_url("A3", "https://fair.example.org/stand/4.117", string="Page of the stand")
    for row, interest in enumerate(INTERESTS, start=5):
        sheet.write(row, 0, interest)
        sheet.write_formula(row, 1, f'=COUNTIF(Leads!J:J,"{interest}")', None, 14)
    chart = book.add_chart({"type": "column"})
    chart.add_series({"name": "Leads", "categories": "=Notes!$A$6:$A$8", "values": "=Notes!$B$6:$B$8"})
    sheet.insert_chart("D5", chart)
