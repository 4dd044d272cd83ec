"""The export of a German-speaking CRM: ``crm_export.xlsx``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

from leadkit.sandbox.world import Person
from makers.common import MADE_ON, new_book, postcode

CRM_GROUPS = (("Person", 6), ("Firma", 6), ("Vertrieb", 5))
CRM_HEADERS = (
    "Kontakt-ID", "Titel", "Vorname", "Nachname", "E-Mail (geschäftlich)", "Telefon", "Firma", "Firmen-Domain",
    "PLZ", "Ort", "Land", "Mitarbeiter", "Umsatz (EUR)", "Angelegt am", "Letzter Kontakt", "LinkedIn", "Betreuer",
)  # fmt: skip
#: People whose names read like missing values; the providers do not know them.
CRM_ODD_NAMES = (
    ("Jens", "Null", "jens.null@kontor.example.com", "DE"),
    ("Rafaela", "None", "r.none@kontor.example.com", "ES"),
    ("Wilhelmine", "NA", "w.na@windhoek-werft.example", "NA"),
    ("True", "Nan", "true.nan@lagerhaus.example", "GB"),
    ("Ines", "Nil-Inf", "ines.nil-inf@lagerhaus.example", "PT"),
)
ROUNDED_ID_ROW = 6
LOOKUP_FAILED_ROW = 11


def make(path: Path, people: Sequence[Person]) -> None:
    book = new_book(path)
    sheet = book.add_worksheet("Kontakte")
    hidden = book.add_worksheet("_Betreuer")
    hidden.write_column("A1", [f"{n:03d}" for n in range(1, 4)])
    hidden.write_column("B1", ["Anke Sommerfeld", "Yusuf Winterstein", "Pia Herbst-Maier"])
    hidden.hide()
    group = book.add_format({"bold": True, "align": "center", "bg_color": "#D9E1F2", "border": 1})
    head = book.add_format({"bold": True, "bottom": 2})
    money = book.add_format({"num_format": '#,##0.00 "€"'})
    day = book.add_format({"num_format": "dd.mm.yyyy"})
    start = 0
    for title, width in CRM_GROUPS:
        sheet.merge_range(0, start, 0, start + width - 1, title, group)
        start += width
    sheet.write_row(1, 0, CRM_HEADERS, head)
    for place, cells in enumerate(_crm_rows(people)):
        row = 2 + place
        for column, cell in enumerate(cells):
            if isinstance(cell, date):
                sheet.write_datetime(row, column, cell, day)
            elif isinstance(cell, float):
                sheet.write_number(row, column, cell, money)
            elif isinstance(cell, int):
                sheet.write_number(row, column, cell)
            elif cell:
                sheet.write_string(row, column, cell)
        if place == ROUNDED_ID_ROW:
            sheet.write_number(row, 0, 9.00719925474099e19)
        name = "#N/A" if place == LOOKUP_FAILED_ROW else "Yusuf Winterstein"
        key = "999" if place == LOOKUP_FAILED_ROW else "002"
        sheet.write_formula(row, 16, f'=VLOOKUP("{key}",_Betreuer!$A$1:$B$3,2,FALSE)', None, name)
    sheet.freeze_panes(2, 0)
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, len(CRM_HEADERS) - 1, 19)
    book.close()


def _crm_rows(people: Sequence[Person]) -> list[tuple[str | int | float | date | None, ...]]:
    """Everybody, with the odd names in between and the same colleague under two ids."""
    rows = [_crm_row(place, person) for place, person in enumerate(people)]
    odd = [_crm_odd_row(place, *names) for place, names in enumerate(CRM_ODD_NAMES)]
    for place, cells in enumerate(odd):
        rows.insert(4 + 7 * place, cells)
    rows.append((_contact_id(990), *rows[2][1:]))
    return rows


def _crm_row(place: int, person: Person) -> tuple[str | int | float | date | None, ...]:
    company = person.company
    assert company is not None, "everybody in the core works somewhere"
    email = person.email or ""
    local_part, domain = email.split("@")
    spellings = (
        email,
        email,
        f"{local_part}@{domain.upper()}",
        email,
        None,
        email,
        f"{person.full_name} <{email}>",
    )
    return (
        _contact_id(place),
        "Dr." if place % 6 == 3 else None,
        person.first_name,
        person.last_name,
        spellings[place % len(spellings)],
        person.phone and person.phone.replace("+49", "+49 (0) ").replace("+44", "+44 (0) "),
        company.name,
        f"https://www.{company.domain}/" if place % 4 == 1 else company.domain,
        f"{postcode(person):05d}",
        person.city,
        person.country.code,
        company.employee_count,
        round(company.employee_count * 98_765.43, 2),
        (MADE_ON - timedelta(days=11 * place + 3)).date(),
        f"{MADE_ON - timedelta(days=5 * place + 1):%d.%m.%Y}" if place % 5 else None,
        person.linkedin_url if place % 3 == 0 else None,
        None,
    )


def _crm_odd_row(
    place: int, first_name: str, last_name: str, email: str, country: str
) -> tuple[str | int | float | date | None, ...]:
    domain = email.split("@")[1]
    created = (MADE_ON - timedelta(days=400 + place)).date()
    return (
        _contact_id(900 + place),
        None,
        first_name,
        last_name,
        email,
        "0800 000 000",
        domain.split(".")[0].title(),
        domain,
        "00100",
        "Windhoek" if country == "NA" else "Hamburg",
        country,
        12,
        None,
        created,
        "k. A.",
        None,
        None,
    )


def _contact_id(number: int) -> str:
    return f"{90_071_992_547_409_931_234 + number * 7:d}"
