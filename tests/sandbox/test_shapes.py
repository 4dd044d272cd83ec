"""The sandbox's answers have the keys and types of the answers printed in LeadLeap's contract."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

PRINTED = Path(__file__).parent / "fixtures"


def printed(name: str) -> Any:
    return json.loads((PRINTED / f"{name}.json").read_text(encoding="utf-8"))


def shape(value: Any) -> Any:
    """The value with every leaf replaced by its type; a list by the shape of its first entry."""
    if isinstance(value, dict):
        return {key: shape(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value).__name__


def differences(answer: Any, expected: Any, at: str = "answer") -> list[str]:
    """Where two shapes differ. A null fits anywhere, as fields without a value are null."""
    if "NoneType" in (answer, expected):
        return []
    if isinstance(answer, dict) and isinstance(expected, dict):
        odd = [f"{at}.{key} is only in one of them" for key in sorted(answer.keys() ^ expected.keys())]
        shared = answer.keys() & expected.keys()
        return odd + [
            d for key in sorted(shared) for d in differences(answer[key], expected[key], f"{at}.{key}")
        ]
    if isinstance(answer, list) and isinstance(expected, list):
        return differences(answer[0], expected[0], f"{at}[0]") if answer and expected else []
    return [] if answer == expected else [f"{at} is {answer}, printed as {expected}"]


def assert_shaped_as(answer: Any, name: str) -> None:
    assert differences(shape(answer), shape(printed(name))) == []


def test_a_missing_key_and_another_type_are_differences() -> None:
    assert differences(shape({"a": 1, "b": "x"}), shape({"a": "1", "c": "x"})) == [
        "answer.b is only in one of them",
        "answer.c is only in one of them",
        "answer.a is int, printed as str",
    ]


@pytest.fixture
def lead_id(people: Any) -> str:
    return str(people[0].lead_id)


def test_a_search_is_shaped_as_printed(api: Any) -> None:
    assert_shaped_as(api.get("/leads", country="US", sector="Technology", per_page=5).json(), "get_leads")


def test_an_unlock_is_shaped_as_printed(api: Any, people: Any) -> None:
    person = next(p for p in people if p.second_email and p.state)
    assert_shaped_as(api.unlock(person.lead_id).json(), "post_leads_unlock")


def test_an_enrichment_is_shaped_as_printed(api: Any, lead_id: str) -> None:
    assert_shaped_as(api.post("/leads/enrich", {"lead_id": lead_id}).json(), "post_leads_enrich")


def test_a_validation_is_shaped_as_printed(api: Any) -> None:
    single = api.post("/email/validate", {"email": "jane.doe@example.com"})
    assert_shaped_as(single.json(), "post_email_validate_single")
    assert_shaped_as(api.validate("jane.doe@example.com", "invalid-email").json(), "post_email_validate_bulk")


def test_usage_is_shaped_as_printed(api: Any) -> None:
    assert_shaped_as(api.get("/account/usage").json(), "get_account_usage")


def test_webhooks_are_shaped_as_printed(api: Any) -> None:
    body = {"name": "CRM", "url": "https://hooks.example.com/x", "events": ["lead.unlocked"]}
    created = api.post("/webhooks", body)
    assert_shaped_as(created.json(), "post_webhooks")
    assert_shaped_as(api.get("/webhooks").json(), "get_webhooks")
    assert_shaped_as(api.delete(f"/webhooks/{created.json()['data']['id']}").json(), "delete_webhook")


def test_errors_are_shaped_as_printed(sandbox: Any, connect: Any) -> None:
    box = sandbox()
    box.set_rate_limit("leadleap", 1)
    assert_shaped_as(connect(box, "").get("/leads").json(), "error_401_unauthorized")
    api = connect(box)
    api.get("/leads")
    assert_shaped_as(api.get("/leads").json(), "error_429_rate_limited")
