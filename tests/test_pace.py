"""Rate limits, in virtual time: the allowed rate is used, and nobody is turned away."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import random
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadkit.pace import MemoryState, Pace, Window, seconds_for
from leadkit.providers.base import RateLimit
from leadkit.rate_headers import RateHeaders, read_rate_headers, retry_after

T = TypeVar("T")

LIMIT = RateLimit(requests=60, seconds=60.0, source="a test")


class FakeClock:
    """Time that moves only when somebody waits, or by hand."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return datetime(2026, 3, 2, 9, 0, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def wait(self, seconds: float, until: threading.Event | None = None) -> bool:
        if until is None or not until.is_set():
            self.seconds += max(seconds, 0.0)
        return until is not None and until.is_set()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def _benchmark() -> ModuleType:
    """The servers and the simulation of the benchmark, which is a script."""
    path = Path(__file__).parent / "benchmarks" / "pace.py"
    spec = importlib.util.spec_from_file_location("pace_benchmark", path)
    assert spec
    assert spec.loader
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


benchmark = _benchmark()


def headers(remaining: int, *, limit: int = 60, resets_in: float = 60.0, now: float = 0.0) -> dict[str, str]:
    """What LeadLeap sends, on a server whose clock is not ours."""
    unix = 1_800_000_000 + now
    date = datetime.fromtimestamp(unix, UTC)
    return {
        "x-ratelimit-limit": str(limit),
        "x-ratelimit-remaining": str(remaining),
        "x-ratelimit-reset": str(int(unix + resets_in)),
        "date": date.strftime("%a, %d %b %Y %H:%M:%S GMT"),
    }


def send(
    pace: Pace, clock: FakeClock, told: Mapping[str, str], status: int = 200, latency: float = 0.1
) -> None:
    assert pace.acquire()
    clock.seconds += latency
    pace.learn(told, status)


# -- how much of the rate is used -------------------------------------------------------------------------------


@pytest.mark.parametrize("latency", [0.003, 0.05, 0.2])
@pytest.mark.parametrize("rounded", ["down", "up", "exact"])
@pytest.mark.parametrize("server", benchmark.SERVERS)
def test_with_headers_the_whole_rate_is_used_and_nobody_is_turned_away(
    server: str, rounded: str, latency: float
) -> None:
    result = benchmark.simulate(
        benchmark.SERVERS[server](60, 60.0), latency=latency, headers=True, rounded=rounded
    )
    assert result.share >= 0.97
    assert result.refused == 0


@pytest.mark.parametrize("latency", [0.003, 0.05, 0.2])
@pytest.mark.parametrize("limit", [(60, 60.0), (120, 60.0), (10, 1.0)])
@pytest.mark.parametrize("server", benchmark.SERVERS)
def test_without_headers_nearly_the_whole_rate_is_used(
    server: str, limit: tuple[int, float], latency: float
) -> None:
    result = benchmark.simulate(benchmark.SERVERS[server](*limit), latency=latency, headers=False)
    assert result.share >= 0.95
    assert result.refused <= 2


@pytest.mark.parametrize("server", ["fixed window", "fixed, out of phase", "sliding window"])
def test_a_key_shared_with_others_still_uses_what_they_leave(server: str) -> None:
    result = benchmark.simulate(benchmark.SERVERS[server](60, 60.0), latency=0.05, headers=True, others=0.3)
    assert result.share >= 0.99
    assert result.refused < 40, "less than one in each window"


@settings(deadline=None, max_examples=150)
@given(st.randoms(use_true_random=False), st.integers(1, 12), st.integers(1, 9))
def test_however_slow_the_answers_no_window_ever_holds_more_than_the_limit(
    rng: random.Random, limit: int, threads: int
) -> None:
    window = Window(limit, 10.0)
    there, back = 0.05, 0.05
    first, _ = window.take(0.0)
    assert first is not None
    window.answer(first, there + back, RateHeaders())  # the fastest there will be
    arrived = [there]
    free = [there + back] * threads
    flying: list[tuple[float, int, int]] = []
    for _ in range(120):
        now = min([*free, *(t for t, _, _ in flying)])
        for flight in [f for f in flying if f[0] <= now]:
            window.answer(flight[1], now, RateHeaders())
            flying.remove(flight)
            free[flight[2]] = now
        for thread in [i for i, t in enumerate(free) if t <= now]:
            number, wait = window.take(now)
            free[thread] = now + wait
            if number is not None:
                arrives = now + there + rng.random() ** 3 * 6
                arrived.append(arrives)
                done = arrives + back + rng.random() ** 3 * 6
                flying.append((done, number, thread))
                free[thread] = float("inf")
    arrived.sort()
    for early, late in zip(arrived, arrived[limit:], strict=False):
        assert late - early >= 10.0


# -- what the provider says -------------------------------------------------------------------------------------


def test_the_first_request_goes_alone_and_its_answer_shows_what_others_have_used(clock: FakeClock) -> None:
    window = Window(60, 60.0)
    number, _ = window.take(0.0)
    assert number is not None
    assert window.take(0.01)[0] is None
    window.answer(number, 0.1, read_rate_headers(headers(3)))
    assert [window.take(0.2)[0] is not None for _ in range(4)] == [True, True, True, False]


def test_a_first_answer_that_never_comes_does_not_hold_the_others_for_long() -> None:
    window = Window(60, 60.0)
    window.take(0.0)
    assert window.take(4.9)[0] is None
    assert window.take(5.0)[0] is not None


@pytest.mark.parametrize("without", ["", "x-ratelimit-reset", "x-ratelimit-remaining", "date"])
def test_a_lower_limit_in_the_headers_is_followed(clock: FakeClock, without: str) -> None:
    pace = Pace(LIMIT, clock)
    for used in range(1, 11):
        told = headers(10 - used, limit=10, resets_in=60 - clock.seconds, now=clock.seconds)
        told.pop(without, None)
        send(pace, clock, told)
    before = clock.seconds
    assert pace.acquire()
    assert clock.seconds - before >= 58


def test_a_higher_limit_for_the_same_window_is_followed(clock: FakeClock) -> None:
    pace = Pace(LIMIT, clock)
    for used in range(1, 201):
        send(pace, clock, headers(600 - used, limit=600, resets_in=60 - clock.seconds, now=clock.seconds))
    assert clock.seconds < 60


def test_a_limit_for_a_whole_day_is_not_taken_for_that_of_a_minute(clock: FakeClock) -> None:
    pace = Pace(LIMIT, clock)
    for used in range(1, 121):
        send(pace, clock, headers(5000 - used, limit=5000, resets_in=50_000, now=clock.seconds))
    assert clock.seconds >= 60


def test_a_429_that_says_there_is_room_slows_nobody_else_down(clock: FakeClock) -> None:
    pace = Pace(LIMIT, clock)
    send(pace, clock, headers(40), 429)
    before = clock.seconds
    assert pace.acquire()
    assert clock.seconds == before


def test_a_429_that_says_there_is_none_holds_everybody_until_the_reset(clock: FakeClock) -> None:
    pace = Pace(LIMIT, clock)
    send(pace, clock, headers(0, resets_in=30), 429)
    assert pace.acquire()
    assert 30 <= clock.seconds <= 33


def test_a_429_with_nothing_but_retry_after_holds_everybody_for_so_long(clock: FakeClock) -> None:
    pace = Pace(RateLimit(120, 60.0, "Leadey"), clock)
    send(pace, clock, {"retry-after": "17"}, 429)
    assert pace.acquire()
    assert 17 <= clock.seconds <= 19


def used_up(window: Window, now: float, *, resets_in: float) -> None:
    """Send all that the limit allows, each 0.1 s long."""
    for left in range(window.limit - 1, -1, -1):
        number, _ = window.take(now)
        assert number is not None
        window.answer(number, now + 0.1, read_rate_headers(headers(left, resets_in=resets_in, now=now)))


def test_after_a_reset_one_request_goes_ahead_and_the_others_follow_at_its_answer() -> None:
    window = Window(60, 60.0)
    used_up(window, 0.0, resets_in=20)
    assert window.take(19.9)[0] is None
    ahead, _ = window.take(23.0)
    assert ahead is not None
    number, wait = window.take(23.0)
    assert number is None
    assert wait < 0.05
    window.answer(ahead, 23.1, read_rate_headers(headers(59, now=23)))
    assert all(window.take(23.1)[0] is not None for _ in range(59))
    assert window.take(23.1)[0] is None


def test_an_answer_from_before_the_reset_does_not_fill_the_new_window() -> None:
    window = Window(60, 60.0)
    used_up(window, 0.0, resets_in=20)
    late, _ = window.take(22.1)
    assert late is not None
    window.reset_at = 27.0
    ahead, _ = window.take(27.2)  # it waited for the late one as long as it should
    assert ahead is not None
    window.answer(ahead, 27.3, read_rate_headers(headers(58, now=27)))
    window.answer(late, 27.4, read_rate_headers(headers(0, now=19)))
    assert window.take(27.5)[0] is not None


def test_a_refusal_for_want_of_room_outweighs_what_was_sent_before() -> None:
    window = Window(60, 60.0)
    used_up(window, 0.0, resets_in=45)
    number, _ = window.take(50.0)
    assert number is not None
    window.answer(number, 50.1, read_rate_headers(headers(0, resets_in=59, now=50)), refused=True)
    assert window.take(61.0)[0] is None, (
        "by our count the first ones have left, but somebody took their place"
    )
    assert window.take(111.0)[0] is not None


def test_the_providers_clock_is_known_better_with_each_answer() -> None:
    """A date is cut to whole seconds; answers at several fractions of a second tell the rest."""
    window = Window(60, 60.0)
    ahead = 1_800_000_000.5
    for at in (0.0, 1.49, 2.51, 3.75):
        number, _ = window.take(at)
        assert number is not None
        told = RateHeaders(60, 50, reset=ahead + 20.25, reset_is_time=True, date=float(int(ahead + at)))
        window.answer(number, at + 0.01, told)
    assert window.reset_at == pytest.approx(20.25 + 0.02 + 60 * 0.001, abs=0.02)


@pytest.mark.parametrize("reset", ["1", "1000000001", "0"])
def test_a_reset_in_the_past_makes_no_hot_loop(clock: FakeClock, reset: str) -> None:
    pace = Pace(LIMIT, clock)
    sent = 0
    while clock.seconds < 60:
        send(pace, clock, {**headers(0, now=clock.seconds), "x-ratelimit-reset": reset}, 429, latency=0.001)
        sent += 1
    assert sent <= 61


@pytest.mark.parametrize(
    "odd",
    [
        {"x-ratelimit-limit": "0"},
        {"x-ratelimit-limit": "sixty"},
        {"x-ratelimit-limit": "٦٠"},
        {"x-ratelimit-limit": "999999999"},
        {"x-ratelimit-remaining": "-1"},
        {"x-ratelimit-remaining": "NaN"},
        {"x-ratelimit-remaining": "999999999999999999999999"},
        {"x-ratelimit-reset": "NaN"},
        {"x-ratelimit-reset": "9" * 25},
        {"x-ratelimit-reset": "-1"},
        {"date": "yesterday"},
        {"date": "Thu, 99 Feb 2026 14:31:00 GMT"},
    ],
)
def test_odd_headers_neither_raise_nor_stop_the_work(clock: FakeClock, odd: dict[str, str]) -> None:
    pace = Pace(LIMIT, clock)
    for used in range(1, 121):
        told = headers(max(0, 60 - used % 60), resets_in=60 - clock.seconds % 60, now=clock.seconds)
        send(pace, clock, {**told, **odd})
    assert clock.seconds < 300


# -- threads and waiting ----------------------------------------------------------------------------------------


def test_a_request_whose_answer_was_lost_is_still_counted(clock: FakeClock) -> None:
    pace = Pace(RateLimit(3, 60.0, "a test"), clock)
    for _ in range(3):
        assert pace.acquire()  # and no learn: the answer was lost
        clock.seconds += 0.1
    assert pace.acquire()
    assert 60 <= clock.seconds <= 62


def test_a_thread_that_dies_with_its_request_takes_its_place_only_for_a_while() -> None:
    window = Window(1, 60.0)
    window.take(0.0)
    assert window.take(100.0)[0] is None
    assert window.take(121.0)[0] is None
    assert window.take(121.0 + 61.0)[0] is not None


def test_cancel_ends_the_wait_and_nothing_is_sent(clock: FakeClock) -> None:
    cancel = threading.Event()

    class Cancelling(FakeClock):
        def wait(self, seconds: float, until: threading.Event | None = None) -> bool:
            assert until is cancel
            cancel.set()
            return super().wait(seconds, until)

    pace = Pace(RateLimit(1, 60.0, "a test"), Cancelling())
    assert pace.acquire(cancel)
    pace.learn({}, 200)
    assert not pace.acquire(cancel)
    assert not pace.acquire(cancel), "a cancelled run sends nothing, even when there is room"


def test_waiting_looks_at_the_state_about_once_a_second() -> None:
    class Counting(FakeClock):
        waits = 0

        def wait(self, seconds: float, until: threading.Event | None = None) -> bool:
            self.waits += 1
            return super().wait(seconds, until)

    clock = Counting()
    pace = Pace(RateLimit(1, 60.0, "a test"), clock)
    send(pace, clock, {})
    assert pace.acquire()
    assert clock.seconds >= 60
    assert clock.waits <= 65


def test_threads_together_keep_the_limit() -> None:
    class Moving(FakeClock):
        """One thread's waiting moves time for all, as little as can be."""

        lock = threading.Lock()

        def wait(self, seconds: float, until: threading.Event | None = None) -> bool:
            with self.lock:
                self.seconds += min(seconds, 0.01)
            return False

    clock, sent, lock = Moving(), [], threading.Lock()
    pace = Pace(RateLimit(5, 2.0, "a test"), clock)

    def work() -> None:
        for _ in range(10):
            pace.acquire()
            with lock:
                sent.append(clock.seconds)
            pace.learn({}, 200)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    sent.sort()
    assert len(sent) == 40
    assert all(late - early >= 1.9 for early, late in zip(sent, sent[5:], strict=False))


def test_the_state_can_be_kept_as_text_between_any_two_steps(clock: FakeClock) -> None:
    class Stored:
        text = json.dumps(dataclasses.asdict(Window(60, 60.0)), default=list)

        def change(self, step: Callable[[Window], T]) -> T:
            fields: dict[str, Any] = json.loads(self.text)
            fields["under_way"] = {int(number): at for number, at in fields["under_way"].items()}
            fields["counted"] = deque(fields["counted"])
            fields["ahead"] = tuple(fields["ahead"]) if fields["ahead"] else None
            window = Window(**fields)
            made = step(window)
            self.text = json.dumps(dataclasses.asdict(window), default=list)
            return made

    times: list[list[float]] = []
    for state in (MemoryState(LIMIT), Stored()):
        clock = FakeClock()
        pace = Pace(LIMIT, clock, state)
        times.append([])
        for used in range(1, 150):
            send(
                pace,
                clock,
                headers(60 - (used % 60 or 60), resets_in=60 - clock.seconds % 60, now=clock.seconds),
            )
            times[-1].append(clock.seconds)
    assert times[0] == times[1]


def test_two_processes_that_share_a_state_share_the_limit(clock: FakeClock) -> None:
    state = MemoryState(LIMIT)
    one, other = Pace(LIMIT, clock, state), Pace(LIMIT, clock, state)
    for _ in range(30):
        send(one, clock, {}, latency=0.01)
        send(other, clock, {}, latency=0.01)
    assert clock.seconds < 1
    assert one.acquire()
    assert clock.seconds >= 60


# -- how long it will take --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("requests", "seconds"), [(0, 0), (1, 0), (60, 0), (61, 60), (120, 60), (121, 120)])
def test_the_preview_counts_the_waits_for_the_next_window(requests: int, seconds: float) -> None:
    assert seconds_for(LIMIT, requests) == seconds


def test_the_time_left_knows_what_has_been_sent_already(clock: FakeClock) -> None:
    pace = Pace(LIMIT, clock)
    for _ in range(60):
        send(pace, clock, {}, latency=0.1)
    assert pace.seconds_for(1) == pytest.approx(54, abs=0.5)
    assert pace.seconds_for(60) == pytest.approx(60, abs=0.5)
    assert pace.seconds_for(61) == pytest.approx(114, abs=0.5)


# -- Retry-After ------------------------------------------------------------------------------------------------

DATE = "Thu, 26 Feb 2026 14:30:30 GMT"


@pytest.mark.parametrize(
    ("header", "body", "seconds"),
    [
        ("5", None, 5),
        ("5", 600, 600),
        ("600", 5, 600),
        ("5, 60", 12, 60),
        ("5,60", None, 60),
        ("1.5", None, 2),
        ("1.5", 12, 12),
        ("0", None, 1),
        ("99999999999999999999", 12, 900),
        ("NaN", 12, 12),
        ("inf", 12, 12),
        ("-5", 12, 12),
        ("", 12, 12),
        ("soon", 12, 12),
        ("1e3", 12, 12),
        ("0x10", 12, 12),
        ("٣", 12, 12),
        ("²", 12, 12),
        ("NaN", None, None),
        (None, None, None),
        (None, 12, 12),
        (None, 2.2, 3),
        (None, "7", 7),
        (None, True, None),
        (None, -3, None),
        (None, float("nan"), None),
        (None, float("inf"), None),
        (None, [5], None),
        ("Thu, 26 Feb 2026 14:31:00 GMT", 12, 30),
        ("Thu, 26 Feb 2026 14:31:00 GMT, Thu, 26 Feb 2026 14:32:00 GMT", 12, 90),
        ("Thu, 26 Feb 2026 14:00:00 GMT", 12, 12),
        ("Thu, 26 Feb 2026 14:00:00 GMT", None, 1),
        ("Thu, 26 Feb 2099 14:31:00 GMT", 12, 900),
        ("Thursday, 26-Feb-26 14:31:00 GMT", 12, 30),
        ("Thu Feb 26 14:31:00 2026", 12, 30),
        ("Thu, 99 Feb 2026 14:31:00 GMT", 12, 12),
        ("1772116260", 12, 30),
        ("1772116260000", 12, 30),
        ("9" * 400, 12, 12),
    ],
)
def test_the_wait_that_an_answer_asks_for(
    clock: FakeClock, header: str | None, body: object, seconds: int | None
) -> None:
    told = {"date": DATE} | ({} if header is None else {"retry-after": header})
    assert retry_after(told, body, clock) == seconds


def test_a_date_counts_from_the_answers_own_date_and_else_from_this_machines_clock(clock: FakeClock) -> None:
    told = {"retry-after": "Mon, 02 Mar 2026 09:00:20 GMT"}
    assert clock.now() == datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    assert retry_after(told, None, clock) == 20
    assert retry_after({**told, "date": "Mon, 02 Mar 2026 09:00:15 GMT"}, None, clock) == 5


@pytest.mark.parametrize("reset", ["1772116242", "1772116242000", "12"])
def test_without_another_wish_the_reset_is_waited_for_in_seconds_or_milliseconds(
    clock: FakeClock, reset: str
) -> None:
    assert retry_after({"date": DATE, "x-ratelimit-reset": reset}, None, clock) == 12
    assert retry_after({"date": DATE, "x-ratelimit-reset": reset}, 40, clock) == 40
