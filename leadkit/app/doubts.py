"""What is in doubt, and what a person may decide about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from leadkit.app.spending import moment, provider_title, step_title
from leadkit.app.visitor import Visitor
from leadkit.errors import InputError
from leadkit.ledger import CallState, Ledger
from leadkit.money import credits_text
from leadkit.settings import Settings

#: So many of a call's keys are named; a call may have hundreds.
KEYS_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Doubt:
    """One call that was sent and whose outcome nobody knows. ``held`` in millicredits."""

    call_id: int
    run_id: str
    provider: str
    step: str
    user: str
    sent_at: int
    held: int
    keys: tuple[str, ...]
    why: str

    @property
    def count(self) -> str:
        return f"{len(self.keys):,} {'entry' if len(self.keys) == 1 else 'entries'}"

    @property
    def what(self) -> str:
        """The keys, as far as there is room for them."""
        more = len(self.keys) - KEYS_SHOWN
        return ", ".join(self.keys[:KEYS_SHOWN]) + (f" and {more:,} more" if more > 0 else "")

    @property
    def label(self) -> str:
        """Names it in a list of choices."""
        return f"Call {self.call_id}: {step_title(self.step)}, {self.count}, {moment(self.sent_at)} UTC"


@dataclass(frozen=True, slots=True)
class Choice:
    """One decision: its words, what follows from it, and the words on the button that carries it out."""

    decision: str
    title: str
    follows: str
    button: str


#: Decision → its words. ``{credits}`` are those set aside, ``{count}`` says for how many entries.
CHOICES: Mapping[str, Choice] = {
    choice.decision: choice
    for choice in (
        Choice(
            "not-charged",
            "It was not charged",
            "The {credits} credits are free again. {count} may be asked for and bought as if nothing had happened.",
            "Settle call {call} as not charged",
        ),
        Choice(
            "charged",
            "It was charged",
            "The {credits} credits count as spent. The answer is lost: {count} may be asked for again, which costs "
            "again unless the provider gives repeats for free.",
            "Settle call {call} as charged {credits} credits",
        ),
        Choice(
            "pay-again",
            "Nobody knows: ask again",
            "The {credits} credits count as spent, to be on the safe side, and {count} may be bought again. "
            "You may pay twice for them.",
            "Settle call {call} and allow asking again",
        ),
        Choice(
            "give-up",
            "Nobody knows: leave it",
            "The {credits} credits count as spent, to be on the safe side, and {count} will not be asked for again.",
            "Settle call {call} and leave it",
        ),
    )
}


def doubts(ledger: Ledger, whose: str | None) -> list[Doubt]:
    """The calls in doubt that the visitor may see, the oldest first; ``whose`` None for everybody's."""
    keys: dict[int, list[str]] = {}
    run_of: dict[int, str] = {}
    for fact in ledger.doubtful():
        keys.setdefault(fact.call_id, []).append(fact.key)
        run_of[fact.call_id] = fact.run_id
    seen = [run for run in map(ledger.run, set(run_of.values())) if whose in (None, run.approved_by)]
    found = [
        Doubt(
            call_id=call.id,
            run_id=run.id,
            provider=run.provider,
            step=run.step,
            user=run.approved_by,
            sent_at=call.reserved_at,
            held=call.reserved,
            keys=tuple(keys[call.id]),
            why=call.note,
        )
        for run in seen
        for call in ledger.calls(run.id)
        # What somebody gave up stays in doubt, and there is nothing left to decide.
        if call.id in keys and call.state == CallState.IN_DOUBT
    ]
    return sorted(found, key=lambda doubt: doubt.call_id)


def table(open_calls: Sequence[Doubt], settings: Settings) -> pd.DataFrame:
    """A call in doubt in each row: whose it was, when, and what is set aside for it."""
    return pd.DataFrame(
        [
            {
                "Call": str(doubt.call_id),
                "Sent (UTC)": moment(doubt.sent_at),
                "By": doubt.user,
                "What": step_title(doubt.step),
                "Provider": provider_title(doubt.provider, settings),
                "Credits set aside": credits_text(doubt.held),
                "Asked for": doubt.what,
            }
            for doubt in open_calls
        ]
    )


def lines(doubt: Doubt, settings: Settings) -> list[tuple[str, str]]:
    """All that is known about a call in doubt, line by line."""
    return [
        ("Call", f"{doubt.call_id}, of run {doubt.run_id}"),
        ("What", f"{step_title(doubt.step)} with {provider_title(doubt.provider, settings)}"),
        ("Sent", f"{moment(doubt.sent_at)} UTC, by {doubt.user}"),
        ("Set aside", f"{credits_text(doubt.held)} credits"),
        ("Asked for", doubt.what),
        ("What happened", doubt.why),
    ]


def settle(ledger: Ledger, call_id: int, decision: str, *, by: Visitor) -> str:
    """Settle a call as a person decided; returns a sentence about what was done.

    Raises
    ------
    ApprovalError
        The visitor may not decide this. Nothing was changed.
    InputError
        The call is not in doubt any more: perhaps somebody settled it meanwhile. Nothing was changed.
    """
    by.check_may_approve()
    doubt = next((one for one in doubts(ledger, None) if one.call_id == call_id), None)
    if doubt is None or decision not in CHOICES:
        msg = (
            f"Call {call_id} is not in doubt any more: somebody settled it meanwhile. Nothing was changed now. "
            "The runs below tell what it counts as."
        )
        raise InputError(msg)
    ledger.decide(call_id, decision, by=by.name)
    return f"{filled(CHOICES[decision].follows, doubt)} It is noted as the decision of {by.name}."


def filled(words: str, doubt: Doubt) -> str:
    """Words of a :class:`Choice` with the call's own figures."""
    return words.format(credits=credits_text(doubt.held), count=doubt.count, call=doubt.call_id)
