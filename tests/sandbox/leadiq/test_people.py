"""searchPeople and searchPeoplePreview: who is found by what, and what is said of them."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from leadkit.sandbox.leadiq.people import linkedin_id, linkedin_url, person_id
from tests.sandbox.leadiq.conftest import COMPANY, EMAILS, PHONES, PROFILE

PREVIEW = "query($input: SearchPeoplePreviewInput!) { searchPeoplePreview(input: $input) { personId %s } }"


def ids(found: Any) -> list[str]:
    return [record["id"] for record in found["results"]]


@pytest.mark.parametrize(
    "identity",
    [
        lambda p: {"id": person_id(p)},
        lambda p: {"linkedinUrl": linkedin_url(p)},
        lambda p: {"linkedinUrl": f"{p.linkedin_url.upper()}/?trk=x"},
        lambda p: {"linkedinId": linkedin_id(p)},
        lambda p: {"email": p.email.upper()},
        lambda p: {"hashedEmail": hashlib.sha256(p.email.encode()).hexdigest()},
        lambda p: {"firstName": p.first_name, "lastName": p.last_name, "company": {"domain": p.company.domain}},
        lambda p: {"fullName": p.full_name.upper(), "company": {"name": p.company.name.rsplit(" ", 1)[0]}},
    ],
    ids=["id", "url", "other url", "linkedin id", "email", "hash", "domain", "company name"],
)  # fmt: skip
def test_anybody_known_is_found_by_any_identity(leadiq: Any, known: Any, identity: Any) -> None:
    for person in [p for p in known if p.email and p.company and not p.moved][:60:6]:
        assert person_id(person) in ids(leadiq.people("id", **identity(person)))


def test_people_that_leadiq_does_not_know_are_not_found(box: Any, leadiq: Any) -> None:
    stranger = next(p for p in box.world.people if "leadiq" not in p.known_to and p.email)
    assert leadiq.people("id", email=stranger.email) == {"totalResults": 0, "hasMore": False, "results": []}


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"firstName": "Jane", "lastName": "Doe"},
        {"firstName": "Jane", "company": {"domain": "a.example"}},
        {"company": {"name": "A"}},
        {"fullName": "Jane Doe", "company": {}},
    ],
    ids=str,
)
def test_less_than_an_identity_is_a_bad_request(leadiq: Any, wanted: Any) -> None:
    query = "query($input: SearchPeopleInput!) { searchPeople(input: $input) { totalResults } }"
    assert leadiq.status(query, input=wanted) == 400


def test_colleagues_of_one_name_are_both_found(box: Any, leadiq: Any, known: Any) -> None:
    by_name: dict[Any, list[Any]] = {}
    for person in known:
        if person.company:
            by_name.setdefault((person.full_name, person.company.id), []).append(person)
    colleagues = next(people for people in by_name.values() if len(people) > 1)
    person = colleagues[0]
    wanted = {"fullName": person.full_name, "company": {"domain": person.company.domain}}
    found = leadiq.people("id currentPositions { matchedQuery }", **wanted)
    assert set(ids(found)) == {person_id(p) for p in colleagues}
    assert all(record["currentPositions"][0]["matchedQuery"] for record in found["results"])
    first = leadiq.people("id", **wanted, limit=1)
    assert (first["totalResults"], first["hasMore"], ids(first)) == (2, True, ids(found)[:1])
    assert ids(leadiq.people("id", **wanted, limit=1, skip=1)) == ids(found)[1:]


def test_without_strict_a_namesake_elsewhere_is_found_for_a_company_that_does_not_fit(
    leadiq: Any, known: Any
) -> None:
    person = next(p for p in known if p.company)
    wanted = {"fullName": person.full_name, "company": {"name": "Nobody Knows Ltd"}}
    found = leadiq.people("id confidence currentPositions { matchedQuery }", **wanted)["results"]
    assert person_id(person) in [record["id"] for record in found]
    assert not any(position["matchedQuery"] for record in found for position in record["currentPositions"])
    assert leadiq.people("id", **wanted, minConfidence=80)["results"] == []
    strict = {**wanted, "company": {**wanted["company"], "strict": True}}
    assert leadiq.people("id", **strict)["results"] == []


def test_strict_means_that_every_detail_fits(leadiq: Any, known: Any) -> None:
    person = next(p for p in known if p.company)
    company = {"domain": person.company.domain, "name": "Something Else", "strict": True}
    assert leadiq.people("id", fullName=person.full_name, company=company)["results"] == []
    company["strict"] = False
    assert person_id(person) in ids(leadiq.people("id", fullName=person.full_name, company=company))


def test_somebody_who_moved_is_at_the_new_company_and_was_at_the_old(leadiq: Any, known: Any) -> None:
    person = next(p for p in known if p.moved)
    was = person.previous_job
    (record,) = leadiq.people(
        "id currentPositions { companyInfo { name } companyId } pastPositions { companyId dateRange { end } }",
        email=was.email,
    )["results"]
    assert record["id"] == person_id(person)
    assert record["currentPositions"][0]["companyId"] != record["pastPositions"][0]["companyId"]
    assert record["pastPositions"][0]["dateRange"]["end"] == f"{was.ended}T00:00Z"
    at_the_old = {"fullName": person.full_name, "company": {"domain": was.company.domain, "strict": True}}
    assert ids(leadiq.people("id", **at_the_old)) == []
    at_the_old["company"]["searchInPastCompanies"] = True
    assert person_id(person) in ids(leadiq.people("id", **at_the_old))


def test_some_people_have_two_jobs(leadiq: Any, known: Any) -> None:
    person = next(p for p in known if p.second_job)
    (record,) = leadiq.people("currentPositions { companyId }", id=person_id(person))["results"]
    assert len(record["currentPositions"]) == 2


def test_a_suppressed_address_has_a_status_and_no_value(leadiq: Any, known: Any) -> None:
    emails = []
    for person in (p for p in known if p.job and p.email and p.mailbox == "ok"):
        (record,) = leadiq.people(EMAILS, id=person_id(person))["results"]
        emails = [e for e in record["currentPositions"][0]["emails"] if e["status"] == "Suppressed"]
        if emails:
            break
    assert [(email["value"], email["type"]) for email in emails] == [("", "WorkEmail")]


def test_invalid_addresses_come_only_when_they_are_asked_for(leadiq: Any, known: Any) -> None:
    person = next(p for p in known if p.job and p.email and p.mailbox == "mailbox_not_found")
    plain = leadiq.people(f"{EMAILS}", id=person_id(person))["results"][0]["currentPositions"][0]["emails"]
    assert plain == []
    (record,) = leadiq.people(EMAILS, id=person_id(person), includeInvalid=True)["results"]
    assert {e["status"] for e in record["currentPositions"][0]["emails"]} == {"Invalid"}
    assert leadiq.people(
        "currentPositions { workEmail { value } }", id=person_id(person), includeInvalid=True
    )["results"] == [{"currentPositions": [{"workEmail": None}]}]


def test_wishes_leave_out_those_who_do_not_fit_them(leadiq: Any, known: Any) -> None:
    without_phone = next(p for p in known if p.job and p.phone is None)
    assert ids(leadiq.people("id", id=person_id(without_phone))) == [person_id(without_phone)]
    for wish in ({"profileFilter": ["HasPersonalPhone"]}, {"workEmailStatusIn": ["Invalid"]}):
        assert ids(leadiq.people("id", id=person_id(without_phone), **wish)) == []


def test_quality_filters_leave_the_likely_phones(leadiq: Any, known: Any) -> None:
    kinds: set[tuple[str, int]] = set()
    for person in [p for p in known if p.job and p.phone][:12]:
        (every,) = leadiq.people(PHONES, id=person_id(person))["results"]
        (likely,) = leadiq.people(
            "personalPhones { value verificationStatus }",
            id=person_id(person),
            qualityFilter={"phone": "HighestQualityPhones"},
        )["results"]
        assert {p["verificationStatus"] for p in likely["personalPhones"]} <= {"LikelyAccurate"}
        kinds.add((every["personalPhones"][0]["status"], len(likely["personalPhones"])))
    assert {("LikelyAccurate", 1), ("Unverified", 0)} <= kinds


def test_names_titles_and_companies_are_spelled_differently_here_and_there(leadiq: Any, known: Any) -> None:
    different: set[str] = set()
    for person in [p for p in known if p.job][:150]:
        (record,) = leadiq.people(f"{PROFILE} {COMPANY}", id=person_id(person))["results"]
        position = record["currentPositions"][0]
        if record["name"]["fullName"] != person.full_name:
            different.add("name")
        if position["title"] != person.title:
            different.add("title")
        if position["companyInfo"]["name"] != person.company.name:
            different.add("company")
        assert position["companyInfo"]["domain"] == person.company.domain
    assert different == {"name", "title", "company"}


def test_a_preview_says_what_the_paid_query_would_bring_and_is_free(
    box: Any, leadiq: Any, known: Any
) -> None:
    seen = set()
    for person in [p for p in known if p.job and p.email][:40]:
        preview = leadiq.query(PREVIEW % "hasEmail hasPhone", input={"email": person.email})["data"]
        answer = preview["searchPeoplePreview"]
        assert answer["personId"] == person_id(person)
        assert box.charges == []
        (record,) = leadiq.people(f"{EMAILS} {PHONES}", id=person_id(person))["results"]
        box.clear_record()
        positions = record["currentPositions"]
        good = [e for p in positions for e in p["emails"] if e["status"] != "Suppressed"]
        phones = [p for position in positions for p in position["phones"]] + record["personalPhones"]
        assert answer["hasEmail"] == bool(good)
        assert answer["hasPhone"] == any(phone["value"] for phone in phones)
        seen.add((answer["hasEmail"], answer["hasPhone"]))
    assert len(seen) > 2


def test_a_preview_must_ask_for_something_and_finds_nobody_for_nobody(leadiq: Any) -> None:
    assert leadiq.status(PREVIEW % "", input={"email": "jane@example.com"}) == 400
    nobody = leadiq.query(PREVIEW % "hasEmail", input={"email": "jane@example.com"})
    assert nobody["data"]["searchPeoplePreview"] == {"personId": None, "hasEmail": None}
