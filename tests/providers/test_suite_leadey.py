"""Leadey in the shared suite."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, ClassVar

from leadkit.sandbox import Sandbox
from leadkit.sandbox.leadey.workspace import Workspace
from tests.providers.suite.search import SearchSuite
from tests.providers.suite.step import Rows, StepSuite


def leads_of(box: Sandbox) -> dict[str, list[dict[str, Any]]]:
    """Address → the person's leads, oldest first; a person is a lead once in each campaign."""
    found = defaultdict(list)
    for lead in reversed(Workspace(box.world).leads):
        if lead["email"] and lead["company"]:
            found[lead["email"]].append(lead)
    return found


class TestKnownByEmail(StepSuite):
    provider, step, path = "leadey", "known", "/v1/leads"
    columns: ClassVar = {"email": "Email"}
    answer = "leadey_since"

    def rows(self, box: Sandbox) -> Rows:
        return [{"Email": email, "Answer": leads[0]["createdAt"]} for email, leads in leads_of(box).items()]


class TestKnownByNameAndCompany(StepSuite):
    provider, step, path = "leadey", "known", "/v1/leads"
    columns: ClassVar = {"full_name": "Name", "company": "Company"}
    answer = "leadey_since"

    def rows(self, box: Sandbox) -> Rows:
        called = defaultdict(list)
        for leads in leads_of(box).values():
            called[leads[0]["name"], leads[0]["company"]].append(leads)
        return [
            {"Name": name, "Company": company, "Answer": leads[0]["createdAt"]}
            for (name, company), (leads, *namesakes) in called.items()
            if not namesakes
        ]


class TestSearchPeople(SearchSuite):
    provider, step, path = "leadey", "search_people", "/v1/contacts"
    filters: ClassVar = {}

    def expected(self, box: Sandbox) -> set[str]:
        return {contact["id"] for contact in Workspace(box.world).contacts}


class TestSearchCompanies(SearchSuite):
    provider, step, path = "leadey", "search_companies", "/v1/companies"
    filters: ClassVar = {}

    def expected(self, box: Sandbox) -> set[str]:
        return {company["id"] for company in Workspace(box.world).companies}
