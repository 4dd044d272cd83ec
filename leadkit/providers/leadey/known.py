"""Who of a sheet is in the Leadey workspace already, in which campaigns, and how far along. Free.

One ``GET /leads?search=`` for each person. Leadey finds every row that has the text anywhere in its name, company
or address (ann@example.com is in joann@example.com), so each row is compared here before it counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from leadkit.errors import BadAnswerError, InputError
from leadkit.keys import name_of, parts_of, same
from leadkit.money import Amount
from leadkit.providers.base import (
    Answer,
    Decoded,
    Operation,
    Price,
    Repeat,
    Request,
    Response,
    ResultColumn,
    Value,
)
from leadkit.providers.json_body import integer
from leadkit.providers.leadey.rows import (
    COLLECTIONS,
    CREDITS,
    LIMIT,
    missing_note,
    read_body,
    rows_by_id,
)

PAGE_SIZE = 100

#: What identifies a person in the workspace, best first. A name alone is no identity, but can say "not known".
IDENTITIES: tuple[tuple[str, ...], ...] = (
    ("email",),
    ("full_name", "company"),
    ("first_name", "last_name", "company"),
    ("full_name", "domain"),
    ("first_name", "last_name", "domain"),
    ("full_name",),
    ("first_name", "last_name"),
)

FREE = Price(0, 0, 0, source=f"{CREDITS}: reading the workspace costs nothing")
FREE_REPEAT = Repeat(free=True, source=FREE.source)


def known() -> Operation:
    """Marks the people who are in a campaign already."""
    return Operation(
        provider="leadey",
        step="known",
        title="look up who is in a campaign already",
        takes="person",
        identities=IDENTITIES,
        wants=(),
        batch_size=1,  # the search takes one text
        price=FREE,
        limit=LIMIT,
        repeat=FREE_REPEAT,
        keeps_days=1,
        keeps_why="campaigns take in people every day, and looking again is free",
        miss_keeps_days=1,
        columns=(
            ResultColumn("leadey_known", "known", "known, not known, or unknown", default="unknown"),
            ResultColumn("leadey_campaigns", "campaigns", "The campaigns that the person is in"),
            ResultColumn("leadey_statuses", "statuses", "The person's status in each, in the same order"),
            ResultColumn("leadey_lead_ids", "lead_ids", "Leadey's id for each, in the same order"),
            ResultColumn("leadey_since", "since", "When the first of them came in, ISO 8601"),
        ),
        encode=_encode,
        decode=_decode,
    )


def _encode(keys: Sequence[str]) -> Request:
    parts = parts_of(keys[0])
    if not any(set(identity) <= set(parts) for identity in IDENTITIES):
        msg = (
            "Leadey knows a person by an e-mail address, or by a name, best with a company. Nothing was sent."
        )
        raise InputError(msg)
    searched = parts.get("email") or name_of(parts)
    return Request("GET", "/leads", query=(("search", searched), ("page", "1"), ("pageSize", str(PAGE_SIZE))))


def _decode(keys: Sequence[str], response: Response) -> Decoded:
    data, meta = read_body(response)
    if not isinstance(data, list):
        msg = "Leadey: a search without a list of leads. Reading costs nothing."
        raise BadAnswerError(msg, provider="leadey", amount=Amount())
    parts, total = parts_of(keys[0]), integer(meta.get("totalCount"))
    if total is not None and len(data) < min(total, PAGE_SIZE):
        note = f"Leadey counts {total:,} leads and gave {len(data):,}"
        return Decoded({}, Amount(), note=note)  # says two things, so it is no answer; asking again is free
    rows = list(rows_by_id(data, COLLECTIONS["leads"]).values())
    unseen = missing_note(total, len(rows))
    leads = [row for row in rows if _is(row, parts)]
    namesakes = [row for row in rows if _may_be(row, parts)]
    if leads:
        answer = Answer("found", _standing(leads), f"{unseen}, perhaps in more campaigns" if unseen else "")
    elif namesakes:
        why = (
            f"{len(namesakes)} of this name in the workspace, and nothing to tell whether this is the person"
        )
        answer = Answer("found", {"known": "unknown"}, why)
    elif unseen or len(rows) < len(data):
        answer = Answer("found", {"known": "unknown"}, unseen or "Leadey sent leads without an id")
    else:
        answer = Answer("not_found", {"known": "not known"})
    return Decoded({keys[0]: answer}, Amount())


def _standing(leads: Sequence[Mapping[str, Value]]) -> dict[str, Value]:
    """Every campaign of the person, oldest first: one person can be three leads."""
    ordered = sorted(leads, key=lambda lead: str(lead["created"] or "9"))
    return {
        "known": "known",
        "campaigns": "; ".join(str(lead["campaign"] or lead["campaign_id"] or "?") for lead in ordered),
        "statuses": "; ".join(str(lead["status"] or "?") for lead in ordered),
        "lead_ids": "; ".join(str(lead["lead_id"]) for lead in ordered),
        "since": ordered[0]["created"],
    }


def _is(lead: Mapping[str, Value], parts: Mapping[str, str]) -> bool:
    if "email" in parts:
        return same("email", lead["email"], parts["email"])
    if not _is_named(lead, parts):
        return False
    if "company" in parts and same("company", lead["company"], parts["company"]):
        return True
    return "domain" in parts and "@" in str(lead["email"]) and same("domain", lead["email"], parts["domain"])


def _may_be(lead: Mapping[str, Value], parts: Mapping[str, str]) -> bool:
    """Whether it is somebody of that name, and the company is missing here or there."""
    if "email" in parts or not _is_named(lead, parts):
        return False
    if "company" in parts:
        return lead["company"] is None
    return "domain" not in parts or "@" not in str(lead["email"])


def _is_named(lead: Mapping[str, Value], parts: Mapping[str, str]) -> bool:
    full = lead["full_name"] or f"{lead['first_name'] or ''} {lead['last_name'] or ''}"
    return same("name", full, name_of(parts))
