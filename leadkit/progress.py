"""How far a run is, and what it did with its keys."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass, field

from leadkit.errors import LeadkitError


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is. Amounts in millicredits; ``seconds_left`` at the rate limit.

    ``waits``: seconds until the rate limit lets the next request go.
    """

    keys_done: int
    keys_total: int
    spent: int
    approved: int
    seconds_left: float
    waits: float


def wait_text(seconds: float) -> str:
    """``about 40 seconds`` for a person; nothing for a wait that nobody notices."""
    return f"about {5 * math.ceil(seconds / 5)} seconds" if seconds >= 2 else ""


@dataclass(slots=True)
class Outcome:
    """What a run did with its keys. Whatever is not listed is answered, and stands in the ledger."""

    bought: set[str] = field(default_factory=set)
    known: set[str] = field(default_factory=set)
    over_budget: dict[str, str] = field(default_factory=dict)
    in_doubt: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    not_tried: set[str] = field(default_factory=set)
    #: Keys that were never in a paid call, because a free one said that there is nothing to buy; and its words.
    not_found: dict[str, str] = field(default_factory=dict)
    #: Calls of earlier runs that were repeated; what they cost stays with those runs.
    repeated: int = 0
    stopped: LeadkitError | None = None
    cancelled: bool = False

    @property
    def told(self) -> tuple[Collection[str], ...]:
        """The keys of which something is known by now, by what it is."""
        return self.bought, self.known, self.over_budget, self.in_doubt, self.failed

    @property
    def unfinished(self) -> int:
        """How many keys the run, resumed, would try again, or that wait for a person's word."""
        return len(self.over_budget) + len(self.in_doubt) + len(self.failed) + len(self.not_tried)
