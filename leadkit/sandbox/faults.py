"""Faults that a test switches on: what a network, a proxy or a tired provider does to a request.

Each kind says whether the request is carried out, and so charged, before it goes wrong. That difference is
the whole question for a client: after a lost answer it cannot see which one it was.
"""

from __future__ import annotations

import fnmatch
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

FaultKind = Literal[
    "status",  # the provider's own error answer, of any status
    "reset_before",  # the connection is cut before the request is carried out
    "reset_after",  # the request is carried out and charged, then the connection is cut without an answer
    "delay",  # the answer is late by `seconds`
    "truncate",  # carried out; the connection is cut in the middle of the answer's body
    "html",  # a proxy's HTML page instead of the answer
    "body",  # the given bytes and headers instead of the answer
    "reversed",  # carried out; the answer's list is the other way round
    "short",  # carried out; the last entry of the answer's list is missing
    "wrong_id",  # carried out; the answer is about somebody else
]
KINDS: tuple[str, ...] = get_args(FaultKind)


@dataclass(frozen=True, slots=True)
class Fault:
    """One switched-on fault.

    ``path`` is the end of the path it strikes (``/leads/unlock``) and may hold ``*``; empty strikes any.
    It lets the first ``skip`` matching requests pass, then strikes each ``every``-th one, ``times`` times
    (None: until it is switched off). ``after_charge`` says for "status", "delay", "html" and "body" whether
    the request is carried out first; ``retry_after`` and ``headers`` are put on "status", "html" and "body".
    """

    kind: FaultKind
    path: str = ""
    method: str | None = None
    provider: str | None = None
    times: int | None = 1
    every: int = 1
    skip: int = 0
    after_charge: bool = False
    status: int | None = None  # None: 500 for "status", 502 for "html", 200 for "body"
    retry_after: str | None = None
    seconds: float = 0.0
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            msg = f"{self.kind!r} is not a kind of fault; the kinds are {', '.join(KINDS)}"
            raise ValueError(msg)
        if self.every < 1 or self.skip < 0 or (self.times is not None and self.times < 1) or self.seconds < 0:
            msg = "a fault needs every >= 1, skip >= 0, times >= 1 or None, and seconds >= 0"
            raise ValueError(msg)

    @property
    def carries_out(self) -> bool:
        """Whether the request is carried out, and charged, before the fault strikes."""
        if self.kind == "reset_before":
            return False
        return self.after_charge or self.kind in {"reset_after", "truncate", "reversed", "short", "wrong_id"}

    def strikes(self, provider: str, method: str, path: str) -> bool:
        return (
            self.provider in (None, provider)
            and self.method in (None, method)
            and fnmatch.fnmatchcase(path, f"*{self.path}")
        )

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"body": self.body.decode("latin-1"), "headers": dict(self.headers)}

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Fault:
        return cls(**{**fields, "body": str(fields.get("body", "")).encode("latin-1")})


class Faults:
    """The switched-on faults. The first one that is due for a request strikes it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[tuple[Fault, _Count]] = []

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._faults.append((fault, _Count()))

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    def take(self, provider: str, method: str, path: str) -> Fault | None:
        with self._lock:
            for fault, count in self._faults:
                if fault.strikes(provider, method, path) and count.due(fault):
                    return fault
        return None

    @property
    def active(self) -> list[Fault]:
        with self._lock:
            return [fault for fault, count in self._faults if count.struck != fault.times]


@dataclass(slots=True)
class _Count:
    seen: int = 0
    struck: int = 0

    def due(self, fault: Fault) -> bool:
        if self.struck == fault.times:
            return False
        self.seen += 1
        nth = self.seen - fault.skip
        if nth < 1 or nth % fault.every:
            return False
        self.struck += 1
        return True
