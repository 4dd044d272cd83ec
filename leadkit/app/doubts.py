"""What is in doubt, and what a person may decide about it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from leadkit.app.spending import moment, provider_title, step_title
from leadkit.app.visitor import Visitor
from leadkit.errors import InputError
from leadkit.ledger import Ledger
from leadkit.ledger.history import DoubtfulFact
from leadkit.money import credits_text, credits_words
from leadkit.settings import Settings

#: So many of the keys are named; there may be hundreds.
KEYS_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Doubt:
    """Calls of one run that were sent and whose outcome nobody knows; mostly one. ``held`` in millicredits."""

    call_ids: tuple[int, ...]
    run_id: str
    provider: str
    step: str
    user: str
    sent_at: int
    held: int
    keys: tuple[str, ...]
    why: str

    @property
    def calls(self) -> str:
        """``call 12``, ``calls 12, 13``."""
        return f"call{'s' if len(self.call_ids) > 1 else ''} {', '.join(map(str, self.call_ids))}"

    @property
    def count(self) -> str:
        return f"{len(self.keys):,} {'entry' if len(self.keys) == 1 else 'entries'}"

    @property
    def what(self) -> str:
        """What was asked for, as far as there is room for it."""
        more = len(self.keys) - KEYS_SHOWN
        return "; ".join(map(_key_words, self.keys[:KEYS_SHOWN])) + (
            f"; and {more:,} more" if more > 0 else ""
        )


def _key_words(key: str) -> str:
    """A key of several parts by their values; a page of a search by its filters."""
    try:
        parts = json.loads(key) if key.startswith("{") else {"": key}
    except ValueError:
        return key
    filters = parts.get("filters")
    if isinstance(filters, dict):
        asked = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in filters.items())
        return f"a page of a search for {asked or 'everybody'}"
    return ", ".join(str(value) for value in parts.values())


@dataclass(frozen=True, slots=True)
class Choice:
    """One decision: its words, what follows from it, and the words on the button that carries it out."""

    title: str
    follows: str
    button: str


#: Decision → its words, to be :func:`filled`.
CHOICES: Mapping[str, Choice] = {
    "not-charged": Choice(
        "It was not charged",
        "The {credits} credits are free again. {count} may be asked for and bought as if nothing had happened.",
        "Settle {calls} as not charged",
    ),
    "charged": Choice(
        "It was charged",
        "The {credits} credits count as spent. The answer is lost: {count} may be asked for again, which costs "
        "again unless the provider gives repeats for free.",
        "Settle {calls} as charged, {credits} credits",
    ),
    "pay-again": Choice(
        "Nobody knows: ask again",
        "The {credits} credits count as spent, to be on the safe side, and {count} may be bought again. You may "
        "pay twice.",
        "Settle {calls} and allow asking again",
    ),
    "give-up": Choice(
        "Nobody knows: leave it",
        "The {credits} credits count as spent, to be on the safe side, and {count} will not be asked for again.",
        "Settle {calls} and leave it",
    ),
}


def filled(words: str, doubt: Doubt) -> str:
    """Words of a :class:`Choice` with the figures of what is in doubt."""
    return words.format(credits=credits_text(doubt.held), count=doubt.count, calls=doubt.calls)


def doubts(ledger: Ledger, whose: str | None) -> list[Doubt]:
    """The calls in doubt that the visitor may see, the oldest first; ``whose`` None for everybody's."""
    by_call: dict[int, list[DoubtfulFact]] = {}
    for fact in ledger.doubtful(whose):
        by_call.setdefault(fact.call_id, []).append(fact)
    return [
        Doubt(
            call_ids=(call_id,),
            run_id=facts[0].run_id,
            provider=facts[0].provider,
            step=facts[0].step,
            user=facts[0].user,
            sent_at=facts[0].sent_at,
            held=facts[0].held,
            keys=tuple(fact.key for fact in facts),
            why=facts[0].why,
        )
        for call_id, facts in by_call.items()
    ]


def choices(open_calls: Sequence[Doubt]) -> dict[str, Doubt]:
    """Label → what may be settled at once: each call, and before them all calls of a run that has several."""
    by_run: dict[str, list[Doubt]] = {}
    for doubt in open_calls:
        by_run.setdefault(doubt.run_id, []).append(doubt)
    runs = [_together(of_run) for of_run in by_run.values() if len(of_run) > 1]
    return {
        **{
            f"All {len(doubt.call_ids)} calls of run {doubt.run_id}: {step_title(doubt.step)}": doubt
            for doubt in runs
        },
        **{
            f"Call {doubt.call_ids[0]}: {step_title(doubt.step)}, {doubt.count}": doubt
            for doubt in open_calls
        },
    }


def _together(of_run: Sequence[Doubt]) -> Doubt:
    first = of_run[0]
    return Doubt(
        call_ids=tuple(call_id for one in of_run for call_id in one.call_ids),
        run_id=first.run_id,
        provider=first.provider,
        step=first.step,
        user=first.user,
        sent_at=first.sent_at,
        held=sum(one.held for one in of_run),
        keys=tuple(key for one in of_run for key in one.keys),
        why="; ".join(dict.fromkeys(one.why for one in of_run)),
    )


def table(open_calls: Sequence[Doubt], settings: Settings) -> pd.DataFrame:
    """A call in doubt in each row: whose it was, when, and what is set aside for it."""
    return pd.DataFrame(
        [
            {
                "Call": ", ".join(map(str, doubt.call_ids)),
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
    """All that is known about what is in doubt, line by line."""
    return [
        ("What", f"{step_title(doubt.step)} with {provider_title(doubt.provider, settings)}"),
        ("Sent", f"{moment(doubt.sent_at)} UTC, by {doubt.user}"),
        ("Set aside", credits_words(doubt.held)),
        ("Asked for", doubt.what),
        ("What happened", doubt.why),
        ("To look it up", f"{doubt.calls} of run {doubt.run_id}"),
    ]


def settle(ledger: Ledger, doubt: Doubt, decision: str, *, by: Visitor) -> str:
    """Settle calls as a person decided; returns a sentence about what was done.

    Raises
    ------
    ApprovalError
        The visitor may not decide this. Nothing was changed.
    InputError
        They are not in doubt as they were shown any more: somebody settled them meanwhile, or a run asked for a part
        of them again. Nothing was changed.
    """
    by.check_may_approve()
    now = [one for one in doubts(ledger, None) if one.call_ids[0] in doubt.call_ids]
    if not now or replace(_together(now), why=doubt.why) != doubt:
        msg = (
            f"This is not in doubt as it was shown any more: somebody settled {doubt.calls}, or asked for a part of "
            "it again, meanwhile. Nothing was changed now. The runs below tell what it counts as."
        )
        raise InputError(msg)
    for call_id in doubt.call_ids:
        ledger.decide(call_id, decision, by=by.name)
    return f"{filled(CHOICES[decision].follows, doubt)} It is noted as the decision of {by.name}."
