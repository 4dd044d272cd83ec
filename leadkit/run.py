"""Carrying out an approved plan: reserve → send → settle, batch by batch, in a few threads.

This is the one place that repeats a request, and it repeats only what was provably not processed, or what
the provider documents as free to repeat. Everything else that is unclear after sending is in doubt.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress

from leadkit.clock import Clock
from leadkit.errors import (
    BadAnswerError,
    BadRequestError,
    InputError,
    LeadkitError,
    LedgerError,
    NotSentError,
    NotThereError,
    PriceError,
    ProviderError,
    QuotaExhaustedError,
    RateLimitedError,
    SettingsError,
)
from leadkit.ledger import Claim, FactState, Ledger
from leadkit.money import Amount, credits_text
from leadkit.pace import Pace
from leadkit.progress import Outcome, Progress
from leadkit.providers.base import Balance, Decoded, Operation, Request, Response
from leadkit.rate_headers import LONGEST_WAIT, retry_after

__all__ = ["Outcome", "Progress", "Runner"]

THREADS = 8
#: How often one call is sent again when its repeat is free, or when it provably never arrived.
REPEATS = 3
#: A 429 that comes back this often is no passing crowd but a quota of a day or a month.
LIMITED = 5
#: The first paid calls go one by one, so that a wrong price is seen before many calls have cost it.
CAREFUL_CALLS = 3
#: How long to wait before looking again for a fact that another run has in flight.
LOOK_AGAIN_SECONDS = 0.5
_BACKOFF_SECONDS = (1.0, 2.0, 4.0)
#: A request may be under way for so long before the provider looks at it.
_IN_FLIGHT_SECONDS = 600.0
_NEVER_CAME = "asked for earlier, and the answer never came"


class Runner:
    """One run of one operation. ``carry_out`` may be called once."""

    def __init__(
        self,
        ledger: Ledger,
        operation: Operation,
        *,
        send: Callable[[Request], Response],
        pace: Pace,
        clock: Clock,
        run_id: str,
        operation_id: int,
        owner: str,
        approved: int,
        fresh_after: Mapping[int, int],
        progress: Callable[[Progress], None] | None = None,
        cancel: threading.Event | None = None,
        threads: int = THREADS,
        balance: Callable[[], Balance] | None = None,
        price_may_rise: bool = False,
    ) -> None:
        self._ledger = ledger
        self._operation = operation
        self._send = send
        self._pace = pace
        self._clock = clock
        self._run_id = run_id
        self._operation_id = operation_id
        self._owner = owner
        self._approved = approved
        self._fresh_after = fresh_after
        self._progress = progress
        self._cancel = cancel or threading.Event()
        self._halt = threading.Event()  # cancelled, or stopped by an error
        self._threads = threads
        self._balance = balance if operation.balance_first else None
        self._each_of_repeat = operation.price.most if price_may_rise else 0
        self._work: deque[tuple[str, ...] | int] = deque()  # batches of keys, or calls to repeat
        self._waiting: list[str] = []
        self._doubtful: dict[int, tuple[str, ...]] = {}  # call → keys of this run that it covers
        self._changed = threading.Condition()
        self._busy = 0
        self._careful = threading.Lock()
        self._settled_calls = 0
        self._settled_at_last_look = 0
        self._spent = 0
        self._total = 0
        self.outcome = Outcome()

    def carry_out(self, keys: Sequence[str]) -> Outcome:
        """Buy what can be bought of ``keys`` within the approval; returns when nothing more can be done.

        A provider that refuses, a lost ledger or a cancel stops it early; what is under way is brought to
        its end and everything learned is kept. With ``threads=1`` all of it happens in the caller's thread.
        """
        self._total = len(keys)
        self._put_batches(keys)
        if self._threads == 1:
            self._worker()
            return self._finish(keys)
        workers = [
            threading.Thread(target=self._worker, name=f"leadkit-{self._run_id}-{n}", daemon=True)
            for n in range(min(self._threads, max(1, len(self._work))))
        ]
        for worker in workers:
            worker.start()
        try:
            while any(worker.is_alive() for worker in workers):
                if self._cancel.is_set():
                    self._halt.set()
                workers[0].join(0.05) if workers[0].is_alive() else self._pause(0.05)
        except KeyboardInterrupt:
            self._cancel.set()
            self._halt.set()
            for worker in workers:
                worker.join()
        return self._finish(keys)

    def _finish(self, keys: Iterable[str]) -> Outcome:
        outcome = self.outcome
        outcome.cancelled = self._cancel.is_set()
        keys = list(keys)
        # This run did not come to these; another one, or an earlier part of this one, may have.
        self._waiting.clear()
        with suppress(LedgerError):  # the run says so itself
            # Who was taken for dead has to look at all: others may have brought its calls to another end.
            taken_for_dead = not self._ledger.owners.alive(self._owner)
            self._look_up(keys if taken_for_dead else self._untold(keys), _NEVER_CAME)
            self._note_doubt(self._waiting, "another run has asked for this, and its answer has not come")
        outcome.not_tried = set(self._untold(keys))
        return outcome

    def _untold(self, keys: Iterable[str]) -> list[str]:
        return [key for key in keys if not any(key in group for group in self.outcome.told)]

    def _look_up(self, keys: Sequence[str], why: str) -> None:
        """Take in what the ledger says by now of keys that this run cannot ask for: another run may have."""
        states = self._ledger.states(self._operation_id, keys, fresh_after=self._fresh_after)
        outcome = self.outcome
        with self._changed:
            for key, state in zip(keys, states, strict=True):
                answered = state in (FactState.FOUND, FactState.NOT_FOUND, FactState.SUPPRESSED)
                if answered:
                    outcome.known.add(key)
                else:
                    outcome.bought.discard(key)
                if answered or state in (FactState.INTENT, FactState.IN_DOUBT):
                    for told in (outcome.in_doubt, outcome.failed, outcome.over_budget):
                        told.pop(key, None)
                if state == FactState.INTENT:
                    self._waiting.append(key)
                elif state == FactState.IN_DOUBT:
                    outcome.in_doubt[key] = why

    # -- the workers --------------------------------------------------------------------------------------

    def _worker(self) -> None:
        while (item := self._next()) is not None:
            try:
                self._repeat_call(item) if isinstance(item, int) else self._buy(item)
            except LeadkitError as error:
                self._stop(error)
            except BaseException as error:
                self._stop(
                    LeadkitError(f"leadkit failed by itself: {type(error).__name__}. Please report it.")
                )
                raise
            finally:
                with self._changed:
                    self._busy -= 1
                    self._changed.notify_all()

    def _next(self) -> tuple[str, ...] | int | None:
        """The next piece of work; waits while another worker may still make some."""
        while not self._halted():
            with self._changed:
                if self._work:
                    self._busy += 1
                    return self._work.popleft()
                if self._busy:
                    self._changed.wait(0.2)
                    continue
                if not self._waiting and not self._over_budget_again():
                    return None
                if self._work:
                    continue
                self._busy += 1
                size = self._operation.batch_size
                batch, self._waiting = tuple(self._waiting[:size]), self._waiting[size:]
            if self._pause(LOOK_AGAIN_SECONDS):
                return batch
            with self._changed:
                self._busy -= 1
        return None

    def _over_budget_again(self) -> bool:
        """Put back what found no room, once calls were settled for less than was set aside for them."""
        if not self.outcome.over_budget or self._settled_calls == self._settled_at_last_look:
            return False
        self._settled_at_last_look = self._settled_calls
        self._put_batches(sorted(self.outcome.over_budget))
        self.outcome.over_budget.clear()
        return True

    def _put_batches(self, keys: Sequence[str]) -> None:
        size = self._operation.batch_size
        self._work.extend(tuple(keys[i : i + size]) for i in range(0, len(keys), size))

    def _buy(self, keys: tuple[str, ...]) -> None:
        claim = self._ledger.reserve(
            self._run_id,
            self._operation_id,
            keys,
            owner=self._owner,
            takes=self._operation.takes,
            each=self._operation.price.most,
            fresh_after=self._fresh_after,
        )
        with self._changed:
            self.outcome.known.update(claim.known)
            self.outcome.over_budget.update(dict.fromkeys(claim.over_budget, claim.ceiling))
            self._waiting.extend(claim.waiting)
            self._doubtful.update(claim.doubtful)
            self._work.extendleft(claim.doubtful)
        self._report()
        if claim.call_id is not None:
            self._call(claim, claim.call_id)

    def _cut_to_balance(self, claim: Claim, call_id: int) -> bool:
        """Whether a call is put back in parts, because the account could not pay for it as a whole.

        What a provider does when credits run out within a call is documented nowhere. A call for one key is never
        put back: it may be free, and if not, the provider refuses it and charges nothing.
        """
        each, keys = self._operation.price.most, claim.keys
        if self._balance is None or not each or len(keys) < 2 or not self._pace.acquire(self._halt):
            return False
        try:
            left = self._balance().remaining
        except LeadkitError:  # the call itself will say what is wrong
            return False
        if left is None or left >= claim.reserved:
            return False
        fit = max(left // each, 1)
        self._ledger.release(call_id, f"{credits_text(left)} credits are left, fewer than it may cost")
        with self._changed:
            self._work.extendleft([keys[fit:], keys[:fit]])
        return True

    def _repeat_call(self, call_id: int) -> None:
        claim = self._reclaim(call_id)
        if claim is None:
            self._look_up(self._doubtful[call_id], _NEVER_CAME)
        else:
            with self._changed:
                self.outcome.repeated += 1
            self._call(claim, call_id)

    def _reclaim(self, call_id: int) -> Claim | None:
        may_repeat, each = self._may_repeat, self._each_of_repeat
        return self._ledger.reclaim(call_id, owner=self._owner, may_repeat=may_repeat, each=each)

    def _may_repeat(self, first_sent: str) -> bool:
        """Whether a call that was first sent at that moment is, by the documents, free to repeat now."""
        repeat = self._operation.repeat
        if not repeat.free or repeat.window_seconds is None:
            return repeat.free
        # Not by the time of day: set back by a day, it would make a repeat of last week look free.
        seconds = self._ledger.owners.seconds_since(first_sent)
        return seconds is not None and seconds < repeat.window_seconds - _IN_FLIGHT_SECONDS

    # -- one call -----------------------------------------------------------------------------------------

    def _call(self, claim: Claim, call_id: int) -> None:
        """Bring one claimed call to its end, whatever happens on the way."""
        try:
            if self._operation.price.most and self._settled_calls < CAREFUL_CALLS:
                with self._careful:
                    self._send_until_clear(claim, call_id)
            else:
                self._send_until_clear(claim, call_id)
        except LedgerError as error:
            # What became of the call could not be written down, so the next run finds it in doubt, too.
            self._note_doubt(set(claim.keys) - self.outcome.bought, str(error))
            raise

    def _send_until_clear(self, claim: Claim, call_id: int) -> None:
        unclear = claim.attempt > 1  # an earlier sending may have been charged
        if not unclear and self._cut_to_balance(claim, call_id):
            return
        first_sent = claim.first_sent
        try:
            request = self._operation.encode(claim.keys)
        except LeadkitError as error:
            self._give_up(claim, call_id, unclear, str(error))
            if not isinstance(error, InputError):
                self._stop(error)
            elif not unclear:
                with self._changed:
                    self.outcome.failed.update(dict.fromkeys(claim.keys, str(error)))
            return
        lost = unsent = limited = 0
        while True:
            if self._halted() or not self._pace.acquire(self._halt):
                self._give_up(claim, call_id, unclear, "the run ended before this was sent")
                return
            if unclear and not self._may_repeat(first_sent):  # the wait may have been long
                self._give_up(claim, call_id, unclear, "asking again is no longer free by the documents")
                return
            body = b""
            try:
                response = self._send(request)
                body = response.body
                self._pace.learn(response.headers, response.status)
                decoded = self._decode(claim, response)
            except NotSentError as error:
                unsent += 1
                if unsent > REPEATS or not self._pause(_BACKOFF_SECONDS[unsent - 1]):
                    self._give_up(claim, call_id, unclear, str(error))
                    self._stop(error)
                    return
            except SettingsError as error:  # the key is not one that this host takes
                self._give_up(claim, call_id, unclear, str(error))
                self._stop(error)
                return
            except ProviderError as error:
                if error.charged == "no" and isinstance(error, RateLimitedError):
                    limited += 1
                    wait = retry_after(response.headers, error.body_retry_after, self._clock)
                    most = 1 if wait == LONGEST_WAIT else LIMITED  # it asks for more than anybody waits
                    if isinstance(error, QuotaExhaustedError) or limited > most:
                        self._give_up(claim, call_id, unclear, str(error))
                        self._stop(_quota(error))
                        return
                    pause = _BACKOFF_SECONDS[min(limited, 3) - 1] if wait is None else wait
                    self._report(pause)
                    self._pause(pause)
                    continue
                if error.charged == "no":
                    self._refused(claim, call_id, unclear, error)
                    return
                lost += 1
                unclear = True
                body = body or getattr(error, "partial", b"")
                amount = getattr(error, "amount", None)
                self._ledger.doubt(call_id, str(error), body=body, amount=amount)
                self._watch_price(claim, amount, error.request_id)
                again = None
                # What the provider could not use once it cannot use the second time.
                in_vain = error.stops_run or isinstance(error, BadRequestError)
                if lost <= REPEATS and not in_vain and self._pause(_BACKOFF_SECONDS[lost - 1]):
                    again = self._reclaim(call_id)
                if again is None:
                    self._look_up(claim.keys, str(error))
                    if error.stops_run:
                        self._stop(error)
                    return
                # Another run may have taken a part of it, which is not to be asked for here, too.
                claim, first_sent = again, again.first_sent
                request = self._operation.encode(claim.keys)
            else:
                self._settle(claim, call_id, response, decoded)
                return

    def _decode(self, claim: Claim, response: Response) -> Decoded:
        """What the answer says. A decoder that stumbles must not lose an answer that may have been paid for."""
        try:
            return self._operation.decode(claim.keys, response)
        except ProviderError:
            raise
        except Exception as error:
            name = self._operation.provider
            msg = f"{name}: the answer could not be understood ({type(error).__name__}). It may have been charged."
            raise BadAnswerError(msg, provider=name) from error

    def _settle(self, claim: Claim, call_id: int, response: Response, decoded: Decoded) -> None:
        recorded = self._ledger.settle(
            call_id,
            decoded.answers,
            decoded.amount,
            attempt=claim.attempt,
            body=response.body,
            request_id=decoded.request_id,
            http_status=response.status,
            note=decoded.note,
        )
        missing = [key for key in claim.keys if key not in decoded.answers]
        with self._changed:
            self._settled_calls += 1
            self._spent += recorded.most
            self.outcome.bought.update(key for key in claim.keys if key in decoded.answers)
            for key in decoded.answers:
                self.outcome.in_doubt.pop(key, None)
        self._note_doubt(missing, decoded.note or f"{self._operation.provider} left this out of its answer")
        self._ask_in_halves(claim, missing)
        self._report()
        self._watch_price(claim, decoded.amount, decoded.request_id)

    def _watch_price(self, claim: Claim, amount: Amount | None, request_id: str | None) -> None:
        """End the run when a call cost more than was reserved for it, before the next one gets its turn."""
        if amount is None or amount.most <= claim.reserved:
            return
        msg = (
            f"{self._operation.provider}: a call cost {amount.words}, more than the "
            f"{Amount(claim.reserved, claim.reserved)} that its documents allow. The run stopped after it. "
            "Ask the provider before you go on."
        )
        self._stop(PriceError(msg, provider=self._operation.provider, request_id=request_id))

    def _refused(self, claim: Claim, call_id: int, unclear: bool, error: ProviderError) -> None:
        """An answer that says for certain that nothing was charged by this sending."""
        self._give_up(claim, call_id, unclear, str(error))
        if error.stops_run:
            self._stop(error)
        elif unclear:
            if isinstance(error, BadRequestError | NotThereError):
                self._ask_in_halves(claim, claim.keys)
        elif isinstance(error, BadRequestError) and len(claim.keys) > 1:
            # One unusable entry spoils its batch: halve it until only that one is left.
            middle = len(claim.keys) // 2
            with self._changed:
                self._work.extendleft([claim.keys[:middle], claim.keys[middle:]])
        else:
            with self._changed:
                self.outcome.failed.update(dict.fromkeys(claim.keys, str(error)))

    def _ask_in_halves(self, claim: Claim, keys: Sequence[str]) -> None:
        """What could not be told of several keys when they were asked for again may be told of fewer of them."""
        if claim.attempt == 1 or len(keys) < 2:
            return
        halves = self._ledger.halve(self._operation_id, keys)
        with self._changed:
            self._doubtful.update(halves)
            self._work.extendleft(halves)

    def _give_up(self, claim: Claim, call_id: int, unclear: bool, why: str) -> None:
        """End a call unanswered: released if nothing can have been charged, else kept in doubt."""
        if unclear:
            self._ledger.doubt(call_id, why)
            self._note_doubt(claim.keys, why)
        else:
            self._ledger.release(call_id, why)

    # -- bookkeeping --------------------------------------------------------------------------------------

    def _note_doubt(self, keys: Iterable[str], why: str) -> None:
        with self._changed:
            self.outcome.in_doubt.update(dict.fromkeys(keys, why))

    def _stop(self, error: LeadkitError) -> None:
        with self._changed:
            if self.outcome.stopped is None:
                self.outcome.stopped = error
            self._changed.notify_all()
        self._halt.set()

    def _pause(self, seconds: float) -> bool:
        """Wait; False when the run is halted meanwhile."""
        self._clock.wait(seconds, self._halt)
        return not self._halted()

    def _halted(self) -> bool:
        return self._halt.is_set() or self._cancel.is_set()

    def _report(self, waits: float = 0.0) -> None:
        if self._progress is None:
            return
        with self._changed:
            done = sum(map(len, self.outcome.told))
            calls_left = -(-(self._total - done) // self._operation.batch_size)
            seconds_left = self._pace.seconds_for(calls_left)
            if seconds_left:  # each look is a transaction where processes share the pace
                waits = max(waits, self._pace.seconds_for(1))
            self._progress(
                Progress(
                    done, self._total, self._spent, self._approved, seconds_left=seconds_left, waits=waits
                )
            )


def _quota(error: RateLimitedError) -> QuotaExhaustedError:
    if isinstance(error, QuotaExhaustedError):
        return error
    msg = (
        f"{error} It kept saying so after a wait, so this looks like a quota of a day or a month. "
        "Nothing was charged for it; resume the run later."
    )
    return QuotaExhaustedError(msg, provider=error.provider, request_id=error.request_id)
