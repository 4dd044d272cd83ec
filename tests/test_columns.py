"""Which column is which: a guess that says why, or none."""

from __future__ import annotations

import pandas as pd
import pytest

from leadkit.columns import THRESHOLD, guess

PEOPLE = [("Anna", "Stone"), ("Bertram", "Hill"), ("Carla", "Lake"), ("Dov", "Meadow")]
COMPANIES = ["Acme GmbH", "Borealis Ltd", "Cedar S.A.", "Dune Works"]


def sheet(**headers: str) -> pd.DataFrame:
    """Four people of four companies; the keywords say which header stands over which role."""
    cells = {
        "email": [f"{first.lower()}@example.com" for first, _ in PEOPLE],
        "lead_id": ["c_7f3a2b9d", "c_0011aabb", "c_99ff00aa", "c_12345678"],
        "linkedin": [f"https://www.linkedin.com/in/{first.lower()}" for first, _ in PEOPLE],
        "first_name": [first for first, _ in PEOPLE],
        "last_name": [last for _, last in PEOPLE],
        "full_name": [f"{first} {last}" for first, last in PEOPLE],
        "company": COMPANIES,
        "domain": ["acme.example", "https://borealis.example", "www.cedar.example/de", "dune.example"],
        "phone": ["+49 30 123456", "(030) 123-457", "0044 20 7946 0018", "030/123459"],
        "title": ["Head of Sales", "Geschäftsführer", "CEO", "Marketing Manager"],
        "country": ["Germany", "Österreich", "FR", "United Kingdom"],
    }
    return pd.DataFrame({header: cells[role] for role, header in headers.items()}, dtype="str")


def columns_of(frame: pd.DataFrame) -> dict[str, str]:
    return {role: found.column for role, found in guess(frame).items()}


ROLES = "email first_name last_name full_name company domain phone title country".split()  # noqa: SIM905
HEADERS = {
    "English": "Email address|First name|Surname|Contact person|Company|Website|Phone|Job title|Country",
    "German": "E-Mail-Adresse|Vorname|Nachname|Ansprechpartner|Firma|Webseite|Telefonnummer|Position|Land",
    "French": "Courriel|Prénom|Nom de famille|Nom complet|Société|Site web|Téléphone|Fonction|Pays",
    "Spanish": "Correo electrónico|Nombre|Apellidos|Nombre completo|Empresa|Página web|Teléfono|Cargo|País",
    "Italian": "Indirizzo e-mail|Nome|Cognome|Nome e cognome|Ragione sociale|Sito web|Telefono|Ruolo|Paese",
    "Dutch": "E-mailadres|Voornaam|Achternaam|Volledige naam|Bedrijfsnaam|Domein|Telefoonnummer|Functie|Landcode",
    "code": "workEmail|firstName|last_name|full_name|company_name|company_domain|mobile_phone|jobTitle|country_code",
}


@pytest.mark.parametrize("language", HEADERS)
def test_headers_are_understood_in_many_languages(language: str) -> None:
    headers = dict(zip(ROLES, HEADERS[language].split("|"), strict=True))
    assert columns_of(sheet(**headers)) == headers


def test_addresses_profiles_ids_and_sites_are_known_by_their_cells_alone() -> None:
    headers = {"email": "A", "lead_id": "B", "linkedin": "C", "domain": "D"}
    assert columns_of(sheet(**headers)) == headers


def test_a_column_of_words_is_no_guess_without_a_header_that_says_so() -> None:
    assert columns_of(sheet(first_name="A", company="B", title="C")) == {}


def test_a_header_alone_does_not_make_cells_addresses() -> None:
    frame = pd.DataFrame({"Email": ["yes", "no", "yes"], "Email sent": ["2026-03-01", "", "2026-03-02"]})
    assert "email" not in guess(frame)


def test_the_evidence_can_be_checked_against_the_sheet() -> None:
    cells = ["anna@example.com", "bert@example.com", "see notes", "", None]
    found = guess(pd.DataFrame({"E-Mail": cells}))["email"]
    assert found.evidence == "header says 'E-Mail'; 2 of 3 filled cells are e-mail addresses"
    assert THRESHOLD <= found.score < 1
    unnamed = guess(pd.DataFrame({"Unnamed": ["anna@example.com"]}))["email"]
    assert unnamed.evidence == "1 of 1 filled cells is an e-mail address"


def test_a_blank_column_is_guessed_only_by_a_header_that_says_nothing_else() -> None:
    frame = pd.DataFrame({"Email": [None, ""], "Phone (private)": [None, None]}, dtype=object)
    found = guess(frame)
    assert list(found) == ["email"]
    assert found["email"].evidence == "header says 'Email'; its cells are blank"


def test_further_candidates_are_listed_best_first() -> None:
    frame = pd.DataFrame(
        {
            "Second email": ["anna@example.org", "", ""],
            "Email": ["anna@example.com", "bert@example.com", "carl@example.com"],
        }
    )
    found = guess(frame)["email"]
    assert (found.column, [other.column for other in found.others]) == ("Email", ["Second email"])


def test_of_two_like_columns_the_fuller_one_is_taken() -> None:
    frame = pd.DataFrame({"Email 1": ["a@example.com", None, None], "Email 2": ["b@example.com"] * 3})
    assert guess(frame)["email"].column == "Email 2"


def test_a_column_plays_one_part_only() -> None:
    found = columns_of(sheet(full_name="Name", company="Company name", email="Company email"))
    assert found == {"full_name": "Name", "company": "Company name", "email": "Company email"}
    assert columns_of(sheet(domain="Company domain")) == {"domain": "Company domain"}


def test_profiles_and_social_pages_are_no_company_websites() -> None:
    frame = pd.DataFrame({"Website": ["https://www.linkedin.com/company/acme", "https://x.com/acme"]})
    assert "domain" not in guess(frame)


def test_what_is_not_a_phone_number_is_not_taken_for_one() -> None:
    frame = pd.DataFrame({"Phone": ["2026-03-01", "01.02.2026"], "Amount": ["1234567.89", "2345678.90"]})
    assert "phone" not in guess(frame)


def test_numbers_dates_and_lists_in_cells_do_no_harm() -> None:
    frame = pd.DataFrame({"Email": ["a@example.com", 1, {"x": 1}, [1], None, b"x", True]}, dtype=object)
    assert guess(frame)["email"].evidence == "header says 'Email'; 1 of 2 filled cells is an e-mail address"


@pytest.mark.parametrize(
    "frame", [pd.DataFrame(), pd.DataFrame({"x": []}), pd.DataFrame([[1, 2]], columns=["a", "a"])]
)
def test_frames_with_nothing_to_guess_give_no_guess(frame: pd.DataFrame) -> None:
    assert guess(frame) == {}


def test_columns_of_one_name_and_names_that_are_numbers_are_looked_at() -> None:
    frame = pd.DataFrame([["a", "anna@example.com"], ["b", "bert@example.com"]], columns=[7, 7])
    assert guess(frame)["email"].column == 7


def test_a_long_sheet_is_sampled_over_its_whole_length() -> None:
    frame = pd.DataFrame({"A": ["x"] * 5_000 + ["anna@example.com"] * 95_000})
    assert guess(frame, sample_rows=100)["email"].evidence == "95 of 100 filled cells are e-mail addresses"
