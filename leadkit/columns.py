"""Which column is the e-mail address, the name, the company: a guess with its evidence.

A guess is made from the words of the header and from what the cells look like, and says both, so that a person
can check it. Without enough of either there is no guess.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from leadkit import keys
from leadkit.keys import Unusable

#: Below this nothing is guessed.
THRESHOLD = 0.5

#: Role → what its header says, in English, German, French, Spanish, Italian, Dutch, Portuguese and Polish; as
#: :func:`_plain` writes it: lower case, no accents, single blanks.
_HEADERS: Mapping[str, tuple[str, ...]] = {
    "email": (
        "email", "e mail", "mail", "email address", "e mail address", "emailadresse", "e mail adresse", "mailadresse",
        "mail adresse", "adresse mail", "adresse email", "adresse e mail", "courriel", "adresse electronique",
        "correo", "correo electronico", "posta elettronica", "indirizzo email", "indirizzo e mail", "emailadres",
        "e mailadres", "endereco de email", "adres email", "work email", "email primary",
    ),
    "lead_id": ("lead id", "leadid", "leadleap id", "lead", "contact id", "id"),
    "linkedin": (
        "linkedin", "linked in", "linkedin url", "linkedin profile", "linkedin profil", "person linkedin url",
        "linkedin profile url", "profil linkedin", "perfil linkedin", "profilo linkedin", "linkedinprofiel",
    ),
    "first_name": (
        "first name", "firstname", "given name", "forename", "vorname", "prenom", "nombre", "nombre de pila", "nome",
        "voornaam", "primeiro nome", "imie", "fname", "first",
    ),
    "last_name": (
        "last name", "lastname", "surname", "family name", "nachname", "familienname", "nom", "nom de famille",
        "apellido", "apellidos", "cognome", "achternaam", "sobrenome", "nazwisko", "lname", "last",
    ),
    "full_name": (
        "name", "full name", "fullname", "contact", "contact name", "contact person", "person", "ansprechpartner",
        "ansprechpartnerin", "kontakt", "vollstandiger name", "vor und nachname", "nom complet", "nom et prenom",
        "prenom et nom", "nombre completo", "nombre y apellidos", "nome completo", "nome e cognome", "referente",
        "volledige naam", "naam", "contactpersoon", "imie i nazwisko", "prospect", "attendee", "teilnehmer",
    ),
    "company": (
        "company", "company name", "organization", "organisation", "organization name", "account", "account name",
        "employer", "business", "firm", "firma", "firmenname", "unternehmen", "arbeitgeber", "entreprise", "societe",
        "raison sociale", "nom de l entreprise", "nom de la societe", "empresa", "nombre de la empresa", "compania",
        "azienda", "societa", "ragione sociale", "ditta", "bedrijf", "bedrijfsnaam", "organisatie", "nazwa firmy",
        "aussteller", "exhibitor", "current company",
    ),
    "domain": (
        "domain", "company domain", "web domain", "website", "web site", "web", "url", "homepage", "web page",
        "company website", "webseite", "internetseite", "internet", "firmendomain", "site web", "site internet",
        "site", "domaine", "pagina web", "sitio web", "dominio", "sito", "sito web", "domein", "strona www", "www",
    ),
    "phone": (
        "phone", "phone number", "telephone", "tel", "mobile", "mobile phone", "cell", "cell phone", "work phone",
        "direct phone", "telefon", "telefonnummer", "rufnummer", "handy", "mobil", "durchwahl", "telephone portable",
        "portable", "numero de telephone", "telefono", "movil", "cellulare", "telefoonnummer", "telefoon", "mobiel",
        "gsm", "telefone", "celular", "phone work", "direct dial",
    ),
    "title": (
        "title", "job title", "jobtitle", "position", "role", "job", "function", "funktion", "berufsbezeichnung",
        "stelle", "rolle", "poste", "fonction", "intitule du poste", "cargo", "puesto", "ruolo", "qualifica",
        "posizione", "mansione", "functie", "functietitel", "stanowisko",
    ),
    "country": (
        "country", "country code", "nation", "land", "staat", "pays", "pais", "paese", "nazione", "kraj", "landcode",
        "country name", "landerkennzeichen",
    ),
}  # fmt: skip

_COUNTRIES = frozenset(
    unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    for name in (
        "austria", "österreich", "autriche", "belgium", "belgien", "belgique", "brazil", "brasil", "canada", "kanada",
        "china", "czech republic", "czechia", "tschechien", "denmark", "dänemark", "finland", "finnland", "france",
        "frankreich", "francia", "germany", "deutschland", "allemagne", "alemania", "germania", "duitsland", "india",
        "indien", "ireland", "irland", "italy", "italien", "italie", "italia", "japan", "luxembourg", "luxemburg",
        "mexico", "netherlands", "the netherlands", "niederlande", "pays-bas", "nederland", "norway", "norwegen",
        "poland", "polen", "pologne", "polska", "portugal", "spain", "spanien", "espagne", "españa", "spagna",
        "sweden", "schweden", "switzerland", "schweiz", "suisse", "svizzera", "turkey", "türkei", "uk", "u.k.",
        "united kingdom", "england", "great britain", "großbritannien", "usa", "u.s.a.", "united states",
        "united states of america", "vereinigte staaten", "états-unis", "australia", "australien", "new zealand",
    )
)  # fmt: skip
_COUNTRY_CODE = re.compile(r"[A-Z]{2,3}")
_LEAD_ID = re.compile(r"c_[0-9A-Za-z]{6,}")
_PHONE = re.compile(r"(?:tel:)?\+?[\d\s()./\-–]{6,24}(?:(?:x|ext\.?)\s*\d+)?", re.IGNORECASE)
_DATE = re.compile(r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}(?: .*)?")
_PERSON_WORD = re.compile(r"[^\W\d_][^\W\d_.'’-]*(?:[.'’-][^\W\d_]*)*")
_LEGAL = re.compile(
    r"\b(?:gmbh|ag|kg|se|inc|corp|llc|ltd|limited|plc|s\.?a\.?s?|sarl|s\.?r\.?l|s\.?p\.?a|b\.?v|n\.?v|ab|oy|a/s)\b\.?$",
    re.IGNORECASE,
)
_TITLE_WORDS = re.compile(
    r"\b(?:c[efimost]o|v\.?p|president|director|directeur|directrice|direktor\w*|head|chief|manager\w*|lead|officer|"
    r"engineer|ingenieur\w*|consultant|berater\w*|leiter\w*|leitung|gesch[aä]ftsf[uü]hrer\w*|prokurist\w*|sales|"
    r"vertrieb\w*|eink[aä]ufer\w*|assistant|assistent\w*|founder|owner|inhaber\w*|partner|analyst|specialist|"
    r"responsable|g[eé]rant|chef\w*|jefe|gerente|responsabile|titolare|hoofd|eigenaar|buyer|marketing|architect)\b",
    re.IGNORECASE,
)
_NOT_A_COMPANY_SITE = ("linkedin.com", "xing.com", "facebook.com", "twitter.com", "x.com", "instagram.com")


@dataclass(frozen=True)
class Guess:
    """A column that seems to hold a role.

    ``score`` is from 0 to 1; ``evidence`` a sentence that a person can check against the sheet, without its
    full stop; ``others`` the further columns that might be meant, best first.
    """

    role: str
    column: Any
    score: float
    evidence: str
    others: list[Guess] = field(default_factory=list)


@dataclass(frozen=True)
class _Look:
    """How cells of a role look. ``weight``: how far the look alone, without a header, speaks for the role."""

    weight: float
    one: str  # "is an address"
    many: str  # "are addresses"
    fits: Callable[[str], bool]


def guess(frame: pd.DataFrame, *, sample_rows: int = 500) -> dict[str, Guess]:
    """The likeliest column for each role; a role without a likely column is left out.

    Parameters
    ----------
    frame
        n rows. At most ``sample_rows`` of them are looked at, spread evenly over the frame.

    Returns
    -------
    dict
        Role (``email``, ``lead_id``, ``linkedin``, ``first_name``, ``last_name``, ``full_name``, ``company``,
        ``domain``, ``phone``, ``title``, ``country``) → :class:`Guess`. A column has one role at most.
    """
    rows = np.unique(np.linspace(0, max(len(frame) - 1, 0), min(len(frame), sample_rows)).astype(int))
    found: list[tuple[float, int, int, Guess]] = []
    for place, column in enumerate(frame.columns):
        cells = _texts(frame.iloc[rows, place])
        for role in _LOOKS:
            candidate = _judge(role, column, cells)
            if candidate.score >= THRESHOLD:
                found.append((-candidate.score, -len(cells), place, candidate))
    found.sort(key=lambda entry: entry[:3])  # the surest first; then the fullest column; then the leftmost

    best: dict[str, Guess] = {}
    taken: set[int] = set()
    for _, _, place, candidate in found:
        if candidate.role not in best and place not in taken:
            best[candidate.role] = candidate
            taken.add(place)
    for role, chosen in best.items():
        others = [c for _, _, _, c in found if c.role == role and c is not chosen]
        best[role] = replace(chosen, others=others)
    return {role: best[role] for role in _LOOKS if role in best}


def _texts(cells: pd.Series[Any]) -> list[str]:
    """The filled cells, as text."""
    texts = []
    for cell in cells[cells.notna()]:
        try:
            text = keys.text_of(cell)
        except Unusable:
            continue
        if text is not None:
            texts.append(text)
    return texts


def _judge(role: str, column: Hashable, cells: list[str]) -> Guess:
    look = _LOOKS[role]
    header = _header_fits(role, str(column))
    fitting = sum(map(look.fits, cells))
    share = fitting / len(cells) if cells else 0.0
    # A column whose cells look like nothing of the kind is not it, whatever its header says.
    score = look.weight * share + (1 - look.weight) * header if share > 0.1 else 0.0
    if not cells:
        score = THRESHOLD if header == 1 else 0.0
    parts = []
    if header:
        parts.append(f"header says {str(column)!r}")
    if cells:
        parts.append(f"{fitting} of {len(cells)} filled cells {look.one if fitting == 1 else look.many}")
    else:
        parts.append("its cells are blank")
    return Guess(role, column, round(score, 3), "; ".join(parts))


def _header_fits(role: str, header: str) -> float:
    """1 for a header that says nothing but the role, less the more else it says, 0 when it does not say it."""
    plain = _plain(header)
    words = plain.split()
    best = 0.0
    for phrase in _HEADERS[role]:
        if plain == phrase:
            return 1.0
        if f" {phrase} " in f" {plain} ":
            share = len(phrase.split()) / len(words)
            # In "Company country" the last word is what it is about.
            best = max(best, 0.3 + 0.5 * share if plain.endswith(phrase) else 0.2 + 0.5 * share)
    return best


def _plain(header: str) -> str:
    """``"Geschäftl. E-Mail"`` → ``geschaftl e mail``, ``firstName`` → ``first name``."""
    header = re.sub(r"(?<=[a-z])(?=[A-Z][a-z])", " ", header)
    text = unicodedata.normalize("NFKD", header).casefold()
    text = "".join(character for character in text if not unicodedata.combining(character))
    return re.sub(r"[\W_]+", " ", text).strip()


def _is_key(kind: str) -> Callable[[str], bool]:
    def fits(text: str) -> bool:
        try:
            keys.key(kind, text)
        except Unusable:
            return False
        return True

    return fits


_is_email = _is_key("email")
_is_linkedin = _is_key("linkedin")
_is_domain = _is_key("domain")


def _looks_like_domain(text: str) -> bool:
    return "@" not in text and _is_domain(text) and not keys.domain(text).endswith(_NOT_A_COMPANY_SITE)


def _looks_like_phone(text: str) -> bool:
    return (
        bool(_PHONE.fullmatch(text)) and 6 <= sum(map(str.isdigit, text)) <= 15 and not _DATE.fullmatch(text)
    )


def _looks_like_name(text: str, least: int, most: int) -> bool:
    words = text.replace(",", " ").split()
    return least <= len(words) <= most and all(map(_PERSON_WORD.fullmatch, words)) and not _LEGAL.search(text)


def _looks_like_company(text: str) -> bool:
    return bool(_LEGAL.search(text)) or (
        any(map(str.isalpha, text)) and len(text) <= 80 and not _is_email(text) and "//" not in text
    )


def _looks_like_title(text: str) -> bool:
    return bool(_TITLE_WORDS.search(text)) and len(text) <= 100


def _looks_like_country(text: str) -> bool:
    return bool(_COUNTRY_CODE.fullmatch(text)) or (
        unicodedata.normalize("NFKD", text.lower()).encode("ascii", "ignore").decode() in _COUNTRIES
    )


#: Addresses and profiles show what they are; names and titles need their header's word.
_LOOKS: Mapping[str, _Look] = {
    "email": _Look(0.8, "is an e-mail address", "are e-mail addresses", _is_email),
    "linkedin": _Look(0.8, "is a LinkedIn profile", "are LinkedIn profiles", _is_linkedin),
    "lead_id": _Look(0.8, "is a lead id", "are lead ids", lambda text: bool(_LEAD_ID.fullmatch(text))),
    "domain": _Look(0.7, "is a web address", "are web addresses", _looks_like_domain),
    "phone": _Look(0.45, "looks like a phone number", "look like phone numbers", _looks_like_phone),
    "first_name": _Look(
        0.35, "looks like a first name", "look like first names", lambda text: _looks_like_name(text, 1, 3)
    ),
    "last_name": _Look(
        0.35, "looks like a last name", "look like last names", lambda text: _looks_like_name(text, 1, 4)
    ),
    "full_name": _Look(
        0.45,
        "looks like a person's name",
        "look like people's names",
        lambda text: _looks_like_name(text, 2, 5),
    ),
    "company": _Look(0.3, "could be a company's name", "could be companies' names", _looks_like_company),
    "title": _Look(0.45, "looks like a job title", "look like job titles", _looks_like_title),
    "country": _Look(0.45, "is a country", "are countries", _looks_like_country),
}
