"""Leadfeeder's searches: every documented filter, pages by cursor, and nothing of who must not be contacted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from leadkit.errors import BadAnswerError, InputError
from leadkit.money import Amount
from leadkit.providers.base import Response, Search
from leadkit.providers.leadfeeder import Leadfeeder
from leadkit.providers.leadfeeder.search import COMPANY_FILTERS, PEOPLE_FILTERS

RECORDED = Path(__file__).parent / "leadfeeder"
CASES = json.loads((Path(__file__).parent / "hostile.json").read_text())["cases"]
JSON = {"content-type": "application/json"}
COMPANIES = Leadfeeder("123456").search("search_companies")
PEOPLE = Leadfeeder("123456").search("search_people")
SOME = {"search_terms": "acme"}


def recorded(name: str) -> Response:
    return Response(200, JSON, (RECORDED / f"{name}.json").read_bytes())


def hostile(case_id: str) -> tuple[Response, dict[str, Any]]:
    case = next(case for case in CASES if case["id"] == case_id)
    return Response(case["http"]["status"], case["http"]["headers"], case["http"]["body"].encode()), case[
        "expect"
    ]


def test_the_recorded_search_becomes_rows_with_every_column() -> None:
    page = COMPANIES.decode(recorded("post_companies_search"))
    (row,) = page.rows
    assert set(row) == {column.name for column in COMPANIES.columns}
    assert row["company_id"] == "159001425"
    assert row["register_status"] == "active"
    assert row["has_contacts"] is True
    assert row["do_not_contact"] == "no"
    assert (page.total, page.next, page.amount) == (145, "dXNlcjpVMEc5V0ZYTlo", Amount())


def test_the_recorded_last_page_ends_the_search() -> None:
    assert COMPANIES.decode(recorded("post_companies_search_last_page")).next is None


def test_the_recorded_people_come_without_contact_data_that_nobody_freed() -> None:
    (row,) = PEOPLE.decode(recorded("post_contacts_search")).rows
    assert set(row) == {column.name for column in PEOPLE.columns}
    assert (row["contact_id"], row["full_name"]) == ("900000001", "Erika Muster")
    assert row["email"] is None
    assert row["do_not_contact"] == "not stated"


def test_the_first_column_is_the_rows_id_as_every_search_has_it() -> None:
    assert COMPANIES.columns[0].name == "company_id"
    assert PEOPLE.columns[0].name == "contact_id"


def test_every_documented_company_filter_is_sent_where_leadfeeder_wants_it() -> None:
    given: dict[str, Any] = {
        "search_terms": ["acme", "example.com"],
        "industry_codes": "28.15",
        "industry_classification": "nace",
        "locations": ["de", "FR / Paris"],
        "employee_ranges": ["101-500"],
        "revenue_min": 1_000_000,
        "revenue_max": 2_000_000,
        "icp_ids": ["7"],
        "has_email": True,
        "has_phone": False,
        "do_not_contact": False,
        "has_ip_addresses": True,
        "has_financials_revenue": True,
    }
    assert set(given) == set(COMPANY_FILTERS)
    assert COMPANIES.encode(given, None, 5).json == {
        "search_terms": ["acme", "example.com"],
        "industries": {"classification": "nace", "codes": ["28.15"]},
        "locations": [{"country_code": "DE"}, {"country_code": "FR", "city": "Paris"}],
        "employee_ranges": ["101-500"],
        "revenue": {"min": 1_000_000, "max": 2_000_000},
        "icp_ids": ["7"],
        "filters": {
            "has_email": True,
            "has_phone": False,
            "do_not_contact": False,
            "has_ip_addresses": True,
            "has_financials_revenue": True,
        },
    }


def test_every_documented_people_filter_is_sent_where_leadfeeder_wants_it() -> None:
    given: dict[str, Any] = {name: ["x"] for name in PEOPLE_FILTERS} | {
        "affiliation": "current",
        "has_email": True,
    }
    body = PEOPLE.encode(given, None, 5).json
    assert body.pop("filters") == {"has_email": True}
    assert body == {name: value for name, value in given.items() if name != "has_email"}


@pytest.mark.parametrize(
    ("search", "name"), [(COMPANIES, "has_contacts"), (PEOPLE, "locations"), (PEOPLE, "email")]
)
def test_a_filter_that_is_not_documented_is_refused(search: Search, name: str) -> None:
    with pytest.raises(InputError, match=rf"no filter '{name}'.*Nothing was sent"):
        search.encode({name: "x"}, None, 5)


def test_a_misspelt_filter_is_refused_with_the_right_name() -> None:
    with pytest.raises(InputError, match=r"Did you mean employee_ranges\?"):
        COMPANIES.encode({"employee_range": "1-10"}, None, 5)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("search_terms", []),
        ("search_terms", ["acme", " "]),
        ("search_terms", 7),
        ("revenue_min", -1),
        ("revenue_min", "1000"),
        ("revenue_min", True),
        ("has_email", "yes"),
        ("locations", "Germany"),
        ("locations", "Berlin/DE"),
        ("industry_classification", "sic"),
    ],
)
def test_a_value_that_the_filter_cannot_mean_is_refused(name: str, value: object) -> None:
    with pytest.raises(InputError, match=rf"{name} takes .*Nothing was sent"):
        COMPANIES.encode({**SOME, name: value}, None, 5)


def test_filters_that_make_no_sense_together_are_refused() -> None:
    with pytest.raises(InputError, match="revenue_min 9 is above revenue_max 3"):
        COMPANIES.encode({"revenue_min": 9, "revenue_max": 3}, None, 5)
    with pytest.raises(InputError, match="needs industry_codes"):
        COMPANIES.encode({**SOME, "industry_classification": "wz"}, None, 5)
    with pytest.raises(InputError, match="at least one filter"):
        COMPANIES.encode({}, None, 5)


def test_pages_are_asked_for_by_cursor_never_by_number() -> None:
    first = COMPANIES.encode(SOME, None, 5_000)
    assert first.query == (("account_id", "123456"), ("page[size]", "100"))
    second = COMPANIES.encode(SOME, COMPANIES.decode(recorded("post_companies_search")).next, 50)
    assert second.query == (
        ("account_id", "123456"),
        ("page[size]", "50"),
        ("page[cursor]", "dXNlcjpVMEc5V0ZYTlo"),
    )


def test_a_company_that_comes_twice_is_one_row() -> None:
    body = json.loads((RECORDED / "post_companies_search.json").read_text())
    body["data"] *= 2
    page = COMPANIES.decode(Response(200, JSON, json.dumps(body).encode()))
    assert len(page.rows) == 1
    assert "came twice" in page.note


def test_hostile_lf01_a_company_that_must_not_be_contacted_is_no_row() -> None:
    response, expected = hostile("LF01")
    found = COMPANIES.decode(response)
    assert expected["outcome"] == "blocked"
    assert found.rows == (), "no row: it could be exported, or paid for"
    assert found.note == "1 rows are left out: Leadfeeder says that they must not be contacted"


def test_hostile_lf03_without_credits_the_cost_is_not_known() -> None:
    response, expected = hostile("LF03")
    page = COMPANIES.decode(response)
    assert page.amount is None, "up to what was reserved, which for a search is nothing"
    assert len(page.rows) == 1
    assert expected["outcome"] == "done"


@pytest.mark.parametrize("case_id", ["LF04", "LF05"])
def test_hostile_lf04_lf05_what_a_search_says_it_charged_is_passed_on(case_id: str) -> None:
    response, expected = hostile(case_id)
    listed = expected["charge_milli"]
    page = COMPANIES.decode(response)
    assert page.amount == Amount(listed["lo"], listed["hi"])
    assert page.amount.most > COMPANIES.price.most, "which stops the run"


def test_hostile_lf07_an_id_that_lost_digits_is_no_id() -> None:
    response, expected = hostile("LF07")
    page = COMPANIES.decode(response)
    assert expected["outcome"] == "partial"
    assert page.rows == ()
    assert "1 rows are left out: they came twice or without a usable id" in page.note


def test_a_search_without_a_list_is_a_bad_answer_that_keeps_its_cost() -> None:
    body = {"data": {"rows": []}, "meta": {"credits": {"charged": 2}}}
    with pytest.raises(BadAnswerError) as caught:
        COMPANIES.decode(Response(200, JSON, json.dumps(body).encode()))
    assert caught.value.amount == Amount(2000, 2000)


def test_every_cut_of_a_search_answer_is_a_bad_answer_and_nothing_else() -> None:
    body = (RECORDED / "post_companies_search.json").read_bytes().rstrip()
    for end in range(len(body)):
        with pytest.raises(BadAnswerError):
            COMPANIES.decode(Response(200, JSON, body[:end]))


def test_a_search_that_leadfeeder_does_not_offer_is_refused() -> None:
    with pytest.raises(InputError, match="does not offer search_signals"):
        Leadfeeder("1").search("search_signals")
