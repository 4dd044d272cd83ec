"""Keys, accounts, rate limits and quotas, the shapes of errors, and lists."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from leadkit.sandbox.leadfeeder import records

SEARCH = {"search_terms": ["systems"]}


def test_an_account_is_named_in_every_call_but_two(leadfeeder: Any) -> None:
    assert leadfeeder.send("GET", "/users/me", account_id=None).status_code == 200
    assert leadfeeder.send("GET", "/accounts", account_id=None).status_code == 200
    for method, path in (
        ("POST", "/companies/search"), ("POST", "/companies/match"), ("GET", "/companies/1"), ("GET", "/companies"),
        ("POST", "/contacts/search"), ("GET", "/contacts/1"), ("GET", "/contacts"), ("GET", "/lists"),
        ("POST", "/lists"), ("GET", "/usage"),
    ):  # fmt: skip
        answer = leadfeeder.send(method, path, SEARCH, account_id=None)
        assert (answer.status_code, "account_id" in answer.text) == (401, True)


def test_an_account_of_somebody_else_is_forbidden(box: Any, leadfeeder: Any) -> None:
    answer = leadfeeder.send("POST", "/companies/search", SEARCH, account_id="1")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (403, "forbidden")


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_that_is_missing_wrong_or_expired_is_refused(
    box: Any, connect: Any, leadfeeder: Any, status: int
) -> None:
    box.set_option("leadfeeder", "auth_status", status)
    expired = box.api_key("leadfeeder", expired=True)
    for key, code in (("", "missing_token"), ("nobody", "invalid_api_key"), (expired, "api_key_expired")):
        answer = connect(box, key).send("GET", "/users/me")
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (status, code)
    leadfeeder.session.headers.clear()
    leadfeeder.session.headers["Authorization"] = f"Bearer {box.environ['LEADFEEDER_API_KEY']}"
    assert leadfeeder.send("GET", "/users/me").status_code == status


def test_errors_have_one_of_three_shapes(box: Any, connect: Any, leadfeeder: Any) -> None:
    stranger = connect(box, "nobody")

    def keys(answer: Any) -> set[str]:
        return set(answer.json())

    for shape, of_key, of_other in (
        ("errors", {"errors", "meta"}, {"errors", "meta"}),
        ("both", {"errors", "error", "meta"}, {"errors", "meta"}),
        ("flat", {"code", "message"}, {"code", "message"}),
    ):
        box.set_option("leadfeeder", "error_shape", shape)
        assert keys(stranger.send("GET", "/users/me")) == of_key
        assert keys(leadfeeder.send("GET", "/companies/1")) == of_other
    box.set_option("leadfeeder", "error_shape", "errors")
    box.set_rate_limit("leadfeeder", 0)
    assert keys(leadfeeder.send("GET", "/users/me")) == {"code", "message"}


def test_fifteen_requests_at_once_and_ten_a_second(sandbox: Any, connect: Any) -> None:
    box = sandbox()
    leadfeeder = connect(box)
    answers: list[Any] = []
    while not answers or answers[-1].status_code == 200:
        answers.append(leadfeeder.send("GET", "/users/me"))
    seconds = box.requests[-1].at - box.requests[0].at
    assert 15 <= len(answers) - 1 <= 15 + 10 * seconds
    assert answers[-1].json()["code"] == "too_many_requests"
    assert not [name for name in answers[-1].headers if "retry" in name.lower() or "limit" in name.lower()]
    box.advance(60)
    assert [leadfeeder.send("GET", "/users/me").status_code for _ in range(15)] == [200] * 15


def test_a_month_has_its_quota_and_waiting_a_minute_does_not_help(box: Any, connect: Any) -> None:
    leadfeeder = connect(box)
    box.set_option("leadfeeder", "requests_per_month", 2)
    wait = (0, 0, 3600, 32 * 24 * 3600)
    statuses = []
    for seconds in wait:
        box.advance(seconds)
        statuses.append(leadfeeder.send("GET", "/users/me").status_code)
    assert statuses == [200, 200, 429, 200]


def test_a_refused_request_is_not_carried_out(box: Any, leadfeeder: Any, directory: Any) -> None:
    box.set_rate_limit("leadfeeder", 0)
    company = records.company_id(directory.companies[0])
    assert leadfeeder.send("GET", f"/companies/{company}").status_code == 429
    assert box.charges == []


def test_the_account_tells_its_credits_and_stays_an_array(box: Any, leadfeeder: Any, directory: Any) -> None:
    box.set_credits("leadfeeder", 8)
    leadfeeder.get(f"/companies/{records.company_id(directory.companies[0])}")
    (account,) = leadfeeder.get("/accounts")["data"]
    assert (account["type"], account["id"]) == ("account", leadfeeder.account_id)
    credits_ = account["attributes"]["credits"]
    assert (credits_["available"], credits_["used"], credits_["remaining"]) == (8, 1, 7)
    reset = datetime.fromisoformat(credits_["next_reset_on"]).replace(tzinfo=UTC)
    assert (reset.day, reset > datetime.now(UTC)) == (1, True)


def test_a_key_lists_the_accounts_that_its_user_has_access_to(box: Any, connect: Any) -> None:
    (only,) = connect(box).send("GET", "/accounts", account_id=None).json()["data"]
    assert (only["type"], only["id"]) == ("account_summary", box.environ["LEADFEEDER_ACCOUNT_ID"])
    both = connect(box, box.api_key("leadfeeder", scopes=["second"]))
    ids = [row["id"] for row in both.send("GET", "/accounts", account_id=None).json()["data"]]
    assert len(set(ids)) == 2
    for account_id in ids:
        assert both.get("/accounts", account_id=account_id)["data"][0]["id"] == account_id


def test_usage_is_told_by_month(box: Any, leadfeeder: Any, directory: Any) -> None:
    leadfeeder.get(f"/companies/{records.company_id(directory.companies[0])}")
    period = f"{datetime.now(UTC):%Y-%m}"
    (row,) = leadfeeder.get("/usage", start_period=period, end_period=period)["data"]
    assert row["attributes"] == {"period": period, "requests": 2, "credits_used": 1}
    assert leadfeeder.get("/usage", start_period="2020-01", end_period="2020-12")["data"] == []
    assert leadfeeder.send("GET", "/usage").status_code == 400


def test_lists_are_made_filled_read_and_deleted(leadfeeder: Any, directory: Any) -> None:
    made = leadfeeder.post(
        "/lists", {"data": {"type": "list", "attributes": {"name": "Fair", "scope": "company"}}}
    )
    list_id = made["data"]["id"]
    companies = [records.company_id(company) for company in directory.companies[:25]]
    body = {"data": [{"type": "list", "id": list_id}]}
    for company in [*companies, companies[0]]:
        leadfeeder.post(f"/companies/{company}/lists", body)
    first = leadfeeder.get(f"/lists/{list_id}/items")
    assert first["data"][0] == {"type": "company", "id": companies[0]}
    cursor = first["meta"]["pagination"]["next_cursor"]
    rest = leadfeeder.get(f"/lists/{list_id}/items", page__cursor=cursor)
    assert [item["id"] for item in first["data"] + rest["data"]] == companies
    assert leadfeeder.send("DELETE", f"/companies/{companies[0]}/lists", body).status_code == 200
    assert leadfeeder.get(f"/lists/{list_id}/items")["meta"]["pagination"]["total_count"] == 24
    assert leadfeeder.get(f"/lists/{list_id}")["data"] == made["data"]
    assert leadfeeder.send("DELETE", f"/lists/{list_id}").status_code == 204
    assert leadfeeder.send("GET", f"/lists/{list_id}").status_code == 404


def test_lists_are_paged_by_number_and_told_apart_by_scope(box: Any, leadfeeder: Any, connect: Any) -> None:
    for number in range(5):
        scope = "contact" if number == 3 else "company"
        body = {"data": {"type": "list", "attributes": {"name": f"List {number}", "scope": scope}}}
        leadfeeder.post("/lists", body)
    pages = [leadfeeder.get("/lists", page__num=number, page__size=2) for number in (1, 2, 3)]
    assert [[one["attributes"]["name"] for one in page["data"]] for page in pages] == [
        ["List 0", "List 1"],
        ["List 2", "List 3"],
        ["List 4"],
    ]
    assert {page["meta"]["pagination"]["page_count"] for page in pages} == {3}
    (contacts,) = leadfeeder.get("/lists", filter__scope="contact")["data"]
    assert contacts["attributes"]["name"] == "List 3"
    other = box.api_key("leadfeeder", account="other")
    (account,) = connect(box, other).send("GET", "/accounts", account_id=None).json()["data"]
    assert connect(box, other, account["id"]).get("/lists")["data"] == []


@pytest.mark.parametrize(
    "body",
    [{}, {"data": {"type": "tag", "attributes": {"name": "A", "scope": "company"}}},
     {"data": {"type": "list", "attributes": {"name": "", "scope": "company"}}},
     {"data": {"type": "list", "attributes": {"name": "A", "scope": "people"}}}],
    ids=str,
)  # fmt: skip
def test_a_list_outside_the_form_is_a_bad_request(leadfeeder: Any, body: Any) -> None:
    assert leadfeeder.send("POST", "/lists", body).status_code == 400


def test_only_what_exists_goes_into_a_list_of_its_scope(leadfeeder: Any, directory: Any) -> None:
    body = {"data": {"type": "list", "attributes": {"name": "A", "scope": "contact"}}}
    list_id = leadfeeder.post("/lists", body)["data"]["id"]
    named = {"data": [{"type": "list", "id": list_id}]}
    company = records.company_id(directory.companies[0])
    contact = records.contact_id(directory.people[0])
    assert leadfeeder.send("POST", f"/companies/{company}/lists", named).status_code == 400
    assert leadfeeder.send("POST", "/contacts/1/lists", named).status_code == 404
    wrongs: list[Any] = [
        {},
        {"data": []},
        {"data": [{"id": list_id}]},
        {"data": {"type": "list", "id": list_id}},
    ]
    for wrong in wrongs:
        assert leadfeeder.send("POST", f"/contacts/{contact}/lists", wrong).status_code == 400
    assert leadfeeder.send("POST", f"/contacts/{contact}/lists", named).status_code == 200


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 429, 500, 503])
@pytest.mark.parametrize("after_charge", [False, True])
def test_any_status_before_and_after_the_charge(
    box: Any, leadfeeder: Any, directory: Any, status: int, after_charge: bool
) -> None:
    company = records.company_id(directory.companies[0])
    box.fault("status", "/companies/*", status=status, after_charge=after_charge, retry_after=3)
    answer = leadfeeder.send("GET", f"/companies/{company}")
    assert (answer.status_code, answer.headers["Retry-After"]) == (status, "3")
    assert box.charged("leadfeeder") == (1000 if after_charge else 0)
    assert leadfeeder.get(f"/companies/{company}")["meta"]["credits"]["charged"] == (not after_charge)


def test_answers_can_be_in_another_order_or_too_short(box: Any, leadfeeder: Any, directory: Any) -> None:
    ids = sorted(records.company_id(company) for company in directory.companies[:3])
    for kind, expected in (
        ("reversed", ids[::-1]),
        ("short", ids[:2]),
        ("wrong_id", [f"{one}0" for one in ids]),
    ):
        box.fault(kind, "/companies")
        assert [row["id"] for row in leadfeeder.get("/companies", ids=",".join(ids))["data"]] == expected
    body = {"companies": [{"url": c.domain} for c in directory.companies[:2]]}
    box.fault("reversed", "/companies/match")
    turned = leadfeeder.post("/companies/match", body)["data"]
    assert turned == leadfeeder.post("/companies/match", body)["data"][::-1]


def test_paths_that_do_not_exist_are_not_found(leadfeeder: Any) -> None:
    assert leadfeeder.send("GET", "/people").status_code == 404
    assert leadfeeder.send("PUT", "/lists").status_code == 404
