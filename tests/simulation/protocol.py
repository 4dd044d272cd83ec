"""How what the provider did is put into words: as LeadLeap does, and as LeadIQ does.

LeadLeap answers a call as a whole and says what it cost. LeadIQ answers a batch part by part, each under an alias of
its own, says its errors inside HTTP 200, for all of the query or for some of its parts, and never says what it cost.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from leadkit.providers.base import Request

CREDIT = 1000
_STATUSES = {
    "CREDITS_EXHAUSTED": 402,
    "PLAN_LIMIT": 402,
    "RATE_LIMITED": 429,
    "UNAUTHORIZED": 401,
    "FORBIDDEN": 403,
    "BAD_REQUEST": 400,
    "INTERNAL_ERROR": 500,
}


@dataclass
class Reply:
    """What the provider did and says. ``items`` in the order asked; ``error`` is an error code instead of data."""

    status: int = 200
    items: list[dict[str, Any]] = field(default_factory=list)
    charged: int = 0
    error: str = ""
    single: bool = True
    reports_cost: bool = True
    no_data: bool = False


class LeadLeapProtocol:
    """``{data, meta, error}`` over paths."""

    @staticmethod
    def asked(request: Request) -> list[str]:
        """The keys that a paid request is about; none of a free one."""
        asked: list[str] = request.json.get("emails") or [request.json["lead_id"]] if request.json else []
        return asked

    @staticmethod
    def answer(reply: Reply, request: Request) -> bytes:
        meta: dict[str, Any] = {"request_id": "req_simulated", "cached": not reply.charged}
        if reply.reports_cost:
            whole, rest = divmod(reply.charged, CREDIT)
            meta["credits_used"] = reply.charged / CREDIT if rest else whole
        if reply.error:
            words = reply.error.replace("_", " ").lower()
            error = {"code": reply.error, "message": words, "status": reply.status}
            return json.dumps({"data": None, "meta": meta, "error": error}).encode()
        data: Any = reply.items[0] if reply.single and reply.items else reply.items
        return json.dumps({"data": None if reply.no_data else data, "meta": meta, "error": None}).encode()

    @staticmethod
    def usage(used: int, left: int) -> bytes:
        usage = {"leads_used": used // CREDIT, "leads_remaining": left // CREDIT}
        return json.dumps({"data": {"account": {"user_id": "usr_1"}, "usage": usage}, "error": None}).encode()


class LeadIQProtocol:
    """GraphQL: ``{data: {p0: …, p1: …}, errors}``."""

    @staticmethod
    def asked(request: Request) -> list[str]:
        return [given["id"] for given in request.json.get("variables", {}).values()]

    @classmethod
    def answer(cls, reply: Reply, request: Request) -> bytes:
        aliases = list(request.json["variables"])
        fields = ["searchPeople"] if aliases == ["input"] else aliases
        if reply.error:
            return json.dumps({"data": None, "errors": [cls._error(_STATUSES[reply.error])]}).encode()
        data: dict[str, Any] = {}
        errors = []
        for name, item in itertools.zip_longest(fields, reply.items, fillvalue={"refused": 500}):
            data[name] = None if "refused" in item else cls._part(item)
            if "refused" in item:
                errors.append({**cls._error(item["refused"]), "path": [name]})
        body: dict[str, Any] = {"data": None if reply.no_data else data}
        return json.dumps({**body, "errors": errors} if errors else body).encode()

    @staticmethod
    def _part(item: Mapping[str, Any]) -> dict[str, Any]:
        if item.get("gone"):
            return {"totalResults": 0, "hasMore": False, "results": []}
        person = {
            "id": item["id"],
            "name": {"fullName": item["full_name"]},
            "currentPositions": [{"emails": [{"value": "somebody@people.example", "status": "Verified"}]}],
        }
        return {"totalResults": 1, "hasMore": False, "results": [person]}

    @staticmethod
    def _error(status: int) -> dict[str, Any]:
        return {"message": "refused", "extensions": {"response": {"status": status}}}

    @staticmethod
    def usage(used: int, left: int) -> bytes:
        plan = {"name": "Plan", "available": left / CREDIT, "used": used / CREDIT}
        return json.dumps({"data": {"account": {"universalPlan": plan}}}).encode()


PROTOCOLS: Mapping[str, type[LeadLeapProtocol] | type[LeadIQProtocol]] = {
    "leadleap": LeadLeapProtocol,
    "leadiq": LeadIQProtocol,
}
