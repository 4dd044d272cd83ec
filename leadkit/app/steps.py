"""The words for what the apps can do. What it costs and how it works is the provider's module's business."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """One choice of the app. ``takes`` is the kind of cell that the step starts from."""

    name: str
    title: str
    about: str
    takes: str
    column_title: str
    one: str
    many: str
    #: The verb on the button.
    do: str

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
            takes="email",
            column_title="Column with the e-mail addresses",
            one="address",
            many="addresses",
            do="Check",
        ),
        Step(
            name="unlock",
            title="Unlock contact data",
            about="Adds address, phone, title and company of leads that were found in LeadLeap before.",
            takes="lead_id",
            column_title="Column with the LeadLeap lead ids",
            one="lead",
            many="leads",
            do="Unlock",
        ),
        Step(
            name="enrich",
            title="Fill in everything known of a lead",
            about="Adds level, department, company size and more. Contact data shows only once it is unlocked.",
            takes="lead_id",
            column_title="Column with the LeadLeap lead ids",
            one="lead",
            many="leads",
            do="Fill in",
        ),
    )
}
