"""Leadfeeder's errors come in three shapes and two statuses; each ends as the same few kinds of error."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from leadkit.errors import (
    BadAnswerError,
    BadRequestError,
    CreditsExhaustedError,
    KeyRefusedError,
    NotThereError,
    PlanLimitError,
    ProviderError,
    QuotaExhaustedError,
    RateLimitedError,
    ScopeError,
)
from leadkit.money import Amount
from leadkit.providers.base import Response
from leadkit.providers.leadfeeder.answers import read_body

RECORDED = Path(__file__).parent / "leadfeeder"
JSON = {"content-type": "application/json"}


def error_of(response: Response, account_id: str | None = "123456") -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        read_body(response, account_id)
    return caught.value


def said(status: int, **body: Any) -> Response:
    return Response(status, JSON, json.dumps(body).encode())


@pytest.mark.parametrize(
    ("name", "status", "kind"),
    [
        ("error_401_errors_array", 401, KeyRefusedError),
        ("error_403_missing_token_flat", 403, KeyRefusedError),
        ("error_403_invalid_api_key_flat", 403, KeyRefusedError),
        ("error_403_access_denied_flat_older", 403, KeyRefusedError),
        ("error_403_insufficient_entitlements", 403, PlanLimitError),
        ("error_404_entity_not_found", 404, NotThereError),
        ("error_429_too_many_requests_flat", 429, RateLimitedError),
        ("error_quota_exceeded", 429, QuotaExhaustedError),
    ],
)
def test_trap_29_each_recorded_error_is_told_in_whatever_shape_it_comes(
    name: str, status: int, kind: type[ProviderError]
) -> None:
    error = error_of(Response(status, JSON, (RECORDED / f"{name}.json").read_bytes()))
    assert type(error) is kind
    assert error.charged == "no"
    assert "Nothing was charged" in str(error)


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("code", ["missing_token", "api_key_expired", "token_revoked", "oauth_app_disabled"])
def test_trap_29_a_key_problem_is_one_at_401_and_at_403(status: int, code: str) -> None:
    for body in ({"errors": [{"code": code, "title": "x"}]}, {"code": code, "message": "x"}):
        error = error_of(said(status, **body))
        assert isinstance(error, KeyRefusedError)
        assert not isinstance(error, ScopeError)
        assert error.stops_run


def test_trap_28_a_401_without_a_reason_points_at_the_account_before_the_key() -> None:
    message = str(error_of(said(401, errors=[{"code": "unauthorized", "title": "Unauthorized"}])))
    assert "account 123456" in message
    assert message.index("LEADFEEDER_ACCOUNT_ID") < message.index("LEADFEEDER_API_KEY")
    assert "a missing account" in str(error_of(said(401, message="Unauthorized"), None))
    assert "LEADFEEDER_ACCOUNT_ID" not in str(error_of(said(401, code="invalid_api_key", message="x")))


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, BadRequestError),
        (402, CreditsExhaustedError),
        (403, ScopeError),
        (405, BadRequestError),
        (410, NotThereError),
        (422, BadRequestError),
        (429, RateLimitedError),
        (500, BadAnswerError),
        (503, BadAnswerError),
        (418, BadAnswerError),
    ],
)
def test_without_a_known_code_the_status_decides(status: int, kind: type[ProviderError]) -> None:
    bodies: list[dict[str, Any]] = [{"errors": [{"code": "brand_new"}]}, {"errors": []}, {"message": "x"}, {}]
    for body in bodies:
        error = error_of(said(status, **body))
        assert type(error) is kind
        assert ("Nothing was charged" in str(error)) == (error.charged == "no")


def test_the_code_decides_inside_an_answer_that_says_200() -> None:
    assert isinstance(error_of(said(200, errors=[{"code": "quota_exceeded"}])), QuotaExhaustedError)
    assert isinstance(error_of(said(200, code="too_many_requests", message="x")), RateLimitedError)


@pytest.mark.parametrize("code", ["quota_exceeded", "too_many_requests", "insufficient_entitlements"])
def test_an_error_in_place_of_data_that_says_200_may_have_been_charged_unless_it_says_not(code: str) -> None:
    error = error_of(said(200, data=None, errors=[{"code": code}]))
    assert error.charged == "unknown"
    assert "It may have been charged" in str(error)
    told = error_of(said(200, data=None, errors=[{"code": code}], meta={"credits": {"charged": 0}}))
    for free in (told, error_of(said(200, data=None, errors=[{"code": "entity_not_found"}]))):
        assert free.charged == "no"
        assert "Nothing was charged" in str(free)


def test_a_fault_of_the_server_may_have_been_charged_whatever_its_code() -> None:
    for meta in ({}, {"credits": {"charged": 0}}):
        error = error_of(said(500, errors=[{"code": "entity_not_found"}], meta=meta))
        assert isinstance(error, BadAnswerError)
        assert error.charged == "unknown"


def test_a_refusal_that_was_charged_all_the_same_is_in_doubt() -> None:
    error = error_of(said(404, errors=[{"code": "entity_not_found"}], meta={"credits": {"charged": 1}}))
    assert isinstance(error, BadAnswerError)
    assert error.charged == "unknown"
    assert error.amount == Amount(1000, 1000)


def test_an_error_beside_data_is_noted_and_the_data_kept() -> None:
    body = read_body(said(200, data=[], errors=[{"code": "partial", "title": "x"}]), None)
    assert body.data == []
    assert "an error beside the data: partial" in body.note


def test_trap_30_the_message_of_a_429_names_the_monthly_quota() -> None:
    response = Response(429, JSON, (RECORDED / "error_429_too_many_requests_flat.json").read_bytes())
    assert "100,000 a month" in str(error_of(response))
    assert error_of(Response(429, {"content-type": "text/html"}, b"<html>")).charged == "no"


def test_a_message_keeps_no_control_characters() -> None:
    assert "\x1b" not in str(error_of(said(400, message="a\x1b[31mred")))


@pytest.mark.parametrize("body", [b"", b"<html>sign in</html>", b"[]", b"null", b'{"data": ', b"{" * 5000])
def test_what_is_no_answer_is_in_doubt(body: bytes) -> None:
    error = error_of(Response(200, JSON, body))
    assert isinstance(error, BadAnswerError)
    assert error.charged == "unknown"
