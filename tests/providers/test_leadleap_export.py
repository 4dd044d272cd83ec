"""LeadLeap's export: what it costs is in a header, what it holds is joined by id, what it lacks is in doubt."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from leadkit.errors import BadAnswerError, CreditsExhaustedError
from leadkit.money import Amount
from leadkit.providers.base import Response
from leadkit.providers.leadleap.export import MOST_IDS, export_leads

RECORDED = Path(__file__).parent / "leadleap"
EXPORT = export_leads()
LEADS = [
    {"id": "c_1", "full_name": "Anna Stone", "email_primary": "anna@example.com", "ai_score": 80},
    {"id": "c_2", "full_name": "Ben Hill", "email_primary": "ben@example.com", "ai_score": 70},
]


def exported(content: Any, **headers: str) -> Response:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return Response(200, {"content-type": "application/json", **headers}, body)


def hostile(case_id: str) -> dict[str, Any]:
    cases = json.loads((Path(__file__).parent / "hostile.json").read_text())["cases"]
    return next(case for case in cases if case["id"] == case_id)


@pytest.mark.parametrize(
    "content",
    [LEADS, {"leads": LEADS}, {"data": LEADS, "meta": {}, "error": None}, {"data": {"leads": LEADS}}],
)
def test_leads_are_read_from_every_layout_that_the_file_might_have(content: Any) -> None:
    decoded = EXPORT.decode(["c_2", "c_1"], exported(content))
    assert decoded.answers["c_1"].values["full_name"] == "Anna Stone"
    assert decoded.answers["c_2"].values["email"] == "ben@example.com"
    assert {column.field for column in EXPORT.columns} == set(decoded.answers["c_1"].values)


def test_a_csv_file_is_read_too_with_names_as_a_sheet_writes_them() -> None:
    body = b"\xef\xbb\xbfID,Full Name,Email\r\nc_1,Anna Stone,anna@example.com\r\n"
    decoded = EXPORT.decode(["c_1"], Response(200, {"content-type": "text/csv; charset=utf-8"}, body))
    assert decoded.answers["c_1"].values["full_name"] == "Anna Stone"
    assert decoded.answers["c_1"].values["email"] == "anna@example.com"


def test_trap_1_the_cost_is_read_from_the_header_that_holds_it() -> None:
    headers = json.loads((RECORDED / "post_leads_export_headers.json").read_bytes())["headers"]
    response = exported(LEADS, **{name.lower(): value for name, value in headers.items()})
    response = Response(200, {**response.headers, "content-type": "application/json"}, response.body)
    assert EXPORT.decode(["c_1", "c_2"], response).amount == Amount(2000, 2000)


@pytest.mark.parametrize("header", [{}, {"x-new-unlocks": "-1"}, {"x-new-unlocks": "two"}])
def test_without_a_readable_header_the_cost_is_not_known(header: dict[str, str]) -> None:
    assert EXPORT.decode(["c_1"], exported(LEADS, **header)).amount is None


def test_the_cost_is_kept_when_the_file_cannot_be_read() -> None:
    with pytest.raises(BadAnswerError) as caught:
        EXPORT.decode(["c_1"], exported(b'[{"id": "c_1"', **{"x-new-unlocks": "1"}))
    assert caught.value.amount == Amount(1000, 1000)


def test_leads_that_are_missing_from_the_file_are_left_in_doubt() -> None:
    decoded = EXPORT.decode(["c_1", "c_3", "c_4"], exported(LEADS))
    assert set(decoded.answers) == {"c_1"}
    assert "2 of 3 leads are missing" in decoded.note


def test_a_lead_with_two_different_rows_is_left_in_doubt() -> None:
    twice = [*LEADS, {**LEADS[0], "email_primary": "other@example.com"}]
    assert set(EXPORT.decode(["c_1", "c_2"], exported(twice)).answers) == {"c_2"}


def test_trap_33_a_masked_address_in_the_file_is_no_value() -> None:
    decoded = EXPORT.decode(["c_1"], exported([{**LEADS[0], "email_primary": "an***@example.com"}]))
    assert decoded.answers["c_1"].values["email"] is None
    assert "email_primary came masked" in decoded.answers["c_1"].note


def test_an_export_that_is_refused_says_why_and_is_not_in_doubt() -> None:
    body = (RECORDED / "error_402_credits_exhausted.json").read_bytes()
    with pytest.raises(CreditsExhaustedError) as caught:
        EXPORT.decode(["c_1"], Response(402, {"content-type": "application/json"}, body))
    assert caught.value.charged == "no"


@pytest.mark.parametrize("body", [b"<html>sign in</html>", b"", b'{"data": null, "error": null}', b"[1, 2"])
def test_what_is_no_file_is_in_doubt(body: bytes) -> None:
    with pytest.raises(BadAnswerError) as caught:
        EXPORT.decode(["c_1"], exported(body))
    assert caught.value.charged == "unknown"


def test_hostile_ex02_a_file_whose_name_climbs_out_is_read_and_its_name_is_not() -> None:
    case = hostile("EX02")
    http = case["http"]
    decoded = EXPORT.decode(case["asked"]["lead_ids"], Response(200, http["headers"], http["body"].encode()))
    assert decoded.answers["c_1"].values["email"] == "a@x.com"
    assert decoded.amount is None  # up to the reservation: 1 credit, as the case lists
    assert EXPORT.price.most == case["expect"]["charge_milli"]["hi"]


def test_hostile_ex03_a_batch_is_small_and_its_risk_is_said_before_it_is_bought() -> None:
    assert EXPORT.batch_size == 25
    assert "up to 25 credits are in doubt together" in EXPORT.price.note
    assert EXPORT.repeat.free  # so that the doubt can be cleared
    assert MOST_IDS * EXPORT.price.most == hostile("EX03")["expect"]["charge_milli"]["hi"]


def test_trap_2_an_export_may_be_repeated_because_what_is_unlocked_costs_nothing() -> None:
    assert EXPORT.repeat.free
    assert EXPORT.repeat.window_seconds is None
    assert EXPORT.price.least == 0


def test_ids_go_out_as_json_and_ask_for_json() -> None:
    request = EXPORT.encode(["c_1", "c_2"])
    assert request.path == "/leads/export"
    assert request.json == {"lead_ids": ["c_1", "c_2"], "format": "json"}


def test_an_export_has_its_own_facts_because_an_unlock_cannot_repeat_a_batch() -> None:
    assert (EXPORT.step, EXPORT.takes) == ("export", "lead_id")
