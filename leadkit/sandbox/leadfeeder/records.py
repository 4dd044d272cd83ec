"""What companies and people of the world look like at Leadfeeder.

UNKNOWN: the names of most attributes. A summary of a search has those that are printed; a match and a full record
have more, under names of the kind that the service's own filters use.
"""

from __future__ import annotations

from typing import Any

from leadkit.sandbox import spelling
from leadkit.sandbox.names import SECTORS, revenue_usd
from leadkit.sandbox.world import Company, Job, Person, share

PROVIDER = "leadfeeder"

#: The codes that a search takes for departments.
DEPARTMENTS = {
    "Engineering": "engineering_department",
    "Sales": "sales_department",
    "Marketing": "marketing_department",
    "Finance": "finance_department",
    "Operations": "operations_department",
    "Human Resources": "hr_department",
    "IT": "it_department",
}
HIERARCHY_LEVELS = {
    "C-Level": "c_level",
    "VP": "vice_president",
    "Director": "director",
    "Manager": "manager",
    "Senior": "senior",
    "Entry": "staff",
}
_INDUSTRIES = [industry for sector in SECTORS for industry in sector.industries]


def job_of(person: Person) -> Job:
    """The job of somebody whom Leadfeeder knows; it knows nobody without one."""
    job = spelling.job(PROVIDER, person)
    assert job is not None
    return job


def company_id(company: Company) -> str:
    return str(100_000_000 + int(company.id[:7], 16))


def former_company_id(company: Company) -> str | None:
    """An id that the company had before, for some; it still works."""
    if share(company.id, f"{PROVIDER} former") >= 15:
        return None
    return str(int(company_id(company)) + 400_000_000)


def contact_id(person: Person) -> str:
    return str(9_000_000_000 + int(person.id[:8], 16))


def industry_codes(company: Company) -> dict[str, str]:
    """The company's industry by classification."""
    number = _INDUSTRIES.index(company.industry)
    nace = f"{10 + number}.{1 + number % 9}"
    return {"internal": str(1000 + number), "nace": nace, "wz": f"{nace}.0"}


def must_not_contact(record: Company | Person) -> bool:
    return share(record.id, f"{PROVIDER} do not contact") < 3


def company_summary(company: Company, *, has_contacts: bool, full: bool) -> dict[str, Any]:
    """A company_summary: as a search prints it, or ``full`` as a match has it."""
    attributes: dict[str, Any] = {
        "name": spelling.company_name(PROVIDER, company),
        "role": ("group_member", "group_head", "single")[share(company.id, "role", 3)],
        "register": {"status": "active"},
        "meta": {
            "do_not_contact": must_not_contact(company),
            "has_phones": True,
            "has_mail": has_mail(company),
            "has_contacts": has_contacts,
        },
    }
    if full:
        attributes |= _described(company)
    return {"type": "company_summary", "id": company_id(company), "attributes": attributes}


def has_mail(company: Company) -> bool:
    return share(company.id, f"{PROVIDER} mail") < 80


def _described(company: Company) -> dict[str, Any]:
    return {
        "url": f"https://www.{company.domain}",
        "employee_range": company.size,
        "industries": {"industry": [{"code": industry_codes(company)["nace"], "name": company.industry}]},
        "address": {
            "street_address": f"Musterweg {1 + share(company.id, 'street')}",
            "postal_code": f"{10_000 + share(company.id, 'postal code', 80_000)}",
            "city": company.city,
            "country_code": company.country.code,
        },
    }


def company_record(company: Company, *, has_contacts: bool) -> dict[str, Any]:
    """A company that was read by its id."""
    summary = company_summary(company, has_contacts=has_contacts, full=True)
    least, _ = revenue_usd(company.revenue_range)
    details = {
        "employee_count": company.employee_count,
        "revenue": {"min": least, "range": company.revenue_range, "currency": "USD"},
        "founded": company.year_founded,
        "description": company.description,
        "phones": [company.phone],
        "emails": [f"info@{company.domain}"] if has_mail(company) else [],
        "linkedin_url": company.linkedin_url,
    }
    return {**summary, "type": "company", "attributes": summary["attributes"] | details}


def contact_summary(person: Person) -> dict[str, Any]:
    """A row of a search for contacts: who, and the address."""
    first, last = spelling.names(PROVIDER, person)
    return {
        "type": "contact_summary",
        "id": contact_id(person),
        "attributes": {
            "first_name": first,
            "last_name": last,
            "full_name": f"{first} {last}",
            "email": work_email(person),
        },
    }


def work_email(person: Person) -> str | None:
    job = spelling.job(PROVIDER, person)
    return job.email if job else None


def contact_record(person: Person) -> dict[str, Any]:
    """A contact that was read by its id: what a search leaves out as well."""
    job = job_of(person)
    summary = contact_summary(person)
    details = {
        "position": spelling.title(PROVIDER, person, job),
        "department": DEPARTMENTS[job.department],
        "hierarchy_level": HIERARCHY_LEVELS[job.level],
        "phones": [person.phone] if person.phone else [],
        "linkedin_url": person.linkedin_url,
        "meta": {"do_not_contact": must_not_contact(person)},
    }
    return {
        "type": "contact",
        "id": summary["id"],
        "attributes": summary["attributes"] | details,
        "relationships": {"company": {"data": {"type": "company", "id": company_id(job.company)}}},
    }
