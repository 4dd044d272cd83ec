"""What a page works with: the server's one workspace and its jobs, in the name of whoever looks."""

from __future__ import annotations

import atexit
import copy
import os
import threading

from leadkit.app.jobs import Jobs
from leadkit.app.visitor import Visitor, guard, owner, visitor
from leadkit.errors import ProviderError, SettingsError
from leadkit.providers import make_provider, provider_names
from leadkit.providers.base import Balance
from leadkit.settings import Settings
from leadkit.workspace import Workspace, connect

#: A page is looked at for longer than it takes to read a balance; the provider counts each request.
BALANCE_SECONDS = 60.0


class Session:
    """A workspace and the jobs in it, as one visitor uses them.

    ``workspace.user`` is the visitor's name: what is bought through it is noted as theirs, within their daily cap.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.visitor = owner()
        self.jobs = Jobs(workspace)
        self._balances: dict[str, tuple[float, Balance]] = {}
        self._asking = {name: threading.Lock() for name in provider_names()}

    def seen_by(self, visitor: Visitor) -> Session:
        """The same session as another visitor uses it."""
        other = copy.copy(self)
        other.visitor = visitor
        other.workspace = self.workspace.for_user(visitor.name, visitor.daily_cap)
        return other

    @property
    def banner(self) -> str:
        """Words for when this is not the real thing; empty with real credits."""
        return self.workspace.sandbox

    def balance(self, provider: str) -> Balance:
        """What the account has left, at most a minute old; its note says why when the provider will not tell. Free.

        Raises SettingsError when there is no key for the provider.
        """
        with self._asking[provider]:  # of two pages at once, the second reads what the first was told
            now = self.workspace.clock.monotonic()
            asked_at, balance = self._balances.get(provider, (now, None))
            if balance is None or now - asked_at >= BALANCE_SECONDS:
                try:
                    balance = self.workspace.identify(provider) or self.workspace.balance(provider)
                except ProviderError as error:
                    balance = _unknown(provider, error)
                self._balances[provider] = (now, balance)
            return balance

    def balances(self) -> list[Balance]:
        """What each account has left, for every provider that a key is set for; as :meth:`balance`."""
        return [self._balance_or_why(name) for name in provider_names() if self._has_key(name)]

    def _balance_or_why(self, provider: str) -> Balance:
        try:
            return self.balance(provider)
        except SettingsError as error:  # the key sees several accounts
            return _unknown(provider, error)

    def _has_key(self, provider: str) -> bool:
        return self.workspace.settings.has_key(self.workspace.provider(provider).key_name)

    def spent(self) -> None:
        """Forget the balances, as a job has changed them."""
        self._balances.clear()

    def close(self) -> None:
        """Stop the jobs under way, keeping what they bought, and close the workspace."""
        self.jobs.close()
        self.workspace.close()


def _unknown(provider: str, why: Exception) -> Balance:
    return Balance(provider, account=None, remaining=None, used=None, note=str(why), refused=True)


_lock = threading.Lock()
_session: Session | None = None


def session(who: Visitor | None = None) -> Session:
    """What whoever looks works with; the workspace is opened at first use: the sandbox when no key is set.

    Parameters
    ----------
    who
        None: whoever looks at the page whose cell or button is at work.

    Raises
    ------
    SettingsError
        Nobody is signed in, or a setting in the environment is not usable.
    LedgerError
        The workspace's folder cannot be used.
    """
    global _session
    who = who or visitor()
    with _lock:
        if _session is None:
            workspace = connect() if _a_key_is_set() else connect("sandbox")
            _session = Session(workspace)
            _session.jobs.tidy()
            atexit.register(close)
        return _session.seen_by(who)


def close() -> None:
    """Close the session of this process, if there is one."""
    global _session
    with _lock:
        if _session is not None:
            _session.close()
            _session = None
        guard(None)


def _a_key_is_set() -> bool:
    settings = Settings.from_environment()
    names = [make_provider(name, settings).key_name for name in provider_names()]
    # A key that is set but cannot be used is an error to show, not a reason to play with invented people.
    return any(name in os.environ or settings.has_key(name) for name in names)
