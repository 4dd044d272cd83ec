"""Reading Leadfeeder's records: companies and contacts as ``{type, id, attributes, relationships}``.

The names of most attributes are not published. Each field therefore has the names under which it has been seen or
may be expected, and is empty where none of them is there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from leadkit.providers.base import Answer, ResultColumn, Value
from leadkit.providers.json_body import mapping, text, unmasked

#: Ids are digits, or words in the older format. Anything else is not sent: a comma would make it two ids.
ID = re.compile(r"[A-Za-z0-9_-]{1,64}")

#: Below this, a number that went through a float still has all of its digits.
_EXACT_BELOW = 2**53


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a record: its column, and the paths of the attributes that may hold it, best first.

    ``reveals`` marks contact data, which is given only for what may be contacted.
    """

    name: str
    description: str
    paths: tuple[str, ...]
    reveals: bool = False


FURTHER = Field("further", "Further addresses and numbers", (), reveals=True)

COMPANY_FIELDS = (
    Field("name", "Company", ("name",)),
    Field("website", "Website", ("url", "website", "domain", "domains")),
    Field(
        "employees", "Employees, as a number or a range", ("employee_count", "employee_range", "employees")
    ),
    Field("industry", "Industries", ("industries.industry", "industries", "industry")),
    Field("street", "Street", ("address.street_address", "address.street")),
    Field("postal_code", "Postal code", ("address.postal_code", "postal_code")),
    Field("city", "City", ("address.city", "city")),
    Field("country", "Country", ("address.country_code", "address.country", "country_code", "country")),
    Field("role", "Place in its group, such as group_member", ("role",)),
    Field("register_status", "Status in the register, such as active", ("register.status",)),
)
COMPANY_DETAILS = (
    *COMPANY_FIELDS,
    Field("revenue", "Revenue, as a number or a range", ("revenue", "revenue_range", "financials.revenue")),
    Field("founded", "Year founded", ("founded", "founding_year", "year_founded", "foundation_year")),
    Field("vat_id", "VAT id", ("vat_id", "vat_ids")),
    Field("register_id", "Number in the register", ("register.id", "register.register_id", "register_id")),
    Field("description", "What the company does", ("description", "summary")),
    Field(
        "phone", "The company's phone", ("phone", "phones", "phone_numbers", "contact.phone"), reveals=True
    ),
    Field("email", "The company's address", ("email", "emails", "mail", "contact.email"), reveals=True),
    Field(
        "linkedin_url",
        "The company's LinkedIn page",
        ("linkedin_url", "linkedin", "social.linkedin", "social_media.linkedin"),
        reveals=True,
    ),
    FURTHER,
)
PERSON_FIELDS = (
    Field("full_name", "Name", ("full_name", "fullname", "name")),
    Field("first_name", "First name", ("first_name", "firstname")),
    Field("last_name", "Last name", ("last_name", "lastname")),
    Field("title", "Job title", ("title", "job_title", "position", "positions")),
    Field("department", "Department", ("department", "departments")),
    Field("seniority", "Seniority", ("seniority", "hierarchy_level", "hierarchy_levels")),
    Field("company", "Company", ("company_name", "company.name", "company")),
    Field("company_id", "Leadfeeder's id of the company", ("company_id", "company.id")),
)
CONTACT_DETAILS = (
    *PERSON_FIELDS,
    Field("email", "E-mail address", ("email", "emails", "work_email", "email_address"), reveals=True),
    Field("phone", "Phone", ("phone", "phones", "phone_numbers", "mobile", "phone_number"), reveals=True),
    Field(
        "linkedin_url",
        "LinkedIn profile",
        ("linkedin_url", "linkedin", "social.linkedin", "social_media.linkedin"),
        reveals=True,
    ),
    FURTHER,
)

#: Inside a list or an object, what holds the words: {"code": "28.15", "name": "Manufacture of bearings"}.
_WORDS_OF = ("name", "value", "number", "email", "address", "url", "label", "title", "original", "en")
_RELATED_COMPANY = ("company", "company_summary", "companies")

DoNotContact = Literal["no", "yes", "not stated"]


def columns(fields: Sequence[Field], prefix: str) -> tuple[ResultColumn, ...]:
    """A column for each field and one for the flag; ``prefix`` tells companies' columns from people's."""
    flagged = ResultColumn(
        f"{prefix}_do_not_contact", "do_not_contact", "no, yes, or not stated, which counts as yes"
    )
    of_fields = (ResultColumn(f"{prefix}_{field.name}", field.name, field.description) for field in fields)
    return (*of_fields, flagged)


def record_id(record: Mapping[str, Any]) -> str | None:
    """The id. Ids are strings of digits; one that came as a number may have lost digits, and is then none."""
    found = record.get("id")
    if isinstance(found, Decimal) or (isinstance(found, int) and abs(found) >= _EXACT_BELOW):
        return None
    return text(found)


def records_in(data: Any) -> list[Mapping[str, Any]]:
    """The records of an answer, which holds a list of them or a single one."""
    return [mapping(item) for item in (data if isinstance(data, list) else [data])]


def attributes(record: Mapping[str, Any]) -> Mapping[str, Any]:
    return mapping(record.get("attributes"))


def _related(record: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The companies that a record names beside its attributes, inline or as ``{data: …}``."""
    relationships = mapping(record.get("relationships"))
    for name in _RELATED_COMPANY:
        found = relationships.get(name)
        for one in found if isinstance(found, list) else [found]:
            inner = mapping(one)
            if related := mapping(inner.get("data")) or inner:
                yield related


def do_not_contact(record: Mapping[str, Any]) -> DoNotContact:
    """What the record and its company say. Anything but a clean false counts as yes."""
    said = [attributes(one) for one in (record, *_related(record))]
    said += [mapping(holder.get("meta")) for holder in said]
    flags = [holder["do_not_contact"] for holder in said if "do_not_contact" in holder]
    if not flags:
        return "not stated"
    return "no" if all(flag is False for flag in flags) else "yes"


def suppressed(what: str) -> Answer:
    """The answer about what must not be contacted: the flag, and nothing else, whatever was paid for it."""
    note = f"do not contact: Leadfeeder marks this {what} so; nothing else of it is kept"
    return Answer("suppressed", {"do_not_contact": "yes"}, note)


def read_fields(record: Mapping[str, Any], fields: Sequence[Field], *, reveal: bool) -> dict[str, Value]:
    """The fields' values. Contact data only where ``reveal``, one of each kind, and what is over under FURTHER."""
    found: dict[str, Value] = {}
    further: list[str] = []
    for field in fields:
        raw = _first(attributes(record), field.paths)
        if not field.reveals:
            found[field.name] = words_of(raw)
            continue
        words = [] if not reveal else [word for word in _each(raw) if unmasked(word) is not None]
        found[field.name] = words[0] if words else None
        further += words[1:]
    if FURTHER in fields:
        found[FURTHER.name] = text("; ".join(dict.fromkeys(further)))
    if "company_id" in found and found["company_id"] is None:  # beside the attributes, then
        company = next(_related(record), {})
        found["company_id"] = record_id(company)
        found["company"] = found["company"] or text(attributes(company).get("name"))
    return found


def flag(record: Mapping[str, Any], name: str) -> bool | None:
    """A yes or no of the record's ``meta``, such as has_contacts; None when it is not said."""
    value = mapping(attributes(record).get("meta")).get(name)
    return value if isinstance(value, bool) else None


def _first(holder: Mapping[str, Any], paths: Sequence[str]) -> Any:
    for path in paths:
        value: Any = holder
        for name in path.split("."):
            value = mapping(value).get(name)
        if words_of(value) is not None:
            return value
    return None


def words_of(value: Any) -> str | None:
    """Text, a number, or the words inside an object or a list; several are joined by ``; ``."""
    return text("; ".join(_each(value)))


def _each(value: Any) -> list[str]:
    """The words in a value, each once, in order."""
    if isinstance(value, list):
        return list(dict.fromkeys(word for item in value for word in _each(item)))
    if isinstance(value, dict):
        value = next((value[name] for name in _WORDS_OF if text(value.get(name))), None)
    word = text(value)
    return [word] if word else []
