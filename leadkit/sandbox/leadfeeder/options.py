"""What the contract leaves open, or what differs between accounts."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Options:
    """Set with ``box.set_option("leadfeeder", name, value)``.

    Attributes
    ----------
    error_shape
        ``"errors"``: ``{errors: [{code, title}], meta}``, as its OpenAPI file has it; ``"both"``: the same with a
        single ``error`` beside it on a 401, as its server was seen to answer; ``"flat"``: ``{code, message}``, as
        its pages about keys and limits print. A 429 is flat in any case, as printed.
    auth_status
        Of a missing or wrong key: 401, as the guide says, or 403, as the page about keys says.
    no_credits_status
        Of ``quota_exceeded``, when the credits do not cover a read: 402, 403 or 429.
    missing_ids
        What a read of several ids does when one is not there: ``"left_out"`` of the answer, or ``"refused"``
        with 404 and no charge.
    short_of_credits
        What a read of several ids does when the credits do not cover all: ``"refused"``, or ``"partial"``, an
        answer with those that they cover.
    record_in_array
        A record that was read by its id comes as an array of one, as one account does.
    requests_per_month
        Of each key; when they are used up every call is a 429 until the month ends. None lifts the quota.
    """

    error_shape: str = field(default="errors", metadata={"choices": ("errors", "both", "flat")})
    auth_status: int = field(default=401, metadata={"choices": (401, 403)})
    no_credits_status: int = field(default=402, metadata={"choices": (402, 403, 429)})
    missing_ids: str = field(default="left_out", metadata={"choices": ("left_out", "refused")})
    short_of_credits: str = field(default="refused", metadata={"choices": ("refused", "partial")})
    record_in_array: bool = False
    requests_per_month: int | None = 100_000
