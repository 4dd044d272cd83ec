"""A small provider in the same process, with books of its own, and a workspace that buys from it.

It shares no code with the product but the types that an operation is made of.
"""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from leadkit.clock import Clock
from leadkit.errors import AnswerLostError, BadAnswerError, BadRequestError, NotSentError
from leadkit.money import Amount
from leadkit.pace import Pace
from leadkit.providers.base import (
    Answer,
    Balance,
    Decoded,
    Operation,
    Price,
    RateLimit,
    Repeat,
    Request,
    Response,
)
from leadkit.providers.leadleap import LeadLeap
from leadkit.settings import Settings
from leadkit.workspace import Workspace

PRICE = 1_000
#: What may happen to a request, and whether the keys in it were charged then.
FATES = {
    "answered": True,
    "one left out": True,
    "answer lost": True,
    "failed with 500": True,
    "killed before the answer": True,
    "lost on the way": False,
    "refused": False,
    "not sent": False,
    "killed before the sending": False,
}


class Killed(BaseException):
    """The process ends here: no handler of the product may see to anything after it."""


class Shop(LeadLeap):
    """Sells verdicts on addresses, three at a time, for one credit each."""

    def __init__(self, clock: Clock, *, free: bool, tells_cost: bool) -> None:
        super().__init__()
        self._clock = clock
        self.free = free
        self.tells_cost = tells_cost
        self.charges: Counter[str] = Counter()
        self.asked: list[str] = []
        self.given_at: dict[str, float] = {}
        self.fates: list[str] = []

    def operation(self, step: str, wants: Sequence[str] = ()) -> Operation:
        return dataclasses.replace(
            super().operation(step, wants),
            batch_size=3,
            price=Price(0, None, PRICE, source="made up"),
            limit=RateLimit(1_000, 1.0, source="made up"),
            repeat=Repeat(self.free, source="made up"),
            keeps_days=30,
            miss_keeps_days=7,
            encode=lambda keys: Request("POST", "/", json=list(keys)),
            decode=self._decode,
        )

    def send(self, request: Request) -> Response:
        keys: list[str] = request.json
        fate = self.fates.pop(0) if self.fates else "answered"
        if fate == "killed before the sending":
            raise Killed
        if fate == "not sent":
            raise NotSentError("nobody was there", provider=self.name)
        self.asked += keys
        charged = 0
        if FATES[fate]:
            for key in keys:
                if not (self.free and self.charges[key]):
                    self.charges[key] += 1
                    charged += PRICE
        if fate == "killed before the answer":
            raise Killed
        if fate in ("answer lost", "lost on the way"):
            raise AnswerLostError("the line broke", provider=self.name)
        if fate == "refused":
            return Response(400, {}, b"")
        if fate == "failed with 500":
            return Response(500, {}, b"")
        given = {key: truth(key) for key in keys[: len(keys) - (fate == "one left out")]}
        self.given_at |= dict.fromkeys(given, self._clock.monotonic())
        body = {"given": given, "charged": charged if self.tells_cost else None}
        return Response(200, {}, json.dumps(body).encode())

    def _decode(self, keys: Sequence[str], response: Response) -> Decoded:
        if response.status == 400:
            raise BadRequestError("it cannot be used", provider=self.name)
        if response.status == 500:
            raise BadAnswerError("HTTP 500", provider=self.name)
        told = json.loads(response.body)
        return Decoded(
            {
                key: Answer("not_found")
                if said is None
                else Answer("found", {"verdict": "valid", "reason": said})
                for key, said in told["given"].items()
            },
            None if told["charged"] is None else Amount(told["charged"], told["charged"]),
        )


def truth(key: str) -> str | None:
    """What is to be said of an address: its own, so that it shows in another's row; None when there is none."""
    return None if key.startswith("nobody") else f"a mailbox of {key}"


class ShopWorkspace(Workspace):
    """A workspace on a real ledger whose only provider is the shop."""

    def __init__(self, home: Path, shop: Shop, clock: Clock, user: str) -> None:
        environ = {"LEADKIT_HOME": str(home), "LEADLEAP_API_KEY": "nobodys-key"}
        super().__init__(Settings.from_environment(environ), clock=clock, user=user)
        self.shop = shop

    def provider(self, name: str) -> Any:
        return self.shop

    def send(self, provider: str) -> Any:
        return self.shop.send

    def pace(self, operation: Operation) -> Pace:
        return Pace(operation.limit, self.clock)

    def balance(self, provider: str) -> Balance:
        return Balance(provider, account="usr_1", remaining=None, used=None)
