"""LeadIQ's people: finding and unlocking a person (paid), and whether there is anything to buy (free).

The selection of a query is made from what is bought and holds nothing else, because LeadIQ charges for what is
selected: one more field for display can cost 10 credits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from leadkit.errors import InputError
from leadkit.keys import parts_of
from leadkit.money import Amount
from leadkit.providers.base import Answer, Decoded, Operation, Price, Request, Response, ResultColumn
from leadkit.providers.json_body import array, mapping, text
from leadkit.providers.leadiq.answers import GraphqlError, read_graphql
from leadkit.providers.leadiq.person import COLUMNS, person_values
from leadkit.providers.leadiq.terms import (
    COMPANY_REPEAT,
    DEVELOPER,
    FREE_REPEAT,
    LIMIT,
    NAME,
    PERSON_REPEAT,
    checked_wants,
    person_price,
    record_price,
)

#: What identifies a person, best first, as parts of a key.
IDENTITIES: tuple[tuple[str, ...], ...] = (
    ("lead_id",),
    ("linkedin",),
    ("email",),
    ("full_name", "domain"),
    ("first_name", "last_name", "domain"),
    ("full_name", "company"),
    ("first_name", "last_name", "company"),
)
#: The free preview takes the same, but no id.
PREVIEW_IDENTITIES = IDENTITIES[1:]

#: People in one POST, each under an alias of its own. LeadIQ documents no number; ten is what its own tool for
#: many people takes. A server that wants fewer refuses the whole query, and then the batch is halved.
BATCH = 10

#: Data point → the field of the free preview that says whether there is any.
_HAS = {"email": "has_email", "phone": "has_phone"}
_PREVIEW_COLUMNS = (
    ResultColumn("leadiq_has_email", "has_email", "LeadIQ likely has a work e-mail", dtype="boolean"),
    ResultColumn("leadiq_has_phone", "has_phone", "LeadIQ likely has a phone", dtype="boolean"),
    ResultColumn("leadiq_person_id", "person_id", "LeadIQ's id of the person; unlocking takes it"),
)


def find_people(step: str, wants: Sequence[str], prices: Mapping[str, int]) -> Operation:
    """The steps find_people (any identity) and unlock (a person's id, for e-mail and phone)."""
    unlock = step == "unlock"
    bought = checked_wants(
        step,
        wants,
        allowed=("email", "phone") if unlock else ("profile", "email", "phone", "company"),
        default="email" if unlock else "profile",
    )
    company = "company" in bought
    read = _parts_of_id if unlock else parts_of
    return Operation(
        provider=NAME,
        step=step,
        title=f"{'unlock contact data' if unlock else 'find people'} ({', '.join(bought)})",
        takes="lead_id" if unlock else "person",
        wants=bought,
        # Whatever ends a batch unclear puts all of it in doubt. That is free to ask again, but not with company data.
        batch_size=1 if company else BATCH,
        price=person_price(bought, prices),
        limit=LIMIT,
        repeat=COMPANY_REPEAT if company else PERSON_REPEAT,
        keeps_days=90,
        keeps_why="people change jobs; a quarter is how long a title, an address or a phone is trusted",
        miss_keeps_days=30,
        columns=tuple(column for want, column in COLUMNS if want in ("profile", *bought)),
        encode=lambda keys: _encode([read(key) for key in keys], bought),
        decode=lambda keys, response: _decode({key: read(key) for key in keys}, response, bought, prices),
        identities=() if unlock else IDENTITIES,
        free_preview=None if unlock else preview_people(bought),
    )


def preview_people(wants: Sequence[str] = ()) -> Operation:
    """The free step that keeps people of whom there is nothing to buy out of the paid call.

    Where only contact data is wanted, that is whoever has none of it; else whoever LeadIQ does not know.
    """
    contact = tuple(want for want in _HAS if want in wants)
    missed = contact if set(wants) == set(contact) else ()
    return Operation(
        provider=NAME,
        step="preview_people",
        title="see for whom there is contact data",
        takes="person",
        wants=missed,
        batch_size=BATCH,
        price=Price(0, 0, 0, source=f"{DEVELOPER}, searchPeoplePreview: charges no credits"),
        limit=LIMIT,
        repeat=FREE_REPEAT,
        keeps_days=30,
        keeps_why="LeadIQ finds new addresses and phones all the time, and asking is free",
        miss_keeps_days=7,
        columns=_PREVIEW_COLUMNS,
        encode=_encode_preview,
        decode=lambda keys, response: _decode_preview(keys, response, missed),
        identities=PREVIEW_IDENTITIES,
    )


# ---------------------------------------------------------------- asking


def _parts_of_id(key: str) -> dict[str, str]:
    return {"lead_id": key}


def _encode(people: Sequence[Mapping[str, str]], wants: Sequence[str]) -> Request:
    """One searchPeople for each person: by the best identity that the key has, and one record at most.

    Without ``limit: 1`` a name may bring several people, and each may be charged.
    """
    inputs = [{**person_input(parts), "limit": 1} for parts in people]
    return _query("FindPeople", "searchPeople", "SearchPeopleInput", "SearchResult", selection(wants), inputs)


def selection(wants: Sequence[str]) -> str:
    """What a person query selects: the profile tier, and below it only what is bought."""
    position = ["title seniority function matchedQuery"]
    # The employer's id and name belong to the profile; any other of its fields is company data.
    company = "id name"
    person = ["id name { fullName first last } linkedin { linkedinUrl }"]
    person.append("location { city areaLevel1 country } confidence")
    if "company" in wants:
        company += " domain industry numberOfEmployees locationInfo { city areaLevel1 country }"
    position.append(f"companyInfo {{ {company} }}")
    if "email" in wants:
        position.append("emails { value status type }")
    if "phone" in wants:
        phone = "{ value type verificationStatus status }"
        position.append(f"phones {phone}")
        person.append(f"personalPhones {phone}")
    person.append(f"currentPositions {{ {' '.join(position)} }}")
    return f"totalResults hasMore results {{ {' '.join(person)} }}"


def person_input(parts: Mapping[str, str]) -> dict[str, Any]:
    """SearchPeopleInput of the best identity among the parts of a key.

    Raises
    ------
    InputError
        The parts identify nobody, such as a name alone. Nothing was sent.
    """
    if value := parts.get("lead_id"):
        return {"id": value}
    if value := parts.get("linkedin"):
        return {"linkedinUrl": linkedin_url(value)}
    if value := parts.get("email"):
        return {"email": value}
    employer = {"domain": parts.get("domain"), "name": parts.get("company")}
    company = {name: value for name, value in employer.items() if value}
    if not company or not (name := _name(parts)):
        msg = (
            "LeadIQ finds a person by LeadIQ id, LinkedIn profile, e-mail, or name with company or domain, "
            f"not by {' and '.join(sorted(parts)) or 'nothing'}. Nothing was sent."
        )
        raise InputError(msg)
    return {**name, "company": company}


def _name(parts: Mapping[str, str]) -> dict[str, str]:
    """First and last name. A name of other than two words is not split: no rule does it right everywhere."""
    if parts.get("first_name") and parts.get("last_name"):
        return {"firstName": parts["first_name"], "lastName": parts["last_name"]}
    words = parts.get("full_name", "").split()
    if len(words) == 2:
        return {"firstName": words[0], "lastName": words[1]}
    return {"fullName": " ".join(words)} if words else {}


def linkedin_url(key: str) -> str:
    """The web address of a LinkedIn key: ``linkedin.com/in/anna-stone`` → ``https://www.linkedin.com/in/…``."""
    host, _, path = key.removeprefix("https://").removeprefix("www.").partition("/")
    return f"https://www.{host}/{quote(path, safe='/%-._~')}"


def _query(
    name: str, field: str, input_type: str, result_type: str, fields: str, inputs: Sequence[Mapping[str, Any]]
) -> Request:
    """One query with a part for each input: alone under its own name, several under aliases p0, p1, …"""
    if len(inputs) == 1:
        document = f"query {name}($input: {input_type}!) {{ {field}(input: $input) {{ {fields} }} }}"
        return Request("POST", "", json={"query": document, "variables": {"input": inputs[0]}})
    aliases = _fields(field, len(inputs))
    variables = ", ".join(f"${alias}: {input_type}!" for alias in aliases)
    parts = " ".join(f"{alias}: {field}(input: ${alias}) {{ ...Part }}" for alias in aliases)
    document = f"query {name}({variables}) {{ {parts} }} fragment Part on {result_type} {{ {fields} }}"
    return Request("POST", "", json={"query": document, "variables": dict(zip(aliases, inputs, strict=True))})


def _fields(field: str, count: int) -> list[str]:
    """Under which names the parts of an answer to ``count`` keys come."""
    return [field] if count == 1 else [f"p{number}" for number in range(count)]


# ---------------------------------------------------------------- reading


def _decode(
    people: Mapping[str, Mapping[str, str]],
    response: Response,
    wants: Sequence[str],
    prices: Mapping[str, int],
) -> Decoded:
    """An answer for each key that got a clear one; the others are in doubt.

    LeadIQ never says what a call cost. The amount goes from 0, for what the team had unlocked before, to the
    listed price of everything selected for every record and every position that came.
    """
    fields = _fields("searchPeople", len(people))
    data, errors = read_graphql(response, fields)
    answers: dict[str, Answer] = {}
    odd: list[str] = []
    most = 0
    for (key, parts), field in zip(people.items(), fields, strict=True):
        part = mapping(data.get(field))
        mine = [error for error in errors if error.field in (None, field)]
        most += _most(part, wants, prices)
        answer = _person(parts, part, wants, mine)
        if answer is not None:
            answers[key] = answer
        odd += [str(error) for error in mine if answer is None and str(error) not in odd]
    return Decoded(answers, Amount(0, most), note="; ".join(odd))


def _most(part: Mapping[str, Any], wants: Sequence[str], prices: Mapping[str, int]) -> int:
    """The most that one person can have cost, in millicredits."""
    record = record_price(wants, prices)
    records = [mapping(item) for item in array(part.get("results"))]
    if not records:
        return person_price(wants, prices).most
    companies = sum(max(1, len(array(one.get("currentPositions")))) for one in records)
    return record * len(records) + (prices["Company"] * companies if "company" in wants else 0)


def _person(
    parts: Mapping[str, str], part: Mapping[str, Any], wants: Sequence[str], errors: Sequence[GraphqlError]
) -> Answer | None:
    results = part.get("results")
    if not isinstance(results, list) or (results and not mapping(results[0])):
        return None
    total = part.get("totalResults")
    if not results:
        # "Not found" is said only by an answer that is empty, sound, and does not contradict itself.
        return None if errors or (isinstance(total, int) and total > 0) else Answer("not_found")
    record = mapping(results[0])
    if parts.get("lead_id") and text(record.get("id")) != parts["lead_id"]:
        return None  # paid or not, this is not who was asked for
    values, notes, bought = person_values(parts, record, wants)
    if errors and not bought:
        return None  # what was paid for may be what is missing
    notes += [f"LeadIQ could not give everything ({error})" for error in errors]
    if isinstance(total, int) and total > 1:
        notes.append(f"the first of {total:,} who fit")
    return Answer("found", values, "; ".join(notes))


def _encode_preview(keys: Sequence[str]) -> Request:
    inputs = [_preview_input(parts_of(key)) for key in keys]
    fields = "personId hasEmail hasPhone"
    return _query(
        "PreviewPeople",
        "searchPeoplePreview",
        "SearchPeoplePreviewInput",
        "SearchPeoplePreviewResult",
        fields,
        inputs,
    )


def _preview_input(parts: Mapping[str, str]) -> dict[str, Any]:
    found = person_input({name: value for name, value in parts.items() if name != "lead_id"})
    company = found.pop("company", {})
    renamed = {"domain": "companyDomain", "name": "companyName"}
    return {**found, **{renamed[name]: value for name, value in company.items()}}


def _is_preview(part: Mapping[str, Any]) -> bool:
    """Whether this says all that was asked; LeadIQ's schema lets each be null."""
    flags = (part.get("hasEmail", ""), part.get("hasPhone", ""))
    return "personId" in part and all(flag is None or isinstance(flag, bool) for flag in flags)


def _decode_preview(keys: Sequence[str], response: Response, wants: Sequence[str]) -> Decoded:
    fields = _fields("searchPeoplePreview", len(keys))
    data, errors = read_graphql(response, fields)
    answers: dict[str, Answer] = {}
    for key, field in zip(keys, fields, strict=True):
        part = data.get(field)
        if not isinstance(part, dict) or any(error.field in (None, field) for error in errors):
            continue
        if not _is_preview(part):
            continue
        values = {
            "has_email": part["hasEmail"],
            "has_phone": part["hasPhone"],
            "person_id": text(part["personId"]),
        }
        if not any(values.values()):
            answers[key] = Answer("not_found", note="LeadIQ's free preview finds nobody")
        elif wants and all(values[_HAS[want]] is False for want in wants):
            answers[key] = Answer("not_found", note=f"LeadIQ's free preview finds no {' or '.join(wants)}")
        else:
            answers[key] = Answer("found", values)
    return Decoded(answers, Amount(), note="; ".join(map(str, errors)))
