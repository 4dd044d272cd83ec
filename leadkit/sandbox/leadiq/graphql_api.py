"""LeadIQ's GraphQL API, as HTTP: what a request has to look like, and where its errors have their status."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from leadkit.sandbox.account import ApiKey, OutOfCredits
from leadkit.sandbox.faults import Fault
from leadkit.sandbox.gate import Backstage, Call
from leadkit.sandbox.leadiq.bill import Bill
from leadkit.sandbox.leadiq.identity import full_name
from leadkit.sandbox.leadiq.queries import Queries, Search
from leadkit.sandbox.leadiq.refusal import Refusal

if TYPE_CHECKING:
    from leadkit.sandbox.leadiq.api import LeadIQ
    from leadkit.sandbox.leadiq.engine import Query, Resolver

#: Statuses that LeadIQ's own server gives; any other comes from a gateway in front of it, as an HTTP status.
_OWN_STATUSES = frozenset({400, 401, 402, 403, 429, 500})


class GraphqlApi:
    """The host ``api.leadiq.com``, as the gate sees it."""

    name = "leadiq"

    def __init__(self, backstage: Backstage, leadiq: LeadIQ) -> None:
        self._backstage = backstage
        self._leadiq = leadiq
        self._queries = Queries(backstage.world, leadiq)

    # -- what the gate asks for ---------------------------------------------------------------------------

    def begin(self, call: Call) -> None:
        scheme, _, key = call.headers.get("authorization", "").partition(" ")
        call.key = self._leadiq.accounts.find_key(key) if scheme == "Basic" else None
        call.allowance = self._leadiq.limits.take(call.key.key if call.key else "", call.now)

    def answer(self, call: Call, handler: Callable[..., Response]) -> Response:
        try:
            return handler(call)
        except Exception as defect:
            return self._respond({"errors": Refusal(500, f"Unexpected server error: {defect!r}.").errors})

    def error(self, call: Call, fault: Fault) -> Response:
        status = fault.status or 500
        refusal = Refusal(status, f"The sandbox was told to answer {status}.")
        try:
            errors = _read(call).errors(refusal)
        except Refusal:
            errors = refusal.errors
        response = self._respond({"data": None, "errors": errors})
        if status not in _OWN_STATUSES:
            response.status_code = status
        return response

    def asked(self, call: Call) -> tuple[str, ...]:
        try:
            fields = _read(call).fields
        except Refusal:
            return ()
        return tuple(key for field in fields if (key := _identity(field.input)))

    def can_charge(self, call: Call) -> bool:
        try:
            return any(field.name in self._queries.paid for field in _read(call).fields)
        except Refusal:
            return False

    # -- one request ----------------------------------------------------------------------------------------

    def handle(self, call: Call) -> Response:
        try:
            query = _read(call)
        except NoQuery as refusal:
            return Response(json.dumps({"errors": refusal.errors}), 400, media_type="application/json")
        except Refusal as refusal:
            return self._respond({"errors": refusal.errors})
        try:
            key = self._leadiq.checked_key(call)
            most = self._leadiq.options.max_searches
            if most is not None and len(query.fields) > most:
                raise Refusal(400, f"Too many fields in one query: {len(query.fields)}, at most {most}.")
            return self._respond(self._run(query, call, key))
        except Refusal as refusal:
            return self._respond({"data": None, "errors": query.errors(refusal)})

    def _run(self, query: Query, call: Call, key: ApiKey) -> dict[str, Any]:
        from leadkit.sandbox.leadiq.engine import run

        each = self._leadiq.options.charges_each_search
        whole = Bill(key.account, self._leadiq.prices, call.now)

        def charged(search: Search) -> Resolver:
            def resolver(wanted: dict[str, Any], selected: frozenset[str]) -> Any:
                bill = Bill(key.account, self._leadiq.prices, call.now) if each else whole
                result = search(wanted, selected, bill)
                if each:
                    self._pay(call, bill)
                return result

            return resolver

        answer = run(
            query,
            {
                "account": lambda _wanted, _selected: self._queries.account(key.account, call.now),
                "searchPeoplePreview": self._queries.preview,
                **{name: charged(search) for name, search in self._queries.paid.items()},
            },
        )
        if answer["data"] is not None:
            self._pay(call, whole)
        return answer

    def _pay(self, call: Call, bill: Bill) -> None:
        """UNKNOWN: whether a part is given when the credits do not cover all. Here all is refused."""
        try:
            self._backstage.charge(self.name, call, bill.items)
        except OutOfCredits:
            raise Refusal(402, "Insufficient credits.") from None
        bill.account.unlocked.update(bill.unlocked)

    def _respond(self, answer: Mapping[str, Any]) -> Response:
        status = 200
        if answer.get("errors") and not answer.get("data") and self._leadiq.options.error_status_in == "http":
            status = answer["errors"][0]["extensions"]["response"]["status"]
        return Response(json.dumps(answer, ensure_ascii=False), status, media_type="application/json")


class NoQuery(Refusal):
    """A request without a query; the one error whose answer has been seen."""

    def __init__(self) -> None:
        super().__init__(400, "Must provide query string.")

    @property
    def extensions(self) -> dict[str, Any]:
        return {"code": "MISSING_QUERY_STRING"}


def _read(call: Call) -> Query:
    """The query of a request. Raises Refusal."""
    from leadkit.sandbox.leadiq.engine import read_query

    if call.method != "POST":
        raise NoQuery
    try:
        body = call.json
    except ValueError as error:
        raise Refusal(400, str(error)) from None
    if not isinstance(body, dict) or not isinstance(body.get("query"), str) or not body["query"].strip():
        raise NoQuery
    variables, name = body.get("variables"), body.get("operationName")
    if not isinstance(variables, dict | None) or not isinstance(name, str | None):
        raise Refusal(400, "variables must be an object, and operationName a string.")
    return read_query(body["query"], variables or {}, name)


def _identity(wanted: Mapping[str, Any]) -> str:
    """What an input asks about, in one text; empty for a search by filters."""
    for key in ("id", "linkedinUrl", "linkedinId", "email", "hashedEmail", "phone", "domain"):
        if wanted.get(key):
            return str(wanted[key])
    name = full_name(wanted)
    company = wanted.get("company") or {}
    place = (
        company.get("domain")
        or company.get("name")
        or wanted.get("companyDomain")
        or wanted.get("companyName")
    )
    return f"{name}, {place}" if name and place else name or str(wanted.get("name") or "")
