"""Searching companies and contacts, and matching companies."""

from __future__ import annotations

from typing import Any

import pytest

from leadkit.sandbox import spelling
from leadkit.sandbox.leadfeeder import records
from leadkit.sandbox.names import revenue_usd


def job(person: Any) -> Any:
    """The job that Leadfeeder takes for the present one."""
    return spelling.job("leadfeeder", person)


def every_id(leadfeeder: Any, path: str, body: Any) -> set[str]:
    """The ids of all pages, by cursor."""
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = leadfeeder.post(path, body, page__size=100, **cursor)
        found += [row["id"] for row in page["data"]]
        pagination = page["meta"]["pagination"]
        if pagination["next_cursor"] is None:
            assert len(found) == len(set(found)) == pagination["total_count"]
            return set(found)
        cursor = {"page__cursor": pagination["next_cursor"]}


@pytest.mark.parametrize(
    ("body", "fits"),
    [
        ({"search_terms": ["SYSTEMS"]}, lambda c: "systems" in c.name.lower()),
        ({"industries": {"classification": "internal", "codes": ["1000", "1001"]}},
         lambda c: c.industry in ("Software & SaaS", "IT Services")),
        ({"locations": [{"country_code": "PL"}, {"country_code": "DE", "city": "Kassel"}]},
         lambda c: c.country.code == "PL" or c.city == "Kassel"),
        ({"employee_ranges": ["1-10", "10001+"]}, lambda c: c.size in ("1-10", "10001+")),
        ({"revenue": {"min": 10**9}}, lambda c: revenue_usd(c.revenue_range)[0] >= 10**9),
        ({"filters": {"has_email": False}}, lambda c: not records.has_mail(c)),
        ({"filters": {"do_not_contact": True}}, records.must_not_contact),
        ({"locations": [{"country_code": "GB"}], "filters": {"has_email": True}},
         lambda c: c.country.code == "GB" and records.has_mail(c)),
    ],
    ids=lambda value: "" if callable(value) else str(value),
)  # fmt: skip
def test_every_company_filter_finds_exactly_those_that_fit(
    box: Any, leadfeeder: Any, directory: Any, body: Any, fits: Any
) -> None:
    expected = {records.company_id(c) for c in directory.companies if fits(c)}
    assert 0 < len(expected) < len(directory.companies)
    assert every_id(leadfeeder, "/companies/search", body) == expected
    assert box.charges == box.paid_requests() == []


@pytest.mark.parametrize(
    ("body", "fits"),
    [
        ({"departments": ["sales_department"]}, lambda p: job(p).department == "Sales"),
        ({"hierarchy_levels": ["c_level", "vice_president"]}, lambda p: job(p).level in ("C-Level", "VP")),
        ({"filters": {"has_phone": False}}, lambda p: p.phone is None),
        ({"search_terms": ["lindqvist"]}, lambda p: p.last_name == "Lindqvist"),
    ],
    ids=lambda value: "" if callable(value) else str(value),
)  # fmt: skip
def test_every_contact_filter_finds_exactly_those_who_fit(
    leadfeeder: Any, directory: Any, body: Any, fits: Any
) -> None:
    expected = {records.contact_id(p) for p in directory.people if fits(p)}
    assert 0 < len(expected) < len(directory.people)
    assert every_id(leadfeeder, "/contacts/search", body) == expected


def test_contacts_are_found_by_title_address_and_company(leadfeeder: Any, directory: Any) -> None:
    person = next(p for p in directory.people if p.email and not p.moved)
    by_address = leadfeeder.post("/contacts/search", {"emails": [person.email.upper()]})["data"]
    assert [row["id"] for row in by_address] == [records.contact_id(person)]
    company = records.company_id(person.company)
    there = every_id(leadfeeder, "/contacts/search", {"company_ids": [company]})
    assert there == {records.contact_id(p) for p in directory.people_of[person.company.id]}
    one = leadfeeder.post("/contacts/search", {"company_ids": [company], "search_terms": [person.full_name]})
    assert records.contact_id(person) in [row["id"] for row in one["data"]]
    by_title = every_id(leadfeeder, "/contacts/search", {"positions": ["Sales Manager"]})
    assert by_title == {records.contact_id(p) for p in directory.people if "Sales Manager" in job(p).title}


def test_company_ids_that_are_no_array_are_ignored(leadfeeder: Any, directory: Any) -> None:
    company = records.company_id(directory.companies[0])
    found = leadfeeder.post("/contacts/search", {"company_ids": company})
    assert found["meta"]["pagination"]["total_count"] == len(directory.people)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/companies/search", {}),
        ("/companies/search", {"search_terms": []}),
        ("/companies/search", {"search_term": ["a"]}),
        ("/companies/search", {"search_terms": "a"}),
        ("/companies/search", {"search_terms": [1]}),
        ("/companies/search", {"industries": ["1000"]}),
        ("/companies/search", {"industries": {"classification": "sic", "codes": ["1"]}}),
        ("/companies/search", {"filters": {"has_fax": True}}),
        ("/companies/search", {"filters": {"has_email": "yes"}}),
        ("/companies/search", []),
        ("/contacts/search", {"email": ["a@example.com"]}),
        ("/contacts/search", {"emails": "a@example.com"}),
        ("/companies/match", {}),
        ("/companies/match", {"companies": []}),
        ("/companies/match", {"companies": [{"company_name": "A"}] * 201}),
        ("/companies/match", {"companies": [{"company_name": "A"}, {"city": "Köln"}]}),
        ("/companies/match", {"companies": [{"company_name": " "}]}),
        ("/companies/match", {"companies": [{"name": "A"}]}),
        ("/companies/match", {"companies": [{"company_name": None}]}),
    ],
    ids=lambda value: str(value)[:50],
)
def test_a_body_outside_the_contract_is_a_bad_request(leadfeeder: Any, path: str, body: Any) -> None:
    assert leadfeeder.send("POST", path, body).status_code == 400


@pytest.mark.parametrize(
    "page", [{"page__size": 0}, {"page__size": 101}, {"page__size": "x"}, {"page__cursor": "next"}], ids=str
)
def test_a_page_outside_the_contract_is_a_bad_request(leadfeeder: Any, page: Any) -> None:
    body = {"search_terms": ["a"]}
    assert leadfeeder.send("POST", "/companies/search", body, **page).status_code == 400


def test_a_page_has_20_rows_and_its_cursor_belongs_to_its_search(leadfeeder: Any) -> None:
    body = {"employee_ranges": ["51-200"]}
    first = leadfeeder.post("/companies/search", body)
    assert len(first["data"]) == 20
    cursor = first["meta"]["pagination"]["next_cursor"]
    second = leadfeeder.post("/companies/search", body, page__cursor=cursor)
    assert {row["id"] for row in first["data"]}.isdisjoint(row["id"] for row in second["data"])
    other = leadfeeder.send("POST", "/companies/search", {"employee_ranges": ["1-10"]}, page__cursor=cursor)
    assert other.status_code == 400


def test_matches_come_in_the_order_of_the_question_the_likeliest_first(
    box: Any, leadfeeder: Any, directory: Any
) -> None:
    different = next(c for c in directory.companies if is_spelled_differently(c) and c.country.code != "US")
    plain = directory.companies[0]
    body = {
        "companies": [
            {"url": f"https://www.{plain.domain}/contact"},
            {"company_name": "No Such Firm"},
            {"company_name": different.name, "url": different.domain},
            {"company_name": plain.name, "country_code": plain.country.code},
        ]
    }
    data = leadfeeder.post("/companies/match", body, max_results_per_company=3)["data"]
    assert len(data) == 4
    best = [group[0]["relationships"]["company_summary"]["id"] if group else None for group in data]
    assert best == [records.company_id(plain), None, records.company_id(different), records.company_id(plain)]
    for group in data:
        scores = [match["attributes"]["match_score"] for match in group]
        assert scores == sorted(scores, reverse=True)
        assert all(0 <= score <= 1 for score in scores)
    assert data[0][0]["attributes"]["match_score"] > data[3][0]["attributes"]["match_score"]
    assert box.charges == []


def is_spelled_differently(company: Any) -> bool:
    return bool(spelling.company_name("leadfeeder", company) != company.name)


def test_a_name_in_another_country_is_a_worse_match(leadfeeder: Any, directory: Any) -> None:
    company = next(c for c in directory.companies if c.country.code == "DE")
    here, there = (
        leadfeeder.post(
            "/companies/match", {"companies": [{"company_name": company.name, "country_code": code}]}
        )["data"][0]
        for code in ("DE", "SE")
    )
    assert here[0]["attributes"]["match_score"] > there[0]["attributes"]["match_score"]


def test_companies_of_one_name_match_alike(leadfeeder: Any, directory: Any) -> None:
    short_names: dict[str, list[Any]] = {}
    for company in directory.companies:
        short_names.setdefault(company.domain.split(".")[0], []).append(company)
    twins = next(companies for companies in short_names.values() if len(companies) > 1)
    name = twins[0].name.removesuffix(
        next(form for form in twins[0].country.legal_forms if twins[0].name.endswith(form))
    )
    (group,) = leadfeeder.post(
        "/companies/match", {"companies": [{"company_name": name}]}, max_results_per_company=20
    )["data"]
    alike = [match["id"] for match in group if match["attributes"]["match_score"] >= 0.85]
    assert set(alike) == {records.company_id(company) for company in twins}
    (short,) = leadfeeder.post("/companies/match", {"companies": [{"company_name": name}]})["data"]
    assert len(short) == 1


@pytest.mark.parametrize("most", [0, 21, "x"])
def test_at_most_twenty_matches_are_asked_for(leadfeeder: Any, most: Any) -> None:
    body = {"companies": [{"company_name": "A"}]}
    answer = leadfeeder.send("POST", "/companies/match", body, max_results_per_company=most)
    assert answer.status_code == 400


@pytest.mark.parametrize("path", ["/companies/search", "/companies/match"])
def test_a_free_call_can_be_made_to_cost(box: Any, leadfeeder: Any, path: str) -> None:
    body = {"companies": [{"company_name": "A"}]} if "match" in path else {"search_terms": ["a"]}
    assert leadfeeder.post(path, body)["meta"]["credits"]["charged"] == 0
    box.set_price("leadfeeder", path.rpartition("/")[2], 1000)
    assert leadfeeder.post(path, body)["meta"]["credits"]["charged"] == 1
    assert box.charged("leadfeeder") == 1000
    assert [request.path for request in box.paid_requests()] == [f"/leadfeeder/v1{path}"]
