"""searchCompany and the two advanced searches: what they find, in which order, and at what price."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest

from leadkit.sandbox.leadiq import companies as company_side
from leadkit.sandbox.leadiq.people import SENIORITIES, person_id

FLAT = (
    """query($input: FlatSearchInput!) { flatAdvancedSearch(input: $input) { totalPeople people { %s } } }"""
)
GROUPED = """query($input: GroupedSearchInput!) { groupedAdvancedSearch(input: $input) {
  totalCompanies companies { %s } } }"""
COMPANY = """query($input: SearchCompanyInput!) { searchCompany(input: $input) {
  totalResults hasMore results { %s } } }"""
JOB_CHANGE = """id personJobChange { jobChangeType startedAt previousPosition { title company { id name } }
  currentPosition { title role seniority company { id name } } }"""


def flat(leadiq: Any, fields: str = "id", **wanted: Any) -> Any:
    body = leadiq.query(FLAT % fields, input=wanted)
    assert "errors" not in body, body["errors"]
    return body["data"]["flatAdvancedSearch"]


def every_id(leadiq: Any, **wanted: Any) -> set[str]:
    """The ids of all pages."""
    found: list[str] = []
    while True:
        page = flat(leadiq, skip=len(found), **wanted)
        found += [person["id"] for person in page["people"]]
        if len(found) >= page["totalPeople"]:
            assert len(found) == len(set(found)) == page["totalPeople"]
            return set(found)


def milliseconds(year: int) -> int:
    return int(datetime(year, 1, 1, tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("contact", "fits"),
    [
        ({"seniorities": ["VP", "Executive"]}, lambda p: SENIORITIES[p.level] in ("VP", "Executive")),
        ({"roles": ["sales", "IT"], "seniorities": ["Manager"]},
         lambda p: p.department in ("Sales", "IT") and p.level == "Manager"),
        ({"titles": ["account executive"]}, lambda p: "Account Executive" in p.title),
        ({"locations": [{"country": "Poland"}, {"country": "DK"}]}, lambda p: p.country.code in ("PL", "DK")),
        ({"locations": [{"areaLevel1": "Texas", "country": "United States"}]}, lambda p: p.state == "Texas"),
        ({"newHireFrom": milliseconds(2024)}, lambda p: p.moved and p.job.started.year >= 2024),
        ({"newPromotionFrom": 0}, lambda p: p.previous_job is not None and not p.moved),
    ],
    ids=lambda value: ",".join(value) if isinstance(value, dict) else "",
)  # fmt: skip
def test_every_part_of_a_contact_filter_finds_exactly_those_who_fit(
    leadiq: Any, known: Any, contact: Any, fits: Any
) -> None:
    expected = {person_id(p) for p in known if p.company and fits(p)}
    assert 0 < len(expected) < len(known)
    assert every_id(leadiq, contactFilter=contact) == expected


@pytest.mark.parametrize(
    ("company", "fits"),
    [
        ({"industries": ["freight"]}, lambda c: c.industry == "Freight"),
        ({"sizes": [{"min": 1001}, {"max": 5}]}, lambda c: c.employee_count >= 1001 or c.employee_count <= 5),
        ({"locations": [{"city": "Malmö"}]}, lambda c: c.city == "Malmö"),
        ({"technologyCategories": ["CRM"], "sizes": [{"max": 40}]},
         lambda c: c.employee_count <= 40 and "CRM" in [k for _, k in company_side.technologies(c)]),
        ({"revenueRanges": [{"start": 10**9}]}, lambda c: c.revenue_range in ("1B-5B", "5B+")),
        ({"fundingInfoFilters": [{"lastFundingRange": {"start": 4_000_000}}]},
         lambda c: (company_side.funding(c) or {"lastFundingUsd": 0})["lastFundingUsd"] >= 4_000_000),
    ],
    ids=lambda value: ",".join(value) if isinstance(value, dict) else "",
)  # fmt: skip
def test_every_part_of_a_company_filter_finds_exactly_those_who_fit(
    leadiq: Any, known: Any, company: Any, fits: Any
) -> None:
    expected = {person_id(p) for p in known if p.company and fits(p.company)}
    assert 0 < len(expected) < len(known)
    assert every_id(leadiq, companyFilter=company) == expected


def test_an_excluding_filter_leaves_out_whom_it_describes(leadiq: Any, known: Any) -> None:
    domain = known[0].company.domain
    there = every_id(leadiq, companyFilter={"domains": [domain]})
    sales = every_id(leadiq, companyFilter={"domains": [domain]}, contactFilter={"roles": ["Sales"]})
    others = every_id(leadiq, companyFilter={"domains": [domain]}, contactExcludedFilter={"roles": ["Sales"]})
    assert others == there - sales
    assert there.isdisjoint(
        every_id(leadiq, contactFilter={"roles": ["IT"]}, companyExcludedFilter={"domains": [domain]})
    )


def test_pages_follow_each_other_in_the_order_that_was_asked_for(leadiq: Any) -> None:
    wanted = {"contactFilter": {"roles": ["Finance"], "locations": [{"country": "France"}]}}
    down = {**wanted, "sortContactsBy": ["NameDesc", "IdAsc"]}
    names = [p["name"] for skip in (0, 3) for p in flat(leadiq, "name", **down, skip=skip, limit=3)["people"]]
    whole = [p["name"] for p in flat(leadiq, "name", **down, limit=6)["people"]]
    assert names == whole
    up = flat(leadiq, "name", **wanted, sortContactsBy=["NameAsc"], limit=1)["people"]
    assert up[0]["name"] < whole[-1] < whole[0]


@pytest.mark.parametrize(
    "rows",
    [{"limit": 26}, {"limit": 0}, {"skip": -1}, {"skip": 9_976, "limit": 25}, {"skip": 10_000}],
    ids=str,
)
def test_pages_that_are_too_long_or_too_deep_are_refused(box: Any, leadiq: Any, rows: Any) -> None:
    assert leadiq.status(FLAT % "id", input=rows) == 400
    assert box.charges == []


def test_the_deepest_page_is_at_ten_thousand(leadiq: Any) -> None:
    assert flat(leadiq, skip=9_975, limit=25)["people"] == []


def test_every_row_of_every_page_costs_a_profile_also_the_second_time(box: Any, leadiq: Any) -> None:
    wanted = {"contactFilter": {"roles": ["Finance"]}, "limit": 7}
    for _ in range(2):
        flat(leadiq, "id name title company { id name }", **wanted)
    assert box.charged("leadiq") == 2 * 7 * 100


def test_a_search_that_only_counts_costs_its_page(box: Any, leadiq: Any) -> None:
    body = leadiq.query(
        "query($i: FlatSearchInput!) { flatAdvancedSearch(input: $i) { totalPeople } }", i={"limit": 3}
    )
    assert body["data"]["flatAdvancedSearch"]["totalPeople"] > 100
    assert box.charged("leadiq") == 300


def test_company_information_in_a_search_costs_three_credits_a_company(box: Any, leadiq: Any) -> None:
    rows = flat(leadiq, "companyId company { name domain }", limit=25)["people"]
    companies = {row["companyId"] for row in rows}
    assert 1 < len(companies) < len(rows)
    charged = Counter(charge.operation for charge in box.charges)
    assert charged == {"profile": 25, "company": len(companies)}


def test_a_search_brings_no_contact_data(leadiq: Any) -> None:
    assert leadiq.status(FLAT % "id workEmails", input={}) == 400


def test_job_changes_are_ignored_without_a_word_when_the_account_lacks_them(leadiq: Any) -> None:
    everybody = flat(leadiq, JOB_CHANGE, limit=25)
    filtered = flat(leadiq, JOB_CHANGE, limit=25, jobChangeFilter={"jobChangeTypes": ["JobChange"]})
    assert filtered == everybody
    assert {row["personJobChange"] for row in everybody["people"]} == {None}


def test_job_changes_are_found_when_the_account_has_them(box: Any, leadiq: Any, known: Any) -> None:
    box.set_option("leadiq", "job_changes", True)
    since = milliseconds(2025)
    wanted = {
        "jobChangeFilter": {"jobChangeTypes": ["JobChange"], "startedAfter": since},
        "sortContactsBy": ["JobChangeStartedAtDesc"],
    }
    expected = {person_id(p) for p in known if p.moved and p.job.started.year >= 2025}
    assert every_id(leadiq, **wanted) == expected
    rows = flat(leadiq, JOB_CHANGE, **wanted)["people"]
    changes = [row["personJobChange"] for row in rows]
    starts = [change["startedAt"] for change in changes]
    assert starts == sorted(starts, reverse=True)
    assert {change["jobChangeType"] for change in changes} == {"JobChange"}
    for change in changes:
        assert change["previousPosition"]["company"]["id"] != change["currentPosition"]["company"]["id"]
    both = every_id(leadiq, jobChangeFilter={"jobChangeTypes": []})
    assert both == {person_id(p) for p in known if p.previous_job}
    was = next(p for p in known if p.moved).previous_job.company
    from_there = every_id(leadiq, previousCompanyFilter={"domains": [was.domain]})
    assert from_there == {
        person_id(p) for p in known if p.previous_job and p.previous_job.company.domain == was.domain
    }


def test_groups_are_companies_with_their_people(box: Any, leadiq: Any, known: Any) -> None:
    fields = "totalContactsInCompany company { id name } people { id companyId }"
    wanted = {
        "contactFilter": {"roles": ["Sales"]},
        "limit": 4,
        "limitPerCompany": 2,
        "sortCompaniesBy": ["SizeDesc"],
    }
    found = leadiq.query(GROUPED % fields, input=wanted)["data"]["groupedAdvancedSearch"]
    by_company = Counter(p.company.id for p in known if p.company and p.department == "Sales")
    assert found["totalCompanies"] == len(by_company)
    biggest = {p.company.id: p.company.employee_count for p in known if p.company and p.department == "Sales"}
    sizes = sorted(biggest.values(), reverse=True)[:4]
    companies = {company_side.company_id(p.company): p.company for p in known if p.company}
    assert [companies[group["company"]["id"]].employee_count for group in found["companies"]] == sizes
    for group in found["companies"]:
        assert group["totalContactsInCompany"] == by_company[companies[group["company"]["id"]].id]
        assert len(group["people"]) == min(2, group["totalContactsInCompany"])
        assert {person["companyId"] for person in group["people"]} == {group["company"]["id"]}
    rows = sum(len(group["people"]) for group in found["companies"])
    assert box.charged("leadiq") == 100 * (4 + rows)  # names of companies and profiles of people


def test_groups_with_company_information_cost_three_credits_each(box: Any, leadiq: Any) -> None:
    leadiq.query(GROUPED % "company { id name domain employeeCount }", input={"limit": 3})
    assert Counter(charge.operation for charge in box.charges) == {"company": 3}


@pytest.mark.parametrize("most", [0, 26, -1])
def test_a_group_shows_1_to_25_people(box: Any, leadiq: Any, most: int) -> None:
    assert leadiq.status(GROUPED % "people { id }", input={"limitPerCompany": most}) == 400
    assert box.charges == []


@pytest.mark.parametrize(
    "wanted",
    [
        lambda c: {"id": company_side.company_id(c)},
        lambda c: {"domain": f"https://www.{c.domain.upper()}/about"},
        lambda c: {"name": c.name.lower()},
        lambda c: {"linkedinUrl": company_side.linkedin_url(c)},
        lambda c: {"name": "Some other name", "domain": c.domain},
        lambda c: {"name": c.name, "domain": c.domain, "strict": True},
    ],
    ids=["id", "domain", "name", "link", "any detail", "strict"],
)
def test_a_company_is_found_by_what_is_known_of_it(leadiq: Any, known: Any, wanted: Any) -> None:
    company = known[0].company
    body = leadiq.query(COMPANY % "id domain numberOfEmployees", input=wanted(company))
    found = body["data"]["searchCompany"]
    assert [entry["domain"] for entry in found["results"]].count(company.domain) == 1
    assert found["totalResults"] == len(found["results"])


def test_strict_companies_fit_in_every_detail_and_none_without_any(leadiq: Any, known: Any) -> None:
    company = known[0].company
    strict = {"name": "Some other name", "domain": company.domain, "strict": True}
    found = leadiq.query(COMPANY % "id", input=strict)["data"]["searchCompany"]
    assert found == {"totalResults": 0, "hasMore": False, "results": []}
    assert leadiq.status(COMPANY % "id", input={}) == 400


def test_a_company_costs_three_credits_every_time_and_its_name_a_tenth(
    box: Any, leadiq: Any, known: Any
) -> None:
    wanted = {"domain": known[0].company.domain}
    for _ in range(2):
        leadiq.query(COMPANY % "id domain industry", input=wanted)
    leadiq.query(COMPANY % "id name", input=wanted)
    leadiq.query(COMPANY % "id industry", input={"domain": "nobody.example"})
    assert [charge.millicredits for charge in box.charges] == [3000, 3000, 100]
