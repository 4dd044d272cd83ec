"""LeadLeap's answers, as recorded, become values; nothing that is not a value becomes one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from leadkit.errors import (
    BadAnswerError,
    BadRequestError,
    CreditsExhaustedError,
    InputError,
    KeyRefusedError,
    PlanLimitError,
    ProviderError,
    RateLimitedError,
    ScopeError,
)
from leadkit.money import Amount
from leadkit.providers.base import Response
from leadkit.providers.leadleap import LeadLeap

RECORDED = Path(__file__).parent / "leadleap"
LEAD = "c_7f3a2b9d1e8c5f4a"


def recorded(name: str, status: int = 200) -> Response:
    body = (RECORDED / f"{name}.json").read_bytes()
    return Response(status, {"content-type": "application/json"}, body)


def changed(name: str, **changes: Any) -> Response:
    """A recorded answer with parts of its data replaced."""
    body = json.loads((RECORDED / f"{name}.json").read_bytes())
    body["data"].update(changes)
    return Response(200, {"content-type": "application/json"}, json.dumps(body).encode())


def test_a_bulk_validation_gives_a_verdict_to_each_address_asked() -> None:
    operation = LeadLeap().operation("validate_emails")
    asked = ["jane.doe@example.com", "invalid-email", "john.roe@example.org"]
    decoded = operation.decode(asked, recorded("post_email_validate_bulk"))
    assert {key: answer.values["verdict"] for key, answer in decoded.answers.items()} == {
        "jane.doe@example.com": "valid",
        "invalid-email": "invalid",
        "john.roe@example.org": "valid",
    }
    assert decoded.answers["invalid-email"].values["reason"] == "invalid_format"
    assert decoded.request_id == "req_7f6e5d4c3b2a1098"


def test_an_address_that_was_not_asked_for_gets_no_answer_and_a_missing_one_is_left_open() -> None:
    operation = LeadLeap().operation("validate_emails")
    decoded = operation.decode(
        ["jane.doe@example.com", "x@example.com"], recorded("post_email_validate_bulk")
    )
    assert set(decoded.answers) == {"jane.doe@example.com"}


def test_an_address_with_two_contradicting_verdicts_is_left_open() -> None:
    operation = LeadLeap().operation("validate_emails")
    items = [{"email": "a@example.com", "is_valid": flag, "reason": None} for flag in (True, False)]
    body = json.dumps({"data": items, "meta": {}, "error": None}).encode()
    assert not operation.decode(["a@example.com"], Response(200, {}, body)).answers


def test_the_answer_to_a_single_address_is_no_list_and_is_read_like_one() -> None:
    single = recorded("post_email_validate_single")
    decoded = LeadLeap().operation("validate_emails").decode(["jane.doe@example.com"], single)
    assert decoded.answers["jane.doe@example.com"].values == {"verdict": "valid", "reason": None}


@pytest.mark.parametrize(("is_valid", "verdict"), [(True, "valid"), (False, "invalid"), (None, "unknown")])
def test_a_verdict_is_never_a_bare_boolean(is_valid: bool | None, verdict: str) -> None:
    operation = LeadLeap().operation("validate_emails")
    body = json.dumps({"data": {"email": "A@example.com", "is_valid": is_valid}, "error": None}).encode()
    decoded = operation.decode(["a@example.com"], Response(200, {}, body))
    assert decoded.answers["a@example.com"].values["verdict"] == verdict


def test_the_price_of_a_validation_is_unknown_unless_the_customer_knows_it() -> None:
    unknown = LeadLeap().operation("validate_emails").price
    assert unknown.expected is None
    assert unknown.most > 0
    assert "states no price" in unknown.note
    known = LeadLeap(validation_millicredits=100).operation("validate_emails").price
    assert (known.least, known.expected, known.most) == (100, 100, 100)


def test_a_known_validation_price_counts_only_what_leadleap_had_not_cached() -> None:
    operation = LeadLeap(validation_millicredits=100).operation("validate_emails")
    items = [{"email": f"{n}@example.com", "is_valid": True, "cached": n == 0} for n in range(3)]
    body = json.dumps({"data": items, "meta": {}, "error": None}).encode()
    decoded = operation.decode([f"{n}@example.com" for n in range(3)], Response(200, {}, body))
    assert decoded.amount == Amount(200, 200)


def test_an_unlock_gives_the_contact_and_what_it_cost() -> None:
    operation = LeadLeap().operation("unlock")
    decoded = operation.decode([LEAD], recorded("post_leads_unlock"))
    values = decoded.answers[LEAD].values
    assert values["email"] == "sarah.mitchell@acme.com"
    assert values["ai_score"] == 87
    assert decoded.amount == Amount(1000, 1000)


def test_an_unlock_from_cache_costs_nothing() -> None:
    decoded = LeadLeap().operation("unlock").decode([LEAD], recorded("post_leads_unlock_cached"))
    assert decoded.amount == Amount(0, 0)


def test_an_answer_about_another_lead_gives_its_row_nothing() -> None:
    decoded = LeadLeap().operation("unlock").decode(["c_other"], recorded("post_leads_unlock"))
    assert not decoded.answers


def test_a_masked_address_never_becomes_a_value() -> None:
    response = changed("post_leads_unlock", email_primary="sa***@acme.com", phone="+1415****78")
    answer = LeadLeap().operation("unlock").decode([LEAD], response).answers[LEAD]
    assert answer.values["email"] is None
    assert answer.values["phone"] is None
    assert "email_primary came masked" in answer.note


def test_an_object_never_becomes_a_cell() -> None:
    response = changed("post_leads_unlock", company_name={"mimetype": "text/html", "data": "<b>"})
    answer = LeadLeap().operation("unlock").decode([LEAD], response).answers[LEAD]
    assert answer.values["company_name"] is None
    assert "company_name" in answer.note


def test_enriching_is_free_and_gives_more_fields() -> None:
    operation = LeadLeap().operation("enrich")
    decoded = operation.decode([LEAD], recorded("post_leads_enrich"))
    assert decoded.amount == Amount(0, 0)
    assert decoded.answers[LEAD].values["department"] == "Engineering"
    assert {column.field for column in operation.columns} == set(decoded.answers[LEAD].values)


@pytest.mark.parametrize(("name", "status"), [("error_404_not_found", 404), ("error_410_gone", 410)])
def test_a_lead_that_is_not_there_is_not_found_and_costs_nothing(name: str, status: int) -> None:
    decoded = LeadLeap().operation("unlock").decode([LEAD], recorded(name, status))
    assert decoded.answers[LEAD].status == "not_found"
    assert decoded.amount == Amount(0, 0)


@pytest.mark.parametrize(
    ("name", "status", "error", "charged"),
    [
        ("error_400_bad_request", 400, BadRequestError, "no"),
        ("error_401_unauthorized", 401, KeyRefusedError, "no"),
        ("error_402_credits_exhausted", 402, CreditsExhaustedError, "no"),
        ("error_403_forbidden", 403, ScopeError, "no"),
        ("error_403_plan_limit", 403, PlanLimitError, "no"),
        ("error_429_rate_limited", 429, RateLimitedError, "no"),
        ("error_500_internal_error", 500, BadAnswerError, "unknown"),
    ],
)
@pytest.mark.parametrize("inside_a_200", [False, True])
def test_the_code_in_the_body_decides_whatever_the_http_status(
    name: str, status: int, error: type[ProviderError], charged: str, inside_a_200: bool
) -> None:
    with pytest.raises(error) as caught:
        LeadLeap().operation("unlock").decode([LEAD], recorded(name, 200 if inside_a_200 else status))
    assert caught.value.charged == charged
    assert ("Nothing was charged" in str(caught.value)) == (charged == "no")


def test_every_cut_of_an_unlock_is_an_answer_or_in_doubt_and_nothing_else() -> None:
    body = (RECORDED / "post_leads_unlock.json").read_bytes()
    operation = LeadLeap().operation("unlock")
    for end in range(len(body.rstrip()) - 1):
        with pytest.raises(BadAnswerError) as caught:
            operation.decode([LEAD], Response(200, {"content-type": "application/json"}, body[:end]))
        assert caught.value.charged == "unknown"


def test_usage_gives_the_balance_and_the_account() -> None:
    balance = LeadLeap().decode_balance(recorded("get_account_usage"))
    assert (balance.remaining, balance.used, balance.account) == (3_750_000, 1_250_000, "usr_abc123")


def test_a_step_that_leadleap_does_not_sell_is_refused_in_words() -> None:
    with pytest.raises(InputError, match="LeadLeap does not offer find_people"):
        LeadLeap().operation("find_people")
    with pytest.raises(InputError, match="leave want= out"):
        LeadLeap().operation("unlock", ["phone"])


def test_every_price_limit_and_repeat_rule_names_its_source() -> None:
    for step in ("validate_emails", "unlock", "enrich"):
        operation = LeadLeap().operation(step)
        for rule in (operation.price, operation.limit, operation.repeat):
            assert rule.source.startswith("https://"), (step, rule)
