"""Answers that a provider might give: each ends in its listed state, with its money, and no exception escapes.

``hostile.json`` lists them. Each case is planned, approved and run by the product as for a person, against a server
that gives that answer over a real socket; only waiting takes no time. What nothing but a free look asks for is looked
at, and events are received.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import json
import re
import sqlite3
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import pandas as pd
import pytest

from leadkit import search_companies, workspace
from leadkit.errors import LeadkitError, PriceError
from leadkit.ledger import CallState
from leadkit.ledger.history import CallRecord
from leadkit.plan import make_plan
from leadkit.search import search_rows
from leadkit.settings import Settings
from leadkit.transport import BODY_CAP, Transport
from leadkit.webhooks import RefusedEventError, receive
from leadkit.workspace import Workspace
from tests.conftest import KEYS_IN_USE, FakeClock
from tests.providers.scripted_server import Asked, Reply, ScriptedServer
from tests.providers.suite.world import WRONG_KEYS

HERE = Path(__file__).parent
CASES: list[dict[str, Any]] = json.loads((HERE / "hostile.json").read_text())["cases"]
SECRET = "whsec_of_a_test"

#: What each provider is asked before anything else, and a documented answer to it.
SETTING_UP: Mapping[str, tuple[str, str]] = {
    "leadleap": ("/account/usage", "get_account_usage.json"),
    "leadiq": ("account", "graphql_account.json"),
    "leadfeeder": ("/accounts", "get_accounts_one_with_credits.json"),
    "leadey": ("/me", "get_me.json"),
}
#: More than one sending, where the list says one: why it is right.
SENT_MORE_OFTEN = {
    "LL20": "an unlock that was charged is documented as free to repeat, whatever its answer was",
    "LQ09": "LeadIQ gives a person again for nothing, so the doubt is cleared by asking",
    "LQ10": "LeadIQ gives a person again for nothing, so the doubt is cleared by asking",
    "LF06": "the second page is asked for with the cursor that turns out to lead to itself",
}


# ---------------------------------------------------------------- the other side


def reply_of(case: Mapping[str, Any]) -> Reply:
    """The answer as it goes over the wire."""
    http = case["http"]
    headers = []
    for name, value in http.get("headers", {}).items():
        several = name == "retry-after" and "," in value and "GMT" not in value
        headers += [(name, part) for part in value.split(", ")] if several else [(name, value)]
    body = http.get("body", "").encode("utf-8", "surrogatepass")
    if generated := http.get("body_gen"):
        body = generated_body(**generated)
    ends = {"close_early": "cut", "timeout_after_send": "never"}.get(http.get("transport"), "whole")
    return Reply(http["status"] or 0, headers, body, ends)  # type: ignore[arg-type]


def generated_body(kind: str, **options: Any) -> bytes:
    if kind == "repeat":
        return (options["unit"] * options["times"] + options["then"] * options["times"]).encode()
    if kind == "json_items":
        items = [
            {name: value.format(i=i) for name, value in options["template"].items()}
            for i in range(options["count"])
        ]
        return json.dumps({"data": items, "meta": options["meta"]}).encode()
    assert kind == "gzip_repeat"
    pack = zlib.compressobj(1, wbits=16 + zlib.MAX_WBITS)
    chunk = options["byte"].encode() * 2**20
    packed = pack.compress(options["prefix"].encode())
    packed += b"".join(pack.compress(chunk) for _ in range(options["decoded_bytes"] // len(chunk)))
    packed += pack.compress(options["suffix"].encode()) + pack.flush()
    assert len(packed) < BODY_CAP < options["decoded_bytes"]
    return packed


@dataclass
class Scene:
    """A workspace, the server that it talks to, and when the server was asked for what the case is about."""

    workspace: Workspace
    clock: FakeClock
    ledger_file: Path
    asked_at: list[float] = field(default_factory=list)

    def calls(self) -> list[CallRecord]:
        ledger = self.workspace.ledger
        return [call for run in ledger.runs() for call in ledger.calls(run.id)]

    def charged(self) -> tuple[int, int]:
        """The least and the most that the ledger says was charged; what is held counts as charged."""
        runs = self.workspace.ledger.runs()
        return sum(run.charged.least for run in runs), sum(run.charged.most + run.held for run in runs)

    def bodies(self) -> int:
        with sqlite3.connect(self.ledger_file) as ledger:
            return int(ledger.execute("SELECT count(*) FROM bodies").fetchone()[0])


@contextmanager
def scene(provider: str, reply: Reply, home: Path, *, about_account: bool = False) -> Iterator[Scene]:
    """A workspace before a server that gives ``reply`` to whatever the case is about.

    ``about_account``: that is the balance, which otherwise is asked for and told before anything else.
    """
    path, file = SETTING_UP[provider]
    first = Reply(body=(HERE / provider / file).read_bytes())
    clock = FakeClock()
    asked_at: list[float] = []

    def answer(asked: Asked) -> Reply:
        called = json.loads(asked.body)["query"] if provider == "leadiq" else asked.path.partition("?")[0]
        if not about_account and path in called:
            return first
        asked_at.append(clock.seconds)
        return reply

    with ScriptedServer(answer) as server:
        urls = {
            "LEADKIT_LEADLEAP_URL": f"{server.url}/api/v1",
            "LEADKIT_LEADIQ_URL": f"{server.url}/graphql",
            "LEADKIT_LEADFEEDER_URL": f"{server.url}/v1",
            "LEADKIT_LEADEY_URL": f"{server.url}/v1",
        }
        account = {"LEADFEEDER_ACCOUNT_ID": "123456"} if provider == "leadfeeder" else {}
        environ = {**urls, **WRONG_KEYS[provider], **account, "LEADKIT_HOME": str(home)}
        KEYS_IN_USE.update(WRONG_KEYS[provider].values())
        # An answer that never comes is waited for in real time.
        impatient = functools.partial(Transport, read_seconds=0.05)
        transport = impatient if reply.ends == "never" else Transport
        with mock.patch.object(workspace, "Transport", transport):
            opened = Workspace(Settings.from_environment(environ), clock=clock, user="tester")
            try:
                yield Scene(opened, clock, home / "ledger.sqlite", asked_at)
            finally:
                opened.close()


# ---------------------------------------------------------------- what a person does


@dataclass(frozen=True)
class Way:
    """How one kind of case is asked for. ``carry_out`` tells the state that it ended in.

    ``recorded``: the ledger knows of it. What is only looked at, for nothing, is not.
    """

    provider: str
    carry_out: Callable[[Scene, Any], str]
    recorded: bool = True


def buys(provider: str, step: str, role: str, *want: str, keys: Callable[[Any], list[str]]) -> Way:
    """A sheet of keys: planned, approved at its ceiling, run."""

    def carry_out(scene: Scene, asked: Any) -> str:
        frame = pd.DataFrame({"Asked": keys(asked)})
        plan = make_plan(frame, step, {role: "Asked"}, via=provider, want=want, workspace=scene.workspace)
        done = plan.run(at_most=plan.preview.most / 1000)
        rows = {outcome: count for outcome, count in done.receipt.rows.items() if count}
        assert sum(rows.values()) == len(frame), "I4"
        assert done.frame["Asked"].equals(frame["Asked"]), "the rows are the caller's"
        check_cells(done.frame.drop(columns="Asked"))
        return state_of_rows(rows)

    return Way(provider, carry_out)


def state_of_rows(rows: Mapping[str, int]) -> str:
    match sorted(rows):
        case ["answered"] | ["known"]:
            return "done"
        case ["suppressed"]:
            return "blocked"
        case ["not found"]:
            return "not_found"
        case ["in doubt"]:
            return "in_doubt"
        case ["answered", "in doubt"]:
            return "partial"
        case ["failed"] | ["not tried"]:
            return "failed_uncharged"
    return str(rows)


def searches(scene: Scene, asked: Mapping[str, Any]) -> str:
    """A search by filter, as deep as it goes."""
    try:
        found = search_companies(
            via="leadfeeder", search_terms="Example", most_rows=300, workspace=scene.workspace
        )
    except PriceError:
        return "done"  # kept, and the person is asked: a free call has cost something
    check_cells(found)
    if len(found):
        return "done"
    (note,) = found.attrs["notes"]
    return "blocked" if "must not be contacted" in note else "partial" if "usable id" in note else note


def looks(provider: str) -> Way:
    def carry_out(scene: Scene, asked: Any) -> str:
        balance = scene.workspace.balance(provider)
        for amount in (balance.remaining, balance.used, balance.limit):
            assert amount is None or (isinstance(amount, int) and amount >= 0)
        return "read"

    return Way(provider, carry_out, recorded=False)


def known_to_leadey(scene: Scene, asked: Any) -> str:
    """Who of a sheet is in the workspace: both "known" and "not known" are answers."""
    frame = pd.DataFrame({"Asked": ["jordan@northwind.com"]})
    plan = make_plan(frame, "known", {"email": "Asked"}, workspace=scene.workspace)
    done = plan.run(at_most=0)
    check_cells(done.frame)
    (word,) = done.frame["leadey_known"]
    return "done" if word in ("known", "not known", "unknown") else word


def reads_leads(scene: Scene, asked: Any) -> str:
    """Every lead of the workspace, page by page."""
    found = search_rows("leads", {}, via="leadey", most_rows=10_000, at_most=None, workspace=scene.workspace)
    assert found["lead_id"].is_unique
    check_cells(found)
    return "done"


def lead_ids(asked: Mapping[str, Any]) -> list[str]:
    (told,) = asked["lead_ids"]
    first, _, last = told.partition("..c_")
    return [f"c_{n}" for n in range(1, int(last) + 1)] if last else [first]


WAYS: Mapping[str, tuple[Way, ...]] = {
    "POST /leads/unlock": (buys("leadleap", "unlock", "lead_id", keys=lambda asked: [asked["lead_id"]]),),
    "POST /email/validate (bulk, max 100)": (
        buys("leadleap", "validate_emails", "email", keys=lambda asked: asked["emails"]),
    ),
    "POST /leads/export": (buys("leadleap", "export", "lead_id", keys=lead_ids),),
    "POST /graphql searchPeople": (
        buys("leadiq", "unlock", "lead_id", "email", "phone", keys=lambda asked: [asked["id"]]),
    ),
    "companies.search / contact reveal": (
        Way("leadfeeder", searches),
        buys("leadfeeder", "company_details", "company_id", keys=lambda asked: [asked["id"]]),
        buys("leadfeeder", "unlock", "lead_id", keys=lambda asked: [asked["id"]]),
    ),
    "GET /v1/leads": (Way("leadey", reads_leads, recorded=False), Way("leadey", known_to_leadey)),
    "GET /account/usage": (looks("leadleap"),),
    "POST /graphql account": (looks("leadiq"),),
    "GET /v1/me": (looks("leadey"),),
}
EVENTS = "webhook lead.unlocked"
#: What a person can do about the case is not this: why.
NOT_THIS_WAY = {
    ("LY02", 1): "who is known is looked up in one page, and this is the second of two",
    ("LF06", 1): "a record that is read by its id has no pages",
    ("LF06", 2): "a record that is read by its id has no pages",
}
RUNS = [
    pytest.param(case, way, id=f"{case['id']}-{number}" if number else case["id"])
    for case in CASES
    if case["operation"] in WAYS
    for number, way in enumerate(WAYS[case["operation"]])
    if (case["id"], number) not in NOT_THIS_WAY
]
# A reveal about whose id nobody can be sure is in doubt where it is paid for; in a search the row is left out.
ENDS_OTHERWISE = {("LF07", "in_doubt"): "partial"}


def test_every_listed_case_is_carried_out() -> None:
    carried_out = {run.id.partition("-")[0] for run in RUNS} | {
        case["id"] for case in CASES if case["operation"] == EVENTS
    }
    assert carried_out == {case["id"] for case in CASES}
    print(f"{len(CASES)} cases, each in its listed state: {Counter(c['expect']['outcome'] for c in CASES)}")


# ---------------------------------------------------------------- what must hold


@pytest.mark.parametrize(("case", "way"), RUNS)
def test_each_hostile_answer_ends_in_its_listed_state_with_its_money_and_is_not_bought_again(
    case: dict[str, Any], way: Way, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    reply, expected = reply_of(case), case["expect"]
    with scene(way.provider, reply, tmp_path, about_account=not way.recorded) as opened:
        reached = way.carry_out(opened, case["asked"])
        assert ENDS_OTHERWISE.get((case["id"], reached), reached) == expected["outcome"], case["title"]
        if way.recorded:
            check_money(opened, reached, expected, way)
            check_sendings(opened, case)
            if reached in ("done", "not_found", "partial", "blocked"):
                sent = len(opened.asked_at)
                again = way.carry_out(opened, case["asked"]) if reached != "partial" else reached
                assert (again, len(opened.asked_at)) == (reached, sent), "I5: the same again sends nothing"
        said = caplog.text + repr(opened.workspace)
    personal = ("sarah@acme.com", "Sarah Mitchell", "j@acme.com", "jordan@northwind.com")
    assert not [word for word in (*personal, *KEYS_IN_USE) if word in said]


def check_money(opened: Scene, reached: str, expected: Mapping[str, Any], way: Way) -> None:
    """I1 and I3: whatever the case may have cost lies in what the ledger says, which is under the approval."""
    calls = opened.calls()
    states = {call.state for call in calls}
    least, most = opened.charged()
    approved = sum(run.approved for run in opened.workspace.ledger.runs())
    listed = expected["charge_milli"]
    may_cost = approved if listed["hi"] == "reserve" else min(listed["hi"], max(approved, listed["lo"]))
    if reached == "failed_uncharged":
        assert states == {CallState.RELEASED}
        assert (least, most) == (0, 0)
        return
    assert states <= {CallState.SETTLED, CallState.IN_DOUBT}
    assert least <= listed["lo"] or listed["lo"] > may_cost
    assert most >= may_cost
    if reached == "done" and listed["lo"] == listed["hi"] and way.provider != "leadiq":
        assert (least, most) == (listed["lo"], listed["hi"])
    else:
        assert most <= approved or reached == "in_doubt"
    assert opened.bodies() >= (expected["keep_raw_body"] and reached != "in_doubt")


def check_sendings(opened: Scene, case: Mapping[str, Any]) -> None:
    """Sent again is only what is free to repeat or provably was not processed, and not before its time."""
    times, retry = opened.asked_at, case["expect"]["retry"]
    keys = max(sum(call.key_count for call in opened.calls()), 1)
    if retry == "free_recall" or retry.startswith("after:") or case["id"] in SENT_MORE_OFTEN:
        assert 1 < len(times) <= 7 * keys
    else:
        assert len(times) == 1
    if wait := re.match(r"after:(?:clamp )?(\d+)", retry):
        assert times[1] - times[0] >= int(wait[1])
        assert times[1] - times[0] <= 900


def check_cells(frame: pd.DataFrame) -> None:
    """Nothing that a sheet, a browser or a program could take for more than text, and nothing masked."""
    for value in frame.to_numpy().ravel():
        assert pd.isna(value) or isinstance(value, str | int | float)
        assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\u202a-\u202e]", str(value))
        assert not str(value).startswith("text/html")
    for name in frame.columns[frame.columns.str.contains("email|phone")]:
        assert not frame[name].astype(str).str.contains("*", regex=False).any()


# ---------------------------------------------------------------- events


def signed(body: bytes) -> str:
    return "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()


@pytest.mark.parametrize(
    "case", [case for case in CASES if case["operation"] == EVENTS], ids=lambda c: c["id"]
)
def test_each_hostile_event_is_refused_and_settles_nothing(case: dict[str, Any], tmp_path: Path) -> None:
    body = case["http"]["body"].encode()
    told = case["http"]["headers"]["x-webhook-signature"]
    digest = signed(body).removeprefix("sha256=")
    forged = [told, None, "", "sha256=", f"sha256={digest[:-1]}", f"sha256={digest.upper()}", digest]
    lost = next(case for case in CASES if case["id"] == "LL15")
    with scene("leadleap", reply_of(lost), tmp_path) as opened:
        assert WAYS["POST /leads/unlock"][0].carry_out(opened, lost["asked"]) == "in_doubt"
        before = opened.calls()
        # The clock of the tests stands two days after the event of WH01.
        for signature in [signed(body)] if "valid" in told else forged:
            with pytest.raises(RefusedEventError) as refused:
                receive(body, signature, secret=SECRET, ledger=opened.workspace.ledger)
            assert refused.value.status in (400, 401, 409)
        assert opened.calls() == before


def test_only_errors_of_leadkit_are_raised_for_a_hostile_balance(tmp_path: Path) -> None:
    for provider in SETTING_UP:
        for body in (b"", b"{", b"[]", b'{"data": null}', b'{"data": 5}', b'{"data": [7]}', b"<html>"):
            home = tmp_path / provider / str(len(body)) / body.hex()
            with (
                scene(provider, Reply(body=body), home, about_account=True) as opened,
                suppress(LeadkitError),
            ):
                assert opened.workspace.balance(provider).remaining is None
