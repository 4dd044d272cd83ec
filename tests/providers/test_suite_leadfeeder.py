"""Leadfeeder in the shared suite."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import ClassVar

import pandas as pd

from leadkit.plan import make_plan
from leadkit.sandbox import Company, Person, Sandbox, spelling
from leadkit.sandbox.leadfeeder import records
from leadkit.sandbox.leadfeeder.directory import directory_of
from tests.providers.suite.search import SearchSuite
from tests.providers.suite.step import Rows, StepSuite
from tests.providers.suite.world import scene


def companies(box: Sandbox) -> list[Company]:
    return [one for one in directory_of(box.world).companies if not records.must_not_contact(one)]


def people(box: Sandbox) -> list[Person]:
    """People who may be contacted, and so may their company; each with an address."""
    return [
        person
        for person in directory_of(box.world).people
        if not records.must_not_contact(person) and records.work_email(person)
    ]


def full_name(person: Person) -> str:
    return " ".join(spelling.names("leadfeeder", person))


class TestMatchCompaniesByDomain(StepSuite):
    provider, step, path = "leadfeeder", "match_companies", "/companies/match"
    columns: ClassVar = {"domain": "Domain"}
    answer = "leadfeeder_company_id"

    def rows(self, box: Sandbox) -> Rows:
        return [{"Domain": one.domain, "Answer": records.company_id(one)} for one in companies(box)]


class TestCompanyDetails(StepSuite):
    provider, step, path = "leadfeeder", "company_details", "/companies*"
    columns: ClassVar = {"company_id": "Id"}
    answer = "leadfeeder_company_name"

    def rows(self, box: Sandbox) -> Rows:
        return [
            {"Id": records.company_id(one), "Answer": spelling.company_name("leadfeeder", one)}
            for one in companies(box)
        ]


class TestFindPeopleByEmail(StepSuite):
    provider, step, path = "leadfeeder", "find_people", "/contacts/search"
    columns: ClassVar = {"email": "Email"}
    answer = "leadfeeder_full_name"

    def rows(self, box: Sandbox) -> Rows:
        return [{"Email": records.work_email(one), "Answer": full_name(one)} for one in people(box)]


class TestFindPeopleByNameAndDomain(StepSuite):
    provider, step, path = "leadfeeder", "find_people", "/contacts/search"
    columns: ClassVar = {"full_name": "Name", "domain": "Domain"}
    answer = "leadfeeder_full_name"

    def rows(self, box: Sandbox) -> Rows:
        found = []
        names = Counter(person.full_name for person in directory_of(box.world).people)
        for person in people(box):
            job = spelling.job("leadfeeder", person)
            if job and names[person.full_name] == 1 and full_name(person) == person.full_name:
                found.append(
                    {"Name": person.full_name, "Domain": job.company.domain, "Answer": person.full_name}
                )
        return found


class TestFindPeopleByNameAndCompanyId(StepSuite):
    provider, step, path = "leadfeeder", "find_people", "/contacts/search"
    columns: ClassVar = {"full_name": "Name", "company_id": "Company id"}
    answer = "leadfeeder_full_name"

    def rows(self, box: Sandbox) -> Rows:
        def place(person: Person) -> tuple[str, str] | None:
            job = spelling.job("leadfeeder", person)
            return (full_name(person), records.company_id(job.company)) if job else None

        times = Counter(map(place, directory_of(box.world).people))
        alone = [there for there in map(place, people(box)) if there and times[there] == 1]
        return [{"Name": name, "Company id": company, "Answer": name} for name, company in alone]


class TestUnlock(StepSuite):
    provider, step, path = "leadfeeder", "unlock", "/contacts*"
    columns: ClassVar = {"lead_id": "Id"}
    answer = "leadfeeder_full_name"

    def rows(self, box: Sandbox) -> Rows:
        return [{"Id": records.contact_id(one), "Answer": full_name(one)} for one in people(box)]


class TestSearchPeople(SearchSuite):
    provider, step, path = "leadfeeder", "search_people", "/contacts/search"
    filters: ClassVar = {"departments": "sales_department"}

    def expected(self, box: Sandbox) -> set[str]:
        found = []
        for person in directory_of(box.world).people:
            job = spelling.job("leadfeeder", person)
            if job and job.department == "Sales":
                found.append(records.contact_id(person))
        return set(found)


class TestSearchCompanies(SearchSuite):
    provider, step, path = "leadfeeder", "search_companies", "/companies/search"
    filters: ClassVar = {"has_phone": True}

    def expected(self, box: Sandbox) -> set[str]:
        return {records.company_id(one) for one in companies(box)}


def test_colleagues_of_one_name_are_counted_and_none_of_them_is_chosen(tmp_path: Path) -> None:
    with scene(tmp_path / "home", {}, {}) as opened:
        jobs = [(one, spelling.job("leadfeeder", one)) for one in people(opened.box)]
        called = Counter((full_name(one), job.company.domain) for one, job in jobs if job)
        (name, domain), times = called.most_common(1)[0]
        assert times > 1
        frame = pd.DataFrame({"Name": [name], "Domain": [domain]})
        columns = {"full_name": "Name", "domain": "Domain"}
        done = make_plan(frame, "find_people", columns, via="leadfeeder", workspace=opened.workspace()).run(
            at_most=0
        )
        row = done.frame.iloc[0]
        assert row["leadfeeder_find_people_status"] == "ambiguous"
        assert row["leadfeeder_matches"] == times
        assert f"{times} people match" in row["leadfeeder_find_people_note"]
        assert pd.isna(row["leadfeeder_contact_id"])
        assert pd.isna(row["leadfeeder_full_name"])


def test_people_are_found_in_the_companies_that_were_matched_before(tmp_path: Path) -> None:
    with scene(tmp_path / "home", {}, {}) as opened:
        known = {one.domain for one in companies(opened.box)}
        jobs = [(one, spelling.job("leadfeeder", one)) for one in people(opened.box)]
        someone, job = next((one, job) for one, job in jobs if job and job.company.domain in known)
        first, last = spelling.names("leadfeeder", someone)
        frame = pd.DataFrame({"First": [first], "Last": [last], "Domain": [job.company.domain]})
        workspace = opened.workspace()
        matched = frame.leads.match_companies(domain="Domain", workspace=workspace).run(at_most=0).frame
        plan = matched.leads.find_people(
            first_name="First",
            last_name="Last",
            company_id="leadfeeder_company_id",
            via="leadfeeder",
            workspace=workspace,
        )
        found = plan.run(at_most=0).frame.iloc[0]
        assert found["leadfeeder_contact_id"] == records.contact_id(someone)
        assert "company id agrees" in found["leadfeeder_match_reasons"]
