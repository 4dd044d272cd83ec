"""LeadIQ as a provider: its key in two encodings, its balance and prices, e-mail checks and companies."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from leadkit.errors import BadAnswerError, CreditsExhaustedError, InputError, KeyRefusedError, SettingsError
from leadkit.money import Amount
from leadkit.providers.base import Answer, Decoded, Operation, Provider, Response, Search
from leadkit.providers.leadiq import LeadIQ
from leadkit.providers.leadiq.companies import IDENTITIES
from tests.providers.leadiq_server import JSON, RECORDED, answer, problems, recorded

HOSTILE = json.loads((Path(__file__).parent / "hostile.json").read_text())["cases"]
COMPANY = json.dumps({"domain": "acme.example"})


def test_it_is_a_provider() -> None:
    provider: Provider = LeadIQ()
    assert provider.hosts.keys() == provider.host_overrides.keys() == {"api", "prospector"}


def test_every_recorded_answer_is_in_the_index_and_names_no_real_domain() -> None:
    listed = {entry["file"] for entry in json.loads((RECORDED / "INDEX.json").read_text())}
    there = {path.name for path in RECORDED.glob("*.json")} - {"INDEX.json"}
    assert there == listed


def test_every_price_limit_and_repeat_rule_names_its_source() -> None:
    steps = ("find_people", "unlock", "preview_people", "validate_emails", "company_details")
    everything: list[Operation | Search] = [LeadIQ().operation(step) for step in steps]
    everything += [LeadIQ().search(step) for step in ("search_people", "job_changes", "search_companies")]
    for sold in everything:
        for rule in (sold.price, sold.limit, sold.repeat):
            assert rule.source.startswith("https://"), (sold.step, rule)


def test_a_step_that_leadiq_does_not_sell_is_refused_in_words() -> None:
    with pytest.raises(InputError, match=r"does not offer enrich; it offers find_people, .*Nothing was sent"):
        LeadIQ().operation("enrich")
    with pytest.raises(InputError, match="leave want= out"):
        LeadIQ().operation("validate_emails", ["email"])
    with pytest.raises(InputError, match="does not offer find_people; it offers search_people"):
        LeadIQ().search("find_people")
    with pytest.raises(InputError, match="leave want= out"):
        LeadIQ().search("search_people", ["company"])


# ---------------------------------------------------------------- the key


@pytest.mark.parametrize("plain", ["user-key", "user-key:", "a:b", "x" * 64])
@pytest.mark.parametrize("padded", [True, False])
def test_trap_27_one_key_goes_out_in_the_encoding_of_each_host(plain: str, padded: bool) -> None:
    issued = base64.b64encode(plain.encode()).decode()
    issued = issued if padded else issued.rstrip("=")
    assert LeadIQ().headers(issued, "api") == {"Authorization": f"Basic {issued}"}
    assert LeadIQ().headers(issued, "prospector") == {"X-API-Key": plain}


@pytest.mark.parametrize(
    "key",
    [
        "not base64!",
        "dXNlci1r!ZXk=",
        "ll_0123456789abcdef",
        base64.b64encode(b"a\r\nHost: x").decode(),
        "AAAA",
        "ä",
        "a",
    ],
)
def test_a_key_that_is_not_base64_is_refused_without_being_shown(key: str) -> None:
    with pytest.raises(SettingsError, match=r"not base64.*Settings, API.*Nothing was sent") as caught:
        LeadIQ().headers(key, "prospector")
    assert key not in str(caught.value).split()
    assert repr(key) not in str(caught.value)
    assert caught.value.__context__ is None  # which would hold the decoder's words about it


# ---------------------------------------------------------------- balance and prices


def test_the_balance_is_what_is_left() -> None:
    request = LeadIQ().balance_request()
    assert problems(request) == []
    universal = LeadIQ().decode_balance(recorded("graphql_account_universal"))
    assert (universal.remaining, universal.used, universal.limit) == (180_000, 20_000, 200_000)
    assert universal.period_end == "2026-05-01T00:00:00.000Z"
    older = LeadIQ().decode_balance(recorded("graphql_account"))
    assert (older.remaining, older.used) == (493_000, 7_000)
    assert "older than Universal Credits" in older.note
    assert "older" not in universal.note


def test_a_plan_that_ended_says_so() -> None:
    ended = {"name": "Pro", "status": "Inactive", "available": 5, "used": 1}
    for status, says in (("Inactive", True), ("active", False), ("Trialing", False)):
        body = {"data": {"account": {"universalPlan": {**ended, "status": status}}}}
        assert ("the plan Pro is" in LeadIQ().decode_balance(answer(body)).note) == says


def test_trap_08_a_balance_in_whole_credits_says_so() -> None:
    assert "whole credits" in LeadIQ().decode_balance(recorded("graphql_account_universal")).note


def test_a_balance_with_fractions_is_exact() -> None:
    (case,) = [case for case in HOSTILE if case["id"] == "LQ13"]
    balance = LeadIQ().decode_balance(Response(200, JSON, case["http"]["body"].encode()))
    assert (balance.remaining, balance.used) == (485_900, 14_100)


@pytest.mark.parametrize("plan", [None, {}, {"available": None}, {"available": "many", "used": -1}])
def test_a_plan_that_says_nothing_has_no_balance(plan: Any) -> None:
    body = {"data": {"account": {"plans": [], "universalPlan": plan, "dataHubPlan": None}}}
    balance = LeadIQ().decode_balance(answer(body))
    assert (balance.remaining, balance.used) == (None, None)


@pytest.mark.parametrize(("status", "error"), [(401, KeyRefusedError), (402, CreditsExhaustedError)])
def test_an_account_that_is_refused_inside_a_200_is_an_error(status: int, error: type[Exception]) -> None:
    with pytest.raises(error):
        LeadIQ().decode_balance(recorded(f"graphql_200_with_error_{status}"))


def test_an_accounts_own_price_list_is_read_exactly() -> None:
    request = LeadIQ().prices_request()
    assert problems(request) == []
    costs = [
        {"dataPoint": "Profile", "cost": 0, "costInDecimals": 0.1},
        {"dataPoint": "PersonEmail", "cost": 1, "costInDecimals": "1.0"},
        {"dataPoint": "Company", "cost": 3, "costInDecimals": None},
        {"dataPoint": "Person", "cost": None, "costInDecimals": "NaN"},
        None,
    ]
    plan = {"costs": [{"sku": "Api", "costs": costs}, {"sku": None, "costs": costs}, 7]}
    prices = LeadIQ().decode_prices(answer({"data": {"account": {"universalPlan": plan}}}))
    assert prices == {"Api": {"Profile": 100, "PersonEmail": 1_000, "Company": 3_000}}


# ---------------------------------------------------------------- e-mail checks


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        ("Verified", "valid"),
        ("VerifiedLikely", "risky"),
        ("Unverified", "unknown"),
        ("Invalid", "invalid"),
        ("QuantumVerified", "unknown"),
    ],
)
def test_a_check_gives_a_verdict_and_leadiqs_own_word(status: str, verdict: str) -> None:
    operation = LeadIQ().operation("validate_emails")
    decoded = operation.decode(["a@example.com"], answer({"status": status}))
    assert decoded.answers["a@example.com"].values == {"verdict": verdict, "check": status}
    assert decoded.amount is None


def test_a_check_asks_for_one_address_and_costs_a_tenth() -> None:
    operation = LeadIQ().operation("validate_emails")
    request = operation.encode(["jane+x@example.com"])
    assert (request.host, request.method, request.path) == ("prospector", "GET", "/v1/verify-email")
    assert request.query == (("email", "jane+x@example.com"),)
    assert (operation.batch_size, operation.price.most, operation.repeat.free) == (1, 100, False)
    got = operation.decode(["jane.smith@acme.example"], recorded("prospector_get_verify_email"))
    assert got.answers["jane.smith@acme.example"].values["verdict"] == "valid"


@pytest.mark.parametrize("body", [{}, {"status": None}, {"status": {}}, {"code": "x", "message": "y"}])
def test_a_check_without_a_verdict_is_in_doubt(body: Any) -> None:
    with pytest.raises(BadAnswerError) as caught:
        LeadIQ().operation("validate_emails").decode(["a@example.com"], answer(body))
    assert caught.value.charged == "unknown"


# ---------------------------------------------------------------- companies


def company(*results: Any, asked: str = COMPANY, total: int | None = None) -> Decoded:
    part = {"totalResults": len(results) if total is None else total, "results": list(results)}
    operation = LeadIQ().operation("company_details")
    return operation.decode([asked], answer({"data": {"searchCompany": part}}))


def named(name: str, *given: str, total: int | None = None) -> Answer:
    """The answer for a company asked by name, of which LeadIQ gives one and tells how many there are."""
    asked = json.dumps({"company": name})
    companies = [
        {"company": {"id": "c1", "name": one, "employeeCount": 7, "state": "Vermont"}} for one in given
    ]
    part = {"totalCompanies": len(given) if total is None else total, "companies": companies[:1]}
    operation = LeadIQ().operation("company_details")
    decoded = operation.decode([asked], answer({"data": {"groupedAdvancedSearch": part}}))
    assert decoded.amount == Amount(0, operation.price.most)
    return decoded.answers[asked]


@pytest.mark.parametrize("part", [part for (part,) in IDENTITIES])
def test_every_identity_of_a_company_is_asked_for_in_a_form_that_leadiq_takes(part: str) -> None:
    asked = json.dumps({part: "linkedin.com/company/acme" if part == "company_linkedin" else "acme"})
    assert problems(LeadIQ().operation("company_details").encode([asked])) == []


def test_a_company_is_asked_for_by_name_under_a_limit_of_one() -> None:
    # searchCompany has no limit, and each company that it gives may be charged.
    request = LeadIQ().operation("company_details").encode([json.dumps({"company": "acme"})])
    assert request.json["variables"]["input"]["limit"] == 1
    assert "searchCompany" not in request.json["query"]


def test_the_details_of_a_company_fill_its_columns() -> None:
    operation = LeadIQ().operation("company_details")
    decoded = operation.decode([COMPANY], recorded("graphql_searchCompany"))
    values = decoded.answers[COMPANY].values
    assert {column.field for column in operation.columns} == set(values)
    assert (values["company_name"], values["company_domain"]) == ("Acme Corp", "acme.example")
    assert (values["company_employees"], values["company_funding_usd"]) == (120, 1_000_000)
    assert (values["company_city"], values["company_technologies"]) == ("Concord", "Example CRM")
    assert decoded.amount == Amount(0, 3_000)


def test_trap_09_company_data_is_kept_for_a_year_and_never_asked_for_twice_by_itself() -> None:
    operation = LeadIQ().operation("company_details")
    assert operation.keeps_days == 365
    assert not operation.repeat.free
    assert operation.batch_size == 1


def test_a_company_is_not_found_only_by_an_empty_and_sound_answer() -> None:
    assert company().answers[COMPANY].status == "not_found"
    assert company(total=3).answers == {}
    body = {"data": {"searchCompany": {"results": []}}, "errors": ["boom"]}
    assert LeadIQ().operation("company_details").decode([COMPANY], answer(body)).answers == {}


def test_of_several_companies_the_one_with_the_domain_is_taken_and_each_is_counted() -> None:
    decoded = company(
        {"name": "Other", "domain": "other.example"}, {"name": "Acme", "domain": "acme.example"}
    )
    assert decoded.answers[COMPANY].values["company_name"] == "Acme"
    assert decoded.amount == Amount(0, 6_000)


def test_a_name_that_fits_two_companies_is_nobodys() -> None:
    got = named("acme", "Acme GmbH", "ACME, Inc.")
    assert (got.status, got.note) == ("not_found", "2 companies fit; give the domain to tell which")


@pytest.mark.parametrize(
    ("given", "status"), [("Acme, Inc.", "found"), ("Acme Robotics", "found"), ("Stone Ltd", "not_found")]
)
def test_a_company_of_another_name_fills_no_cell(given: str, status: str) -> None:
    got = named("acme", given)
    assert got.status == status
    assert got.values.get("company_name") == (given if status == "found" else None)


def test_a_company_found_by_name_fills_the_same_columns() -> None:
    values = named("acme", "Acme").values
    assert {column.field for column in LeadIQ().operation("company_details").columns} == set(values)
    assert (values["company_employees"], values["company_state"]) == (7, "Vermont")
    assert named("acme").status == "not_found"


def test_a_company_under_its_other_domain_is_the_company() -> None:
    assert company({"name": "Acme", "domain": "acme.example.com"}).answers[COMPANY].status == "found"


def test_parts_that_name_no_company_are_refused() -> None:
    with pytest.raises(InputError, match=r"not by city\. Nothing was sent"):
        LeadIQ().operation("company_details").encode(['{"city": "Concord"}'])


@pytest.mark.parametrize("odd", [None, 7, "x", [], {}, [None], {"results": [7]}, {"results": [{"name": {}}]}])
def test_a_company_of_any_other_type_never_breaks_an_answer(odd: Any) -> None:
    operation = LeadIQ().operation("company_details")
    try:
        decoded = operation.decode([COMPANY], answer({"data": {"searchCompany": odd}}))
    except BadAnswerError:
        return
    for got in decoded.answers.values():
        assert all(value is None or isinstance(value, str | int) for value in got.values.values())
