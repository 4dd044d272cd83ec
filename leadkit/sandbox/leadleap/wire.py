"""The envelope around every JSON answer, the table of errors, and the reading of request bodies."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import Response

from leadkit.sandbox.clock import iso
from leadkit.sandbox.gate import Call
from leadkit.sandbox.limits import Allowance

STATUS = {
    "BAD_REQUEST": 400,
    "UNAUTHORIZED": 401,
    "CREDITS_EXHAUSTED": 402,
    "FORBIDDEN": 403,
    "PLAN_LIMIT": 403,
    "NOT_FOUND": 404,
    "GONE": 410,
    "RATE_LIMITED": 429,
    "INTERNAL_ERROR": 500,
}


class Refusal(Exception):  # noqa: N818 (a documented answer, not a defect)
    """An error of the contract's table."""

    def __init__(self, code: str, message: str, *, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.retry_after = retry_after


def answered(call: Call, data: Any, *, status: int = 200, **meta: Any) -> Response:
    """The envelope of a success; ``meta`` are the operation's own entries beside the id and the time."""
    return _envelope(call, data, None, status, meta)


def refused(call: Call, refusal: Refusal, *, status: int | None = None) -> Response:
    """The envelope of a failure. ``status`` replaces the one of the table."""
    status = STATUS[refusal.code] if status is None else status
    error: dict[str, Any] = {"code": refusal.code, "message": refusal.message, "status": status}
    if refusal.retry_after is not None:
        error["retry_after"] = refusal.retry_after
    response = _envelope(call, None, error, status, {})
    if refusal.retry_after is not None:
        response.headers["Retry-After"] = str(refusal.retry_after)
    return response


def _envelope(
    call: Call, data: Any, error: Mapping[str, Any] | None, status: int, meta: Mapping[str, Any]
) -> Response:
    body = {
        "data": data,
        "meta": {"request_id": call.request_id, "timestamp": iso(call.now), **meta},
        "error": error,
    }
    return Response(json.dumps(body, ensure_ascii=False), status, media_type="application/json")


def add_rate_headers(response: Response, allowance: Allowance | None) -> None:
    if allowance is None:
        return
    response.headers["X-RateLimit-Limit"] = str(allowance.limit)
    response.headers["X-RateLimit-Remaining"] = str(allowance.remaining)
    response.headers["X-RateLimit-Reset"] = str(int(allowance.resets_at + 1))


def json_object(call: Call) -> dict[str, Any]:
    """The request's body; anything but a JSON object is refused."""
    try:
        body = call.json
    except ValueError as error:
        raise Refusal("BAD_REQUEST", str(error)) from None
    if not isinstance(body, dict):
        raise Refusal("BAD_REQUEST", "The request body must be a JSON object.")
    return body


def text_field(call: Call, name: str) -> str:
    """A required, non-empty string of the body."""
    value = json_object(call).get(name)
    if not _is_filled_text(value):
        raise Refusal("BAD_REQUEST", f"{name} is required and must be a string.")
    return str(value)


def texts_field(call: Call, name: str, most: int) -> list[str]:
    """A required list of 1 to ``most`` non-empty strings of the body."""
    value = json_object(call).get(name)
    if not isinstance(value, list) or not value:
        raise Refusal("BAD_REQUEST", f"{name} is required and must be an array of strings.")
    if not all(map(_is_filled_text, value)):
        raise Refusal("BAD_REQUEST", f"Every entry of {name} must be a non-empty string.")
    if len(value) > most:
        raise Refusal("BAD_REQUEST", f"{name} may hold at most {most} entries, not {len(value)}.")
    return value


def _is_filled_text(value: object) -> bool:
    """A string with something in it, of whole characters: half of a surrogate pair cannot be UTF-8."""
    return (
        isinstance(value, str)
        and bool(value.strip())
        and not any("\ud800" <= char <= "\udfff" for char in value)
    )


def csv_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """One or more rows of the same keys as RFC 4180 has it: commas, CRLF, a header line."""
    file = io.StringIO(newline="")
    writer = csv.DictWriter(file, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue()
