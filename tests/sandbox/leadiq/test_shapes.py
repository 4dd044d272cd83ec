"""The sandbox's answers have the keys and types of LeadIQ's recorded ones, for the queries of its guide."""

from __future__ import annotations

from typing import Any

import pytest

from leadkit.sandbox.leadiq import companies as company_side
from leadkit.sandbox.leadiq.people import person_id
from tests.sandbox.shapes import assert_shaped_as

PLAN = "name product status nextBillingPeriod"
ACCOUNT = f"""query Account {{ account {{ plans {{ {PLAN} }} dataHubPlan {{ {PLAN} available used }}
  universalPlan {{ {PLAN} available used }} }} }}"""
PERSON = """query SearchPerson($input: SearchPeopleInput!) { searchPeople(input: $input) { totalResults hasMore
  results { id name { fullName first last } currentPositions { title seniority function
    companyInfo { id name domain } emails { value status type } phones { value type verificationStatus } }
    linkedin { linkedinUrl } } } }"""
FLAT = "query($input: FlatSearchInput!) { flatAdvancedSearch(input: $input) { totalPeople people { %s } } }"
GROUPED = """query($input: GroupedSearchInput!) { groupedAdvancedSearch(input: $input) { totalCompanies companies {
  totalContactsInCompany company { id name domain industry employeeCount }
  people { id name title seniority linkedinUrl } } } }"""
COMPANY = """query($input: SearchCompanyInput!) { searchCompany(input: $input) { totalResults results {
  id name domain industry numberOfEmployees locationInfo { city areaLevel1 country }
  fundingInfo { fundingTotalUsd lastFundingType } technologies { name category } } } }"""
PREVIEW = """query($input: SearchPeoplePreviewInput!) { searchPeoplePreview(input: $input) {
  personId hasEmail hasPhone } }"""
JOB_CHANGES = """id name linkedinUrl personJobChange { jobChangeType startedAt
  previousPosition { title company { id name } } currentPosition { title role seniority company { id name } } }"""


def test_the_account_is_shaped_as_recorded(box: Any, leadiq: Any) -> None:
    assert_shaped_as(leadiq.query(ACCOUNT), "leadiq/graphql_account_universal")
    box.set_plan("leadiq", "datahub")
    account = leadiq.query(ACCOUNT)
    assert_shaped_as(account, "leadiq/graphql_account")
    assert account["data"]["account"]["universalPlan"] is None


def test_people_are_shaped_as_recorded(leadiq: Any, reachable: Any) -> None:
    person = next(p for p in reachable if p.company)
    one = leadiq.query(PERSON, input={"email": person.email})
    for name in ("searchPeople", "searchPeople_ambiguous", "searchPeople_suppressed"):
        assert_shaped_as(one, f"leadiq/graphql_{name}")
    nobody = leadiq.query(PERSON, input={"email": "nobody@example.com"})
    assert_shaped_as(nobody, "leadiq/graphql_searchPeople_empty")


def test_searches_are_shaped_as_recorded(box: Any, leadiq: Any, known: Any) -> None:
    assert_shaped_as(leadiq.query(FLAT % "id", input={"limit": 2}), "leadiq/graphql_flatAdvancedSearch")
    assert_shaped_as(leadiq.query(GROUPED, input={"limit": 2}), "leadiq/graphql_groupedAdvancedSearch")
    domain = next(p.company.domain for p in known if p.company and company_side.funding(p.company))
    assert_shaped_as(leadiq.query(COMPANY, input={"domain": domain}), "leadiq/graphql_searchCompany")
    wanted = {"limit": 2, "jobChangeFilter": {"jobChangeTypes": ["JobChange"]}}
    assert_shaped_as(leadiq.query(FLAT % JOB_CHANGES, input=wanted), "leadiq/graphql_jobChanges_not_enabled")
    box.set_option("leadiq", "job_changes", True)
    assert_shaped_as(leadiq.query(FLAT % JOB_CHANGES, input=wanted), "leadiq/graphql_jobChanges")


def test_a_preview_is_shaped_as_recorded(leadiq: Any, reachable: Any) -> None:
    answer = leadiq.query(PREVIEW, input={"linkedinUrl": reachable[0].linkedin_url})
    assert_shaped_as(answer, "leadiq/graphql_searchPeoplePreview")


def test_errors_are_shaped_as_recorded(box: Any, leadiq: Any, connect: Any, reachable: Any) -> None:
    wanted = {"email": reachable[0].email}
    assert_shaped_as(leadiq.query(PERSON, input={}), "leadiq/graphql_200_with_error_400")
    stranger = connect(box, "bm9ib2R5")
    assert_shaped_as(stranger.query(PERSON, input=wanted), "leadiq/graphql_200_with_error_401")
    box.set_credits("leadiq", 0)
    assert_shaped_as(leadiq.query(PERSON, input=wanted), "leadiq/graphql_200_with_error_402")
    box.set_rate_limit("leadiq", 0)
    assert_shaped_as(leadiq.query(PERSON, input=wanted), "leadiq/graphql_200_with_error_429")
    assert_shaped_as(leadiq.post({}).json(), "leadiq/graphql_error_missing_query_string")


@pytest.fixture
def prospect(reachable: Any) -> dict[str, Any]:
    """A body with everything that the recorded answer says something of."""
    person = reachable[0]
    return {
        "firstName": person.first_name,
        "lastName": person.last_name,
        "personId": person_id(person),
        "title": person.title,
        "seniority": "VP",
        "function": person.department,
        "workEmail": person.email,
        "emailStatus": "Verified",
        "phone": "+16035550134",
        "location": {"city": "Concord", "state": "New Hampshire", "country": "United States"},
        "company": person.company.name,
        "companyDomain": person.company.domain,
    }


def test_prospector_is_shaped_as_recorded(leadiq: Any, prospect: Any) -> None:
    made = leadiq.rest("POST", "/lists", {"name": "Sales", "description": "Directors"}).json()
    assert_shaped_as(made, "leadiq/prospector_post_lists")
    members = f"/lists/{made['id']}/prospects"
    empty = leadiq.rest("GET", members).json()
    assert_shaped_as(empty, "leadiq/prospector_get_list_prospects_last")
    assert_shaped_as(leadiq.rest("POST", members, prospect).json(), "leadiq/prospector_post_list_prospect")
    batch = leadiq.rest("POST", f"{members}/batch", [prospect, {}]).json()
    assert_shaped_as(batch, "leadiq/prospector_post_batch_partial")
    page = leadiq.rest("GET", members, limit=1).json()
    assert_shaped_as(page, "leadiq/prospector_get_list_prospects_page1")
    verified = leadiq.rest("GET", "/verify-email", email=prospect["workEmail"]).json()
    assert_shaped_as(verified, "leadiq/prospector_get_verify_email")
    assert_shaped_as(leadiq.rest("GET", "/whoami").json(), "leadiq/prospector_get_whoami")


def test_prospectors_errors_are_shaped_as_recorded(box: Any, leadiq: Any, connect: Any) -> None:
    list_id = leadiq.rest("POST", "/lists", {"name": "Sales"}).json()["id"]
    nameless = leadiq.rest("POST", "/prospects", {"firstName": "Ann", "lastName": "Smith"}).json()
    answers = {
        "400": leadiq.rest("POST", "/lists", {}),
        "401": connect(box, "bm9ib2R5").rest("GET", "/whoami"),
        "404": leadiq.rest("GET", f"/lists/{'0' * 24}"),
        "409": leadiq.rest("POST", "/lists", {"name": "Sales"}),
        "409_no_email_to_verify": leadiq.rest("POST", f"/prospects/{nameless['id']}/verify-email"),
        "422": leadiq.rest("POST", f"/lists/{list_id}/prospects", {}),
    }
    box.set_rate_limit("leadiq", 0)
    answers["429"] = leadiq.rest("GET", "/lists")
    for name, answer in answers.items():
        assert_shaped_as(answer.json(), f"leadiq/prospector_error_{name}")
        assert answer.status_code == int(name[:3])
