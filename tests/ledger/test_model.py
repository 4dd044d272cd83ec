"""Whatever people do, in whatever order: the public calls on a real ledger beside a model of plain dictionaries.

The simulation in ``tests/simulation`` goes deeper into schedules of several processes; this goes wider over what
a person can do, and Hypothesis makes what it finds small. For a release:
``--examples 10000 --hypothesis-profile search``.
"""

from __future__ import annotations

import functools
import itertools
import os
import secrets
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import pandas as pd
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Connection, event

import leadkit
from leadkit.clock import DAY_SECONDS
from leadkit.errors import InputError
from leadkit.ledger import CallState
from leadkit.ledger.budget import Caps
from leadkit.ledger.decisions import DECISIONS
from leadkit.plan import Plan, make_plan
from leadkit.result import Done, join, resume_run
from leadkit.run import Runner
from tests.conftest import FakeClock
from tests.ledger.shop import FATES, PRICE, Killed, Shop, ShopWorkspace, truth

USERS = ("ann", "bob")
KEYS = [f"{name}@people.example" for name in ("anna", "bo", "chloé", "dai", "eva", "nobody.1", "nobody.2")]
KEEPS_DAYS = {True: 30, False: 7}  # whether the address exists
#: What a user may spend in a day: less than everything costs.
USER_DAY = 5 * PRICE

keys = st.lists(st.sampled_from(KEYS), min_size=1, max_size=8)
fates = st.lists(st.sampled_from(sorted(FATES)), max_size=5)
users = st.sampled_from(USERS)
#: At which commit of the ledger a process ends; 0 for not at all.
deaths = st.one_of(st.just(0), st.integers(0, 12))


class People(RuleBasedStateMachine):
    """Users of one ledger, whose processes die now and then."""

    @initialize(free=st.booleans(), tells_cost=st.booleans())
    def open(self, free: bool, tells_cost: bool) -> None:
        in_memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # power loss is not part of this
        self.folder = Path(tempfile.mkdtemp(prefix="leadkit-model-", dir=in_memory))
        self.clock = FakeClock()
        self.shop = Shop(self.clock, free=free, tells_cost=tells_cost)
        self.open_workspaces: dict[str, ShopWorkspace] = {}
        self.told: set[str] = set()  # keys whose answer was shown to somebody
        self.may_cost: Counter[str] = Counter(dict.fromkeys(KEYS, 1))  # key → how often it may be charged
        self.suppressed: dict[str, int] = {}  # key → how often it had been asked for until then
        self.unfinished: dict[str, list[str]] = {}  # run → the addresses in its rows
        self.said_charged = self.said_not_charged = (
            0  # what people decided may be wrong by so many millicredits
        )
        # One thread, in which a kill ends everything.
        self.one_thread = mock.patch("leadkit.recorded.Runner", functools.partial(Runner, threads=1))
        self.one_thread.start()

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            self.one_thread.stop()
            for user in list(self.open_workspaces):
                self.end(user)
            shutil.rmtree(self.folder)

    def workspace(self, user: str) -> ShopWorkspace:
        if user not in self.open_workspaces:
            made = ShopWorkspace(self.folder / "home", self.shop, self.clock, user)
            made.ledger.caps = Caps(user_day=USER_DAY)
            self.open_workspaces[user] = made
        return self.open_workspaces[user]

    def end(self, user: str) -> None:
        self.open_workspaces.pop(user).close()

    def plan(self, user: str, asked: list[str]) -> Plan:
        self.expire()
        frame = pd.DataFrame({"Email": asked})
        return make_plan(frame, "validate_emails", {"email": "Email"}, workspace=self.workspace(user))

    def expire(self) -> None:
        """What is past its time by now may be bought anew."""
        for key, since in list(self.shop.given_at.items()):
            if self.clock.seconds - since > KEEPS_DAYS[truth(key) is not None] * DAY_SECONDS:
                del self.shop.given_at[key]
                self.told.discard(key)
                self.may_cost[key] += 1

    def is_known(self, key: str) -> bool:
        return key in self.told and key not in self.suppressed

    # -- what people do -------------------------------------------------------------------------------------

    @rule(user=users, fate=st.sampled_from(sorted(FATES)), place=st.integers(0, 2))
    def buy_everything(self, user: str, fate: str, place: int) -> None:
        """What people mostly do, with one thing going wrong."""
        self.buy(user, KEYS, at_most=len(KEYS), fates=["answered"] * place + [fate], dies_at=0)

    @rule(user=users, asked=keys, at_most=st.integers(0, 8), fates=fates, dies_at=deaths)
    def buy(self, user: str, asked: list[str], at_most: int, fates: list[str], dies_at: int) -> None:
        plan = self.plan(user, asked)
        approval = secrets.token_hex(4)
        try:
            with self.trouble(user, fates, dies_at):
                done = plan.run(at_most=at_most, approval=approval)
        except Killed:
            if (run := self.workspace(user).ledger.run_by_approval(approval)) is not None:
                self.unfinished[run.id] = asked
            return
        self.check_result(done, asked)
        if not done.complete:
            self.unfinished[done.receipt.run_id] = asked

    @precondition(lambda self: self.unfinished)
    @rule(which=st.integers(0, 9), user=users, fates=fates, dies_at=deaths)
    def resume(self, which: int, user: str, fates: list[str], dies_at: int) -> None:
        run_id = list(self.unfinished)[which % len(self.unfinished)]
        asked = self.unfinished[run_id]
        plan = self.plan(user, asked)
        try:
            with self.trouble(user, fates, dies_at):
                _, outcome = resume_run(run_id, self.workspace(user))
        except Killed:
            return
        done = join(plan, run_id, outcome)
        self.check_result(done, asked)
        if done.complete:
            del self.unfinished[run_id]

    @contextmanager
    def trouble(self, user: str, fates: list[str], dies_at: int) -> Iterator[None]:
        """What happens to the requests, and at which commit of the ledger the process ends; 0 for none."""
        commits = itertools.count(1)

        def die(_: Connection) -> None:
            if next(commits) == dies_at:
                raise Killed

        engine = self.workspace(user).ledger._engine
        event.listen(engine, "commit", die)
        self.shop.fates = list(fates)
        try:
            yield
        except Killed:
            self.end(user)
            raise
        finally:
            self.shop.fates = []
            event.remove(engine, "commit", die)

    @rule(user=users, asked=keys)
    def look(self, user: str, asked: list[str]) -> None:
        sent = len(self.shop.asked)
        plan = self.plan(user, asked)
        states = dict(zip(plan.rows["key"], plan.rows["state"], strict=True))
        for key, state in ((key, state) for key, state in states.items() if state != "duplicate"):
            if key in self.suppressed:
                assert state == "suppressed", (key, state)
            elif self.is_known(key):
                assert state == "known", (key, state)
            elif self.shop.charges[key] >= self.may_cost[key]:
                assert state in ("known", "in doubt"), f"I6: {key} was paid for, and is {state}"
        assert len(self.shop.asked) == sent

    @rule(user=users, asked=keys)
    def again(self, user: str, asked: list[str]) -> None:
        """I5: what is known, asked for twice more, sends nothing and gives the same twice."""
        self.expire()
        known = [key for key in asked if self.is_known(key)]
        if known:
            sent = len(self.shop.asked)
            first, second = (self.plan(user, known).run(at_most=0) for _ in range(2))
            pd.testing.assert_frame_equal(first.frame, second.frame)
            assert first.complete
            assert len(self.shop.asked) == sent

    @rule(which=st.integers(0, 9), user=users, decision=st.sampled_from(sorted(DECISIONS)))
    def settle(self, which: int, user: str, decision: str) -> None:
        ledger = self.workspace(user).ledger
        doubts = ledger.doubtful()
        if not doubts:
            return
        call_id = doubts[which % len(doubts)].call_id
        of_call = [fact for fact in doubts if fact.call_id == call_id]
        own = [fact for fact in ledger.doubtful(user=user) if fact.call_id == call_id]
        if of_call[0].user != user:
            assert not own, "I14: shown to somebody else"
            with pytest.raises(InputError):
                ledger.decide(call_id, decision, by=user, user=user)
            assert ledger.doubtful() == doubts
            return
        assert own == of_call
        told = next(call.amount.least for call in ledger.calls(of_call[0].run_id) if call.id == call_id)
        if decision == "not-charged" and told:
            assert self.shop.tells_cost
            with pytest.raises(InputError, match="itself told that it charged"):
                ledger.decide(call_id, decision, by=user, user=user)
            assert ledger.doubtful() == doubts
            return
        ledger.decide(call_id, decision, by=user, user=user)
        if decision != "give-up":
            self.may_cost.update(fact.key for fact in of_call)
        held = of_call[0].held
        self.said_charged += held * (decision == "charged")
        self.said_not_charged += held * (decision == "not-charged")

    @rule(user=users, key=st.sampled_from(KEYS), suppress=st.booleans())
    def forget(self, user: str, key: str, suppress: bool) -> None:
        self.expire()
        receipt = leadkit.forget(email=key, suppress=suppress, workspace=self.workspace(user))
        assert receipt.left == ()
        # Nobody knows any more whether it was bought; who does not want it bought again says so.
        self.told.discard(key)
        self.may_cost[key] += 1
        if suppress:
            self.suppressed.setdefault(key, self.shop.asked.count(key))

    @rule(days=st.sampled_from([0.1, 1.1, 8, 31]))
    def wait(self, days: float) -> None:
        self.clock.seconds += days * DAY_SECONDS

    @rule(user=users)
    def start_anew(self, user: str) -> None:
        """Close everything; the next to open it purges what is past its time."""
        self.expire()
        if user in self.open_workspaces:
            self.end(user)

    # -- what must hold -------------------------------------------------------------------------------------

    def check_result(self, done: Done, asked: list[str]) -> None:
        """I4, I8 and I17 on what somebody gets to see; what is shown as an answer is known from now on."""
        assert sum(done.receipt.rows.values()) == len(asked)
        status = done.frame["leadleap_validate_emails_status"]
        reasons = done.frame["leadleap_email_reason"]
        for key, became, said in zip(asked, status, reasons, strict=True):
            if not pd.isna(said):
                assert said == truth(key), "I8"
                assert became in ("answered", "known", "duplicate"), (key, became)
                assert key not in self.suppressed, "I17"
            # A run that goes on after a month shows what it bought then; a new plan no longer trusts that.
            if became in ("answered", "known", "not found") and key in self.shop.given_at:
                self.told.add(key)

    @invariant()
    def the_books_agree(self) -> None:
        if not hasattr(self, "shop"):
            return
        charged = self.shop.charges.total() * PRICE
        twice = {key: n for key, n in self.shop.charges.items() if n > self.may_cost[key]}
        assert not twice, f"I2: charged again: {twice}"
        strange = set(self.shop.asked) - set(KEYS)
        assert not strange, f"sent, and nobody asked for it: {strange}"
        for key, times in self.suppressed.items():
            assert self.shop.asked.count(key) == times, f"I17: {key} was asked about"
        ledger = self.workspace(USERS[0]).ledger
        runs = ledger.runs()
        least = sum(run.charged.least for run in runs)
        most = sum(run.charged.most + run.held for run in runs)
        assert least - self.said_charged <= charged, f"I1: at least {least}, charged were {charged}"
        assert charged <= most + self.said_not_charged, f"I1: at most {most}, charged were {charged}"
        for run in runs:
            assert run.charged.most + run.held <= run.approved, "I3"
        spent: Counter[tuple[str, int]] = Counter()
        for run in runs:
            for call in ledger.calls(run.id):
                if call.state is not CallState.RELEASED:
                    worth = call.amount.most if call.state is CallState.SETTLED else call.reserved
                    spent[run.approved_by, call.reserved_at // DAY_SECONDS] += worth
        assert max(spent.values(), default=0) <= USER_DAY, "I14"


def test_what_an_old_run_bought_is_shown_when_it_goes_on_and_bought_anew_by_a_new_one() -> None:
    people = People()
    people.open(free=False, tells_cost=False)
    try:
        people.buy_everything(user="ann", fate="answer lost", place=0)
        people.wait(days=31)
        people.resume(which=0, user="ann", fates=[], dies_at=0)
        people.the_books_agree()
        stale = [key for key in KEYS if people.shop.charges[key] and key not in people.shop.given_at]
        assert stale
        states = people.plan("ann", stale).rows["state"]
        assert set(states) <= {"to buy", "in doubt"}
        assert "to buy" in set(states)
        people.look(user="ann", asked=KEYS)
        people.again(user="ann", asked=KEYS)
    finally:
        people.teardown()


def test_whatever_people_do_nothing_is_paid_for_twice_or_shown_to_the_wrong_one(
    pytestconfig: pytest.Config,
) -> None:
    run_state_machine_as_test(
        People,
        settings=settings(
            max_examples=pytestconfig.getoption("--examples"),
            stateful_step_count=15,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
