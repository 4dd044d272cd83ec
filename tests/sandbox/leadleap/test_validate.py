"""Validating addresses."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

DAY_SECONDS = 24 * 3600


def test_verdicts_come_in_the_order_asked(api: Any, people: Any) -> None:
    emails = [person.email for person in people[:50]]
    body = api.validate(*emails).json()
    assert [entry["email"] for entry in body["data"]] == emails
    assert [entry["is_valid"] for entry in body["data"]] == [p.mailbox == "ok" for p in people[:50]]
    assert body["meta"]["valid"] + body["meta"]["invalid"] == body["meta"]["total"] == 50


def test_a_known_person_has_a_reason_when_the_mailbox_is_bad(api: Any, people: Any) -> None:
    person = next(p for p in people if p.mailbox == "mailbox_full")
    entry = api.validate(person.email.upper()).json()["data"][0]
    assert (entry["is_valid"], entry["reason"]) == (False, "mailbox_full")


@pytest.mark.parametrize(
    "email", ["nobody", "@example.com", "a@b", "a b@example.com", "a..b@example.com", "x@-.com"]
)
def test_what_is_no_address_has_the_reason_that_is_printed(api: Any, email: str) -> None:
    entry = api.validate(email).json()["data"][0]
    assert (entry["is_valid"], entry["reason"]) == (False, "invalid_format")


def test_strangers_are_mostly_valid_and_the_rest_have_several_reasons(api: Any) -> None:
    reasons: Counter[str | None] = Counter()
    for batch in range(10):
        emails = [f"stranger{batch}-{n}@big-list.example" for n in range(100)]
        reasons.update(entry["reason"] for entry in api.validate(*emails).json()["data"])
    assert reasons[None] > 700
    assert len(reasons) >= 5
    assert "invalid_format" not in reasons


def test_a_stranger_has_the_same_verdict_in_every_world(sandbox: Any, connect: Any) -> None:
    emails = [f"stranger-{n}@big-list.example" for n in range(100)]
    one, other = (connect(sandbox(seed=seed)).validate(*emails).json()["data"] for seed in (1, 2))
    assert one == other


def test_a_verdict_is_cached_for_a_day(box: Any, api: Any) -> None:
    def cached() -> bool:
        return bool(api.post("/email/validate", {"email": "Jane.Doe@example.com"}).json()["meta"]["cached"])

    assert [cached(), cached()] == [False, True]
    box.advance(DAY_SECONDS - 60)
    assert cached() is True
    box.advance(120)
    assert cached() is False


def test_a_repeat_within_a_call_is_cached(api: Any) -> None:
    body = api.validate("jane@example.com", "JANE@example.com").json()
    assert [entry["cached"] for entry in body["data"]] == [False, True]
    assert body["meta"]["cached_count"] == 1


def test_validation_is_free_unless_it_is_given_a_price(box: Any, api: Any) -> None:
    api.validate("jane@example.com")
    assert (box.charges, len(box.paid_requests())) == ([], 1)
    box.set_price("leadleap", "validate", 100)
    api.validate("jane@example.com", "john@example.com", "john@example.com")
    assert [(charge.what, charge.millicredits) for charge in box.charges] == [("john@example.com", 100)]


def test_a_batch_that_cannot_be_paid_is_not_validated_at_all(sandbox: Any, connect: Any) -> None:
    box = sandbox(credits=1, validation_millicredits=400)
    api = connect(box)
    emails = ["a@example.com", "b@example.com", "c@example.com"]
    assert api.validate(*emails).status_code == 402
    assert box.charges == []
    assert api.validate(*emails[:2]).json()["meta"]["cached_count"] == 0
    assert box.charged("leadleap") == 800


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"email": "a@example.com", "emails": ["b@example.com"]},
        {"emails": []},
        {"emails": "a@example.com"},
        {"emails": [f"{n}@example.com" for n in range(101)]},
        {"emails": ["a@example.com", 7]},
        {"emails": ["a@example.com", " "]},
        {"email": None},
        {"email": "\ud83d@example.com"},
        ["a@example.com"],
    ],
    ids=["neither", "both", "empty", "text", "101", "number", "blank", "null", "half a character", "list"],
)
def test_a_body_outside_the_contract_is_a_bad_request(box: Any, api: Any, body: Any) -> None:
    box.set_price("leadleap", "validate", 100)
    answer = api.post("/email/validate", body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "BAD_REQUEST")
    assert box.charges == []


def test_a_hundred_addresses_are_one_call(api: Any) -> None:
    assert api.validate(*[f"{n}@example.com" for n in range(100)]).json()["meta"]["total"] == 100
