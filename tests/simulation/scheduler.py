"""One operating system's thread, virtual time, and a seeded choice of who goes on.

A simulated process is a set of greenlets that run the product's own, blocking code. Wherever that code would
wait, send or touch the disk it comes here, and the scheduler picks who goes on. A killed process is simply
never resumed: none of its ``finally`` blocks runs.
"""

from __future__ import annotations

import hashlib
import math
import random
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from greenlet import GreenletExit, getcurrent, greenlet

STARTED = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
#: Far more than any schedule needs: one that takes longer goes round in circles.
MOST_STEPS = 60_000


class SimulationError(AssertionError):
    """The schedule showed something that must never be."""


class Task:
    """A thread of a simulated process."""

    def __init__(self, process: Process, body: Callable[[], None]) -> None:
        self.process = process
        self.wake_at = 0.0
        self.ready: Callable[[], bool] | None = None
        self.locks_held = 0
        self.latest = math.inf  # when it goes on at the latest
        self.naps = 0  # since it last sent something
        self.done = False
        self.greenlet = greenlet(lambda: self._run(body), parent=process.scheduler.main)

    def _run(self, body: Callable[[], None]) -> None:
        try:
            body()
        except Exception as error:  # a thread that dies of an error, as the product sees it
            self.process.errors.append(error)
        finally:
            self.done = True


class Process:
    """A simulated process: its threads, and what dies with it."""

    def __init__(self, scheduler: Scheduler, name: str, body: Callable[[], None]) -> None:
        self.scheduler = scheduler
        self.name = name
        self.alive = True
        self.killed = False
        self.errors: list[Exception] = []
        self.on_death: list[Callable[[], None]] = []
        self.started = scheduler.now
        self.tasks = [Task(self, body)]

    def end(self) -> None:
        """What the operating system does for a process that is gone: drop its locks and connections."""
        self.alive = False
        for action in self.on_death:
            action()


class Scheduler:
    """Picks who goes on. Everything that happens is written to ``trace``."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.now = 0.0  # seconds of virtual time
        self.skew = 0.0  # by how much the clock on the wall is wrong, in seconds
        self.steps = 0
        self.trace: list[str] = []
        self.processes: list[Process] = []
        self.kills_left = 0
        self.kill_rate = 0.0
        self.on_kill: Callable[[Process], None] = lambda process: None
        self.failure: SimulationError | None = None
        self._over = False
        self._tasks: dict[greenlet, Task] = {}
        self.main = getcurrent()

    # -- called from inside the simulated processes ---------------------------------------------------------

    @property
    def task(self) -> Task | None:
        """Who is going on; None for the simulation itself."""
        return self._tasks.get(getcurrent())

    def pause(
        self,
        what: str,
        *,
        seconds: float = 0.0,
        ready: Callable[[], bool] | None = None,
        within: float = math.inf,
    ) -> None:
        """Let others go on; come back after ``seconds`` of virtual time, or as soon as ``ready`` says so.

        ``within`` bounds how much time may pass until then.
        """
        task = self.task
        if self._over:
            raise GreenletExit
        if task is None:
            return
        if task.locks_held:
            self.fail(f"{task.process.name} {what} and holds a lock that others need")
        task.wake_at, task.ready, task.latest = self.now + seconds, ready, self.now + within
        self.note(task.process, what)
        self.main.switch()

    def fail(self, what: str) -> None:
        """End the schedule here: whoever is going on never comes back."""
        error = SimulationError(what)
        if self._over:  # being unwound; nobody waits for what it says
            raise GreenletExit
        if self.task is None:
            raise error
        self.failure = error
        self.main.switch()

    def note(self, process: Process, what: str) -> None:
        self.trace.append(f"{self.now:10.2f} {process.name:<4} {what}")

    def start(self, name: str, body: Callable[[], None]) -> Process:
        process = Process(self, name, body)
        self.processes.append(process)
        self._tasks[process.tasks[0].greenlet] = process.tasks[0]
        self.note(process, "starts")
        return process

    def start_thread(self, body: Callable[[], None]) -> Task:
        own = self.task
        assert own is not None
        task = Task(own.process, body)
        task.wake_at = self.now
        own.process.tasks.append(task)
        self._tasks[task.greenlet] = task
        return task

    # -- called by the simulation ---------------------------------------------------------------------------

    def run(self) -> None:
        """Go on until every process has ended or was killed."""
        while alive := [p for p in self.processes if p.alive]:
            self.steps += 1
            if self.steps > MOST_STEPS:
                self.fail(f"after {MOST_STEPS:,} steps the schedule has not come to its end")
            able, later, now = [], math.inf, self.now
            for process in alive:
                for task in process.tasks:
                    if task.done:
                        continue
                    if task.wake_at <= now or (task.ready is not None and task.ready()):
                        able.append(task)
                    if now < task.wake_at < later:
                        later = task.wake_at
            if not able and later == math.inf:
                self.fail("everybody waits for somebody else")
            if any(task.latest < later for task in able):
                later = math.inf
            if not able or (later < math.inf and self.rng.random() < 0.1):
                self.now = later
                continue
            self._resume(self.rng.choice(able))
            if self.failure is not None:
                raise self.failure

    def kill(self, process: Process) -> None:
        self.note(process, "is killed")
        process.killed = True
        process.end()
        self.on_kill(process)

    def _resume(self, task: Task) -> None:
        process = task.process
        if self.kills_left and self.rng.random() < self.kill_rate:
            self.kills_left -= 1
            self.kill(process)
            return
        task.wake_at, task.ready = math.inf, None
        task.greenlet.switch()
        if process.alive and all(one.done for one in process.tasks):
            self.note(process, "ends")
            process.end()

    def digest(self) -> str:
        """Equal for two runs of one seed, if nothing outside the seed had a say."""
        return hashlib.sha256("\n".join(self.trace).encode()).hexdigest()

    def bury(self) -> None:
        """Unwind what was killed, after everything was looked at. What it still does changes nothing."""
        self._over = True
        for task in list(self._tasks.values()):
            # Not GreenletExit's own way: a finally block may raise something else on the way out.
            with suppress(BaseException):
                task.greenlet.throw(GreenletExit)
        self._tasks.clear()


class SimulatedClock:
    """The clock of one simulated process. Its time of day may be wrong and may jump."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._started = scheduler.now - 1000.0

    def monotonic(self) -> float:
        return self._scheduler.now - self._started

    def now(self) -> datetime:
        return STARTED + timedelta(seconds=self._scheduler.now + self._scheduler.skew)

    def wait(self, seconds: float, until: threading.Event | None = None) -> bool:
        # Nobody is promised to be woken on the dot: who looks again and again comes less and less often.
        is_set = (lambda: False) if until is None else until.is_set
        if (task := self._scheduler.task) is not None:
            task.naps += 1
            seconds = max(seconds, 0.25 * task.naps)
        self._scheduler.pause("sleeps", seconds=seconds, ready=is_set)
        return is_set()


class SimulatedThreading:
    """Stands in for the module ``threading`` in the product's modules: threads are greenlets."""

    Event = threading.Event  # nobody waits on one here, except through the clock

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler

    def Thread(self, *, target: Callable[[], None], name: str = "", daemon: bool = False) -> Any:
        return _Thread(self._scheduler, target)

    def Lock(self) -> Any:
        return _Lock(self._scheduler)

    def Condition(self) -> Any:
        return _Condition(self._scheduler)

    def local(self) -> Any:
        return _Local()


class _Thread:
    def __init__(self, scheduler: Scheduler, target: Callable[[], None]) -> None:
        self._scheduler = scheduler
        self._target = target
        self._task: Task | None = None

    def start(self) -> None:
        self._task = self._scheduler.start_thread(self._target)

    def is_alive(self) -> bool:
        return self._task is not None and not self._task.done

    def join(self, timeout: float | None = None) -> None:
        while self.is_alive():
            self._scheduler.pause("waits for its thread", seconds=10.0, ready=lambda: not self.is_alive())
            if timeout is not None:
                return


class _Lock:
    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._held = False

    def __enter__(self) -> _Lock:
        while self._held:
            self._scheduler.pause("waits for a lock", seconds=math.inf, ready=lambda: not self._held)
        self._held = True
        return self

    def __exit__(self, *error: object) -> None:
        self._held = False


class _Condition:
    """Between two pauses nobody else goes on, so holding it needs no lock; pausing while holding it is refused."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._notified = 0

    def __enter__(self) -> _Condition:
        self._hold(1)
        return self

    def __exit__(self, *error: object) -> None:
        self._hold(-1)

    def wait(self, timeout: float | None = None) -> bool:
        seen = self._notified
        self._hold(-1)
        self._scheduler.pause(
            "waits for its threads",
            seconds=math.inf if timeout is None else max(timeout, 1.0),
            ready=lambda: self._notified != seen,
        )
        self._hold(1)
        return self._notified != seen

    def notify_all(self) -> None:
        self._notified += 1

    def _hold(self, change: int) -> None:
        if (task := self._scheduler.task) is not None:
            task.locks_held += change


class _Local:
    """What ``threading.local`` is, by greenlet."""

    def __init__(self) -> None:
        object.__setattr__(self, "_values", {})

    def __getattr__(self, name: str) -> Any:
        try:
            return self._values[id(getcurrent()), name]
        except KeyError:
            raise AttributeError(name) from None

    def __setattr__(self, name: str, value: Any) -> None:
        self._values[id(getcurrent()), name] = value
