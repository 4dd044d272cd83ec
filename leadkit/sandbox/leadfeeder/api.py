"""The provider: its accounts, limits, and one method for each operation.

A request is judged in this order: key (401), rate (429), account (401, 403), its form (400), what it is about
(404), and credits.
"""

from __future__ import annotations

import math
import secrets
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from leadkit.sandbox.account import MILLICREDITS_PER_CREDIT, Account, Accounts, OutOfCredits
from leadkit.sandbox.clock import month
from leadkit.sandbox.faults import Fault
from leadkit.sandbox.gate import Backstage, Call, Endpoint
from leadkit.sandbox.leadfeeder.data import Data
from leadkit.sandbox.leadfeeder.lists import ListOperations
from leadkit.sandbox.leadfeeder.options import Options
from leadkit.sandbox.leadfeeder.wire import Refusal, answered, bad_request, refused
from leadkit.sandbox.limits import Bucket

PREFIX = "/leadfeeder/v1"
REQUESTS_PER_MINUTE = 600  # 10 a second
BURST = 15

#: An operation, and the account whose data it reads and whose credits pay.
Handler = Callable[[Call, Account], Response]


class Leadfeeder:
    """The provider: its accounts, limits and routes."""

    name = "leadfeeder"

    def __init__(self, backstage: Backstage, *, limit_millicredits: int, rate_limited: bool) -> None:
        self._backstage = backstage
        self.options = Options()
        self.accounts = Accounts(limit_millicredits, plan="")
        self.limits = Bucket(REQUESTS_PER_MINUTE if rate_limited else None, BURST)
        if not rate_limited:
            self.options.requests_per_month = None
        #: Millicredits for a record that nobody of the account has read in 12 months, and for a page of a search
        #: or a call to match, which are free: set them to see what a client makes of a free call that is not.
        self.prices = {"company": 1000, "contact": 1000, "search": 0, "match": 0}
        self._data = Data(backstage.world, self)
        self._lists = ListOperations(self._data)
        self._used: Counter[tuple[str, str, str]] = Counter()  # (account, month, what)

    def new_key(
        self, *, account: str, scopes: Iterable[str] | None, expired: bool, key: str | None = None
    ) -> str:
        """A key of a user of ``account``; ``scopes`` are further accounts that the user has access to."""
        made = key or f"lf_{secrets.token_hex(20)}"
        self.accounts.add_key(made, account, [account, *(scopes or ())], expired=expired)
        return made

    def environ(self, url: str, key: str) -> dict[str, str]:
        found = self.accounts.find_key(key)
        assert found is not None
        return {
            "LEADFEEDER_API_KEY": key,
            "LEADFEEDER_ACCOUNT_ID": account_id(found.account.name),
            "LEADKIT_LEADFEEDER_URL": url + PREFIX,
        }

    def routes(self) -> list[BaseRoute]:
        data, lists = self._data, self._lists
        return [
            self._route("GET", "/accounts", self._accounts, needs_account=False),
            self._route("GET", "/users/me", self._me, needs_account=False),
            self._route("GET", "/usage", self._usage),
            self._route(
                "POST", "/companies/search", data.search_companies, can_charge=self._priced("search")
            ),
            self._route("POST", "/companies/match", data.match, can_charge=self._priced("match")),
            self._route("GET", "/companies", data.companies_by_ids, can_charge=True),
            self._route("GET", "/companies/{id}", data.company, can_charge=True),
            self._route("POST", "/contacts/search", data.search_contacts, can_charge=self._priced("search")),
            self._route("GET", "/contacts", data.contacts_by_ids, can_charge=True),
            self._route("GET", "/contacts/{id}", data.contact, can_charge=True),
            self._route("GET", "/lists", lists.all),
            self._route("POST", "/lists", lists.create),
            self._route("GET", "/lists/{id}", lists.read),
            self._route("DELETE", "/lists/{id}", lists.delete),
            self._route("GET", "/lists/{id}/items", lists.items),
            *(
                self._route(method, path, lists.change_membership)
                for path in ("/companies/{id}/lists", "/contacts/{id}/lists")
                for method in ("POST", "DELETE")
            ),
            Route(PREFIX + "/{rest:path}", Endpoint(self._backstage, self, _no_such_path)),
        ]

    def _route(
        self,
        method: str,
        path: str,
        handler: Handler,
        *,
        needs_account: bool = True,
        can_charge: bool | Callable[[Call], bool] = False,
    ) -> Route:
        def checked(call: Call) -> Response:
            return handler(call, self._account_of(call, required=needs_account))

        endpoint = Endpoint(self._backstage, self, checked, can_charge=can_charge)
        return Route(PREFIX + path, endpoint, methods=[method])

    def _priced(self, operation: str) -> Callable[[Call], bool]:
        """Whether a free operation was given a price."""
        return lambda _call: self.prices[operation] > 0

    # -- what the gate asks for ---------------------------------------------------------------------------

    def begin(self, call: Call) -> None:
        call.key = self.accounts.find_key(call.headers.get("x-api-key", ""))

    def answer(self, call: Call, handler: Callable[..., Response]) -> Response:
        try:
            self._check_key(call)
            return handler(call)
        except Refusal as refusal:
            return refused(call, refusal, self.options.error_shape)
        except Exception as defect:
            failure = Refusal(500, "internal_error", f"Unexpected server error: {defect!r}.")
            return refused(call, failure, self.options.error_shape)

    def error(self, call: Call, fault: Fault) -> Response:
        status = fault.status or 500
        refusal = Refusal(
            status, _CODES.get(status, "internal_error"), f"The sandbox was told to answer {status}."
        )
        return refused(call, refusal, self.options.error_shape)

    def asked(self, call: Call) -> tuple[str, ...]:
        if "id" in call.path_params:
            return (str(call.path_params["id"]),)
        if "ids" in call.query:
            return tuple(call.query["ids"].split(","))
        return ()

    def _check_key(self, call: Call) -> None:
        key = call.key
        status = self.options.auth_status
        if not call.headers.get("x-api-key"):
            raise Refusal(status, "missing_token", "You need to pass a header named X-Api-Key.")
        if key is None or key.expired:
            code = "invalid_api_key" if key is None else "api_key_expired"
            raise Refusal(status, code, "The provided API key is invalid.")
        period = f"{month(call.now)[0]:%Y-%m}"
        quota, used = self.options.requests_per_month, self._used[key.key, period, "requests of the key"]
        if (quota is not None and used >= quota) or not self.limits.take(key.key, call.now):
            raise Refusal(429, "too_many_requests", "You've exceeded the maximum amount of allowed requests.")
        self._used[key.key, period, "requests of the key"] += 1
        self._used[key.account.name, period, "requests"] += 1

    def _account_of(self, call: Call, *, required: bool) -> Account:
        """The account that ``account_id`` names; its credits pay from here on."""
        assert call.key is not None
        wanted = call.query.get("account_id")
        if not wanted:
            if required:
                raise Refusal(401, "unauthorized", "The account_id parameter is required.")
            return call.key.account
        name = next((name for name in sorted(call.key.scopes) if account_id(name) == wanted), None)
        if name is None:
            raise Refusal(403, "forbidden", f"The user has no access to account {wanted}.")
        call.key = replace(call.key, account=self.accounts.account(name))
        return call.key.account

    def charge(self, call: Call, items: Sequence[tuple[str, str, int]]) -> None:
        """Raises Refusal when the account's credits do not cover all of it."""
        try:
            self._backstage.charge(self.name, call, items)
        except OutOfCredits:
            raise self.out_of_credits() from None
        assert call.key is not None
        millicredits = sum(price for _, _, price in items)
        self._used[call.key.account.name, f"{month(call.now)[0]:%Y-%m}", "credits"] += millicredits

    def out_of_credits(self) -> Refusal:
        return Refusal(
            self.options.no_credits_status, "quota_exceeded", "No credits remaining in this period."
        )

    # -- accounts -------------------------------------------------------------------------------------------

    def _accounts(self, call: Call, account: Account) -> Response:
        assert call.key is not None
        if "account_id" not in call.query:
            rows = [
                {"type": "account_summary", "id": account_id(name), "attributes": {"name": f"Sandbox {name}"}}
                for name in sorted(call.key.scopes, key=account_id)
            ]
            return answered(call, rows)
        available = account.limit_millicredits // MILLICREDITS_PER_CREDIT
        used = math.ceil(account.used_millicredits / MILLICREDITS_PER_CREDIT)
        credits_ = {
            "available": available,
            "used": used,
            "remaining": available - used,
            "next_reset_on": f"{month(call.now)[1]:%Y-%m-%d}",
        }
        attributes = {"name": f"Sandbox {account.name}", "credits": credits_}
        return answered(call, [{"type": "account", "id": account_id(account.name), "attributes": attributes}])

    def _me(self, call: Call, _account: Account) -> Response:
        user = {"email": "robin@sandbox-trading.example", "name": "Robin Sandmeier"}
        return answered(call, {"type": "user", "id": "4711", "attributes": user})

    def _usage(self, call: Call, account: Account) -> Response:
        start, end = (call.query.get(f"{name}_period", "") for name in ("start", "end"))
        if not (len(start) == len(end) == len("2026-01") and start <= end):
            raise bad_request("start_period and end_period are required, as YYYY-MM.")
        periods = sorted(
            {period for name, period, _ in self._used if name == account.name and start <= period <= end}
        )
        # UNKNOWN: what is told of a month.
        rows = [
            {
                "type": "usage",
                "id": period,
                "attributes": {
                    "period": period,
                    "requests": self._used[account.name, period, "requests"],
                    "credits_used": self._used[account.name, period, "credits"] // MILLICREDITS_PER_CREDIT,
                },
            }
            for period in periods
        ]
        return answered(call, rows)


#: Codes of "status" faults.
_CODES = {
    400: "invalid_request",
    401: "invalid_api_key",
    402: "quota_exceeded",
    403: "insufficient_entitlements",
    404: "entity_not_found",
    429: "too_many_requests",
}


def account_id(name: str) -> str:
    """Six digits that follow from the account's name."""
    return str(100_000 + zlib.crc32(name.encode()) % 900_000)


def _no_such_path(call: Call) -> Response:
    raise Refusal(404, "entity_not_found", f"There is no {call.method} {call.path}.")
