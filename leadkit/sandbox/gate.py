"""The way of a request through the sandbox: delay, fault, the provider's answer, the books, the wire."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

from starlette.datastructures import Headers, QueryParams
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute
from starlette.types import Receive, Scope, Send

from leadkit.sandbox.account import Accounts, ApiKey
from leadkit.sandbox.clock import Clock
from leadkit.sandbox.connections import Connections
from leadkit.sandbox.distort import distort
from leadkit.sandbox.faults import Fault, Faults
from leadkit.sandbox.limits import Allowance
from leadkit.sandbox.record import Charge, Record, RequestRecord
from leadkit.sandbox.world import World


@dataclass(slots=True)
class Backstage:
    """What all providers of one sandbox share."""

    world: World
    delay_seconds: float = 0.0
    clock: Clock = field(default_factory=Clock)
    record: Record = field(default_factory=Record)
    faults: Faults = field(default_factory=Faults)
    connections: Connections = field(default_factory=Connections)

    def charge(self, provider: str, call: Call, items: Sequence[tuple[str, str, int]]) -> None:
        """Take (operation, what, millicredits) from the account that calls, all or none; nothing for a price of 0.

        Raises OutOfCredits.
        """
        assert call.key is not None
        account = call.key.account
        account.pay(sum(millicredits for _, _, millicredits in items))
        charges = [
            Charge(provider, account.name, operation, what, millicredits, call.request_id, call.now)
            for operation, what, millicredits in items
            if millicredits
        ]
        call.charges += charges
        self.record.add_charges(charges)


@dataclass
class Call:
    """One request on its way, and what it came to cost."""

    method: str
    path: str
    query: QueryParams
    headers: Headers
    body: bytes
    now: float
    request_id: str
    path_params: dict[str, Any] = field(default_factory=dict)
    key: ApiKey | None = None
    allowance: Allowance | None = None
    charges: list[Charge] = field(default_factory=list)

    @property
    def millicredits(self) -> int:
        """What the call has cost so far."""
        return sum(charge.millicredits for charge in self.charges)

    @cached_property
    def json(self) -> Any:
        """The body; raises ValueError, with words for the caller, when it is no JSON or is not called so."""
        content_type = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if content_type != "application/json":
            raise ValueError("Content-Type must be application/json.")
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            raise ValueError("The request body is not valid JSON.") from None


class Answering(Protocol):
    """A provider, or one of its hosts, as the gate sees it."""

    name: str

    def begin(self, call: Call) -> None:
        """Find the call's key, and count it against the rate limit."""

    def answer(self, call: Call, handler: Callable[..., Response]) -> Response: ...

    def error(self, call: Call, fault: Fault) -> Response:
        """The provider's own error answer for a "status" fault, whose headers the gate adds."""

    def asked(self, call: Call) -> tuple[str, ...]:
        """The keys that the request asks about, as far as it can be read."""


class Limiting(Protocol):
    """A rate limit; None lifts it."""

    requests_per_minute: int | None


class Provider(Protocol):
    """A provider, as the sandbox sees it."""

    name: str
    accounts: Accounts
    #: Millicredits for one of each thing that can be charged.
    prices: dict[str, int]
    #: A dataclass: what the contract leaves open, or what differs between accounts.
    options: Any

    @property
    def limits(self) -> Limiting: ...

    def new_key(
        self, *, account: str, scopes: Iterable[str] | None, expired: bool, key: str | None = None
    ) -> str: ...

    def routes(self) -> list[BaseRoute]: ...

    def environ(self, url: str, key: str) -> Mapping[str, str]:
        """The variables that lead a client to this provider on the sandbox at ``url``, with that key."""


class Endpoint:
    """One operation of a provider as an ASGI app around a plain function.

    Being no function itself, it is for any method, unless its route names some.

    ``can_charge`` says whether the operation costs something in some case, or finds that out of a call.
    """

    def __init__(
        self,
        backstage: Backstage,
        provider: Answering,
        handler: Callable[..., Response],
        *,
        can_charge: bool | Callable[[Call], bool] = False,
    ) -> None:
        self._backstage = backstage
        self._provider = provider
        self._handler = handler
        self._can_charge = can_charge

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        backstage, provider = self._backstage, self._provider
        request = Request(scope, receive)
        call = Call(
            method=request.method,
            path=request.url.path,
            query=request.query_params,
            headers=request.headers,
            body=await request.body(),
            now=backstage.clock.now(),
            request_id=f"req_{secrets.token_hex(8)}",
            path_params=request.path_params,
        )
        provider.begin(call)
        fault = backstage.faults.take(provider.name, call.method, call.path)
        if backstage.delay_seconds:
            await asyncio.sleep(backstage.delay_seconds)
        if fault and fault.kind == "delay" and not fault.after_charge:
            await asyncio.sleep(fault.seconds)
        response = self._answer(call, fault)
        self._note(call, fault, response)
        if fault and fault.kind == "delay" and fault.after_charge:
            await asyncio.sleep(fault.seconds)
        if response is None:
            await backstage.connections.reset(scope["client"])
        elif fault and fault.kind == "truncate":
            await self._send_half(response, scope, send)
        else:
            await response(scope, receive, send)

    def _answer(self, call: Call, fault: Fault | None) -> Response | None:
        """What goes back; None when the connection is to be cut."""
        if fault is None:
            return self._provider.answer(call, self._handler)
        answer = None
        if fault.carries_out or fault.kind == "delay":
            answer = self._provider.answer(call, self._handler)
        match fault.kind:
            case "reset_before" | "reset_after":
                return None
            case "status":
                return _with_headers(self._provider.error(call, fault), fault)
            case "html":
                page = "<html><body><h1>502 Bad Gateway</h1></body></html>"
                return _with_headers(HTMLResponse(page, fault.status or 502), fault)
            case "body":
                made = Response(fault.body, fault.status or 200, media_type="application/json")
                return _with_headers(made, fault)
            case "reversed" | "short" | "wrong_id" if answer is not None:
                return distort(answer, fault.kind)
        return answer

    def _note(self, call: Call, fault: Fault | None, response: Response | None) -> None:
        can_charge = self._can_charge
        self._backstage.record.add_request(
            RequestRecord(
                provider=self._provider.name,
                account=call.key.account.name if call.key else "",
                method=call.method,
                path=call.path,
                query=str(call.query),
                status=response.status_code if response else 0,
                asked=self._provider.asked(call),
                millicredits=call.millicredits,
                can_charge=can_charge if isinstance(can_charge, bool) else can_charge(call),
                request_id=call.request_id,
                fault=fault.kind if fault else None,
                at=call.now,
            )
        )

    async def _send_half(self, response: Response, scope: Scope, send: Send) -> None:
        body = bytes(response.body)
        await send(
            {"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers}
        )
        await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
        await self._backstage.connections.close(scope["client"])


def _with_headers(response: Response, fault: Fault) -> Response:
    if fault.retry_after is not None:
        response.headers["Retry-After"] = fault.retry_after
    response.headers.update(fault.headers)
    return response
