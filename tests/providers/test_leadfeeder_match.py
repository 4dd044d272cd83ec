"""Leadfeeder's free identification: companies by match, people by search, each on the row that was asked."""

from __future__ import annotations

import json
from typing import Any

import pytest

from leadkit.errors import BadAnswerError, InputError
from leadkit.money import Amount
from tests.providers.leadfeeder.made import PROVIDER, answer, contact, key, recorded

# ---------------------------------------------------------------- matching companies

ASKED = [key(company="example company", country_code="DE", domain="example.com"), key(company="no such firm")]


def test_the_recorded_match_lands_on_the_rows_that_were_asked() -> None:
    operation = PROVIDER.operation("match_companies")
    decoded = operation.decode(ASKED, recorded("post_companies_match"))
    found = decoded.answers[ASKED[0]]
    assert found.values["company_id"] == "159001425"
    assert found.values["match_score"] == 0.97
    assert found.values["city"] == "Berlin"
    assert found.values["industry"] == "Manufacture of bearings"
    assert decoded.answers[ASKED[1]].status == "not_found"
    assert decoded.amount == Amount()
    assert set(found.values) == {column.field for column in operation.columns}


def test_trap_18_nested_match_results_stay_with_their_rows() -> None:
    def match(company_id: str, score: float) -> dict[str, Any]:
        summary = {"company_summary": {"id": company_id, "attributes": {"name": company_id}}}
        return {"type": "company_match", "attributes": {"match_score": score}, "relationships": summary}

    keys = [key(company=name) for name in ("none", "several", "one")]
    groups = [[], [match("21", 0.4), match("22", 0.9), match("23", 0.8)], [match("31", 0.5)]]
    answers = PROVIDER.operation("match_companies").decode(keys, answer(groups)).answers
    assert [answers[one].values.get("company_id") for one in keys] == [None, "22", "31"]
    assert [answers[one].values["matches"] for one in keys] == [0, 3, 1]


@pytest.mark.parametrize("data", [[], [[]], [[], [], []], {"id": "1"}, "text"])
def test_an_answer_about_another_number_of_companies_is_not_believed(data: Any) -> None:
    with pytest.raises(BadAnswerError, match="nobody can tell which answer is whose"):
        PROVIDER.operation("match_companies").decode(ASKED, answer(data))


def test_a_flattened_answer_gives_no_row_another_rows_company() -> None:
    flat = json.loads(recorded("post_companies_match").body)["data"][0]
    assert not PROVIDER.operation("match_companies").decode(ASKED, answer([*flat, *flat])).answers


def test_of_equally_good_matches_none_is_chosen_and_all_are_named() -> None:
    def match(company_id: str) -> dict[str, Any]:
        summary = {"company_summary": {"id": company_id, "attributes": {"name": f"Firm {company_id}"}}}
        return {"attributes": {"match_score": 0.7}, "relationships": summary}

    decoded = PROVIDER.operation("match_companies").decode(ASKED[:1], answer([[match("1"), match("2")]]))
    found = decoded.answers[ASKED[0]]
    assert "company_id" not in found.values
    assert "Firm 1 (1); Firm 2 (2)" in found.note


def test_a_company_that_must_not_be_contacted_keeps_only_the_flag() -> None:
    attributes = {"name": "Example", "url": "example.com", "meta": {"do_not_contact": True}}
    match = {
        "attributes": {"match_score": 1},
        "relationships": {"company_summary": {"id": "1", "attributes": attributes}},
    }
    decoded = PROVIDER.operation("match_companies").decode(ASKED[:1], answer([[match]]))
    found = decoded.answers[ASKED[0]]
    assert (found.status, found.values) == ("suppressed", {"do_not_contact": "yes"})


def test_what_is_known_of_a_company_goes_out_under_leadfeeders_names() -> None:
    request = PROVIDER.operation("match_companies").encode([*ASKED, key(company="acme", linkedin="x")])
    assert request.json == {
        "companies": [
            {"company_name": "example company", "country_code": "DE", "url": "example.com"},
            {"company_name": "no such firm"},
            {"company_name": "acme"},
        ]
    }
    with pytest.raises(InputError, match="matches a company by one of domain"):
        PROVIDER.operation("match_companies").encode([key(phone="+4930123456")])


# ---------------------------------------------------------------- finding people


def test_the_recorded_search_by_address_gives_the_contacts_id() -> None:
    operation = PROVIDER.operation("find_people")
    asked = key(email="erika.muster@example.com")
    decoded = operation.decode([asked], recorded("post_contacts_search"))
    values = decoded.answers[asked].values
    assert values["contact_id"] == "900000001"
    assert values["full_name"] == "Erika Muster"
    assert values["email"] is None, "nobody said that this person may be contacted"
    assert set(values) == {column.field for column in operation.columns} | {"matched_by"}
    assert values["matched_by"] == "e-mail", (
        "so that a row with no more than an address can be compared with it"
    )


def test_somebody_with_another_address_or_name_is_not_taken_for_the_person() -> None:
    operation = PROVIDER.operation("find_people")
    for asked in (
        key(email="erika@example.org"),
        key(company_id="159001425", full_name="erik muster"),
        key(company="other", full_name="erika muster"),
        key(domain="example.org", full_name="erika muster"),
    ):
        found = operation.decode([asked], recorded("post_contacts_search")).answers[asked]
        assert found.values == {"matches": 0}
        assert "none who is certain" in found.note


@pytest.mark.parametrize(
    "asked",
    [
        key(company_id="159001425", full_name="erika muster"),
        key(domain="example.com", first_name="erika", last_name="muster"),
    ],
)
def test_a_name_within_a_company_finds_the_person(asked: str) -> None:
    decoded = PROVIDER.operation("find_people").decode([asked], recorded("post_contacts_search"))
    assert decoded.answers[asked].values["contact_id"] == "900000001"


def test_somebody_of_that_name_in_another_company_is_not_the_person() -> None:
    asked = key(company_id="9", full_name="erika muster")
    people = [contact("7", company_id="10"), contact("8", company_id="9")]
    found = PROVIDER.operation("find_people").decode([asked], answer(people)).answers[asked]
    assert found.values["contact_id"] == "8"


def test_a_summary_that_holds_no_address_was_still_found_by_it() -> None:
    asked = key(email="erika@example.com")
    found = (
        PROVIDER.operation("find_people").decode([asked], answer([contact("7", email=None)])).answers[asked]
    )
    assert found.values["contact_id"] == "7"


def test_of_two_people_none_is_chosen() -> None:
    asked = key(company_id="9", full_name="erika muster")
    found = (
        PROVIDER.operation("find_people").decode([asked], answer([contact("7"), contact("8")])).answers[asked]
    )
    assert found.values == {"matches": 2}
    assert "2 people match, so none was chosen" in found.note


def test_nobody_is_not_found_and_only_an_empty_answer_says_so() -> None:
    asked = key(email="x@example.com")
    assert PROVIDER.operation("find_people").decode([asked], answer([])).answers[asked].status == "not_found"
    with pytest.raises(BadAnswerError):
        PROVIDER.operation("find_people").decode([asked], answer({"rows": []}))


def test_company_ids_go_out_as_a_list_because_a_single_one_is_ignored() -> None:
    request = PROVIDER.operation("find_people").encode([key(company_id="9", full_name="erika muster")])
    assert request.json == {"search_terms": ["erika muster"], "company_ids": ["9"]}
    assert PROVIDER.operation("find_people").encode([key(email="a@b.c")]).json == {"emails": ["a@b.c"]}
    with pytest.raises(InputError, match="by an e-mail address, or by a name with a company"):
        PROVIDER.operation("find_people").encode([key(full_name="erika muster")])


def test_a_person_who_must_not_be_contacted_is_not_found_for_unlocking() -> None:
    asked = key(email="erika@example.com")
    person = contact("7", meta={"do_not_contact": True})
    found = PROVIDER.operation("find_people").decode([asked], answer([person])).answers[asked]
    assert (found.status, found.values) == ("suppressed", {"do_not_contact": "yes"})
