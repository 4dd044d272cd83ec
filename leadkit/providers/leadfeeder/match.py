"""Leadfeeder's match: which company a row is about. Free, up to 200 companies a call.

``POST /companies/match`` answers with a list for each company, in the order in which they were asked. Nothing in
it repeats what was asked, so the order is all there is, and an answer of another length is not believed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from leadkit import keys as cells
from leadkit.errors import BadAnswerError, InputError
from leadkit.keys import parts_of
from leadkit.providers.base import Answer, Decoded, Operation, Request, ResultColumn, Value
from leadkit.providers.json_body import array, mapping, text
from leadkit.providers.leadfeeder.answers import FREE, FREE_REPEAT, LIMIT, Body, read_body
from leadkit.providers.leadfeeder.records import (
    COMPANY_FIELDS,
    attributes,
    columns,
    do_not_contact,
    flag,
    read_fields,
    record_id,
    suppressed,
)

#: Leadfeeder's MCP server, tool match_companies: up to 200 companies in a call.
MOST_COMPANIES = 200
#: How many matches are asked for each; the service gives at most 20. More than one shows that a name is common.
MATCHES = 5

#: Part of a "company" key → Leadfeeder's name for it; other parts are of no use to it.
PARTS: Mapping[str, str] = {
    "company": "company_name",
    "domain": "url",
    "email": "email",
    "phone": "phone",
    "vat_id": "vat_id",
    "register_id": "register_id",
    "register_location": "register_location",
    "street": "street",
    "postal_code": "postal_code",
    "city": "city",
    "country": "country",
    "country_code": "country_code",
}
#: A match needs one of these.
IDENTITIES: tuple[tuple[str, ...], ...] = (("domain",), ("vat_id",), ("register_id",), ("company",))


def match_companies(account: Callable[[], str]) -> Operation:
    """Leadfeeder's id for companies; ``account`` gives the account's id when it is needed."""
    return Operation(
        provider="leadfeeder",
        step="match_companies",
        title="match companies",
        takes="company",
        identities=(("domain",), ("company",)),
        wants=(),
        batch_size=MOST_COMPANIES,
        price=FREE,
        limit=LIMIT,
        repeat=FREE_REPEAT,
        keeps_days=90,
        keeps_why="companies merge and move, and matching them again is free",
        miss_keeps_days=7,
        columns=(
            ResultColumn("leadfeeder_company_id", "company_id", "Leadfeeder's id; details are read by it"),
            ResultColumn(
                "leadfeeder_match_score", "match_score", "How well it matches, 0 to 1", dtype="number"
            ),
            ResultColumn(
                "leadfeeder_matches", "matches", f"Companies that match, {MATCHES} at most", dtype="integer"
            ),
            *columns(COMPANY_FIELDS, "leadfeeder_company"),
            ResultColumn(
                "leadfeeder_company_has_contacts",
                "has_contacts",
                "Leadfeeder has people there",
                dtype="boolean",
            ),
        ),
        encode=lambda keys: _encode_match(keys, account()),
        decode=lambda keys, response: _decode_match(keys, read_body(response, account())),
    )


def _encode_match(keys: Sequence[str], account_id: str) -> Request:
    return Request(
        "POST",
        "/companies/match",
        query=(("account_id", account_id), ("max_results_per_company", str(MATCHES))),
        json={"companies": [_company(key) for key in keys]},
    )


def _company(key: str) -> dict[str, str]:
    parts = parts_of(key)
    if not any(set(identity) <= set(parts) for identity in IDENTITIES):
        wanted = ", ".join(identity[0] for identity in IDENTITIES)
        raise InputError(f"Leadfeeder matches a company by one of {wanted}. Nothing was sent.")
    return {PARTS[part]: value for part, value in parts.items() if part in PARTS}


def _decode_match(keys: Sequence[str], body: Body) -> Decoded:
    groups = array(body.data)
    if len(groups) != len(keys):
        msg = (
            f"Leadfeeder was asked about {len(keys)} companies and answered about {len(groups)}, so nobody can tell "
            "which answer is whose."
        )
        raise BadAnswerError(msg, provider="leadfeeder", request_id=body.request_id, amount=body.amount)
    answers = {}
    for key, group in zip(keys, groups, strict=True):
        answer = _best_match(group) if isinstance(group, list) else None
        if answer is not None and (group or not body.note):  # beside an error, nothing is no answer
            answers[key] = answer
    if _in_another_order(answers):
        msg = "Leadfeeder's matches stand in another order than the companies they were asked for."
        raise BadAnswerError(msg, provider="leadfeeder", request_id=body.request_id, amount=body.amount)
    return Decoded(answers, body.amount, body.request_id, note=body.note)


def _in_another_order(answers: Mapping[str, Answer]) -> bool:
    """Whether a company that was asked for by its domain stands where another one was asked for, and not at its own.

    A company has several domains, so a single website that is another than asked for proves nothing.
    """
    asked = {key: domain for key in answers if (domain := parts_of(key).get("domain"))}
    given = {key: _site(answers[key].values.get("website")) for key in asked}
    strange = {key for key, site in given.items() if site is not None and site != asked[key]}
    elsewhere = {given[key] for key in strange}
    return any(asked[key] in elsewhere for key in strange)


def _site(website: object) -> str | None:
    try:
        return cells.key("domain", website)
    except cells.Unusable:
        return None


def _best_match(group: list[Any]) -> Answer | None:
    """The best of one company's matches; None when they cannot be read. No matches is an answer."""
    if not group:
        return Answer("not_found", {"matches": 0}, "Leadfeeder has no company like it")
    scored = [(_score(match), _matched(match)) for match in map(mapping, group)]
    usable = [(score, company) for score, company in scored if score is not None and record_id(company)]
    if not usable:
        return None
    usable.sort(key=lambda pair: pair[0], reverse=True)
    best, company = usable[0]
    values: dict[str, Value] = {"match_score": float(best), "matches": len(usable)}
    rivals = [other for score, other in usable if score == best]
    if len({record_id(rival) for rival in rivals}) > 1:
        named = "; ".join(f"{text(attributes(one).get('name'))} ({record_id(one)})" for one in rivals)
        return Answer(
            "found", values, f"{len(rivals)} companies match equally well, so none was chosen: {named}"
        )
    flagged = do_not_contact(company)
    if flagged == "yes":
        return suppressed("company")
    values |= {"company_id": record_id(company), "do_not_contact": flagged}
    values |= read_fields(company, COMPANY_FIELDS, reveal=False)
    values["has_contacts"] = flag(company, "has_contacts")
    return Answer("found", values)


def _score(match: Mapping[str, Any]) -> Decimal | None:
    score = attributes(match).get("match_score")
    if isinstance(score, bool) or not isinstance(score, int | Decimal) or not 0 <= score <= 1:
        return None
    return Decimal(score)


def _matched(match: Mapping[str, Any]) -> Mapping[str, Any]:
    """The company of a match: it stands inline among the relationships."""
    inner = mapping(mapping(match.get("relationships")).get("company_summary"))
    return mapping(inner.get("data")) or inner or match
