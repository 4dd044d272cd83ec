"""The subscribers of a newsletter: ``newsletter.csv``."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from leadkit.sandbox.world import Person
from makers.common import MADE_ON, dialled, postcode, with_repeats

NEWSLETTER_HEADERS = (
    "E-Mail",
    "Vorname",
    "Nachname",
    "Telefon",
    "PLZ",
    "Angemeldet am",
    "Quelle",
    "Bemerkung",
)
NEWSLETTER_REMARKS = {
    2: "Bitte nur\r\nein Mal im Monat",
    7: 'sagt: "lieber per Post"; Adresse folgt',
    11: "Zeile eins\r\n\r\nZeile drei – mit Gedankenstrich",
    19: "abgemeldet; wieder angemeldet",
    26: "10 € Gutschein",
}
NEWSLETTER_EMAILS = {5: "", 9: "keine", 15: "test@test", 22: "  ", 28: "ümlaut@bücher.example"}


def make(path: Path, people: Sequence[Person]) -> None:
    with path.open("w", encoding="cp1252", newline="") as file:
        writer = csv.writer(file, delimiter=";", lineterminator="\r\n")
        writer.writerow(NEWSLETTER_HEADERS)
        for place, person in enumerate(with_repeats(people, {18: 1, 30: 4})):
            email = NEWSLETTER_EMAILS.get(place, person.email or "")
            writer.writerow(
                (
                    email.upper() if place in (18, 30) else email,
                    person.first_name,
                    person.last_name,
                    dialled(person) if person.phone else "",
                    f"{postcode(person):05d}",
                    f"{MADE_ON - timedelta(days=3 * place):%d.%m.%Y}",
                    ("Messe", "Webseite", "Empfehlung")[place % 3],
                    NEWSLETTER_REMARKS.get(place, ""),
                )
            )
