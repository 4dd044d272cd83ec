"""LeadLeap's search: every documented filter, nothing else, and no masked value among the rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from leadkit.errors import BadAnswerError, InputError, RateLimitedError
from leadkit.money import Amount
from leadkit.providers.base import Response
from leadkit.providers.leadleap.search import FILTERS, search_people

RECORDED = Path(__file__).parent / "leadleap"
JSON = {"content-type": "application/json"}
SEARCH = search_people()


def recorded(name: str, status: int = 200) -> Response:
    return Response(status, JSON, (RECORDED / f"{name}.json").read_bytes())


def answer(rows: list[dict[str, Any]], **meta: Any) -> Response:
    return Response(200, JSON, json.dumps({"data": rows, "meta": meta, "error": None}).encode())


def test_the_recorded_search_becomes_rows_with_every_column() -> None:
    page = SEARCH.decode(recorded("get_leads"))
    (row,) = page.rows
    assert set(row) == {column.field for column in SEARCH.columns}
    assert row["lead_id"] == "c_7f3a2b9d1e8c5f4a"
    assert row["company"] == "Acme Corp"
    assert row["employees"] == 120
    assert row["unlocked"] is False
    assert page.total == 142_500
    assert page.amount == Amount()


def test_trap_33_masked_contact_data_is_told_as_available_and_never_given() -> None:
    page = SEARCH.decode(recorded("get_leads"))
    (row,) = page.rows
    assert (row["has_email"], row["has_phone"]) == (True, True)
    assert not any("*" in str(value) or "@" in str(value) for value in row.values())


@pytest.mark.parametrize(
    ("sent", "there"), [({"email": None}, False), ({"email": ""}, False), ({}, None), ({"email": {}}, None)]
)
def test_whether_there_is_an_address_is_yes_no_or_not_said(sent: dict[str, Any], there: bool | None) -> None:
    (row,) = SEARCH.decode(answer([{"id": "c_1", **sent}], page=1, per_page=1, total_pages=1)).rows
    assert row["has_email"] is there


def test_every_documented_filter_is_sent_under_its_own_name() -> None:
    given: dict[str, Any] = dict.fromkeys(FILTERS, "x")
    given |= {"type": "consumer", "country": ["US", "Canada"], "sector": "Technology, Healthcare"}
    given |= {name: 5 for name in FILTERS if name.endswith(("_min", "_max"))}
    query = dict(SEARCH.encode(given, None, 5).query)
    assert set(query) == {*FILTERS, "page", "per_page"}
    assert query["country"] == "US,Canada"
    assert query["sector"] == "Technology,Healthcare"
    assert query["year_founded_min"] == "5"


def test_a_misspelt_filter_is_refused_with_the_right_name() -> None:
    with pytest.raises(InputError, match=r"no filter 'contry'\. Did you mean country\?.*Nothing was sent"):
        SEARCH.encode({"contry": "US"}, None, 5)


@pytest.mark.parametrize("name", ["email", "linkedin_url", "domain", "page", "per_page"])
def test_a_filter_that_leadleap_does_not_have_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="has no filter"):
        SEARCH.encode({name: "x"}, None, 5)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("type", "people"),
        ("type", ["business"]),
        ("country", ["US, Canada"]),  # LeadLeap would read two countries
        ("country", []),
        ("country", " , "),
        ("country", 7),
        ("industry", " "),
        ("employee_count_min", "many"),
        ("employee_count_min", -1),
        ("employee_count_min", True),
        ("employee_count_min", 1.5),
    ],
)
def test_a_value_that_the_filter_cannot_mean_is_refused(name: str, value: object) -> None:
    with pytest.raises(InputError, match=rf"{name} takes .*Nothing was sent"):
        SEARCH.encode({name: value}, None, 5)


def test_a_range_that_is_upside_down_is_refused() -> None:
    with pytest.raises(InputError, match="employee_count_min 50 is above employee_count_max 10"):
        SEARCH.encode({"employee_count_min": 50, "employee_count_max": "10"}, None, 5)


def test_a_page_has_at_most_100_rows_and_every_page_of_a_search_is_of_one_size() -> None:
    assert ("per_page", "100") in SEARCH.encode({}, None, 5_000).query
    first = SEARCH.encode({}, None, 30)
    assert {("page", "1"), ("per_page", "30")} <= set(first.query)
    page = SEARCH.decode(answer([{"id": "c_1"}], page=1, per_page=30, total_pages=9))
    # Fewer rows are wanted by now; pages of another size would skip some.
    second = SEARCH.encode({}, page.next, 4)
    assert {("page", "2"), ("per_page", "30")} <= set(second.query)


def test_the_search_ends_at_the_last_page_and_at_an_empty_one() -> None:
    rows = [{"id": "c_1"}]
    assert SEARCH.decode(answer(rows, page=2, per_page=1, total_pages=2)).next is None
    assert SEARCH.decode(answer([], page=2, per_page=1, total_pages=9)).next is None
    assert SEARCH.decode(recorded("get_leads_empty")).rows == ()
    assert SEARCH.decode(answer(rows, page=2, per_page=1)).next == "3/1"


def test_an_answer_that_does_not_say_its_page_ends_the_search_in_words() -> None:
    page = SEARCH.decode(answer([{"id": "c_1"}]))
    assert page.next is None
    assert "did not say which page" in page.note


def test_trap_21_a_lead_that_comes_twice_is_one_row() -> None:
    page = SEARCH.decode(answer([{"id": "c_1"}, {"id": "c_1"}, {"city": "Ulm"}], page=1, per_page=3))
    assert [row["lead_id"] for row in page.rows] == ["c_1"]
    assert "2 rows came twice or without an id" in page.note


def test_an_error_of_the_search_is_told_as_any_other() -> None:
    with pytest.raises(RateLimitedError) as caught:
        SEARCH.decode(recorded("error_429_rate_limited", 429))
    assert caught.value.body_retry_after == 12


def test_every_cut_of_a_search_answer_is_a_bad_answer_and_nothing_else() -> None:
    body = (RECORDED / "get_leads.json").read_bytes().rstrip()
    for end in range(len(body)):
        with pytest.raises(BadAnswerError):
            SEARCH.decode(Response(200, JSON, body[:end]))


def test_a_page_marker_of_something_else_is_refused() -> None:
    with pytest.raises(InputError, match="no page of a LeadLeap search"):
        SEARCH.encode({}, "dXNlcjpV", 5)


def test_searching_is_free_and_says_where_that_is_written() -> None:
    assert (SEARCH.price.least, SEARCH.price.most) == (0, 0)
    for rule in (SEARCH.price, SEARCH.limit, SEARCH.repeat):
        assert rule.source.startswith("https://")
