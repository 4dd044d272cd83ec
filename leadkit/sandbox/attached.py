"""A sandbox that runs in another process, with the methods of one that runs in this."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from leadkit.sandbox.control import PREFIX
from leadkit.sandbox.faults import Fault, FaultKind
from leadkit.sandbox.leadleap.webhooks import Delivery
from leadkit.sandbox.record import Charge, RequestRecord
from leadkit.sandbox.world import World

_TIMEOUT_SECONDS = 30.0


def attach(url: str) -> AttachedSandbox:
    """The sandbox at ``url``. Raises ConnectionError when none answers there."""
    return AttachedSandbox(url)


class AttachedSandbox:
    """See :class:`~leadkit.sandbox.box.Sandbox`; every method and property does the same from here."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._address = (parts.hostname or "127.0.0.1", parts.port or 80)
        state = self._ask("GET", "state")
        self.url: str = state["url"]
        self.environ: dict[str, str] = state["environ"]
        self.seed: int = state["seed"]
        self._world: World | None = None

    @property
    def world(self) -> World:
        """The same people, grown here from the same seed."""
        if self._world is None:
            self._world = World(self.seed)
        return self._world

    @property
    def charges(self) -> list[Charge]:
        return [Charge(**charge) for charge in self._ask("GET", "charges")]

    @property
    def requests(self) -> list[RequestRecord]:
        return [RequestRecord(**{**r, "asked": tuple(r["asked"])}) for r in self._ask("GET", "requests")]

    @property
    def deliveries(self) -> list[Delivery]:
        return [Delivery.from_json(delivery) for delivery in self._ask("GET", "deliveries")]

    @property
    def faults(self) -> list[Fault]:
        return [Fault.from_json(fault) for fault in self._ask("GET", "faults")]

    def charged(self, provider: str | None = None) -> int:
        return sum(c.millicredits for c in self.charges if provider in (None, c.provider))

    def paid_requests(self) -> list[RequestRecord]:
        return [request for request in self.requests if request.can_charge]

    def api_key(
        self,
        provider: str = "leadleap",
        *,
        scopes: Iterable[str] | None = None,
        account: str = "main",
        expired: bool = False,
    ) -> str:
        named = None if scopes is None else list(scopes)
        return str(self._order("api_key", provider=provider, scopes=named, account=account, expired=expired))

    def set_credits(self, provider: str, credits: float, *, account: str = "main") -> None:  # noqa: A002
        self._order("set_credits", provider=provider, credits=credits, account=account)

    def set_plan(self, provider: str, plan: str, *, account: str = "main") -> None:
        self._order("set_plan", provider=provider, plan=plan, account=account)

    def set_price(self, provider: str, operation: str, millicredits: int) -> None:
        self._order("set_price", provider=provider, operation=operation, millicredits=millicredits)

    def set_rate_limit(self, provider: str, requests_per_minute: int | None) -> None:
        self._order("set_rate_limit", provider=provider, requests_per_minute=requests_per_minute)

    def set_option(self, provider: str, name: str, value: str | int | bool | None) -> None:
        self._order("set_option", provider=provider, name=name, value=value)

    def fault(self, kind: FaultKind, path: str = "", *, body: bytes = b"", **parts: Any) -> None:
        self._order("fault", kind=kind, path=path, body=body.decode("latin-1"), **parts)

    def clear_faults(self) -> None:
        self._order("clear_faults")

    def clear_record(self) -> None:
        self._order("clear_record")

    def advance(self, seconds: float) -> None:
        self._order("advance", seconds=seconds)

    def send_event(self, event: str, data: Mapping[str, Any], *, account: str = "main") -> None:
        self._order("send_event", event=event, data=dict(data), account=account)

    def _order(self, order: str, /, **arguments: Any) -> Any:
        return self._ask("POST", "orders", {"order": order, "arguments": arguments})["result"]

    def _ask(self, method: str, name: str, body: Any = None) -> Any:
        connection = http.client.HTTPConnection(*self._address, timeout=_TIMEOUT_SECONDS)
        try:
            payload = None if body is None else json.dumps(body)
            connection.request(method, f"{PREFIX}/{name}", payload)
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        if answer.status != http.HTTPStatus.OK:
            msg = f"the sandbox answered {answer.status} to {method} {name}: {text.decode()[:300]}"
            raise ValueError(msg)
        return json.loads(text)
