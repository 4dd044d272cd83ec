"""LeadLeap in the shared suite."""

from __future__ import annotations

from typing import ClassVar

from leadkit.sandbox import Person, Sandbox
from tests.providers.suite.search import SearchSuite
from tests.providers.suite.step import Rows, StepSuite


def sold(box: Sandbox) -> list[Person]:
    return [person for person in box.world.known_to("leadleap") if person.company and not person.deleted]


class TestValidateEmails(StepSuite):
    provider, step, path = "leadleap", "validate_emails", "/email/validate"
    columns: ClassVar = {"email": "Email"}
    answer, unanswered = "leadleap_email_verdict", "not checked"
    says_cost = True  # with a price of one's own
    settings: ClassVar = {"LEADKIT_LEADLEAP_VALIDATION_CREDITS": "0.2"}
    sandbox: ClassVar = {"validation_millicredits": 200}

    def rows(self, box: Sandbox) -> Rows:
        verdicts = {"ok": "valid", "mailbox_not_found": "invalid", "domain_not_found": "invalid"}
        return [
            {"Email": person.email, "Answer": verdicts[person.mailbox]}
            for person in box.world.people
            if person.email and person.mailbox in verdicts
        ]


class Leads(StepSuite):
    provider = "leadleap"
    columns: ClassVar = {"lead_id": "Lead"}
    answer = "leadleap_full_name"

    def rows(self, box: Sandbox) -> Rows:
        return [{"Lead": person.lead_id, "Answer": person.full_name} for person in sold(box)]


class TestUnlock(Leads):
    step, path = "unlock", "/leads/unlock"


class TestEnrich(Leads):
    step, path = "enrich", "/leads/enrich"


class TestExport(Leads):
    step, path = "export", "/leads/export"


class TestSearchPeople(SearchSuite):
    provider, step, path = "leadleap", "search_people", "/leads"
    filters: ClassVar = {"country": "US"}

    def expected(self, box: Sandbox) -> set[str]:
        return {person.lead_id for person in sold(box) if person.country.code == "US"}
