"""How what the provider did is put into words: as LeadLeap does, as LeadIQ does, and as Leadfeeder does.

LeadLeap answers a call as a whole and says what it cost. LeadIQ answers a batch part by part, each under an alias of
its own, says its errors inside HTTP 200, for all of the query or for some of its parts, and never says what it cost.
Leadfeeder answers a batch with the records that it has, under the ids that they have now, and says what all of them
cost together; its errors come in three shapes.
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
_LEADFEEDER_CODES = {
    "CREDITS_EXHAUSTED": "quota_exceeded",
    "PLAN_LIMIT": "insufficient_entitlements",
    "RATE_LIMITED": "too_many_requests",
    "UNAUTHORIZED": "invalid_api_key",
    "FORBIDDEN": "insufficient_scope",
    "NOT_FOUND": "entity_not_found",
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
    beside: str = ""  # an error code that comes beside the data


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


class LeadfeederProtocol:
    """``{data, meta}`` or ``{errors, meta}``; what is asked for stands in the path, or in the query."""

    account = "123456"

    @staticmethod
    def asked(request: Request) -> list[str]:
        several = dict(request.query).get("ids")
        if several is not None:
            return several.split(",")
        head, _, one = request.path.removeprefix("/").partition("/")
        return [one] if head == "contacts" else []

    @classmethod
    def answer(cls, reply: Reply, request: Request) -> bytes:
        meta: dict[str, Any] = {"request_id": "req_simulated"}
        if reply.error:
            return json.dumps(cls._error(reply.status, reply.error, meta)).encode()
        if reply.reports_cost:
            meta["credits"] = {"charged": reply.charged / CREDIT}
        records = [cls._record(item) for item in reply.items]
        data: Any = records[0] if reply.single else records
        body: dict[str, Any] = {"data": None if reply.no_data else data, "meta": meta}
        if reply.beside:
            body["errors"] = [{"code": _LEADFEEDER_CODES[reply.beside], "title": "Some are missing."}]
        return json.dumps(body).encode()

    @staticmethod
    def _record(item: Mapping[str, Any]) -> dict[str, Any]:
        flag = {"do_not_contact": bool(item.get("do_not_contact"))}
        attributes = {"full_name": item["full_name"], "title": item.get("job_title"), "meta": flag}
        return {"type": "contact", "id": item["now"], "attributes": attributes}

    @staticmethod
    def _error(status: int, code: str, meta: Mapping[str, Any]) -> dict[str, Any]:
        flat = {"code": _LEADFEEDER_CODES.get(code, code.lower()), "message": "refused"}
        if status == 429:
            return flat
        body = {"errors": [{"code": flat["code"], "title": "refused"}], "meta": meta}
        return {**body, "error": flat} if status == 401 else body

    @classmethod
    def usage(cls, used: int, left: int) -> bytes:
        told = {"available": (used + left) / CREDIT, "used": used / CREDIT, "remaining": left / CREDIT}
        record = {"type": "account", "id": cls.account, "attributes": {"name": "Ours", "credits": told}}
        return json.dumps({"data": [record], "meta": {"request_id": "req_simulated"}}).encode()


Protocol = LeadLeapProtocol | LeadIQProtocol | LeadfeederProtocol
PROTOCOLS: Mapping[str, type[Protocol]] = {
    "leadleap": LeadLeapProtocol,
    "leadiq": LeadIQProtocol,
    "leadfeeder": LeadfeederProtocol,
}
