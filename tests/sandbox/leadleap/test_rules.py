"""Keys, scopes, plans, rate limits, and the envelope around every answer."""

from __future__ import annotations

import re
from typing import Any

import pytest

ONE_OF_EACH = [
    ("GET", "/leads", "leads:read"),
    ("POST", "/leads/unlock", "leads:unlock"),
    ("POST", "/leads/export", "leads:export"),
    ("POST", "/leads/enrich", "leads:enrich"),
    ("POST", "/email/validate", "email:validate"),
    ("GET", "/webhooks", "webhooks:read"),
    ("POST", "/webhooks", "webhooks:manage"),
    ("DELETE", "/webhooks/wh_1", "webhooks:manage"),
    ("GET", "/account/usage", "account:read"),
]


def code(answer: Any) -> tuple[int, str]:
    error = answer.json()["error"]
    assert error["status"] == answer.status_code
    return answer.status_code, error["code"]


def test_a_key_is_ll_and_64_hex_digits(box: Any) -> None:
    assert re.fullmatch(r"ll_[0-9a-f]{64}", box.environ["LEADLEAP_API_KEY"])
    assert re.fullmatch(r"ll_[0-9a-f]{64}", box.api_key("leadleap"))


@pytest.mark.parametrize(("method", "path", "scope"), ONE_OF_EACH)
def test_an_operation_needs_its_scope(box: Any, connect: Any, method: str, path: str, scope: str) -> None:
    with_it = connect(box, box.api_key("leadleap", scopes=[scope]))
    others = {needed for _, _, needed in ONE_OF_EACH} - {scope}
    if path == "/account/usage":
        others.remove("leads:read")  # opens it as well
    without = connect(box, box.api_key("leadleap", scopes=others))
    assert code(without.session.request(method, without.url + path, json={})) == (403, "FORBIDDEN")
    assert with_it.session.request(method, with_it.url + path, json={}).status_code != 403


def test_usage_opens_with_the_scope_to_read_leads_too(box: Any, connect: Any) -> None:
    assert (
        connect(box, box.api_key("leadleap", scopes=["leads:read"])).get("/account/usage").status_code == 200
    )


@pytest.mark.parametrize(("method", "path", "scope"), ONE_OF_EACH)
def test_nothing_opens_without_a_key(box: Any, connect: Any, method: str, path: str, scope: str) -> None:
    keys = ["", "ll_" + "0" * 64, box.api_key("leadleap", expired=True)]
    for stranger in (connect(box, key) for key in keys):
        assert code(stranger.session.request(method, stranger.url + path)) == (401, "UNAUTHORIZED")


def test_the_key_must_come_as_a_bearer_token(box: Any, connect: Any) -> None:
    api = connect(box, "")
    for value in (box.environ["LEADLEAP_API_KEY"], f"Basic {box.environ['LEADLEAP_API_KEY']}"):
        api.session.headers["Authorization"] = value
        assert code(api.get("/leads")) == (401, "UNAUTHORIZED")


def test_a_plan_below_scale_has_no_api(box: Any, api: Any) -> None:
    box.set_plan("leadleap", "starter")
    assert code(api.get("/account/usage")) == (403, "PLAN_LIMIT")


@pytest.mark.parametrize(
    "path", ["/leads/unlock", "/leads/export", "/leads/enrich", "/email/validate", "/webhooks"]
)
def test_a_body_that_is_not_a_json_object_is_a_bad_request(box: Any, api: Any, path: str) -> None:
    json_type = {"Content-Type": "application/json"}
    for data, headers in [
        (b"", json_type),
        (b"{", json_type),
        (b"[" * 100_000, json_type),
        (b"[]", json_type),
        (b"\xff\xfe", json_type),
        (b'{"lead_id": "c_1", "email": "a@example.com"}', {"Content-Type": "text/plain"}),
    ]:
        answer = api.session.post(api.url + path, data=data, headers=headers)
        assert code(answer) == (400, "BAD_REQUEST")
    assert box.charges == []


@pytest.mark.parametrize(
    "ids", [None, [], "c_1", [f"c_{n}" for n in range(501)], [1]], ids=["no", "0", "text", "501", "1"]
)
def test_an_export_takes_1_to_500_ids(api: Any, ids: Any) -> None:
    assert code(api.post("/leads/export", {"lead_ids": ids})) == (400, "BAD_REQUEST")


@pytest.mark.parametrize("form", ["xlsx", "", None, ["csv"]], ids=str)
def test_an_export_is_csv_or_json(api: Any, people: Any, form: Any) -> None:
    body = {"lead_ids": [people[0].lead_id], "format": form}
    assert code(api.post("/leads/export", body)) == (400, "BAD_REQUEST")


def test_paths_and_methods_that_do_not_exist_are_not_found(api: Any) -> None:
    assert code(api.get("/people")) == (404, "NOT_FOUND")
    assert code(api.get("/leads/unlock")) == (404, "NOT_FOUND")


def test_every_answer_has_its_own_request_id_and_the_time(api: Any) -> None:
    metas = [api.get("/leads").json()["meta"], api.get("/people").json()["meta"]]
    assert metas[0]["request_id"] != metas[1]["request_id"]
    for meta in metas:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", meta["timestamp"])


def test_the_61st_request_of_a_minute_waits_for_the_next(sandbox: Any, connect: Any) -> None:
    box = sandbox()
    api = connect(box)
    answers = [api.get("/account/usage") for _ in range(60)]
    remaining = [int(answer.headers["X-RateLimit-Remaining"]) for answer in answers]
    assert remaining == list(range(59, -1, -1))
    assert {answer.headers["X-RateLimit-Limit"] for answer in answers} == {"60"}
    assert len({answer.headers["X-RateLimit-Reset"] for answer in answers}) == 1
    late = api.get("/account/usage")
    assert code(late) == (429, "RATE_LIMITED")
    wait = int(late.headers["Retry-After"])
    assert wait == late.json()["error"]["retry_after"]
    assert 0 < wait <= 60
    box.advance(wait)
    assert api.get("/account/usage").headers["X-RateLimit-Remaining"] == "59"


def test_a_refused_request_is_not_carried_out(sandbox: Any, connect: Any) -> None:
    box = sandbox()
    box.set_rate_limit("leadleap", 1)
    api = connect(box)
    api.get("/account/usage")
    person = box.world.core[0]
    assert api.unlock(person.lead_id).status_code == 429
    assert box.charges == []


def test_every_key_has_its_own_limit(sandbox: Any, connect: Any) -> None:
    box = sandbox()
    box.set_rate_limit("leadleap", 1)
    first, second = connect(box), connect(box, box.api_key("leadleap"))
    statuses = [api.get("/account/usage").status_code for api in (first, second, first)]
    assert statuses == [200, 200, 429]


def test_rate_headers_come_with_every_answer(box: Any, api: Any, connect: Any, people: Any) -> None:
    for answer in (
        api.get("/leads"),
        api.get("/people"),
        api.unlock("c_nobody"),
        api.post("/leads/export", {"lead_ids": [people[0].lead_id]}),
        connect(box, "").get("/leads"),
    ):
        for name in ("Limit", "Remaining", "Reset"):
            assert answer.headers[f"X-RateLimit-{name}"].isdecimal()
        assert "Retry-After" not in answer.headers


def test_usage_counts_what_was_charged(box: Any, api: Any, people: Any) -> None:
    box.set_credits("leadleap", 8)
    for person in people[:2]:
        api.unlock(person.lead_id)
    usage = api.get("/account/usage").json()["data"]["usage"]
    assert (
        usage["leads_used"],
        usage["leads_limit"],
        usage["leads_remaining"],
        usage["leads_usage_pct"],
    ) == (2, 8, 6, 25)


def test_the_period_is_the_month_and_ends_with_it(api: Any) -> None:
    period = api.get("/account/usage").json()["data"]["period"]
    assert period["start"][8:] == period["end"][8:] == "01T00:00:00.000Z"
    assert period["start"] < period["end"]
    assert 0 < period["days_remaining"] <= 31


def test_requests_are_written_down_with_what_they_asked_and_cost(box: Any, api: Any, people: Any) -> None:
    person = people[0]
    api.get("/leads", page=2)
    unlocked = api.unlock(person.lead_id).json()
    api.validate("a@example.com", "b@example.com")
    search, unlock, validation = box.requests
    assert (search.method, search.path, search.query, search.asked) == ("GET", "/api/v1/leads", "page=2", ())
    assert (unlock.asked, unlock.millicredits, unlock.status) == ((person.lead_id,), 1000, 200)
    assert unlock.request_id == unlocked["meta"]["request_id"]
    assert validation.asked == ("a@example.com", "b@example.com")
    assert box.paid_requests() == [unlock, validation]
    box.clear_record()
    assert (box.requests, box.charges) == ([], [])
