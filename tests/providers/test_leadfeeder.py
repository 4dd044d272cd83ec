"""Leadfeeder's answers become values on their own rows, and nothing is revealed that must not be."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from leadkit.errors import (
    BadAnswerError,
    BadRequestError,
    InputError,
    PriceError,
    QuotaExhaustedError,
    SettingsError,
)
from leadkit.ledger import CallState
from leadkit.money import Amount
from leadkit.pace import Pace
from leadkit.providers.base import Operation, Request, Response
from leadkit.providers.leadfeeder import Leadfeeder
from leadkit.run import Outcome, Runner
from tests.conftest import FakeClock
from tests.ledger.driver import LedgerDriver

RECORDED = Path(__file__).parent / "leadfeeder"
CASES = json.loads((Path(__file__).parent / "hostile.json").read_text())["cases"]
JSON = {"content-type": "application/json"}
ACCOUNT = "123456"
PROVIDER = Leadfeeder(ACCOUNT)
STEPS = ("match_companies", "company_details", "find_people", "unlock")
REVEALED = ("email", "phone", "linkedin_url", "further")


def recorded(name: str, status: int = 200) -> Response:
    return Response(status, JSON, (RECORDED / f"{name}.json").read_bytes())


def answer(data: Any, *, charged: Any = 0, **meta: Any) -> Response:
    body = {"data": data, "meta": {"credits": {"charged": charged}, "request_id": "req-1", **meta}}
    return Response(200, JSON, json.dumps(body).encode())


def contact(contact_id: str, **attributes: Any) -> dict[str, Any]:
    told = {"full_name": "Erika Muster", "email": "erika@example.com", "phone": "+49 30 123", **attributes}
    return {"type": "contact", "id": contact_id, "attributes": told}


def free_to_contact(contact_id: str, **attributes: Any) -> dict[str, Any]:
    return contact(contact_id, meta={"do_not_contact": False}, **attributes)


def key(**parts: str) -> str:
    return json.dumps(dict(sorted(parts.items())), separators=(",", ":"))


@pytest.fixture
def driver(tmp_path: Path) -> Iterator[LedgerDriver]:
    driver = LedgerDriver(tmp_path / "home")
    yield driver
    driver.close()


def carry_out(
    driver: LedgerDriver, operation: Operation, keys: Sequence[str], reply: Callable[[Request], Response]
) -> tuple[Outcome, list[Request], Any]:
    """Runs the operation on a real ledger; returns what became of the keys, what was sent, and the calls."""
    sent: list[Request] = []

    def send(request: Request) -> Response:
        sent.append(request)
        return reply(request)

    run, clock = driver.start_run(1_000_000), FakeClock()
    runner = Runner(
        driver.ledger,
        operation,
        send=send,
        pace=Pace(operation.limit, clock),
        clock=clock,
        run_id=run.id,
        operation_id=run.operation_id,
        owner=run.owner.id,
        approved=1_000_000,
        fresh_after={},
        cancel=threading.Event(),
        threads=1,
    )
    return runner.carry_out(keys), sent, driver.ledger.calls(run.id)


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
    flat = json.loads((RECORDED / "post_companies_match.json").read_text())["data"][0]
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
    assert decoded.answers[ASKED[0]].values["do_not_contact"] == "yes"
    assert "Example" not in str(decoded.answers[ASKED[0]].values)


def test_what_is_known_of_a_company_goes_out_under_leadfeeders_names() -> None:
    request = PROVIDER.operation("match_companies").encode([*ASKED, key(name="acme", linkedin="x")])
    assert request.json == {
        "companies": [
            {"company_name": "example company", "country_code": "DE", "url": "example.com"},
            {"company_name": "no such firm"},
            {"company_name": "acme"},
        ]
    }
    with pytest.raises(InputError, match="matches a company by one of domain"):
        PROVIDER.operation("match_companies").encode([key(phone="+4930123456")])


# ---------------------------------------------------------------- reading by id


def test_the_recorded_company_costs_what_it_says() -> None:
    operation = PROVIDER.operation("company_details")
    decoded = operation.decode(["159001425"], recorded("get_company_charged"))
    values = decoded.answers["159001425"].values
    assert values["company_name"] == "Example Company Ltd"
    assert decoded.amount == Amount(1000, 1000)
    assert decoded.request_id == "cf054205-dd8c-4473-8689-07c30fe0789f"
    assert set(values) == {column.field for column in operation.columns}


def test_trap_32_a_record_is_read_from_a_list_and_from_an_object_alike() -> None:
    operation = PROVIDER.operation("unlock")
    one, in_list = (
        operation.decode(["7"], answer(data)) for data in (free_to_contact("7"), [free_to_contact("7")])
    )
    assert one.answers == in_list.answers
    assert one.answers["7"].values["email"] == "erika@example.com"


def test_records_in_another_order_land_on_their_own_rows() -> None:
    people = [free_to_contact(str(n), email=f"p{n}@example.com") for n in (3, 1, 2)]
    answers = PROVIDER.operation("unlock").decode(["1", "2", "3"], answer(people, charged=3)).answers
    assert {one: answers[one].values["email"] for one in answers} == {
        "1": "p1@example.com",
        "2": "p2@example.com",
        "3": "p3@example.com",
    }


def test_trap_31_a_superseded_id_is_answered_with_the_current_one() -> None:
    people = [free_to_contact("1"), free_to_contact("20")]
    decoded = PROVIDER.operation("unlock").decode(["1", "2"], answer(people))
    assert decoded.answers["2"].values["id"] == "20"
    assert "under the id 20 now" in decoded.answers["2"].note


def test_trap_31_two_superseded_ids_are_left_in_doubt_because_nobody_can_tell_them_apart() -> None:
    decoded = PROVIDER.operation("unlock").decode(
        ["1", "2", "3"], answer([free_to_contact("1"), free_to_contact("20"), free_to_contact("30")])
    )
    assert set(decoded.answers) == {"1"}
    assert "2 of 3 records are missing" in decoded.note


def test_one_id_with_two_different_records_is_left_in_doubt() -> None:
    people = [free_to_contact("1"), free_to_contact("1", email="other@example.com"), free_to_contact("2")]
    decoded = PROVIDER.operation("unlock").decode(["1", "2"], answer(people))
    assert set(decoded.answers) == {"2"}


@pytest.mark.parametrize("flag", [True, None, "false", "no", 0, 1, [], {}])
def test_anything_but_a_clean_false_reveals_nothing(flag: Any) -> None:
    person = contact("7", meta={"do_not_contact": flag}, linkedin_url="linkedin.com/in/erika")
    found = PROVIDER.operation("unlock").decode(["7"], answer(person, charged=1)).answers["7"]
    assert found.values == {"id": "7", "do_not_contact": "yes"}
    assert "do not contact" in found.note


def test_without_the_flag_no_contact_data_is_revealed_and_the_row_says_why() -> None:
    found = PROVIDER.operation("unlock").decode(["7"], answer(contact("7"), charged=1)).answers["7"]
    assert found.values["full_name"] == "Erika Muster"
    assert [found.values[name] for name in REVEALED] == [None] * len(REVEALED)
    assert "did not say that this may be contacted" in found.note


def test_the_flag_of_the_persons_company_counts_too() -> None:
    person = free_to_contact("7")
    company = {"id": "9", "attributes": {"name": "Example", "meta": {"do_not_contact": True}}}
    person["relationships"] = {"company": {"data": company}}
    assert (
        PROVIDER.operation("unlock").decode(["7"], answer(person)).answers["7"].values["do_not_contact"]
        == "yes"
    )


def test_the_company_beside_a_person_is_named() -> None:
    person = free_to_contact("7")
    person["relationships"] = {
        "company": {"id": "9", "attributes": {"name": "Example", "meta": {"do_not_contact": False}}}
    }
    values = PROVIDER.operation("unlock").decode(["7"], answer(person)).answers["7"].values
    assert (values["company_id"], values["company"]) == ("9", "Example")


def test_the_first_address_is_given_and_the_others_are_not_lost() -> None:
    emails = [{"value": "a***@example.com"}, {"value": "b@example.com"}, {"email": "c@example.com"}]
    values = (
        PROVIDER.operation("unlock")
        .decode(["7"], answer(free_to_contact("7", email=None, emails=emails)))
        .answers["7"]
        .values
    )
    assert (values["email"], values["further"]) == ("b@example.com", "c@example.com")


def test_trap_12_and_13_a_paid_read_asks_for_nothing_but_the_record() -> None:
    for step in ("unlock", "company_details"):
        for keys in (["1"], ["1", "2"]):
            request = PROVIDER.operation(step).encode(keys)
            assert request.method == "GET"
            assert {name for name, _ in request.query} <= {"account_id", "ids"}


def test_a_single_record_is_asked_for_by_its_own_path() -> None:
    assert PROVIDER.operation("unlock").encode(["7"]).path == "/contacts/7"
    assert PROVIDER.operation("company_details").encode(["7"]).path == "/companies/7"
    assert PROVIDER.operation("company_details").encode(["7", "8"]).path == "/companies"


def test_an_id_with_a_comma_is_never_sent_as_two(driver: LedgerDriver) -> None:
    operation = PROVIDER.operation("unlock")
    request = operation.encode(["1", "2,3", "4"])
    assert dict(request.query)["ids"] == "1,4"
    decoded = operation.decode(["1", "2,3", "4"], answer([free_to_contact("1"), free_to_contact("4")]))
    assert decoded.answers["2,3"].status == "not_found"
    assert operation.encode(["2,3"]).path == "/users/me", "free, since there is nothing to ask"


def test_an_empty_answer_is_not_found_unless_it_was_charged() -> None:
    operation = PROVIDER.operation("company_details")
    assert operation.decode(["1", "2"], answer([])).answers["1"].status == "not_found"
    assert not operation.decode(["1", "2"], answer([], charged=1)).answers


def test_of_a_batch_with_an_unknown_id_only_that_one_is_not_found(driver: LedgerDriver) -> None:
    missing = recorded("error_404_entity_not_found", 404)

    def reply(request: Request) -> Response:
        ids = dict(request.query).get("ids", request.path.rpartition("/")[2]).split(",")
        return missing if "3" in ids else answer([free_to_contact(one) for one in ids], charged=len(ids))

    operation = PROVIDER.operation("unlock")
    outcome, _, calls = carry_out(driver, operation, ["1", "2", "3", "4"], reply)
    assert outcome.bought == {"1", "2", "3", "4"}
    assert not outcome.in_doubt
    assert not outcome.failed
    assert sum(call.amount.most for call in calls) == 3_000
    with pytest.raises(BadRequestError, match="does not have one of 2 ids"):
        operation.decode(["1", "3"], missing)
    assert operation.decode(["3"], missing).answers["3"].status == "not_found"


def test_the_cost_of_a_record_is_free_to_repeat_for_twelve_months_and_small_batches_bound_the_doubt() -> None:
    for step in ("unlock", "company_details"):
        operation = PROVIDER.operation(step)
        assert (operation.price.least, operation.price.expected, operation.price.most) == (0, 1000, 1000)
        assert operation.repeat.free
        assert operation.repeat.window_seconds == 365 * 86_400
        assert operation.batch_size == 25


# ---------------------------------------------------------------- what a call cost


def test_trap_14_a_free_call_that_was_charged_stops_the_run(driver: LedgerDriver) -> None:
    keys = [key(company=f"firm {n}") for n in range(300)]  # two batches
    outcome, sent, _ = carry_out(
        driver, PROVIDER.operation("match_companies"), keys, lambda request: answer([[]] * 200, charged=1)
    )
    assert isinstance(outcome.stopped, PriceError)
    assert len(sent) == 1


@pytest.mark.parametrize(
    ("charged", "amount"), [(1, Amount(1000, 1000)), (0.1, Amount(100, 100)), (None, None), ("0", None)]
)
def test_the_amount_is_read_from_every_answer_as_a_decimal(charged: Any, amount: Amount | None) -> None:
    for step, data in (("unlock", free_to_contact("1")), ("company_details", {"id": "1", "attributes": {}})):
        assert PROVIDER.operation(step).decode(["1"], answer(data, charged=charged)).amount == amount
    assert (
        PROVIDER.operation("find_people").decode([key(email="a@b.c")], answer([], charged=charged)).amount
        == amount
    )


def test_trap_30_a_429_that_never_clears_ends_the_run_and_nothing_is_charged(driver: LedgerDriver) -> None:
    limited = recorded("error_429_too_many_requests_flat", 429)
    operation = PROVIDER.operation("unlock")
    outcome, sent, (call,) = carry_out(driver, operation, ["1"], lambda request: limited)
    assert isinstance(outcome.stopped, QuotaExhaustedError)
    assert 2 < len(sent) < 10
    assert call.state is CallState.RELEASED


# ---------------------------------------------------------------- finding people


def test_the_recorded_search_by_address_gives_the_contacts_id() -> None:
    operation = PROVIDER.operation("find_people")
    asked = key(email="erika.muster@example.com")
    decoded = operation.decode([asked], recorded("post_contacts_search"))
    values = decoded.answers[asked].values
    assert values["contact_id"] == "900000001"
    assert values["full_name"] == "Erika Muster"
    assert values["email"] is None, "nobody said that this person may be contacted"
    assert set(values) == {column.field for column in operation.columns}


def test_somebody_with_another_address_or_name_is_not_taken_for_the_person() -> None:
    operation = PROVIDER.operation("find_people")
    for asked in (
        key(email="erika@example.org"),
        key(company_id="159001425", name="erik muster"),
        key(company="other", name="erika muster"),
        key(domain="example.org", name="erika muster"),
    ):
        found = operation.decode([asked], recorded("post_contacts_search")).answers[asked]
        assert found.values == {"matches": 0}
        assert "none who is certain" in found.note


@pytest.mark.parametrize(
    "asked",
    [
        key(company_id="159001425", name="erika muster"),
        key(domain="example.com", first_name="erika", last_name="muster"),
    ],
)
def test_a_name_within_a_company_finds_the_person(asked: str) -> None:
    decoded = PROVIDER.operation("find_people").decode([asked], recorded("post_contacts_search"))
    assert decoded.answers[asked].values["contact_id"] == "900000001"


def test_somebody_of_that_name_in_another_company_is_not_the_person() -> None:
    asked = key(company_id="9", name="erika muster")
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
    asked = key(company_id="9", name="erika muster")
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
    request = PROVIDER.operation("find_people").encode([key(company_id="9", name="erika muster")])
    assert request.json == {"search_terms": ["erika muster"], "company_ids": ["9"]}
    assert PROVIDER.operation("find_people").encode([key(email="a@b.c")]).json == {"emails": ["a@b.c"]}
    with pytest.raises(InputError, match="by an e-mail address, or by a name with a company"):
        PROVIDER.operation("find_people").encode([key(name="erika muster")])


# ---------------------------------------------------------------- the provider


def test_every_call_names_the_account() -> None:
    keys = {"match_companies": key(company="x"), "find_people": key(email="a@b.c")}
    for step in STEPS:
        request = PROVIDER.operation(step).encode([keys.get(step, "1")])
        assert ("account_id", ACCOUNT) in request.query, step


def test_a_plan_needs_no_account_and_a_call_does() -> None:
    operation = Leadfeeder().operation("unlock")
    with pytest.raises(SettingsError, match=r"no account is chosen.*Nothing was sent"):
        operation.encode(["1"])


def test_every_price_limit_and_repeat_rule_names_its_source() -> None:
    for step in STEPS:
        operation = PROVIDER.operation(step)
        for rule in (operation.price, operation.limit, operation.repeat):
            assert rule.source.startswith("https://"), (step, rule)


def test_a_step_that_leadfeeder_does_not_sell_is_refused_in_words() -> None:
    with pytest.raises(
        InputError, match="Leadfeeder does not offer validate_emails; it offers match_companies"
    ):
        PROVIDER.operation("validate_emails")
    with pytest.raises(InputError, match="leave want= out"):
        PROVIDER.operation("unlock", ["phone"])


@pytest.mark.parametrize("step", ["unlock", "company_details"])
@pytest.mark.parametrize("case_id", ["LF01", "LF03", "LF04", "LF05", "LF07"])
def test_each_hostile_answer_to_a_reveal_ends_in_its_listed_state(
    step: str, case_id: str, driver: LedgerDriver
) -> None:
    case = next(case for case in CASES if case["id"] == case_id)
    response = Response(case["http"]["status"], case["http"]["headers"], case["http"]["body"].encode())
    asked, expected = case["asked"]["id"], case["expect"]
    operation = PROVIDER.operation(step)
    outcome, sent, (call,) = carry_out(driver, operation, [asked], lambda request: response)

    listed = expected["charge_milli"]
    held = call.reserved if call.state is CallState.IN_DOUBT else 0
    most = operation.price.most if listed["hi"] == "reserve" else listed["hi"]
    if case_id == "LF07":  # an id that lost digits: not this record, so it stays open
        assert asked in outcome.in_doubt
    else:
        assert asked in outcome.bought
        assert (call.amount.least, max(call.amount.most, held)) == (listed["lo"], most)
        assert len(sent) == 1, "never repeated"
        values = operation.decode([asked], response).answers[asked].values
        assert (values["do_not_contact"] == "yes") == (expected["outcome"] == "blocked")
        assert "Example" not in str(values) or expected["outcome"] == "done"
    assert isinstance(outcome.stopped, PriceError) == (case_id == "LF05")
    assert driver.bodies(), "the raw body is kept"
