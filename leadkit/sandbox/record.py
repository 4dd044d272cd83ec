"""What the sandbox remembers of what was asked and what was charged: the other side's own books."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Charge:
    """One thing that was paid for.

    ``operation`` is the provider's word in its price list, ``what`` the id or address that it was paid for, and
    ``at`` Unix seconds.
    """

    provider: str
    account: str
    operation: str
    what: str
    millicredits: int
    request_id: str
    at: float


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """One request as it was answered.

    ``asked`` are the ids, addresses or names in it, ``can_charge`` whether the operation is one that costs
    something in some case, ``fault`` the kind of fault it met. ``status`` is 0 when the connection was cut.
    """

    provider: str
    account: str
    method: str
    path: str
    query: str
    status: int
    asked: tuple[str, ...]
    millicredits: int
    can_charge: bool
    request_id: str
    fault: str | None
    at: float


class Record:
    """Charges and requests, written by the server's thread and read by any other."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._charges: list[Charge] = []
        self._requests: list[RequestRecord] = []

    def add_charges(self, charges: Iterable[Charge]) -> None:
        with self._lock:
            self._charges.extend(charges)

    def add_request(self, request: RequestRecord) -> None:
        with self._lock:
            self._requests.append(request)

    def clear(self) -> None:
        with self._lock:
            self._charges.clear()
            self._requests.clear()

    @property
    def charges(self) -> list[Charge]:
        with self._lock:
            return list(self._charges)

    @property
    def requests(self) -> list[RequestRecord]:
        with self._lock:
            return list(self._requests)

    def charged(self, provider: str | None = None) -> int:
        """Millicredits charged by one provider."""
        return sum(c.millicredits for c in self.charges if provider in (None, c.provider))
