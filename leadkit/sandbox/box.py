"""The sandbox as tests and notebooks use it: start, look into the books, switch faults on, stop."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any, Self

from starlette.applications import Starlette

from leadkit.sandbox import control
from leadkit.sandbox.account import MILLICREDITS_PER_CREDIT
from leadkit.sandbox.faults import Fault, FaultKind
from leadkit.sandbox.gate import Backstage, Provider
from leadkit.sandbox.leadey import Leadey
from leadkit.sandbox.leadfeeder import Leadfeeder
from leadkit.sandbox.leadiq import LeadIQ
from leadkit.sandbox.leadleap import LeadLeap
from leadkit.sandbox.leadleap.webhooks import Delivery
from leadkit.sandbox.options import set_option
from leadkit.sandbox.record import Charge, RequestRecord
from leadkit.sandbox.server import Server
from leadkit.sandbox.world import World

_grown = functools.lru_cache(maxsize=4)(
    World
)  # nothing in a world changes, so sandboxes of one seed share it


class Sandbox:
    """The providers' protocols on a local server, with invented people.

    Parameters
    ----------
    seed
        Which crowd of people. Those of the example workbooks are there for every seed.
    credits
        What a new account starts with at each provider, in credits.
    rate_limited
        False lifts the documented rate limits; the headers then say a limit that nobody reaches.
    delay_seconds
        Added to every answer.
    validation_millicredits
        Price of validating one address at LeadLeap, whose contract states none.
    port, key
        A fixed port and a fixed LeadLeap API key, instead of a free and a random one.
    """

    def __init__(
        self,
        *,
        seed: int = 1,
        credits: int = 5000,  # noqa: A002 (the user's word)
        rate_limited: bool = True,
        delay_seconds: float = 0.0,
        validation_millicredits: int = 0,
        port: int = 0,
        key: str | None = None,
    ) -> None:
        self.seed = seed
        self._backstage = Backstage(_grown(seed), delay_seconds)
        limit = credits * MILLICREDITS_PER_CREDIT
        self._leadleap = LeadLeap(
            self._backstage,
            limit_millicredits=limit,
            rate_limited=rate_limited,
            validation_millicredits=validation_millicredits,
        )
        providers: list[Provider] = [
            self._leadleap,
            LeadIQ(self._backstage, limit_millicredits=limit, rate_limited=rate_limited),
            Leadfeeder(self._backstage, limit_millicredits=limit, rate_limited=rate_limited),
            Leadey(self._backstage, limit_millicredits=limit, rate_limited=rate_limited),
        ]
        self._providers = {provider.name: provider for provider in providers}
        self._keys = {
            provider.name: provider.new_key(
                account="main",
                scopes=None,
                expired=False,
                key=key if provider.name == self._leadleap.name else None,
            )
            for provider in providers
        }
        routes = [route for provider in providers for route in provider.routes()]
        app = Starlette(routes=[*routes, *control.routes(self)])
        self._server = Server(app, self._backstage.connections, port)

    def start(self) -> Self:
        self._server.start()
        return self

    def stop(self) -> None:
        self._server.stop()
        self._leadleap.webhooks.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # -- where it is ----------------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """``http://127.0.0.1:<port>``."""
        return f"http://127.0.0.1:{self._server.port}"

    @property
    def environ(self) -> dict[str, str]:
        """The environment variables that point a client at this sandbox."""
        return {
            variable: value
            for provider in self._providers.values()
            for variable, value in provider.environ(self.url, self._keys[provider.name]).items()
        }

    @property
    def providers(self) -> list[str]:
        """The names of the providers, as the other methods take them."""
        return list(self._providers)

    @property
    def world(self) -> World:
        return self._backstage.world

    # -- the books ------------------------------------------------------------------------------------------

    @property
    def charges(self) -> list[Charge]:
        """Everything that was charged, oldest first."""
        return self._backstage.record.charges

    @property
    def requests(self) -> list[RequestRecord]:
        """Every request to a provider, in the order answered."""
        return self._backstage.record.requests

    @property
    def deliveries(self) -> list[Delivery]:
        """Every webhook delivery that was tried."""
        return list(self._leadleap.webhooks.deliveries)

    def charged(self, provider: str | None = None) -> int:
        """Millicredits charged by one provider; by all, only to compare with 0."""
        return self._backstage.record.charged(provider)

    def paid_requests(self) -> list[RequestRecord]:
        """The requests to operations that can charge, whether or not they did."""
        return [request for request in self.requests if request.can_charge]

    def clear_record(self) -> None:
        """Empty the books; balances and what was bought stay as they are."""
        self._backstage.record.clear()

    # -- accounts -------------------------------------------------------------------------------------------

    def api_key(
        self,
        provider: str = "leadleap",
        *,
        scopes: Iterable[str] | None = None,
        account: str = "main",
        expired: bool = False,
    ) -> str:
        """Make another key. A new account has its own credits.

        ``scopes`` are those of LeadLeap, all unless some are named; a Leadfeeder key has none unless further
        accounts are named, which its user has access to as well; the other providers' keys have none.
        """
        return self._provider(provider).new_key(account=account, scopes=scopes, expired=expired)

    def set_credits(self, provider: str, credits: float, *, account: str = "main") -> None:  # noqa: A002
        """What the account has left from now on, in credits."""
        found = self._provider(provider).accounts.account(account)
        found.limit_millicredits = found.used_millicredits + round(credits * MILLICREDITS_PER_CREDIT)

    def set_plan(self, provider: str, plan: str, *, account: str = "main") -> None:
        """``"starter"`` has no API access at LeadLeap, ``"scale"`` has; LeadIQ has "universal" and "datahub"."""
        self._provider(provider).accounts.account(account).plan = plan

    def set_price(self, provider: str, operation: str, millicredits: int) -> None:
        """What one lead, person, company, address or call costs.

        LeadLeap has "unlock", "export" and "validate"; LeadIQ "profile", "email", "phone", "company" and "verify";
        Leadfeeder "company", "contact" and, free unless a price is set, "search" and "match".
        """
        prices = self._provider(provider).prices
        if operation not in prices:
            msg = f"{provider} charges for {', '.join(prices) or 'nothing'}, not for {operation!r}"
            raise ValueError(msg)
        prices[operation] = millicredits

    def set_rate_limit(self, provider: str, requests_per_minute: int | None) -> None:
        """None lifts the limit."""
        self._provider(provider).limits.requests_per_minute = requests_per_minute

    def set_option(self, provider: str, name: str, value: str | int | bool | None) -> None:
        """Set one of the provider's options: what its contract leaves open, or what differs between accounts.

        ``leadkit.sandbox.leadiq.Options`` and its namesakes at ``leadfeeder`` and ``leadey`` say which there are.
        """
        set_option(self._provider(provider).options, name, value)

    # -- faults, time, events -------------------------------------------------------------------------------

    def fault(
        self,
        kind: FaultKind,
        path: str = "",
        *,
        method: str | None = None,
        provider: str | None = None,
        times: int | None = 1,
        every: int = 1,
        skip: int = 0,
        after_charge: bool = False,
        status: int | None = None,
        retry_after: str | int | None = None,
        seconds: float = 0.0,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Switch a fault on; :class:`leadkit.sandbox.faults.Fault` says what each part means."""
        fault = Fault(
            kind,
            path,
            method,
            provider,
            times,
            every,
            skip,
            after_charge,
            status,
            None if retry_after is None else str(retry_after),
            seconds,
            body,
            headers or {},
        )
        self._backstage.faults.add(fault)

    def clear_faults(self) -> None:
        self._backstage.faults.clear()

    @property
    def faults(self) -> list[Fault]:
        """The faults that can still strike."""
        return self._backstage.faults.active

    def advance(self, seconds: float) -> None:
        """Put the sandbox's clock forward, past a rate window or the life of a cached answer."""
        self._backstage.clock.advance(seconds)

    def send_event(self, event: str, data: Mapping[str, Any], *, account: str = "main") -> None:
        """Deliver an event to LeadLeap's webhooks, as if it had happened (``email.bounced``, …)."""
        self._leadleap.webhooks.send(event, account, data)

    def _provider(self, name: str) -> Provider:
        if name not in self._providers:
            msg = f"the sandbox has no provider {name!r}; it has {', '.join(self._providers)}"
            raise ValueError(msg)
        return self._providers[name]
