"""Every fault, and whether the request was charged before it struck."""

from __future__ import annotations

import time
from typing import Any

import pytest
import requests

CODES = {400: "BAD_REQUEST", 401: "UNAUTHORIZED", 402: "CREDITS_EXHAUSTED", 403: "FORBIDDEN", 404: "NOT_FOUND",
         410: "GONE", 429: "RATE_LIMITED", 500: "INTERNAL_ERROR", 503: "INTERNAL_ERROR"}  # fmt: skip


@pytest.mark.parametrize("status", CODES)
@pytest.mark.parametrize("after_charge", [False, True])
def test_any_status_before_and_after_the_charge(
    box: Any, api: Any, people: Any, status: int, after_charge: bool
) -> None:
    box.fault("status", "/leads/unlock", status=status, after_charge=after_charge)
    answer = api.unlock(people[0].lead_id)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, CODES[status])
    assert "X-RateLimit-Remaining" in answer.headers
    assert box.charged("leadleap") == (1000 if after_charge else 0)
    assert (box.requests[0].fault, box.requests[0].millicredits) == ("status", 1000 if after_charge else 0)
    assert api.unlock(people[0].lead_id).json()["meta"]["cached"] is after_charge


@pytest.mark.parametrize("retry_after", ["7", "1.5", "-5", "Wed, 21 Oct 2026 07:28:00 GMT", "soon"])
def test_a_retry_after_of_any_form(box: Any, api: Any, retry_after: str) -> None:
    box.fault("status", status=429, retry_after=retry_after)
    answer = api.get("/leads")
    assert answer.headers["Retry-After"] == retry_after
    assert answer.json()["error"].get("retry_after") == (7 if retry_after == "7" else None)


@pytest.mark.parametrize(("kind", "charged"), [("reset_before", 0), ("reset_after", 1000)])
def test_a_cut_connection(box: Any, api: Any, people: Any, kind: str, charged: int) -> None:
    box.fault(kind, "/leads/unlock")
    with pytest.raises(requests.ConnectionError):
        api.unlock(people[0].lead_id)
    assert box.charged("leadleap") == charged
    assert (box.requests[0].status, box.requests[0].asked) == (0, (people[0].lead_id,))
    assert api.unlock(people[0].lead_id).json()["meta"]["cached"] is bool(charged)


def test_a_truncated_answer_was_charged(box: Any, api: Any, people: Any) -> None:
    box.fault("truncate", "/leads/unlock")
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        api.unlock(people[0].lead_id)
    assert box.charged("leadleap") == 1000


@pytest.mark.parametrize("after_charge", [False, True])
def test_an_answer_that_comes_too_late_is_charged_all_the_same(
    box: Any, api: Any, people: Any, after_charge: bool
) -> None:
    """Before the delay or after it: the client has hung up in both cases."""
    box.fault("delay", "/leads/unlock", seconds=0.6, after_charge=after_charge)
    with pytest.raises(requests.Timeout):
        api.session.post(api.url + "/leads/unlock", json={"lead_id": people[0].lead_id}, timeout=0.2)
    assert box.charged("leadleap") == (1000 if after_charge else 0)
    deadline = time.monotonic() + 10
    while not box.charges and time.monotonic() < deadline:
        time.sleep(0.02)
    assert box.charged("leadleap") == 1000


def test_a_page_of_html(box: Any, api: Any) -> None:
    box.fault("html", status=200)
    answer = api.get("/leads")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert box.requests[0].fault == "html"


def test_any_bytes_with_any_headers(box: Any, api: Any) -> None:
    box.fault(
        "body", body=b"\x00\xff{", headers={"Content-Type": "application/json", "X-Odd": "1"}, status=200
    )
    answer = api.get("/leads")
    assert (answer.content, answer.headers["X-Odd"]) == (b"\x00\xff{", "1")
    assert answer.headers["Content-Type"] == "application/json"


def test_lists_out_of_order_and_too_short(box: Any, api: Any) -> None:
    emails = ["a@example.com", "b@example.com", "c@example.com"]
    box.fault("reversed")
    assert [entry["email"] for entry in api.validate(*emails).json()["data"]] == emails[::-1]
    box.fault("short")
    assert [entry["email"] for entry in api.validate(*emails).json()["data"]] == emails[:-1]


def test_an_answer_about_somebody_else(box: Any, api: Any, people: Any) -> None:
    box.fault("wrong_id", "/leads/unlock")
    assert api.unlock(people[0].lead_id).json()["data"]["id"] != people[0].lead_id
    assert box.charges[0].what == people[0].lead_id


def test_a_fault_strikes_its_path_only_and_as_often_as_told(box: Any, api: Any, people: Any) -> None:
    box.fault("status", "/leads/unlock", times=2, status=503)
    assert api.get("/leads").status_code == 200
    assert [api.unlock(people[0].lead_id).status_code for _ in range(3)] == [503, 503, 200]
    assert box.faults == []


def test_a_fault_strikes_every_nth_after_some_are_let_pass(box: Any, api: Any) -> None:
    box.fault("status", times=None, every=3, skip=1)
    assert [api.get("/leads").status_code for _ in range(8)] == [200, 200, 200, 500, 200, 200, 500, 200]
    box.clear_faults()
    assert {api.get("/leads").status_code for _ in range(4)} == {200}


def test_a_fault_can_be_for_one_method_and_any_id(box: Any, api: Any) -> None:
    box.fault("status", "/webhooks/*", method="DELETE")
    assert api.get("/webhooks").status_code == 200
    assert api.delete("/webhooks/wh_1").status_code == 500


@pytest.mark.parametrize(
    "wrong", [{"kind": "explode"}, {"kind": "status", "every": 0}, {"kind": "status", "times": 0}]
)
def test_a_fault_that_makes_no_sense_is_refused(box: Any, wrong: Any) -> None:
    with pytest.raises(ValueError, match="fault"):
        box.fault(**wrong)


def test_every_answer_can_be_slow(sandbox: Any, connect: Any) -> None:
    started = time.monotonic()
    connect(sandbox(delay_seconds=0.3)).get("/leads")
    assert time.monotonic() - started >= 0.3
