"""What every Leadfeeder answer has in common: its envelope, what it cost, and its errors in three shapes.

https://docs.leadfeeder.com/api/public/getting-started-363633m0, read 2026-04-21: ``{data, meta}`` with
``meta.request_id`` and ``meta.credits.charged``. Errors come as ``{errors: [{code, title}]}``, as the same with a
single ``error`` beside it, or flat as ``{code, message}``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from leadkit.clock import DAY_SECONDS
from leadkit.errors import (
    BadAnswerError,
    BadRequestError,
    CreditsExhaustedError,
    KeyRefusedError,
    NotThereError,
    PlanLimitError,
    ProviderError,
    QuotaExhaustedError,
    RateLimitedError,
    ScopeError,
)
from leadkit.money import Amount
from leadkit.providers.base import Price, RateLimit, Repeat, Response
from leadkit.providers.json_body import array, mapping, read_json, reported, text

GUIDE = "https://docs.leadfeeder.com/api/public/getting-started-363633m0"
CREDITS = (
    "https://help.leadfeeder.com/en/articles/"
    "14533350-how-subscriptions-and-credits-work-for-the-leadfeeder-api"
)
_RATES = "https://docs.leadfeeder.com/api/public/rate-limits-354549m0"

LIMIT = RateLimit(
    requests=10,
    seconds=1.0,
    source=f"{_RATES}: 10 requests a second for each key, bursts of 15, 100,000 requests a month",
)

#: What a record costs, and for how long it is free to read again.
RECORD_RULE = f"{CREDITS}: 1 credit for a company or a contact, then free to read for 12 months"
TWELVE_MONTHS_SECONDS = 365 * DAY_SECONDS

_FREE = (
    f"{GUIDE}, Search for Companies: charged 0; Leadfeeder's MCP server: searches and matches cost no credits"
)
FREE = Price(0, 0, 0, source=_FREE)
FREE_REPEAT = Repeat(free=True, source=_FREE)

_KEY_CODES = (
    "missing_token",
    "invalid_api_key",
    "access_denied",  # the older page uses it for a key that is not valid
    "api_key_expired",
    "invalid_token",
    "token_expired",
    "token_revoked",
)
_KINDS: Mapping[str, type[ProviderError]] = {
    **dict.fromkeys(_KEY_CODES, KeyRefusedError),
    "insufficient_scope": ScopeError,
    "forbidden": ScopeError,
    "insufficient_entitlements": PlanLimitError,
    "entity_not_found": NotThereError,
    "quota_exceeded": QuotaExhaustedError,
    "too_many_requests": RateLimitedError,
}
_KIND_BY_STATUS: Mapping[int, type[ProviderError]] = {
    400: BadRequestError,
    401: KeyRefusedError,
    402: CreditsExhaustedError,
    403: ScopeError,
    404: NotThereError,
    405: BadRequestError,
    410: NotThereError,
    422: BadRequestError,
    429: RateLimitedError,
}


@dataclass(frozen=True, slots=True)
class Body:
    """A successful answer. ``amount`` is what Leadfeeder says it charged; None when it does not say."""

    data: Any
    meta: Mapping[str, Any]
    amount: Amount | None
    request_id: str | None
    note: str = ""


def read_body(response: Response, account_id: str | None) -> Body:
    """The answer, or the error that it is. ``account_id`` is the one that was asked with.

    Raises
    ------
    ProviderError
        Its class says what is wrong; by the error's code, and by the HTTP status where there is no known code.
    """
    try:
        body = read_json(response, "Leadfeeder")
    except BadAnswerError:
        if response.status == 429:  # a gateway's own page: turned away before any work
            msg = "Leadfeeder: too many requests (HTTP 429). Nothing was charged."
            raise RateLimitedError(msg, provider="leadfeeder") from None
        raise
    meta = mapping(body.get("meta"))
    amount = reported(mapping(meta.get("credits")).get("charged"))
    request_id = text(meta.get("request_id"))
    data, (code, words) = body.get("data"), _error_in(body)
    if data is not None and response.status < 300:
        note = f"Leadfeeder sent an error beside the data: {code or words}" if code or words else ""
        return Body(data, meta, amount, request_id, note)
    raise _error(response.status, code, words, amount, request_id, account_id)


def _error_in(body: Mapping[str, Any]) -> tuple[str, str]:
    """Code and words of whichever of the three shapes it is; empty when there is no error."""
    flat = body if "data" not in body else {}
    for found in map(mapping, [*array(body.get("errors")), body.get("error"), flat]):
        code = text(found.get("code")) or ""
        words = next((text(found[name]) for name in ("detail", "message", "title") if found.get(name)), None)
        if code or words:
            return code, words or ""
    return "", ""


def _error(
    status: int,
    code: str,
    words: str,
    amount: Amount | None,
    request_id: str | None,
    account_id: str | None,
) -> ProviderError:
    kind = _KINDS.get(code) or _KIND_BY_STATUS.get(status, BadAnswerError)
    if code.startswith("oauth_app_"):
        kind = KeyRefusedError
    # After a fault of the server, or with a charge in the same answer, nobody can say that it was free.
    if status >= 500 or (amount is not None and amount.most):
        kind = BadAnswerError
    # What credits that do not cover a call do to it is documented nowhere: an answer that says that it succeeded, and
    # has an error in place of data, may be what is left of a part that was bought. What is not there is not.
    free = kind.charged == "no" and (status >= 300 or amount is not None or kind is NotThereError)
    money = "Nothing was charged." if free else "It may have been charged."
    what = (words or "an answer without data").rstrip(".")
    msg = f"Leadfeeder: {what} ({code or f'HTTP {status}'}). {money} {_advice(kind, code, account_id)}"
    error = kind(msg.rstrip(), provider="leadfeeder", request_id=request_id)
    if not free:
        error.charged = "unknown"
    if isinstance(error, BadAnswerError):
        error.amount = amount
    return error


def _advice(kind: type[ProviderError], code: str, account_id: str | None) -> str:
    if kind is KeyRefusedError and code not in _KEY_CODES:
        # The guide lists a missing account_id among the reasons for a 401.
        account = f"account {account_id}" if account_id else "a missing account"
        return (
            f"Leadfeeder also says so of {account} if the key's user has no access to it: check "
            "LEADFEEDER_ACCOUNT_ID first, then LEADFEEDER_API_KEY."
        )
    if kind is KeyRefusedError:
        return "Check LEADFEEDER_API_KEY: make a key under Settings, Personal, API keys."
    if kind is PlanLimitError:
        return "The account's plan does not include this."
    if kind is QuotaExhaustedError:
        return "Leadfeeder says so of credits and of a month's requests: look at the account, then resume."
    if kind is RateLimitedError:
        return "The limit is 10 requests a second and 100,000 a month."
    if kind is CreditsExhaustedError:
        return "Wait for the next period or buy credits, then resume the run."
    return ""
