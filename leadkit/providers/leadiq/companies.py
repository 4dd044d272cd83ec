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
from leadkit.providers.json_body import array, integer, mapping, text
from leadkit.providers.leadiq.answers import read_graphql
from leadkit.providers.leadiq.people import linkedin_url
from leadkit.providers.leadiq.terms import COMPANY_REPEAT, GUIDE, LIMIT, NAME

#: What identifies a company, best first, as parts of a key.
IDENTITIES: tuple[tuple[str, ...], ...] = (("company_id",), ("domain",), ("company_linkedin",), ("company",))

_BY_IDENTITY = (
    "query CompanyDetails($input: SearchCompanyInput!) { searchCompany(input: $input) { totalResults results { "
    "id name domain industry numberOfEmployees locationInfo { city areaLevel1 country } "
    "fundingInfo { fundingTotalUsd lastFundingType } technologies { name category } } } }"
)
#: searchCompany takes no limit, and a name can fit many companies, at 3 credits each. The search by filter takes one.
_BY_NAME = (
    "query CompanyByName($input: GroupedSearchInput!) { groupedAdvancedSearch(input: $input) { totalCompanies "
    "companies { company { id name domain industry employeeCount city state country companyTechnologies "
    "fundingInfo { fundingTotalUsd lastFundingType } } } } }"
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
        ),
        limit=LIMIT,
        repeat=COMPANY_REPEAT,
        keeps_days=365,
        keeps_why="reading a company again may be charged again, and it changes slowly",
        miss_keeps_days=90,
        columns=COLUMNS,
        encode=lambda keys: _encode(parts_of(keys[0])),
        decode=lambda keys, response: _decode(keys[0], response, price),
        identities=IDENTITIES,
    )


def _encode(parts: Mapping[str, str]) -> Request:
    """A query for the best identity among the parts of a key.

    Raises
    ------
    InputError
        The parts identify no company. Nothing was sent.
    """
    query = _BY_IDENTITY
    given: dict[str, Any]
    if value := parts.get("company_id"):
        given = {"id": value}
    elif value := parts.get("domain"):
        # Strict: a company that does not exist shall be no answer, instead of a paid answer about another one.
        given = {"domain": value, "strict": True}
    elif value := parts.get("company_linkedin"):
        given = {"linkedinUrl": linkedin_url(value)}
    elif value := parts.get("company"):
        query, given = _BY_NAME, {"companyFilter": {"names": [value]}, "skip": 0, "limit": 1}
    else:
        msg = (
            f"LeadIQ finds a company by domain, LinkedIn page or name, not by {' and '.join(sorted(parts))}. "
            "Nothing was sent."
        )
        raise InputError(msg)
    return Request("POST", "", json={"query": query, "variables": {"input": given}})


def _is_by_name(parts: Mapping[str, str]) -> bool:
    return not any(parts.get(part) for part in ("company_id", "domain", "company_linkedin"))


def _decode(key: str, response: Response, price: int) -> Decoded:
    parts = parts_of(key)
    field, inner, count = "searchCompany", "results", "totalResults"
    if _is_by_name(parts):
        field, inner, count = "groupedAdvancedSearch", "companies", "totalCompanies"
    data, errors = read_graphql(response, (field,))
    part = mapping(data.get(field))
    results, total = part.get(inner), part.get(count)
    note = "; ".join(map(str, errors))
    if not isinstance(results, list) or (not results and (errors or total not in (0, None))):
        return Decoded({}, Amount(0, price), note=note)
    companies = [mapping(item) for item in results]
    if _is_by_name(parts):
        companies = [_of_search(company) for company in companies]
    # Whether each company that came is charged is not documented, so each is counted.
    amount = Amount(0, price * max(1, len(companies)))
    if not companies:
        return Decoded({key: Answer("not_found")}, amount)
    fitting = [company for company in companies if _is_it(parts, company)]
    if not fitting and len(companies) == 1 and _may_be_it(parts, companies[0]):
        fitting = companies
    # Of a name only the first is read, and the total tells of the others.
    count_fitting = (
        max(total, 1) if fitting and _is_by_name(parts) and isinstance(total, int) else len(fitting)
    )
    if count_fitting == 1:
        return Decoded({key: Answer("found", _values(fitting[0]), note)}, amount)
    if errors or not all(companies):
        return Decoded({}, amount, note=note)
    why = "LeadIQ gave another company, which is left out"
    if count_fitting:
        why = f"{count_fitting:,} companies fit; give the domain to tell which"
    return Decoded({key: Answer("not_found", note=why)}, amount)


def _of_search(item: Mapping[str, Any]) -> Mapping[str, Any]:
    """A company of the search by filter, in the form of searchCompany."""
    company = mapping(item.get("company"))
    place = {
        "city": company.get("city"),
        "areaLevel1": company.get("state"),
        "country": company.get("country"),
    }
    return company and {
        **company,
        "numberOfEmployees": company.get("employeeCount"),
        "locationInfo": place,
        "technologies": [{"name": name} for name in array(company.get("companyTechnologies"))],
    }


def _is_it(parts: Mapping[str, str], company: Mapping[str, Any]) -> bool:
    """Whether a company is the one asked for, beyond doubt."""
    if parts.get("company_id"):
        return text(company.get("id")) == parts["company_id"]
    if parts.get("domain"):
        return text(company.get("domain")) == parts["domain"]
    return not parts.get("company_linkedin") and _words(company) == set(_asked_name(parts).split())


def _may_be_it(parts: Mapping[str, str], company: Mapping[str, Any]) -> bool:
    """Whether the only company that came can be the one asked for.

    A page or a domain is LeadIQ's to resolve: a company has several domains and LeadIQ gives the main one.
    Of a name, one may say more than the other: Acme and Acme Robotics.
    """
    if not company or parts.get("company_id"):
        return False
    asked, given = set(_asked_name(parts).split()), _words(company)
    return bool(
        parts.get("domain") or parts.get("company_linkedin") or asked <= given or (given and given <= asked)
    )


def _asked_name(parts: Mapping[str, str]) -> str:
    return _plain(parts.get("company") or "")


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
    names = [text(mapping(one).get("name")) for one in array(company.get("technologies"))]
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
