"""Customers' accounts at a provider: keys, scopes, credits, and what has been bought."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

MILLICREDITS_PER_CREDIT = 1000


class OutOfCredits(Exception):  # noqa: N818 (a situation that the provider answers, not a defect)
    """The account cannot pay; nothing was taken from it."""


@dataclass(slots=True)
class Account:
    """A customer. ``unlocked`` and ``validated`` map what was bought to when, in Unix seconds."""

    name: str
    plan: str
    limit_millicredits: int
    used_millicredits: int = 0
    unlocked: dict[str, float] = field(default_factory=dict)
    validated: dict[str, float] = field(default_factory=dict)

    @property
    def remaining_millicredits(self) -> int:
        return self.limit_millicredits - self.used_millicredits

    def pay(self, millicredits: int) -> None:
        """All of it or nothing."""
        if millicredits > self.remaining_millicredits:
            raise OutOfCredits
        self.used_millicredits += millicredits


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key of an account, with the scopes that were ticked when it was made."""

    key: str
    account: Account
    scopes: frozenset[str]
    expired: bool = False


class Accounts:
    """All accounts and keys of one provider."""

    def __init__(self, limit_millicredits: int, plan: str) -> None:
        self._new_limit = limit_millicredits
        self._new_plan = plan
        self._accounts: dict[str, Account] = {}
        self._keys: dict[str, ApiKey] = {}

    def account(self, name: str) -> Account:
        """The account of that name; a name that is new opens one with the same credits and plan."""
        if name not in self._accounts:
            self._accounts[name] = Account(name, self._new_plan, self._new_limit)
        return self._accounts[name]

    def add_key(self, key: str, account: str, scopes: Iterable[str], *, expired: bool = False) -> ApiKey:
        made = ApiKey(key, self.account(account), frozenset(scopes), expired)
        self._keys[key] = made
        return made

    def find_key(self, key: str) -> ApiKey | None:
        return self._keys.get(key)

    @property
    def keys(self) -> Collection[ApiKey]:
        return self._keys.values()

    @property
    def accounts(self) -> Collection[Account]:
        return self._accounts.values()
