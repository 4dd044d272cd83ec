"""Keys, limits, malformed queries, and the two places where LeadIQ puts the status of an error."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.sandbox.leadiq.conftest import EMAILS, SEARCH

ACCOUNT = "{ account { plans { name } } }"
QUERY = SEARCH % "id"


def test_the_key_is_base64_and_goes_into_basic_as_it_is(box: Any, leadiq: Any) -> None:
    base64.b64decode(leadiq.key, validate=True)
    assert leadiq.query(ACCOUNT)["data"]
    for header in (
        f"Bearer {leadiq.key}",
        leadiq.key,
        "Basic " + base64.b64encode(leadiq.key.encode()).decode(),
        "Basic " + base64.b64decode(leadiq.key).decode(),
        "Basic ",
    ):
        answer = leadiq.post({"query": ACCOUNT}, Authorization=header).json()
        assert answer["errors"][0]["extensions"]["response"]["status"] == 401


def test_an_expired_key_is_refused(box: Any, connect: Any) -> None:
    assert connect(box, box.api_key("leadiq", expired=True)).status(ACCOUNT) == 401


def test_an_error_has_its_status_in_a_body_of_200_or_is_an_http_status(
    box: Any, leadiq: Any, connect: Any
) -> None:
    box.set_credits("leadiq", 0)
    stranger = connect(box, base64.b64encode(b"nobody").decode())
    cases = [
        (stranger, {"query": ACCOUNT}, 401),
        (leadiq, {"query": QUERY, "variables": {"input": {"email": box.world.core[0].email}}}, 402),
        (leadiq, {"query": QUERY, "variables": {"input": {}}}, 400),
        (leadiq, {"query": "{ acount }"}, 400),
    ]
    for client, body, status in cases:
        inside = client.post(body)
        assert inside.status_code == 200
        assert inside.json()["errors"][0]["extensions"]["response"]["status"] == status
    box.set_option("leadiq", "error_status_in", "http")
    for client, body, status in cases:
        outside = client.post(body)
        assert outside.status_code == status
        assert outside.json()["errors"]
    assert box.charges == []


def test_the_61st_query_of_a_minute_is_refused_without_a_word_about_when(sandbox: Any, connect: Any) -> None:
    box = sandbox()
    leadiq = connect(box)
    answers = [leadiq.post({"query": ACCOUNT}) for _ in range(61)]
    statuses = ["data" in answer.json() and answer.json()["data"] is not None for answer in answers]
    assert statuses == [True] * 60 + [False]
    late = answers[-1]
    assert late.json()["errors"][0]["extensions"]["response"]["status"] == 429
    assert not [name for name in late.headers if "rate" in name.lower() or name.lower() == "retry-after"]
    assert leadiq.rest("GET", "/whoami").status_code == 429
    box.advance(60)
    assert leadiq.query(ACCOUNT)["data"]


def test_a_refused_query_buys_nothing(box: Any, leadiq: Any, reachable: Any) -> None:
    box.set_rate_limit("leadiq", 0)
    assert leadiq.status(SEARCH % EMAILS, input={"email": reachable[0].email}) == 429
    assert box.charges == []


@pytest.mark.parametrize(
    "query",
    [
        "{ searchPeople(input: {email: \"a@example.com\"}) { results { nickname } } }",
        "{ searchPeople(input: {mail: \"a@example.com\"}) { totalResults } }",
        "{ searchPeople(input: {limit: \"1\"}) { totalResults } }",
        "{ searchPeople { totalResults } }",
        "{ flatAdvancedSearch(input: {contactFilter: {seniorities: [CEO]}}) { totalPeople } }",
        "{ flatAdvancedSearch(input: {contactFilter: {newHireFrom: \"2024\"}}) { totalPeople } }",
        "query($i: SearchPeopleInput) { searchPeople(input: $i) { totalResults } }",
        "mutation { createList(input: {name: \"A\"}) { id } }",
        "{ usage { planUsage { units } } }",
        "query A { account { plans { name } } } query B { account { plans { name } } }",
        "{ account { plans { name } }",
        "{ " + "a" * 9 + "{ b " * 3000,
    ],
    ids=range(12),
)  # fmt: skip
def test_a_query_that_the_schema_does_not_allow_is_refused(box: Any, leadiq: Any, query: str) -> None:
    assert leadiq.status(query) == 400
    assert (box.charges, box.requests[0].can_charge and "searchPeople" not in query) == ([], False)


@pytest.mark.parametrize(
    "variables",
    [{}, {"input": None}, {"input": {"email": 1}}, {"input": {"nick": "x"}}, {"input": []}],
    ids=str,
)
def test_variables_that_do_not_fit_the_schema_are_refused(leadiq: Any, variables: Any) -> None:
    assert leadiq.status(QUERY, **variables) == 400


def test_a_request_without_a_query_says_so(leadiq: Any) -> None:
    for answer in (
        leadiq.session.get(leadiq.graphql_url, timeout=10),
        leadiq.post({}),
        leadiq.post({"query": ""}),
        leadiq.post([{"query": ACCOUNT}]),
    ):
        assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (
            400,
            "MISSING_QUERY_STRING",
        )


def test_a_body_that_is_not_json_is_refused(leadiq: Any) -> None:
    headers = {"Authorization": f"Basic {leadiq.key}", "Content-Type": "application/json"}
    for body in (b"{", b"\xff", b"[" * 100_000):
        answer = leadiq.session.post(leadiq.graphql_url, data=body, headers=headers, timeout=10)
        assert answer.json()["errors"][0]["extensions"]["response"]["status"] == 400
    headers["Content-Type"] = "text/plain"
    answer = leadiq.session.post(leadiq.graphql_url, data=b'{"query": "{a}"}', headers=headers, timeout=10)
    assert "Content-Type" in answer.json()["errors"][0]["message"]


def test_a_query_may_be_refused_for_asking_about_too_many_people(
    box: Any, leadiq: Any, reachable: Any
) -> None:
    people = " ".join(f"p{n}: searchPeople(input: $i) {{ results {{ id }} }}" for n in range(4))
    query = f"query($i: SearchPeopleInput!) {{ {people} }}"
    box.set_option("leadiq", "max_searches", 3)
    assert leadiq.status(query, i={"email": reachable[0].email}) == 400
    box.set_option("leadiq", "max_searches", 4)
    assert set(leadiq.query(query, i={"email": reachable[0].email})["data"]) == {"p0", "p1", "p2", "p3"}


def test_a_refusal_names_every_field_of_the_query(box: Any, connect: Any) -> None:
    stranger = connect(box, base64.b64encode(b"nobody").decode())
    body = stranger.query("{ a: account { plans { name } } account { plans { name } } }")
    assert [error["path"] for error in body["errors"]] == [["a"], ["account"]]


def test_company_information_may_fail_beside_the_rest_and_is_then_not_charged(
    box: Any, leadiq: Any, reachable: Any
) -> None:
    box.set_option("leadiq", "company_info_fails", True)
    query = SEARCH % "id currentPositions { title companyInfo { domain } }"
    body = leadiq.query(query, input={"email": reachable[0].email})
    (person,) = body["data"]["searchPeople"]["results"]
    assert person["currentPositions"][0]["companyInfo"] is None
    assert body["errors"][0]["path"] == ["searchPeople", "results", 0, "currentPositions", 0, "companyInfo"]
    assert [charge.operation for charge in box.charges] == ["profile"]


@pytest.mark.parametrize("status", [401, 402, 429, 500, 502, 503])
@pytest.mark.parametrize("after_charge", [False, True])
def test_a_fault_answers_where_leadiq_or_its_gateway_would(
    box: Any, leadiq: Any, reachable: Any, status: int, after_charge: bool
) -> None:
    box.fault("status", "/graphql", status=status, after_charge=after_charge)
    answer = leadiq.post({"query": SEARCH % EMAILS, "variables": {"input": {"email": reachable[0].email}}})
    assert answer.status_code == (status if status > 500 else 200)
    assert answer.json()["errors"][0]["extensions"]["response"]["status"] == status
    assert box.charged("leadiq") == (1000 if after_charge else 0)
    (request,) = box.requests
    assert (request.asked, request.can_charge, request.fault) == ((reachable[0].email,), True, "status")


def test_answers_can_be_about_somebody_else_or_too_short(box: Any, leadiq: Any, reachable: Any) -> None:
    wanted = {"email": reachable[0].email}
    true = leadiq.people("id", **wanted)["results"][0]["id"]
    box.fault("wrong_id", "/graphql")
    assert leadiq.people("id", **wanted)["results"][0]["id"] != true
    box.fault("short", "/graphql")
    assert leadiq.people("id", **wanted)["results"] == []


def test_options_that_do_not_exist_or_fit_are_named(box: Any) -> None:
    with pytest.raises(
        ValueError, match="there is no option 'max_aliases'; there is error_status_in, max_searches"
    ):
        box.set_option("leadiq", "max_aliases", 3)
    for name, value in (
        ("error_status_in", "header"),
        ("job_changes", 1),
        ("max_searches", -1),
        ("max_searches", True),
    ):
        with pytest.raises(ValueError, match=f"option '{name}' cannot be {value!r}"):
            box.set_option("leadiq", name, value)
