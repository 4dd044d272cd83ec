"""The provider: one key, one pool of credits, two hosts.

A request is judged in this order: its form (400), key (401), rate (429), what it is about (404, 409, 422), and
credits (402).
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterable

from starlette.routing import BaseRoute, Route

from leadkit.sandbox.account import Accounts, ApiKey
from leadkit.sandbox.gate import Backstage, Call, Endpoint
from leadkit.sandbox.leadiq.graphql_api import GraphqlApi
from leadkit.sandbox.leadiq.options import Options
from leadkit.sandbox.leadiq.prospector import Prospector
from leadkit.sandbox.leadiq.refusal import Refusal
from leadkit.sandbox.limits import Limits

#: Where the two hosts live on the sandbox's one.
GRAPHQL_PATH = "/leadiq/graphql"
PROSPECTOR_PREFIX = "/leadiq/prospector"

REQUESTS_PER_MINUTE = 60


class LeadIQ:
    """The provider: its accounts, limits and routes."""

    name = "leadiq"

    def __init__(self, backstage: Backstage, *, limit_millicredits: int, rate_limited: bool) -> None:
        self._backstage = backstage
        self.options = Options()
        #: Its plan is "universal", or "datahub" for the older kind; the other is null in the account query.
        self.accounts = Accounts(limit_millicredits, plan="universal")
        #: UNKNOWN: whether the two hosts count together. Here they do.
        self.limits = Limits(REQUESTS_PER_MINUTE if rate_limited else None)
        #: Millicredits for each data point of one person or company, and for verifying one address.
        self.prices = {"profile": 100, "email": 1000, "phone": 10_000, "company": 3000, "verify": 100}
        self._graphql = GraphqlApi(backstage, self)
        self._prospector = Prospector(backstage, self)

    def new_key(
        self,
        *,
        account: str,
        scopes: Iterable[str] | None,  # noqa: ARG002 (LeadIQ's keys have none)
        expired: bool,
        key: str | None = None,
    ) -> str:
        """The key as it is issued: base64, which the GraphQL host takes as it is and the other one decoded."""
        plain = f"lq_{secrets.token_hex(20)}" + (":" if self.options.key_ends_with_colon else "")
        made = key or base64.b64encode(plain.encode()).decode()
        self.accounts.add_key(made, account, (), expired=expired)
        return made

    def environ(self, url: str, key: str) -> dict[str, str]:
        return {
            "LEADIQ_API_KEY": key,
            "LEADKIT_LEADIQ_URL": url + GRAPHQL_PATH,
            "LEADKIT_PROSPECTOR_URL": url + PROSPECTOR_PREFIX,
        }

    def routes(self) -> list[BaseRoute]:
        endpoint = Endpoint(
            self._backstage, self._graphql, self._graphql.handle, can_charge=self._graphql.can_charge
        )
        return [
            Route(GRAPHQL_PATH, endpoint),
            *self._prospector.routes(PROSPECTOR_PREFIX),
        ]

    def checked_key(self, call: Call) -> ApiKey:
        """The key of the call. Raises Refusal when it is none, or has called too often."""
        if call.key is None or call.key.expired:
            raise Refusal(401, "Invalid or missing API key.")
        if call.allowance is not None and not call.allowance.allowed:
            raise Refusal(429, "Rate limit exceeded.")
        return call.key
