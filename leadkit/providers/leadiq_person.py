"""One person in LeadIQ's answer: is it who was asked for, and which of the values may reach a cell."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from leadkit import keys
from leadkit.providers.base import ResultColumn, Value
from leadkit.providers.json_body import integer, mapping, text

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
        "matched_by": _identity(parts),
    }
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


# ---------------------------------------------------------------- is it who was asked for?


def another_person(parts: Mapping[str, str], record: Mapping[str, Any]) -> str:
    """Why the record is not who was asked for by name; empty when it is.

    A search by name may answer with a namesake, or with somebody of another name at the same company.
    An id, a profile or an address names one person, and LeadIQ is believed about it.
    """
    if _identity(parts) not in ("name and domain", "name and company"):
        return ""
    name = mapping(record.get("name"))
    given = " ".join(filter(None, (text(name.get(field)) for field in ("fullName", "first", "last"))))
    asked_first, asked_last = _asked_name(parts)
    words = _words(given)
    if not asked_last & words:
        return "the last name is another"
    if not any(one.startswith(other) or other.startswith(one) for one in asked_first for other in words):
        return "the first name is another"
    positions = _objects(record.get("currentPositions"))
    if positions and not any(_works_there(parts, position) for position in positions):
        return "the company is another"
    return ""


def _identity(parts: Mapping[str, str]) -> str:
    for part, words in (("id", "LeadIQ id"), ("linkedin", "LinkedIn profile"), ("email", "e-mail")):
        if parts.get(part):
            return words
    return "name and domain" if parts.get("domain") else "name and company"


def _asked_name(parts: Mapping[str, str]) -> tuple[set[str], set[str]]:
    if parts.get("first_name") and parts.get("last_name"):
        return _words(parts["first_name"]), _words(parts["last_name"])
    first, *rest = parts.get("name", "").split() or [""]
    return _words(first), _words(" ".join(rest) or first)


def _works_there(parts: Mapping[str, str], position: Mapping[str, Any]) -> bool:
    """Whether a position can be the one that was asked about; so when nothing speaks against it."""
    if position.get("matchedQuery") is True:
        return True
    company = mapping(position.get("companyInfo"))
    name, host = text(company.get("name")), text(company.get("domain"))
    domain = parts.get("domain")
    if domain and host and _same_host(domain, host):
        return True
    hosts = [address.rpartition("@")[2] for address in _addresses(position)]
    if domain and any(_same_host(domain, one) for one in hosts):
        return True
    if parts.get("company") and name:
        asked, given = _words(parts["company"]), _words(_company(name))
        if asked <= given or given <= asked:
            return True
    says_no = position.get("matchedQuery") is False
    return not says_no and (name is None or not parts.get("company")) and not (domain and host)


def _company(name: str) -> str:
    try:
        return keys.company(name)
    except keys.Unusable:
        return name


def _addresses(position: Mapping[str, Any]) -> list[str]:
    return [text(item.get("value")) or "" for item in _objects(position.get("emails"))]


def _same_host(one: str, other: str) -> bool:
    one, other = one.lower(), other.lower()
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")


def _positions(parts: Mapping[str, str], record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The current positions, those at the company that was asked about first."""
    positions = _objects(record.get("currentPositions"))
    asked = parts.get("company") or parts.get("domain")
    return sorted(
        positions,
        key=lambda one: (
            one.get("matchedQuery") is not True,
            bool(asked) and not _works_there(parts, one),
        ),
    )


def _words(name: str) -> set[str]:
    """The words of a name without accents, case and punctuation."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    plain = "".join(character for character in plain if not unicodedata.combining(character))
    return set(re.findall(r"\w+", plain))


def _objects(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
