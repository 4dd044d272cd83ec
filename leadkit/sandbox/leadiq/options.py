"""What the contract leaves open, or what differs between accounts."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Options:
    """Set with ``box.set_option("leadiq", name, value)``.

    Attributes
    ----------
    error_status_in
        Where an error of the GraphQL API has its status: ``"body"``, an answer of 200 with
        ``errors[].extensions.response.status``, as LeadIQ's samples read it; or ``"http"``, as its guide says.
    max_searches
        Fields of one query, with or without aliases; a query with more is refused. None: any number.
    charges_each_search
        What a query of several fields is charged when the credits run out half-way. False: nothing; all of it is
        paid or none. True: the fields before are paid for, although the answer then has no data at all.
    company_info_fails
        ``companyInfo`` comes as null with an error beside the data, and is not charged.
    job_changes
        Whether the account has the feature. Without it ``jobChangeFilter``, ``previousCompanyFilter`` and
        ``previousPositionFilter`` are ignored without a word, and ``personJobChange`` is null.
    prospector_paths
        Where Prospector answers: ``"v1"``, as its samples call it, or ``"bare"``, as the guide's table says.
    list_export
        Whether ``GET …/lists/{id}/export`` exists, as the guide's table says; the service's own description
        of itself has no such path.
    key_ends_with_colon
        New keys are the base64 of ``key:`` instead of ``key``; decoded, they keep the colon.
    """

    error_status_in: str = field(default="body", metadata={"choices": ("body", "http")})
    max_searches: int | None = None
    charges_each_search: bool = False
    company_info_fails: bool = False
    job_changes: bool = False
    prospector_paths: str = field(default="v1", metadata={"choices": ("v1", "bare")})
    list_export: bool = False
    key_ends_with_colon: bool = False
