"""LeadIQ's check of an e-mail address, on its REST API (Prospector)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from leadkit.errors import BadAnswerError
from leadkit.providers.base import Answer, Decoded, Operation, Price, Request, Response, ResultColumn
from leadkit.providers.json_body import text
from leadkit.providers.leadiq.answers import read_rest
from leadkit.providers.leadiq.terms import DEVELOPER, LIMIT, NAME, VERIFY_REPEAT

#: LeadIQ's word → the verdict. What was not confirmed is not called valid.
VERDICTS: Mapping[str, str] = {
    "Verified": "valid",
    "VerifiedLikely": "risky",
    "Unverified": "unknown",
    "Invalid": "invalid",
}


def validate_emails(prices: Mapping[str, int]) -> Operation:
    """The step validate_emails: one address a call."""
    price = prices["EmailReverification"]
    return Operation(
        provider=NAME,
        step="validate_emails",
        title="validate e-mail addresses",
        takes="email",
        wants=(),
        batch_size=1,
        price=Price(least=0, expected=price, most=price, source=f"{DEVELOPER}: 0.1 credits for each check"),
        limit=LIMIT,
        repeat=VERIFY_REPEAT,
        keeps_days=30,
        keeps_why="two or three in a hundred business addresses stop working in a month",
        miss_keeps_days=None,  # an address always gets a verdict
        columns=(
            ResultColumn(
                "leadiq_email_verdict",
                "verdict",
                "valid, risky, unknown, invalid, or not checked",
                default="not checked",
            ),
            ResultColumn("leadiq_email_check", "check", "LeadIQ's own word: Verified, VerifiedLikely, …"),
        ),
        encode=lambda keys: Request(
            "GET", "/v1/verify-email", query=(("email", keys[0]),), host="prospector"
        ),
        decode=_decode,
    )


def _decode(keys: Sequence[str], response: Response) -> Decoded:
    status = text(read_rest(response).get("status"))
    if status is None:
        msg = "LeadIQ: an answer without a verdict. It may have been charged."
        raise BadAnswerError(msg, provider=NAME)
    verdict = VERDICTS.get(status, "unknown")
    return Decoded({keys[0]: Answer("found", {"verdict": verdict, "check": status})})
