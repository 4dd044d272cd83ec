"""The provider: keys, limits, and the reading of four kinds of rows. Nothing here costs anything."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from leadkit.sandbox.account import MILLICREDITS_PER_CREDIT, Accounts, ApiKey
from leadkit.sandbox.clock import iso
from leadkit.sandbox.faults import Fault
from leadkit.sandbox.gate import Backstage, Call, Endpoint
from leadkit.sandbox.leadey.options import Options
from leadkit.sandbox.leadey.workspace import Row, Workspace
from leadkit.sandbox.limits import Limits
from leadkit.sandbox.world import share

PREFIX = "/leadey/v1"
KEY_PREFIX = "leadey_sk_live_"
REQUESTS_PER_MINUTE = 120
DEFAULT_PAGE_SIZE = 25
MAX_PAGE_SIZE = 100

#: What the quickstart prints of a lead.
_PRINTED_LEAD_FIELDS = (
    "id", "name", "title", "company", "email", "status", "score", "campaignId", "campaignName", "createdAt",
)  # fmt: skip


@dataclass(frozen=True)
class Kind:
    """One kind of rows: what ``search`` looks into, and the filters that must be equal or contained."""

    name: str
    one: str
    searched: Sequence[str]
    equal: Sequence[str] = ()
    contained: Sequence[str] = ()


KINDS = (
    Kind("leads", "Lead", ("name", "company", "email"), equal=("campaignId", "status")),
    Kind("campaigns", "Campaign", ("name",), equal=("status",)),
    Kind("companies", "Company", ("name", "domain"), contained=("industry",)),
    Kind("contacts", "Contact", ("fullName", "email", "company"), contained=("company",)),
)


class Refusal(Exception):  # noqa: N818 (a documented answer, not a defect)
    """An error: a status and words, and no code."""

    def __init__(self, status: int, message: str, *, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.retry_after = retry_after


class Leadey:
    """The provider: its accounts, limits and routes."""

    name = "leadey"

    def __init__(self, backstage: Backstage, *, limit_millicredits: int, rate_limited: bool) -> None:
        self._backstage = backstage
        self.options = Options()
        self.accounts = Accounts(limit_millicredits, plan="growth")
        self.limits = Limits(REQUESTS_PER_MINUTE if rate_limited else None)
        self.prices: dict[str, int] = {}
        self._workspaces: dict[str, Workspace] = {}

    def new_key(
        self,
        *,
        account: str,
        scopes: Iterable[str] | None,  # noqa: ARG002 (Leadey's keys have none)
        expired: bool,
        key: str | None = None,
    ) -> str:
        made = key or KEY_PREFIX + secrets.token_hex(20)
        self.accounts.add_key(made, account, (), expired=expired)
        return made

    def environ(self, url: str, key: str) -> dict[str, str]:
        return {"LEADEY_API_KEY": key, "LEADKIT_LEADEY_URL": url + PREFIX}

    def routes(self) -> list[BaseRoute]:
        return [
            self._route("/me", self._me),
            *(self._route(f"/{kind.name}", self._list(kind)) for kind in KINDS),
            *(self._route(f"/{kind.name}/{{id}}", self._one(kind)) for kind in KINDS),
            Route(PREFIX + "/{rest:path}", Endpoint(self._backstage, self, _no_such_path)),
        ]

    def _route(self, path: str, handler: Callable[[Call, ApiKey], Response]) -> Route:
        return Route(PREFIX + path, Endpoint(self._backstage, self, handler), methods=["GET"])

    # -- what the gate asks for ---------------------------------------------------------------------------

    def begin(self, call: Call) -> None:
        call.key = self.accounts.find_key(_bearer(call))
        call.allowance = self.limits.take(call.key.key if call.key else "", call.now)

    def answer(self, call: Call, handler: Callable[..., Response]) -> Response:
        try:
            return handler(call, _checked_key(call))
        except Refusal as refusal:
            return _refused(refusal)
        except Exception as defect:
            return _refused(Refusal(500, f"Unexpected server error: {defect!r}."))

    def error(self, call: Call, fault: Fault) -> Response:  # noqa: ARG002 (the same for every call)
        status = fault.status or 500
        return _refused(Refusal(status, f"The sandbox was told to answer {status}."))

    def asked(self, call: Call) -> tuple[str, ...]:
        wanted = call.path_params.get("id") or call.query.get("search")
        return (str(wanted),) if wanted else ()

    # -- reading --------------------------------------------------------------------------------------------

    def _me(self, _call: Call, key: ApiKey) -> Response:
        account = key.account
        included = account.limit_millicredits // MILLICREDITS_PER_CREDIT
        balance = account.remaining_millicredits // MILLICREDITS_PER_CREDIT
        return _json(
            {
                "data": {
                    "id": f"org_{share(account.name, 'organisation', 1000)}",
                    "name": f"Sandbox Trading ({account.name})",
                    "plan": account.plan,
                    "planStatus": "active",
                    "credits": {"balance": balance, "included": included, "used": included - balance},
                    "createdAt": iso(datetime(2026, 1, 4, 10, 30, tzinfo=UTC).timestamp()),
                }
            }
        )

    def _list(self, kind: Kind) -> Callable[[Call, ApiKey], Response]:
        def read(call: Call, key: ApiKey) -> Response:
            workspace = self._workspace(key)
            page = _page([row for row in getattr(workspace, kind.name) if _fits(row, kind, call.query)], call)
            if kind.name == "leads":
                page["data"] = list(map(self._shown_lead, page["data"]))
                workspace.let_leads_arrive(self.options.leads_arriving)
            return _json(page)

        return read

    def _one(self, kind: Kind) -> Callable[[Call, ApiKey], Response]:
        def read(call: Call, key: ApiKey) -> Response:
            for row in getattr(self._workspace(key), kind.name):
                if row["id"] == call.path_params["id"]:
                    return _json({"data": row})
            raise Refusal(404, f"{kind.one} not found")

        return read

    def _workspace(self, key: ApiKey) -> Workspace:
        if key.account.name not in self._workspaces:
            self._workspaces[key.account.name] = Workspace(self._backstage.world)
        return self._workspaces[key.account.name]

    def _shown_lead(self, row: Row) -> Row:
        return row if self.options.all_lead_fields else {name: row[name] for name in _PRINTED_LEAD_FIELDS}


def _fits(row: Row, kind: Kind, query: Mapping[str, str]) -> bool:
    """Unknown parameters say nothing, as in the service: ``source`` finds everybody."""
    searched = query.get("search", "").lower()
    return (
        any(searched in str(row[name] or "").lower() for name in kind.searched)
        and all(row[name] == query[name] for name in kind.equal if query.get(name))
        and all(
            query[name].lower() in str(row[name] or "").lower() for name in kind.contained if query.get(name)
        )
    )


def _page(rows: Sequence[Row], call: Call) -> dict[str, Any]:
    """A page, its number and size cut to what is possible without a word."""
    size = min(MAX_PAGE_SIZE, _number(call, "pageSize", DEFAULT_PAGE_SIZE))
    number = _number(call, "page", 1)
    return {
        "data": rows[(number - 1) * size : number * size],
        "meta": {
            "page": number,
            "pageSize": size,
            "totalCount": len(rows),
            "totalPages": -(-len(rows) // size),
        },
    }


def _number(call: Call, name: str, default: int) -> int:
    text = call.query.get(name, "")
    return max(1, int(text[:9])) if text.isascii() and text.isdigit() else default


def _bearer(call: Call) -> str:
    scheme, _, key = call.headers.get("authorization", "").partition(" ")
    return key if scheme == "Bearer" else ""


def _checked_key(call: Call) -> ApiKey:
    given = _bearer(call)
    if not given:
        raise Refusal(401, "Missing API key. Provide it as 'Authorization: Bearer <key>'.")
    if not given.startswith(KEY_PREFIX):
        raise Refusal(401, f"Malformed API key: it begins with {KEY_PREFIX}.")
    if call.key is None or call.key.expired:
        raise Refusal(401, "Invalid or revoked API key.")
    if call.allowance is not None and not call.allowance.allowed:
        wait = call.allowance.seconds_left(call.now)
        raise Refusal(429, f"Rate limit exceeded. Retry in {wait}s.", retry_after=wait)
    return call.key


def _json(body: Mapping[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(body, ensure_ascii=False), status, media_type="application/json")


def _refused(refusal: Refusal) -> Response:
    response = _json({"error": {"message": refusal.message, "details": None}}, refusal.status)
    if refusal.retry_after is not None:
        response.headers["Retry-After"] = str(refusal.retry_after)
    return response


def _no_such_path(call: Call, _key: ApiKey) -> Response:
    raise Refusal(404, f"There is no {call.method} {call.path}.")
