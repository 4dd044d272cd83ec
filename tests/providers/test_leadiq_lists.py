"""LeadIQ's saved lists: nobody is added twice by us, and nobody is lost between the pages."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import pytest

from leadkit.errors import (
    AnswerLostError,
    BadAnswerError,
    BadRequestError,
    InputError,
    KeyRefusedError,
    NotThereError,
    RateLimitedError,
)
from leadkit.keys import Unusable
from leadkit.providers.base import Request, Response, Value
from leadkit.providers.leadiq.lists import (
    BATCH,
    ProspectList,
    add_prospects,
    export_csv,
    members,
    missing,
    open_list,
)
from leadkit.providers.leadiq.prospect import prospect_input
from tests.providers.leadiq_server import ALLOWED, ProspectorServer, answer, recorded

TEAM = ProspectList("6627e3f1a2b3c4d5e6f70001", "Team")


def people(count: int) -> list[dict[str, Value]]:
    return [
        {"first_name": "Jane", "last_name": f"Smith {number}", "email": f"person{number}@example.com"}
        for number in range(count)
    ]


# ---------------------------------------------------------------- the list itself


def test_a_list_is_made_once_and_then_found_by_its_name() -> None:
    server = ProspectorServer()
    made = open_list(server.send, " Sales Leaders ")
    assert made.created
    again = open_list(server.send, "Sales Leaders")
    assert (again.id, again.created) == (made.id, False)
    assert [request.method for request in server.sent].count("POST") == 1


def test_a_list_on_a_later_page_is_found() -> None:
    server = ProspectorServer()
    server.lists = {f"List {number}": f"{number:024x}" for number in range(250)}
    assert open_list(server.send, "List 249").id == f"{249:024x}"
    assert not any(request.method == "POST" for request in server.sent)


def test_a_list_that_somebody_made_in_the_meantime_is_used() -> None:
    server = ProspectorServer()
    looked = iter([True])

    def send(request: Request) -> Response:
        if request.method == "GET" and next(looked, None):
            return answer({"items": [], "nextCursor": None})
        return server.send(request)

    server.lists = {"Team": TEAM.id}
    assert open_list(send, "Team") == TEAM


def test_a_name_that_is_taken_and_not_ours_is_an_error() -> None:
    def send(request: Request) -> Response:
        if request.method == "GET":
            return answer({"items": [], "nextCursor": None})
        return recorded("prospector_error_409", 409)

    with pytest.raises(BadRequestError, match="list_name_conflict"):
        open_list(send, "Team")


def test_the_answers_as_documented_are_read() -> None:
    answers = iter([recorded("prospector_get_list_prospects_last"), recorded("prospector_post_lists", 201)])
    made = open_list(lambda _: next(answers), "Sales Leaders in New Hampshire")
    assert (made.id, made.created) == ("6627e3f1a2b3c4d5e6f70001", True)


@pytest.mark.parametrize("prefix", ["/v1", ""])
def test_the_paths_fall_back_once_to_those_without_v1(prefix: str) -> None:
    server = ProspectorServer(prefix=prefix)
    made = open_list(server.send, "Team")
    assert made.prefix == prefix
    assert add_prospects(server.send, made, people(2)).added.keys() == {0, 1}
    assert len(list(members(server.send, made))) == 2
    paths = [request.path for request in server.sent]
    assert sum(not path.startswith(f"{prefix}/lists") for path in paths) == (1 if prefix == "" else 0)


@pytest.mark.parametrize("status", [404, 405])
def test_a_service_that_cannot_list_its_lists_still_makes_one(status: int) -> None:
    def send(request: Request) -> Response:
        if request.path == "/lists":
            return (
                recorded("prospector_post_lists", 201)
                if request.method == "POST"
                else Response(status, {}, b"")
            )
        return recorded("prospector_error_404", 404)

    assert open_list(send, "Team").prefix == ""
    with pytest.raises(NotThereError):
        open_list(lambda _: recorded("prospector_error_404", 404), "Team")


@pytest.mark.parametrize("name", ["", "  ", "x" * 201])
def test_a_name_that_leadiq_refuses_is_refused_before_anything_is_sent(name: str) -> None:
    server = ProspectorServer()
    with pytest.raises(InputError, match="1 to 200 characters"):
        open_list(server.send, name)
    assert not server.sent


def test_a_list_whose_id_would_change_a_path_is_no_list() -> None:
    answers = iter([answer({"items": [{"id": "../../x", "name": "Team"}], "nextCursor": None})])
    with pytest.raises(BadAnswerError):
        open_list(lambda _: next(answers), "Team")


# ---------------------------------------------------------------- adding


@pytest.mark.parametrize("count", [1, BATCH, BATCH + 1, 250])
def test_everybody_is_added_once_in_requests_of_at_most_a_hundred(count: int) -> None:
    server = ProspectorServer()
    result = add_prospects(server.send, TEAM, people(count))
    assert [one["workEmail"] for one in server.prospects] == [one["email"] for one in people(count)]
    assert {place: server.prospects[place]["id"] for place in range(count)} == result.added
    assert len(server.sent) == -(-count // BATCH)


def test_trap_20_a_200_with_failures_is_mapped_back_to_who_failed() -> None:
    server = ProspectorServer()
    given = people(150)
    for place in (0, 99, 100, 149):
        given[place]["last_name"] = "Unlucky"
    result = add_prospects(server.send, TEAM, given)
    assert result.failed == dict.fromkeys((0, 99, 100, 149), "not today")
    assert len(result.added) == 146
    by_id = {one["id"]: one["workEmail"] for one in server.prospects}
    assert all(by_id[prospect] == given[place]["email"] for place, prospect in result.added.items())


def test_trap_20_the_partial_answer_as_documented_is_read() -> None:
    jane = {"first_name": "Jane", "last_name": "Smith", "email": "jane.smith@acme.example"}
    result = add_prospects(lambda _: recorded("prospector_post_batch_partial"), TEAM, [jane, *people(1)])
    assert result.added == {0: "6627e3f1a2b3c4d5e6f70101"}
    assert result.failed == {1: "(reason text not documented)"}


def lost() -> Response:
    msg = "LeadIQ: the request was sent, but its answer is lost. It may have been charged."
    raise AnswerLostError(msg, provider="leadiq")


@pytest.mark.parametrize("end", [lost, lambda: recorded("prospector_error_502", 502), lambda: answer({})])
def test_trap_10_what_may_have_been_added_is_never_sent_again(end: Callable[[], Response]) -> None:
    server = ProspectorServer()
    server.on_batch = end
    result = add_prospects(server.send, TEAM, people(250))
    assert len(server.sent) == 1
    assert set(result.in_doubt) == set(range(100))
    assert result.not_sent == list(range(100, 250))
    assert result.stopped is not None


@pytest.mark.parametrize(("status", "error"), [(429, RateLimitedError), (401, KeyRefusedError)])
def test_a_refusal_that_added_nobody_leaves_all_to_be_sent(status: int, error: type[Exception]) -> None:
    server = ProspectorServer()
    server.on_batch = lambda: recorded(f"prospector_error_{status}", status)
    result = add_prospects(server.send, TEAM, people(150))
    assert result.not_sent == list(range(150))
    assert isinstance(result.stopped, error)


def test_trap_10_reading_the_list_tells_who_is_missing_after_a_lost_answer() -> None:
    server = ProspectorServer()
    given = people(150)

    def half_and_lost() -> Response:
        for person in given[:40]:
            server._save(prospect_input(person))
        return lost()

    server.on_batch = half_and_lost
    add_prospects(server.send, TEAM, given)
    server.on_batch = None
    left = missing(server.send, TEAM, given)
    assert left == list(range(40, 150))
    add_prospects(server.send, TEAM, [given[place] for place in left])
    assert sorted(one["workEmail"] for one in server.prospects) == sorted(str(one["email"]) for one in given)


def test_a_namesake_on_the_list_is_not_the_person_who_is_missing() -> None:
    server = ProspectorServer()
    jane, other = (
        {"first_name": "Jane", "last_name": "Smith", "email": f"{who}@example.com"} for who in "ab"
    )
    add_prospects(server.send, TEAM, [jane])
    assert missing(server.send, TEAM, [jane, other]) == [1]
    nameless: list[dict[str, Value]] = [{"first_name": "jane", "last_name": "SMITH"}, {"first_name": "Jane"}]
    assert missing(server.send, TEAM, nameless) == []  # a name is all there is, and the other cannot be added


def test_an_answer_about_other_people_leaves_the_places_in_doubt() -> None:
    saved = [{"id": "a" * 24, "lastName": "Smith 1"}, {"id": "b" * 24, "lastName": "Smith 0"}]
    result = add_prospects(lambda _: answer({"succeeded": saved, "failed": []}), TEAM, people(2))
    assert set(result.in_doubt) == {0, 1}
    # Fewer than were sent, and nothing that tells who: the order says nothing then.
    result = add_prospects(lambda _: answer({"succeeded": [{"id": "a" * 24}], "failed": []}), TEAM, people(2))
    assert set(result.in_doubt) == {0, 1}


def test_one_entry_that_leadiq_refuses_does_not_keep_the_others_out() -> None:
    server = ProspectorServer()
    server.allowed = ALLOWED - {"notes"}
    given = people(20)
    given.append({"first_name": "Jane", "last_name": "Stone", "notes": "met in May"})
    result = add_prospects(server.send, TEAM, given)
    assert set(result.added) == set(range(20))
    assert set(result.failed) == {20}
    assert len(server.prospects) == 20


def test_a_phone_that_leadiq_refuses_does_not_keep_the_person_out() -> None:
    server = ProspectorServer()
    server.allowed = ALLOWED - {"phone"}
    result = add_prospects(server.send, TEAM, [{**people(1)[0], "phone": "+16035550134"}])
    assert set(result.added) == {0}
    assert "without its phone" in result.notes[0]


def test_without_a_call_for_many_people_are_added_one_by_one() -> None:
    server = ProspectorServer(batches=False)
    result = add_prospects(server.send, TEAM, people(5))
    assert set(result.added) == set(range(5))
    assert len(server.prospects) == 5
    gone = add_prospects(lambda _: recorded("prospector_error_404", 404), TEAM, people(3))
    assert (gone.not_sent, type(gone.stopped)) == ([0, 1, 2], NotThereError)


def test_a_single_answer_as_documented_is_read() -> None:
    answers = iter([recorded("prospector_error_404", 404), recorded("prospector_post_list_prospect", 201)])
    result = add_prospects(lambda _: next(answers), TEAM, people(1))
    assert result.added == {0: "6627e3f1a2b3c4d5e6f70101"}


def test_somebody_without_a_last_name_is_set_aside_with_a_reason() -> None:
    server = ProspectorServer()
    result = add_prospects(server.send, TEAM, [{"first_name": "Jane", "last_name": " "}, *people(1)])
    assert result.failed == {0: "no last name, which LeadIQ needs for a list"}
    assert set(result.added) == {1}


def test_a_prospect_has_no_blanks_and_no_name_that_leadiq_does_not_know() -> None:
    found: dict[str, Value] = {
        "person_id": "PersonID-1",
        "first_name": "Jane",
        "last_name": "Smith",
        "full_name": "Jane Smith",
        "title": "",
        "seniority": "vp",
        "email": "Jane@Example.com",
        "email_status": "Suppressed",
        "phone": "+16035550134",
        "phone_type": "WorkMobile",
        "company_name": "Acme",
        "company_domain": None,
        "linkedin_url": "linkedin.com/in/jane-smith",
        "city": "Concord",
        "notes": "x" * 5_000,
    }
    assert prospect_input(found) == {
        "personId": "PersonID-1",
        "firstName": "Jane",
        "lastName": "Smith",
        "seniority": "VP",
        "workEmail": "jane@example.com",
        "phone": "+16035550134",
        "company": "Acme",
        "linkedinUrl": "https://linkedin.com/in/jane-smith",
        "location": {"city": "Concord"},
        "notes": "x" * 5_000,
    }
    with pytest.raises(Unusable, match="notes of more than 5,000"):
        prospect_input({**found, "notes": "x" * 5_001})
    with pytest.raises(Unusable, match="no @"):
        prospect_input({**found, "email": "jane.example.com"})


def test_a_value_that_no_list_keeps_is_refused_with_the_one_that_was_meant() -> None:
    server = ProspectorServer()
    with pytest.raises(InputError, match=r"keep no 'phones'\. Did you mean phone\?"):
        add_prospects(server.send, TEAM, [{**people(1)[0], "phones": "+16035550134"}])
    assert not server.sent


# ---------------------------------------------------------------- reading


def test_trap_22_a_page_without_items_is_not_the_end() -> None:
    first = json.loads(recorded("prospector_get_list_prospects_page1").body)
    pages = iter([{"items": [], "nextCursor": "a" * 24}, first, {"items": [], "nextCursor": None}])
    assert [one["id"] for one in members(lambda _: answer(next(pages)), TEAM)] == ["6627e3f1a2b3c4d5e6f70101"]


def test_trap_22_the_pages_as_documented_are_read_to_their_end() -> None:
    pages = iter(["prospector_get_list_prospects_page1", "prospector_get_list_prospects_last"])
    asked: list[Request] = []

    def send(request: Request) -> Response:
        asked.append(request)
        return recorded(next(pages))

    assert len(list(members(send, TEAM))) == 1
    assert asked[1].query == (("limit", "100"), ("cursor", "6627e3f1a2b3c4d5e6f70101"))


@pytest.mark.parametrize(
    "page", [{"items": [], "nextCursor": "a" * 24}, {"items": None}, {"nextCursor": None}]
)
def test_pages_that_never_end_or_are_none_are_an_error(page: dict[str, Any]) -> None:
    with pytest.raises(BadAnswerError):
        list(members(lambda _: answer(page), TEAM))


def test_a_list_is_read_whole_whatever_the_size_of_its_pages() -> None:
    server = ProspectorServer()
    add_prospects(server.send, TEAM, people(23))
    for server.page_size in (1, 7, 23, 100):
        assert len(list(members(server.send, TEAM))) == 23


# ---------------------------------------------------------------- export


def test_leadiqs_own_export_is_taken_where_there_is_one() -> None:
    server = ProspectorServer(export="id,name\r\n1,Zoë\r\n")
    assert export_csv(server.send, TEAM) == "id,name\r\n1,Zoë\r\n"
    assert len(server.sent) == 1


def test_without_an_export_the_list_is_written_from_its_pages() -> None:
    server = ProspectorServer()
    add_prospects(server.send, TEAM, people(3))
    rows = list(csv.DictReader(io.StringIO(export_csv(server.send, TEAM))))
    assert [row["email"] for row in rows] == [one["email"] for one in people(3)]


def test_an_export_that_is_something_else_than_a_file_is_not_taken_for_one() -> None:
    def send(request: Request) -> Response:
        if request.path.endswith("/export"):
            return Response(200, {"content-type": "text/html"}, b"<html>")
        return recorded("prospector_get_list_prospects_last")

    assert export_csv(send, TEAM).startswith('"id","person_id","full_name"')


def test_no_cell_of_the_export_runs_as_a_formula() -> None:
    page = json.loads(recorded("prospector_get_list_prospects_page1").body)
    page["items"][0] |= {"title": '=HYPERLINK("https://example.com")', "name": "@SUM(A1)"}
    page["nextCursor"] = None
    answers = iter([recorded("prospector_error_404", 404), answer(page)])
    (row,) = csv.DictReader(io.StringIO(export_csv(lambda _: next(answers), TEAM)))
    assert row["title"].startswith("'=")
    assert row["full_name"].startswith("'@")
    assert row["phone"] == "+16035550134"  # a number, and of no use with a mark before it
    assert (row["company_domain"], row["company_employees"]) == ("acme.example", "120")


def test_no_cell_of_leadiqs_own_export_runs_as_a_formula() -> None:
    server = ProspectorServer(
        export='id,name\r\n1,"=HYPERLINK(""https://example.com"")"\r\n2,+16035550134\r\n'
    )
    rows = list(csv.reader(io.StringIO(export_csv(server.send, TEAM))))
    assert rows == [["id", "name"], ["1", '\'=HYPERLINK("https://example.com")'], ["2", "+16035550134"]]
