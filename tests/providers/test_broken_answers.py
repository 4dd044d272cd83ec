"""Recorded answers that break off at every byte, or hold another kind of thing in every field.

The provider has carried out the request and charged for it. Whatever is left of its answer, no exception escapes,
nothing is taken for free or for "not there", and the money stays accounted for. The answers go through the run
engine, the ledger and the provider's decoder: a call for each of them, with a stand-in for the network where a
socket for each would take minutes.
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from leadkit.ledger import CallState, FactState
from leadkit.ledger.schema import answers, calls, facts
from leadkit.pace import Pace
from leadkit.providers.base import Answer, Decoded, Operation, Repeat, Request, Response
from leadkit.providers.leadey import Leadey
from leadkit.providers.leadfeeder import Leadfeeder
from leadkit.providers.leadiq import LeadIQ
from leadkit.providers.leadleap import LeadLeap
from leadkit.run import Outcome, Runner
from leadkit.search import page_operation
from tests.conftest import FakeClock
from tests.ledger.driver import LedgerDriver
from tests.providers.scripted_server import Reply
from tests.providers.test_hostile import Way, buys, scene

HERE = Path(__file__).parent
JSON = {"content-type": "application/json"}
JANE = "PersonID-00000000-0000-4000-8000-000000000001"


@dataclass(frozen=True)
class Recorded:
    """A recorded answer, and what it answers."""

    file: str
    operation: Operation
    keys: tuple[str, ...]

    @property
    def body(self) -> bytes:
        return (HERE / self.file).read_bytes().rstrip()

    @property
    def price(self) -> int:
        return self.operation.price.most * len(self.keys)


def key(**parts: str) -> str:
    return json.dumps(parts)


def page(search: Any) -> tuple[Operation, tuple[str]]:
    return page_operation(search, 10), (key(filters={}, after=None, rows=10),)  # type: ignore[arg-type]


LEADFEEDER = Leadfeeder(account_id="123456")
RECORDED = [
    Recorded("leadleap/post_leads_unlock.json", LeadLeap().operation("unlock"), ("c_7f3a2b9d1e8c5f4a",)),
    Recorded("leadleap/post_leads_enrich.json", LeadLeap().operation("enrich"), ("c_7f3a2b9d1e8c5f4a",)),
    Recorded(
        "leadleap/post_email_validate_bulk.json",
        LeadLeap().operation("validate_emails"),
        ("jane.doe@example.com", "invalid-email", "john.roe@example.org"),
    ),
    Recorded("leadleap/get_leads.json", *page(LeadLeap().search("search_people"))),
    Recorded(
        "leadiq/graphql_searchPeople.json",
        LeadIQ().operation("find_people", ["profile", "email", "phone", "company"]),
        (key(lead_id=JANE),),
    ),
    Recorded("leadiq/graphql_searchPeople.json", LeadIQ().operation("unlock", ["email"]), (JANE,)),
    Recorded("leadiq/graphql_flatAdvancedSearch.json", *page(LeadIQ().search("search_people"))),
    Recorded(
        "leadiq/graphql_searchCompany.json",
        LeadIQ().operation("company_details"),
        (key(domain="acme.example"),),
    ),
    Recorded("leadfeeder/get_company_charged.json", LEADFEEDER.operation("company_details"), ("159001425",)),
    Recorded(
        "leadfeeder/post_companies_match.json",
        LEADFEEDER.operation("match_companies"),
        (key(company="example company"), key(company="no such firm")),
    ),
    Recorded("leadfeeder/post_companies_search.json", *page(LEADFEEDER.search("search_companies"))),
    Recorded(
        "leadfeeder/post_contacts_search.json",
        LEADFEEDER.operation("find_people"),
        (key(email="erika.muster@example.com"),),
    ),
    Recorded("leadey/get_leads.json", *page(Leadey().search("leads"))),
    Recorded("leadey/get_contacts.json", *page(Leadey().search("search_people"))),
    Recorded("leadey/get_companies.json", *page(Leadey().search("search_companies"))),
]
each_recorded = pytest.mark.parametrize(
    "recorded", RECORDED, ids=[f"{r.operation.provider}-{r.operation.step}" for r in RECORDED]
)


# ---------------------------------------------------------------- one run with a call for each answer


@dataclass
class Ended:
    """What became of one answer's call."""

    states: set[FactState]
    call: CallState
    least: int
    bound: int  # what it may have cost at most, in millicredits
    values: list[Any]


@pytest.fixture
def driver() -> Iterator[LedgerDriver]:
    # Thousands of durable transactions: in memory where there is such a place.
    in_memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="leadkit-answers-", dir=in_memory) as folder:
        driver = LedgerDriver(Path(folder) / "home")
        yield driver
        driver.close()


def carry_out(driver: LedgerDriver, recorded: Recorded, bodies: Sequence[bytes]) -> list[Ended]:
    """Ask for the recorded keys once for each of ``bodies``, which is all that comes back."""
    operation, keys = recorded.operation, recorded.keys

    def encode(asked: Sequence[str]) -> Request:
        return Request("POST", "/", json=int(asked[0].partition("|")[0]))

    def decode(asked: Sequence[str], response: Response) -> Decoded:
        decoded = operation.decode(keys, response)
        named: dict[str, Answer] = {
            one: decoded.answers[key] for one, key in zip(asked, keys, strict=True) if key in decoded.answers
        }
        return dataclasses.replace(decoded, answers=named)

    once = dataclasses.replace(
        operation,
        batch_size=len(keys),
        repeat=Repeat(free=False, source="asked once here"),
        encode=encode,
        decode=decode,
    )
    run, clock = driver.start_run(10**12), FakeClock()
    runner = Runner(
        driver.ledger,
        once,
        send=lambda request: Response(200, JSON, bodies[request.json]),
        pace=Pace(operation.limit, clock),
        clock=clock,
        run_id=run.id,
        operation_id=run.operation_id,
        owner=run.owner.id,
        approved=10**12,
        fresh_after={},
        threads=1,
    )
    asked = [f"{number}|{key}" for number in range(len(bodies)) for key in keys]
    outcome = runner.carry_out(asked)
    assert outcome.stopped is None, outcome.stopped
    check_rows(outcome, asked)
    return [ended for _, ended in sorted(read(driver, run.id).items())]


def check_rows(outcome: Outcome, asked: Sequence[str]) -> None:
    """I4: each key is answered or in doubt, and not both."""
    assert outcome.bought | outcome.in_doubt.keys() == set(asked)
    assert not outcome.bought & outcome.in_doubt.keys()
    assert not any((outcome.failed, outcome.not_tried, outcome.over_budget, outcome.known))


def read(driver: LedgerDriver, run_id: str) -> dict[int, Ended]:
    """What the ledger says of each answer, by its number; what an answer left out is a call of its own."""
    query = (
        select(
            facts.c.key,
            facts.c.state,
            calls.c.id,
            calls.c.state.label("call_state"),
            calls.c.reserved,
            calls.c.least,
            calls.c.most,
            answers.c.payload,
        )
        .join(calls, calls.c.id == facts.c.call_id)
        .outerjoin(answers, answers.c.fact_id == facts.c.id)
        .where(calls.c.run_id == run_id)
    )
    found: dict[int, Ended] = {}
    counted: set[int] = set()
    with driver.ledger.reading() as connection:
        for row in connection.execute(query):
            number = int(row.key.partition("|")[0])
            state = CallState(row.call_state)
            ended = found.setdefault(number, Ended(set(), state, 0, 0, []))
            ended.states.add(FactState(row.state))
            if row.id not in counted:
                counted.add(row.id)
                ended.least += row.least
                ended.bound += row.most if state is CallState.SETTLED else max(row.reserved, row.most)
            ended.values += json.loads(row.payload).values() if row.payload else []
    return found


# ---------------------------------------------------------------- truncated


@each_recorded
def test_an_answer_that_breaks_off_at_any_byte_is_in_doubt_with_all_of_its_money(
    recorded: Recorded, driver: LedgerDriver
) -> None:
    body = recorded.body
    *broken, whole = carry_out(driver, recorded, [body[:end] for end in range(len(body) + 1)])
    assert FactState.IN_DOUBT not in whole.states, "the whole answer is one"
    for ended in broken:
        assert ended.states == {FactState.IN_DOUBT}
        assert ended.call is CallState.IN_DOUBT
        assert ended.bound >= recorded.price
        assert ended.least == 0
    print(f"{recorded.file}: {len(broken)} bytes")


PAID: list[tuple[Way, str, dict[str, Any]]] = [
    (
        buys("leadleap", "unlock", "lead_id", keys=lambda asked: [asked]),
        "leadleap/post_leads_unlock.json",
        {"asked": "c_7f3a2b9d1e8c5f4a", "sendings": 4},
    ),
    (
        buys("leadiq", "unlock", "lead_id", "email", keys=lambda asked: [asked]),
        "leadiq/graphql_searchPeople.json",
        {"asked": JANE, "sendings": 4},
    ),
    (
        buys("leadfeeder", "company_details", "company_id", keys=lambda asked: [asked]),
        "leadfeeder/get_company_charged.json",
        {"asked": "159001425", "sendings": 4},
    ),
]


@pytest.mark.parametrize(("way", "file", "told"), PAID, ids=[file.split("/")[0] for _, file, _ in PAID])
@pytest.mark.parametrize("ends", ["cut", "whole"])
def test_over_a_socket_too_whether_or_not_the_length_tells(
    way: Way, file: str, told: Mapping[str, Any], ends: Any, tmp_path: Path
) -> None:
    body = (HERE / file).read_bytes().rstrip()
    for end in range(1, len(body), len(body) // 3):
        length = [("content-length", str(len(body)))] if ends == "cut" else []
        reply = Reply(200, (*JSON.items(), *length), body[:end], ends)
        with scene(way.provider, reply, tmp_path / str(end)) as opened:
            assert way.carry_out(opened, told["asked"]) == "in_doubt"
            assert len(opened.asked_at) == told["sendings"], "each of these is free to ask again"
            assert opened.charged()[1] >= sum(run.approved for run in opened.workspace.ledger.runs())


# ---------------------------------------------------------------- another kind of thing in every field

#: As JSON. Among them numbers that overflow, texts that are code elsewhere, and what looks like "no" or "nothing".
SWAPPED = (
    *("null", "true", "false", "0", "-1", "0.5", f"1{'0' * 30}", f"1{'0' * 5000}", "1e999999999", "-1e400"),
    *("NaN", "-Infinity", '""', '"0"', '"\\ud800\\u0000x"', '"\\u202egnp.exe"', '"text/html:<img src=x>"'),
    *("[]", "{}", "[null]", "[[]]", '[{"id": 7}]', '{"mimetype": "text/html", "data": "<b>"}'),
)
_HERE = "the place of the swapped value"
#: What an answer says of its own cost is taken at its word, up to a limit.
_OF_COST = {"credits_used", "charged", "credits", "meta"}


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every field and entry, the whole included."""
    yield path
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in parts:
        yield from places(part, (*path, name))


def swapped(value: Any, path: tuple[Any, ...]) -> Any:
    if not path:
        return _HERE
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = swapped(value[path[0]], path[1:])
    return copy


@each_recorded
def test_another_kind_of_thing_in_any_field_is_no_error_no_gift_and_no_foreign_cell(
    recorded: Recorded, driver: LedgerDriver
) -> None:
    answer = json.loads(recorded.body)
    cases = [
        (path, other, json.dumps(swapped(answer, path)).replace(f'"{_HERE}"', other).encode())
        for path in places(answer)
        for other in SWAPPED
        # A free call that has cost something ends the run: LF05 of hostile.json.
        if not (path[-1:] == ("charged",) and other == "0.5" and recorded.price == 0)
    ]
    ended = carry_out(driver, recorded, [recorded.body, *(body for _, _, body in cases)])
    charged, misses = ended[0].bound, {FactState.NOT_FOUND} & ended[0].states
    for (path, other, _), one in zip(cases, ended[1:], strict=True):
        about = f"{'.'.join(map(str, path))} = {other[:40]}"
        assert one.call in (CallState.SETTLED, CallState.IN_DOUBT), about
        assert 0 <= one.least <= one.bound, about
        if other != "[]":  # a sound answer with nothing in it is evidence that there is nothing
            assert FactState.NOT_FOUND not in one.states - misses, about
            shorter = other.startswith("[")  # pages are charged by what is on them
            assert one.bound >= charged or shorter or _OF_COST & set(path), about
        check_values(one.values, about)
    print(f"{recorded.file}: {len(cases)} answers")


def check_values(values: Any, about: str) -> None:
    """I19 for a cell: plain values, and none that a sheet or a browser takes for more than text."""
    for value in values:
        if isinstance(value, list | dict):  # the rows of a page
            check_values(value if isinstance(value, list) else value.values(), about)
            continue
        assert value is None or isinstance(value, str | int | float), about
        assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\u202a-\u202e]", str(value)), about
