"""What must hold at every instant and at the end: the provider's books beside the ledger's.

Reads the ledger's file with SQL of its own; shares no code with the ledger.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from typing import NamedTuple

from leadkit.run import Outcome
from tests.simulation.provider import DO_NOT_CONTACT, Provider
from tests.simulation.schedule import Schedule

INTENT, IN_DOUBT, FOUND, NOT_FOUND, SUPPRESSED = 1, 2, 3, 4, 5  # of facts
ANSWERED = (FOUND, NOT_FOUND, SUPPRESSED)
SETTLED = 3  # of calls; 1 and 2 as for facts


class _Call(NamedTuple):
    id: int
    run: str
    state: int
    reserved: int
    least: int
    most: int

    @property
    def bound(self) -> int:
        """Millicredits that this call may have cost, as the ledger has it."""
        if self.state in (INTENT, IN_DOUBT):
            return max(self.reserved, self.most)
        return self.most if self.state == SETTLED else 0


class Checker:
    """Compares; calls ``fail`` with a sentence for what does not hold."""

    def __init__(
        self, schedule: Schedule, provider: Provider, books: sqlite3.Connection, fail: Callable[[str], None]
    ) -> None:
        self._schedule = schedule
        self._provider = provider
        self._books = books
        self._fail = fail
        #: Thread → what it did last at the provider: the keys it asked for, or the balance it was told, if it was.
        self._last: dict[object, Sequence[str] | int | None] = {}

    def told(self, thread: object, left: int) -> None:
        """The balance, in millicredits, is on its way to a thread."""
        self._last[thread] = left

    def sends(self, thread: object, keys: Sequence[str]) -> None:
        """Trap 15: others spend the same credits, so a first call for several keys follows a look at the balance.

        Nor does it go out if it may cost more than that. ``keys``: none where a call is free.
        """
        before, self._last[thread] = self._last.get(thread, ()), keys or None
        if self._schedule.provider != "leadfeeder" or len(keys) < 2 or before == keys:
            return
        attempts = self._books.execute(_ATTEMPTS, (keys[0],)).fetchone()
        if attempts != (1,) or before is None:  # a repeat is free; or the balance could not be had
            return
        if not isinstance(before, int):
            self._fail(f"Trap 15: {len(keys)} keys are asked for without a look at the balance")
        elif before < len(keys) * self._schedule.price:
            self._fail(f"Trap 15: {len(keys)} keys are asked for with {before} millicredits left")

    def look(self, when: str) -> None:
        """I1, I2, I3 and I6, on what is committed at this moment."""
        provider = self._provider
        if twice := provider.charged_twice():
            self._fail(f"I2, {when}: charged twice for {', '.join(twice)}")
        calls = {call.id: call for call in map(_Call._make, self._books.execute(_CALLS))}
        least = sum(call.least for call in calls.values() if call.state in (IN_DOUBT, SETTLED))
        most = sum(call.bound for call in calls.values())
        beyond = sum(charge.beyond for charge in provider.charges)
        if not least <= provider.charged + beyond:
            self._fail(f"I1, {when}: the ledger says at least {least}, charged were {provider.charged}")
        if not provider.charged <= most:
            self._fail(f"I1, {when}: the ledger says at most {most}, charged were {provider.charged}")
        self._look_at_budgets(calls, when)
        self._look_at_what_was_paid(calls, when)

    def _look_at_budgets(self, calls: dict[int, _Call], when: str) -> None:
        approved = dict(self._books.execute("SELECT id, approved_millicredits FROM runs"))
        spent = dict.fromkeys(approved, 0)
        for call in calls.values():
            spent[call.run] += min(call.bound, call.reserved)
        # A price above the documented one is the provider's breach; it ends the run and is checked there. Until its
        # answer comes, the call keeps what it cost reserved.
        beyond = sum(charge.beyond for charge in self._provider.charges)
        for run, amount in spent.items():
            if amount > approved[run] + beyond:
                self._fail(f"I3, {when}: {run} has {amount} spent or reserved of {approved[run]} approved")
        if self._provider.charged > sum(approved.values()):
            self._fail(f"I3, {when}: {self._provider.charged} charged of {sum(approved.values())} approved")

    def look_at_days(self, when: str) -> None:
        """I14: what a user spent or has reserved on a day stays under the day's ceiling."""
        cap = self._schedule.user_day
        for user, amount in self._books.execute(_DAYS) if cap is not None else ():
            if amount > cap:
                self._fail(f"I14, {when}: {user} has {amount} spent or reserved of {cap} for a day")

    def _look_at_what_was_paid(self, calls: dict[int, _Call], when: str) -> None:
        facts = {key: (state, call) for key, state, call in self._books.execute(_FACTS)}
        for entity in {charge.entity for charge in self._provider.charges}:
            state, call_id = facts.get(entity, (0, 0))
            needs = {NOT_FOUND: None, SUPPRESSED: DO_NOT_CONTACT}
            told = state in needs and needs[state] in self._provider.said.get(entity, ())
            if state not in (INTENT, IN_DOUBT, FOUND) and not told:
                self._fail(f"I6, {when}: {entity} was paid for and the ledger does not know")
            if self._schedule.batch_size == 1:
                paid = sum(c.amount - c.beyond for c in self._provider.charges if c.entity == entity)
                if paid > calls[call_id].bound:
                    self._fail(
                        f"I1, {when}: {entity} cost {paid}, the ledger says at most {calls[call_id].bound}"
                    )

    def run_ended(self, name: str, run_id: str, keys: Sequence[str], outcome: Outcome) -> None:
        """I4 and I6 as the person sees them, and I8: each row in one place, and with its own data."""
        states = {key: state for key, state, _ in self._books.execute(_FACTS)}
        open_here = {key for (key,) in self._books.execute(_OPEN, (run_id,))}
        for key in keys:
            shown = _shown(key, outcome)
            if not shown:
                self._fail(f"I4, at the end of {name}: {key} is in no outcome")
            paid_for = self._provider.charged_for(key)
            if shown in ("answered", "known") and states.get(key) not in ANSWERED:
                self._fail(
                    f"I4, at the end of {name}: {key} is shown as {shown} and the ledger has no answer"
                )
            if shown in ("failed", "not tried") and paid_for and key in open_here:
                self._fail(f"I6, at the end of {name}: {key} was paid for and is shown as {shown}")
        self.look(f"at the end of {name}")
        self._look_at_answers()

    def _look_at_answers(self) -> None:
        for key, payload in self._books.execute(_ANSWERS):
            values = json.loads(payload)
            said = values.get("full_name") if self._schedule.step == "unlock" else values.get("reason")
            if said is not None and said not in self._provider.said.get(key, ()):
                self._fail(f"I8: {key} has the data of somebody else: {said}")

    def all_settled(self, keys: Sequence[str]) -> None:
        """I7: with the faults off, one pass brings every row to an end."""
        self.look("after the calm pass")
        states = {key: state for key, state, _ in self._books.execute(_FACTS)}
        for key in keys:
            if states.get(key, 0) not in (IN_DOUBT, *ANSWERED):
                self._fail(f"I7: {key} has come to no end")
            if states[key] == IN_DOUBT and self._schedule.repeat == "free":
                self._fail(f"I7: {key} is still in doubt, although asking again is free")
        if self._books.execute("SELECT count(*) FROM calls WHERE state = 1").fetchone()[0]:
            self._fail("I7: a call is still under way, and nobody is there")
        (verdict,) = self._books.execute("PRAGMA integrity_check").fetchone()
        if verdict != "ok":
            self._fail(f"I11: {verdict}")

    def answers(self) -> list[tuple[str, str]]:
        return self._books.execute(_ANSWERS).fetchall()


_CALLS = "SELECT id, run_id, state, reserved, least, most FROM calls"
_DAYS = """
    SELECT approved_by, sum(CASE WHEN calls.state = 3 THEN min(most, reserved) ELSE reserved END)
    FROM calls JOIN runs ON runs.id = run_id WHERE calls.state < 4 GROUP BY approved_by, reserved_at / 86400
"""
_ATTEMPTS = "SELECT attempts FROM facts JOIN calls ON calls.id = call_id WHERE key = ?"
_FACTS = "SELECT key, state, call_id FROM facts"
_OPEN = "SELECT key FROM facts JOIN calls ON calls.id = call_id WHERE facts.state IN (1, 2) AND run_id = ?"
_ANSWERS = "SELECT key, payload FROM answers JOIN facts ON facts.id = fact_id ORDER BY key"


def _shown(key: str, outcome: Outcome) -> str:
    """How a row is shown; the order is that of leadkit.result."""
    groups = {
        "in doubt": outcome.in_doubt,
        "failed": outcome.failed,
        "over budget": outcome.over_budget,
        "not tried": outcome.not_tried,
        "answered": outcome.bought,
        "known": outcome.known,
    }
    return next((name for name, group in groups.items() if key in group), "")
