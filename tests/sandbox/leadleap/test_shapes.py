"""The sandbox's answers have the keys and types of the answers printed in LeadLeap's contract."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.shapes import assert_shaped_as


@pytest.fixture
def lead_id(people: Any) -> str:
    return str(people[0].lead_id)


def test_a_search_is_shaped_as_printed(api: Any) -> None:
    assert_shaped_as(
        api.get("/leads", country="US", sector="Technology", per_page=5).json(), "leadleap/get_leads"
    )


def test_an_unlock_is_shaped_as_printed(api: Any, people: Any) -> None:
    person = next(p for p in people if p.second_email and p.state)
    assert_shaped_as(api.unlock(person.lead_id).json(), "leadleap/post_leads_unlock")


def test_an_enrichment_is_shaped_as_printed(api: Any, lead_id: str) -> None:
    assert_shaped_as(api.post("/leads/enrich", {"lead_id": lead_id}).json(), "leadleap/post_leads_enrich")


def test_a_validation_is_shaped_as_printed(api: Any) -> None:
    single = api.post("/email/validate", {"email": "jane.doe@example.com"})
    assert_shaped_as(single.json(), "leadleap/post_email_validate_single")
    assert_shaped_as(
        api.validate("jane.doe@example.com", "invalid-email").json(), "leadleap/post_email_validate_bulk"
    )


def test_usage_is_shaped_as_printed(api: Any) -> None:
    assert_shaped_as(api.get("/account/usage").json(), "leadleap/get_account_usage")


def test_webhooks_are_shaped_as_printed(api: Any) -> None:
    body = {"name": "CRM", "url": "https://hooks.example.com/x", "events": ["lead.unlocked"]}
    created = api.post("/webhooks", body)
    assert_shaped_as(created.json(), "leadleap/post_webhooks")
    assert_shaped_as(api.get("/webhooks").json(), "leadleap/get_webhooks")
    assert_shaped_as(
        api.delete(f"/webhooks/{created.json()['data']['id']}").json(), "leadleap/delete_webhook"
    )


def test_errors_are_shaped_as_printed(sandbox: Any, connect: Any) -> None:
    box = sandbox()
    box.set_rate_limit("leadleap", 1)
    assert_shaped_as(connect(box, "").get("/leads").json(), "leadleap/error_401_unauthorized")
    api = connect(box)
    api.get("/leads")
    assert_shaped_as(api.get("/leads").json(), "leadleap/error_429_rate_limited")
