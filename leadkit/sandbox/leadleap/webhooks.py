"""Webhook subscriptions, and their signed deliveries to this machine.

The sandbox never talks to another machine: a subscription to any other host exists and can be listed, and
its deliveries are written down with no status.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import queue
import secrets
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

from leadkit.sandbox.clock import Clock, iso
from leadkit.sandbox.leadleap.usage import MAX_WEBHOOKS, user_id
from leadkit.sandbox.leadleap.wire import Refusal

EVENTS = frozenset(
    {
        "lead.unlocked",
        "lead.exported",
        "lead.enriched",
        "sequence.started",
        "sequence.completed",
        "email.sent",
        "email.opened",
        "email.clicked",
        "email.replied",
        "email.bounced",
        "contact.job_changed",
        "crm_clean.completed",
        "import.completed",
        "enrichment.completed",
    }
)
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_TIMEOUT_SECONDS = 5.0


@dataclass(slots=True)
class Webhook:
    """One subscription. A deleted one is kept, inactive."""

    id: str
    account: str
    name: str
    url: str
    events: list[str]
    secret: str
    created_at: float
    is_active: bool = True
    failure_count: int = 0
    last_triggered_at: float | None = None

    def as_json(self) -> dict[str, Any]:
        """As it is listed; the secret is told once, elsewhere."""
        last = self.last_triggered_at
        return {
            "id": self.id,
            "name": self.name,
            "url": self.url,
            "events": self.events,
            "is_active": self.is_active,
            "failure_count": self.failure_count,
            "last_triggered_at": None if last is None else iso(last),
            "created_at": iso(self.created_at),
        }


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event sent to one webhook. ``status`` is what the receiver said, None when it was not reached."""

    webhook_id: str
    event: str
    body: bytes
    signature: str
    status: int | None

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"body": self.body.decode()}

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Delivery:
        return cls(**{**fields, "body": str(fields["body"]).encode()})


class Webhooks:
    """All subscriptions of the provider, and the one thread that delivers to them in order."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._hooks: dict[str, Webhook] = {}
        self._queue: queue.Queue[tuple[Webhook, str, bytes] | None] = queue.Queue()
        self._thread: threading.Thread | None = None
        self.deliveries: list[Delivery] = []

    def active(self, account: str) -> list[Webhook]:
        return [hook for hook in self._hooks.values() if hook.account == account and hook.is_active]

    def create(self, body: Mapping[str, Any], account: str) -> Webhook:
        name, url, events = body.get("name"), body.get("url"), body.get("events")
        if not isinstance(name, str) or not name.strip():
            raise Refusal("BAD_REQUEST", "name is required and must be a string.")
        if not isinstance(url, str) or not _is_allowed(url):
            raise Refusal("BAD_REQUEST", "url is required and must be an HTTPS URL.")
        if not isinstance(events, list) or not events or not all(isinstance(e, str) for e in events):
            raise Refusal("BAD_REQUEST", "events is required and must be an array of event types.")
        if unknown := [event for event in events if event not in EVENTS]:
            raise Refusal("BAD_REQUEST", f"Unknown event: {unknown[0]}.")
        if len(self.active(account)) >= MAX_WEBHOOKS:
            raise Refusal("PLAN_LIMIT", f"Your plan allows {MAX_WEBHOOKS} webhooks.")
        hook = Webhook(
            id=f"wh_{secrets.token_hex(8)}",
            account=account,
            name=name,
            url=url,
            events=list(dict.fromkeys(events)),
            secret=f"whsec_{secrets.token_hex(24)}",
            created_at=self._clock.now(),
        )
        self._hooks[hook.id] = hook
        return hook

    def delete(self, hook_id: str, account: str) -> None:
        hook = self._hooks.get(hook_id)
        if hook is None or hook.account != account:
            raise Refusal("NOT_FOUND", f"Webhook {hook_id} was not found.")
        if not hook.is_active:  # UNKNOWN: deleting twice. "Exists but has been deleted" is GONE elsewhere.
            raise Refusal("GONE", f"Webhook {hook_id} has been deleted.")
        hook.is_active = False

    def send(self, event: str, account: str, data: Mapping[str, Any]) -> None:
        """Tell the account's subscribers. UNKNOWN: retries; a delivery that fails is counted, not repeated."""
        hooks = [hook for hook in self.active(account) if event in hook.events]
        if not hooks:
            return
        envelope = {
            "event": event,
            "timestamp": iso(self._clock.now()),
            "user_id": user_id(account),
            "data": data,
        }
        body = json.dumps(envelope, ensure_ascii=False).encode()
        if self._thread is None:
            self._thread = threading.Thread(target=self._deliver_all, name="sandbox webhooks", daemon=True)
            self._thread.start()
        for hook in hooks:
            self._queue.put((hook, event, body))

    def close(self) -> None:
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join(_TIMEOUT_SECONDS)

    def _deliver_all(self) -> None:
        while (item := self._queue.get()) is not None:
            hook, event, body = item
            if not hook.is_active:  # "stops receiving events immediately"
                continue
            signature = sign(body, hook.secret)
            status = _post(urlsplit(hook.url), body, signature)
            hook.last_triggered_at = self._clock.now()
            hook.failure_count += status is None or not 200 <= status < 300
            self.deliveries.append(Delivery(hook.id, event, body, signature, status))


def sign(body: bytes, secret: str) -> str:
    """The ``X-Webhook-Signature`` of a delivery."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def _is_allowed(url: str) -> bool:
    """HTTPS, as the contract wants; plain HTTP to this machine too, so that a test can listen."""
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and (
            parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
        )
    except ValueError:
        return False


def _post(url: SplitResult, body: bytes, signature: str) -> int | None:
    if url.hostname not in _LOOPBACK or url.scheme != "http":
        return None
    connection = http.client.HTTPConnection(url.hostname, url.port or 80, timeout=_TIMEOUT_SECONDS)
    try:
        target = (url.path or "/") + (f"?{url.query}" if url.query else "")
        headers = {"Content-Type": "application/json", "X-Webhook-Signature": signature}
        connection.request("POST", target, body, headers)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
