"""How much of an allowed rate is used, and how many requests are turned away.

    python tests/benchmarks/pace.py            # the matrix, in simulated time, and real runs over loopback
    python tests/benchmarks/pace.py --no-real  # the matrix alone

The servers count in different ways and may or may not say so in headers. The share is what was accepted, of all that
the server would have accepted from a client that knew its window by heart. Refusals count after the first window.
"""

from __future__ import annotations

import argparse
import heapq
import http.server
import itertools
import math
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Protocol

from leadkit.clock import SystemClock
from leadkit.ledger import FileOwners
from leadkit.ledger.shared_pace import SharedState, open_pace_file
from leadkit.pace import MemoryState, Pace, PaceState, Window
from leadkit.providers.base import RateLimit, Request
from leadkit.rate_headers import read_rate_headers
from leadkit.settings import Settings
from leadkit.transport import Transport

WINDOWS = 40
THREADS = 8
UNIX = 1_800_000_000.37  # the servers' clocks, where the client's shows 0


class Server(Protocol):
    limit: int
    seconds: float

    def count(self, now: float) -> bool: ...
    def left(self, now: float) -> int: ...
    def resets_at(self, now: float) -> float: ...
    def most(self, start: float, end: float) -> float: ...


@dataclass
class Fixed:
    """``limit`` in each window; windows began at ``phase``."""

    limit: int
    seconds: float
    phase: float = 0.0
    window: int = -1
    used: int = 0

    def _turn(self, now: float) -> None:
        window = math.floor((now + self.phase) / self.seconds)
        if window != self.window:
            self.window, self.used = window, 0

    def count(self, now: float) -> bool:
        self._turn(now)
        accepted = self.used < self.limit
        self.used += accepted
        return accepted

    def left(self, now: float) -> int:
        self._turn(now)
        return self.limit - self.used

    def resets_at(self, now: float) -> float:
        return (self.window + 1) * self.seconds - self.phase

    def most(self, start: float, end: float) -> float:
        first, last = (math.floor((t + self.phase) / self.seconds) for t in (start, end - 1e-9))
        return (last - first + 1) * self.limit


@dataclass
class Sliding:
    """``limit`` in the last ``seconds``, at every moment."""

    limit: int
    seconds: float
    log: deque[float] = field(default_factory=deque)

    def _turn(self, now: float) -> None:
        while self.log and self.log[0] <= now - self.seconds:
            self.log.popleft()

    def count(self, now: float) -> bool:
        self._turn(now)
        accepted = len(self.log) < self.limit
        if accepted:
            self.log.append(now)
        return accepted

    def left(self, now: float) -> int:
        self._turn(now)
        return self.limit - len(self.log)

    def resets_at(self, now: float) -> float:
        return (self.log[0] if self.log else now) + self.seconds

    def most(self, start: float, end: float) -> float:
        return math.ceil((end - start) / self.seconds) * self.limit


@dataclass
class Bucket:
    """``limit`` tokens at most, refilled evenly; ``next_token``: the reset is the next token, not the full bucket."""

    limit: int
    seconds: float
    next_token: bool = False
    tokens: float = -1.0
    at: float = 0.0

    def _turn(self, now: float) -> None:
        if self.tokens < 0:
            self.tokens = self.limit
        self.tokens = min(self.limit, self.tokens + (now - self.at) * self.limit / self.seconds)
        self.at = now

    def count(self, now: float) -> bool:
        self._turn(now)
        accepted = self.tokens >= 1
        self.tokens -= accepted
        return accepted

    def left(self, now: float) -> int:
        self._turn(now)
        return int(self.tokens)

    def resets_at(self, now: float) -> float:
        missing = 1 - self.tokens % 1 if self.next_token else self.limit - self.tokens
        return now + missing * self.seconds / self.limit

    def most(self, start: float, end: float) -> float:
        return self.limit + (end - start) * self.limit / self.seconds


@dataclass(frozen=True)
class Result:
    share: float
    refused: int
    refused_first: int


class _SimulatedClock(SystemClock):
    """Shows what the simulation sets."""

    seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds


def headers_of(server: Server, now: float, rounded: str) -> dict[str, str]:
    reset = server.resets_at(now) + UNIX
    text = {"down": f"{math.floor(reset)}", "up": f"{math.ceil(reset)}", "exact": f"{reset:.3f}"}[rounded]
    return {
        "x-ratelimit-limit": str(server.limit),
        "x-ratelimit-remaining": str(max(0, server.left(now))),
        "x-ratelimit-reset": text,
        "date": formatdate(math.floor(now + UNIX), usegmt=True),
    }


def simulate(
    server: Server,
    *,
    latency: float,
    headers: bool,
    rounded: str = "down",
    threads: int = THREADS,
    windows: int = WINDOWS,
    others: float = 0.0,
    processes: int = 1,
    seed: int = 1,
) -> Result:
    """Run threads against a server in simulated time.

    Several ``processes`` have ``threads`` each, and share their count through a real database file.

    ``latency`` from sending to answer, in seconds, ±20 %; ``rounded``: how the server writes the reset, as whole
    seconds ``"down"`` or ``"up"``, or ``"exact"``; ``others``: what share of the limit somebody else uses.
    """
    rng = random.Random(seed)
    clock, documented = _SimulatedClock(), RateLimit(server.limit, server.seconds, "this benchmark")
    folder = tempfile.TemporaryDirectory()
    states: list[PaceState] = [MemoryState(documented)]
    if processes > 1:
        engines = [open_pace_file(Path(folder.name) / "pace.sqlite") for _ in range(processes)]
        owners = FileOwners(Path(folder.name) / "locks")
        states = [SharedState(engine, "simulated", "key", documented, clock, owners) for engine in engines]
    end = windows * server.seconds
    order = itertools.count()
    events: list[tuple[float, int, str, tuple[Any, ...]]] = []

    def at(when: float, what: str, *args: Any) -> None:
        heapq.heappush(events, (when, next(order), what, args))

    for state in states * threads:
        at(0.0, "ask", state)
    foreign = 0
    if others:
        at(rng.random() * server.seconds, "other")
    accepted = refused = refused_first = 0
    while events:
        now, _, what, args = heapq.heappop(events)
        if now >= end:
            break
        clock.seconds = now
        if what == "ask":
            number, wait = args[0].change(lambda window: window.take(clock.seconds))
            if number is None:
                at(now + wait, "ask", *args)
            else:
                there = latency * rng.uniform(0.4, 0.6)
                at(now + there, "arrive", *args, number)
        elif what == "arrive":
            ok = server.count(now)
            accepted += ok
            if not ok and now > server.seconds:
                refused += 1
            elif not ok:
                refused_first += 1
            told = headers_of(server, now, rounded) if headers else {}
            at(now + latency * rng.uniform(0.4, 0.6), "answer", *args, ok, told)
        elif what == "other":
            foreign += server.count(now)
            at(now + rng.expovariate(others * server.limit / server.seconds), "other")
        else:
            state, number, ok, told = args
            answer = partial(
                Window.answer, number=number, now=now, told=read_rate_headers(told), refused=not ok
            )
            state.change(answer)
            at(now if ok else now + 1.0, "ask", state)
    if processes > 1:
        for engine in engines:
            engine.dispose()
    folder.cleanup()
    return Result(accepted / (server.most(0.0, end) - foreign), refused, refused_first)


SERVERS: Mapping[str, Callable[[int, float], Server]] = {
    "fixed window": Fixed,
    "fixed, out of phase": lambda limit, seconds: Fixed(limit, seconds, 0.37 * seconds),
    "sliding window": Sliding,
    "bucket, reset = full": Bucket,
    "bucket, reset = next": lambda limit, seconds: Bucket(limit, seconds, next_token=True),
}
#: As the documents of the providers have them; only the first one sends X-RateLimit headers.
LIMITS = {"LeadLeap": (60, 60.0), "LeadIQ": (60, 60.0), "Leadfeeder": (10, 1.0), "Leadey": (120, 60.0)}
WITH_HEADERS = {"LeadLeap"}
LATENCIES = (0.003, 0.05, 0.2)
LEAST_SHARE = {True: 0.97, False: 0.95}  # with headers, without
PHASE = 0.3  # of a window: so much of a fixed one of the real server is over when the first request comes


def matrix() -> bool:
    """Print the simulated matrix; False when a share, or a count of refusals, misses its target."""
    good = True
    print(
        f"Simulated: {WINDOWS} windows, {THREADS} threads. Share of what the server would have accepted, and refusals"
    )
    print(
        "after the first window. The last columns: three processes that share the count through a database;"
    )
    print("and another user of the key, who sends at 0.3 of the limit.\n")
    latencies = "".join(f"{latency * 1000:>9.0f} ms  " for latency in LATENCIES)
    print(f"{'':<30}{'headers':<9}{latencies}{'50 ms, 3 processes':>20}{'50 ms, others':>20}")
    for provider, (limit, seconds) in LIMITS.items():
        headers = provider in WITH_HEADERS
        for name, make in SERVERS.items():
            cells = []
            for latency, processes in [*((latency, 1) for latency in LATENCIES), (0.05, 3)]:
                result = simulate(make(limit, seconds), latency=latency, headers=headers, processes=processes)
                met = result.share >= LEAST_SHARE[headers] and not (headers and result.refused)
                good &= met
                cells.append(f"{result.share:>8.3f} {result.refused:>3}{' ' if met else '!'}")
            shared = simulate(make(limit, seconds), latency=0.05, headers=headers, others=0.3)
            cells.append(f"{shared.share:>14.3f} {shared.refused:>4}")
            print(f"{provider:<11}{name:<22}{'yes' if headers else 'no':<6}{' '.join(cells)}")
    return good


class _RealServer(http.server.ThreadingHTTPServer):
    """Counts real requests and answers after 30 ms: in fixed windows out of phase, or strictly and in silence."""

    request_queue_size = 64

    def __init__(self, limit: int, seconds: float, *, headers: bool) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.count: Server = (
            Fixed(limit, seconds, phase=PHASE * seconds) if headers else Sliding(limit, seconds)
        )
        self.headers = headers
        self.lock = threading.Lock()
        self.started: float | None = None  # when the first request came
        self.refusals: list[float] = []
        self.accepted = 0


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _RealServer

    def do_GET(self) -> None:
        with self.server.lock:
            self.server.started = self.server.started or time.monotonic()
            now = time.monotonic() - self.server.started
            ok = self.server.count.count(now)
            self.server.accepted += ok
            if not ok:
                self.server.refusals.append(now)
            left, resets_in = self.server.count.left(now), self.server.count.resets_at(now) - now
        time.sleep(0.03)
        unix = time.time()
        head = [
            f"HTTP/1.1 {200 if ok else 429} .",
            "Content-Length: 0",
            f"Date: {formatdate(unix, usegmt=True)}",
        ]
        if self.server.headers:
            head += [
                f"X-RateLimit-Limit: {self.server.count.limit}",
                f"X-RateLimit-Remaining: {left}",
                f"X-RateLimit-Reset: {unix - 0.03 + resets_in:.3f}",
            ]
        self.wfile.write("\r\n".join([*head, "", ""]).encode())

    def log_message(self, *args: object) -> None:
        pass


class _Plain:
    name, title, key_name = "plain", "Plain", "PLAIN_API_KEY"
    hosts: ClassVar = {"api": "https://api.example.com"}
    host_overrides: ClassVar = {"api": "LEADKIT_LEADLEAP_URL"}

    def headers(self, key: str, host: str) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {key}"}


def client(url: str, state_file: str, limit: int, seconds: float) -> None:
    """One process of a real run: says when it is ready, starts at a line on its input, and ends with the input."""
    clock = SystemClock()
    settings = Settings.from_environment({"PLAIN_API_KEY": "benchmark", "LEADKIT_LEADLEAP_URL": url})
    transport = Transport(_Plain(), settings, clock=clock)  # type: ignore[arg-type] # sells nothing
    documented = RateLimit(limit, seconds, "this benchmark")
    owners = FileOwners(Path(state_file).parent / "locks")
    state = SharedState(open_pace_file(Path(state_file)), "plain", "benchmark", documented, clock, owners)
    pace, stop = Pace(documented, clock, state), threading.Event()

    def work() -> None:
        while pace.acquire(stop):
            response = transport.send(Request("GET", "/"))
            pace.learn(response.headers, response.status)
            if response.status == 429:
                stop.wait(1.0)

    workers = [threading.Thread(target=work) for _ in range(THREADS)]
    print("ready", flush=True)
    sys.stdin.readline()
    for worker in workers:
        worker.start()
    sys.stdin.read()
    stop.set()
    for worker in workers:
        worker.join()
    transport.close()


def real_run(
    *, processes: int, headers: bool, limit: int = 40, seconds: float = 3.0, windows: int = 5
) -> Result:
    """The same over real sockets and real time, by processes that share a state, with a window made short."""
    server = _RealServer(limit, seconds, headers=headers)
    # Where a fixed window ends: one that has begun may still be used.
    end = (windows - PHASE * headers) * seconds
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as folder:
        arguments = [
            f"http://127.0.0.1:{server.server_port}",
            f"{folder}/pace.sqlite",
            f"{limit}",
            f"{seconds}",
        ]
        environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
        clients = [
            subprocess.Popen(
                [sys.executable, __file__, "--client", *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=environ,
            )
            for _ in range(processes)
        ]
        try:
            for one in clients:
                assert one.stdout is not None
                assert one.stdout.readline() == b"ready\n"
            for one in clients:
                assert one.stdin is not None
                one.stdin.write(b"go\n")
                one.stdin.flush()
            while server.started is None:
                time.sleep(0.01)
            time.sleep(server.started + end - time.monotonic())
            accepted, refusals = server.accepted, list(server.refusals)
        finally:
            for one in clients:
                one.communicate()
            server.shutdown()
            server.server_close()
    share = accepted / server.count.most(0.0, end)
    late = sum(at > seconds for at in refusals)
    return Result(share, late, len(refusals) - late)


def real_runs() -> bool:
    """Print the runs in real time; False when one misses its target."""
    good = True
    print("\nReal, over loopback at 30 ms: fixed windows out of phase with headers, sliding ones without.")
    print("Share, refusals after the first window, and in it.\n")
    for limit, seconds, windows in ((40, 3.0, 5), (10, 1.0, 20)):
        for processes, headers in itertools.product((1, 3), (True, False)):
            result = real_run(
                processes=processes, headers=headers, limit=limit, seconds=seconds, windows=windows
            )
            met = result.share >= LEAST_SHARE[headers] and not (headers and result.refused)
            good &= met
            told = "headers" if headers else "no headers"
            print(
                f"{limit} in {seconds:g} s, {windows:>2} windows, processes: {processes}, {told:<10}"
                f"{result.share:>8.3f} {result.refused:>3} {result.refused_first:>3}{'' if met else ' !'}"
            )
    return good


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--no-real", action="store_true", help="leave out the runs in real time (3 min)")
    parser.add_argument("--client", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.client:
        url, state_file, limit, seconds = options.client
        client(url, state_file, int(limit), float(seconds))
        return 0
    good = matrix()
    if not options.no_real:
        good &= real_runs()
    print("\nAll targets met." if good else "\nA target is missed, see the marks.")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
