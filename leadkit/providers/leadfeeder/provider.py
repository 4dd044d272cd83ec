"""Leadfeeder: matching companies, finding people, and reading the details of both.

The key's guide: https://docs.leadfeeder.com/api/public/getting-started-363633m0, read 2026-04-21. It prints answers
and no paths; those come from Leadfeeder's MCP server and the connectors written from its OpenAPI file.

Searching and matching are free. Reading a company or a person by id costs 1 credit, and is free again for 12 months.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from leadkit.errors import SettingsError
from leadkit.providers.base import Balance, Operation, Request, Response, Search
from leadkit.providers.filters import check_offered
from leadkit.providers.leadfeeder import accounts
from leadkit.providers.leadfeeder.by_id import company_details, unlock
from leadkit.providers.leadfeeder.match import match_companies
from leadkit.providers.leadfeeder.people import find_people
from leadkit.providers.leadfeeder.search import search_companies, search_people


class Leadfeeder:
    """The provider. Nearly every call names an account, whose data is read and whose credits pay."""

    name = "leadfeeder"
    title = "Leadfeeder"
    key_name = "LEADFEEDER_API_KEY"
    hosts: Mapping[str, str] = {"api": "https://api.leadfeeder.com/v1"}
    host_overrides: Mapping[str, str] = {"api": "LEADKIT_LEADFEEDER_URL"}

    def __init__(self, account_id: str | None = None) -> None:
        """``account_id``: which account; None until :meth:`use_account`, which plans do not need."""
        self.account_id = account_id

    def headers(self, key: str, host: str) -> Mapping[str, str]:  # noqa: ARG002 - one host
        return {"x-api-key": key}

    def operation(self, step: str, wants: Sequence[str] = ()) -> Operation:
        """The operation behind a step: match_companies, company_details, find_people or unlock."""
        makers: dict[str, Callable[[Callable[[], str]], Operation]] = {
            "match_companies": match_companies,
            "company_details": company_details,
            "find_people": find_people,
            "unlock": unlock,
        }
        check_offered(self.title, step, makers, wants)
        return makers[step](self._account)

    def search(self, step: str, wants: Sequence[str] = ()) -> Search:
        """The search behind a step: search_companies or search_people."""
        makers = {"search_companies": search_companies, "search_people": search_people}
        check_offered(self.title, step, makers, wants)
        return makers[step](self._account)

    def use_account(self, send: Callable[[Request], Response]) -> str:
        """The account's id; chosen among those that the key sees if none was given. One free call then.

        Raises
        ------
        SettingsError
            The key sees several accounts and none was given. The message lists them.
        """
        if self.account_id is None:
            seen = accounts.decode_accounts(send(accounts.accounts_request()))
            self.account_id = accounts.choose_account(seen)
        return self.account_id

    def _account(self) -> str:
        if self.account_id is None:
            msg = (
                "Leadfeeder: no account is chosen. Set LEADFEEDER_ACCOUNT_ID; `leadkit balance` lists the accounts "
                "of your key. Nothing was sent."
            )
            raise SettingsError(msg)
        return self.account_id

    def balance_request(self) -> Request:
        return accounts.balance_request(self.account_id)

    def decode_balance(self, response: Response) -> Balance:
        return accounts.decode_balance(response, self.account_id)
