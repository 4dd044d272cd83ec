"""What LeadLeap's answers have in common: the envelope, the error codes, the fields of a lead, the rate limit.

API: https://leadleap.net/docs/api, read 2026-02-26.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from leadkit.errors import (
    BadAnswerError,
    BadRequestError,
    CreditsExhaustedError,
    KeyRefusedError,
    NotThereError,
    PlanLimitError,
    ProviderError,
    RateLimitedError,
    ScopeError,
)
from leadkit.providers.base import RateLimit, Response, ResultColumn, Value
from leadkit.providers.json_body import integer, mapping, read_json, reported, text, unmasked

PAGE = "https://leadleap.net/docs/api"

LIMIT = RateLimit(
    requests=60, seconds=60.0, source=f"{PAGE}, Rate Limiting: 60 requests a minute for each key"
)

_ERRORS: dict[str, type[ProviderError]] = {
    "BAD_REQUEST": BadRequestError,
    "UNAUTHORIZED": KeyRefusedError,
    "CREDITS_EXHAUSTED": CreditsExhaustedError,
    "FORBIDDEN": ScopeError,
    "PLAN_LIMIT": PlanLimitError,
    "NOT_FOUND": NotThereError,
    "GONE": NotThereError,
    "RATE_LIMITED": RateLimitedError,
    "INTERNAL_ERROR": BadAnswerError,
}
_CODE_BY_STATUS = {
    400: "BAD_REQUEST",
    401: "UNAUTHORIZED",
    402: "CREDITS_EXHAUSTED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    410: "GONE",
    429: "RATE_LIMITED",
}
_ADVICE: dict[str, str] = {
    "UNAUTHORIZED": (
        "Check LEADLEAP_API_KEY: it starts with ll_ and is shown once, at creation. One that starts with llk_ext_ is "
        "for another LeadLeap product, data.leadleap.net."
    ),
    "FORBIDDEN": "Make a key with the scope for this operation, under Settings, API Keys.",
    "CREDITS_EXHAUSTED": "Buy credits or wait for the next period, then resume the run.",
    "PLAN_LIMIT": "The account's plan does not include this; API access needs the Scale plan.",
}

#: Result fields of an unlocked or enriched lead: name in the answer, name of the column, what it is.
CONTACT_FIELDS: tuple[tuple[str, str, str], ...] = (
    ("full_name", "full_name", "Name"),
    ("first_name", "first_name", "First name"),
    ("last_name", "last_name", "Last name"),
    ("email_primary", "email", "Main e-mail address"),
    ("email_second", "second_email", "Second e-mail address"),
    ("phone", "phone", "The person's phone"),
    ("company_phone", "company_phone", "The company's phone"),
    ("job_title", "job_title", "Job title"),
    ("company_name", "company_name", "Company"),
    ("company_domain", "company_domain", "The company's domain"),
    ("linkedin_url", "linkedin_url", "LinkedIn profile"),
    ("industry", "industry", "Industry"),
    ("country", "country", "Country"),
    ("state", "state", "State"),
    ("city", "city", "City"),
    ("ai_score", "ai_score", "LeadLeap's own score, 0 to 100"),
)
MORE_FIELDS: tuple[tuple[str, str, str], ...] = (
    ("middle_name", "middle_name", "Middle name"),
    ("job_level", "job_level", "Job level"),
    ("department", "department", "Department"),
    ("company_size", "company_size", "Company size bracket"),
    ("employee_count", "employee_count", "Employees"),
    ("year_founded", "year_founded", "Year founded"),
    ("sector", "sector", "Sector"),
    ("company_linkedin_url", "company_linkedin_url", "The company's LinkedIn page"),
    ("company_description", "company_description", "What the company does"),
)
INTEGERS = {"ai_score", "employee_count", "year_founded"}
MASKABLE = {"email_primary", "email_second", "phone", "company_phone", "linkedin_url"}


def lead_columns(fields: Sequence[tuple[str, str, str]]) -> tuple[ResultColumn, ...]:
    """The columns of these fields of a lead."""
    return tuple(
        ResultColumn(f"leadleap_{field}", field, what, dtype="integer" if name in INTEGERS else "text")
        for name, field, what in fields
    )


def lead_value(name: str, raw: Any) -> Value:
    """The value of the lead's field of that name; None when it is masked, or in an unusable form."""
    read = integer if name in INTEGERS else unmasked if name in MASKABLE else text
    return read(raw)


def envelope(response: Response) -> tuple[Any, Mapping[str, Any], str]:
    """Data, meta and a note. Raises by ``error.code``, which the documents put above the HTTP status."""
    try:
        body = read_json(response, "LeadLeap")
    except BadAnswerError:
        if response.status == 429:  # a gateway's own page: turned away before any work
            raise RateLimitedError("LeadLeap: too many requests (HTTP 429).", provider="leadleap") from None
        raise
    data, meta, error = body.get("data"), mapping(body.get("meta")), mapping(body.get("error"))
    request_id = text(meta.get("request_id"))
    if error and data:
        return data, meta, f"LeadLeap sent an error beside the data: {text(error.get('code'))}"
    if response.status < 300 and not error:
        if data is None:
            msg = "LeadLeap: an answer without data and without an error."
            amount = reported(meta.get("credits_used"))
            raise BadAnswerError(msg, provider="leadleap", request_id=request_id, amount=amount)
        return data, meta, ""
    code = text(error.get("code")) or _CODE_BY_STATUS.get(response.status, "")
    kind = _ERRORS.get(code, BadAnswerError)
    words = text(error.get("message")) or f"HTTP {response.status}"
    money = "Nothing was charged." if kind.charged == "no" else "It may have been charged."
    message = (
        f"LeadLeap: {words.rstrip('.')} ({code or response.status}). {money} {_ADVICE.get(code, '')}".rstrip()
    )
    raised = kind(message, provider="leadleap", request_id=request_id)
    if isinstance(raised, RateLimitedError):
        wish = error.get("retry_after")
        raised.body_retry_after = wish if isinstance(wish, int) and not isinstance(wish, bool) else None
    raise raised
