"""LeadIQ's searches: filters that it documents, pages that are paid for, and a filter that it may ignore."""

from __future__ import annotations

import datetime
import json
import re
from typing import Any

import pytest

from leadkit.errors import BadAnswerError, InputError, PlanLimitError
from leadkit.money import Amount
from leadkit.providers.base import Page, Request, Search
from leadkit.providers.leadiq import LeadIQ
from leadkit.providers.leadiq.filters import COMPANIES, MOVERS, PEOPLE
from leadkit.providers.leadiq.search import MOST_ROWS, PAGE_SIZE
from tests.providers.leadiq_server import answer, problems, recorded

STEPS = {"search_people": PEOPLE, "job_changes": MOVERS, "search_companies": COMPANIES}
#: A value for each filter that does not take free text.
VALUES: dict[str, Any] = {
    "seniorities": ["vp", "senior individual contributor"],
    "locations": "Concord, New Hampshire, United States",
    "company_locations": [{"country": "Germany"}, "Vermont, United States"],
    "work_emails": "Verified",
    "company_sizes": ["50-200", "1,000+", (5_000, None)],
    "revenues": (1_000_000, 5_000_000),
    "last_funding_min": 100,
    "last_funding_max": 200,
    "changes": "jobchange",
    "previous_company_sizes": "11-50",
    "previous_company_locations": "France",
}


def value_for(name: str) -> Any:
    plain = name.removeprefix("exclude_")
    if plain in VALUES:
        return VALUES[plain]
    if plain.endswith(("_after", "_before")):
        return "2026-05-01"
    if plain == "sort":
        return "NameAsc"
    return ["one", "two"]


def search(step: str = "search_people", *wants: str) -> Search:
    return LeadIQ().search(step, wants)


def asked(request: Request) -> dict[str, Any]:
    found: dict[str, Any] = request.json["variables"]["input"]
    return found


# ---------------------------------------------------------------- filters


@pytest.mark.parametrize("step", STEPS)
def test_every_filter_is_one_that_the_schema_has_and_none_is_ignored(step: str) -> None:
    one = search(step)
    others = {"exclude_titles": "Intern"}
    for name in STEPS[step].keys() - others.keys():
        request = one.encode({**others, name: value_for(name)}, None, 25)
        assert problems(request) == [], name
        assert asked(request) != asked(one.encode(others, None, 25)), name


@pytest.mark.parametrize("step", STEPS)
def test_all_filters_together_are_one_input(step: str) -> None:
    given = {name: value_for(name) for name in STEPS[step]}
    request = search(step).encode(given, None, 25)
    assert problems(request) == []
    assert set(search(step).filters) == set(STEPS[step])


def test_filters_go_where_leadiq_looks_for_them() -> None:
    given = {
        "seniorities": ["VP"],
        "roles": "Sales",
        "locations": "New Hampshire, United States",
        "exclude_company_domains": ["acme.example"],
        "exclude_roles": ["Legal"],
        "funded_after": datetime.date(2026, 1, 1),
        "last_funding_min": 5,
        "updated_after": "1970-01-02",
    }
    assert asked(search().encode(given, None, 10)) == {
        "contactFilter": {
            "seniorities": ["VP"],
            "roles": ["Sales"],
            "locations": [{"areaLevel1": "New Hampshire", "country": "United States"}],
            "updatedAt": {"start": 86_400_000},
        },
        "companyExcludedFilter": {"domains": ["acme.example"]},
        "contactExcludedFilter": {"roles": ["Legal"]},
        "companyFilter": {
            "fundingInfoFilters": [
                {"lastFundingDateRange": {"start": 1_767_225_600_000}, "lastFundingRange": {"start": 5}}
            ]
        },
        "skip": 0,
        "limit": 10,
    }


@pytest.mark.parametrize(
    ("filters", "words"),
    [
        ({"senority": "VP"}, "no filter 'senority'. Did you mean seniorities?"),
        ({"seniorities": ["Vice President"]}, "seniorities takes VP, Director"),
        ({"seniorities": ["Directer"]}, "Did you mean Director?"),
        ({"work_emails": "Invalid"}, "work_emails takes Verified, VerifiedLikely"),
        ({"titles": []}, "titles is empty"),
        ({"titles": ["CFO", ""]}, "titles is empty"),
        ({"titles": 7}, "titles takes text"),
        ({"company_sizes": "many"}, "company_sizes takes (50, 200)"),
        ({"company_sizes": (200, 50)}, "200 is above 50"),
        ({"company_sizes": (-1, None)}, "whole numbers of 0 or more"),
        ({"locations": "a, b, c, d"}, "locations takes a country"),
        ({"locations": {"town": "Concord"}}, "'town' is no part of a place"),
        ({"updated_after": "last week"}, "updated_after takes a date"),
        ({"sort": "NameAsc"}, "Without a filter"),
        ({}, "Without a filter LeadIQ would charge for everybody"),
        ({"titles": None}, "Without a filter"),
        ({"previous_titles": "CFO"}, "no filter 'previous_titles'"),
    ],
)
def test_a_filter_that_leadiq_cannot_mean_is_refused_before_anything_is_sent(
    filters: dict[str, Any], words: str
) -> None:
    with pytest.raises(InputError, match=f"{re.escape(words)}.*Nothing was sent"):
        search().encode(filters, None, 25)


# ---------------------------------------------------------------- pages


def page_of(count: int, total: int) -> dict[str, Any]:
    return {
        "totalPeople": total,
        "people": [{"id": f"p{number}", "name": "Jane Smith"} for number in range(count)],
    }


def turn_pages(one: Search, total: int, wanted: int) -> list[tuple[int, int]]:
    """Skip and limit of each page that is asked for, until the search ends or enough has come."""
    places: list[tuple[int, int]] = []
    after: str | None = None
    came = 0
    while came < wanted:
        request = one.encode({"titles": "CFO"}, after, wanted - came)
        assert len(places) > 2 or problems(request) == []
        skip, limit = asked(request)["skip"], asked(request)["limit"]
        places.append((skip, limit))
        name = re.search(r"(after\d+): |flatAdvanced", request.json["query"])
        assert name is not None
        part = page_of(max(0, min(limit, total - skip)), total)
        page = one.decode(answer({"data": {name[1] or "flatAdvancedSearch": part}}))
        came += len(page.rows)
        if page.next is None:
            break
        after = page.next
    return places


def test_pages_follow_each_other_to_the_end() -> None:
    assert turn_pages(search(), total=42, wanted=1_000) == [(0, 25), (25, 25)]


def test_no_more_rows_are_asked_for_than_are_wanted() -> None:
    assert turn_pages(search(), total=1_000, wanted=30) == [(0, 25), (25, 5)]


def test_trap_19_no_page_goes_beyond_the_ten_thousandth_row() -> None:
    places = turn_pages(search(), total=50_000, wanted=20_000)
    assert places[-1] == (MOST_ROWS - PAGE_SIZE, PAGE_SIZE)
    assert asked(search().encode({"titles": "CFO"}, str(MOST_ROWS - 10), 25))["limit"] == 10
    with pytest.raises(InputError, match="ends at 10,000 rows"):
        search().encode({"titles": "CFO"}, str(MOST_ROWS), 25)
    page = search().decode(answer({"data": {"flatAdvancedSearch": page_of(25, 50_000)}}))
    assert "the first 10,000 of 50,000" in page.note


def test_an_empty_page_ends_a_search_whatever_its_total_says() -> None:
    assert search().decode(answer({"data": {"after50": page_of(0, 1_000)}})).next is None


def test_a_place_that_is_none_is_refused() -> None:
    for after in ("-5", "x", "", "0"):
        with pytest.raises(InputError, match="is no place in a LeadIQ search"):
            search().encode({"titles": "CFO"}, after, 25)


def test_trap_06_every_page_is_priced_and_its_repeat_is_not_free() -> None:
    for step in STEPS:
        assert search(step).price.most == 100
        assert search(step).priced_by == "row"
        assert not search(step).repeat.free
    page = search().decode(recorded("graphql_flatAdvancedSearch"))
    assert page.amount == Amount(0, 200)
    assert (page.total, page.next) == (42, "2")
    assert [row["person_id"][-1] for row in page.rows if isinstance(row["person_id"], str)] == ["1", "2"]


def test_a_page_without_rows_may_have_been_charged() -> None:
    with pytest.raises(BadAnswerError) as caught:
        search().decode(answer({"data": {"flatAdvancedSearch": {"totalPeople": 5}}}))
    assert caught.value.charged == "unknown"


@pytest.mark.parametrize("odd", [None, 7, "x", [], {"people": [None, 7, {"id": {}}], "totalPeople": "many"}])
def test_rows_of_any_other_type_never_break_a_page(odd: Any) -> None:
    try:
        page = search().decode(answer({"data": {"flatAdvancedSearch": odd}}))
    except BadAnswerError:
        return
    assert all(value is None or isinstance(value, str | int) for row in page.rows for value in row.values())


# ---------------------------------------------------------------- people and companies


def test_a_search_never_selects_company_data_or_contact_data() -> None:
    for step in STEPS:
        words = set(re.findall(r"\w+", search(step).encode({"titles": "CFO"}, None, 25).json["query"]))
        assert not words & {"domain", "industry", "employeeCount", "workEmails", "personalPhones", "emails"}


def test_companies_cost_a_tenth_by_name_and_three_with_their_data() -> None:
    assert search("search_companies").price.most == 100
    rich = search("search_companies", "company")
    assert rich.price.most == 3_000
    assert problems(rich.encode({"industries": "Software"}, None, 25)) == []
    with pytest.raises(InputError, match="sells no 'email'"):
        search("search_companies", "email")


def test_trap_25_a_name_is_text_in_a_search_and_employees_have_another_name() -> None:
    rich = search("search_companies", "company")
    page = rich.decode(recorded("graphql_groupedAdvancedSearch"))
    (row,) = page.rows
    assert row == {
        "company_id": "MergedCompany-000000000000000000000001",
        "company": "Acme Corp",
        "people": 2,
        "domain": "acme.example",
        "industry": "Computer Software",
        "employees": 120,
    }
    assert page.amount == Amount(0, 3_000)
    assert {column.field for column in rich.columns} == set(row)


# ---------------------------------------------------------------- job changes


def check(page: Page) -> None:
    one = search("job_changes")
    assert one.check is not None
    one.check({}, page)


def test_a_job_change_tells_what_was_before_and_when() -> None:
    page = search("job_changes").decode(recorded("graphql_jobChanges"))
    check(page)
    (row,) = page.rows
    assert row["full_name"] == "Jane Smith"
    assert (row["change"], row["changed_on"]) == ("JobChange", "2026-05-01")
    assert (row["previous_title"], row["previous_company"]) == ("Sales Director", "Oldco")
    assert (row["title"], row["company"]) == ("VP of Sales", "Acme Corp")
    assert {column.field for column in search("job_changes").columns} == set(row)


def test_the_day_of_a_change_is_read_from_milliseconds_too() -> None:
    body = json.loads(recorded("graphql_jobChanges").body)
    body["data"]["flatAdvancedSearch"]["people"][0]["personJobChange"]["startedAt"] = 1_777_593_600_000
    assert search("job_changes").decode(answer(body)).rows[0]["changed_on"] == "2026-05-01"


def test_trap_07_a_filter_that_is_ignored_stops_the_search_and_owns_up_to_the_cost() -> None:
    page = search("job_changes").decode(recorded("graphql_jobChanges_not_enabled"))
    with pytest.raises(PlanLimitError, match="1 came without a change, and may have been charged") as caught:
        check(page)
    assert caught.value.charged == "unknown"
    assert caught.value.stops_run


def test_trap_07_finding_out_costs_one_row() -> None:
    one = search("job_changes")
    assert asked(one.encode({"titles": "CFO"}, None, 1_000))["limit"] == 1
    assert asked(one.encode({"titles": "CFO"}, "1", 1_000))["limit"] == PAGE_SIZE


def test_job_changes_are_of_both_kinds_unless_one_is_named() -> None:
    one = search("job_changes")
    both = asked(one.encode({}, None, 5))
    assert both["jobChangeFilter"] == {"jobChangeTypes": ["JobChange", "TitleChange"]}
    assert both["sortContactsBy"] == ["JobChangeStartedAtDesc"]
    named = asked(one.encode({"changes": "TitleChange", "changed_after": "1970-01-02"}, None, 5))
    assert named["jobChangeFilter"] == {"jobChangeTypes": ["TitleChange"], "startedAfter": 86_400_000}
