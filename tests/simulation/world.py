"""One schedule carried out: processes that plan, run, die and recover, on one ledger, with one provider."""

from __future__ import annotations

import functools
import random
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast
from unittest import mock

import pandas as pd

from leadkit import result
from leadkit.errors import ApprovalError, LedgerError, RunNotFoundError
from leadkit.ledger import Ledger
from leadkit.ledger.schema import FactState
from leadkit.money import credits_text, to_millicredits
from leadkit.plan import Plan, make_plan
from leadkit.providers.base import Operation
from leadkit.result import resume_run, run_plan
from leadkit.run import Outcome, Runner
from leadkit.workspace import Workspace
from tests.simulation.checker import Checker
from tests.simulation.disk import Disks
from tests.simulation.provider import DAY_SECONDS, Provider, entity_of
from tests.simulation.schedule import STORE_FAULTS, Schedule
from tests.simulation.scheduler import (
    Process,
    Scheduler,
    SimulatedThreading,
    SimulationError,
)
from tests.simulation.wire import Wire
from tests.simulation.workspace import SimulatedOwners, SimulatedWorkspace, operation_of


@dataclass(frozen=True)
class Product:
    """The code under test: the real thing, unless a test plants a bug in it."""

    ledger: type[Ledger] = Ledger
    runner: type[Runner] = Runner
    operation: Callable[[Operation], Operation] = lambda operation: operation
    tables: Callable[[Any], None] | None = None  # changes a fresh ledger's tables
    seams: Mapping[str, Any] = field(default_factory=dict)  # name → what stands in for it


@dataclass
class Report:
    """What became of a schedule."""

    schedule: Schedule
    failure: str = ""
    trace: list[str] = field(default_factory=list)
    digest: str = ""
    steps: int = 0
    kills: int = 0
    requests: int = 0
    charges: int = 0


def simulate(
    schedule: Schedule, disks: Disks, product: Product | None = None, *, keep_trace: bool = False
) -> Report:
    """Carry out a schedule, and say what was wrong with it, if anything was.

    The trace is kept if something was, or if ``keep_trace`` says so: thousands of them would fill the memory.
    """
    world = World(schedule, disks, product or Product())
    report = Report(schedule)
    with world.seams():
        try:
            world.storm()
            world.calm()
        except SimulationError as error:
            report.failure = str(error)
        finally:
            world.scheduler.bury()
    if report.failure or keep_trace:
        report.trace = world.scheduler.trace
    report.digest = world.scheduler.digest()
    report.steps = world.scheduler.steps
    report.kills = sum(process.killed for process in world.scheduler.processes)
    report.requests = world.provider.paid_requests
    report.charges = len(world.provider.charges)
    return report


class World:
    """The processes of one schedule and what they share."""

    def __init__(self, schedule: Schedule, disks: Disks, product: Product) -> None:
        seed = schedule.seed
        self.schedule = schedule
        self.product = product
        self.rng = random.Random(f"{seed}/world")
        self.scheduler = Scheduler(random.Random(f"{seed}/scheduler"))
        self.scheduler.on_kill = self._recover
        self.provider = Provider(schedule, random.Random(f"{seed}/provider"))
        self.disks = disks
        self.disk = disks.fresh(self.scheduler, schedule, random.Random(f"{seed}/disk"), product.tables)
        self.checker = Checker(schedule, self.provider, self.disk.books, self.scheduler.fail)
        self.wire = Wire(schedule, self.scheduler, self.provider, random.Random(f"{seed}/wire"), self.checker)
        self.operation = product.operation(operation_of(schedule))
        self.keys = [entity_of(schedule, n) for n in range(schedule.rows)]
        self.owners = SimulatedOwners(self.scheduler)
        self._names = 0
        self._runs: dict[Process, str] = {}
        self._without_lock: set[Process] = set()

    def seams(self) -> ExitStack:
        """What the product is given in place of threads, random names and the join of large frames."""
        stack = ExitStack()
        threads = SimulatedThreading(self.scheduler)
        for target, stand_in in {
            "leadkit.run.threading": threads,
            "leadkit.pace.threading": threads,
            "leadkit.ledger.transactions.threading": threads,
            "leadkit.recorded.secrets": SimpleNamespace(token_hex=self._name),
            "leadkit.recorded.Runner": functools.partial(self.product.runner, threads=self.schedule.threads),
            "leadkit.result.join": self._join,
            **self.product.seams,
        }.items():
            stack.enter_context(mock.patch(target, stand_in))
        return stack

    # -- the storm: everything at once -----------------------------------------------------------------------

    def storm(self) -> None:
        """All processes, kills and faults of the schedule."""
        schedule = self.schedule
        self.scheduler.kills_left = schedule.kills
        self.scheduler.kill_rate = self.rng.choice((0.005, 0.02, 0.06))
        for n in range(schedule.processes):
            keys = list(self.keys)
            self.rng.shuffle(keys)
            keys = keys[: self.rng.randint(max(1, len(keys) // 2), len(keys))]
            self._start(f"p{n}", self._buyer(keys, self._approved(len(keys))))
        self._start_troublemakers()
        self.scheduler.run()

    def _approved(self, keys: int) -> int:
        count = self.rng.randint(0, max(keys - 1, 0)) if self.schedule.tight else keys
        return count * self.schedule.price

    def _start_troublemakers(self) -> None:
        jumps = [3600.0] * self.schedule.has("hour_jumps") + [DAY_SECONDS] * self.schedule.has("day_jumps")
        if jumps:
            self._start("time", lambda: self._jump(jumps))
        if self.schedule.lost_locks:
            self._start("locks", self._lose_locks)

    def _lose_locks(self) -> None:
        """A process goes on after its lock is gone, and somebody else takes it for dead and its run over."""
        for _ in range(self.schedule.lost_locks):
            self.scheduler.pause("sleeps", seconds=self.rng.choice((0.1, 0.5, 2.0, 10.0)))
            if living := self.owners.living():
                owner, process = self.rng.choice(living)
                self.scheduler.note(process, "has lost its lock and does not know it")
                self.owners.release(owner)
                self._without_lock.add(process)
                self._recover(process)

    def _jump(self, jumps: Sequence[float]) -> None:
        for _ in range(4):
            self.scheduler.pause("sleeps", seconds=self.rng.choice((0.3, 3.0, 60.0)))
            self.scheduler.skew += self.rng.choice((-1, 1)) * self.rng.choice(jumps)
            task = self.scheduler.task
            assert task is not None
            self.scheduler.note(task.process, f"the clock on the wall is wrong by {self.scheduler.skew:g} s")
            if self.rng.random() < 0.3:
                # Time really passes, too, as it does between an evening and the next morning.
                self.scheduler.pause("sleeps long", seconds=self.rng.choice((3600.0, 25 * 3600.0)))

    def _recover(self, dead: Process) -> None:
        """Somebody sees that the process is gone, and goes on with its run, or starts anew."""
        run_id = self._runs.get(dead)
        if dead.name in ("time", "locks"):
            return
        for n in range(2 if self.schedule.two_recoveries else 1):
            wait = self.rng.choice((0.0, 1.0, 600.0, 25 * 3600.0))
            body = self._resumer(run_id, wait) if run_id and self.rng.random() < 0.7 else None
            if body is None:
                keys = list(self.keys)
                self.rng.shuffle(keys)
                body = self._buyer(keys, self._approved(len(keys)), wait)
            self._start(f"{dead.name}{'ab'[n]}", body)

    # -- the calm: no faults, one pass, and then nothing is left to do ---------------------------------------

    def calm(self) -> None:
        """I7 and I5."""
        self.checker.look_at_days("after the storm")
        self.wire.failing = self.disk.failing = False
        self.scheduler.kills_left = 0
        self.provider.credits = None
        for (run_id,) in self.disk.books.execute(_UNFINISHED).fetchall():
            self._alone(f"+{run_id}", self._resumer(run_id, 0.0))
        ample = len(self.keys) * self.schedule.price
        self._alone("calm", self._buyer(self.keys, ample))
        if self.schedule.provider == "leadfeeder":  # what a batch leaves out, the next run asks for
            self._alone("calm2", self._buyer(self.keys, ample))
        self.checker.all_settled(self.keys)
        before = self.provider.paid_requests, len(self.provider.charges), self.checker.answers()
        frame = self._frame
        self._alone("again", self._buyer(self.keys, ample))
        after = self.provider.paid_requests, len(self.provider.charges), self.checker.answers()
        if after != before:
            self.scheduler.fail(
                f"I5: the same again sent or changed something: {before[:2]}, then {after[:2]}"
            )
        if frame is not None and self._frame is not None:
            values = [column.name for column in self.operation.columns]
            if not frame[values].equals(self._frame[values]):
                self.scheduler.fail("I5: the same again gave other values")

    def _alone(self, name: str, body: Callable[[], None]) -> None:
        self._start(name, body)
        self.scheduler.run()

    # -- what a process does ---------------------------------------------------------------------------------

    def _start(self, name: str, body: Callable[[], None]) -> None:
        process = self.scheduler.start(name, lambda: self._guarded(body))
        process.on_death.append(lambda: self.owners.died(process))

    def _guarded(self, body: Callable[[], None]) -> None:
        """I19: a program ends by itself or with an error that leadkit raises on purpose."""
        try:
            body()
        except LedgerError as error:
            if not set(STORE_FAULTS) & set(self.schedule.faults):
                self.scheduler.fail(f"a sound ledger was refused: {error}")
            self.scheduler.note(self._process, f"gives up: {error}")
        except (ApprovalError, RunNotFoundError) as error:
            self.scheduler.note(self._process, f"is refused: {error}")
        except Exception as error:
            self.scheduler.fail(f"I19: {type(error).__name__} came out: {error}")

    def _buyer(self, keys: Sequence[str], approved: int, wait: float = 0.0) -> Callable[[], None]:
        def body() -> None:
            if wait:
                self.scheduler.pause("is started later", seconds=wait)
            workspace = self._workspace()
            plan = plan_of(keys, self.operation, workspace, self.schedule)
            joined: Any = run_plan(  # our own join gives these two
                plan,
                at_most=credits_text(approved),
                progress=None,
                cancel=self._cancel(),
                approval=None,
                context={},
            )
            run_id, outcome = joined
            self._ended(run_id, plan.keys_to_buy, outcome)

        return body

    def _resumer(self, run_id: str, wait: float) -> Callable[[], None]:
        def body() -> None:
            if wait:
                self.scheduler.pause("is started later", seconds=wait)
            workspace = self._workspace()
            self._runs[self._process] = run_id
            _, outcome = resume_run(run_id, workspace, cancel=self._cancel())
            self._ended(run_id, workspace.ledger.run_keys(run_id), outcome)

        return body

    def _ended(self, run_id: str, keys: Sequence[str], outcome: Outcome) -> None:
        sizes = {
            "bought": len(outcome.bought),
            "known": len(outcome.known),
            "over budget": len(outcome.over_budget),
            "in doubt": len(outcome.in_doubt),
            "failed": len(outcome.failed),
            "not tried": len(outcome.not_tried),
        }
        said = ", ".join(f"{count} {name}" for name, count in sizes.items() if count)
        self.scheduler.note(self._process, f"{run_id}: {said}; {outcome.stopped or 'not stopped'}")
        if not self._cannot_know(run_id, outcome):
            self.checker.run_ended(self._process.name, run_id, keys, outcome)

    def _cannot_know(self, run_id: str, outcome: Outcome) -> bool:
        """Whether two go on with this run, as one was taken for dead; or this one was, and cannot read the ledger."""
        of_run = {process for process, its in self._runs.items() if its == run_id}
        if not of_run & self._without_lock:
            return False
        return len(of_run) > 1 or isinstance(outcome.stopped, LedgerError)

    @property
    def _process(self) -> Process:
        task = self.scheduler.task
        assert task is not None
        return task.process

    def _workspace(self) -> SimulatedWorkspace:
        return SimulatedWorkspace(self, self._process)

    def _cancel(self) -> threading.Event | None:
        if not self.schedule.cancels or not self.wire.failing or self.rng.random() < 0.5:
            return None
        cancel = threading.Event()
        seconds = self.rng.choice((0.1, 1.0, 5.0))
        self._start("user", lambda: self._press(cancel, seconds))
        return cancel

    def _press(self, cancel: threading.Event, seconds: float) -> None:
        self.scheduler.pause("sleeps", seconds=seconds)
        cancel.set()

    def _name(self, size: int) -> str:
        """Stands in for ``secrets.token_hex``: runs and approvals are named in turn."""
        self._names += 1
        if size == 4:
            self._runs[self._process] = f"r{self._names:03d}"
        return f"r{self._names:03d}"

    def _join(self, plan: Plan, run_id: str, outcome: Outcome) -> tuple[str, Outcome]:
        if self.schedule.joins:
            self._frame = _real_join(plan, run_id, outcome).frame
        return run_id, outcome

    _frame: pd.DataFrame | None = None


_real_join = result.join
_UNFINISHED = "SELECT id FROM runs WHERE state <> 'done' ORDER BY id"


def plan_of(keys: Sequence[str], operation: Operation, workspace: Workspace, schedule: Schedule) -> Plan:
    """A plan to buy ``keys``, one row for each: made by the product where frames are joined.

    Elsewhere it only has what :func:`leadkit.result.run_plan` asks of a plan, which saves most of the time.
    """
    if schedule.joins:
        frame = pd.DataFrame({"Key": list(keys)})
        return make_plan(frame, schedule.step, {operation.takes: "Key"}, workspace=workspace)
    stand_in = SimpleNamespace(
        workspace=workspace,
        operation=operation,
        approve=to_millicredits,
        keys=list(keys),
        keys_to_buy=list(keys),
        hash="",
        fresh_after={FactState.FOUND: 0, FactState.NOT_FOUND: 0},
        preview_first=False,
        preview=SimpleNamespace(to_dict=dict),
    )
    return cast("Plan", stand_in)
