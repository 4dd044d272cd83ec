"""LeadIQ's people: only what is bought is asked for, and only what may be written reaches a cell."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from leadkit.errors import InputError
from leadkit.match import Match, compare
from leadkit.money import Amount
from leadkit.providers.base import Answer, Decoded, Request
from leadkit.providers.leadiq import LeadIQ
from leadkit.providers.leadiq.people import BATCH, IDENTITIES, PREVIEW_IDENTITIES
from tests.providers.leadiq_server import answer, person, problems, recorded

JANE = "PersonID-00000000-0000-4000-8000-000000000001"
WANTS = [
    wants
    for size in range(1, 5)
    for wants in itertools.combinations(("profile", "email", "phone", "company"), size)
]
PARTS = {
    "lead_id": JANE,
    "linkedin": "linkedin.com/in/jane-smith",
    "email": "jane.smith@acme.example",
    "first_name": "jane",
    "last_name": "smith",
    "full_name": "jane smith",
    "domain": "acme.example",
    "company": "acme",
}


def key(*names: str, **parts: str) -> str:
    return json.dumps({**{name: PARTS[name] for name in names}, **parts}, sort_keys=True)


def encode(keys: Sequence[str], *wants: str, step: str = "find_people") -> Request:
    return LeadIQ().operation(step, wants).encode(keys)


def decode(record: Mapping[str, Any], asked: str, *wants: str) -> Answer:
    results = {"totalResults": 1, "hasMore": False, "results": [record]}
    operation = LeadIQ().operation("find_people", wants)
    return operation.decode([asked], answer({"data": {"searchPeople": results}})).answers[asked]


def found(name: str, asked: str, *wants: str) -> Decoded:
    return LeadIQ().operation("find_people", wants).decode([asked], recorded(name))


# ---------------------------------------------------------------- what is asked


@pytest.mark.parametrize("wants", WANTS, ids="+".join)
def test_trap_04_the_selection_set_holds_only_what_was_bought(wants: tuple[str, ...]) -> None:
    request = encode([key("email")], *wants)
    assert problems(request) == []
    words = set(request.json["query"].replace("{", " ").replace("}", " ").split())
    bought = {
        "email": {"emails"},
        "phone": {"phones", "personalPhones"},
        "company": {"domain", "industry", "numberOfEmployees", "locationInfo"},
    }
    for want, fields in bought.items():
        assert bool(words & fields) == (want in wants), (want, wants)
    assert not words & {"personalEmails", "fundingInfo", "technologies", "revenueRange", "pastPositions"}


def test_trap_03_everything_together_is_14_credits_and_17_with_two_positions() -> None:
    price = LeadIQ().operation("find_people", ["email", "phone", "company"]).price
    assert (price.expected, price.most) == (14_000, 17_000)


@pytest.mark.parametrize(
    ("wants", "expected"), [("profile", 100), ("email", 1_000), ("phone", 10_000), ("email phone", 11_000)]
)
def test_a_bigger_data_point_replaces_the_price_of_the_profile(wants: str, expected: int) -> None:
    price = LeadIQ().operation("find_people", [*wants.split(), "profile"]).price
    assert (price.least, price.expected, price.most) == (0, expected, expected)


def test_the_same_purchase_in_another_order_is_the_same_fact() -> None:
    one = LeadIQ().operation("find_people", ["phone", "profile", "email"])
    other = LeadIQ().operation("find_people", ["email", "phone", "phone"])
    assert one.wants == other.wants == ("email", "phone")
    assert LeadIQ().operation("find_people").wants == ("profile",)


def test_a_data_point_that_is_not_sold_is_refused_with_the_one_that_was_meant() -> None:
    with pytest.raises(InputError, match=r"no 'phones'\. Did you mean phone\?.*Nothing was sent"):
        LeadIQ().operation("find_people", ["phones"])
    with pytest.raises(InputError, match="unlock sells no 'company'"):
        LeadIQ().operation("unlock", ["company"])


def test_an_accounts_own_prices_are_the_prices() -> None:
    leadiq = LeadIQ()
    leadiq.use_prices({"Api": {"PersonEmail": 500}}, "2026-03-02")
    price = leadiq.operation("find_people", ["email", "phone"]).price
    assert price.most == 10_500


@pytest.mark.parametrize("identity", IDENTITIES, ids="+".join)
def test_every_identity_is_asked_for_in_a_form_that_leadiq_takes(identity: tuple[str, ...]) -> None:
    request = encode([key(*identity)])
    assert problems(request) == []
    assert request.json["variables"]["input"]["limit"] == 1


@pytest.mark.parametrize("place", range(len(IDENTITIES) - 1))
def test_the_best_identity_of_a_key_is_the_one_that_is_asked(place: int) -> None:
    worse = [name for identity in IDENTITIES[place + 1 :] for name in identity if name != "company"]
    best = encode([key(*IDENTITIES[place])]).json["variables"]
    assert (
        encode([key(*IDENTITIES[place], *worse)]).json["variables"] == best or "domain" in IDENTITIES[place]
    )


def test_trap_05_a_lookup_asks_for_one_record_and_not_for_a_strict_match() -> None:
    variables = encode([key("full_name", "company")]).json["variables"]["input"]
    assert variables["limit"] == 1
    assert "strict" not in variables["company"]


def test_a_name_of_three_words_is_not_split() -> None:
    parts = key("domain", full_name="jane maria smith")
    assert encode([parts]).json["variables"]["input"]["fullName"] == "jane maria smith"
    two = encode([key("full_name", "domain")]).json["variables"]["input"]
    assert (two["firstName"], two["lastName"]) == ("jane", "smith")


def test_a_profile_is_asked_by_its_web_address() -> None:
    asked = encode([key(linkedin="linkedin.com/in/jürgen-groß")]).json["variables"]["input"]
    assert asked["linkedinUrl"] == "https://www.linkedin.com/in/j%C3%BCrgen-gro%C3%9F"


def test_a_name_alone_identifies_nobody() -> None:
    with pytest.raises(InputError, match=r"not by full_name\. Nothing was sent"):
        encode([key("full_name")])


def test_several_people_are_one_query_with_a_part_for_each() -> None:
    keys = [key(email=f"person{number}@example.com") for number in range(BATCH)]
    request = encode(keys, "email")
    assert problems(request) == []
    assert [one["email"] for one in request.json["variables"].values()] == [
        f"person{number}@example.com" for number in range(BATCH)
    ]


def test_company_data_is_never_in_doubt_for_more_than_one_person() -> None:
    # A repeat of anything else is free, so a batch in doubt costs nothing to ask again.
    assert LeadIQ().operation("find_people", ["company"]).batch_size == 1
    assert not LeadIQ().operation("find_people", ["company"]).repeat.free
    assert LeadIQ().operation("find_people", ["email"]).repeat.free


def test_unlocking_takes_the_id_as_it_stands_in_a_cell() -> None:
    operation = LeadIQ().operation("unlock")
    assert (operation.takes, operation.wants) == ("lead_id", ("email",))
    assert operation.encode([JANE]).json["variables"]["input"] == {"id": JANE, "limit": 1}
    values = operation.decode([JANE], recorded("graphql_searchPeople")).answers[JANE].values
    assert values["email"] == "jane.smith@acme.example"


# ---------------------------------------------------------------- what reaches a cell


def test_a_found_person_fills_the_columns_that_were_bought_and_no_others() -> None:
    operation = LeadIQ().operation("find_people", ["email", "phone"])
    decoded = operation.decode([key("full_name", "domain")], recorded("graphql_searchPeople"))
    values = decoded.answers[key("full_name", "domain")].values
    assert {column.field for column in operation.columns} <= set(values)
    assert values["full_name"] == "Jane Smith"
    assert values["title"] == "VP of Sales"
    assert values["company_name"] == "Acme Corp"
    assert (values["email"], values["email_status"]) == ("jane.smith@acme.example", "Verified")
    assert (values["phone"], values["phone_status"]) == ("+16035550134", "LikelyAccurate")
    assert values["linkedin_url"] == "https://www.linkedin.com/in/example"
    assert values["matched_by"] == "name and domain"


@pytest.mark.parametrize("wants", WANTS, ids="+".join)
def test_the_columns_of_a_purchase_are_the_values_of_its_answers(wants: tuple[str, ...]) -> None:
    operation = LeadIQ().operation("find_people", wants)
    asked = key("lead_id")
    decoded = operation.decode([asked], recorded("graphql_searchPeople"))
    assert {column.field for column in operation.columns} == set(decoded.answers[asked].values)


def test_trap_26_a_status_that_is_not_a_yes_never_reaches_a_cell() -> None:
    suppressed = found("graphql_searchPeople_suppressed", key("lead_id"), "email").answers[key("lead_id")]
    assert suppressed.values["email"] is None
    assert suppressed.values["email_status"] == "Suppressed"
    for status in ("Invalid", "Suppressed", "QuantumVerified", "", None):
        emails = [{"value": "jane@example.com", "status": status, "type": "WorkEmail"}]
        record = person("p1", position={"emails": emails})
        values = decode(record, key(lead_id="p1"), "email").values
        assert values["email"] is values["other_emails"] is None, status
        assert "@" not in json.dumps(values)


def test_the_best_address_is_the_surest_one() -> None:
    statuses = ["Unverified", "Invalid", "Verified", "VerifiedLikely", "Suppressed"]
    emails = [{"value": f"{status}@example.com", "status": status} for status in statuses]
    record = person("p1", position={"emails": emails})
    values = decode(record, key(lead_id="p1"), "email").values
    assert (values["email"], values["email_status"]) == ("verified@example.com", "Verified")
    assert values["other_emails"] == "verifiedlikely@example.com; unverified@example.com"


def test_trap_26_phones_are_ranked_by_verification_and_suppressed_ones_dropped() -> None:
    phones = [
        {"value": "+16035550101", "type": "WorkMobile", "verificationStatus": "None", "status": "Verified"},
        {"value": "+16035550102", "type": "WorkHQ", "verificationStatus": "LikelyAccurate"},
        {"value": "+16035550103", "type": "WorkMobile", "verificationStatus": "LikelyAccurate"},
        {"value": "+16035550104", "verificationStatus": "LikelyAccurate", "status": "Suppressed"},
        {"value": "+16035550105", "type": "Fax", "verificationStatus": "LikelyAccurate"},
        {"value": "+1603***0106", "type": "WorkMobile", "verificationStatus": "LikelyAccurate"},
    ]
    record = person("p1", position={"phones": phones})
    values = decode(record, key(lead_id="p1"), "phone").values
    assert (values["phone"], values["phone_type"]) == ("+16035550103", "WorkMobile")
    assert values["other_phones"] == "+16035550102; +16035550101"


def test_a_personal_phone_is_a_phone_that_was_bought() -> None:
    personal = [{"value": "+16035550199", "type": "PersonalMobile", "verificationStatus": "LikelyAccurate"}]
    record = person("p1", personalPhones=personal, currentPositions=[])
    assert decode(record, key(lead_id="p1"), "phone").values["phone"] == "+16035550199"


def test_the_job_that_the_row_asked_about_is_the_one_that_is_shown() -> None:
    record = person("p1", positions=2)
    record["currentPositions"][0] |= {
        "title": "Adviser",
        "matchedQuery": False,
        "companyInfo": {"name": "Other"},
    }
    assert decode(record, key("full_name", "company")).values["title"] == "VP of Sales"


# ---------------------------------------------------------------- is it who was asked for?


def compared(record: Mapping[str, Any], asked: Mapping[str, str], *wants: str) -> Match:
    """What the comparison of the row with LeadIQ's answer comes to."""
    return compare(asked, decode(record, json.dumps(asked), *wants).values)


@pytest.mark.parametrize("want", ["profile", "email", "phone", "company"])
@pytest.mark.parametrize("company", [{"domain": "acme.example"}, {"company": "acme"}])
def test_trap_05_whoever_fits_the_row_can_be_told_from_a_namesake(want: str, company: dict[str, str]) -> None:
    # A domain is compared without buying LeadIQ's spelling of it.
    row = {"full_name": "jane smith", **company}
    there = {"matchedQuery": True, "companyInfo": {"name": "Acme Corp"}, "emails": []}
    elsewhere = {"matchedQuery": False, "companyInfo": {"name": "Other Firm"}, "emails": []}
    assert want == "company" or not compared(person("p1", position=there), row, want).ambiguous
    assert not compared(person("p1"), row, want).ambiguous
    assert compared(person("p1", position=elsewhere), row, want).ambiguous
    assert compared(person("p1", name={"fullName": "Peter Stone"}), row, want).ambiguous


def test_a_position_that_leadiq_calls_matched_is_at_the_domain_that_was_asked() -> None:
    for matched in (True, False):
        position: dict[str, Any] = {"matchedQuery": matched, "companyInfo": {"name": "Acme"}, "emails": []}
        values = decode(person("p1", position=position), key("full_name", "domain")).values
        assert values.get("company_domain") == ("acme.example" if matched else None)


def test_a_work_address_at_the_domain_says_that_the_person_works_there() -> None:
    emails = [{"value": "jane@Acme.example", "status": "Invalid", "type": "WorkEmail"}]
    record = person("p1", position={"matchedQuery": False, "emails": emails})
    assert decode(record, key("full_name", "domain"), "email").values["company_domain"] == "acme.example"
    silent = person("p1", position={"matchedQuery": False, "companyInfo": {"name": "Acme"}})
    assert "company_domain" not in decode(silent, key("full_name", "domain"), "email").values


def test_company_data_that_was_bought_is_shown_as_leadiq_has_it() -> None:
    record = person("p1", position={"companyInfo": {"name": "Acme", "domain": "acme.example.net"}})
    assert (
        decode(record, key("full_name", "domain"), "company").values["company_domain"] == "acme.example.net"
    )


def test_an_answer_about_another_id_leaves_the_row_open() -> None:
    decoded = found("graphql_searchPeople", key(lead_id="PersonID-other"))
    assert decoded.answers == {}
    assert decoded.amount == Amount(0, 100)


def test_trap_05_several_candidates_are_said_and_each_record_is_counted() -> None:
    asked = key("full_name", "domain")
    operation = LeadIQ().operation("find_people", ["email"])
    decoded = operation.decode([asked], recorded("graphql_searchPeople_ambiguous"))
    assert decoded.answers[asked].note == "the first of 7 who fit"
    # LeadIQ was asked for one and gave two: more than was set aside, which stops the run.
    assert decoded.amount == Amount(0, 2_000)


def test_nobody_found_is_said_only_by_an_empty_and_sound_answer() -> None:
    asked = key("email")
    assert found("graphql_searchPeople_empty", asked).answers[asked].status == "not_found"
    operation = LeadIQ().operation("find_people")
    unsound: list[dict[str, Any]] = [
        {"totalResults": 3, "results": []},
        {"results": [None]},
        {"results": {}},
        {},
    ]
    for part in unsound:
        assert operation.decode([asked], answer({"data": {"searchPeople": part}})).answers == {}, part


def test_a_third_position_is_counted_as_it_came() -> None:
    asked = key(lead_id="p1")
    results = {"totalResults": 1, "results": [person("p1", positions=3)]}
    operation = LeadIQ().operation("find_people", ["company"])
    decoded = operation.decode([asked], answer({"data": {"searchPeople": results}}))
    assert decoded.amount == Amount(0, 9_000)
    assert decoded.amount.most > operation.price.most


# ---------------------------------------------------------------- the free preview


@pytest.mark.parametrize("identity", PREVIEW_IDENTITIES, ids="+".join)
def test_the_preview_is_free_and_takes_all_identities_but_an_id(identity: tuple[str, ...]) -> None:
    operation = LeadIQ().operation("preview_people")
    assert operation.price.most == 0
    assert problems(operation.encode([key(*identity)])) == []


@pytest.mark.parametrize(
    "part",
    [
        {},
        {"personId": None},
        {"personId": None, "hasEmail": "yes", "hasPhone": 1},
        {"personId": JANE, "hasEmail": None, "hasPhone": None},
    ],
)
def test_a_preview_that_does_not_say_so_keeps_nobody_out_of_the_paid_call(part: dict[str, object]) -> None:
    preview = LeadIQ().operation("find_people", ["email"]).free_preview
    assert preview is not None
    decoded = preview.decode([key("email")], answer({"data": {"searchPeoplePreview": part}}))
    assert not any(one.status == "not_found" for one in decoded.answers.values())


def test_the_preview_keeps_rows_without_contact_data_out_of_the_paid_call() -> None:
    operation = LeadIQ().operation("preview_people")
    asked = [key("email"), key("linkedin")]
    assert problems(operation.encode(asked)) == []
    nobody = {"personId": None, "hasEmail": None, "hasPhone": None}
    somebody = {"personId": JANE, "hasEmail": True, "hasPhone": False}
    decoded = operation.decode(asked, answer({"data": {"p0": nobody, "p1": somebody}}))
    assert decoded.answers[asked[0]].status == "not_found"
    assert decoded.answers[asked[1]].values == {"has_email": True, "has_phone": False, "person_id": JANE}
    alone = operation.decode(asked[1:], recorded("graphql_searchPeoplePreview"))
    assert alone.answers[asked[1]].values["person_id"] == JANE
    assert alone.amount == Amount()
