"""What LeadIQ charges: for what was selected and came, once a year, and company data every time."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from leadkit.sandbox.leadiq.people import person_id
from tests.sandbox.leadiq.conftest import COMPANY, EMAILS, PHONES, PROFILE

YEAR_SECONDS = 365 * 24 * 3600
ACCOUNT = "{ account { universalPlan { available used } } }"


def charged(box: Any) -> Counter[str]:
    """How often each thing was charged since the last look."""
    counted = Counter(charge.operation for charge in box.charges)
    box.clear_record()
    return counted


@pytest.mark.parametrize(
    ("fields", "bought", "millicredits"),
    [
        (PROFILE, {"profile"}, 100),
        ("id", {"profile"}, 100),
        ("currentPositions { companyInfo { id name } }", {"profile"}, 100),
        (EMAILS, {"email"}, 1000),
        ("currentPositions { workEmail { value } }", {"email"}, 1000),
        (PHONES, {"phone"}, 10_000),
        (f"{EMAILS} {PHONES}", {"email", "phone"}, 11_000),
        (COMPANY, {"company"}, 3000),
        ("currentPositions { companyInfo { numberOfEmployees } }", {"company"}, 3000),
        (f"{PROFILE} {EMAILS} {PHONES} {COMPANY}", {"email", "phone", "company"}, 14_000),
    ],
)
def test_the_selection_is_the_price_and_bigger_things_replace_the_profile(
    box: Any, leadiq: Any, reachable: Any, fields: str, bought: set[str], millicredits: int
) -> None:
    leadiq.people(fields, email=reachable[0].email)
    assert {charge.operation for charge in box.charges} == bought
    assert box.charged("leadiq") == millicredits
    assert box.requests[0].millicredits == millicredits


def test_fragments_and_conditions_count_as_the_fields_that_they_bring(
    box: Any, leadiq: Any, reachable: Any
) -> None:
    query = """query($input: SearchPeopleInput!, $phones: Boolean!) {
      searchPeople(input: $input) { results { ...Mail personalPhones @include(if: $phones) { value } } } }
      fragment Mail on PersonRecord { id ... on PersonRecord { currentPositions { emails { value } } } }"""
    for phones, bought in ((False, {"email"}), (True, {"email", "phone"})):
        leadiq.query(query, input={"email": reachable[phones].email}, phones=phones)
        assert set(charged(box)) == bought


def test_what_did_not_come_is_not_charged(box: Any, leadiq: Any, known: Any) -> None:
    without_phone = next(p for p in known if p.job and not p.phone)
    record = leadiq.people(PHONES, id=person_id(without_phone))["results"][0]
    had = any(position["phones"] for position in record["currentPositions"])
    assert charged(box) == ({"phone": 1} if had else {"profile": 1})
    leadiq.people(f"{EMAILS} {PHONES}", email="nobody@example.com")
    leadiq.people("id", email="nobody@example.com")
    assert charged(box) == {}


def test_a_suppressed_address_is_a_profile(box: Any, leadiq: Any, known: Any) -> None:
    for person in (p for p in known if p.job and p.email and p.mailbox == "ok" and not p.second_job):
        box.clear_record()
        (record,) = leadiq.people(EMAILS, id=person_id(person))["results"]
        if not any(e["value"] for p in record["currentPositions"] for e in p["emails"]):
            break
    assert charged(box) == {"profile": 1}


def test_company_information_is_charged_for_each_present_position(box: Any, leadiq: Any, known: Any) -> None:
    person = next(p for p in known if p.second_job)
    leadiq.people(COMPANY, id=person_id(person))
    assert charged(box) == {"company": 2}


def test_everybody_who_comes_is_charged_unless_a_limit_is_set(box: Any, leadiq: Any, known: Any) -> None:
    names = Counter(p.full_name for p in known)
    name = next(name for name, count in names.items() if count > 2)
    wanted = {"fullName": name, "company": {"name": "Nowhere"}}
    found = leadiq.people("id", **wanted)
    assert charged(box) == {"profile": found["totalResults"]}
    assert found["totalResults"] > 2
    leadiq.people("id", **wanted, limit=1)
    assert charged(box) == {}  # that one was paid for above


def test_a_person_is_free_for_a_year_and_a_company_never(box: Any, leadiq: Any, reachable: Any) -> None:
    person = reachable[0]
    everything = f"{EMAILS} {PHONES} {COMPANY}"
    leadiq.people(everything, email=person.email)
    assert charged(box) == {"email": 1, "phone": 1, "company": 1}
    leadiq.people(everything, id=person_id(person))
    assert charged(box) == {"company": 1}
    leadiq.people(PROFILE, id=person_id(person))
    assert charged(box) == {}
    box.advance(YEAR_SECONDS - 60)
    leadiq.people(EMAILS, id=person_id(person))
    assert charged(box) == {}
    box.advance(61)
    leadiq.people(EMAILS, id=person_id(person))
    assert charged(box) == {"email": 1}


def test_a_profile_that_was_paid_for_does_not_make_the_address_cheaper(
    box: Any, leadiq: Any, reachable: Any
) -> None:
    person = reachable[0]
    for fields, bought in (
        (PROFILE, {"profile": 1}),
        (PROFILE, {}),
        (EMAILS, {"email": 1}),
        (PHONES, {"phone": 1}),
    ):
        leadiq.people(fields, email=person.email)
        assert charged(box) == bought


def test_colleagues_share_what_one_of_them_unlocked(
    box: Any, leadiq: Any, connect: Any, reachable: Any
) -> None:
    leadiq.people(EMAILS, email=reachable[0].email)
    connect(box, box.api_key("leadiq")).people(EMAILS, email=reachable[0].email)
    assert charged(box) == {"email": 1}
    connect(box, box.api_key("leadiq", account="other")).people(EMAILS, email=reachable[0].email)
    assert [charge.account for charge in box.charges] == ["other"]


def test_several_people_in_one_query_are_charged_one_by_one_and_a_repeat_once(
    box: Any, leadiq: Any, reachable: Any
) -> None:
    query = """query($a: SearchPeopleInput!, $b: SearchPeopleInput!) {
      a: searchPeople(input: $a) { results { id currentPositions { emails { value } } } }
      again: searchPeople(input: $a) { results { id currentPositions { emails { value } } } }
      b: searchPeople(input: $b) { results { id currentPositions { emails { value } } } } }"""
    first, second = ({"email": person.email} for person in reachable[:2])
    data = leadiq.query(query, a=first, b=second)["data"]
    assert data["a"] == data["again"] != data["b"]
    assert [charge.what for charge in box.charges] == [person_id(person) for person in reachable[:2]]
    (request,) = box.requests
    assert request.asked == (first["email"], first["email"], second["email"])
    assert (request.can_charge, request.millicredits) == (True, 2000)


def test_credits_that_do_not_cover_the_query_buy_nothing_of_it(box: Any, leadiq: Any, reachable: Any) -> None:
    query = """query($a: SearchPeopleInput!, $b: SearchPeopleInput!) {
      a: searchPeople(input: $a) { results { currentPositions { emails { value } } } }
      b: searchPeople(input: $b) { results { currentPositions { emails { value } } } } }"""
    wanted = {"a": {"email": reachable[0].email}, "b": {"email": reachable[1].email}}
    box.set_credits("leadiq", 1)
    assert leadiq.status(query, **wanted) == 402
    assert box.charges == []
    box.set_option("leadiq", "charges_each_search", True)
    assert leadiq.status(query, **wanted) == 402  # and yet the first was paid for
    assert [charge.what for charge in box.charges] == [person_id(reachable[0])]


def test_a_query_of_which_one_part_is_refused_has_no_data_and_buys_nothing(
    box: Any, leadiq: Any, reachable: Any
) -> None:
    query = """query($a: SearchPeopleInput!, $b: SearchPeopleInput!) {
      a: searchPeople(input: $a) { results { id } } b: searchPeople(input: $b) { results { id } } }"""
    assert leadiq.status(query, a={"email": reachable[0].email}, b={}) == 400
    assert box.charges == []


def test_the_last_credit_is_spent_and_repeats_stay_free(box: Any, leadiq: Any, reachable: Any) -> None:
    box.set_credits("leadiq", 1)
    leadiq.people(EMAILS, email=reachable[0].email)
    query = "query($i: SearchPeopleInput!) { searchPeople(input: $i) { results { id } } }"
    assert leadiq.status(query, i={"email": reachable[1].email}) == 402
    leadiq.people(EMAILS, email=reachable[0].email)
    assert charged(box) == {"email": 1}


def test_the_balance_is_an_integer_that_hides_tenths(box: Any, leadiq: Any, known: Any) -> None:
    people = [p for p in known if p.job][:10]
    balances = []
    for person in people:
        balances.append(leadiq.query(ACCOUNT)["data"]["account"]["universalPlan"])
        leadiq.people("id", id=person_id(person))
    assert {(b["available"], b["used"]) for b in balances} == {(5000, 0)}
    assert leadiq.query(ACCOUNT)["data"]["account"]["universalPlan"] == {"available": 4999, "used": 1}


def test_the_price_list_is_what_is_charged(box: Any, leadiq: Any, reachable: Any) -> None:
    box.set_price("leadiq", "email", 2500)
    costs = "{ account { universalPlan { costs { sku costs { dataPoint cost costInDecimals } } } } }"
    (listed,) = leadiq.query(costs)["data"]["account"]["universalPlan"]["costs"]
    prices = {entry["dataPoint"]: entry["costInDecimals"] for entry in listed["costs"]}
    assert prices == {
        "Profile": 0.1, "PersonEmail": 2.5, "PersonPhone": 10, "Company": 3, "EmailReverification": 0.1
    }  # fmt: skip
    leadiq.people(EMAILS, email=reachable[0].email)
    assert box.charged("leadiq") == 2500


def test_free_queries_are_not_among_the_paid_requests(box: Any, leadiq: Any, reachable: Any) -> None:
    leadiq.query(ACCOUNT)
    leadiq.query(
        "query($i: SearchPeoplePreviewInput!) { searchPeoplePreview(input: $i) { hasEmail } }",
        i={"email": reachable[0].email},
    )
    assert (box.paid_requests(), box.charges) == ([], [])
