"""What the keys that are known already say about those that are not: how many are found, and at what cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from leadkit.ledger import FactState, Ledger
from leadkit.providers.base import Operation

#: With fewer known keys than this, chance says more than they do.
LEAST_KEYS_TO_LEARN_FROM = 5
#: What a key costs is learned from so many of them, which is plenty for a mean.
_SAMPLE_KEYS = 200


@dataclass(frozen=True, slots=True)
class HitRate:
    """What became of those of a plan's keys that are known, and fresh.

    ``found`` of the ``keys`` have an answer, the others are known to be not found. ``cost`` is what one key of
    them cost on average, in millicredits; None where neither the provider nor its price list tells.
    """

    keys: int
    found: int
    cost: float | None = None

    @property
    def share(self) -> float:
        """Found of all, 0 to 1."""
        return self.found / self.keys

    def __str__(self) -> str:
        text = f"Of the {self.keys:,} that are known, {self.found:,} were found"
        return f"{text}." if self.cost is None else f"{text}; the expected cost is reckoned at that rate."


def hit_rate(
    ledger: Ledger,
    operation: Operation,
    operation_id: int | None,
    keys: Sequence[str],
    key_states: npt.NDArray[np.int8],
    suppressed: npt.NDArray[np.bool_],
) -> HitRate | None:
    """What became of those of the keys that are known and fresh; None when they are too few to learn from."""
    known = np.flatnonzero(
        ((key_states == FactState.FOUND) | (key_states == FactState.NOT_FOUND)) & ~suppressed
    )
    if len(known) < LEAST_KEYS_TO_LEARN_FROM:
        return None
    found = int((key_states[known] == FactState.FOUND).sum())
    price = operation.price
    if price.least == price.most:  # nothing about the cost that a key could teach
        return HitRate(len(known), found)
    spread = np.linspace(0, len(known) - 1, min(len(known), _SAMPLE_KEYS)).astype(int)
    listed = {FactState.FOUND: price.expected, FactState.NOT_FOUND: price.least}
    costs = [
        listed.get(state) if told is None else told
        for state, told in ledger.costs(operation_id, [keys[i] for i in known[spread]])
    ]
    each = [cost for cost in costs if cost is not None]
    return HitRate(len(known), found, sum(each) / len(each) if len(each) == len(costs) > 0 else None)
