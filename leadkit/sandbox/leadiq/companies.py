"""What a company of the world looks like at LeadIQ."""

from __future__ import annotations

import hashlib
from typing import Any

from leadkit.sandbox import spelling
from leadkit.sandbox.names import Country, revenue_usd
from leadkit.sandbox.world import Company, past_day, share

PROVIDER = "leadiq"

_THREE_LETTERS = {
    "US": "USA", "GB": "GBR", "DE": "DEU", "AT": "AUT", "CH": "CHE", "FR": "FRA", "ES": "ESP", "SE": "SWE",
    "DK": "DNK", "PL": "POL", "IE": "IRL",
}  # fmt: skip
#: Invented products and what they are for.
_TECHNOLOGIES = (
    ("Example CRM", "CRM"),
    ("Sample Mailer", "Email Marketing"),
    ("Demo Ledger", "Accounting"),
    ("Placeholder Cloud", "Hosting"),
    ("Lorem Analytics", "Analytics"),
)
_FUNDING_TYPES = ("Seed", "Series A", "Series B", "Private Equity")


def company_id(company: Company) -> str:
    return f"MergedCompany-{company.id}{hashlib.sha256(company.id.encode()).hexdigest()[:12]}"


def linkedin_id(company: Company) -> str:
    return str(int(company.id[:6], 16))


def linkedin_url(company: Company) -> str:
    return company.linkedin_url.replace("https://", "https://www.")


def technologies(company: Company) -> list[tuple[str, str]]:
    """(product, category) of what the company uses."""
    first = share(company.id, "technology", len(_TECHNOLOGIES))
    return list((_TECHNOLOGIES * 2)[first : first + 1 + share(company.id, "technologies", 3)])


def funding(company: Company) -> dict[str, Any] | None:
    """FundingInfo; None for a company that nobody has invested in."""
    number = share(company.id, "funding")
    if number >= 40:
        return None
    total = (1 + number) * 250_000
    return {
        "fundingRounds": str(1 + number % 4),
        "fundingTotalUsd": total,
        "lastFundingOn": f"{past_day(company.id)}T00:00Z",
        "lastFundingType": _FUNDING_TYPES[number % 4],
        "lastFundingUsd": total // 2,
    }


def revenue_range(company: Company) -> dict[str, Any]:
    start, end = revenue_usd(company.revenue_range)
    return {"start": start, "end": end, "description": company.revenue_range}


def country_codes(country: Country) -> dict[str, str]:
    return {
        "country": country.name,
        "countryCode2": country.code,
        "countryCode3": _THREE_LETTERS[country.code],
    }


def company_info(company: Company) -> dict[str, Any]:
    """A CompanyInfo, as searchCompany and a person's position give it."""
    address = ", ".join(filter(None, (company.city, company.state, company.country.name)))
    return {
        "id": company_id(company),
        "source": company_id(company),
        "name": spelling.company_name(PROVIDER, company),
        "alternativeNames": [company.name],
        "domain": company.domain,
        "description": company.description,
        "emailDomains": [company.domain],
        "phones": [company.phone],
        "country": company.country.name,
        "address": address,
        "locationInfo": {
            "formattedAddress": address,
            "city": company.city,
            "areaLevel1": company.state,
            **country_codes(company.country),
        },
        "linkedinId": linkedin_id(company),
        "linkedinUrl": linkedin_url(company),
        "numberOfEmployees": company.employee_count,
        "industry": company.industry,
        "specialities": [company.sector],
        "fundingInfo": funding(company),
        "technologies": [
            {
                "name": name,
                "category": category,
                "parentCategory": None,
                "attributes": [],
                "categories": [category],
            }
            for name, category in technologies(company)
        ],
        "revenueRange": revenue_range(company),
        "employeeRange": company.size,
        "foundedYear": company.year_founded,
        "companyHierarchy": {"isUltimate": True},
        "updatedDate": f"{past_day(company.id)}T00:00Z",
    }


def company_row(company: Company) -> dict[str, Any]:
    """A Company, as the advanced searches give it."""
    used = technologies(company)
    return {
        "id": company_id(company),
        "name": spelling.company_name(PROVIDER, company),
        "industry": company.industry,
        "description": company.description,
        "linkedinId": linkedin_id(company),
        "domain": company.domain,
        "employeeCount": company.employee_count,
        "city": company.city,
        **country_codes(company.country),
        "state": company.state,
        "companyTechnologies": [name for name, _ in used],
        "companyTechnologyCategories": sorted({category for _, category in used}),
        "revenueRange": revenue_range(company),
        "fundingInfo": funding(company),
    }
