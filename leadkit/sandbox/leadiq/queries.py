"""The six queries: what each finds, and what goes on its bill."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from leadkit.sandbox.account import MILLICREDITS_PER_CREDIT, Account
from leadkit.sandbox.clock import iso, month
from leadkit.sandbox.leadiq import filters
from leadkit.sandbox.leadiq.bill import Bill, has_company_information
from leadkit.sandbox.leadiq.companies import company_id, company_info, company_row
from leadkit.sandbox.leadiq.identity import Directory, directory_of
from leadkit.sandbox.leadiq.people import (
    GOOD_STATUSES,
    has_phone,
    has_work_email,
    person_id,
    person_record,
    search_row,
)
from leadkit.sandbox.leadiq.refusal import Refusal
from leadkit.sandbox.world import Company, Person, World

if TYPE_CHECKING:
    from leadkit.sandbox.leadiq.api import LeadIQ

#: A query that costs something in some case: its input, the paths selected below it, and its bill → its answer.
Search = Callable[[dict[str, Any], frozenset[str], Bill], dict[str, Any]]

#: LeadIQ's names for what it sells, in its price list.
_DATA_POINTS = {
    "Profile": "profile",
    "PersonEmail": "email",
    "PersonPhone": "phone",
    "Company": "company",
    "EmailReverification": "verify",
}
#: Where the rows of a flat search have companies.
_EMPLOYERS = (
    "people.company.",
    "people.personJobChange.previousPosition.company.",
    "people.personJobChange.currentPosition.company.",
)


class Queries:
    """What LeadIQ finds among the people of the world that it knows."""

    def __init__(self, world: World, leadiq: LeadIQ) -> None:
        self._world = world
        self._leadiq = leadiq
        self.paid: Mapping[str, Search] = {
            "searchPeople": self._search_people,
            "searchCompany": self._search_company,
            "flatAdvancedSearch": self._flat_search,
            "groupedAdvancedSearch": self._grouped_search,
        }

    @property
    def directory(self) -> Directory:
        return directory_of(self._world)

    def account(self, account: Account, now: float) -> dict[str, Any]:
        used = account.used_millicredits // MILLICREDITS_PER_CREDIT  # an Int: tenths do not show
        plan = {
            "name": "Pro",
            "status": "Active",
            "nextBillingPeriod": iso(month(now)[1].timestamp()),
        }
        points = [
            {"dataPoint": name, "cost": price // MILLICREDITS_PER_CREDIT, "costInDecimals": price / 1000}
            for name, operation in _DATA_POINTS.items()
            for price in [self._leadiq.prices[operation]]
        ]
        credits_plan = plan | {
            "available": account.limit_millicredits // MILLICREDITS_PER_CREDIT - used,
            "used": used,
            "visibility": [{"sku": "Api", "dataPoints": list(_DATA_POINTS)}],
            "costs": [{"sku": "Api", "costs": points}],
        }
        universal = account.plan == "universal"
        return {
            "plans": [{"__typename": "ApiPlan", "product": "Api", **plan, "name": "Starter Annual"}],
            "dataHubPlan": None if universal else {"product": "DataHub", **credits_plan},
            "universalPlan": {"product": "Universal", **credits_plan} if universal else None,
        }

    def preview(self, wanted: dict[str, Any], selected: frozenset[str]) -> dict[str, Any]:
        if not selected & {"hasEmail", "hasPhone"}:
            raise Refusal(400, "At least one of hasEmail or hasPhone must be selected.")
        company = {"name": wanted.get("companyName"), "domain": wanted.get("companyDomain")}
        matches = self.directory.find_people({**wanted, "company": company})
        if not matches:
            return {}
        person = matches[0].person
        return {
            "personId": person_id(person),
            "hasEmail": has_work_email(person),
            "hasPhone": has_phone(person),
        }

    def _search_people(self, wanted: dict[str, Any], selected: frozenset[str], bill: Bill) -> dict[str, Any]:
        rows = filters.page(wanted)
        least = wanted.get("minConfidence") or 0
        records = [
            person_record(match.person, wanted, match.companies, match.confidence)
            for match in self.directory.find_people(wanted)
            if match.confidence >= least
        ]
        found = [record for record in records if _has_what_is_wanted(record, wanted)]
        below = _below("results.", selected)
        for record in found[rows]:
            if self._leadiq.options.company_info_fails:
                for position in record["currentPositions"] + record["pastPositions"]:
                    position["companyInfo"] = _failing
            bill.add_person(record, below)
        return {"totalResults": len(found), "hasMore": len(found) > rows.stop, "results": found[rows]}

    def _search_company(self, wanted: dict[str, Any], selected: frozenset[str], bill: Bill) -> dict[str, Any]:
        found = self.directory.find_companies(wanted)
        rows = found[: filters.MAX_LIMIT]  # the input has no skip or limit
        if _below("results.", selected):
            bill.add_companies(
                map(company_id, rows), with_information=has_company_information(selected, "results.")
            )
        return {
            "totalResults": len(found),
            "hasMore": len(found) > len(rows),
            "results": [company_info(company) for company in rows],
        }

    def _flat_search(self, wanted: dict[str, Any], selected: frozenset[str], bill: Bill) -> dict[str, Any]:
        job_changes = self._leadiq.options.job_changes
        found = filters.search(self.directory.people, wanted, job_changes=job_changes)
        people = found[filters.page(wanted)]
        bill.add_rows([person_id(person) for person in people])  # also when no more than a count is selected
        if any(has_company_information(selected, prefix) for prefix in _EMPLOYERS):
            companies = dict.fromkeys(company_id(person.company) for person in people if person.company)
            bill.add_companies(companies, with_information=True)
        return {
            "totalPeople": len(found),
            "people": [search_row(person, job_changes=job_changes) for person in people],
        }

    def _grouped_search(self, wanted: dict[str, Any], selected: frozenset[str], bill: Bill) -> dict[str, Any]:
        found = filters.search(self.directory.people, wanted, job_changes=False)
        by_company: dict[Company, list[Person]] = {}
        for person in found:
            if person.company:
                by_company.setdefault(person.company, []).append(person)
        ordered = filters.sorted_companies(by_company, wanted.get("sortCompaniesBy") or [])
        rows = ordered[filters.page(wanted)]
        most = filters.page({"limit": wanted.get("limitPerCompany")})
        with_information = any(
            has_company_information(selected, prefix)
            for prefix in ("companies.company.", "companies.people.company.")
        )
        bill.add_companies(map(company_id, rows), with_information=with_information)
        groups = []
        for company in rows:
            people = by_company[company]
            shown = people[most]
            if "companies.people" in selected:
                bill.add_rows([person_id(person) for person in shown])
            groups.append(
                {
                    "company": company_row(company),
                    "people": [search_row(person, job_changes=False) for person in shown],
                    "totalContactsInCompany": len(people),
                }
            )
        return {"totalCompanies": len(ordered), "companies": groups}


def _below(prefix: str, selected: frozenset[str]) -> frozenset[str]:
    return frozenset(path.removeprefix(prefix) for path in selected if path.startswith(prefix))


def _failing(_info: object) -> Any:
    raise Refusal(500, "Company information is not available.")


def _has_what_is_wanted(record: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """The parts of a SearchPeopleInput that leave people out."""
    emails = [email for position in record["currentPositions"] for email in position["emails"]]
    work_phones = [phone for position in record["currentPositions"] for phone in position["phones"]]
    good = [email for email in emails if email["status"] in GOOD_STATUSES]
    has = {
        "HasWorkEmail": bool(good),
        "HasVerifiedWorkEmail": any(email["status"] == "Verified" for email in good),
        "HasVerifiedWorkPhone": any(p["verificationStatus"] == "LikelyAccurate" for p in work_phones),
        "HasPersonalPhone": any(phone["value"] for phone in record["personalPhones"]),
        "HasWorkPhone": bool(work_phones),
        "HasPersonalEmail": bool(record["personalEmails"]),
    }
    return (
        all(has[name] for name in wanted.get("profileFilter") or ())
        and (not wanted.get("containsWorkContactInfo") or bool(good or work_phones))
        and (not wanted.get("workEmailStatusIn") or bool(emails))
    )
