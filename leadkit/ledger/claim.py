"""What a reserving transaction gives to whoever is to send."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Claim:
    """What one reserving transaction granted. ``call_id`` None: nothing to send."""

    call_id: int | None = None
    keys: tuple[str, ...] = ()
    reserved: int = 0  # millicredits
    attempt: int = 1
    first_sent: str = ""  # the moment of the first sending, if this is a later one
    known: tuple[str, ...] = ()  # or not to be asked about
    waiting: tuple[str, ...] = ()  # in flight in another live run
    over_budget: tuple[str, ...] = ()
    ceiling: str = ""  # in words, which one held back what is over budget
    #: Calls whose outcome nobody knows, with the keys of this batch that they cover.
    doubtful: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
