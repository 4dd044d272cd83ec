"""The provider's side: who was charged for what, and when. The measure of what the client says it spent.

It shares no code with the client. Its own clock is never wrong.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from typing import Any

from tests.simulation.protocol import Reply
from tests.simulation.schedule import Schedule

DAY_SECONDS = 86_400.0
DO_NOT_CONTACT = "do not contact"


@dataclass(frozen=True)
class Charge:
    """One charge to our account, in millicredits; ``beyond`` is what exceeds the documented price."""

    at: float
    entity: str
    amount: int
    beyond: int


class Provider:
    """The account, its prices and its charges."""

    def __init__(self, schedule: Schedule, rng: random.Random) -> None:
        self.schedule = schedule
        self._rng = rng
        self.charges: list[Charge] = []
        self.paid_requests = 0
        self.credits = schedule.credits
        #: Entity → when its data was last paid for, by us or by somebody else on the account.
        self.owned_since: dict[str, float] = {}
        #: Entity → what was said of it in answers that left the provider: names, None for "not there", or
        #: DO_NOT_CONTACT.
        self.said: dict[str, set[str | None]] = {}
        self.gone: set[str] = set()
        entities = [entity_of(schedule, n) for n in range(schedule.rows)]
        cheap = (schedule.price // 2, schedule.price // 10, 0) if schedule.cheaper else (schedule.price,)
        self.prices = {entity: rng.choice((schedule.price, *cheap)) for entity in entities}
        if schedule.step == "unlock" and rng.random() < 0.3:
            self.gone.add(rng.choice(entities))
        self.opted_out: set[str] = set()
        self.renamed: set[str] = set()  # known under another id by now
        if schedule.provider == "leadfeeder":
            self.opted_out |= {entity for entity in entities if rng.random() < 0.1}
            self.renamed |= {entity for entity in entities if rng.random() < 0.1}
            # What the contract leaves open.
            self._refuses_unknown = rng.random() < 0.5  # all of a call of which one is not there
            self._gives_part = rng.random() < 0.5  # of what the credits do not cover as a whole
            self._no_credits_status = rng.choice((402, 403, 429))
            self._one_in_list = rng.random() < 0.5

    # -- the books ------------------------------------------------------------------------------------------

    @property
    def charged(self) -> int:
        """Millicredits charged to us so far, at documented prices."""
        return sum(charge.amount - charge.beyond for charge in self.charges)

    def charged_twice(self) -> list[str]:
        counts = Counter(charge.entity for charge in self.charges if charge.amount)
        return [entity for entity, times in counts.items() if times > 1]

    def charged_for(self, entity: str) -> bool:
        return any(charge.entity == entity and charge.amount for charge in self.charges)

    # -- operations -----------------------------------------------------------------------------------------

    def unlock(self, entity: str, now: float, *, over_price: bool = False) -> Reply:
        self.paid_requests += 1
        self._others(now)
        if entity in self.gone or entity not in self.prices:
            self.said.setdefault(entity, set()).add(None)
            gone = entity in self.gone
            return Reply(410 if gone else 404, error="GONE" if gone else "NOT_FOUND")
        price = 0 if self._free_again(entity, now) else self.prices[entity]
        if not self._can_pay(price):
            return Reply(402, error="CREDITS_EXHAUSTED")
        charged = self._charge(entity, price, now, over_price=over_price)
        return Reply(items=[self.record(entity)], charged=charged, reports_cost=self.schedule.reports_cost)

    def validate(self, entities: list[str], now: float) -> Reply:
        self.paid_requests += 1
        self._others(now)
        prices = [0 if self._free_again(entity, now) else self.prices[entity] for entity in entities]
        if not self._can_pay(sum(prices)):
            return Reply(402, error="CREDITS_EXHAUSTED")
        items = []
        for entity, price in zip(entities, prices, strict=True):
            charged = self._charge(entity, price, now)
            items.append({**self.record(entity), "cached": not charged})
        return Reply(items=items, single=False, reports_cost=False)

    def find(self, entities: list[str], now: float, *, over_price: bool = False) -> Reply:
        """People, each for itself: one who is not there, or whom no credits are left for, spoils no other."""
        self.paid_requests += 1
        self._others(now)
        items: list[dict[str, Any]] = []
        charged = 0
        for entity in entities:
            price = 0 if self._free_again(entity, now) else self.prices[entity]
            if entity in self.gone:
                items.append({"id": entity, "gone": True})
            elif not self._can_pay(price):
                items.append({"id": entity, "refused": 402})
            else:
                charged += self._charge(entity, price, now, over_price=over_price)
                items.append(self.record(entity))
        return Reply(items=items, charged=charged)

    def read(self, entities: list[str], now: float, *, over_price: bool = False) -> Reply:
        """Records by their ids, those charged for that nobody of the account has read before."""
        self.paid_requests += 1
        self._others(now)
        there = [entity for entity in entities if entity not in self.gone]
        for entity in self.gone.intersection(entities):
            self.sent(entity, None)
        if len(there) < len(entities) and (self._refuses_unknown or len(entities) == 1):
            return Reply(404, error="NOT_FOUND")
        prices = {entity: 0 if self._free_again(entity, now) else self.prices[entity] for entity in there}
        short = not self._can_pay(sum(prices.values()))
        if short and not (self._gives_part and any(map(self._can_pay, prices.values()))):
            return Reply(self._no_credits_status, error="CREDITS_EXHAUSTED")
        items, charged = [], 0
        for entity, price in prices.items():
            if self._can_pay(price):
                charged += self._charge(entity, price, now, over_price=over_price)
                items.append(self.record(entity))
        return Reply(
            items=items,
            charged=charged,
            single=len(entities) == 1 and not self._one_in_list,
            reports_cost=self.schedule.reports_cost,
            beside="CREDITS_EXHAUSTED" if short else "",
        )

    def usage(self) -> tuple[int, int]:
        """Millicredits used and left."""
        used = sum(charge.amount for charge in self.charges)
        return used, 10**6 if self.credits is None else self.credits

    def record(self, entity: str) -> dict[str, Any]:
        """What there is to be said of an entity."""
        if self.schedule.step == "validate_emails":
            return {"email": entity, "is_valid": sum(entity.encode()) % 2 == 0, "reason": f"of {entity}"}
        record = {"id": entity, "full_name": f"Person of {entity}", "job_title": "Buyer", "ai_score": 50}
        if self.schedule.provider == "leadfeeder":
            record["now"] = f"{entity}_now" if entity in self.renamed else entity
            record["do_not_contact"] = entity in self.opted_out
        return record

    def sent(self, entity: str, said: str | None) -> None:
        """An answer about the entity has left the provider."""
        self.said.setdefault(entity, set()).add(said)

    def charge_by_hand(self, entity: str, amount: int, now: float) -> None:
        """For an answer that was written beforehand and says its own price."""
        self.paid_requests += 1
        self._charge(entity, amount, now)

    # -- rules ----------------------------------------------------------------------------------------------

    def _free_again(self, entity: str, now: float) -> bool:
        owned = self.owned_since.get(entity)
        if owned is None or self.schedule.repeat == "paid":
            return False
        return self.schedule.repeat == "free" or now - owned < DAY_SECONDS

    def _can_pay(self, amount: int) -> bool:
        return self.credits is None or self.credits >= amount

    def _charge(self, entity: str, amount: int, now: float, *, over_price: bool = False) -> int:
        beyond = 2 * self.schedule.price if over_price and amount else 0
        amount += beyond
        if amount or entity not in self.owned_since:
            self.owned_since[entity] = now
        if amount:
            self.charges.append(Charge(now, entity, amount, beyond))
            if self.credits is not None:
                self.credits = max(self.credits - amount, 0)
        return amount

    def _others(self, now: float) -> None:
        """Somebody else uses the account too: spends its credits, and pays for what we may want."""
        if not self.schedule.foreign or self._rng.random() > 0.3:
            return
        if self.credits is not None:
            self.credits = max(self.credits - self.schedule.price, 0)
        self.owned_since.setdefault(self._rng.choice(sorted(self.prices)), now)


def entity_of(schedule: Schedule, n: int) -> str:
    """The n-th entity's key, as the client asks for it."""
    return f"p{n}@people.example" if schedule.step == "validate_emails" else f"c_{n:016x}"
