"""A run as the ledger records it: one place starts one, and one writes down how it ended."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from leadkit.errors import ApprovalError, LeadkitError, LedgerError
from leadkit.ledger.ledger import key_account
from leadkit.money import credits_text
from leadkit.providers.base import Balance, HasPriceList, Operation, Search
from leadkit.run import Outcome, Runner
from leadkit.workspace import Workspace


class RecordedRun:
    """A run of this process, while it is under way."""

    def __init__(self, workspace: Workspace, run_id: str, owner: str) -> None:
        self.id = run_id
        self._workspace = workspace
        self._owner = owner
        self._record = workspace.ledger.run(run_id)
        #: What became of the keys in its last piece of work, by which it ends.
        self.outcome = Outcome()

    @property
    def operation_id(self) -> int:
        """What the ledger knows the operation by."""
        return self._record.operation_id

    def carry_out(self, operation: Operation, keys: Sequence[str], **options: Any) -> Outcome:
        """Buy what can be bought of ``keys`` within what was approved; ``options`` as Runner takes them."""
        workspace, record = self._workspace, self._record
        runner = Runner(
            workspace.ledger,
            operation,
            send=workspace.send(operation.provider),
            pace=workspace.pace(operation),
            clock=workspace.clock,
            run_id=self.id,
            operation_id=record.operation_id,
            owner=self._owner,
            approved=record.approved,
            fresh_after=record.fresh_after,
            balance=lambda: workspace.balance(operation.provider),
            price_may_rise=isinstance(workspace.provider(operation.provider), HasPriceList),
            **options,
        )
        self.outcome = runner.carry_out(keys)
        return self.outcome

    def end(self) -> None:
        """Record how the run ended: as its last piece of work did."""
        if self.outcome.stopped is not None:
            state, why = "stopped", str(self.outcome.stopped)
        elif self.outcome.cancelled:
            state, why = "cancelled", "cancelled by its user"
        else:
            state, why = "done", ""
        self._workspace.ledger.end_run(self.id, state, why)


_Sold = TypeVar("_Sold", Operation, Search)


def at_todays_price(workspace: Workspace, sold: _Sold, again: Callable[[], _Sold]) -> _Sold:
    """What was approved; where accounts have price lists of their own, ``again`` by the one that is in force now.

    Raises
    ------
    SettingsError
        No key for the provider. Nothing was sent.
    ApprovalError
        It costs more than it did when it was approved. Nothing was bought.
    """
    if not isinstance(workspace.provider(sold.provider), HasPriceList):
        return sold
    workspace.read_prices(sold.provider, before_buying=True)
    today = again()
    if today.price.most > sold.price.most:
        now, then = credits_text(today.price.most), credits_text(sold.price.most)
        msg = (
            f"{sold.provider}: the account's own price list, which was read just now, says up to {now} credits each, "
            f"and {then} was approved. Nothing was bought. Look at the price again and approve it."
        )
        raise ApprovalError(msg)
    return today


@contextmanager
def new_run(
    workspace: Workspace,
    operation: Operation,
    keys: Sequence[str],
    *,
    approved: int,
    fresh_after: Mapping[int, int],
    preview: Mapping[str, Any],
    context: Mapping[str, Any],
    plan_hash: str = "",
    approval: str | None = None,
) -> Iterator[RecordedRun]:
    """A run that is recorded before anything is bought, and ends with the block.

    Raises
    ------
    SettingsError
        No key for the provider. Nothing was sent.
    ApprovalError
        The approval was used already. Nothing was bought.
    """
    workspace.send(operation.provider)  # no key, no run
    balance = workspace.identify(operation.provider)
    account = workspace.account(operation.provider)
    refused = balance is None and account.startswith(key_account(""))  # it would not say a moment ago
    if approved and not refused:
        context = {**context, "notes": _balance_notes(workspace, operation.provider, balance, approved)}
    run_id = secrets.token_hex(4)

    def start(owner: str) -> None:
        workspace.ledger.start_run(
            run_id,
            operation,
            account,
            keys,
            owner=owner,
            approval=approval or secrets.token_hex(8),
            plan_hash=plan_hash,
            approved_by=workspace.user,
            approved=approved,
            fresh_after=fresh_after,
            preview=preview,
            context=context,
        )

    with _owned_run(workspace, run_id, start) as run:
        yield run


@contextmanager
def continued_run(workspace: Workspace, run_id: str) -> Iterator[RecordedRun]:
    """A recorded run that ended early or whose process died, as this process's own; it ends with the block.

    Raises
    ------
    RunNotFoundError
        No such run.
    ApprovalError
        It is under way in a living process, or this key is of another account, which would pay for all of it again,
        also for what its own may ask for again for nothing. Nothing was bought.
    """
    provider = workspace.ledger.run(run_id).provider
    workspace.identify(provider)
    account = workspace.ledger.run(run_id).account  # which identifying may have named
    # The sandbox has other keys each time, and credits of no worth.
    if account != workspace.account(provider) and not workspace.sandbox:
        msg = (
            f"Run {run_id} is of another account at {provider} than the API key that is set here, or of another key "
            "whose account is not known. Nothing was bought. Resume it with the key with which it began."
        )
        raise ApprovalError(msg)
    with _owned_run(workspace, run_id, lambda owner: workspace.ledger.resume_run(run_id, owner)) as run:
        yield run


@contextmanager
def _owned_run(workspace: Workspace, run_id: str, start: Callable[[str], None]) -> Iterator[RecordedRun]:
    owner = workspace.ledger.owners.start()
    try:
        start(owner.id)
        run = RecordedRun(workspace, run_id, owner.id)
        try:
            yield run
        except (Exception, KeyboardInterrupt) as error:
            with suppress(LedgerError):  # the error itself matters more
                workspace.ledger.end_run(run_id, "stopped", str(error) or type(error).__name__)
            raise
        run.end()
    finally:
        owner.release()


def _balance_notes(workspace: Workspace, provider: str, balance: Balance | None, approved: int) -> list[str]:
    """A sentence where the account has less than was approved. Free; no sentence where nobody knows."""
    try:
        left = (balance or workspace.balance(provider)).remaining
    except LeadkitError:
        return []
    if left is None or left >= approved:
        return []
    return [
        f"{credits_text(left)} credits were left at {provider} when the run began, fewer than the "
        f"{credits_text(approved)} approved; it stops when they are used up, and can be resumed."
    ]
