"""The sandbox's answers have the keys and types of Leadfeeder's recorded ones."""

from __future__ import annotations

from typing import Any

from leadkit.sandbox.leadfeeder import records
from tests.sandbox.shapes import assert_shaped_as, differences, recorded, shape


def test_accounts_are_shaped_as_printed(box: Any, leadfeeder: Any) -> None:
    assert_shaped_as(
        leadfeeder.send("GET", "/accounts", account_id=None).json(), "leadfeeder/get_accounts_list"
    )
    assert_shaped_as(leadfeeder.get("/accounts"), "leadfeeder/get_accounts_one_with_credits")


def test_a_search_for_companies_is_shaped_as_printed(leadfeeder: Any) -> None:
    body = {"search_terms": ["a"]}
    assert_shaped_as(leadfeeder.post("/companies/search", body), "leadfeeder/post_companies_search")
    last = leadfeeder.post("/companies/search", {"search_terms": ["systems"]}, page__size=100)
    assert last["meta"]["pagination"]["next_cursor"] is None
    assert_shaped_as(last, "leadfeeder/post_companies_search_last_page")


def test_a_match_is_shaped_as_recorded_and_has_what_every_summary_has(
    leadfeeder: Any, directory: Any
) -> None:
    company = directory.companies[0]
    body = {"companies": [{"url": company.domain}, {"company_name": "No Such Firm"}]}
    answer = shape(leadfeeder.post("/companies/match", body))
    at = "answer.data[0][0].relationships.company_summary.attributes"
    assert differences(answer, shape(recorded("leadfeeder/post_companies_match"))) == [
        f"{at}.{name} is only in one of them" for name in ("meta", "register", "role")
    ]
    summary = answer["data"][0][0]["relationships"]["company_summary"]["attributes"]
    printed = shape(recorded("leadfeeder/post_companies_search"))["data"][0]["attributes"]
    assert differences({name: summary[name] for name in printed}, printed) == []


def test_a_search_for_contacts_is_shaped_as_recorded(leadfeeder: Any, directory: Any) -> None:
    person = next(p for p in directory.people if p.email)
    answer = leadfeeder.post("/contacts/search", {"emails": [records.work_email(person)]})
    assert_shaped_as(answer, "leadfeeder/post_contacts_search_UNVERIFIED")


def test_a_record_has_the_envelope_that_is_recorded(leadfeeder: Any, directory: Any) -> None:
    answer = leadfeeder.get(f"/companies/{records.company_id(directory.companies[0])}")
    expected = recorded("leadfeeder/get_company_charged")
    answer["data"]["attributes"] = {"name": answer["data"]["attributes"]["name"]}
    assert differences(shape(answer), shape(expected)) == []
    assert answer["meta"]["credits"] == expected["meta"]["credits"]


def test_errors_are_shaped_as_recorded(box: Any, leadfeeder: Any, connect: Any) -> None:
    stranger = connect(box, "")
    assert_shaped_as(leadfeeder.send("GET", "/companies/1").json(), "leadfeeder/error_404_entity_not_found")
    box.fault("status", status=403)
    assert_shaped_as(
        leadfeeder.send("GET", "/users/me").json(), "leadfeeder/error_403_insufficient_entitlements"
    )
    box.set_option("leadfeeder", "error_shape", "both")
    assert_shaped_as(stranger.send("GET", "/users/me").json(), "leadfeeder/error_401_errors_array")
    box.set_option("leadfeeder", "error_shape", "flat")
    box.set_option("leadfeeder", "auth_status", 403)
    missing = stranger.send("GET", "/users/me").json()
    assert_shaped_as(missing, "leadfeeder/error_403_missing_token_flat")
    assert missing["code"] == recorded("leadfeeder/error_403_missing_token_flat")["code"]
    wrong = connect(box, "nobody").send("GET", "/users/me").json()
    assert_shaped_as(wrong, "leadfeeder/error_403_invalid_api_key_flat")
    box.set_rate_limit("leadfeeder", 0)
    assert_shaped_as(
        leadfeeder.send("GET", "/users/me").json(), "leadfeeder/error_429_too_many_requests_flat"
    )
