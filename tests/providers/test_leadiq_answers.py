"""LeadIQ's refusals, wherever they stand in an answer; and answers that are hardly one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from leadkit.errors import (
    BadAnswerError,
    BadRequestError,
    CreditsExhaustedError,
    KeyRefusedError,
    NotThereError,
    ProviderError,
    RateLimitedError,
    ScopeError,
)
from leadkit.money import Amount
from leadkit.providers.base import Answer, Decoded, Response
from leadkit.providers.leadiq import LeadIQ
from leadkit.providers.leadiq.answers import read_graphql, read_rest
from tests.providers.leadiq_server import JSON, RECORDED, answer, person, recorded

HOSTILE = json.loads((Path(__file__).parent / "hostile.json").read_text())["cases"]
PEOPLE = [case for case in HOSTILE if case["operation"] == "POST /graphql searchPeople"]
OPERATION = LeadIQ().operation("find_people", ["email", "phone"])
REFUSALS: list[tuple[int, type[ProviderError], str]] = [
    (400, BadRequestError, "no"),
    (401, KeyRefusedError, "no"),
    (402, CreditsExhaustedError, "no"),
    (429, RateLimitedError, "no"),
    (500, BadAnswerError, "unknown"),
]
ERRORS = sorted(path.stem for path in RECORDED.glob("graphql_200_with_error_*.json"))


def keys(*ids: str) -> list[str]:
    return [json.dumps({"lead_id": one}) for one in ids]


def found(person_id: str) -> dict[str, Any]:
    return {"totalResults": 1, "hasMore": False, "results": [person(person_id)]}


def refused(status: int, *path: str | int) -> dict[str, Any]:
    return {"message": "refused", "path": list(path), "extensions": {"response": {"status": status}}}


# ---------------------------------------------------------------- refusals


def test_there_is_a_recorded_answer_for_each_refusal() -> None:
    assert [f"graphql_200_with_error_{status}" for status, _, _ in REFUSALS] == ERRORS


@pytest.mark.parametrize(("status", "error", "charged"), REFUSALS)
def test_trap_24_the_status_inside_a_200_is_the_status(
    status: int, error: type[ProviderError], charged: str
) -> None:
    with pytest.raises(error) as caught:
        OPERATION.decode(keys("p1"), recorded(f"graphql_200_with_error_{status}"))
    assert caught.value.charged == charged
    assert ("Nothing was charged" in str(caught.value)) == (charged == "no")


@pytest.mark.parametrize(("status", "error", "charged"), [*REFUSALS, (403, ScopeError, "no")])
@pytest.mark.parametrize("body", [b'{"errors": [{"message": "no"}]}', b"{}", b"<html>no</html>", b""])
def test_the_http_status_is_believed_whatever_the_body_is(
    status: int, error: type[ProviderError], charged: str, body: bytes
) -> None:
    with pytest.raises(error) as caught:
        OPERATION.decode(keys("p1"), Response(status, JSON, body))
    assert caught.value.charged == charged


@pytest.mark.parametrize(
    ("extensions", "words", "error"),
    [
        ({"code": "INSUFFICIENT_CREDITS"}, "", CreditsExhaustedError),
        ({"code": "InsufficientCredits"}, "", CreditsExhaustedError),
        ({"code": "UNAUTHENTICATED"}, "", KeyRefusedError),
        ({"code": "GRAPHQL_VALIDATION_FAILED"}, "", BadRequestError),
        ({"response": {"status": "429"}}, "", RateLimitedError),
        ({}, "Insufficient credits", CreditsExhaustedError),
        ({}, "Query exceeds maximum complexity", BadRequestError),
        ({}, "Cannot query field 'foo' on type 'PersonRecord'", BadRequestError),
        ({}, "Something went wrong", BadAnswerError),
        (None, "Something went wrong", BadAnswerError),
        ({"response": None, "code": None}, "", BadAnswerError),
    ],
)
def test_trap_24_without_a_status_a_code_or_clear_words_tell_the_refusal(
    extensions: Any, words: str, error: type[ProviderError]
) -> None:
    body = {"errors": [{"message": words, "extensions": extensions}], "data": None}
    with pytest.raises(error) as caught:
        OPERATION.decode(keys("p1"), answer(body))
    assert caught.value.charged == ("unknown" if error is BadAnswerError else "no")


def test_the_answer_to_a_query_without_a_query_is_a_bad_request() -> None:
    with pytest.raises(BadRequestError, match="Must provide query string"):
        OPERATION.decode(keys("p1"), recorded("graphql_error_missing_query_string", 200))


def test_trap_27_a_refused_key_names_both_of_its_encodings() -> None:
    with pytest.raises(KeyRefusedError, match="takes it as issued .* takes it base64-decoded"):
        OPERATION.decode(keys("p1"), recorded("graphql_200_with_error_401"))
    with pytest.raises(KeyRefusedError, match="takes it as issued .* takes it base64-decoded"):
        read_rest(recorded("prospector_error_401", 401))


@pytest.mark.parametrize("errors", [{}, [], "", None, 0, False])
def test_an_error_that_is_empty_in_any_shape_is_none(errors: Any) -> None:
    body = {"errors": errors, "data": {"searchPeople": {"totalResults": 0, "results": []}}}
    assert OPERATION.decode(keys("p1"), answer(body)).answers[keys("p1")[0]].status == "not_found"


@pytest.mark.parametrize("errors", ["boom", {"message": "boom"}, ["boom"], [None], [[]], 7, [{"path": 3}]])
def test_beside_an_error_of_any_shape_an_empty_answer_is_not_not_found(errors: Any) -> None:
    body = {"errors": errors, "data": {"searchPeople": {"totalResults": 0, "results": []}}}
    assert OPERATION.decode(keys("p1"), answer(body)).answers == {}
    with pytest.raises(BadAnswerError):
        OPERATION.decode(keys("p1"), answer({"errors": errors}))


# ---------------------------------------------------------------- several people in one answer


def test_each_part_of_an_answer_goes_to_the_key_that_asked_for_it() -> None:
    asked = keys("p1", "p2", "p3")
    data = {
        "p2": {"totalResults": 0, "hasMore": False, "results": []},
        "p1": found("p2"),
        "p0": found("p1"),
    }
    decoded = OPERATION.decode(asked, answer({"data": data}))
    assert decoded.answers[asked[0]].values["email"] == "person1@example.com"
    assert decoded.answers[asked[1]].values["email"] == "person2@example.com"
    assert decoded.answers[asked[2]].status == "not_found"
    assert decoded.amount == Amount(0, 3 * OPERATION.price.most)


def test_a_part_that_failed_is_left_open_and_the_others_are_answered() -> None:
    asked = keys("p1", "p2", "p3")
    nobody = {"totalResults": 0, "hasMore": False, "results": []}
    body = {"data": {"p0": found("p1"), "p1": None, "p2": nobody}, "errors": [refused(500, "p1")]}
    decoded = OPERATION.decode(asked, answer(body))
    assert {key: got.status for key, got in decoded.answers.items()} == {
        asked[0]: "found",
        asked[2]: "not_found",
    }
    assert not any(got.note for got in decoded.answers.values())
    assert decoded.amount == Amount(0, 3 * OPERATION.price.most)


@pytest.mark.parametrize("status", [402, 500, 503])
def test_data_beside_a_failing_http_status_may_have_been_charged(status: int) -> None:
    with pytest.raises(ProviderError) as caught:
        OPERATION.decode(keys("p1"), answer({"data": {"searchPeople": found("p1")}}, status))
    assert caught.value.charged == "unknown"


@pytest.mark.parametrize("status", [400, 401, 402, 429])
def test_a_refusal_of_one_part_that_drops_the_whole_answer_may_have_been_charged(status: int) -> None:
    # GraphQL drops everything when a part that may not be null fails; the parts before it were worked out.
    with pytest.raises(ProviderError) as caught:
        OPERATION.decode(keys("p1", "p2"), answer({"data": None, "errors": [refused(status, "p1")]}))
    assert caught.value.charged == "unknown"
    assert "It may have been charged" in str(caught.value)


@pytest.mark.parametrize(
    "body",
    [
        {"errors": [refused(400, "p1")]},
        {"data": None, "errors": [refused(400, "p1")]},
    ],
)
@pytest.mark.parametrize("status", [400, 422])
def test_a_query_that_is_refused_before_it_is_begun_costs_nothing_whichever_part_it_names(
    status: int, body: dict[str, Any]
) -> None:
    with pytest.raises(BadRequestError, match="Nothing was charged") as caught:
        OPERATION.decode(keys("p1", "p2"), answer(body, status))
    assert caught.value.charged == "no"


def test_a_query_that_is_not_valid_was_not_begun_and_costs_nothing() -> None:
    error = {"message": "no", "path": ["p1"], "extensions": {"code": "GRAPHQL_VALIDATION_FAILED"}}
    with pytest.raises(BadRequestError) as caught:
        OPERATION.decode(keys("p1", "p2"), answer({"data": None, "errors": [error]}))
    assert caught.value.charged == "no"


def test_a_refusal_of_one_of_several_says_that_the_others_may_have_been_charged() -> None:
    with pytest.raises(ProviderError, match=r"about 1 of the 2 asked for together, and what the others cost"):
        OPERATION.decode(keys("p1", "p2"), answer({"data": None, "errors": [refused(400, "p1")]}))


@pytest.mark.parametrize("status", [400, 401, 402, 429])
def test_a_refusal_of_the_whole_query_or_of_each_part_costs_nothing(status: int) -> None:
    for errors in ([refused(status)], [refused(status, "p0"), refused(status, "p1")]):
        with pytest.raises(ProviderError) as caught:
            OPERATION.decode(keys("p1", "p2"), answer({"data": None, "errors": errors}))
        assert caught.value.charged == "no"
        assert caught.value.stops_run == (status in (401, 402))


def test_a_refusal_below_the_person_says_nothing_about_the_rest_of_the_person() -> None:
    errors = [refused(402, "searchPeople", "results", 0, "currentPositions", 0, "phones")]
    with pytest.raises(CreditsExhaustedError) as caught:
        OPERATION.decode(keys("p1"), answer({"data": None, "errors": errors}))
    assert caught.value.charged == "unknown"


# ---------------------------------------------------------------- parts of a person


def test_trap_24_partial_data_gives_what_came_and_says_what_did_not() -> None:
    profile = LeadIQ().operation("find_people")
    (asked,) = keys("PersonID-00000000-0000-4000-8000-000000000001")
    got = profile.decode([asked], recorded("graphql_partial_data_with_errors")).answers[asked]
    assert got.values["full_name"] == "Jane Smith"
    assert "currentPositions" in got.note


def test_trap_24_partial_data_without_what_was_bought_leaves_the_row_open() -> None:
    (asked,) = keys("PersonID-00000000-0000-4000-8000-000000000001")
    assert OPERATION.decode([asked], recorded("graphql_partial_data_with_errors")).answers == {}


# ---------------------------------------------------------------- hostile answers


def outcome(response: Response, asked: str) -> tuple[str, Answer | None, Decoded | None]:
    try:
        decoded = OPERATION.decode([asked], response)
    except ProviderError as error:
        return ("failed_uncharged" if error.charged == "no" else "in_doubt"), None, None
    got = decoded.answers.get(asked)
    if got is None:
        return "in_doubt", None, decoded
    return ("done" if got.status == "found" else "not_found"), got, decoded


@pytest.mark.parametrize("case", PEOPLE, ids=[case["id"] for case in PEOPLE])
def test_each_hostile_answer_ends_in_its_listed_state(case: dict[str, Any]) -> None:
    http = case["http"]
    response = Response(http["status"], http["headers"], http["body"].encode())
    reached, got, decoded = outcome(response, json.dumps({"lead_id": case["asked"]["id"]}))
    assert reached == case["expect"]["outcome"], case["title"]
    if decoded is not None and decoded.amount is not None:
        # The list prices a selection with company data and the profile's fee; neither is bought here.
        bought = case["expect"]["charge_milli"]["hi"] - 3_100
        assert decoded.amount == Amount(0, bought)
    if got is not None:
        cells = [value for value in got.values.values() if isinstance(value, str)]
        assert not any(cell.startswith("text/html") for cell in cells)


def test_an_address_that_came_is_kept_and_the_phone_that_did_not_is_named() -> None:
    case = next(case for case in PEOPLE if case["id"] == "LQ03")
    (asked,) = keys(case["asked"]["id"])
    got = OPERATION.decode([asked], Response(200, JSON, case["http"]["body"].encode())).answers[asked]
    assert (got.values["email"], got.values["phone"]) == ("j@acme.com", None)
    assert "phones" in got.note


def test_an_unknown_status_is_kept_word_for_word_beside_the_empty_cell() -> None:
    case = next(case for case in PEOPLE if case["id"] == "LQ08")
    (asked,) = keys(case["asked"]["id"])
    values = (
        OPERATION.decode([asked], Response(200, JSON, case["http"]["body"].encode())).answers[asked].values
    )
    assert values["email"] is None
    assert "QuantumVerified" in str(values["email_status"])


def test_every_cut_of_an_answer_is_in_doubt() -> None:
    body = (RECORDED / "graphql_searchPeople.json").read_bytes().rstrip()
    for end in range(len(body)):
        reached, _, _ = outcome(Response(200, JSON, body[:end]), keys("p1")[0])
        assert reached == "in_doubt", end


@pytest.mark.parametrize("odd", [None, [], {}, 7, "x", True, [None], [[]], {"a": {}}])
def test_a_field_of_any_other_type_never_breaks_an_answer(odd: Any) -> None:
    (asked,) = keys("p1")

    def with_odd(value: Any, path: tuple[str | int, ...]) -> Any:
        if not path:
            return odd
        copy = list(value) if isinstance(value, list) else dict(value)
        copy[path[0]] = with_odd(value[path[0]], path[1:])  # type: ignore[index]
        return copy

    def paths(value: Any, before: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
        inner = (
            value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        )
        return [before, *(path for step, item in inner for path in paths(item, (*before, step)))]

    whole = {"data": {"searchPeople": found("p1")}}
    for path in paths(whole)[1:]:
        _, got, _ = outcome(answer(with_odd(whole, path)), asked)
        for value in got.values.values() if got else ():
            assert value is None or isinstance(value, str | int), path


# ---------------------------------------------------------------- the REST API


@pytest.mark.parametrize(
    ("name", "error", "charged"),
    [
        ("400", BadRequestError, "no"),
        ("401", KeyRefusedError, "no"),
        ("404", NotThereError, "no"),
        ("409", BadRequestError, "no"),
        ("409_no_email_to_verify", BadRequestError, "no"),
        ("422", BadRequestError, "no"),
        ("429", RateLimitedError, "no"),
        ("502", BadAnswerError, "unknown"),
    ],
)
def test_a_refusal_of_the_rest_api_is_told_by_its_status(
    name: str, error: type[ProviderError], charged: str
) -> None:
    response = recorded(f"prospector_error_{name}", int(name[:3]))
    with pytest.raises(error) as caught:
        read_rest(response)
    assert caught.value.charged == charged
    assert str(json.loads(response.body)["code"]) in str(caught.value)


def test_no_error_prints_more_than_a_line_of_what_leadiq_said() -> None:
    with pytest.raises(BadAnswerError) as caught:
        read_graphql(answer({"errors": [{"message": "x" * 5_000}]}))
    assert len(str(caught.value)) < 400
