"""A customer's workspace at Leadey: contacts, their companies, campaigns, and who is a lead in which.

A contact may be a lead in several campaigns, and is then a lead several times.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from leadkit.sandbox import spelling
from leadkit.sandbox.clock import iso
from leadkit.sandbox.world import Company, Person, World, plain, share

PROVIDER = "leadey"

Row = dict[str, Any]

_FIRST_DAY = datetime(2026, 1, 5, 9, tzinfo=UTC)
_CAMPAIGNS = (
    ("Hiring surge", "active", None),
    ("Trade fair follow-up", "active", "Everybody who left a card at the stand"),
    ("Win back", "paused", None),
    ("Spring webinar", "completed", "Registered, and did not come"),
    ("Partners", "draft", None),
)
#: UNKNOWN: the words for a lead's state; two are named anywhere, and here is a third to see what becomes of it.
_STATUSES = ("pending", "pending", "replied", "contacted")
_SOURCES = ("Webhook", "CSV import", "LinkedIn")
_FUNDING_STAGES = (None, "Seed", "Series A", "Series B")


class Workspace:
    """Rows of each kind, in the order in which Leadey lists them."""

    def __init__(self, world: World) -> None:
        people = [person for person in world.known_to(PROVIDER) if not person.deleted]
        self._strangers = [person for person in world.people if PROVIDER not in person.known_to]
        self._arrived = 0
        self.campaigns = [
            _campaign(number, name, status, description)
            for number, (name, status, description) in enumerate(_CAMPAIGNS)
        ]
        contacts = [_contact(person) for person in people]
        self.contacts = _newest_first([*contacts, *_neighbours(contacts)])
        employers = {job.company.id: job.company for p in people if (job := spelling.job(PROVIDER, p))}
        self.companies = sorted(map(_company, employers.values()), key=lambda row: str(row["name"]).lower())
        self.leads = _newest_first(
            _lead(person, self.campaigns[number]) for person in people for number in _enrolled(person)
        )

    def let_leads_arrive(self, count: int) -> None:
        """New leads come in, ahead of all that are there."""
        for _ in range(count):
            person = self._strangers[self._arrived % len(self._strangers)]
            self._arrived += 1
            newest = datetime.fromisoformat(self.leads[0]["createdAt"]) + timedelta(minutes=1)
            lead = _lead(person, self.campaigns[0])
            changes = {"id": f"{lead['id']}{self._arrived}", "createdAt": iso(newest.timestamp())}
            self.leads.insert(0, lead | changes)


def _enrolled(person: Person) -> Sequence[int]:
    """The campaigns that the person is in: none, one, or three."""
    first = share(person.id, "campaign", len(_CAMPAIGNS))
    count = (0, 1, 1, 1, 1, 3)[share(person.id, "campaigns", 6)]
    return [(first + step) % len(_CAMPAIGNS) for step in range(count)]


def _newest_first(rows: Iterable[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (row["createdAt"], row["id"]), reverse=True)


def _created(id: str) -> str:  # noqa: A002 (it is somebody's id)
    return iso((_FIRST_DAY + timedelta(minutes=share(id, "created", 250_000))).timestamp())


def _campaign(number: int, name: str, status: str, description: str | None) -> Row:
    created = _FIRST_DAY - timedelta(days=7 * number)
    return {
        "id": f"funnel_{700 + number}",
        "name": name,
        "description": description,
        "status": status,
        "createdAt": iso(created.timestamp()),
    }


def _contact(person: Person) -> Row:
    first, last = spelling.names(PROVIDER, person)
    job = spelling.job(PROVIDER, person)
    email = _email(person)
    return {
        "id": f"contact_{person.id}",
        "firstName": first,
        "lastName": last,
        "fullName": f"{first} {last}",
        "title": spelling.title(PROVIDER, person, job) if job else None,
        "company": spelling.company_name(PROVIDER, job.company) if job else None,
        "email": email,
        "emailStatus": (None, "verified", "verified", "unverified")[share(person.id, "email status", 4)]
        if email
        else None,
        "phone": person.phone,
        "phoneStatus": "verified" if person.phone and share(person.id, "phone status", 2) else None,
        "linkedinUrl": _linkedin(person),
        "location": ", ".join(filter(None, (person.city, person.state or person.country.name))),
        "createdAt": _created(person.id),
    }


def _neighbours(contacts: Sequence[Row]) -> Iterator[Row]:
    """A few people whose address ends with that of a colleague, so that a search for the one finds both."""
    for row in contacts:
        if row["email"] and share(row["id"], "neighbour") < 3:
            name = {
                "firstName": f"Jo{row['firstName']}",
                "fullName": f"Jo{row['firstName']} {row['lastName']}",
            }
            unlike = {"phone": None, "phoneStatus": None, "linkedinUrl": None}
            yield {**row, "id": f"{row['id']}0", **name, "email": f"jo{row['email'].lower()}", **unlike}


def _company(company: Company) -> Row:
    return {
        "id": f"company_{company.id}",
        "name": spelling.company_name(PROVIDER, company),
        "domain": company.domain,
        "industry": company.industry,
        "employeeCount": company.employee_count,
        "fundingStage": _FUNDING_STAGES[share(company.id, "funding stage", 4)],
        "country": company.country.name,
        "city": company.city,
        "linkedinUrl": company.linkedin_url if share(company.id, "link", 2) else None,
        "createdAt": _created(company.id),
    }


def _lead(person: Person, campaign: Mapping[str, Any]) -> Row:
    """A lead. Its title and company may be empty, and are then no null."""
    contact = _contact(person)
    lead_id = f"{person.id[:12]}{str(campaign['id'])[-1]}"
    return {
        "id": f"lead_{lead_id}",
        "name": contact["fullName"],
        "firstName": contact["firstName"],
        "lastName": contact["lastName"],
        "title": contact["title"] or "",
        "company": contact["company"] or "",
        "email": contact["email"],
        "phone": contact["phone"],
        "linkedinUrl": contact["linkedinUrl"],
        "status": _STATUSES[share(lead_id, "status", len(_STATUSES))],
        "source": _SOURCES[share(lead_id, "source", len(_SOURCES))],
        "score": person.score,
        "campaignId": campaign["id"],
        "campaignName": campaign["name"],
        "createdAt": _created(lead_id),
    }


def _email(person: Person) -> str | None:
    """The address of the job, sometimes in the capitals in which it was imported; a private one without a job."""
    job = spelling.job(PROVIDER, person)
    email = job.email if job else person.email
    if email and share(person.id, "capitals") < 8:
        local_part, _, domain = email.partition("@")
        return f"{local_part.title()}@{domain}"
    return email


def _linkedin(person: Person) -> str | None:
    """Without the id at the end for a few: links that people shortened."""
    if share(person.id, "link") < 25:
        return None
    if share(person.id, "link") < 30:
        return f"https://www.linkedin.com/in/{plain(person.full_name)}/"
    return person.linkedin_url
