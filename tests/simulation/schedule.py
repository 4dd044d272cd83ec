"""What one simulated schedule is made of: each seed first picks which troubles exist at all, and how many.

A seed that has few kinds of trouble goes deep into them; a thousand seeds go everywhere.
"""

from __future__ import annotations

import dataclasses
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

NETWORK_FAULTS = (
    "refused",  # no connection: provably not sent
    "timeout_before",  # sent, never carried out, no answer
    "timeout_after",  # carried out, no answer
    "reset_midway",  # carried out, half of the answer came
    "delivered_twice",  # a proxy sent it twice; only where a repeat is free, for nobody else can guard against it
    "redirect_after",  # carried out, and a redirect came back
    "slow",  # the answer takes minutes
)
HTTP_FAULTS = (
    "limited",  # 429 with a Retry-After in one of its forms
    "limited_by_gateway",  # 429 with a page of HTML
    "error_before",  # 500, 502 or 503 and nothing was carried out
    "error_after",  # 500, 502 or 503 although it was carried out
    "no_credits",  # 402 for this one request
    "key_refused",  # 401 in the middle of a run
    "scope_refused",  # 403
    "bad_request",  # 400
    "error_in_200",  # an error envelope under HTTP 200
    "html_in_200_before",
    "html_in_200_after",
    "truncated_after",  # the JSON ends in the middle, with a right Content-Length
    "wrong_id_after",  # carried out, and the answer is about somebody else
    "no_data_after",  # carried out, and data is null
    "short_after",  # the last entry of a batch is missing; half of the answer's fields for a single one
    "reordered",  # a batch comes back in another order
    "over_price",  # charged more than the documents allow
    "hostile",  # a body of tests/providers/hostile.json
)
STORE_FAULTS = (
    "locked",  # another program holds the ledger for too long
    "disk_full",
    "io_error",  # in the middle of a transaction
    "read_only",
    "commit_lost",  # the commit is durable, and the program is told that it failed
)
TIME_FAULTS = ("hour_jumps", "day_jumps")
FAULTS = (*NETWORK_FAULTS, *HTTP_FAULTS, *STORE_FAULTS, *TIME_FAULTS)


@dataclass(frozen=True)
class Schedule:
    """One seed's world. Amounts in millicredits."""

    seed: int
    #: The unlock of leadiq and leadfeeder goes in batches; leadiq tells no cost, leadfeeder's credits are shared.
    provider: str = "leadleap"
    step: str = "unlock"  # or validate_emails, which goes in batches
    rows: int = 3
    processes: int = 1
    threads: int = 1
    users: int = 1
    kills: int = 0
    cancels: int = 0
    lost_locks: int = 0  # a process that lives is taken for dead, as when its session with PostgreSQL is cut
    two_recoveries: bool = False  # after a kill two processes try to recover at once
    batch_size: int = 1
    price: int = 1000  # the documented maximum
    cheaper: bool = False  # some cost less than the maximum
    repeat: str = "free"  # "free", "window" (free for a day) or "paid"
    reports_cost: bool = True
    credits: int | None = None  # what the account has; None is plenty
    foreign: bool = False  # somebody else uses the same account
    tight: bool = False  # approvals are smaller than the work
    user_day: int | None = None  # a ceiling for each user and day
    faults: tuple[str, ...] = ()
    fault_rate: float = 0.0
    store_fault_rate: float = 0.0
    inside_transactions: bool = False  # others may go on, and kills may fall, between two statements
    reads_through: bool = False  # each process looks for damage first, as it does outside
    joins: bool = False  # the enriched frames are made and compared, too

    @classmethod
    def of(cls, seed: int) -> Schedule:
        """The schedule that a seed stands for."""
        rng = random.Random(f"{seed}/schedule")
        drawn = random.Random(f"{seed}/provider of").random()
        provider = "leadiq" if drawn < 0.25 else "leadfeeder" if drawn < 0.42 else "leadleap"
        shared = 0.5 if provider == "leadfeeder" else 0.15  # there, what others spend is what hurts
        step = rng.choice(("unlock", "unlock", "validate_emails" if provider == "leadleap" else "unlock"))
        repeat = rng.choice(("free", "free", "paid", "window"))
        rows = rng.choice((2, 3, 3, 4, 4, 5, 8))  # what two can spoil, eight seldom show more of
        price = rng.choice((100, 1000, 1000, 3000))
        tight = rng.random() < 0.4
        share = rng.choice((0.05, 0.15, 0.3, 0.5))
        faults = tuple(fault for fault in FAULTS if rng.random() < share)
        if repeat != "free":
            faults = tuple(fault for fault in faults if fault != "delivered_twice")
        return cls(
            seed=seed,
            provider=provider,
            step=step,
            rows=rows,
            processes=rng.randint(1, 3),
            threads=rng.choice((1, 1, 2, 3)),
            users=rng.randint(1, 3),
            kills=rng.choice((0, 1, 1, 2, 3)),
            cancels=rng.choice((0, 0, 0, 1)),
            lost_locks=random.Random(f"{seed}/locks").choice((0, 0, 0, 0, 1, 2)),
            two_recoveries=rng.random() < 0.3,
            batch_size=1 if step == "unlock" and provider == "leadleap" else rng.randint(1, 4),
            price=price,
            cheaper=rng.random() < 0.3,
            repeat=repeat,
            reports_cost=rng.random() < 0.7,
            credits=rng.randint(0, rows) * price if rng.random() < shared else None,
            foreign=rng.random() < max(shared, 0.3),
            tight=tight,
            user_day=rng.randint(1, rows) * price if rng.random() < 0.15 else None,
            faults=faults,
            fault_rate=rng.choice((0.1, 0.3, 0.6)),
            store_fault_rate=rng.choice((0.01, 0.04)),
            inside_transactions=rng.random() < 0.3,
            joins=rng.random() < 0.02,
            reads_through=rng.random() < 0.2,
        )

    def has(self, fault: str) -> bool:
        return fault in self.faults

    def simpler(self) -> Iterator[Schedule]:
        """Schedules with a little less in them, the largest cuts first. For shrinking a failure."""
        quiet: dict[str, Any] = {
            "processes": 1,
            "threads": 1,
            "users": 1,
            "kills": 0,
            "cancels": 0,
            "lost_locks": 0,
            "two_recoveries": False,
            "cheaper": False,
            "credits": None,
            "foreign": False,
            "tight": False,
            "user_day": None,
            "inside_transactions": False,
            "reads_through": False,
            "joins": False,
            "reports_cost": True,
            "batch_size": 1,
        }
        if self.faults:
            yield dataclasses.replace(self, faults=())
        for name, value in quiet.items():
            if getattr(self, name) != value:
                yield dataclasses.replace(self, **{name: value})
        for fault in self.faults:
            yield dataclasses.replace(self, faults=tuple(f for f in self.faults if f != fault))
        for name, least in (("rows", 1), ("processes", 1), ("threads", 1), ("kills", 0), ("batch_size", 1)):
            if getattr(self, name) > least:
                yield dataclasses.replace(self, **{name: getattr(self, name) - 1})

    def to_line(self) -> str:
        """The seed and whatever is not plain, so that a line means the same when the generator changes."""
        own, plain = dataclasses.asdict(self), dataclasses.asdict(Schedule(self.seed))
        changed = {name: value for name, value in own.items() if value != plain[name]}
        return f"{self.seed} {json.dumps(changed)}"

    @classmethod
    def from_line(cls, line: str) -> Schedule:
        """The schedule of a line; of a seed alone, what the seed stands for."""
        seed, _, changed = line.partition(" ")
        if not changed.strip():
            return cls.of(int(seed))
        values = json.loads(changed)
        return cls(int(seed), **{**values, "faults": tuple(values.get("faults", ()))})
