"""Reading companies and contacts by id: what it costs, and for how long it is free again."""

from __future__ import annotations

from typing import Any

import pytest

from leadkit.sandbox.leadfeeder import records

YEAR_SECONDS = 365 * 24 * 3600


@pytest.fixture(params=["companies", "contacts"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def ids(kind: str, directory: Any) -> list[str]:
    """Ids of that kind, in ascending order."""
    if kind == "companies":
        return sorted(records.company_id(company) for company in directory.companies)[:130]
    return sorted(records.contact_id(person) for person in directory.people)[:130]


def error_code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["errors"][0]["code"]


def test_a_record_costs_a_credit_once_in_twelve_months(
    box: Any, leadfeeder: Any, kind: str, ids: Any
) -> None:
    charged = []
    for wait in (0, 60, YEAR_SECONDS - 61, 2):
        box.advance(wait)
        answer = leadfeeder.get(f"/{kind}/{ids[0]}")
        assert answer["data"]["id"] == ids[0]
        charged.append(answer["meta"]["credits"]["charged"])
    assert charged == [1, 0, 0, 1]
    assert [charge.what for charge in box.charges] == [ids[0], ids[0]]
    assert box.charged("leadfeeder") == 2000
    assert [request.millicredits for request in box.paid_requests()] == [1000, 0, 0, 1000]
    assert {request.asked for request in box.requests} == {(ids[0],)}


def test_several_records_are_charged_for_those_that_are_new_and_come_in_the_order_of_their_ids(
    box: Any, leadfeeder: Any, kind: str, ids: Any
) -> None:
    leadfeeder.get(f"/{kind}/{ids[1]}")
    answer = leadfeeder.get(f"/{kind}", ids=",".join([ids[2], ids[1], ids[0], ids[2]]))
    assert [record["id"] for record in answer["data"]] == ids[:3]
    assert answer["meta"]["credits"]["charged"] == 2
    assert [charge.what for charge in box.charges] == [ids[1], ids[0], ids[2]]
    assert box.requests[-1].asked == (ids[2], ids[1], ids[0], ids[2])


def test_at_most_a_hundred_records_are_read_at_once(box: Any, leadfeeder: Any, kind: str, ids: Any) -> None:
    assert len(leadfeeder.get(f"/{kind}", ids=",".join(ids[:100]))["data"]) == 100
    for wrong in (",".join(ids[:101]), "", ","):
        assert leadfeeder.send("GET", f"/{kind}", ids=wrong).status_code == 400
    assert leadfeeder.send("GET", f"/{kind}").status_code == 400
    assert box.charged("leadfeeder") == 100_000


def test_an_id_that_does_not_exist_is_not_found_and_free(
    box: Any, leadfeeder: Any, kind: str, ids: Any
) -> None:
    assert error_code(leadfeeder.send("GET", f"/{kind}/1")) == (404, "entity_not_found")
    both = {"ids": f"1,{ids[0]}"}
    box.set_option("leadfeeder", "missing_ids", "refused")
    assert error_code(leadfeeder.send("GET", f"/{kind}", **both)) == (404, "entity_not_found")
    assert box.charges == []
    box.set_option("leadfeeder", "missing_ids", "left_out")
    assert [record["id"] for record in leadfeeder.get(f"/{kind}", **both)["data"]] == [ids[0]]
    assert leadfeeder.get(f"/{kind}", ids="1,2")["data"] == []
    assert len(box.charges) == 1


@pytest.mark.parametrize("status", [402, 403, 429])
def test_without_credits_nothing_is_read_but_what_was_read_before(
    box: Any, leadfeeder: Any, kind: str, ids: Any, status: int
) -> None:
    box.set_option("leadfeeder", "no_credits_status", status)
    box.set_credits("leadfeeder", 1)
    leadfeeder.get(f"/{kind}/{ids[0]}")
    assert error_code(leadfeeder.send("GET", f"/{kind}/{ids[1]}")) == (status, "quota_exceeded")
    assert leadfeeder.get(f"/{kind}/{ids[0]}")["meta"]["credits"]["charged"] == 0
    assert box.charged("leadfeeder") == 1000


def test_credits_for_some_of_several_buy_none_or_as_many(
    box: Any, leadfeeder: Any, kind: str, ids: Any
) -> None:
    leadfeeder.get(f"/{kind}/{ids[3]}")
    box.set_credits("leadfeeder", 2)
    wanted = {"ids": ",".join(ids[:4])}
    assert error_code(leadfeeder.send("GET", f"/{kind}", **wanted)) == (402, "quota_exceeded")
    box.set_option("leadfeeder", "short_of_credits", "partial")
    some = leadfeeder.get(f"/{kind}", **wanted)
    assert [record["id"] for record in some["data"]] == [ids[0], ids[1], ids[3]]
    assert some["meta"]["credits"]["charged"] == 2
    none = leadfeeder.send("GET", f"/{kind}", ids=ids[2])
    assert error_code(none) == (402, "quota_exceeded")


def test_an_old_id_of_a_company_leads_to_the_one_that_it_has_now(
    box: Any, leadfeeder: Any, directory: Any
) -> None:
    company = next(c for c in directory.companies if records.former_company_id(c))
    old, now = records.former_company_id(company), records.company_id(company)
    assert leadfeeder.get(f"/companies/{old}")["data"]["id"] == now != old
    assert [c["id"] for c in leadfeeder.get("/companies", ids=f"{old},{now}")["data"]] == [now]
    assert [charge.what for charge in box.charges] == [now]


def test_a_full_contact_says_what_a_search_leaves_out(leadfeeder: Any, directory: Any) -> None:
    person = next(p for p in directory.people if p.phone and p.email and not p.previous_job)
    found = leadfeeder.post("/contacts/search", {"emails": [person.email]})["data"]
    (row,) = found
    full = leadfeeder.get(f"/contacts/{row['id']}")["data"]
    assert full["attributes"].items() >= row["attributes"].items()
    assert full["attributes"]["phones"] == [person.phone]
    assert full["attributes"]["linkedin_url"] == person.linkedin_url
    assert not {"phones", "position", "linkedin_url"} & row["attributes"].keys()
    assert full["relationships"]["company"]["data"]["id"] == records.company_id(person.company)


def test_including_the_company_is_a_second_record(box: Any, leadfeeder: Any, directory: Any) -> None:
    person = directory.people[0]
    contact = records.contact_id(person)
    answer = leadfeeder.get(f"/contacts/{contact}", include="company,lists")
    assert answer["meta"]["credits"]["charged"] == 2
    assert answer["data"]["relationships"]["company"]["data"]["attributes"]["name"]
    assert [charge.operation for charge in box.charges] == ["contact", "company"]


def test_a_single_record_may_come_as_an_array_of_one(box: Any, leadfeeder: Any, kind: str, ids: Any) -> None:
    box.set_option("leadfeeder", "record_in_array", True)
    (record,) = leadfeeder.get(f"/{kind}/{ids[0]}")["data"]
    assert record["id"] == ids[0]


def test_some_companies_and_people_must_not_be_contacted(leadfeeder: Any, directory: Any) -> None:
    company = next(c for c in directory.companies if records.must_not_contact(c))
    person = next(p for p in directory.people if records.must_not_contact(p))
    for path in (f"/companies/{records.company_id(company)}", f"/contacts/{records.contact_id(person)}"):
        assert leadfeeder.get(path)["data"]["attributes"]["meta"]["do_not_contact"] is True
    open_to_all = leadfeeder.post("/companies/search", {"filters": {"do_not_contact": False}}, page__size=100)
    assert {c["attributes"]["meta"]["do_not_contact"] for c in open_to_all["data"]} == {False}


def test_somebody_who_moved_may_still_be_at_the_old_company(leadfeeder: Any, directory: Any) -> None:
    moved = [p for p in directory.people if p.moved]
    addresses = {
        leadfeeder.get(f"/contacts/{records.contact_id(p)}")["data"]["attributes"]["email"]
        for p in moved[:20]
    }
    assert addresses & {p.previous_job.email for p in moved}
    assert addresses & {p.email for p in moved}


def test_another_account_pays_for_itself(
    box: Any, leadfeeder: Any, connect: Any, kind: str, ids: Any
) -> None:
    other_key = box.api_key("leadfeeder", account="other", scopes=["main"])
    seen = connect(box, other_key).send("GET", "/accounts", account_id=None).json()["data"]
    other_id = next(account["id"] for account in seen if account["id"] != leadfeeder.account_id)
    connect(box, other_key, other_id).get(f"/{kind}/{ids[0]}")
    connect(box, other_key).get(f"/{kind}/{ids[0]}")
    leadfeeder.get(f"/{kind}/{ids[0]}")
    assert [charge.account for charge in box.charges] == ["other", "main"]
    assert [request.account for request in box.requests[1:]] == ["other", "main", "main"]
