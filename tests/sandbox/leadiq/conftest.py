"""A plain client of LeadIQ's two hosts, made of nothing but requests."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest
import requests

from leadkit.sandbox import Sandbox
from leadkit.sandbox.leadiq import people
from leadkit.sandbox.world import Person

#: What the guide's own example asks for.
SEARCH = """query SearchPerson($input: SearchPeopleInput!) { searchPeople(input: $input) {
  totalResults hasMore results { %s } } }"""
PROFILE = (
    "id name { fullName first last } currentPositions { title seniority function } linkedin { linkedinUrl }"
)
EMAILS = "currentPositions { emails { value status type } }"
PHONES = "currentPositions { phones { value type verificationStatus } } personalPhones { value type status }"
COMPANY = "currentPositions { companyInfo { id name domain } }"


class LeadIQ:
    """Both hosts with one key."""

    def __init__(self, environ: dict[str, str], key: str) -> None:
        self.graphql_url = environ["LEADKIT_LEADIQ_URL"]
        self.rest_url = environ["LEADKIT_PROSPECTOR_URL"] + "/v1"
        self.session = requests.Session()
        self.session.trust_env = False
        self.key = key

    def post(self, body: Any, **headers: str) -> requests.Response:
        given = {"Authorization": f"Basic {self.key}", **headers}
        return self.session.post(self.graphql_url, json=body, headers=given, timeout=10)

    def query(self, text: str, **variables: Any) -> Any:
        """The body of the answer."""
        return self.post({"query": text, "variables": variables}).json()

    def people(self, fields: str, **wanted: Any) -> Any:
        """What searchPeople found; fails on an error."""
        body = self.query(SEARCH % fields, input=wanted)
        assert "errors" not in body, body["errors"]
        return body["data"]["searchPeople"]

    def status(self, text: str, **variables: Any) -> int:
        """The status of the first error, where LeadIQ's samples look for it."""
        body = self.query(text, **variables)
        assert not body.get("data")
        return int(body["errors"][0]["extensions"]["response"]["status"])

    def rest(self, method: str, path: str, body: Any = None, **query: Any) -> requests.Response:
        decoded = base64.b64decode(self.key).decode()
        return self.session.request(
            method, self.rest_url + path, json=body, params=query, headers={"X-API-Key": decoded}, timeout=10
        )


@pytest.fixture
def connect() -> Callable[..., LeadIQ]:
    def to(box: Any, key: str | None = None) -> LeadIQ:
        return LeadIQ(box.environ, box.environ["LEADIQ_API_KEY"] if key is None else key)

    return to


@pytest.fixture
def leadiq(box: Sandbox, connect: Callable[..., LeadIQ]) -> LeadIQ:
    return connect(box)


@pytest.fixture
def known(box: Sandbox) -> list[Person]:
    """Everybody whom LeadIQ can find."""
    return [p for p in box.world.known_to("leadiq") if not p.deleted]


@pytest.fixture
def reachable(known: list[Person]) -> list[Person]:
    """People with one job, one good work e-mail and one mobile phone at LeadIQ."""
    return [
        p
        for p in known
        if p.job and not p.second_job and not p.previous_job and not p.second_email
        if [e["value"] for e in people.work_emails(p, p.job) if e["status"] != "Suppressed"] == [p.email]
        if people.has_work_email(p) and [one["value"] for one in people.personal_phones(p)] == [p.phone]
    ]
