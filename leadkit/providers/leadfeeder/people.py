"""Leadfeeder's people: finding the one that a row is about, by address, or by name within a company. Free.

``POST /contacts/search`` takes filters, not identities: a name is also looked for in titles, and near names come up
too. So a row of the answer is only taken for the person when it says nothing else, and when it is the only one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from leadkit.errors import BadAnswerError, InputError
from leadkit.keys import name_of, parts_of, same
from leadkit.providers.base import Answer, Decoded, Operation, Request, ResultColumn, Value
from leadkit.providers.json_body import integer, mapping, text
from leadkit.providers.leadfeeder.answers import FREE, FREE_REPEAT, LIMIT, Body, read_body
from leadkit.providers.leadfeeder.records import (
    CONTACT_DETAILS,
    columns,
    do_not_contact,
    read_fields,
    record_id,
    suppressed,
)

#: The largest page of a search.
PAGE_SIZE = 100

#: What identifies a person, best first. Without an address or the company's id from match_companies, the name is
#: searched in the whole database, and only a row that names the same company is taken.
IDENTITIES: tuple[tuple[str, ...], ...] = (
    ("email",),
    ("full_name", "company_id"),
    ("first_name", "last_name", "company_id"),
    ("full_name", "domain"),
    ("first_name", "last_name", "domain"),
    ("full_name", "company"),
    ("first_name", "last_name", "company"),
)


def find_people(account: Callable[[], str]) -> Operation:
    """Leadfeeder's id for people, one call each; ``account`` gives the account's id when it is needed."""
    return Operation(
        provider="leadfeeder",
        step="find_people",
        title="find people",
        takes="person",
        identities=IDENTITIES,
        wants=(),
        batch_size=1,  # a row of the answer need not say which address or name it was found by
        price=FREE,
        limit=LIMIT,
        repeat=FREE_REPEAT,
        keeps_days=30,
        keeps_why="people change jobs, and searching again is free",
        miss_keeps_days=7,
        columns=(
            ResultColumn("leadfeeder_contact_id", "contact_id", "Leadfeeder's id; unlocking takes it"),
            ResultColumn("leadfeeder_matches", "matches", "People who match", dtype="integer"),
            *columns(CONTACT_DETAILS, "leadfeeder"),
        ),
        encode=lambda keys: _encode(parts_of(keys[0]), account()),
        decode=lambda keys, response: _decode(keys[0], read_body(response, account())),
    )


def _encode(parts: Mapping[str, str], account_id: str) -> Request:
    if not any(set(identity) <= set(parts) for identity in IDENTITIES):
        msg = (
            "Leadfeeder finds a person by an e-mail address, or by a name with a company: its id, its domain or its "
            "name. Nothing was sent."
        )
        raise InputError(msg)
    if "email" in parts:
        body = {"emails": [parts["email"]]}
    else:
        body = {"search_terms": [name_of(parts)]}
        if (
            "company_id" in parts
        ):  # a list: a single id is ignored in silence, and everybody of that name comes
            body["company_ids"] = [parts["company_id"]]
    query = (("account_id", account_id), ("page[size]", str(PAGE_SIZE)))
    return Request("POST", "/contacts/search", query=query, json=body)


def _decode(key: str, body: Body) -> Decoded:
    if not isinstance(body.data, list):
        msg = "Leadfeeder: a search without a list of people."
        raise BadAnswerError(msg, provider="leadfeeder", amount=body.amount)
    parts = parts_of(key)
    people = {
        found: person
        for person in map(mapping, body.data)
        if (found := record_id(person)) is not None and _may_be(person, parts)
    }
    pagination = mapping(body.meta.get("pagination"))
    more = text(pagination.get("next_cursor")) is not None
    if not body.data and (body.note or more or integer(pagination.get("total_count"))):
        note = body.note or "Leadfeeder counts people and gives none"
        return Decoded({}, body.amount, body.request_id, note=note)
    if body.data:
        answer = _chosen(list(people.values()), parts, more=more)
    else:
        answer = Answer("not_found", {"matches": 0}, "Leadfeeder has nobody like it")
    return Decoded({key: answer}, body.amount, body.request_id, note=body.note)


def _chosen(people: Sequence[Mapping[str, Any]], parts: Mapping[str, str], *, more: bool) -> Answer:
    values: dict[str, Value] = {"matches": len(people)}
    if not people:
        return Answer("found", values, "people came up, but none who is certain to be this one")
    if len(people) > 1 or more:
        return Answer("found", values, f"{len(people)}{' or more' * more} people match, so none was chosen")
    person = people[0]
    flag = do_not_contact(person)
    if flag == "yes":
        return suppressed("person")
    values |= {"contact_id": record_id(person), "do_not_contact": flag}
    values |= read_fields(person, CONTACT_DETAILS, reveal=flag == "no")
    # For whoever compares this person with the row: what the search itself made sure of.
    if "email" in parts:
        values["matched_by"] = "e-mail"
    elif "company_id" in parts:
        values["company_id"] = parts["company_id"]
    elif "domain" in parts:
        values["company_domain"] = parts["domain"]
    return Answer("found", values)


def _may_be(person: Mapping[str, Any], parts: Mapping[str, str]) -> bool:
    """Whether this is the person that was searched.

    What a row does not say cannot contradict it where Leadfeeder itself searched by it: the address, the
    company's id. A company that is only named was not searched by, so the row has to name it too.
    """
    said = read_fields(person, CONTACT_DETAILS, reveal=True)
    if "email" in parts:
        addresses = _all(said, "email", "further")
        return not addresses or any(same("email", one, parts["email"]) for one in addresses)
    full = said["full_name"] or f"{said['first_name'] or ''} {said['last_name'] or ''}"
    if not same("name", full, name_of(parts)):
        return False
    if "company_id" in parts:
        return said["company_id"] in (None, parts["company_id"])
    if "domain" in parts:
        return any(same("domain", one, parts["domain"]) for one in _all(said, "email", "further"))
    return same("company", said["company"], parts["company"])


def _all(said: Mapping[str, Value], *names: str) -> list[str]:
    return [word for name in names for word in str(said[name] or "").split("; ") if "@" in word]
