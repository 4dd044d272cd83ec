"""Who or what a query means: the people and companies behind names, addresses and links."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from leadkit.sandbox import spelling
from leadkit.sandbox.alike import digits, domain_name, firm_name, profile_name, spellings
from leadkit.sandbox.leadiq import companies as company_side
from leadkit.sandbox.leadiq import people as people_side
from leadkit.sandbox.leadiq.companies import PROVIDER
from leadkit.sandbox.leadiq.refusal import Refusal
from leadkit.sandbox.world import Company, Job, Person, World

_EXACT, _BY_COMPANY, _BY_COMPANY_NAME, _BY_PAST_COMPANY, _BY_NAME_ALONE = 100, 95, 88, 75, 45


@dataclass(frozen=True)
class Match:
    """Somebody whom a query may mean. ``companies`` are world ids of those that fitted."""

    person: Person
    confidence: int
    companies: frozenset[str]


class Directory:
    """The people and companies that LeadIQ knows, by everything that they can be asked for by."""

    def __init__(self, people: Sequence[Person]) -> None:
        self.people = people
        self._by: dict[str, dict[str, list[Person]]] = defaultdict(lambda: defaultdict(list))
        companies: dict[str, Company] = {}
        for person in people:
            self._add(person)
            companies.update((job.company.id, job.company) for job in people_side.jobs(person))
        self.companies = list(companies.values())

    def _add(self, person: Person) -> None:
        self._note("id", people_side.person_id(person), person)
        self._note("linkedinUrl", profile_name(person.linkedin_url), person)
        self._note("linkedinId", people_side.linkedin_id(person), person)
        old = person.previous_job and person.previous_job.email
        for email in {person.email, person.second_email, old} - {None}:
            self._note("email", str(email).lower(), person)
            self._note("hashedEmail", hashlib.sha256(str(email).lower().encode()).hexdigest(), person)
        if person.phone:
            self._note("phone", digits(person.phone), person)
        spelled = " ".join(spelling.names(PROVIDER, person))
        for name in spellings(person.full_name) | spellings(spelled):
            self._note("name", name, person)

    def _note(self, kind: str, key: str, person: Person) -> None:
        self._by[kind][key].append(person)

    # -- people ---------------------------------------------------------------------------------------------

    def find_people(self, wanted: Mapping[str, Any]) -> list[Match]:
        """Whom a SearchPeopleInput means, the likeliest first.

        The most precise identity that finds somebody decides: id, LinkedIn, e-mail, phone, then name with company.
        Raises Refusal when the input holds no identity at all.
        """
        read: Mapping[str, Callable[[str], str]] = {
            "id": str,
            "linkedinUrl": profile_name,
            "linkedinId": str,
            "email": str.lower,
            "hashedEmail": str.lower,
            "phone": digits,
        }
        given = [kind for kind in read if wanted.get(kind)]
        for kind in given:
            found = self._by[kind].get(read[kind](wanted[kind].strip()), [])
            if found:
                return [Match(person, _EXACT, _present(person)) for person in found]
        name = full_name(wanted)
        company = wanted.get("company") or {}
        by_name = bool(name) and any(company.get(key) for key in _COMPANY_KEYS)
        if not by_name and not given:
            raise Refusal(
                400,
                "Provide an id, a linkedinUrl, an email, or a first and last name with a company's name or domain.",
            )
        return self._by_name(name, company) if by_name else []

    def _by_name(self, name: str, company: Mapping[str, Any]) -> list[Match]:
        namesakes = list({p.id: p for key in spellings(name) for p in self._by["name"].get(key, [])}.values())
        matches = []
        for person in namesakes:
            here = [job for job in people_side.jobs(person) if employs(job.company, company)]
            if here:
                confidence = _BY_COMPANY if _precise(company) else _BY_COMPANY_NAME
                matches.append(Match(person, confidence, _ids(here)))
                continue
            was = person.previous_job
            if company.get("searchInPastCompanies") and was and employs(was.company, company):
                matches.append(Match(person, _BY_PAST_COMPANY, _ids([was])))
        if matches or company.get("strict"):
            return sorted(matches, key=lambda match: -match.confidence)
        # UNKNOWN: what is found when no company fits. Not strict means that it need not, so anybody of the name.
        return [Match(person, _BY_NAME_ALONE, frozenset()) for person in namesakes]

    # -- companies ------------------------------------------------------------------------------------------

    def find_companies(self, wanted: Mapping[str, Any]) -> list[Company]:
        """What a SearchCompanyInput means. Strict: all that is given fits, else: any of it."""
        if not any(wanted.get(key) for key in ("id", "name", "domain", "linkedinId", "linkedinUrl")):
            raise Refusal(400, "Provide a company's id, name, domain, linkedinId or linkedinUrl.")
        details = {"companyId": wanted.get("id"), **wanted}
        return [company for company in self.companies if employs(company, details)]


@lru_cache(maxsize=4)
def directory_of(world: World) -> Directory:
    """The directory of a world; nothing in it changes, so the sandboxes of one world share it."""
    return Directory([person for person in world.known_to(PROVIDER) if not person.deleted])


def employs(company: Company, wanted: Mapping[str, Any]) -> bool:
    """Whether ``company`` is the one that the details are about: all of them when strict, else any of them."""
    fits = [test(company, wanted[key].strip()) for key, test in _TESTS.items() if wanted.get(key)]
    country = wanted.get("country")
    if country and country.casefold() not in (company.country.code.lower(), company.country.name.lower()):
        return False
    return bool(fits) and (all(fits) if wanted.get("strict") else any(fits))


def _same_name(company: Company, name: str) -> bool:
    known = company.name, spelling.company_name(PROVIDER, company)
    return any(firm_name(name) == firm_name(one) for one in known)


_TESTS = {
    "companyId": lambda company, text: company_side.company_id(company) == text,
    "domain": lambda company, text: company.domain == domain_name(text),
    "emailDomain": lambda company, text: company.domain == domain_name(text),
    "linkedinId": lambda company, text: company_side.linkedin_id(company) == text,
    "linkedinUrl": lambda company, text: profile_name(company.linkedin_url) == profile_name(text),
    "name": _same_name,
}
_COMPANY_KEYS = tuple(_TESTS)


def _precise(company: Mapping[str, Any]) -> bool:
    return any(company.get(key) for key in _COMPANY_KEYS if key != "name")


def _ids(jobs: Iterable[Job]) -> frozenset[str]:
    return frozenset(job.company.id for job in jobs)


def _present(person: Person) -> frozenset[str]:
    return _ids(people_side.jobs(person)[:1])


def full_name(wanted: Mapping[str, Any]) -> str:
    """The name that is asked for; empty when a part of it is missing."""
    if wanted.get("firstName") and wanted.get("lastName"):
        return f"{wanted['firstName']} {wanted['lastName']}"
    return str(wanted.get("fullName") or "")
