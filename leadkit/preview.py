"""What a plan would cost, for a person and for a program."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import numpy.typing as npt

from leadkit.errors import InputError
from leadkit.hit_rate import HitRate
from leadkit.money import credits_text
from leadkit.pace import seconds_for
from leadkit.providers.base import Operation, Price
from leadkit.wording import counted

#: What a plan says of a row, in the order in which a preview lists it.
ROW_STATES = (
    "to buy",
    "known",
    "duplicate",
    "in doubt",
    "blank",
    "unusable",
    "suppressed",
    "left out",
)
TO_BUY, KNOWN, DUPLICATE, IN_DOUBT, BLANK, UNUSABLE, SUPPRESSED, LEFT_OUT = range(len(ROW_STATES))


@dataclass(frozen=True, repr=False)
class Preview:
    """A plan's cost. Credits in millicredits of the provider's credit; nothing was sent to learn it.

    ``rows`` counts the frame's rows by what happens to them, and adds up to all of them. ``most`` is a ceiling:
    the bill cannot exceed it. ``expected`` is what the plan's own known keys cost on average, once five are known
    (``hit_rate``); before that it is what the provider's price list says, or None when it states no price.
    """

    provider: str
    step: str
    title: str
    rows: Mapping[str, int]
    keys_to_buy: int
    calls: int
    least: int
    expected: int | None
    most: int
    seconds: float
    notes: tuple[str, ...] = ()
    #: None when fewer than five of the plan's keys are known.
    hit_rate: HitRate | None = None

    def to_dict(self) -> dict[str, Any]:
        """For a program: amounts as integer millicredits, time in seconds at the rate limit."""
        return {
            "provider": self.provider,
            "step": self.step,
            "rows": dict(self.rows),
            "rows_total": sum(self.rows.values()),
            "keys_to_buy": self.keys_to_buy,
            "calls": self.calls,
            "least_millicredits": self.least,
            "expected_millicredits": self.expected,
            "most_millicredits": self.most,
            "seconds_at_rate_limit": round(self.seconds, 1),
            "notes": list(self.notes),
            "hit_rate": None if self.hit_rate is None else round(self.hit_rate.share, 3),
        }

    def lines(self) -> list[tuple[str, str]]:
        """Label and value of each line, for whoever shows it."""
        expected = "not stated by the provider" if self.expected is None else credits_text(self.expected)
        return [
            ("rows", counts_text(self.rows)),
            ("credits at least", credits_text(self.least)),
            ("credits expected", expected),
            ("credits at most", credits_text(self.most)),
            (
                "calls",
                f"{self.calls:,}, {duration_text(self.seconds)} at the rate limit" if self.calls else "0",
            ),
        ]

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        rows = counted(sum(self.rows.values()), "row")
        head = f"Preview: {self.title.lower()} with {self.provider}, {rows}. Nothing has been sent."
        return text_block(head, [*self.lines(), *(("note", note) for note in self.notes)])

    def _repr_html_(self) -> str:
        return html_block(
            f"{self.title} with {self.provider}: nothing has been sent", self.lines(), self.notes
        )


def make_preview(
    operation: Operation,
    row_states: npt.NDArray[np.int8],
    *,
    new: int,
    doubtful: int,
    hit_rate: HitRate | None,
    notes: Sequence[str],
) -> Preview:
    """The cost of ``new`` keys, and of ``doubtful`` ones, which are paid for already if their repeat is free."""
    counts = np.bincount(row_states, minlength=len(ROW_STATES))
    calls = -(-(new + doubtful) // operation.batch_size)
    return Preview(
        provider=operation.provider,
        step=operation.step,
        title=operation.title.capitalize(),
        rows=dict(zip(ROW_STATES, map(int, counts), strict=True)),
        keys_to_buy=new + doubtful,
        calls=calls,
        least=operation.price.least * new,
        expected=_expected(operation.price, new, hit_rate),
        most=operation.price.most * (new + doubtful),
        seconds=seconds_for(operation.limit, calls * (2 if operation.balance_first else 1)),
        notes=tuple(notes),
        hit_rate=hit_rate,
    )


def _expected(price: Price, new: int, hit_rate: HitRate | None) -> int | None:
    each = price.expected if hit_rate is None or hit_rate.cost is None else hit_rate.cost
    if not new:
        return 0
    # What earlier keys cost may lie outside today's price list; the bill will not.
    return None if each is None else min(max(round(each * new), price.least * new), price.most * new)


def free_preview_note(operation: Operation, new: int) -> str:
    """What the free preview of ``new`` keys does and takes. Raises InputError where the provider has none."""
    free = operation.free_preview
    if free is None:
        name = f"{operation.provider} has no free preview of {operation.step}"
        raise InputError(f"{name}; leave preview_first out. Nothing was sent.")
    calls = -(-new // free.batch_size)
    return (
        f"{calls:,} free requests come first, {duration_text(seconds_for(free.limit, calls))} at the rate limit; "
        "whoever they do not find is not found, and not paid for."
    )


def counts_text(counts: Mapping[str, int]) -> str:
    """Counts for a person, without the zeros: ``24 to buy, 2 duplicate``."""
    return ", ".join(f"{count:,} {name}" for name, count in counts.items() if count) or "none"


def text_block(head: str, lines: Iterable[tuple[str, str]]) -> str:
    """A heading with labelled lines under it, for a terminal."""
    return "\n".join([head, *(f"  {label:<18} {value}" for label, value in lines)])


def html_block(head: str, lines: Iterable[tuple[str, str]], notes: Iterable[str] = ()) -> str:
    """The same for a notebook. Everything is escaped."""
    left = "text-align: left"  # each notebook has a place of its own for them
    apart = f"{left}; padding: 0 1.5em 0 0; white-space: nowrap"
    rows = "".join(
        f'<tr><th style="{apart}">{escape(label)}</th><td style="{left}">{escape(value)}</td></tr>'
        for label, value in lines
    )
    caption = f'<caption style="{left}; white-space: nowrap">{escape(head)}</caption>'
    return f"<table>{caption}{rows}</table>" + "".join(f"<p>{escape(note)}</p>" for note in notes)


def duration_text(seconds: float) -> str:
    """Seconds for a person: ``under a minute``, ``12 min``, ``3 h 05 min``."""
    minutes = round(seconds / 60)
    if minutes < 1:
        return "under a minute"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min"
