"""The companies and people that Leadfeeder knows: found by filters, by likeness, or by id."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

from leadkit.sandbox import spelling
from leadkit.sandbox.alike import domain_name, firm_name, folded
from leadkit.sandbox.leadfeeder import records
from leadkit.sandbox.leadfeeder.records import PROVIDER
from leadkit.sandbox.leadfeeder.wire import bad_request, texts
from leadkit.sandbox.names import revenue_usd
from leadkit.sandbox.world import Company, Person, World

#: UNKNOWN: from which score on a company counts as a match.
LEAST_SCORE = 0.5


class Directory:
    """Nothing in it changes; contacts are at the company where Leadfeeder believes them to be."""

    def __init__(self, world: World) -> None:
        self.people = [p for p in world.known_to(PROVIDER) if not p.deleted and p.company]
        self.people_of: dict[str, list[Person]] = defaultdict(list)
        companies: dict[str, Company] = {}
        for person in self.people:
            company = records.job_of(person).company
            companies[company.id] = company
            self.people_of[company.id].append(person)
        self.companies = [company for company in world.companies if company.id in companies]
        self._companies = {records.company_id(company): company for company in self.companies}
        self._companies |= {
            former: company for company in self.companies if (former := records.former_company_id(company))
        }
        self._contacts = {records.contact_id(person): person for person in self.people}

    def company(self, company_id: str) -> Company | None:
        """By its id, or by one that it had before."""
        return self._companies.get(company_id)

    def contact(self, contact_id: str) -> Person | None:
        return self._contacts.get(contact_id)

    def has_contacts(self, company: Company) -> bool:
        return bool(self.people_of[company.id])

    # -- searching ------------------------------------------------------------------------------------------

    def search_companies(self, body: Mapping[str, Any]) -> list[Company]:
        """The companies that fit the body of a search. Raises Refusal when it is malformed or has no filter."""
        given = _given(body, _COMPANY_TESTS)
        flags = _flags(body.get("filters"), self._company_flags)
        if not given and not flags:
            raise bad_request("At least one filter is required.")
        return [
            company
            for company in self.companies
            if all(_COMPANY_TESTS[name](company, value) for name, value in given.items())
            and all(self._company_flags[name](company) is value for name, value in flags.items())
        ]

    @property
    def _company_flags(self) -> Mapping[str, Callable[[Company], bool]]:
        return {
            "has_email": records.has_mail,
            "has_phone": lambda _company: True,
            "do_not_contact": records.must_not_contact,
            "has_contacts": self.has_contacts,
        }

    def search_contacts(self, body: Mapping[str, Any]) -> list[Person]:
        """The people who fit the body of a search. ``company_ids`` that are no array are ignored, as documented."""
        body = {
            name: value for name, value in body.items() if name != "company_ids" or isinstance(value, list)
        }
        given = _given(body, _CONTACT_TESTS)
        flags = _flags(body.get("filters"), _CONTACT_FLAGS)
        people = self.people
        if "company_ids" in body:
            ids = texts(body["company_ids"], "company_ids")
            wanted = {company.id for one in ids if (company := self.company(one))}
            people = [
                p for company in self.companies if company.id in wanted for p in self.people_of[company.id]
            ]
        return [
            person
            for person in people
            if all(_CONTACT_TESTS[name](person, value) for name, value in given.items())
            and all(_CONTACT_FLAGS[name](person) is value for name, value in flags.items())
        ]

    # -- matching -------------------------------------------------------------------------------------------

    def match(self, wanted: Mapping[str, Any], most: int) -> list[tuple[float, Company]]:
        """The likeliest companies first, each with a score of 0 to 1."""
        name, domain = str(wanted.get("company_name") or ""), domain_name(str(wanted.get("url") or ""))
        country = str(wanted.get("country_code") or wanted.get("country") or "").casefold()
        scored = []
        for company in self.companies:
            score = max(_name_score(company, name), 0.95 * (company.domain == domain))
            if score == 0.95 and _name_score(company, name) >= 0.8:
                score = 0.99
            if country and country not in (company.country.code.lower(), company.country.name.lower()):
                score -= 0.2
            if score >= LEAST_SCORE:
                scored.append((round(score, 2), company))
        return sorted(scored, key=lambda one: (-one[0], one[1].name))[:most]


def check_wanted(wanted: Any) -> None:
    """Raises Refusal when this is nothing that a company can be matched by."""
    keys = (
        "company_name", "url", "email", "phone", "vat_id", "register_id", "register_location", "street",
        "street_name", "street_number", "postal_code", "city", "country", "country_code",
    )  # fmt: skip
    if not isinstance(wanted, dict) or not all(isinstance(value, str) for value in wanted.values()):
        raise bad_request("Every entry of companies must be an object of strings.")
    if unknown := sorted(set(wanted) - set(keys)):
        raise bad_request(f"Unknown field of a company: {unknown[0]}.")
    if not any(wanted.get(key, "").strip() for key in ("company_name", "url", "vat_id", "register_id")):
        raise bad_request("Every company needs a company_name, url, vat_id or register_id.")


@lru_cache(maxsize=4)
def directory_of(world: World) -> Directory:
    """The directory of a world; sandboxes of one world share it."""
    return Directory(world)


def _name_score(company: Company, name: str) -> float:
    """0.9 for the same name, 0.85 without the legal form, and less the fewer words agree."""
    if not name.strip():
        return 0.0
    if folded(name) in (folded(company.name), folded(spelling.company_name(PROVIDER, company))):
        return 0.9
    ours, theirs = set(firm_name(company.name).split()), set(firm_name(name).split())
    return 0.85 * len(ours & theirs) / len(ours | theirs) if ours | theirs else 0.0


def _given(body: Mapping[str, Any], tests: Mapping[str, object]) -> dict[str, Any]:
    """The filters of the body that say something. An unknown one is refused."""
    if unknown := sorted(set(body) - set(tests) - {"filters", "company_ids"}):
        raise bad_request(f"Unknown filter: {unknown[0]}.")
    return {name: value for name, value in body.items() if name in tests and value not in (None, [], {})}


def _flags(given: Any, known: Mapping[str, object]) -> dict[str, bool]:
    if given is None:
        return {}
    if not isinstance(given, dict) or not all(isinstance(value, bool) for value in given.values()):
        raise bad_request("filters must be an object of true or false.")
    if unknown := sorted(set(given) - set(known)):
        raise bad_request(f"Unknown filter: {unknown[0]}.")
    return given


def _any_text(value: Any, name: str, fits: Callable[[str], bool]) -> bool:
    return any(fits(text) for text in texts(value, name))


def _has_term(company: Company, term: str) -> bool:
    names = (folded(company.name), folded(spelling.company_name(PROVIDER, company)))
    return any(folded(term) in name for name in names) or domain_name(term) == company.domain


def _in_industries(company: Company, value: Any) -> bool:
    if not isinstance(value, dict) or value.get("classification", "internal") not in (
        "internal",
        "nace",
        "wz",
    ):
        raise bad_request("industries must have a classification, internal, nace or wz, and codes.")
    code = records.industry_codes(company)[value.get("classification", "internal")]
    return _any_text(value.get("codes"), "industries.codes", code.startswith)


def _in_locations(company: Company, value: Any) -> bool:
    if not isinstance(value, list) or not all(isinstance(place, dict) for place in value):
        raise bad_request("locations must be an array of objects.")
    have = {"country_code": company.country.code, "city": company.city}
    return any(
        all(folded(str(text)) == folded(have.get(key, "")) for key, text in place.items()) for place in value
    )


def _in_revenue(company: Company, value: Any) -> bool:
    if not isinstance(value, dict):
        raise bad_request("revenue must be an object with min or max.")
    least, most = revenue_usd(company.revenue_range)
    return least >= value.get("min", 0) and (most is None or most <= value.get("max", most))


_COMPANY_TESTS: Mapping[str, Callable[[Company, Any], bool]] = {
    "search_terms": lambda c, terms: _any_text(terms, "search_terms", lambda term: _has_term(c, term)),
    "industries": _in_industries,
    "locations": _in_locations,
    "employee_ranges": lambda c, ranges: c.size in texts(ranges, "employee_ranges"),
    "revenue": _in_revenue,
    "icp_ids": lambda _company, ids: not texts(ids, "icp_ids"),  # nobody here has made a profile
}


def _title(person: Person) -> str:
    job = records.job_of(person)
    return folded(f"{job.title} {spelling.title(PROVIDER, person, job)}")


def _is_called(person: Person, term: str) -> bool:
    names = (folded(person.full_name), folded(" ".join(spelling.names(PROVIDER, person))))
    return any(folded(term) in name for name in names) or folded(term) in _title(person)


_CONTACT_TESTS: Mapping[str, Callable[[Person, Any], bool]] = {
    "search_terms": lambda p, terms: _any_text(terms, "search_terms", lambda term: _is_called(p, term)),
    "emails": lambda p, emails: (records.work_email(p) or "").lower() in _lowered(texts(emails, "emails")),
    "positions": lambda p, words: _any_text(words, "positions", lambda word: folded(word) in _title(p)),
    "departments": lambda p, codes: (
        records.DEPARTMENTS[records.job_of(p).department] in texts(codes, "departments")
    ),
    "hierarchy_levels": lambda p, codes: (
        records.HIERARCHY_LEVELS[records.job_of(p).level] in texts(codes, "hierarchy_levels")
    ),
    "buyer_persona_ids": lambda _person, ids: not texts(ids, "buyer_persona_ids"),
}
_CONTACT_FLAGS: Mapping[str, Callable[[Person], bool]] = {
    "has_email": lambda person: records.work_email(person) is not None,
    "has_phone": lambda person: person.phone is not None,
    "do_not_contact": records.must_not_contact,
}


def _lowered(words: Iterable[str]) -> set[str]:
    return {word.strip().lower() for word in words}
