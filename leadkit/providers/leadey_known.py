"""Who of a sheet is in the Leadey workspace already, in which campaigns, and how far along. Free.

One ``GET /leads?search=`` for each person. Leadey finds every row that has the text anywhere in its name, company
or address (ann@example.com is in joann@example.com), so each row is compared here before it counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from leadkit.errors import BadAnswerError, InputError
from leadkit.keys import parts_of
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
from leadkit.providers.leadey_rows import (
    COLLECTIONS,
    CREDITS,
    LIMIT,
    missing_note,
    read_body,
    rows_by_id,
    same,
)

PAGE_SIZE = 100

#: What identifies a person in the workspace, best first.
IDENTITIES: tuple[tuple[str, ...], ...] = (
    ("email",),
    ("name", "company"),
    ("first_name", "last_name", "company"),
    ("name", "domain"),
    ("first_name", "last_name", "domain"),
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
        msg = "Leadey knows a person by an e-mail address, or by a name and a company. Nothing was sent."
        raise InputError(msg)
    searched = parts.get("email") or _name(parts)
    return Request("GET", "/leads", query=(("search", searched), ("page", "1"), ("pageSize", str(PAGE_SIZE))))


def _name(parts: Mapping[str, str]) -> str:
    return parts.get("name") or f"{parts.get('first_name', '')} {parts.get('last_name', '')}".strip()


def _decode(keys: Sequence[str], response: Response) -> Decoded:
    data, meta = read_body(response)
    if not isinstance(data, list):
        error = BadAnswerError(
            "Leadey: a search without a list of leads. Reading costs nothing.", provider="leadey"
        )
        error.amount = Amount()
        raise error
    parts = parts_of(keys[0])
    rows = list(rows_by_id(data, COLLECTIONS["leads"]).values())
    unseen = missing_note(integer(meta.get("totalCount")), len(rows))
    leads = [row for row in rows if _is(row, parts)]
    if leads:
        answer = Answer("found", _standing(leads), f"{unseen}, perhaps in more campaigns" if unseen else "")
    elif unseen or len(rows) < len(data):
        why = (
            f"more leads have this text in them than one page shows: {unseen}"
            if unseen
            else "leads without an id"
        )
        answer = Answer("found", {"known": "unknown"}, why)
    else:
        answer = Answer("not_found", {"known": "not known"}, _doubtful(rows, parts))
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


def _is_named(lead: Mapping[str, Value], parts: Mapping[str, str]) -> bool:
    full = lead["full_name"] or f"{lead['first_name'] or ''} {lead['last_name'] or ''}"
    return same("name", full, _name(parts))


def _doubtful(rows: Sequence[Mapping[str, Value]], parts: Mapping[str, str]) -> str:
    """A remark on somebody of the same name elsewhere; an address that is not there needs none."""
    namesakes = [] if "email" in parts else [row for row in rows if _is_named(row, parts)]
    return f"{len(namesakes)} of this name, with another company or none" if namesakes else ""
