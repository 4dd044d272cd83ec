"""LeadIQ in the shared suite. It never says what a call cost, so that its receipts give limits."""

from __future__ import annotations

import itertools
from collections import Counter
from pathlib import Path
from typing import ClassVar

import pandas as pd

from leadkit.plan import make_plan
from leadkit.sandbox import Company, Person, Sandbox, spelling
from leadkit.sandbox.leadiq import companies, people
from leadkit.sandbox.world import plain, share
from tests.providers.suite.search import SearchSuite
from tests.providers.suite.step import Rows, StepSuite
from tests.providers.suite.world import scene


def complete(box: Sandbox) -> list[Person]:
    """People of whom LeadIQ has all that it sells, with one job, and no colleague of their name."""
    names = Counter((plain(person.full_name), person.company) for person in box.world.people)
    return [
        person
        for person in box.world.known_to("leadiq")
        if not person.deleted
        and person.email
        and person.company
        and person.second_job is None
        and names[plain(person.full_name), person.company] == 1
        and people.has_work_email(person)
        and people.has_phone(person)
    ]


def full_name(person: Person) -> str:
    return " ".join(spelling.names("leadiq", person))


class People(StepSuite):
    """By one identity or another, always with the name as the answer."""

    provider, path = "leadiq", "/graphql"
    before = 2  # what the account pays, and whose it is
    answer = "leadiq_full_name"
    says_cost = False

    def rows(self, box: Sandbox) -> Rows:
        return [
            {**self.cells(person, person.company), "Answer": full_name(person)}
            for person in complete(box)
            if person.company
        ]

    def cells(self, person: Person, company: Company) -> dict[str, str | None]:
        raise NotImplementedError


class TestFindPeopleByNameAndDomain(People):
    step = "find_people"
    columns: ClassVar = {"full_name": "Name", "domain": "Domain"}

    def cells(self, person: Person, company: Company) -> dict[str, str | None]:
        return {"Name": person.full_name, "Domain": company.domain}


class TestFindPeopleByNameAndCompanyWithEmail(People):
    step, want = "find_people", ("email",)
    columns: ClassVar = {"first_name": "First", "last_name": "Last", "company": "Company"}

    def cells(self, person: Person, company: Company) -> dict[str, str | None]:
        return {"First": person.first_name, "Last": person.last_name, "Company": company.name}


class TestFindPeopleByEmailWithPhone(People):
    step, want = "find_people", ("phone",)
    columns: ClassVar = {"email": "Email"}

    def cells(self, person: Person, company: Company) -> dict[str, str | None]:
        return {"Email": person.email}


class TestFindPeopleByProfileWithCompany(People):
    step, want = "find_people", ("company", "email")
    columns: ClassVar = {"linkedin": "Profile"}

    def cells(self, person: Person, company: Company) -> dict[str, str | None]:
        return {"Profile": person.linkedin_url, "Company": company.domain}

    def rows(self, box: Sandbox) -> Rows:
        """One of each company: its data is charged again with every person."""
        return list({row["Company"]: row for row in super().rows(box)}.values())


class TestUnlock(People):
    step, want = "unlock", ("email", "phone")
    columns: ClassVar = {"lead_id": "Id"}

    def cells(self, person: Person, company: Company) -> dict[str, str | None]:
        return {"Id": people.person_id(person)}


class TestValidateEmails(StepSuite):
    provider, step, path = "leadiq", "validate_emails", "/verify-email"
    columns: ClassVar = {"email": "Email"}
    answer, unanswered = "leadiq_email_verdict", "not checked"
    says_cost = False

    def rows(self, box: Sandbox) -> Rows:
        sure = [str(person.email) for person in complete(box) if person.mailbox == "ok"]
        return [
            {"Email": address, "Answer": "valid" if share(address, "verified") < 85 else "risky"}
            for address in sure
        ]


class TestCompanyDetails(StepSuite):
    provider, step, path = "leadiq", "company_details", "/graphql"
    before = 2
    columns: ClassVar = {"domain": "Domain"}
    answer = "leadiq_company_name"
    says_cost = False

    def rows(self, box: Sandbox) -> Rows:
        found = {person.company.id: person.company for person in complete(box) if person.company}
        return [
            {"Domain": company.domain, "Answer": spelling.company_name("leadiq", company)}
            for company in found.values()
        ]


class TestSearchPeople(SearchSuite):
    provider, step, path, before = "leadiq", "search_people", "/graphql", 2
    filters: ClassVar = {"locations": "Denmark"}

    def expected(self, box: Sandbox) -> set[str]:
        return {
            people.person_id(person)
            for person in box.world.known_to("leadiq")
            if person.country.code == "DK" and person.company and not person.deleted
        }


class TestSearchCompanies(SearchSuite):
    provider, step, path, before = "leadiq", "search_companies", "/graphql", 2
    filters: ClassVar = {"company_locations": "Germany"}

    def expected(self, box: Sandbox) -> set[str]:
        return {
            companies.company_id(job.company)
            for person in box.world.known_to("leadiq")
            if not person.deleted
            for job in people.jobs(person)[:1]
            if job.company.country.code == "DE"
        }


WANTS = [
    want
    for size in range(1, 5)
    for want in itertools.combinations(("profile", "email", "phone", "company"), size)
]


def test_each_set_of_data_points_costs_what_its_preview_says_and_fills_its_columns(tmp_path: Path) -> None:
    for want in WANTS:
        with scene(tmp_path / "-".join(want), {}, {}) as opened:
            some = complete(opened.box)[:3]
            frame = pd.DataFrame({"Email": [person.email for person in some]})
            workspace = opened.workspace()
            plan = make_plan(
                frame, "find_people", {"email": "Email"}, via="leadiq", want=want, workspace=workspace
            )
            done = plan.run(at_most=plan.preview.most / 1000)
            assert opened.box.charged("leadiq") == plan.preview.expected, want
            sold = {"email": "leadiq_email", "phone": "leadiq_phone", "company": "leadiq_company_domain"}
            for point, column in sold.items():
                assert (column in done.frame) == (point in want), want
                assert column not in done.frame or done.frame[column].notna().all(), want
