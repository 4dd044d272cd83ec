"""What an account keeps in Prospector, and what may be written into it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from leadkit.sandbox.alike import domain_name, folded
from leadkit.sandbox.clock import iso
from leadkit.sandbox.leadiq.people import SENIORITIES
from leadkit.sandbox.leadiq.refusal import Refusal
from leadkit.sandbox.world import Company, World

MAX_LIST_NAME = 200
MAX_DESCRIPTION = 2000
MAX_NOTES = 5000

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_LINK = re.compile(r"https?://[^\s]+")
_EMAIL_STATUSES = ("Verified", "VerifiedLikely", "Unverified")
_TEXTS = (
    "firstName", "lastName", "workEmail", "emailStatus", "phone", "title", "seniority", "function", "company",
    "companyDomain", "companyIndustry", "companyId", "linkedinUrl", "notes", "personId",
)  # fmt: skip
_LOCATION = ("streetLine1", "streetLine2", "city", "state", "zip", "country", "formatted")


def checked_list(form: Any) -> dict[str, Any]:
    """The body of a new list. Raises Refusal with 400."""
    _refuse_unknown(form, ("name", "description"), 400)
    name = form.get("name")
    if not isinstance(name, str) or not 1 <= len(name) <= MAX_LIST_NAME:
        raise Refusal(400, f"name is required and must have 1 to {MAX_LIST_NAME} characters.")
    description = form.get("description")
    if "description" in form and not (isinstance(description, str) and len(description) <= MAX_DESCRIPTION):
        raise Refusal(400, f"description must be a string of at most {MAX_DESCRIPTION} characters.")
    return dict(form)


def checked_prospect(form: Any, status: int) -> dict[str, Any]:
    """A ProspectInput. Raises Refusal with ``status``, which differs between the operations."""
    _refuse_unknown(form, (*_TEXTS, "location"), status)
    for name in _TEXTS:
        if name in form and not (isinstance(form[name], str) and form[name].strip()):
            raise Refusal(status, f"{name} must be a string that is not empty.")
    for name in ("firstName", "lastName"):
        if name not in form:
            raise Refusal(status, f"{name} is required.")
    for name, pattern in (("workEmail", _EMAIL), ("linkedinUrl", _LINK)):
        if name in form and not pattern.fullmatch(form[name]):
            raise Refusal(status, f"{name} is malformed.")
    for name, words in (("emailStatus", _EMAIL_STATUSES), ("seniority", tuple(SENIORITIES.values()))):
        if name in form and form[name] not in words:
            raise Refusal(status, f"{name} must be one of {', '.join(words)}.")
    if len(form.get("notes", "")) > MAX_NOTES:
        raise Refusal(status, f"notes may have at most {MAX_NOTES} characters.")
    if "location" in form:
        _refuse_unknown(form["location"], _LOCATION, status, "location")
        if not all(isinstance(value, str) for value in form["location"].values()):
            raise Refusal(status, "Every part of location must be a string.")
    return dict(form)


def _refuse_unknown(form: Any, known: Iterable[str], status: int, what: str = "The body") -> None:
    if not isinstance(form, dict):
        raise Refusal(status, f"{what} must be a JSON object.")
    if unknown := sorted(set(form) - set(known)):
        raise Refusal(status, f"Unknown property: {unknown[0]}.")


@dataclass(frozen=True)
class Page:
    """``cursor`` is the id of the last entry that the caller has; None for the first page."""

    limit: int
    cursor: str | None


class Shelf:
    """One account's lists and prospects, oldest first."""

    def __init__(self, world: World) -> None:
        self._people = {person.email: person for person in world.people if person.email}
        self._companies = {company.domain: company for company in world.companies}
        self._lists: dict[str, dict[str, Any]] = {}
        self._prospects: dict[str, dict[str, Any]] = {}
        self._made = 0

    def _new_id(self) -> str:
        self._made += 1
        return f"{0x6627E3F1:08x}{self._made:016x}"

    # -- lists ----------------------------------------------------------------------------------------------

    def create_list(self, form: Mapping[str, Any], now: float) -> dict[str, Any]:
        if any(one["name"] == form["name"] for one in self._lists.values()):
            raise Refusal(409, f"A list named {form['name']!r} already exists.", "list_name_conflict")
        made = {
            "id": self._new_id(),
            "name": form["name"],
            "role": "owner",
            **({"description": form["description"]} if form.get("description") else {}),
            "createdAt": iso(now),
            "updatedAt": iso(now),
        }
        self._lists[made["id"]] = made
        return made

    def list(self, list_id: str) -> dict[str, Any]:
        return _found(self._lists, list_id, "List")

    def lists_page(self, page: Page) -> dict[str, Any]:
        return _paged(self._lists.values(), page)

    def members(self, list_id: str) -> Iterable[dict[str, Any]]:
        self.list(list_id)
        return [prospect for prospect in self._prospects.values() if list_id in prospect["listIds"]]

    def members_page(self, list_id: str, page: Page) -> dict[str, Any]:
        return _paged(self.members(list_id), page)

    # -- prospects ------------------------------------------------------------------------------------------

    def create_prospect(
        self, form: Mapping[str, Any], now: float, list_id: str | None = None
    ) -> dict[str, Any]:
        """Nothing is recognised as already there: the same prospect twice is two."""
        made = {
            "id": self._new_id(),
            **{name: form[name] for name in ("personId", "firstName", "lastName") if name in form},
            "name": f"{form['firstName']} {form['lastName']}",
            **{
                name: form[name]
                for name in ("title", "seniority", "function", "linkedinUrl", "notes")
                if name in form
            },
            **{name: form[name] for name in ("workEmail", "emailStatus") if name in form},
            "mobilePhones": self._phones(form),
            **({"location": form["location"]} if "location" in form else {}),
            "company": self._company(form),
            "listIds": [list_id] if list_id else [],
            "createdAt": iso(now),
            "updatedAt": iso(now),
        }
        self._prospects[made["id"]] = made
        return made

    def prospect(self, prospect_id: str) -> dict[str, Any]:
        return _found(self._prospects, prospect_id, "Prospect")

    def attach(self, prospect_id: str, list_id: str, now: float) -> dict[str, Any]:
        prospect = self.prospect(prospect_id)
        if list_id in prospect["listIds"]:
            return prospect
        return self.change(prospect, now, {"listIds": [*prospect["listIds"], list_id]})

    def change(self, prospect: dict[str, Any], now: float, changes: Mapping[str, Any]) -> dict[str, Any]:
        prospect.update(changes, updatedAt=iso(now))
        return prospect

    def prospects_page(self, wanted: Mapping[str, str], page: Page) -> dict[str, Any]:
        names = {"email": "workEmail", "firstName": "firstName", "lastName": "lastName"}
        found = [
            prospect
            for prospect in self._prospects.values()
            if all(folded(prospect.get(names[key], "")) == folded(value) for key, value in wanted.items())
        ]
        return _paged(found, page)

    def _phones(self, form: Mapping[str, Any]) -> Any:
        if "phone" not in form:
            return []
        person = self._people.get(form.get("workEmail", ""))
        known = "personId" in form and person is not None and person.phone == form["phone"]
        return [{"value": form["phone"], **({"status": "Verified"} if known else {})}]

    def _company(self, form: Mapping[str, Any]) -> dict[str, Any]:
        known: Company | None = self._companies.get(domain_name(form.get("companyDomain", "")))
        described = {
            "id": form.get("companyId"),
            "name": form.get("company"),
            "domain": form.get("companyDomain"),
            "industry": form.get("companyIndustry") or (known and known.industry),
            "employees": known and known.employee_count,
        }
        return {name: value for name, value in described.items() if value is not None}


def _found(entries: Mapping[str, dict[str, Any]], entry_id: str, kind: str) -> dict[str, Any]:
    if entry_id not in entries:
        raise Refusal(404, f"{kind} {entry_id} was not found.")
    return entries[entry_id]


def _paged(entries: Iterable[dict[str, Any]], page: Page) -> dict[str, Any]:
    """The next entries behind the cursor. A full page has a cursor, so the last page may be empty."""
    items = [entry for entry in entries if page.cursor is None or entry["id"] > page.cursor][: page.limit]
    return {"items": items, "nextCursor": items[-1]["id"] if len(items) == page.limit else None}
