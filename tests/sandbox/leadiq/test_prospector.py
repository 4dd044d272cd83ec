"""Prospector: lists, prospects, and the checking of addresses."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import pytest
import requests

ANN = {"firstName": "Ann", "lastName": "Smith", "workEmail": "ann.smith@example.com"}


@pytest.fixture
def list_id(leadiq: Any) -> str:
    return str(leadiq.rest("POST", "/lists", {"name": "Fair"}).json()["id"])


def code(answer: Any) -> tuple[int, str]:
    assert answer.json().keys() == {"code", "message", "details"}
    return answer.status_code, answer.json()["code"]


def test_the_key_goes_decoded_into_a_header_of_its_own(box: Any, leadiq: Any, connect: Any) -> None:
    team = leadiq.rest("GET", "/whoami").json()["team"]
    assert "main" in team["name"]
    for headers in (
        {"X-API-Key": leadiq.key},
        {"Authorization": f"Basic {leadiq.key}"},
        {"Authorization": f"Bearer {leadiq.key}"},
        {},
    ):
        answer = requests.get(f"{leadiq.rest_url}/whoami", headers=headers, timeout=5)
        assert code(answer) == (401, "unauthorized")
    box.set_option("leadiq", "key_ends_with_colon", True)
    with_colon = connect(box, box.api_key("leadiq"))
    assert with_colon.rest("GET", "/whoami").status_code == 200


def test_a_list_is_made_once_under_its_name(leadiq: Any) -> None:
    made = leadiq.rest("POST", "/lists", {"name": "Fair", "description": "Hall 3"})
    assert made.status_code == 201
    assert re.fullmatch(r"[0-9a-f]{24}", made.json()["id"])
    assert leadiq.rest("GET", f"/lists/{made.json()['id']}").json() == made.json()
    assert code(leadiq.rest("POST", "/lists", {"name": "Fair"})) == (409, "list_name_conflict")
    assert [one["name"] for one in leadiq.rest("GET", "/lists").json()["items"]] == ["Fair"]


@pytest.mark.parametrize(
    "body",
    [{}, {"name": ""}, {"name": "x" * 201}, {"name": "A", "owner": "me"}, {"name": "A", "description": "x" * 2001},
     {"name": 1}, [], "A"],
    ids=str,
)  # fmt: skip
def test_a_list_outside_the_form_is_a_bad_request(leadiq: Any, body: Any) -> None:
    assert code(leadiq.rest("POST", "/lists", body)) == (400, "bad_request")


@pytest.mark.parametrize(
    "changes",
    [{"mobilePhone": "+1"}, {"firstName": ""}, {"firstName": None}, {"lastName": " "}, {"workEmail": "ann"},
     {"workEmail": ""}, {"emailStatus": "Invalid"}, {"seniority": "C-Level"}, {"linkedinUrl": "linkedin.com/in/ann"},
     {"notes": "x" * 5001}, {"location": {"town": "Köln"}}, {"location": "Köln"}, {"phone": 49}],
    ids=lambda changes: ",".join(changes),
)  # fmt: skip
def test_a_prospect_outside_the_form_is_unprocessable(leadiq: Any, list_id: str, changes: Any) -> None:
    body = ANN | changes
    assert code(leadiq.rest("POST", f"/lists/{list_id}/prospects", body)) == (422, "unprocessable")
    assert code(leadiq.rest("POST", "/prospects", body)) == (400, "bad_request")
    batch = leadiq.rest("POST", f"/lists/{list_id}/prospects/batch", [ANN, body])
    assert batch.status_code == 200
    assert [entry["index"] for entry in batch.json()["failed"]] == [1]
    assert next(iter(changes)) in batch.json()["failed"][0]["reason"] or "Unknown property" in str(
        batch.json()
    )


def test_nothing_is_recognised_as_already_there(leadiq: Any, list_id: str) -> None:
    first, second = (leadiq.rest("POST", f"/lists/{list_id}/prospects", ANN) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["id"] != second.json()["id"]
    found = leadiq.rest("GET", "/prospects", email="Ann.Smith@example.com").json()["items"]
    assert [one["id"] for one in found] == [first.json()["id"], second.json()["id"]]


@pytest.mark.parametrize("size", [0, 101])
def test_a_batch_has_1_to_100_prospects(leadiq: Any, list_id: str, size: int) -> None:
    answer = leadiq.rest("POST", f"/lists/{list_id}/prospects/batch", [ANN] * size)
    assert code(answer) == (400, "bad_request")
    assert leadiq.rest("GET", f"/lists/{list_id}/prospects").json()["items"] == []


def test_members_are_read_page_by_page_until_there_is_no_cursor(leadiq: Any, list_id: str) -> None:
    people = [ANN | {"lastName": f"Smith {n}"} for n in range(10)]
    made = leadiq.rest("POST", f"/lists/{list_id}/prospects/batch", people).json()["succeeded"]
    pages: list[Any] = []
    cursor: dict[str, str] = {}
    while True:
        page = leadiq.rest("GET", f"/lists/{list_id}/prospects", limit=5, **cursor).json()
        pages.append(page["items"])
        if page["nextCursor"] is None:
            break
        cursor = {"cursor": page["nextCursor"]}
    assert [len(page) for page in pages] == [5, 5, 0]
    assert [one for page in pages for one in page] == made


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 101}, {"limit": "x"}, {"cursor": "next"}], ids=str)
def test_a_page_outside_the_contract_is_a_bad_request(leadiq: Any, list_id: str, query: Any) -> None:
    assert code(leadiq.rest("GET", f"/lists/{list_id}/prospects", **query)) == (400, "bad_request")


def test_an_export_is_missing_or_a_csv_of_the_members(box: Any, leadiq: Any, list_id: str) -> None:
    leadiq.rest("POST", f"/lists/{list_id}/prospects", ANN)
    assert code(leadiq.rest("GET", f"/lists/{list_id}/export")) == (404, "not_found")
    box.set_option("leadiq", "list_export", True)
    answer = leadiq.rest("GET", f"/lists/{list_id}/export")
    assert answer.headers["Content-Type"].startswith("text/csv")
    (row,) = csv.DictReader(io.StringIO(answer.text, newline=""))
    assert (row["firstName"], row["workEmail"]) == ("Ann", "ann.smith@example.com")


def test_the_paths_are_under_v1_or_bare(box: Any, leadiq: Any, list_id: str) -> None:
    bare = leadiq.rest_url.removesuffix("/v1")
    for paths, good, other in (("v1", leadiq.rest_url, bare), ("bare", bare, leadiq.rest_url)):
        box.set_option("leadiq", "prospector_paths", paths)
        leadiq.rest_url = good
        assert leadiq.rest("GET", f"/lists/{list_id}").status_code == 200
        leadiq.rest_url = other
        assert code(leadiq.rest("GET", f"/lists/{list_id}")) == (404, "not_found")


def test_ids_are_24_hex_digits_and_of_this_account(box: Any, leadiq: Any, connect: Any, list_id: str) -> None:
    assert code(leadiq.rest("GET", "/lists/fair")) == (400, "bad_request")
    assert code(leadiq.rest("GET", f"/lists/{'0' * 24}")) == (404, "not_found")
    assert code(leadiq.rest("GET", f"/prospects/{'0' * 24}")) == (404, "not_found")
    other = connect(box, box.api_key("leadiq", account="other"))
    assert code(other.rest("GET", f"/lists/{list_id}")) == (404, "not_found")


def test_a_prospect_can_be_attached_to_a_list_any_number_of_times(leadiq: Any, list_id: str) -> None:
    prospect = leadiq.rest("POST", "/prospects", ANN).json()
    assert prospect["listIds"] == []
    for _ in range(2):
        answer = leadiq.rest("POST", f"/lists/{list_id}/prospects/{prospect['id']}")
        assert (answer.status_code, answer.json()["listIds"]) == (200, [list_id])
    assert leadiq.rest("GET", f"/prospects/{prospect['id']}").json()["listIds"] == [list_id]


def test_prospects_are_looked_up_by_address_or_by_name_and_not_by_both(leadiq: Any) -> None:
    leadiq.rest("POST", "/prospects", ANN)
    by_name = leadiq.rest("GET", "/prospects", firstName="ann", lastName="SMITH").json()["items"]
    assert [one["workEmail"] for one in by_name] == ["ann.smith@example.com"]
    for query in ({"firstName": "Ann"}, {"email": "a@example.com", "firstName": "A", "lastName": "B"}):
        assert code(leadiq.rest("GET", "/prospects", **query)) == (400, "bad_request")


def test_a_phone_is_confirmed_when_the_person_is_known_by_it(
    leadiq: Any, list_id: str, reachable: Any
) -> None:
    person = reachable[0]
    body = {
        "firstName": "A",
        "lastName": "B",
        "workEmail": person.email,
        "phone": person.phone,
        "personId": "x",
    }
    prospect = leadiq.rest("POST", f"/lists/{list_id}/prospects", body).json()
    assert prospect["mobilePhones"] == [{"value": person.phone, "status": "Verified"}]
    body["phone"] = "+4930000"
    prospect = leadiq.rest("POST", f"/lists/{list_id}/prospects", body).json()
    assert prospect["mobilePhones"] == [{"value": "+4930000"}]


def test_checking_an_address_costs_a_tenth_every_time(box: Any, leadiq: Any, known: Any) -> None:
    good = next(p.email for p in known if p.email and p.mailbox == "ok")
    bad = next(p.email for p in known if p.email and p.mailbox == "mailbox_not_found")
    moved = next(p for p in known if p.moved).previous_job.email
    statuses = [
        leadiq.rest("GET", "/verify-email", email=email).json()["status"]
        for email in (good, good, bad, moved)
    ]
    assert statuses[0] == statuses[1]
    assert statuses[0] in {"Verified", "VerifiedLikely"}
    assert statuses[2:] == ["Invalid", "Invalid"]
    assert [(charge.what, charge.millicredits) for charge in box.charges] == [
        (email, 100) for email in (good, good, bad, moved)
    ]
    assert [request.asked for request in box.paid_requests()] == [(good,), (good,), (bad,), (moved,)]


def test_an_address_that_is_none_is_a_bad_request_and_without_credits_none_is_checked(
    box: Any, leadiq: Any
) -> None:
    assert code(leadiq.rest("GET", "/verify-email")) == (400, "bad_request")
    assert code(leadiq.rest("GET", "/verify-email", email="ann")) == (400, "bad_request")
    box.set_credits("leadiq", 0.05)
    assert code(leadiq.rest("GET", "/verify-email", email="a@example.com")) == (402, "insufficient_credits")
    assert box.charges == []


def test_the_address_of_a_prospect_is_checked_in_place(box: Any, leadiq: Any, known: Any) -> None:
    bad = next(p.email for p in known if p.email and p.mailbox == "mailbox_not_found")
    prospect = leadiq.rest("POST", "/prospects", ANN | {"workEmail": bad, "emailStatus": "Verified"}).json()
    answer = leadiq.rest("POST", f"/prospects/{prospect['id']}/verify-email").json()
    assert (answer["status"], answer["prospect"]["emailStatus"]) == ("Invalid", "Invalid")
    assert box.charged("leadiq") == 100
    without = leadiq.rest("POST", "/prospects", {"firstName": "Ann", "lastName": "Smith"}).json()
    answer = leadiq.rest("POST", f"/prospects/{without['id']}/verify-email")
    assert code(answer) == (409, "no_email_to_verify")


@pytest.mark.parametrize("status", [429, 502])
def test_a_fault_may_hide_that_a_prospect_was_made(box: Any, leadiq: Any, list_id: str, status: int) -> None:
    box.fault("status", "/prospects", status=status, after_charge=True)
    assert leadiq.rest("POST", f"/lists/{list_id}/prospects", ANN).status_code == status
    assert len(leadiq.rest("GET", "/prospects", email=ANN["workEmail"]).json()["items"]) == 1


def test_bodies_that_are_not_json_and_paths_that_do_not_exist(leadiq: Any, list_id: str) -> None:
    assert code(leadiq.rest("GET", "/people")) == (404, "not_found")
    assert code(leadiq.rest("DELETE", f"/lists/{list_id}")) == (404, "not_found")
    answer = leadiq.session.post(
        f"{leadiq.rest_url}/lists",
        data=b"{",
        headers={
            "X-API-Key": __import__("base64").b64decode(leadiq.key).decode(),
            "Content-Type": "application/json",
        },
        timeout=5,
    )
    assert code(answer) == (400, "bad_request")
