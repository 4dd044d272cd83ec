"""LeadIQ: finding people and companies, their e-mails and phones, and checking e-mails.

API: https://leadiqhelp.zendesk.com/hc/en-us/articles/29375289152795-LeadIQ-Public-API-Guide and the schema that
api.leadiq.com/graphql gives of itself, read 2026-08-13. ``terms.py`` has the prices and limits with their
sources. LeadIQ charges by the fields that a query selects, and never says what a call cost.

Saved lists (Prospector) are in ``lists.py``; they are free and no part of a run. Exporting a prospect to
Salesforce is not offered: a lost answer leaves a record that nothing here could take back.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any

from leadkit.errors import BadAnswerError, SettingsError
from leadkit.money import credits_text
from leadkit.providers.base import Balance, Operation, Price, Request, Response, Search
from leadkit.providers.filters import check_offered
from leadkit.providers.json_body import array, mapping, millicredits, text
from leadkit.providers.leadiq.answers import read_graphql
from leadkit.providers.leadiq.companies import company_details
from leadkit.providers.leadiq.emails import validate_emails
from leadkit.providers.leadiq.people import find_people, preview_people
from leadkit.providers.leadiq.search import job_changes, search_companies, search_people
from leadkit.providers.leadiq.terms import NAME, PRICES, checked_wants

_PLAN = "name product status nextBillingPeriod"
_ACCOUNT = (
    f"query Account {{ account {{ plans {{ {_PLAN} }} dataHubPlan {{ {_PLAN} available used }} "
    f"universalPlan {{ {_PLAN} available used }} }} }}"
)
_COSTS = "{ costs { sku costs { dataPoint cost costInDecimals } } }"
_PRICES = f"query Prices {{ account {{ dataHubPlan {_COSTS} universalPlan {_COSTS} }} }}"


class LeadIQ:
    """The provider; holds the one thing an account can know better than the documents: its prices."""

    name = NAME
    title = "LeadIQ"
    key_name = "LEADIQ_API_KEY"
    hosts: Mapping[str, str] = {
        "api": "https://api.leadiq.com/graphql",
        "prospector": "https://prospector.leadiq.com",
    }
    host_overrides: Mapping[str, str] = {"api": "LEADKIT_LEADIQ_URL", "prospector": "LEADKIT_PROSPECTOR_URL"}

    def __init__(self) -> None:
        self._prices = PRICES
        self._read_on = ""  # the day of the account's own list; empty while the documents' prices are used

    def headers(self, key: str, host: str) -> Mapping[str, str]:
        """One key in two encodings: as issued for GraphQL, base64-decoded for Prospector.

        Raises
        ------
        SettingsError
            The key cannot be decoded. Nothing was sent.
        """
        if host == "prospector":
            return {"X-API-Key": _decoded(key)}
        return {"Authorization": f"Basic {key}"}

    def operation(self, step: str, wants: Sequence[str] = ()) -> Operation:
        """The operation behind a step, at the account's own prices where they are known.

        find_people, unlock, preview_people, validate_emails and company_details; the first two sell data points
        by name: profile, email, phone, company, of which unlock has email and phone. The cheapest is the default.
        """
        documented = self._operation(step, wants, PRICES)
        own = self._operation(step, wants, self._prices)
        return replace(own, price=self._with_source(own.price, documented.price))

    def _operation(self, step: str, wants: Sequence[str], prices: Mapping[str, int]) -> Operation:
        if step in ("find_people", "unlock"):
            return find_people(step, wants, prices)
        if step == "preview_people":
            contact = checked_wants(step, wants, ("email", "phone"), default="email") if wants else ()
            return preview_people(contact)
        makers: dict[str, Callable[[], Operation]] = {
            "validate_emails": lambda: validate_emails(prices),
            "company_details": lambda: company_details(prices),
        }
        check_offered(self.title, step, ["find_people", "unlock", "preview_people", *makers], wants)
        return makers[step]()

    def search(self, step: str, wants: Sequence[str] = ()) -> Search:
        """The search behind a step: search_people, job_changes or search_companies.

        ``wants`` is for search_companies: "company" buys domain, industry and size with each name.
        """
        documented, own = self._search(step, wants, PRICES), self._search(step, wants, self._prices)
        return replace(own, price=self._with_source(own.price, documented.price))

    def _search(self, step: str, wants: Sequence[str], prices: Mapping[str, int]) -> Search:
        makers: dict[str, Callable[[], Search]] = {
            "search_people": lambda: search_people(prices),
            "job_changes": lambda: job_changes(prices),
            "search_companies": lambda: search_companies(wants, prices),
        }
        check_offered(self.title, step, makers, () if step == "search_companies" else wants)
        return makers[step]()

    def use_account(self, send: Callable[[Request], Response]) -> None:
        """A key is one account's."""

    def balance_request(self) -> Request:
        return Request("POST", "", json={"query": _ACCOUNT})

    def decode_balance(self, response: Response) -> Balance:
        """What is left. ``available`` is what is left, not what there was: LeadIQ's samples add ``used`` to it."""
        data, errors = read_graphql(response, ("account",))
        account = mapping(data.get("account"))
        plan = mapping(account.get("universalPlan")) or mapping(account.get("dataHubPlan"))
        left, used = millicredits(plan.get("available")), millicredits(plan.get("used"))
        notes = [str(error) for error in errors]
        if not plan:
            notes.append("no plan with credits is active")
        elif not account.get("universalPlan"):
            notes.append(
                "this plan is older than Universal Credits; LeadIQ's samples count 1 credit for each person and "
                "each page of a search there"
            )
        if (text(plan.get("status")) or "active").lower() not in ("active", "trialing"):
            notes.append(f"the plan {text(plan.get('name'))} is {text(plan.get('status'))}")
        if isinstance(plan.get("used"), int):
            notes.append("LeadIQ counts whole credits here, so calls of a tenth show late")
        return Balance(
            provider=NAME,
            account=None,  # the account query names plans, and no account
            remaining=left,
            used=used,
            limit=None if left is None or used is None else left + used,
            period_end=text(plan.get("nextBillingPeriod")),
            note="; ".join(notes),
        )

    def prices_request(self) -> Request:
        """Asks for the account's own price list. Free."""
        return Request("POST", "", json={"query": _PRICES})

    def decode_prices(self, response: Response) -> Mapping[str, Mapping[str, int]]:
        """The account's own prices: product ("Api", "Prospector", …) → data point → millicredits.

        Raises
        ------
        ProviderError
            An error came in place of the list.
        """
        data, errors = read_graphql(response, ("account",))
        account = mapping(data.get("account"))
        plan = mapping(account.get("universalPlan")) or mapping(account.get("dataHubPlan"))
        prices: dict[str, dict[str, int]] = {}
        for product in map(mapping, array(plan.get("costs"))):
            for cost in map(mapping, array(product.get("costs"))):
                exact = millicredits(_number(cost.get("costInDecimals")))
                price = exact or millicredits(
                    cost.get("cost")
                )  # where only one of the two says 0, it is not free
                price = exact if price is None else price
                sku, point = text(product.get("sku")), text(cost.get("dataPoint"))
                if sku and point and price is not None:
                    prices.setdefault(sku, {})[point] = price
        if errors and not prices:  # not the same as an account that has no list
            raise BadAnswerError(f"LeadIQ: no price list came. {errors[0]}", provider=NAME)
        return prices

    def use_prices(self, prices: Mapping[str, Mapping[str, int]], day: str) -> None:
        """Take the account's own prices for calls of the API; of what the list leaves out, the documented ones."""
        listed = prices.get("Api", {})
        self._prices = {**PRICES, **listed}
        self._read_on = day if listed else ""

    def _with_source(self, price: Price, documented: Price) -> Price:
        if not price.most:
            return price
        if not self._read_on:
            note = "Prices as LeadIQ documents them; the account's own price list is read when a run starts."
            return replace(price, note=f"{price.note} {note}".lstrip())
        note = f"Prices by the account's own list at LeadIQ, read on {self._read_on}."
        if price.most > documented.most:
            most, usual = credits_text(price.most), credits_text(documented.most)
            note += f" It is above what LeadIQ documents: up to {most} credits instead of {usual} each."
        source = f"the account's own price list, account.costs, read on {self._read_on}"
        return replace(price, source=source, note=f"{price.note} {note}".lstrip())


def _number(value: Any) -> Any:
    """A decimal that came as text, as GraphQL servers write theirs, as a number."""
    if isinstance(value, str):
        try:
            number = Decimal(value)
        except InvalidOperation:
            return None
        return number if number.is_finite() else None
    return value


def _decoded(key: str) -> str:
    # The padding may be lost when a key is copied. Whatever the decoded text ends in belongs to it.
    try:
        decoded = base64.b64decode(key + "=" * (-len(key) % 4), validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        decoded = ""
    if not decoded or not decoded.isprintable() or " " in decoded:
        msg = (
            "LEADIQ_API_KEY is not base64, so it cannot be used for prospector.leadiq.com. Set it to the Secret "
            "Base64 that LeadIQ shows under Settings, API, exactly as it is there. Nothing was sent."
        )
        raise SettingsError(msg)
    return decoded
