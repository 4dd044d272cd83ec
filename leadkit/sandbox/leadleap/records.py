"""What a person of the world looks like in LeadLeap's answers."""

from __future__ import annotations

from typing import Any

from leadkit.sandbox.world import Person


def search_row(person: Person, *, unlocked: bool) -> dict[str, Any]:
    """A row of ``GET /leads``. UNKNOWN: no unlocked row is printed; here it has the same keys, unmasked."""
    company = person.company
    return {
        "id": person.lead_id,
        "company_name": company and company.name,
        "company_domain": company and company.domain,
        "contact_name": person.full_name,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "email": person.email if unlocked else masked_email(person.email),
        "phone": person.phone if unlocked else masked_phone(person.phone),
        "job_title": person.title,
        "department": person.department,
        "industry": company and company.industry,
        "company_size": company and company.size,
        "employee_count": company and company.employee_count,
        "country": person.country.code,
        "state": person.state,
        "city": person.city,
        "ai_score": person.score,
        "is_unlocked": unlocked,
    }


def unlocked_lead(person: Person) -> dict[str, Any]:
    """The data of ``POST /leads/unlock``, and a row of an export, whose columns the contract does not name."""
    company = person.company
    return {
        "id": person.lead_id,
        "full_name": person.full_name,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "email_primary": person.email,
        "email_second": person.second_email,
        "phone": person.phone,
        "company_phone": company and company.phone,
        "job_title": person.title,
        "company_name": company and company.name,
        "company_domain": company and company.domain,
        "linkedin_url": person.linkedin_url,
        "industry": company and company.industry,
        "country": person.country.code,
        "state": person.state,
        "city": person.city,
        "ai_score": person.score,
    }


def enriched_lead(person: Person, *, unlocked: bool) -> dict[str, Any]:
    """The data of ``POST /leads/enrich``.

    UNKNOWN: the contract does not say what a locked lead gets. The careful reading: enrichment is free, so it
    cannot be a way around the price of an unlock, and the contact data comes masked.
    """
    company = person.company
    lead = unlocked_lead(person) | {
        "middle_name": person.middle_name,
        "job_level": person.level,
        "department": person.department,
        "company_size": company and company.size,
        "employee_count": company and company.employee_count,
        "year_founded": company and company.year_founded,
        "sector": company and company.sector,
        "company_linkedin_url": company and company.linkedin_url,
        "company_description": company and company.description,
    }
    if not unlocked:
        lead |= {
            "email_primary": masked_email(person.email),
            "email_second": masked_email(person.second_email),
            "phone": masked_phone(person.phone),
            "linkedin_url": masked_link(person.linkedin_url),
        }
    return lead


def masked_email(email: str | None) -> str | None:
    """``sarah@acme.example`` → ``sa***@acme.example``."""
    if email is None:
        return None
    local_part, domain = email.split("@")
    return f"{local_part[:2]}***@{domain}"


def masked_phone(phone: str | None) -> str | None:
    """``+14155551278`` → ``+1415****78``."""
    return phone and f"{phone[:5]}****{phone[-2:]}"


def masked_link(url: str) -> str:
    """The profile's name goes, the site stays."""
    site, _, profile = url.rpartition("/")
    return f"{site}/{profile[:2]}***"
