"""The words for what the apps can do. What it costs and how it works is the provider's module's business."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """One choice of the app. ``one`` and ``many`` are what is counted, ``do`` the verb on the button."""

    name: str
    title: str
    about: str
    one: str
    many: str
    do: str
    #: What a person should know before choosing it; empty when there is nothing.
    risk: str = ""

    def count(self, n: int) -> str:
        """``1 address``, ``1,250 addresses``."""
        return f"{n:,} {self.one if n == 1 else self.many}"


STEPS: Mapping[str, Step] = {
    step.name: step
    for step in (
        Step(
            name="validate_emails",
            title="Check e-mail addresses",
            about="Tells for each address whether mail to it will arrive.",
            one="address",
            many="addresses",
            do="Check",
        ),
        Step(
            name="find_people",
            title="Find people",
            about="Finds who each row is, by LinkedIn profile, e-mail address or name with company. Whoever comes "
            "back is compared with the row; somebody who does not fit brings no data.",
            one="person",
            many="people",
            do="Find",
        ),
        Step(
            name="unlock",
            title="Unlock contact data",
            about="Adds address, phone, title and company of people by the id that the same provider gave them in a "
            "search or in “Find people”.",
            one="lead",
            many="leads",
            do="Unlock",
        ),
        Step(
            name="export",
            title="Unlock in bulk",
            about="The same data for the same credits, 25 leads a request instead of one.",
            one="lead",
            many="leads",
            do="Unlock",
            risk="Faster, with a risk: if an answer gets lost on its way, nobody can tell what its 25 leads cost. "
            "Their credits then stay set aside. Unlocking one by one loses at most one.",
        ),
        Step(
            name="enrich",
            title="Fill in everything known of a lead",
            about="Adds level, department, company size and more. Contact data shows only once it is unlocked.",
            one="lead",
            many="leads",
            do="Fill in",
        ),
        Step(
            name="match_companies",
            title="Match companies",
            about="Finds the provider's own record of each row's company, by web domain or name.",
            one="company",
            many="companies",
            do="Match",
        ),
        Step(
            name="company_details",
            title="Company details",
            about="Adds size, industry, place and revenue of each row's company.",
            one="company",
            many="companies",
            do="Look up",
        ),
        Step(
            name="known",
            title="Mark who is in your workspace already",
            about="Tells which rows are in your own workspace at the provider, with their campaigns. Sends no "
            "message to anybody.",
            one="person",
            many="people",
            do="Mark",
        ),
    )
}

#: Role of a column → the words over its list.
ROLE_TITLES: Mapping[str, str] = {
    "email": "E-mail address",
    "lead_id": "Lead id",
    "linkedin": "LinkedIn profile",
    "full_name": "Whole name",
    "first_name": "First name",
    "last_name": "Last name",
    "company": "Company",
    "domain": "Web domain of the company",
    "company_id": "Company id",
    "company_linkedin": "LinkedIn page of the company",
}

#: What a provider sells one by one → its words.
WANT_TITLES: Mapping[str, str] = {
    "profile": "Profile: title, employer, place",
    "email": "E-mail address",
    "phone": "Phone",
    "company": "Company data",
}
