"""What a simulated process gets in place of locks, settings and a network; what it decides is the product's."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from leadkit.ledger import Ledger, Owner
from leadkit.ledger.budget import Caps
from leadkit.pace import Pace
from leadkit.providers.base import Operation, Price, Repeat
from leadkit.providers.leadfeeder import Leadfeeder
from leadkit.providers.leadiq import LeadIQ
from leadkit.providers.leadleap import LeadLeap
from leadkit.workspace import Workspace
from tests.simulation.protocol import LeadfeederProtocol
from tests.simulation.provider import DAY_SECONDS
from tests.simulation.schedule import Schedule
from tests.simulation.scheduler import Process, Scheduler, SimulatedClock

if TYPE_CHECKING:
    from tests.simulation.world import World


class SimulatedOwners:
    """Owners whose lock is the life of their simulated process."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._number = 0
        self._alive: dict[str, Process] = {}

    def start(self) -> Owner:
        task = self._scheduler.task
        assert task is not None
        self._number += 1
        owner = f"o{self._number:03d}"
        self._alive[owner] = task.process
        return _Owner(self, owner)

    def alive(self, owner: str) -> bool:
        return owner in self._alive

    def living(self) -> list[tuple[str, Process]]:
        """Who holds a lock, and whose it is."""
        return list(self._alive.items())

    def moment(self) -> str:
        return repr(self._scheduler.now)

    def seconds_since(self, moment: str) -> float | None:
        return self._scheduler.now - float(moment)

    def died(self, process: Process) -> None:
        for owner in [owner for owner, its in self._alive.items() if its is process]:
            self.release(owner)

    def release(self, owner: str) -> None:
        self._alive.pop(owner, None)


class _Owner:
    def __init__(self, owners: SimulatedOwners, name: str) -> None:
        self.id = name
        self._owners = owners

    def release(self) -> None:
        self._owners.release(self.id)


class SimulatedWorkspace(Workspace):
    """A workspace whose wire, clock and disk are the simulation's; what it decides is the product's."""

    def __init__(self, world: World, process: Process) -> None:
        self._world = world
        self.clock = SimulatedClock(world.scheduler)
        self.user = f"user{sum(process.name.encode()) % world.schedule.users}"
        caps = Caps(user_day=world.schedule.user_day if world.wire.failing else None)  # none in the calm
        self._book = world.product.ledger(
            world.disks.engine, world.owners, self.clock, where="simulated", caps=caps
        )
        # No damage is simulated, and looking for it takes a tenth of the time.
        self._book._checked = not world.schedule.reads_through
        self._pace = Pace(world.operation.limit, self.clock)

    @property
    def ledger(self) -> Ledger:
        return self._book

    def provider(self, name: str) -> Any:
        return _PROVIDERS[name](self._world.operation)

    def send(self, provider: str) -> Any:
        return self._world.wire.send

    def read_prices(self, provider: str, *, before_buying: bool = False) -> None:
        """The schedule has them."""

    def pace(self, operation: Operation) -> Pace:
        return self._pace

    def _fingerprint(self, provider: str) -> str:
        return self.ledger.fingerprint("the key of the simulation")


class _OwnOperation:
    """The product's own decoding; the operation's price and repeat rule are the schedule's."""

    def __init__(self, operation: Operation) -> None:
        super().__init__()
        self._its = operation

    def operation(self, step: str, wants: Sequence[str] = ()) -> Operation:
        return self._its


class _LeadLeap(_OwnOperation, LeadLeap):
    pass


class _LeadIQ(_OwnOperation, LeadIQ):
    pass


class _Leadfeeder(_OwnOperation, Leadfeeder):
    def __init__(self, operation: Operation) -> None:
        super().__init__(operation)
        self.account_id = LeadfeederProtocol.account


_PROVIDERS = {"leadleap": _LeadLeap, "leadiq": _LeadIQ, "leadfeeder": _Leadfeeder}


def operation_of(schedule: Schedule) -> Operation:
    """The provider's operation, with the schedule's price, batch size and repeat rule."""
    exact = schedule.step == "validate_emails" and schedule.reports_cost and not schedule.cheaper
    provider: LeadLeap | LeadIQ | Leadfeeder = LeadLeap(
        validation_millicredits=schedule.price if exact else None
    )
    if schedule.provider == "leadiq":
        provider = LeadIQ()
        provider.use_prices({"Api": {"PersonEmail": schedule.price}}, "2026-03-02")
    if schedule.provider == "leadfeeder":
        provider = Leadfeeder(LeadfeederProtocol.account)
    return dataclasses.replace(
        provider.operation(schedule.step),
        batch_size=schedule.batch_size,
        price=Price(0, schedule.price // 2, schedule.price, source="the simulation"),
        repeat=Repeat(
            free=schedule.repeat != "paid",
            window_seconds=DAY_SECONDS if schedule.repeat == "window" else None,
            source="the simulation",
        ),
    )
