"""Leadey's answers: errors by HTTP status alone, and the rows of its four collections.

https://api.leadey.ai/quickstart and https://api.leadey.ai/guides, read 2026-07-01. Reading is free. An error is
``{error: {message, details}}`` without a code, and its words vary, so the status decides.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from leadkit.errors import (
    BadAnswerError,
    BadRequestError,
    CreditsExhaustedError,
    KeyRefusedError,
    NotThereError,
    ProviderError,
    RateLimitedError,
    ScopeError,
)
from leadkit.money import Amount
from leadkit.providers.base import RateLimit, Response, ResultColumn, Value
from leadkit.providers.json_body import array, integer, mapping, read_json, text

CREDITS = "https://api.leadey.ai/guides/credits"

LIMIT = RateLimit(
    requests=120,
    seconds=60.0,
    source="https://api.leadey.ai/guides/rate-limits: 120 requests a minute for each key",
)

_ERRORS: Mapping[int, type[ProviderError]] = {
    400: BadRequestError,
    401: KeyRefusedError,
    402: CreditsExhaustedError,
    403: ScopeError,
    404: NotThereError,
    410: NotThereError,
    422: BadRequestError,
    429: RateLimitedError,
}
_ADVICE: Mapping[int, str] = {
    401: "Check LEADEY_API_KEY: it starts with leadey_sk_live_ and is made under Settings, API Keys.",
    403: "The key's workspace does not allow this.",
    429: "Leadey takes 120 requests a minute for each key.",
}


@dataclass(frozen=True, slots=True)
class Collection:
    """One of the things that Leadey keeps. ``fields``: Leadey's name, the column's name, what it is."""

    path: str
    title: str
    #: Filter → Leadey's name of it and what it takes. Leadey ignores any other, and then gives every row.
    filters: Mapping[str, tuple[str, str]]
    fields: tuple[tuple[str, str, str], ...]

    @property
    def columns(self) -> tuple[ResultColumn, ...]:
        return (
            *(
                ResultColumn(column, column, what, dtype="integer" if column in _INTEGERS else "text")
                for _, column, what in self.fields
            ),
            ResultColumn("remark", "remark", "What is odd about the row, if anything is"),
        )


_INTEGERS = ("score", "employees")
_CREATED = ("createdAt", "created", "When Leadey got it, ISO 8601")
_LINKEDIN = ("linkedinUrl", "linkedin_url", "LinkedIn page")

COLLECTIONS: Mapping[str, Collection] = {
    "leads": Collection(
        path="/leads",
        title="read leads",
        filters={
            "search": ("search", "part of a name, company or address"),
            "campaign_id": ("campaignId", "a campaign's id"),
            "status": ("status", "a status, such as pending"),
        },
        fields=(
            ("id", "lead_id", "Leadey's id of the lead; a person has one in each campaign"),
            ("name", "full_name", "Name"),
            ("firstName", "first_name", "First name"),
            ("lastName", "last_name", "Last name"),
            ("title", "title", "Job title"),
            ("company", "company", "Company"),
            ("email", "email", "E-mail address"),
            ("phone", "phone", "Phone"),
            _LINKEDIN,
            ("status", "status", "Status in the campaign, such as pending or replied"),
            ("source", "source", "Where Leadey has it from"),
            ("score", "score", "Leadey's own score"),
            ("campaignId", "campaign_id", "Leadey's id of the campaign"),
            ("campaignName", "campaign", "The campaign"),
            _CREATED,
        ),
    ),
    "contacts": Collection(
        path="/contacts",
        title="read contacts",
        filters={
            "search": ("search", "part of a name, company or address"),
            "company": ("company", "part of a company's name"),
        },
        fields=(
            ("id", "contact_id", "Leadey's id of the contact"),
            ("fullName", "full_name", "Name"),
            ("firstName", "first_name", "First name"),
            ("lastName", "last_name", "Last name"),
            ("title", "title", "Job title"),
            ("company", "company", "Company"),
            ("email", "email", "E-mail address"),
            ("emailStatus", "email_status", "What Leadey says of the address, in its own words"),
            ("phone", "phone", "Phone"),
            ("phoneStatus", "phone_status", "What Leadey says of the phone, in its own words"),
            _LINKEDIN,
            ("location", "location", "Place"),
            _CREATED,
        ),
    ),
    "companies": Collection(
        path="/companies",
        title="read companies",
        filters={
            "search": ("search", "part of a name or domain"),
            "industry": ("industry", "part of an industry's name"),
        },
        fields=(
            ("id", "company_id", "Leadey's id of the company"),
            ("name", "company", "Company"),
            ("domain", "domain", "Domain"),
            ("industry", "industry", "Industry"),
            ("employeeCount", "employees", "Employees"),
            ("fundingStage", "funding_stage", "Stage of funding"),
            ("country", "country", "Country"),
            ("city", "city", "City"),
            _LINKEDIN,
            _CREATED,
        ),
    ),
    "campaigns": Collection(
        path="/campaigns",
        title="read campaigns",
        filters={
            "search": ("search", "part of a campaign's name"),
            "status": ("status", "draft, active, paused or completed"),
        },
        fields=(
            ("id", "campaign_id", "Leadey's id of the campaign"),
            ("name", "campaign", "The campaign"),
            ("description", "description", "What it is about"),
            ("status", "status", "draft, active, paused or completed"),
            _CREATED,
        ),
    ),
}


def read_body(response: Response) -> tuple[Any, Mapping[str, Any]]:
    """Data and meta, or the error that it is; by the HTTP status, because there is nothing else to go by."""
    try:
        body = read_json(response, "Leadey")
    except BadAnswerError:
        if response.status == 429:
            msg = "Leadey: too many requests (HTTP 429). Nothing was charged."
            raise RateLimitedError(msg, provider="leadey") from None
        raise
    data, words = body.get("data"), text(mapping(body.get("error")).get("message"))
    if response.status < 300 and data is not None:
        return data, mapping(body.get("meta"))
    kind = _ERRORS.get(response.status, BadAnswerError)
    what = (words or "an answer without data").rstrip(".")
    money = "Nothing was charged." if kind.charged == "no" else "Reading costs nothing."
    msg = f"Leadey: {what} (HTTP {response.status}). {money} {_ADVICE.get(response.status, '')}"
    error = kind(msg.rstrip(), provider="leadey")
    if isinstance(error, BadAnswerError):
        error.amount = Amount()  # reading never costs anything, whatever became of it
    raise error


def read_row(item: Mapping[str, Any], collection: Collection) -> Mapping[str, Value]:
    """One row. Dates that no calendar has are left out; an address in two alphabets is remarked upon."""
    row: dict[str, Value] = {}
    for source, column, _ in collection.fields:
        raw = item.get(source)
        if column in _INTEGERS:
            row[column] = integer(raw)
        elif column == "created":
            row[column] = _moment(raw)
        else:
            row[column] = text(raw)
    address = row.get("email")
    mixed = isinstance(address, str) and _alphabets(address) > 1
    row["remark"] = "letters of two alphabets in the address: look twice" if mixed else None
    return row


def rows_by_id(data: Any, collection: Collection) -> dict[str, Mapping[str, Value]]:
    """The rows of a page by their id; a row that comes twice is one, and one without an id is none."""
    id_column = collection.fields[0][1]
    rows: dict[str, Mapping[str, Value]] = {}
    for item in map(mapping, array(data)):
        row = read_row(item, collection)
        if (key := row[id_column]) is not None:
            rows.setdefault(str(key), row)
    return rows


def missing_note(total: int | None, seen: int) -> str:
    """What to say when fewer rows were seen than there are: the list shifts while it is read."""
    if total is None or total <= seen:
        return ""
    return f"{seen:,} of {total:,} rows were seen; at least {total - seen:,} may be missing"


def _moment(value: Any) -> str | None:
    said = text(value)
    try:
        return said if said and datetime.fromisoformat(said) else None
    except ValueError:
        return None


def _alphabets(address: str) -> int:
    return len({unicodedata.name(c, "?").split()[0] for c in address if c.isalpha()})
