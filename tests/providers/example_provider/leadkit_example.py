"""Example Verify: checks e-mail addresses. There is no such service; this is a provider to copy.

API: https://docs.verify.example/api, read 2026-11-21. ``POST /v1/checks`` takes up to 20 addresses, costs 0.2 credits
for each and answers ``{"checks": [{"address", "result"}], "credits": …, "id": …}`` in any order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from leadkit.errors import (
    BadAnswerError,
    BadRequestError,
    CreditsExhaustedError,
    InputError,
    KeyRefusedError,
    ProviderError,
    RateLimitedError,
)
from leadkit.providers.base import (
    Answer,
    Balance,
    Decoded,
    Operation,
    Price,
    Provider,
    RateLimit,
    Repeat,
    Request,
    Response,
    ResultColumn,
    Search,
)
from leadkit.providers.json_body import mapping, millicredits, read_json, reported, text
from leadkit.settings import Settings

PAGE = "https://docs.verify.example/api"
PRICE_MILLICREDITS = 200

#: The service's word → the verdict; a word that is not documented is nobody's yes.
VERDICTS = {"deliverable": "valid", "undeliverable": "invalid", "catch_all": "risky"}

#: What each status means. A class says whether the run goes on and whether anything can have been charged;
#: every status that is not here may have been charged.
ERRORS: Mapping[int, type[ProviderError]] = {
    400: BadRequestError,
    401: KeyRefusedError,
    402: CreditsExhaustedError,
    429: RateLimitedError,
}


def make(settings: Settings) -> Provider:
    """What the entry point names."""
    return Example()


class Example:
    """The provider."""

    name = "example"
    title = "Example Verify"
    key_name = "EXAMPLE_API_KEY"
    hosts: Mapping[str, str] = {"api": "https://api.verify.example/v1"}
    #: For tests: replaces the address, and is refused unless it is on this machine.
    host_overrides: Mapping[str, str] = {"api": "EXAMPLE_URL"}

    def headers(self, key: str, host: str) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {key}"}

    def operation(self, step: str, wants: Sequence[str] = ()) -> Operation:
        """The operation behind a step: validate_emails."""
        if step != "validate_emails" or wants:
            raise InputError(
                f"Example Verify offers validate_emails, as a whole, not {step}. Nothing was sent."
            )
        return Operation(
            provider=self.name,
            step=step,
            title="validate e-mail addresses",
            takes="email",
            wants=(),
            batch_size=20,
            price=Price(PRICE_MILLICREDITS, PRICE_MILLICREDITS, PRICE_MILLICREDITS, source=f"{PAGE}#prices"),
            limit=RateLimit(requests=10, seconds=1.0, source=f"{PAGE}#limits"),
            repeat=Repeat(
                free=False, source=f"{PAGE}: says nothing about asking again, so it may cost again"
            ),
            keeps_days=30,
            keeps_why="two or three in a hundred business addresses stop working in a month",
            miss_keeps_days=None,  # an address always gets a result
            columns=(
                ResultColumn("example_email_verdict", "verdict", "valid, invalid, …", default="not checked"),
                ResultColumn("example_email_result", "result", "Example Verify's own word"),
            ),
            encode=lambda keys: Request("POST", "/checks", json={"addresses": list(keys)}),
            decode=decode_checks,
        )

    def search(self, step: str, wants: Sequence[str] = ()) -> Search:
        raise InputError(f"Example Verify does not offer {step}; it has no search. Nothing was sent.")

    def use_account(self, send: Callable[[Request], Response]) -> None:
        """A key is one account's."""

    def balance_request(self) -> Request:
        return Request("GET", "/account")

    def decode_balance(self, response: Response) -> Balance:
        body = body_of(response)
        return Balance(self.name, text(body.get("account")), millicredits(body.get("credits")), used=None)


def decode_checks(keys: Sequence[str], response: Response) -> Decoded:
    """The answers by the address that was asked; one that is missing is in doubt, never invalid."""
    body = body_of(response)
    answers: dict[str, Answer] = {}
    checks = body.get("checks")
    for check in map(mapping, checks if isinstance(checks, list) else []):
        address, result = (text(check.get("address")) or "").lower(), text(check.get("result"))
        if address in keys and result is not None:
            verdict = VERDICTS.get(result, "unknown")
            answers[address] = Answer("found", {"verdict": verdict, "result": result})
    return Decoded(answers, reported(body.get("credits")), text(body.get("id")))


def body_of(response: Response) -> Mapping[str, object]:
    """The JSON object of an answer, or the error that it is."""
    if response.status in ERRORS:
        kind = ERRORS[response.status]
        advice = " Check EXAMPLE_API_KEY." if kind is KeyRefusedError else ""
        msg = f"Example Verify: HTTP {response.status}. Nothing was charged.{advice}"
        raise kind(msg, provider=Example.name)
    body = read_json(response, Example.title)
    if response.status >= 300:
        msg = f"Example Verify: HTTP {response.status}. It may have been charged."
        raise BadAnswerError(msg, provider=Example.name)
    return body
