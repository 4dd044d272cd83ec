"""A person as LeadIQ's saved lists take and give one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from leadkit import keys
from leadkit.errors import InputError
from leadkit.providers.base import Value
from leadkit.providers.filters import known_word, meant
from leadkit.providers.json_body import array, mapping, text
from leadkit.providers.leadiq.filters import SENIORITIES
from leadkit.providers.leadiq.person import COLUMNS, EMAIL_STATUSES

NOTES_LENGTH = 5000

#: Name of a value, as find_people gives it → LeadIQ's name for it.
_TEXTS: Mapping[str, str] = {
    "first_name": "firstName",
    "last_name": "lastName",
    "title": "title",
    "function": "function",
    "company_name": "company",
    "company_domain": "companyDomain",
    "company_industry": "companyIndustry",
    "company_id": "companyId",
    # The schema's name. Vendor samples print mobilePhone, which the schema refuses as unknown.
    "phone": "phone",
    "person_id": "personId",
}
_PLACE = ("city", "state", "country")
_CHECKED = ("email", "email_status", "seniority", "linkedin_url", "notes")
KNOWN = (*_TEXTS, *_CHECKED, *_PLACE)
#: Values of find_people that a list has no place for.
_NOT_KEPT = {column.field for _, column in COLUMNS} - set(KNOWN)

CSV_COLUMNS = (
    "id",
    "person_id",
    "full_name",
    "first_name",
    "last_name",
    "title",
    "email",
    "email_status",
    "phone",
    "linkedin_url",
    "city",
    "state",
    "country",
    "company_name",
    "company_domain",
    "company_industry",
    "company_employees",
    "updated_at",
)


def check_names(people: Iterable[Mapping[str, Value]]) -> None:
    """Raise InputError for a value's name that neither a list nor find_people knows. Nothing was sent."""
    for name in {name for person in people for name in person}:
        if name not in KNOWN and name not in _NOT_KEPT:
            msg = f"LeadIQ's lists keep no {name!r}.{meant(name, KNOWN)} They keep {', '.join(KNOWN)}."
            raise InputError(f"{msg} Nothing was sent.")


def prospect_input(person: Mapping[str, Value]) -> dict[str, Any]:
    """ProspectInput of a person's values: nothing blank in it, and no name that LeadIQ does not know.

    Parameters
    ----------
    person
        Values by the names that find_people gives them. Blanks are left out, and so are what a list has no place
        for, and a status or seniority that LeadIQ would refuse: they describe, and are not worth the person.

    Raises
    ------
    Unusable
        No first or last name, an e-mail that is none, or notes that are too long; ``reason`` says which.
    """
    given = {name: cleaned for name, value in person.items() if (cleaned := text(value))}
    for part in ("first_name", "last_name"):
        if part not in given:
            raise keys.Unusable(f"no {part.replace('_', ' ')}, which LeadIQ needs for a list")
    result: dict[str, Any] = {theirs: given[ours] for ours, theirs in _TEXTS.items() if ours in given}
    if "email" in given:
        result["workEmail"] = keys.email(given["email"])
        if given.get("email_status") in EMAIL_STATUSES:
            result["emailStatus"] = given["email_status"]
    if seniority := known_word(given.get("seniority", ""), SENIORITIES):
        result["seniority"] = seniority
    if url := given.get("linkedin_url"):
        result["linkedinUrl"] = url if re.match(r"https?://", url) else f"https://{url.lstrip('/')}"
    if place := {part: given[part] for part in _PLACE if part in given}:
        result["location"] = place
    if "notes" in given:
        result["notes"] = str(person["notes"]).strip()
        if len(result["notes"]) > NOTES_LENGTH:
            raise keys.Unusable(f"notes of more than {NOTES_LENGTH:,} characters")
    return result


def identities(prospect: Mapping[str, Any]) -> list[str]:
    """What tells one prospect from another, best first, in what is sent and in what comes back."""
    person, address = text(prospect.get("personId")), text(prospect.get("workEmail"))
    names = [text(prospect.get(part)) for part in ("firstName", "lastName")]
    found = [f"id {person}" if person else "", f"e-mail {address.lower()}" if address else ""]
    found.append(f"name {' '.join(filter(None, names)).casefold()}" if all(names) else "")
    return [identity for identity in found if identity]


def contradict(sent: Mapping[str, Any], saved: Mapping[str, Any]) -> bool:
    """Whether what was saved cannot be what was sent. What one of them does not say proves nothing."""
    fields = ("personId", "workEmail", "lastName")
    said = [(text(sent.get(field)), text(saved.get(field))) for field in fields]
    return any(one and other and one.casefold() != other.casefold() for one, other in said)


def prospect_row(prospect: Mapping[str, Any]) -> list[str | None]:
    """A prospect's values, in the order of ``CSV_COLUMNS``."""
    place, company = mapping(prospect.get("location")), mapping(prospect.get("company"))
    numbers = [text(mapping(one).get("value")) for one in array(prospect.get("mobilePhones"))]
    values = (
        prospect.get("id"),
        prospect.get("personId"),
        prospect.get("name"),
        prospect.get("firstName"),
        prospect.get("lastName"),
        prospect.get("title"),
        prospect.get("workEmail"),
        prospect.get("emailStatus"),
        "; ".join(number for number in numbers if number),
        prospect.get("linkedinUrl"),
        place.get("city"),
        place.get("state"),
        place.get("country"),
        company.get("name"),
        company.get("domain"),
        company.get("industry"),
        company.get("employees"),
        prospect.get("updatedAt"),
    )
    return [text(value) for value in values]


def harmless(cell: str) -> str:
    """A spreadsheet runs a cell that begins like a formula; a phone number of digits is left as it is."""
    runs = re.match(r"\s*[=+\-@\t\r\n＝＋－＠]", cell) and not re.fullmatch(r"\+\d+", cell)
    return f"'{cell}" if runs else cell
