"""Receiving LeadLeap's events: evidence about calls in doubt, and never a source of data.

LeadLeap signs the raw body (https://leadleap.net/docs/api, Verifying webhook signatures) and signs no time of
sending, so a recorded event could be played back. The event's own timestamp, which the signature covers, must be
recent, and each body is taken once.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from leadkit.errors import LeadkitError, SettingsError
from leadkit.ledger import Ledger

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from leadkit.workspace import Workspace

#: How old, or how far in the future, an event may be. Five minutes is what signed webhooks commonly allow.
WINDOW_SECONDS = 300
#: The largest body that is read, in bytes.
BODY_CAP = 64 * 1024
#: Environment variable, or keyring entry, of the secret that LeadLeap told once when the webhook was made.
SECRET_NAME = "LEADLEAP_WEBHOOK_SECRET"  # noqa: S105 (its name, not its value)


class RefusedEventError(LeadkitError):
    """An event that is not taken. ``status`` is the HTTP status that says so."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


def verify(body: bytes, signature: str | None, secret: str) -> None:
    """Check the signature over the raw body, in constant time.

    Raises
    ------
    SettingsError
        The secret is empty: then anybody could sign.
    RefusedEventError
        No signature, or not the one of this body.
    """
    if not secret:
        msg = f"The webhook secret is empty. Set {SECRET_NAME} to what LeadLeap showed when it was made."
        raise SettingsError(msg)
    expected = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    given = (signature or "").encode("utf-8", "surrogateescape")
    if not hmac.compare_digest(expected.encode(), given):
        raise RefusedEventError("The signature is not the one of this body.", 401)


def receive(body: bytes, signature: str | None, *, secret: str, ledger: Ledger) -> int:
    """Take one event; returns how many facts in doubt it settled.

    Only ``lead.unlocked`` says something about money: the lead was unlocked, so a call in doubt for it counts at
    its reservation. The lead's data is still asked for in the ordinary way, which is free then.

    Raises
    ------
    RefusedEventError
        Wrongly signed, not an event, too old, or seen before.
    """
    verify(body, signature, secret)
    event = _event(body)
    age = ledger.now() - _seconds(event.get("timestamp"))
    if abs(age) > WINDOW_SECONDS:
        raise RefusedEventError("The event is too old, or from the future.", 409)
    lead_id = event["data"].get("lead_id")
    is_id = isinstance(lead_id, str) and lead_id.isprintable()
    unlocked = lead_id if event["event"] == "lead.unlocked" and is_id else ""
    digest = hashlib.sha256(body).hexdigest()
    settled = ledger.take_event(digest, provider="leadleap", step="unlock", key=unlocked)
    if settled is None:
        raise RefusedEventError("The event was taken before.", 409)
    return settled


def _event(body: bytes) -> Mapping[str, Any]:
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        raise RefusedEventError("The body is not JSON.", 400) from None
    if not isinstance(event, dict) or not isinstance(event.get("event"), str):
        raise RefusedEventError("The body is not an event.", 400)
    if not isinstance(event.get("data"), dict):
        raise RefusedEventError("The event has no data.", 400)
    return event


def _seconds(timestamp: Any) -> float:
    # The documents print blanks inside of the time ("14: 30: 00"), as no parser takes them.
    text = timestamp.replace(" ", "") if isinstance(timestamp, str) else ""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise RefusedEventError("The event has no readable time.", 400) from None
    if moment.tzinfo is None:
        raise RefusedEventError("The event's time has no zone.", 400)
    return moment.timestamp()


def application(workspace: Workspace) -> Starlette:
    """An ASGI application that takes events at ``POST /leadleap``.

    Raises
    ------
    SettingsError
        No secret is set.
    """
    from starlette.applications import Starlette
    from starlette.concurrency import run_in_threadpool
    from starlette.requests import Request
    from starlette.responses import PlainTextResponse
    from starlette.routing import Route

    secret = workspace.settings.key(SECRET_NAME)
    ledger = workspace.ledger

    async def take(request: Request) -> PlainTextResponse:
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > BODY_CAP:
                return PlainTextResponse("The body is too large.", 413)
        signature = request.headers.get("x-webhook-signature")
        try:
            await run_in_threadpool(receive, bytes(body), signature, secret=secret.reveal(), ledger=ledger)
        except RefusedEventError as refused:
            return PlainTextResponse(str(refused), refused.status)
        return PlainTextResponse("taken")

    return Starlette(routes=[Route("/leadleap", take, methods=["POST"])])
