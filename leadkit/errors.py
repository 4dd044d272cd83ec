"""Every error that leadkit raises on purpose, as one small tree.

A message says what happened, where, whether money moved, and what to do next.
``charged`` repeats the part about money for a program: ``"no"`` when it is
certain that nothing was charged, ``"unknown"`` when nobody on this side of the
wire can know.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from leadkit.money import Amount

Charged = Literal["no", "unknown"]


class LeadkitError(Exception):
    """Base of all errors that leadkit raises on purpose."""

    charged: Charged = "no"


class InputError(LeadkitError, ValueError):
    """What the caller passed cannot be used: a column, a cell, an option. Nothing was sent."""


class SheetError(InputError):
    """The file is not a spreadsheet that can be read, or cannot be written back."""


class SettingsError(LeadkitError, ValueError):
    """A key, account or setting is missing or not allowed. Nothing was sent."""


class ApprovalError(LeadkitError, ValueError):
    """The approval does not fit the plan: the plan changed, or the amount is not an amount."""


class LedgerError(LeadkitError, OSError):
    """The ledger cannot be opened or written. Nothing is sent while this lasts."""


class LedgerBusyError(LedgerError):
    """Another process holds the ledger for longer than the time allowed; try again."""


class RunNotFoundError(LeadkitError, LookupError):
    """No run with that id in this workspace."""


class ProviderError(LeadkitError):
    """A provider refused or failed. ``provider`` names it; ``request_id`` is its own id for the call."""

    #: True when every further call of the run would fail the same way, so that the run must stop.
    stops_run = False

    def __init__(self, message: str, *, provider: str = "", request_id: str | None = None) -> None:
        super().__init__(message)
        self.provider = provider
        self.request_id = request_id


class KeyRefusedError(ProviderError, PermissionError):
    """The provider does not accept the API key (401)."""

    stops_run = True


class ScopeError(KeyRefusedError):
    """The API key is real, but lacks the scope for this operation (403)."""


class PlanLimitError(ProviderError):
    """The account's plan does not include this, or a limit of the plan is reached (403)."""

    stops_run = True


class CreditsExhaustedError(ProviderError):
    """The account has no credits left (402)."""

    stops_run = True


class BadRequestError(ProviderError):
    """The provider could not use the request (400, 422). Nothing was charged."""


class NotThereError(ProviderError, LookupError):
    """The provider does not have, or has deleted, what was asked for (404, 410)."""


class RateLimitedError(ProviderError):
    """Too many requests (429). ``body_retry_after``: the wait that the body asks for, in seconds."""

    body_retry_after: int | None = None


class QuotaExhaustedError(RateLimitedError):
    """A quota that waiting does not bring back soon (a month's requests)."""

    stops_run = True


class NotSentError(ProviderError, ConnectionError):
    """The request provably never reached the provider: refused, unknown host, no TLS."""


class AnswerLostError(ProviderError, ConnectionError):
    """The request was sent and no complete answer came back. Nobody can know whether it was charged.

    ``partial`` is what did come.
    """

    charged: Charged = "unknown"
    partial: bytes = b""


class BadAnswerError(ProviderError):
    """An answer came back that cannot be read, or says 5xx. It may have been charged.

    ``amount`` is what the answer says it cost, if it says so in spite of everything.
    """

    charged: Charged = "unknown"

    def __init__(
        self, message: str, *, provider: str = "", request_id: str | None = None, amount: Amount | None = None
    ) -> None:
        super().__init__(message, provider=provider, request_id=request_id)
        self.amount = amount


class PriceError(ProviderError):
    """A call cost more than the highest documented price; the run stops and a person is asked."""

    charged: Charged = "unknown"
    stops_run = True
