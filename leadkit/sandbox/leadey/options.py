"""What the contract leaves open, or what differs between workspaces."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Options:
    """Set with ``box.set_option("leadey", name, value)``.

    Attributes
    ----------
    leads_arriving
        How many new leads arrive after each page of leads that is read. They come first, so that the next page
        repeats as many rows of this one.
    all_lead_fields
        Rows of leads have the 15 fields of the API reference; False: the 10 that the quickstart prints.
    """

    leads_arriving: int = 0
    all_lead_fields: bool = True
