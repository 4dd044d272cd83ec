"""Search, unlock, export and enrich."""

from __future__ import annotations

import csv
import io
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest


def test_contact_data_is_masked_until_the_lead_is_unlocked(api: Any, people: Any) -> None:
    person = people[0]
    query = {"country": person.country.code, "department": person.department, "per_page": 100}

    def row() -> dict[str, Any]:
        return next(r for r in api.get("/leads", **query).json()["data"] if r["id"] == person.lead_id)

    before = row()
    assert (before["is_unlocked"], before["email"]) == (
        False,
        f"{person.email[:2]}***@{person.company.domain}",
    )
    assert before["phone"] == f"{person.phone[:5]}****{person.phone[-2:]}"
    api.unlock(person.lead_id)
    after = row()
    assert (after["is_unlocked"], after["email"], after["phone"]) == (True, person.email, person.phone)


@pytest.mark.parametrize(
    ("query", "fits"),
    [
        ({"country": "DE,France"}, lambda p: p.country.code in ("DE", "FR")),
        ({"sector": "technology,Energy"}, lambda p: p.company.sector in ("Technology", "Energy")),
        ({"industry": "Software & SaaS"}, lambda p: p.company.industry == "Software & SaaS"),
        ({"company_size": "1-10,11-50"}, lambda p: p.company.size in ("1-10", "11-50")),
        ({"size_range": "10M-50M"}, lambda p: p.company.revenue_range == "10M-50M"),
        ({"department": "Engineering,Sales"}, lambda p: p.department in ("Engineering", "Sales")),
        ({"job_level": "C-Level"}, lambda p: p.level == "C-Level"),
        ({"state": "California,Texas"}, lambda p: p.state in ("California", "Texas")),
        ({"year_founded_min": 2010, "year_founded_max": 2020}, lambda p: 2010 <= p.company.year_founded <= 2020),
        ({"employee_count_max": 40}, lambda p: p.company.employee_count <= 40),
        ({"employee_count_min": 1000}, lambda p: p.company.employee_count >= 1000),
        ({"country": "GB", "job_level": "VP"}, lambda p: (p.country.code, p.level) == ("GB", "VP")),
    ],
    ids=lambda value: ",".join(value) if isinstance(value, dict) else "",
)  # fmt: skip
def test_every_filter_finds_exactly_those_who_fit(box: Any, api: Any, query: Any, fits: Any) -> None:
    known = [p for p in box.world.known_to("leadleap") if p.company and not p.deleted]
    expected = {p.lead_id for p in known if fits(p)}
    first = api.get("/leads", per_page=100, **query).json()
    rows = list(first["data"])
    for page in range(2, first["meta"]["total_pages"] + 1):
        rows += api.get("/leads", per_page=100, page=page, **query).json()["data"]
    assert expected
    assert expected != {p.lead_id for p in known}
    assert {row["id"] for row in rows} == expected
    assert first["meta"]["total"] == len(rows) == len(expected)


def test_consumers_are_another_type(box: Any, api: Any) -> None:
    found = api.get("/leads", type="consumer", per_page=100).json()
    consumers = [p for p in box.world.known_to("leadleap") if p.company is None and not p.deleted]
    assert found["meta"]["total"] == len(consumers)
    assert {row["company_name"] for row in found["data"]} == {None}


def test_a_page_behind_the_last_is_empty_and_a_search_without_a_hit_has_no_pages(api: Any) -> None:
    assert api.get("/leads", page=10_000).json()["data"] == []
    nobody = api.get("/leads", state="Atlantis").json()
    assert (nobody["data"], nobody["meta"]["total"], nobody["meta"]["total_pages"]) == ([], 0, 0)


@pytest.mark.parametrize(
    "query",
    [
        {"per_page": 101},
        {"per_page": 0},
        {"page": 0},
        {"page": "two"},
        {"type": "robot"},
        {"year_founded_min": "x"},
    ],
    ids=str,
)
def test_a_filter_outside_the_contract_is_a_bad_request(api: Any, query: Any) -> None:
    answer = api.get("/leads", **query)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "BAD_REQUEST")
    assert next(iter(query)) in answer.json()["error"]["message"]


def test_a_misspelt_filter_is_refused_and_does_not_find_everybody(api: Any) -> None:
    answer = api.get("/leads", contry="US")
    assert (answer.status_code, "contry" in answer.json()["error"]["message"]) == (400, True)


def test_an_unlock_costs_a_credit_once(box: Any, api: Any, people: Any) -> None:
    person = people[0]
    first, second = api.unlock(person.lead_id).json(), api.unlock(person.lead_id).json()
    assert (first["meta"]["credits_used"], first["meta"]["cached"]) == (1, False)
    assert (second["meta"]["credits_used"], second["meta"]["cached"]) == (0, True)
    assert first["data"] == second["data"]
    assert first["data"]["email_primary"] == person.email
    assert first["meta"]["credits_remaining"] == second["meta"]["credits_remaining"] == 4999
    (charge,) = box.charges
    assert (charge.provider, charge.operation, charge.what, charge.millicredits) == (
        "leadleap",
        "unlock",
        person.lead_id,
        1000,
    )
    assert charge.request_id == first["meta"]["request_id"]


def test_an_export_charges_for_the_locked_leads_only(box: Any, api: Any, people: Any) -> None:
    ids = [person.lead_id for person in people[:4]]
    api.unlock(ids[0])
    answer = api.post("/leads/export", {"lead_ids": [*ids, ids[1]]})
    counts = {name: answer.headers[f"X-{name}"] for name in ("Total-Leads", "New-Unlocks", "Cached-Unlocks")}
    assert counts == {"Total-Leads": "4", "New-Unlocks": "3", "Cached-Unlocks": "1"}
    assert answer.headers["Content-Disposition"] == 'attachment; filename="leads-export.csv"'
    assert answer.headers["Content-Type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8"), newline="")))
    assert [row["id"] for row in rows] == ids
    assert [row["email_primary"] for row in rows] == [person.email for person in people[:4]]
    assert [charge.what for charge in box.charges if charge.operation == "export"] == ids[1:]
    assert box.charged("leadleap") == 4000


def test_an_export_as_json_holds_what_unlocking_tells(api: Any, people: Any) -> None:
    answer = api.post("/leads/export", {"lead_ids": [people[0].lead_id], "format": "json"})
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json() == [api.unlock(people[0].lead_id).json()["data"]]


def test_an_export_with_one_unknown_lead_or_too_few_credits_charges_nothing(
    box: Any, api: Any, people: Any
) -> None:
    ids = [person.lead_id for person in people[:3]]
    assert api.post("/leads/export", {"lead_ids": [*ids, "c_nobody"]}).status_code == 404
    box.set_credits("leadleap", 2)
    assert api.post("/leads/export", {"lead_ids": ids}).json()["error"]["code"] == "CREDITS_EXHAUSTED"
    assert box.charges == []
    assert api.post("/leads/export", {"lead_ids": ids[:2]}).status_code == 200


def test_enriching_is_free_and_shows_contact_data_of_unlocked_leads_only(
    box: Any, api: Any, people: Any
) -> None:
    person = people[0]
    body = {"lead_id": person.lead_id}
    locked = api.post("/leads/enrich", body).json()["data"]
    assert "*" in locked["email_primary"]
    assert "*" in locked["phone"]
    assert "*" in locked["linkedin_url"]
    assert locked["company_description"] == person.company.description
    assert box.charges == []
    api.unlock(person.lead_id)
    unlocked = api.post("/leads/enrich", body).json()["data"]
    assert (unlocked["email_primary"], unlocked["linkedin_url"]) == (person.email, person.linkedin_url)


@pytest.mark.parametrize("path", ["/leads/unlock", "/leads/enrich"])
def test_unknown_leads_are_not_found_and_deleted_ones_are_gone(
    box: Any, api: Any, gone: Any, path: str
) -> None:
    assert api.post(path, {"lead_id": "c_nobody"}).json()["error"]["code"] == "NOT_FOUND"
    answer = api.post(path, {"lead_id": gone.lead_id})
    assert (answer.status_code, answer.json()["error"]["code"]) == (410, "GONE")
    assert box.charges == []


def test_another_account_pays_for_itself(box: Any, api: Any, connect: Any, people: Any) -> None:
    other = connect(box, box.api_key("leadleap", account="other"))
    for client in (api, other):
        assert client.unlock(people[0].lead_id).json()["meta"]["credits_used"] == 1
    assert [charge.account for charge in box.charges] == ["main", "other"]


def test_credits_run_out_exactly_and_repeats_stay_free(box: Any, api: Any, people: Any) -> None:
    box.set_credits("leadleap", 3)
    codes = [api.unlock(person.lead_id).status_code for person in people[:5]]
    assert codes == [200, 200, 200, 402, 402]
    assert api.unlock(people[0].lead_id).json()["meta"]["cached"] is True
    assert api.get("/account/usage").json()["data"]["usage"]["leads_remaining"] == 0


def test_unlocks_at_the_same_moment_charge_each_lead_once(box: Any, connect: Any, people: Any) -> None:
    ids = [person.lead_id for person in people[:10]]

    def unlock_all(_: int) -> list[int]:
        client = connect(box)
        return [client.unlock(lead_id).json()["meta"]["credits_used"] for lead_id in ids]

    with ThreadPoolExecutor(8) as pool:
        used = sum(map(sum, pool.map(unlock_all, range(8))))
    assert sorted(charge.what for charge in box.charges) == sorted(ids)
    assert used == len(ids)
    assert len(box.requests) == 80


def test_another_price_is_what_is_charged_and_told(box: Any, api: Any, people: Any) -> None:
    box.set_price("leadleap", "unlock", 3000)
    assert api.unlock(people[0].lead_id).json()["meta"]["credits_used"] == 3
    assert box.charged("leadleap") == 3000
