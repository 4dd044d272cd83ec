"""Leads, campaigns, companies and contacts: pages, search, filters, and leads that arrive between two pages."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

KINDS = ["leads", "campaigns", "companies", "contacts"]


def test_the_workspace_holds_its_people_and_their_companies(leadey: Any, known: Any) -> None:
    contacts = leadey.every("/contacts")
    assert {row["id"] for row in contacts} >= {f"contact_{p.id}" for p in known}
    companies = leadey.every("/companies")
    assert {row["company"] for row in contacts if row["company"]} == {row["name"] for row in companies}


@pytest.mark.parametrize("kind", KINDS)
def test_every_row_can_be_read_by_its_id(leadey: Any, kind: str) -> None:
    for row in leadey.get(f"/{kind}", pageSize=3)["data"]:
        assert leadey.get(f"/{kind}/{row['id']}")["data"] == row
    answer = leadey.send(f"/{kind}/nobody")
    assert answer.status_code == 404
    assert answer.json()["error"]["message"].endswith("not found")


def test_rows_come_newest_first_and_companies_by_name(leadey: Any) -> None:
    for kind in ("leads", "campaigns", "contacts"):
        times = [row["createdAt"] for row in leadey.every(f"/{kind}")]
        assert times == sorted(times, reverse=True)
    names = [row["name"].lower() for row in leadey.every("/companies")]
    assert names == sorted(names)


def test_pages_have_25_rows_and_at_most_100_whatever_is_asked_for(leadey: Any) -> None:
    asked: list[tuple[dict[str, Any], int]] = [
        ({}, 25),
        ({"pageSize": 500}, 100),
        ({"pageSize": 0}, 1),
        ({"pageSize": "all"}, 25),
    ]
    for query, size in asked:
        page = leadey.get("/contacts", **query)
        assert (page["meta"]["pageSize"], len(page["data"])) == (size, size)
        assert page["meta"]["totalPages"] == -(-page["meta"]["totalCount"] // size)
    assert leadey.get("/contacts", page=0)["meta"]["page"] == 1
    beyond = leadey.get("/contacts", page=10_000)
    assert (beyond["data"], beyond["meta"]["page"]) == ([], 10_000)


def test_an_empty_search_has_no_pages(leadey: Any) -> None:
    nobody = leadey.get("/leads", search="nobody@nowhere.example")
    assert (nobody["data"], nobody["meta"]["totalCount"], nobody["meta"]["totalPages"]) == ([], 0, 0)


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("leads", ("name", "company", "email")),
        ("contacts", ("fullName", "email", "company")),
        ("companies", ("name", "domain")),
        ("campaigns", ("name",)),
    ],
)
def test_search_finds_any_part_of_some_fields_in_any_case(leadey: Any, kind: str, fields: Any) -> None:
    rows = leadey.every(f"/{kind}")
    for field in fields:
        part = next(row[field] for row in rows if row[field])[1:6].upper()
        found = leadey.every(f"/{kind}", search=part)
        expected = [row for row in rows if any(part.lower() in (row[name] or "").lower() for name in fields)]
        assert found == expected
        assert 0 < len(found) < len(rows)


def test_search_finds_more_than_was_meant(leadey: Any, known: Any) -> None:
    """The address of one is a part of the address of another."""
    addresses = [row["email"].lower() for row in leadey.every("/contacts") if row["email"]]
    near = next(
        (one, other) for one in addresses for other in addresses if one != other and other.endswith(one)
    )
    found = {row["email"].lower() for row in leadey.every("/contacts", search=near[0])}
    assert set(near) <= found


def test_filters_are_equal_or_contained(leadey: Any) -> None:
    leads = leadey.every("/leads")
    campaign = leads[0]["campaignId"]
    both = leadey.every("/leads", campaignId=campaign, status="replied")
    assert both == [row for row in leads if row["campaignId"] == campaign and row["status"] == "replied"]
    assert 0 < len(both) < len(leads)
    assert {row["status"] for row in leadey.every("/campaigns", status="active")} == {"active"}
    companies = leadey.every("/companies", industry="SOFT")
    assert {row["industry"] for row in companies} == {"Software & SaaS"}
    name = companies[0]["name"]
    assert {row["company"] for row in leadey.every("/contacts", company=name[1:-1])} == {name}


def test_a_parameter_that_does_not_exist_finds_everybody(leadey: Any) -> None:
    everybody = leadey.get("/leads")
    assert {row["source"] for row in everybody["data"]} > {"Webhook"}
    assert leadey.get("/leads", source="Webhook") == everybody


def test_somebody_in_several_campaigns_is_several_leads(leadey: Any, known: Any) -> None:
    leads = leadey.every("/leads")
    assert len({row["id"] for row in leads}) == len(leads)
    by_person = Counter(row["email"] for row in leads if row["email"])
    assert set(by_person.values()) == {1, 3}
    contacts = {row["email"] for row in leadey.every("/contacts")}
    assert set(by_person) < contacts  # and some are in none
    email = next(email for email, count in by_person.items() if count == 3)
    campaigns = {row["campaignId"] for row in leadey.every("/leads", search=email) if row["email"] == email}
    assert len(campaigns) == 3
    known_campaigns = {row["id"]: row["name"] for row in leadey.every("/campaigns")}
    assert all(known_campaigns[row["campaignId"]] == row["campaignName"] for row in leads)


def test_without_a_job_title_and_company_of_a_lead_are_empty_and_of_a_contact_null(
    leadey: Any, known: Any
) -> None:
    ids = {f"contact_{p.id}" for p in known if p.company is None}
    consumers = [row for row in leadey.every("/contacts") if row["id"] in ids]
    assert consumers
    assert {(row["title"], row["company"]) for row in consumers} == {(None, None)}
    names = {row["fullName"] for row in consumers}
    leads = [row for row in leadey.every("/leads") if row["name"] in names and not row["company"]]
    assert {(row["title"], row["company"]) for row in leads} == {("", "")}


def test_addresses_are_spelled_as_they_were_imported(leadey: Any) -> None:
    addresses = [row["email"] for row in leadey.every("/contacts") if row["email"]]
    assert 0 < sum(address != address.lower() for address in addresses) < len(addresses) / 4


def test_leads_that_arrive_between_two_pages_push_the_rest_along(box: Any, leadey: Any) -> None:
    box.set_option("leadey", "leads_arriving", 2)
    first, second = (leadey.get("/leads", page=page, pageSize=10) for page in (1, 2))
    assert [row["id"] for row in second["data"][:2]] == [row["id"] for row in first["data"][-2:]]
    assert second["meta"]["totalCount"] == first["meta"]["totalCount"] + 2
    box.set_option("leadey", "leads_arriving", 0)
    newest = leadey.get("/leads", pageSize=10)["data"]
    assert {row["id"] for row in newest[:4]}.isdisjoint(row["id"] for row in first["data"])
    times = [row["createdAt"] for row in newest]
    assert times == sorted(times, reverse=True)
    assert leadey.get("/contacts")["data"] == leadey.get("/contacts")["data"]


def test_another_organisation_has_leads_of_its_own(box: Any, leadey: Any, connect: Any) -> None:
    box.set_option("leadey", "leads_arriving", 1)
    other = connect(box, box.api_key("leadey", account="other"))
    before = leadey.get("/leads")["meta"]["totalCount"]
    assert other.get("/leads")["meta"]["totalCount"] == before
    assert leadey.get("/leads")["meta"]["totalCount"] == before + 1
