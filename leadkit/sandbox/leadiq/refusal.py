"""The errors that both of LeadIQ's hosts answer with."""

from __future__ import annotations

from typing import Any


class Refusal(Exception):  # noqa: N818 (a documented answer, not a defect)
    """An error with the status of the guide's table. ``code`` is Prospector's word for it."""

    def __init__(self, status: int, message: str, code: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code or _CODES.get(status, "error")

    @property
    def extensions(self) -> dict[str, Any]:
        """Where the samples find the status of a GraphQL error."""
        return {"response": {"status": self.status}}

    @property
    def errors(self) -> list[dict[str, Any]]:
        """As a GraphQL answer has it, when it is about the whole query."""
        return [{"message": self.message, "extensions": self.extensions}]


#: UNKNOWN: Prospector's codes, except for no_email_to_verify.
_CODES = {
    400: "bad_request",
    401: "unauthorized",
    402: "insufficient_credits",
    404: "not_found",
    409: "conflict",
    422: "unprocessable",
    429: "too_many_requests",
    500: "internal",
    502: "upstream",
}
