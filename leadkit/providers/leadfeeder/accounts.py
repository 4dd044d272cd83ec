"""Leadfeeder's accounts: which ones a key sees, which one is used, and what credits it has left.

A key sees every account of its user. The account decides whose data is read and whose credits pay, so it is
chosen by the person and never guessed among several.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from leadkit.errors import SettingsError
from leadkit.providers.base import Balance, Request, Response
from leadkit.providers.json_body import mapping, millicredits, text
from leadkit.providers.leadfeeder.answers import read_body
from leadkit.providers.leadfeeder.records import attributes, record_id, records_in


@dataclass(frozen=True, slots=True)
class Account:
    """One account that the key may use."""

    id: str
    name: str

    def __str__(self) -> str:
        return f"{self.id} ({self.name})" if self.name else self.id


def accounts_request() -> Request:
    """Asks which accounts the key sees. Free, and needs no account."""
    return Request("GET", "/accounts")


def decode_accounts(response: Response) -> tuple[Account, ...]:
    """The accounts that the key sees, in Leadfeeder's order."""
    records = records_in(read_body(response, None).data)
    named = [(record_id(record), text(attributes(record).get("name")) or "") for record in records]
    return tuple(Account(found, name) for found, name in named if found is not None)


def choose_account(accounts: Sequence[Account]) -> str:
    """The id of the account to use: the only one that there is.

    Raises
    ------
    SettingsError
        There is none, or there are several; the message lists them.
    """
    if not accounts:
        msg = "Leadfeeder: this key's user has no account. Nothing was charged."
        raise SettingsError(msg)
    if len(accounts) > 1:
        listed = ", ".join(map(str, accounts))
        msg = (
            f"Leadfeeder: this key has {len(accounts)} accounts: {listed}. Set LEADFEEDER_ACCOUNT_ID to the one "
            "whose credits may be used."
        )
        raise SettingsError(msg)
    return accounts[0].id


def balance_request(account_id: str | None) -> Request:
    """Asks for one account with its credits; without an id for the list, which has no credits."""
    return Request("GET", "/accounts", query=(("account_id", account_id),) if account_id else ())


def decode_balance(response: Response, account_id: str | None) -> Balance:
    """Credits of the account. The answer is a list even where one account was asked for."""
    if account_id is None:
        only = choose_account(decode_accounts(response))
        note = f"Set LEADFEEDER_ACCOUNT_ID={only} to see its credits."
        return Balance("leadfeeder", only, None, None, note=note)
    records = records_in(read_body(response, account_id).data)
    record = next((one for one in records if record_id(one) == account_id), {})
    told = mapping(attributes(record).get("credits"))
    remaining = millicredits(told.get("remaining"))
    return Balance(
        provider="leadfeeder",
        account=record_id(record),
        remaining=remaining,
        used=millicredits(told.get("used")),
        limit=millicredits(told.get("available")),
        period_end=text(told.get("next_reset_on")),
        note="" if remaining is not None else "Leadfeeder did not say how many credits are left.",
    )
