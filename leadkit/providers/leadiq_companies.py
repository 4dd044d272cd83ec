"""LeadIQ's companies: the details of a company that a row names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from leadkit import keys as cells
from leadkit.errors import InputError
from leadkit.keys import parts_of
from leadkit.money import Amount
from leadkit.providers.base import (
    Answer,
    Decoded,
    Operation,
    Price,
    Request,
    Response,
    ResultColumn,
    Value,
)
from leadkit.providers.json_body import integer, mapping, text
from leadkit.providers.leadiq_answers import read_graphql
from leadkit.providers.leadiq_terms import COMPANY_REPEAT, GUIDE, LIMIT, NAME

#: What identifies a company, best first.
IDENTITIES: tuple[tuple[str, ...], ...] = (("id",), ("domain",), ("linkedin",), ("name",), ("company",))

_QUERY = (
    "query CompanyDetails($input: SearchCompanyInput!) { searchCompany(input: $input) { totalResults results { "
    "id name domain industry numberOfEmployees locationInfo { city areaLevel1 country } "
    "fundingInfo { fundingTotalUsd lastFundingType } technologies { name category } } } }"
)

COLUMNS = (
    ResultColumn("leadiq_company_id", "company_id", "LeadIQ's id of the company"),
    ResultColumn("leadiq_company_name", "company_name", "Company"),
    ResultColumn("leadiq_company_domain", "company_domain", "The company's domain"),
    ResultColumn("leadiq_company_industry", "company_industry", "Industry"),
    ResultColumn("leadiq_company_employees", "company_employees", "Employees", dtype="integer"),
    ResultColumn("leadiq_company_city", "company_city", "City"),
    ResultColumn("leadiq_company_state", "company_state", "State or region"),
    ResultColumn("leadiq_company_country", "company_country", "Country"),
    ResultColumn("leadiq_company_funding_usd", "company_funding_usd", "Funding, US dollars", dtype="integer"),
    ResultColumn("leadiq_company_last_funding", "company_last_funding", "Kind of the last funding"),
    ResultColumn("leadiq_company_technologies", "company_technologies", "Technologies in use"),
)


def company_details(prices: Mapping[str, int]) -> Operation:
    """The step company_details: one company by domain, LinkedIn page or name."""
    price = prices["Company"]
    return Operation(
        provider=NAME,
        step="company_details",
        title="read company details",
        takes="company",
        wants=(),
        # A repeat may be charged again, so no call carries more than one company into doubt.
        batch_size=1,
        price=Price(
            least=0,  # nothing, when LeadIQ has no such company
            expected=price,
            most=price,
            source=f"{GUIDE}, Credits: 3 for the information about a company",
            note=(
                "A name can fit several companies, and LeadIQ may charge each that it returns; the run stops "
                "when that happens. A domain or a LinkedIn page names one."
            ),
        ),
        limit=LIMIT,
        repeat=COMPANY_REPEAT,
        keeps_days=365,
        keeps_why="reading a company again may be charged again, and it changes slowly",
        miss_keeps_days=90,
        columns=COLUMNS,
        encode=lambda keys: Request(
            "POST", "", json={"query": _QUERY, "variables": {"input": company_input(parts_of(keys[0]))}}
        ),
        decode=lambda keys, response: _decode(keys[0], response, price),
    )


def company_input(parts: Mapping[str, str]) -> dict[str, Any]:
    """SearchCompanyInput of the best identity among the parts of a key.

    Raises
    ------
    InputError
        The parts identify no company. Nothing was sent.
    """
    if value := parts.get("id"):
        return {"id": value}
    # Strict: a company that does not exist shall be no answer, instead of a paid answer about another one.
    if value := parts.get("domain"):
        return {"domain": value, "strict": True}
    if value := parts.get("linkedin"):
        return {"linkedinUrl": f"https://www.{value.removeprefix('https://').removeprefix('www.')}"}
    if value := parts.get("name") or parts.get("company"):
        return {"name": value, "strict": True}
    msg = (
        f"LeadIQ finds a company by domain, LinkedIn page or name, not by {' and '.join(sorted(parts))}. "
        "Nothing was sent."
    )
    raise InputError(msg)


def _decode(key: str, response: Response, price: int) -> Decoded:
    data, errors = read_graphql(response, ("searchCompany",))
    part = mapping(data.get("searchCompany"))
    results, total = part.get("results"), part.get("totalResults")
    note = "; ".join(map(str, errors))
    if not isinstance(results, list) or (not results and (errors or total not in (0, None))):
        return Decoded({}, Amount(0, price), note=note)
    companies = [mapping(item) for item in results]
    # Whether each company that came is charged is not documented, so each is counted.
    amount = Amount(0, price * max(1, len(companies)))
    if not companies:
        return Decoded({key: Answer("not_found")}, amount)
    parts = parts_of(key)
    fitting = [company for company in companies if _is_it(parts, company)]
    if not fitting and len(companies) == 1 and _may_be_it(parts, companies[0]):
        fitting = companies
    if len(fitting) == 1:
        return Decoded({key: Answer("found", _values(fitting[0]), note)}, amount)
    if errors or not all(companies):
        return Decoded({}, amount, note=note)
    why = f"{len(fitting)} companies fit" if fitting else "LeadIQ gave another company, which is left out"
    return Decoded({key: Answer("not_found", note=why)}, amount)


def _is_it(parts: Mapping[str, str], company: Mapping[str, Any]) -> bool:
    """Whether a company is the one asked for, beyond doubt."""
    if parts.get("id"):
        return text(company.get("id")) == parts["id"]
    if parts.get("domain"):
        return text(company.get("domain")) == parts["domain"]
    return not parts.get("linkedin") and _words(company) == set(_asked_name(parts).split())


def _may_be_it(parts: Mapping[str, str], company: Mapping[str, Any]) -> bool:
    """Whether the only company that came can be the one asked for.

    A page or a domain is LeadIQ's to resolve: a company has several domains and LeadIQ gives the main one.
    Of a name, one may say more than the other: Acme and Acme Robotics.
    """
    if not company or parts.get("id"):
        return False
    asked, given = set(_asked_name(parts).split()), _words(company)
    return bool(parts.get("domain") or parts.get("linkedin") or asked <= given or (given and given <= asked))


def _asked_name(parts: Mapping[str, str]) -> str:
    return _plain(parts.get("name") or parts.get("company") or "")


def _words(company: Mapping[str, Any]) -> set[str]:
    return set(_plain(text(company.get("name")) or "").split())


def _plain(name: str) -> str:
    """The name without legal form and punctuation, as keys of companies are written."""
    try:
        return cells.company(name)
    except cells.Unusable:
        return name.casefold()


def _values(company: Mapping[str, Any]) -> dict[str, Value]:
    place, funding = mapping(company.get("locationInfo")), mapping(company.get("fundingInfo"))
    used = company.get("technologies")
    names = [text(mapping(one).get("name")) for one in used] if isinstance(used, list) else []
    return {
        "company_id": text(company.get("id")),
        "company_name": text(company.get("name")),
        "company_domain": text(company.get("domain")),
        "company_industry": text(company.get("industry")),
        "company_employees": integer(company.get("numberOfEmployees")),
        "company_city": text(place.get("city")),
        "company_state": text(place.get("areaLevel1")),
        "company_country": text(place.get("country")),
        "company_funding_usd": integer(funding.get("fundingTotalUsd")),
        "company_last_funding": text(funding.get("lastFundingType")),
        "company_technologies": text("; ".join(dict.fromkeys(name for name in names if name))),
    }
