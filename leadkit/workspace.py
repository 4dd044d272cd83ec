"""A workspace: one ledger, one set of settings, and the open connections to the providers."""

from __future__ import annotations

import copy
import getpass
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from math import inf
from pathlib import Path
from types import TracebackType
from typing import Any

from sqlalchemy import Engine

from leadkit.clock import Clock, SystemClock
from leadkit.errors import InputError, LeadkitError, LedgerError, ProviderError, SettingsError
from leadkit.ledger import FileOwners, Ledger, Owners, PostgresOwners, open_postgres, open_sqlite, price_lists
from leadkit.ledger.budget import Caps
from leadkit.ledger.ledger import key_account
from leadkit.ledger.retention import DEFAULT_DAYS, PAGE_KEEPS_DAYS, Keeps, Purged, purge, purge_daily
from leadkit.ledger.shared_pace import SharedState, open_pace_file
from leadkit.pace import Pace
from leadkit.providers import make_provider, provider_names
from leadkit.providers.base import Balance, HasPriceList, Operation, Provider, Request, Response
from leadkit.settings import Settings
from leadkit.transport import Transport

#: For so long a price list that was read is not read again for a preview.
PRICES_SECONDS = 3600.0
#: For so long it is not read again for a purchase, nor for anything when it could not be read.
PRICES_AGAIN_SECONDS = 60.0

Send = Callable[[Request], Response]


@dataclass
class Workspace:
    """What one person, or one team, shares. Opens what it needs when it is first needed.

    ``on_close`` is called last; the sandbox stops there.
    """

    settings: Settings
    clock: Clock = field(default_factory=SystemClock)
    user: str = field(default_factory=getpass.getuser)
    on_close: Callable[[], None] | None = None
    #: Words for a banner when this is not the real thing; empty with real providers.
    sandbox: str = ""

    def __post_init__(self) -> None:
        self._lock = threading.RLock()
        self._ledger: Ledger | None = None
        self._pace_engine: Engine | None = None
        self._providers: dict[str, Provider] = {}
        self._transports: dict[str, Transport] = {}
        self._paces: dict[str, Pace] = {}
        self._prices_lock = threading.Lock()
        #: Provider → when its prices are read again, for a preview and for a purchase.
        self._prices_due: dict[str, tuple[float, float]] = {}

    @property
    def home(self) -> Path:
        return self.settings.home

    @property
    def ledger(self) -> Ledger:
        """The ledger, opened at first use. Raises LedgerError when it cannot be."""
        with self._lock:
            if self._ledger is None:
                owners: Owners
                if self.settings.ledger_url:
                    engine, where = open_postgres(self.settings.ledger_url), "in PostgreSQL"
                    self._pace_engine = engine
                    owners = PostgresOwners(engine)  # a colleague's machine sees no file of ours
                else:
                    path = self.home / "ledger.sqlite"
                    engine, where = open_sqlite(path), str(path)
                    self._pace_engine = open_pace_file(self.home / "pace.sqlite")
                    owners = FileOwners(self.home / "locks")
                caps = Caps(self.settings.user_day_millicredits, self.settings.account_day_millicredits)
                self._ledger = Ledger(engine, owners, self.clock, where=where, caps=caps)
                with suppress(LedgerError):  # another day, then
                    purge_daily(self._ledger, self._keeps)
            return self._ledger

    def for_user(self, name: str, day_millicredits: int | None = None) -> Workspace:
        """The same workspace in another person's name: what is bought through it is noted as theirs.

        Parameters
        ----------
        name
            Who buys.
        day_millicredits
            The most they may spend in a day (UTC) at one provider, besides what the settings allow everybody.

        Raises
        ------
        LedgerError
            The ledger cannot be opened.
        """
        with self._lock:
            caps = self.ledger.caps  # opened here, so that it is shared
            users = {user: cap for user, cap in caps.users.items() if user != name}
            if day_millicredits is not None:
                users[name] = day_millicredits
            self.ledger.caps = replace(caps, users=users)
            other = copy.copy(self)
        other.user = name
        return other

    def purge(self) -> Purged:
        """Delete the answers that are past their time, and raw answers a week after they were read.

        What was paid stays recorded. Opening the workspace does the same once a day.

        Raises
        ------
        LedgerError
            The ledger cannot be written. Nothing was deleted.
        """
        return purge(self.ledger, self._keeps)

    def _keeps(self, provider: str, step: str, wants: Sequence[str]) -> Keeps:
        """How long the ledger keeps the answers of an operation."""
        with suppress(LeadkitError):  # a page of a search, or not offered any more
            operation = self.provider(provider).operation(step, wants)
            return Keeps(operation.keeps_days, operation.miss_keeps_days)
        with suppress(LeadkitError):
            self.provider(provider).search(step)
            return Keeps(PAGE_KEEPS_DAYS, PAGE_KEEPS_DAYS)
        return Keeps(DEFAULT_DAYS, DEFAULT_DAYS)

    def provider(self, name: str) -> Provider:
        """The provider of that name, with the account's own prices as far as the ledger has them.

        Raises
        ------
        InputError
            There is none of that name.
        """
        with self._lock:
            if name not in self._providers:
                self._providers[name] = found = make_provider(name, self.settings)
                if isinstance(found, HasPriceList) and self.settings.has_key(found.key_name):
                    with suppress(LedgerError):  # whoever needs the ledger will say so
                        if kept := price_lists.recall(self.ledger, name, self._fingerprint(name)):
                            found.use_prices(*kept)
            return self._providers[name]

    def send(self, provider: str) -> Send:
        """What sends a request to the provider.

        Raises
        ------
        SettingsError
            Its key is missing, or sees several accounts of which none was chosen.
        """
        with self._lock:
            if provider not in self._transports:
                found = self.provider(provider)
                self.settings.key(found.key_name)
                # Sockets wait in real time, whatever time it is for everything else.
                transport = Transport(found, self.settings, clock=SystemClock())
                found.use_account(transport.send)
                self._transports[provider] = transport
            return self._transports[provider].send

    def pace(self, operation: Operation) -> Pace:
        """The pace at which the operation's limit may be used, shared by all threads and processes on one key.

        Raises
        ------
        SettingsError
            No key for this provider.
        LedgerError
            The ledger cannot be opened.
        """
        name, limit = operation.provider, operation.limit
        with self._lock:
            if name not in self._paces:
                ledger, engine = self.ledger, self._pace_engine
                assert engine is not None
                secret = self.settings.key(self.provider(name).key_name).reveal()
                fingerprint = ledger.fingerprint(secret)
                state = SharedState(engine, name, fingerprint, limit, self.clock, ledger.owners)
                self._paces[name] = Pace(limit, self.clock, state)
            return self._paces[name]

    def account(self, provider: str) -> str:
        """The account that the provider's key belongs to, as far as the ledger knows. Sends nothing.

        Raises
        ------
        SettingsError
            No key for this provider.
        """
        fingerprint = self._fingerprint(provider)
        return self.ledger.account(provider, fingerprint) or key_account(fingerprint)

    def identify(self, provider: str) -> Balance | None:
        """Ask the provider once whose key this is, so that two keys of one account share what they bought.

        A free call. None when the provider would not say; the key's own name is used then. Prices of the account's
        own are read as well; see :meth:`read_prices`.
        """
        self.read_prices(provider)
        fingerprint = self._fingerprint(provider)
        if self.ledger.account(provider, fingerprint) is not None:
            return None
        try:
            balance = self.balance(provider)
        except ProviderError:
            return None
        if balance.account:
            self.ledger.remember_account(provider, fingerprint, balance.account)
        return balance

    def read_prices(self, provider: str, *, before_buying: bool = False) -> None:
        """Read the account's own price list, if the provider has such lists. A free call, at most once an hour, or
        once a minute ``before_buying``.

        A list that cannot be had leaves the prices as they are: those of an earlier list, or the documented ones.
        """
        found = self.provider(provider)
        if not isinstance(found, HasPriceList):
            return
        with self._prices_lock:  # who comes second waits for the list, and does not buy by the old one
            now = self.clock.monotonic()
            for_preview, for_purchase = self._prices_due.get(provider, (-inf, -inf))
            if now < (for_purchase if before_buying else for_preview):
                return
            soon = now + PRICES_AGAIN_SECONDS
            self._prices_due[provider] = soon, soon
            with suppress(ProviderError):
                prices = found.decode_prices(self.send(provider)(found.prices_request()))
                day = self.clock.now().date().isoformat()
                found.use_prices(prices, day)
                price_lists.remember(self.ledger, provider, self._fingerprint(provider), prices, day)
                self._prices_due[provider] = now + PRICES_SECONDS, soon

    def balance(self, provider: str) -> Balance:
        """What the account has left. A free call; raises ProviderError when it is refused."""
        found = self.provider(provider)
        return found.decode_balance(self.send(provider)(found.balance_request()))

    def balances(self) -> list[Balance]:
        """The balance of every provider that a key is set for. Free calls.

        One that refuses, is down, or needs a setting is listed as ``refused``, with the reason in its ``note``.

        Raises
        ------
        SettingsError
            There is no key at all.
        """
        names = provider_names()
        with_key = [name for name in names if self.settings.has_key(self.provider(name).key_name)]
        if not with_key:
            self.settings.key(self.provider(names[0]).key_name)
        return [self._balance_or_why(name) for name in with_key]

    def _balance_or_why(self, provider: str) -> Balance:
        try:
            return self.balance(provider)
        except (ProviderError, SettingsError) as error:
            return Balance(provider, account=None, remaining=None, used=None, note=str(error), refused=True)

    def _fingerprint(self, provider: str) -> str:
        """What the ledger knows the key by; one key may have several accounts, of which settings choose one."""
        secret = self.settings.key(self.provider(provider).key_name).reveal()
        chosen = self.settings.leadfeeder_account_id if provider == "leadfeeder" else None
        return self.ledger.fingerprint(secret if chosen is None else f"{secret} {chosen}")

    def close(self) -> None:
        """Close the ledger and the connections; the sandbox ends, if this is one."""
        with self._lock:
            for transport in self._transports.values():
                transport.close()
            self._transports.clear()
            for pace in self._paces.values():
                pace.close()
            self._paces.clear()
            if self._ledger is not None:
                self._ledger.close()
                self._ledger = None
            if self._pace_engine is not None:
                self._pace_engine.dispose()
                self._pace_engine = None
            if self.on_close is not None:
                self.on_close()
                self.on_close = None
            global _current
            if _current is self:
                _current = None

    def __enter__(self) -> Workspace:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


_current: Workspace | None = None


def connect(target: str | None = None, *, seed: int | None = None, **options: Any) -> Workspace:
    """Open a workspace and make it the one that plans use when they are given none.

    Parameters
    ----------
    target
        None: the settings in the environment and the keyring. ``"sandbox"``: invented people behind a local
        server that is started here, on a free port of this machine, and stopped by ``close``; its ledger is
        kept apart from the real one, under ``sandbox`` in the workspace's folder.
    seed, options
        For the sandbox only; see :class:`leadkit.sandbox.Sandbox`.

    Raises
    ------
    InputError
        Another target, or options without the sandbox.
    SettingsError
        A setting in the environment is not usable.
    """
    global _current
    settings = Settings.from_environment()
    if target == "sandbox":
        _current = _sandbox(settings, {**({} if seed is None else {"seed": seed}), **options})
    elif target is None and seed is None and not options:
        _current = Workspace(settings)
    else:
        msg = f"connect() takes nothing or 'sandbox', not {target!r}; options are for the sandbox."
        raise InputError(msg)
    return _current


def current_workspace() -> Workspace:
    """The workspace that :func:`connect` opened last, or one from the environment."""
    return _current if _current is not None else connect()


def balances(workspace: Workspace | None = None) -> list[Balance]:
    """What each provider's account has left; see :meth:`Workspace.balances`. Free calls."""
    return (workspace or current_workspace()).balances()


def _sandbox(settings: Settings, options: dict[str, Any]) -> Workspace:
    from leadkit.sandbox import Sandbox  # a web server: only when it is wanted

    box = Sandbox(**options)
    box.start()
    environ = {
        **box.environ,
        "LEADKIT_HOME": str(settings.home / "sandbox"),
        # The sandbox's price list is known, as a customer's contract would be.
        "LEADKIT_LEADLEAP_VALIDATION_CREDITS": f"{options.get('validation_millicredits', 0) / 1000:g}",
    }
    workspace = Workspace(
        Settings.from_environment(environ),
        on_close=box.stop,
        sandbox="Sandbox: invented people, no real credits. Set LEADLEAP_API_KEY to use the real service.",
    )
    workspace.identify("leadleap")
    return workspace
