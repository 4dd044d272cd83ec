"""Routes under ``/_sandbox`` that let another process read the books and give orders.

``GET`` of ``state``, ``charges``, ``requests``, ``deliveries`` and ``faults`` reads; ``POST`` of ``orders`` calls
the method of :class:`~leadkit.sandbox.box.Sandbox` that it names. Only this machine may: the server listens on
loopback, and a page in somebody's browser, which could reach loopback too, gives itself away by its Host or
Origin header.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route

if TYPE_CHECKING:
    from leadkit.sandbox.box import Sandbox

PREFIX = "/_sandbox"

#: Methods of the sandbox that another process may call.
ORDERS = frozenset(
    {
        "api_key",
        "set_credits",
        "set_plan",
        "set_price",
        "set_rate_limit",
        "set_option",
        "fault",
        "clear_faults",
        "clear_record",
        "advance",
        "send_event",
    }
)
_LOOPBACK = frozenset({"127.0.0.1", "localhost"})


def routes(box: Sandbox) -> list[BaseRoute]:
    return [
        _read("state", lambda: {"url": box.url, "environ": box.environ, "seed": box.seed}),
        _read("charges", lambda: [asdict(charge) for charge in box.charges]),
        _read("requests", lambda: [asdict(request) for request in box.requests]),
        _read("deliveries", lambda: [d.as_json() for d in box.deliveries]),
        _read("faults", lambda: [fault.as_json() for fault in box.faults]),
        Route(f"{PREFIX}/orders", _orders(box), methods=["POST"]),
    ]


def _read(name: str, view: Callable[[], Any]) -> Route:
    async def endpoint(request: Request) -> JSONResponse:
        return JSONResponse(view()) if _is_local(request) else _stranger()

    return Route(f"{PREFIX}/{name}", endpoint, methods=["GET"])


def _orders(box: Sandbox) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> JSONResponse:
        if not _is_local(request):
            return _stranger()
        try:
            order = json.loads(await request.body())
            name, arguments = order["order"], dict(order.get("arguments", {}))
            if name not in ORDERS:
                msg = f"no order {name!r}; the orders are {', '.join(sorted(ORDERS))}"
                raise ValueError(msg)
            if name == "fault":
                arguments["body"] = arguments.get("body", "").encode("latin-1")
            return JSONResponse({"result": getattr(box, name)(**arguments)})
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            return JSONResponse({"error": f"{error}"}, 400)

    return endpoint


def _is_local(request: Request) -> bool:
    return request.url.hostname in _LOOPBACK and "origin" not in request.headers


def _stranger() -> JSONResponse:
    return JSONResponse({"error": "only programs of this machine may ask"}, 403)
