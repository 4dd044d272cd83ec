"""LeadIQ's terms: prices, limits and repeat rules, each with its source. Read 2026-08-13.

Prices are in Universal Credits (UC), LeadIQ's credit; amounts below in millicredits of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from leadkit.clock import DAY_SECONDS
from leadkit.errors import InputError
from leadkit.providers.base import Price, RateLimit, Repeat
from leadkit.providers.filters import meant

NAME = "leadiq"

GUIDE = "https://leadiqhelp.zendesk.com/hc/en-us/articles/29375289152795-LeadIQ-Public-API-Guide"
OVERVIEW = "https://leadiqhelp.zendesk.com/hc/en-us/articles/35509840045083-LeadIQ-Public-API-Overview"
CREDITS = "https://leadiqhelp.zendesk.com/hc/en-us/articles/38966153699995-Prospector-Universal-Credits"
DEVELOPER = "https://developer.leadiq.com/"

#: No header tells what is left of it. A free plan may have less, which a 429 then says.
LIMIT = RateLimit(60, 60.0, source=f"{OVERVIEW}: standard, 60 requests a minute")

#: The four things a person query can buy. Each price is for what is selected, whatever the number of
#: addresses or phones that come.
WANTS: Mapping[str, str] = {
    "profile": "name, title, employer's name, place: 0.1 credits",
    "email": "work e-mail: 1 credit",
    "phone": "work and personal phones: 10 credits",
    "company": "the employer's domain, industry and size: 3 credits for each current position",
}

#: LeadIQ's names for its data points → their price. The account query gives an account's own.
PRICES: Mapping[str, int] = {
    "Profile": 100,
    "PersonEmail": 1_000,
    "PersonPhone": 10_000,
    "Company": 3_000,
    "EmailReverification": 100,
}
_POINTS = {"email": "PersonEmail", "phone": "PersonPhone", "company": "Company"}

#: LeadIQ prices company data for each current position and names no highest number of positions. Two is the
#: most that its pages count out (6 credits). An answer with more is counted as it came, which stops the run.
POSITIONS = 2

PERSON_REPEAT = Repeat(
    free=True,
    window_seconds=365 * DAY_SECONDS,
    source=f"{CREDITS}: a contact that the team unlocked is free for a year",
)
#: The same page lists company data through the API as always deducted, so nothing is taken for granted.
COMPANY_REPEAT = Repeat(free=False, source=f"{CREDITS}: company data through the API is always deducted")
FREE_REPEAT = Repeat(free=True, source=f"{DEVELOPER}: the call costs nothing")
PAGE_REPEAT = Repeat(free=False, source=f"{DEVELOPER}: every page of a search is charged")
VERIFY_REPEAT = Repeat(free=False, source=f"{DEVELOPER}: 0.1 credits for each check")


def checked_wants(step: str, wants: Sequence[str], allowed: Sequence[str], default: str) -> tuple[str, ...]:
    """What is bought, in one order, without repeats. Any bigger data point brings the profile along.

    Raises
    ------
    InputError
        A data point that the step does not sell. Nothing was sent.
    """
    for want in wants:
        if want not in allowed:
            sold = "; ".join(f"{name}: {WANTS[name]}" for name in allowed)
            msg = (
                f"LeadIQ's {step} sells no {want!r}.{meant(want, allowed)} It sells {sold}. Nothing was sent."
            )
            raise InputError(msg)
    bigger = tuple(want for want in WANTS if want in wants and want != "profile")
    return bigger or (("profile",) if wants else (default,))


def record_price(wants: Sequence[str], prices: Mapping[str, int]) -> int:
    """What one person costs without company data: the bigger data points replace the profile's price."""
    bigger = sum(prices[_POINTS[want]] for want in wants if want in ("email", "phone"))
    return bigger or (0 if "company" in wants else prices["Profile"])


def person_price(wants: Sequence[str], prices: Mapping[str, int]) -> Price:
    """The price of one person. Least is 0: what the team unlocked within a year is free."""
    record = record_price(wants, prices)
    company = prices["Company"] if "company" in wants else 0
    note = (
        "LeadIQ charges company data for each current position: twice for a person with two. To pay once for "
        "each company, leave it out here and use company_details on the companies."
    )
    return Price(
        least=0,
        expected=record + company,
        most=record + company * POSITIONS,
        source=f"{GUIDE}, Credits; {DEVELOPER}: bigger unlocks replace the profile's fee",
        note=note if company else "",
    )
