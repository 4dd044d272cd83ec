"""What a person of the world looks like at LeadIQ."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from leadkit.sandbox import spelling
from leadkit.sandbox.leadiq.companies import PROVIDER, company_id, company_info, company_row, country_codes
from leadkit.sandbox.world import Company, Job, Person, past_day, share

SENIORITIES = {
    "C-Level": "Executive",
    "VP": "VP",
    "Director": "Director",
    "Manager": "Manager",
    "Senior": "SeniorIndividualContributor",
    "Entry": "Other",
}
#: Statuses of e-mails, best first.
GOOD_STATUSES = ("Verified", "VerifiedLikely", "Unverified")


def person_id(person: Person) -> str:
    rest = hashlib.sha256(person.id.encode()).hexdigest()
    return f"PersonID-{person.id[:8]}-{person.id[8:12]}-4{person.id[12:15]}-8{rest[:3]}-{rest[3:15]}"


def linkedin_id(person: Person) -> str:
    return str(int(person.id[:8], 16))


def jobs(person: Person) -> list[Job]:
    """The present jobs; two for some."""
    return [job for job in (person.job, person.second_job) if job]


def has_work_email(person: Person) -> bool:
    return any(email["status"] in GOOD_STATUSES for job in jobs(person) for email in work_emails(person, job))


def has_phone(person: Person) -> bool:
    phones = [
        *personal_phones(person),
        *(phone for job in jobs(person) for phone in work_phones(person, job)),
    ]
    return any(phone["value"] for phone in phones)


def person_record(
    person: Person, wishes: Mapping[str, Any], matched: frozenset[str], confidence: int
) -> dict[str, Any]:
    """A PersonRecord.

    Parameters
    ----------
    wishes
        The query's input: ``includeInvalid``, ``workEmailStatusIn`` and ``qualityFilter`` shape the record.
    matched
        World ids of the companies that the query meant.
    """
    first, last = spelling.names(PROVIDER, person)
    places = country_codes(person.country)
    former = [person.previous_job] if person.previous_job else []
    return {
        "id": person_id(person),
        "name": {"first": first, "last": last, "fullName": f"{first} {last}", "middle": person.middle_name},
        "currentPositions": [_position(person, job, wishes, matched) for job in jobs(person)],
        "pastPositions": [_position(person, job, wishes, matched) for job in former],
        "linkedin": {
            "linkedinId": linkedin_id(person),
            "linkedinUrl": linkedin_url(person),
            "type": "NotApplicable",
            "status": "Valid",
            "updatedAt": updated_at(person),
        },
        "profiles": [],
        "location": {
            "fullAddress": ", ".join(filter(None, (person.city, person.state, person.country.name))),
            "areaLevel1": person.state,
            "city": person.city,
            **places,
            "type": "NotApplicable",
            "status": "Valid",
            "updatedAt": updated_at(person),
        },
        "education": [],
        "updatedAt": updated_at(person),
        "personalEmails": personal_emails(person),
        "personalPhones": _of_quality(personal_phones(person), wishes),
        "confidence": confidence,
    }


def _position(person: Person, job: Job, wishes: Mapping[str, Any], matched: frozenset[str]) -> dict[str, Any]:
    emails = work_emails(person, job)
    if not wishes.get("includeInvalid"):
        emails = [email for email in emails if email["status"] != "Invalid"]
    if wishes.get("workEmailStatusIn"):
        emails = [email for email in emails if email["status"] in wishes["workEmailStatusIn"]]
    ranked = sorted(
        (email for email in emails if email["status"] in GOOD_STATUSES),
        key=lambda email: GOOD_STATUSES.index(email["status"]),
    )
    return {
        "companyId": company_id(job.company),
        "title": spelling.title(PROVIDER, person, job),
        "seniority": SENIORITIES[job.level],
        "function": job.department,
        "dateRange": {"start": moment(job.started), "end": moment(job.ended) if job.ended else None},
        "updatedAt": updated_at(person),
        "emails": emails,
        "phones": _of_quality(work_phones(person, job), wishes),
        "companyInfo": company_info(job.company),
        "workEmail": ranked[0] if ranked else None,
        "matchedQuery": job.company.id in matched,
    }


def work_emails(person: Person, job: Job) -> list[dict[str, Any]]:
    """The address of the job, and for some a wrong guess beside it. Without a value when it is suppressed."""
    if job.email is None:
        return []
    number = share(person.id, f"{PROVIDER} email")
    if job.ended is not None or person.mailbox in ("mailbox_not_found", "domain_not_found"):
        status = "Invalid"
    elif person.mailbox != "ok":
        status = "Unverified"
    else:
        status = next(s for s, most in (("Suppressed", 4), *_USUAL_STATUSES) if number < most)
    emails = [_email("" if status == "Suppressed" else job.email, status, "WorkEmail", person)]
    if number % 10 == 0:
        emails.append(_email(f"{person.id[:4]}.{job.email}", "Invalid", "WorkEmail", person))
    return emails


_USUAL_STATUSES = (("Verified", 80), ("VerifiedLikely", 93), ("Unverified", 100))


def personal_emails(person: Person) -> list[dict[str, Any]]:
    return [_email(person.second_email, "Unverified", "PersonalEmail", person)] if person.second_email else []


def personal_phones(person: Person) -> list[dict[str, Any]]:
    if person.phone is None:
        return []
    suppressed = share(person.id, f"{PROVIDER} phone") < 3
    return [_phone(person.phone, "PersonalMobile", person, suppressed=suppressed)]


def work_phones(person: Person, job: Job) -> list[dict[str, Any]]:
    """For some people, their company's number."""
    if job.ended is not None or share(person.id, f"{PROVIDER} work phone") >= 30:
        return []
    return [_phone(job.company.phone, "WorkHQ", person)]


def _email(value: str, status: str, type_: str, person: Person) -> dict[str, Any]:
    return {"type": type_, "status": status, "updatedAt": updated_at(person), "value": value}


def _phone(value: str, type_: str, person: Person, *, suppressed: bool = False) -> dict[str, Any]:
    likely = not suppressed and share(person.id, f"{PROVIDER} {type_}") < 70
    return {
        "type": type_,
        "status": "Suppressed" if suppressed else "LikelyAccurate" if likely else "Unverified",
        "verificationStatus": "LikelyAccurate" if likely else "None",
        "updatedAt": updated_at(person),
        "value": "" if suppressed else value,  # UNKNOWN: what a suppressed value is
    }


def _of_quality(phones: list[dict[str, Any]], wishes: Mapping[str, Any]) -> list[dict[str, Any]]:
    quality = (wishes.get("qualityFilter") or {}).get("phone") or "AllPhones"
    if quality == "AllPhones":
        return phones
    return [phone for phone in phones if phone["verificationStatus"] == "LikelyAccurate"]


def search_row(person: Person, *, job_changes: bool) -> dict[str, Any]:
    """A Person of an advanced search: no contact data, and the name is a text."""
    first, last = spelling.names(PROVIDER, person)
    job = person.job
    assert job is not None
    return {
        "id": person_id(person),
        "companyId": company_id(job.company),
        "name": f"{first} {last}",
        "firstName": first,
        "middleName": person.middle_name,
        "lastName": last,
        "linkedinId": linkedin_id(person),
        "linkedinUrl": linkedin_url(person),
        **_role(person, job),
        "city": person.city,
        "state": person.state,
        **country_codes(person.country),
        "updatedAt": updated_at(person),
        "currentPositionStartDate": moment(job.started),
        "company": company_row(job.company),
        "personJobChange": _job_change(person, job) if job_changes else None,
    }


def job_change_type(person: Person) -> str | None:
    if person.previous_job is None:
        return None
    return "JobChange" if person.moved else "TitleChange"


def _job_change(person: Person, job: Job) -> dict[str, Any] | None:
    was = person.previous_job
    if was is None:
        return None
    return {
        "jobChangeType": job_change_type(person),
        "startedAt": moment(job.started),
        "previousPosition": {"title": was.title, **_employer(was.company)},
        "currentPosition": {**_role(person, job), **_employer(job.company)},
    }


def _role(person: Person, job: Job) -> dict[str, Any]:
    return {
        "title": spelling.title(PROVIDER, person, job),
        "role": job.department,
        "seniority": SENIORITIES[job.level],
    }


def _employer(company: Company) -> dict[str, Any]:
    return {"companyId": company_id(company), "company": company_row(company)}


def linkedin_url(person: Person) -> str:
    return person.linkedin_url.replace("https://", "https://www.")


def updated_at(person: Person) -> str:
    return moment(past_day(f"updated {person.id}"))


def moment(day: object) -> str:
    """``2026-05-01T00:00Z``: LeadIQ prints no seconds."""
    return f"{day}T00:00Z"
