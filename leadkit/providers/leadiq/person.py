"""One person in LeadIQ's answer: which of the jobs is meant, and which of the values may reach a cell.

Whether it is the person of the row is judged where the row is known (``leadkit.match``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from leadkit import keys
from leadkit.providers.base import ResultColumn, Value
from leadkit.providers.json_body import array, integer, mapping, text

#: Best first. Invalid and Suppressed are results and not addresses to write to, and so is a status that is not
#: documented: nobody here can know that it means yes.
EMAIL_STATUSES = ("Verified", "VerifiedLikely", "Unverified")
#: Best first, by ``verificationStatus``, which replaced the values of ``status``.
PHONE_STATUSES = ("LikelyAccurate", "None")
_DEAD_PHONES = ("Suppressed", "Invalid")
#: Types that reach the person come before those that reach the house; a fax reaches nobody.
_PHONE_TYPES = (
    "PersonalMobile",
    "WorkMobile",
    "WorkPhone",
    "PersonalPhone",
    "PersonalLandline",
    "WorkBranch",
    "WorkHQ",
)
_PHONE = re.compile(r"\+?[\d(][\d\s().\-/]{4,30}(?:\s*(?:x|ext\.?)\s*\d{1,6})?", re.IGNORECASE)

#: With which data point each value is bought, its name, and what it is.
_FIELDS: tuple[tuple[str, str, str], ...] = (
    ("profile", "person_id", "LeadIQ's id of the person; unlocking takes it"),
    ("profile", "full_name", "Name"),
    ("profile", "first_name", "First name"),
    ("profile", "last_name", "Last name"),
    ("profile", "title", "Job title"),
    ("profile", "seniority", "Seniority"),
    ("profile", "function", "Function"),
    ("profile", "company_name", "Employer"),
    ("profile", "company_id", "LeadIQ's id of the employer"),
    ("profile", "linkedin_url", "LinkedIn profile"),
    ("profile", "city", "City"),
    ("profile", "state", "State or region"),
    ("profile", "country", "Country"),
    ("profile", "confidence", "LeadIQ's confidence in the match, 0 to 100"),
    ("profile", "matched_by", "What the person was found by"),
    ("email", "email", "Best work e-mail"),
    ("email", "email_status", "Verified, VerifiedLikely or Unverified; else why there is none"),
    ("email", "other_emails", "Further work e-mails"),
    ("phone", "phone", "Best phone"),
    ("phone", "phone_type", "Kind of phone"),
    ("phone", "phone_status", "LikelyAccurate or unverified; else why there is none"),
    ("phone", "other_phones", "Further phones"),
    ("company", "company_domain", "The employer's domain"),
    ("company", "company_industry", "The employer's industry"),
    ("company", "company_employees", "The employer's number of employees"),
    ("company", "company_city", "The employer's city"),
    ("company", "company_state", "The employer's state or region"),
    ("company", "company_country", "The employer's country"),
)
_INTEGERS = ("confidence", "company_employees")

#: With which data point each column is bought.
COLUMNS: tuple[tuple[str, ResultColumn], ...] = tuple(
    (want, ResultColumn(f"leadiq_{name}", name, what, dtype="integer" if name in _INTEGERS else "text"))
    for want, name, what in _FIELDS
)


def person_values(
    parts: Mapping[str, str], record: Mapping[str, Any], wants: Sequence[str]
) -> tuple[dict[str, Value], list[str], bool]:
    """The values for the columns, what is odd about them, and whether anything came of what was bought."""
    name, place = mapping(record.get("name")), mapping(record.get("location"))
    positions = _positions(parts, record)
    first = positions[0] if positions else {}
    company = mapping(first.get("companyInfo"))
    values: dict[str, Value] = {
        "person_id": text(record.get("id")),
        "full_name": text(name.get("fullName")),
        "first_name": text(name.get("first")),
        "last_name": text(name.get("last")),
        "title": text(first.get("title")),
        "seniority": text(first.get("seniority")),
        "function": text(first.get("function")),
        "company_name": text(company.get("name")),
        "company_id": text(company.get("id")),
        "linkedin_url": text(mapping(record.get("linkedin")).get("linkedinUrl")),
        **_place(place, ""),
        "confidence": integer(record.get("confidence")),
        "matched_by": identity(parts),
    }
    if parts.get("domain") and _at_domain(parts, first):
        # No column, unless it was bought: for whoever compares this person with the row, to which the domain
        # is known anyway, while LeadIQ's own spelling of it costs 3 credits.
        values["company_domain"] = parts["domain"]
    notes: list[str] = []
    bought = "profile" in wants and bool(values["full_name"] or values["person_id"])
    if "email" in wants:
        items = [item for position in positions for item in _objects(position.get("emails"))]
        found = _ranked(items, _email, "email", notes)
        values |= {"email": found.best, "email_status": found.status, "other_emails": found.others}
        bought |= bool(items)
    if "phone" in wants:
        items = [item for position in positions for item in _objects(position.get("phones"))]
        items += _objects(record.get("personalPhones"))
        found = _ranked(items, _phone, "phone", notes)
        values |= {
            "phone": found.best,
            "phone_type": found.kind,
            "phone_status": found.status,
            "other_phones": found.others,
        }
        bought |= bool(items)
    if "company" in wants:
        values |= {
            "company_domain": text(company.get("domain")),
            "company_industry": text(company.get("industry")),
            "company_employees": integer(company.get("numberOfEmployees")),
            **_place(mapping(company.get("locationInfo")), "company_"),
        }
        bought |= any(company.get(field) is not None for field in ("domain", "industry", "numberOfEmployees"))
    return values, notes, bought


def _place(place: Mapping[str, Any], prefix: str) -> dict[str, Value]:
    return {
        f"{prefix}city": text(place.get("city")),
        f"{prefix}state": text(place.get("areaLevel1")),
        f"{prefix}country": text(place.get("country")),
    }


# ---------------------------------------------------------------- addresses and phones


@dataclass(frozen=True, slots=True)
class _Found:
    """The best usable value of several, its status and kind, and the others."""

    best: str | None = None
    status: str | None = None
    kind: str | None = None
    others: str | None = None


_Verdict = tuple[tuple[int, ...], str] | str


def _ranked(
    items: Sequence[Mapping[str, Any]],
    judge: Callable[[Mapping[str, Any]], _Verdict],
    what: str,
    notes: list[str],
) -> _Found:
    """``judge`` gives a rank and the value, or says in a word why nothing of it may be written."""
    good: list[tuple[tuple[int, ...], str, Mapping[str, Any]]] = []
    refused: dict[str, None] = {}
    for item in items:
        verdict = judge(item)
        if isinstance(verdict, str):
            refused[verdict] = None
        else:
            good.append((*verdict, item))
    if not good:
        why = ", ".join(refused) or None  # stands beside the empty cell
        if why:
            notes.append(f"no usable {what}: {why}")
        return _Found(status=why)
    good.sort(key=lambda entry: entry[0])
    values = list(dict.fromkeys(value for _, value, _ in good))
    best = good[0][2]
    return _Found(values[0], _state(best), text(best.get("type")), "; ".join(values[1:]) or None)


def _state(item: Mapping[str, Any]) -> str | None:
    """LeadIQ's own word for how sure it is; its ``None`` for a phone would look like an empty cell."""
    if (verification := text(item.get("verificationStatus"))) is None:
        return text(item.get("status"))
    return "unverified" if verification == "None" else verification


def _email(item: Mapping[str, Any]) -> _Verdict:
    status = text(item.get("status")) or "no status"
    if status not in EMAIL_STATUSES:
        return status
    try:
        address = keys.email(text(item.get("value")) or "")
    except keys.Unusable:
        return "not an address"
    return (EMAIL_STATUSES.index(status),), address


def _phone(item: Mapping[str, Any]) -> _Verdict:
    dead = {text(item.get("status")), text(item.get("verificationStatus"))}.intersection(_DEAD_PHONES)
    if dead:
        return dead.pop() or ""
    number, kind = text(item.get("value")) or "", text(item.get("type"))
    if kind == "Fax":
        return "a fax"
    if not _PHONE.fullmatch(number):
        return "not a number"
    status = text(item.get("verificationStatus"))
    rank = PHONE_STATUSES.index(status) if status in PHONE_STATUSES else len(PHONE_STATUSES)
    return (rank, _PHONE_TYPES.index(kind) if kind in _PHONE_TYPES else len(_PHONE_TYPES)), number


# ---------------------------------------------------------------- which of several jobs


def identity(parts: Mapping[str, str]) -> str:
    """In words, the best identity that a key has; it is the one that is asked."""
    known = {
        "lead_id": "LeadIQ id",
        "linkedin": "LinkedIn profile",
        "email": "e-mail",
        "domain": "name and domain",
    }
    return next((words for part, words in known.items() if parts.get(part)), "name and company")


def _positions(parts: Mapping[str, str], record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The current positions, those at the company that was asked about first."""
    return sorted(
        _objects(record.get("currentPositions")),
        key=lambda one: (not _at_domain(parts, one), not _at_company(parts, one)),
    )


def _at_domain(parts: Mapping[str, str], position: Mapping[str, Any]) -> bool:
    """Whether LeadIQ says that a position is at the company of the domain that was asked about.

    It says so of the position, by its work addresses, or by the company's domain where that was bought.
    """
    domain = parts.get("domain")
    if not domain:
        return position.get("matchedQuery") is True
    hosts = {text(mapping(position.get("companyInfo")).get("domain"))}
    hosts |= {(text(item.get("value")) or "").rpartition("@")[2] for item in _objects(position.get("emails"))}
    return position.get("matchedQuery") is True or domain in {host.lower() for host in hosts if host}


def _at_company(parts: Mapping[str, str], position: Mapping[str, Any]) -> bool:
    name = text(mapping(position.get("companyInfo")).get("name"))
    return bool(name and parts.get("company")) and _plain(name or "") == parts["company"]


def _plain(company: str) -> str:
    try:
        return keys.company(company)
    except keys.Unusable:
        return company


def _objects(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in array(value) if isinstance(item, dict)]
