"""Keys, the rate limit, errors without codes, and that nothing costs anything."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.sandbox.shapes import assert_shaped_as, recorded


def message(answer: Any) -> str:
    assert answer.json().keys() == {"error"}
    assert answer.json()["error"].keys() == {"message", "details"}
    return str(answer.json()["error"]["message"])


def test_a_key_comes_as_a_bearer_token_with_its_prefix(box: Any, leadey: Any, connect: Any) -> None:
    assert re.fullmatch(r"leadey_sk_live_[0-9a-f]+", box.environ["LEADEY_API_KEY"])
    revoked = box.api_key("leadey", expired=True)
    texts = []
    for key in ("", "sk_live_1", "leadey_sk_live_nobody", revoked):
        answer = connect(box, key).send("/me")
        assert answer.status_code == 401
        texts.append(message(answer))
    assert len(set(texts)) == 3
    assert texts[2] == texts[3]
    leadey.session.headers["Authorization"] = f"Basic {box.environ['LEADEY_API_KEY']}"
    assert leadey.send("/me").status_code == 401


def test_the_organisation_tells_its_credits(box: Any, leadey: Any) -> None:
    box.set_credits("leadey", 12)
    assert leadey.get("/me")["data"]["credits"] == {"balance": 12, "included": 12, "used": 0}


def test_reading_costs_nothing_and_is_no_paid_request(box: Any, leadey: Any) -> None:
    box.set_credits("leadey", 0)
    for path in ("/me", "/leads", "/campaigns", "/companies", "/contacts"):
        leadey.get(path)
    assert (box.charges, box.paid_requests(), len(box.requests)) == ([], [], 5)
    with pytest.raises(ValueError, match="leadey charges for nothing"):
        box.set_price("leadey", "search", 1)


def test_requests_are_written_down_with_what_they_asked(box: Any, leadey: Any) -> None:
    leadey.get("/contacts", search="ann@example.com")
    leadey.send("/leads/lead_1")
    leadey.get("/leads")
    assert [(r.provider, r.asked, r.status) for r in box.requests] == [
        ("leadey", ("ann@example.com",), 200),
        ("leadey", ("lead_1",), 404),
        ("leadey", (), 200),
    ]


def test_the_121st_request_of_a_minute_waits_as_long_as_it_is_told(sandbox: Any, connect: Any) -> None:
    box = sandbox()
    leadey = connect(box)
    assert {leadey.send("/me").status_code for _ in range(120)} == {200}
    late = leadey.send("/me")
    assert late.status_code == 429
    wait = int(late.headers["Retry-After"])
    assert 0 < wait <= 60
    assert f"{wait}s" in message(late)
    assert not [name for name in late.headers if "ratelimit" in name.lower()]
    box.advance(wait)
    assert leadey.send("/me").status_code == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_there_is_nothing_but_reading(leadey: Any, method: str) -> None:
    answer = leadey.session.request(method, f"{leadey.url}/leads", json={"email": "a@example.com"}, timeout=5)
    assert answer.status_code == 404
    assert message(leadey.send("/people"))


@pytest.mark.parametrize("status", [400, 402, 403, 429, 500, 503])
def test_any_status_without_a_code(box: Any, leadey: Any, status: int) -> None:
    box.fault("status", "/leads", status=status, retry_after=2)
    answer = leadey.send("/leads")
    assert (answer.status_code, answer.headers["Retry-After"]) == (status, "2")
    assert message(answer)


def test_answers_are_shaped_as_recorded(box: Any, leadey: Any) -> None:
    assert_shaped_as(leadey.get("/me"), "leadey/get_me")
    for kind in ("campaigns", "companies", "contacts"):
        assert_shaped_as(leadey.get(f"/{kind}"), f"leadey/get_{kind}")
    lead_id = leadey.get("/leads")["data"][0]["id"]
    assert_shaped_as(leadey.get(f"/leads/{lead_id}"), "leadey/get_lead")
    assert_shaped_as(leadey.get("/leads", search="nobody@nowhere.example"), "leadey/get_leads_empty")
    box.set_option("leadey", "all_lead_fields", False)
    assert_shaped_as(leadey.get("/leads"), "leadey/get_leads")


def test_errors_are_shaped_and_worded_as_recorded(box: Any, leadey: Any, connect: Any) -> None:
    answers = {
        "401_missing_key": connect(box, "").send("/me"),
        "401_invalid_key": connect(box, "leadey_sk_live_nobody").send("/me"),
        "404_lead_not_found": leadey.send("/leads/lead_1"),
    }
    for name, answer in answers.items():
        assert answer.json() == recorded(f"leadey/error_{name}")
    box.set_rate_limit("leadey", 0)
    limited = leadey.send("/me").json()
    assert_shaped_as(limited, "leadey/error_429_rate_limited")
    expected = recorded("leadey/error_429_rate_limited")["error"]["message"]
    assert re.sub(r"\d+", "42", limited["error"]["message"]) == expected
