"""Leadfeeder's paid reads: companies and contacts by their ids. A GET, but each new record costs a credit.

Nothing else is asked along (``include=``, signals, financials): that can start, and charge for, a second record.
Where an id has been superseded Leadfeeder answers with the current one,
https://docs.leadfeeder.com/api/public/company-id-lifecycle-358388m0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from leadkit.errors import BadRequestError, NotThereError
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
from leadkit.providers.leadfeeder.answers import LIMIT, RECORD_RULE, TWELVE_MONTHS_SECONDS, Body, read_body
from leadkit.providers.leadfeeder.records import (
    COMPANY_DETAILS,
    CONTACT_DETAILS,
    ID,
    Field,
    columns,
    do_not_contact,
    read_fields,
    record_id,
    records_in,
    suppressed,
)

#: Leadfeeder's MCP server, tools get_companies_by_ids and get_contacts: at most 100 ids in a call.
MOST_IDS = 100
#: Fewer than that by choice: a call whose answer is lost puts all of its records in doubt together.
BATCH_SIZE = 25

_PRICE = Price(
    least=0,
    expected=1000,
    most=1000,
    source=RECORD_RULE,
    note="A record that anybody in the account read in the last 12 months costs nothing again.",
)
_REPEAT = Repeat(free=True, window_seconds=TWELVE_MONTHS_SECONDS, source=RECORD_RULE)


def company_details(account: Callable[[], str]) -> Operation:
    """Everything that Leadfeeder keeps of companies; ``account`` gives the account's id when it is needed."""
    return _operation(
        account,
        step="company_details",
        title="read companies' details",
        takes="id",
        path="/companies",
        prefix="leadfeeder_company",
        fields=COMPANY_DETAILS,
        keeps_days=180,
        keeps_why="addresses and sizes of companies change within the year",
    )


def unlock(account: Callable[[], str]) -> Operation:
    """The contact data of people. Of somebody who must not be contacted, only that is given."""
    return _operation(
        account,
        step="unlock",
        title="unlock contact data",
        takes="lead_id",
        path="/contacts",
        prefix="leadfeeder",
        fields=CONTACT_DETAILS,
        keeps_days=90,
        keeps_why="people change jobs; a quarter is how long a title or a phone is trusted",
    )


def _operation(
    account: Callable[[], str],
    *,
    step: str,
    title: str,
    takes: str,
    path: str,
    prefix: str,
    fields: Sequence[Field],
    keeps_days: int,
    keeps_why: str,
) -> Operation:
    return Operation(
        provider="leadfeeder",
        step=step,
        title=title,
        takes=takes,
        wants=(),
        batch_size=BATCH_SIZE,
        price=_PRICE,
        limit=LIMIT,
        repeat=_REPEAT,
        keeps_days=keeps_days,
        keeps_why=keeps_why,
        miss_keeps_days=7,
        columns=(
            *columns(fields, prefix),
            ResultColumn(f"{prefix}_current_id", "id", "The id under which Leadfeeder keeps it now"),
        ),
        # Whoever works in Leadfeeder's app spends the same credits. One question for each 25 records, at 10 a second
        # and 100,000 a month, costs nothing that is missed.
        balance_first=True,
        encode=lambda keys: _encode(path, keys, account()),
        decode=lambda keys, response: _decode(keys, read_or_refuse(keys, response, account()), fields),
    )


def _encode(path: str, keys: Sequence[str], account_id: str) -> Request:
    ids = [key for key in keys if ID.fullmatch(key)]
    if not ids:
        return Request("GET", "/users/me")  # free; none of the keys can be asked for, which decoding says
    if len(ids) == 1:  # the way that is documented best
        return Request("GET", f"{path}/{ids[0]}", query=(("account_id", account_id),))
    return Request("GET", path, query=(("account_id", account_id), ("ids", ",".join(ids))))


def read_or_refuse(keys: Sequence[str], response: Response, account_id: str) -> Body:
    """The answer about these keys; an empty one where Leadfeeder does not have the only key that was asked for.

    Raises
    ------
    BadRequestError
        One of several ids is not there, which Leadfeeder does not name. Asking for fewer of them finds it.
    """
    try:
        return read_body(response, account_id)
    except NotThereError as error:
        asked = [key for key in keys if ID.fullmatch(key)]
        if len(asked) == 1:
            return Body([], {}, Amount(), error.request_id)
        msg = f"Leadfeeder does not have one of {len(asked)} ids. Nothing was charged."
        raise BadRequestError(msg, provider="leadfeeder", request_id=error.request_id) from error


def _decode(keys: Sequence[str], body: Body, fields: Sequence[Field]) -> Decoded:
    asked = [key for key in keys if ID.fullmatch(key)]
    answers = {
        key: Answer("not_found", note="not an id that Leadfeeder gives, so it was not asked for")
        for key in keys
        if key not in asked
    }
    if not asked:
        return Decoded(answers, Amount(), body.request_id)
    records, contradicted = _by_id(body.data)
    spare = [found for found in records if found not in asked]
    open_keys = [key for key in asked if key not in records]
    for key in asked:
        if key in records:
            answers[key] = _answer(records[key], fields, "")
    if len(open_keys) == len(spare) == 1 and not contradicted:
        now = f"Leadfeeder keeps this under the id {spare[0]} now"
        answers[open_keys[0]] = _answer(records[spare[0]], fields, now)
    elif body.data == [] and not body.note and (body.amount is None or not body.amount.most):
        answers |= {key: Answer("not_found", note="Leadfeeder has no record with this id") for key in asked}
    missing = len(keys) - len(answers)
    notes = [body.note] if body.note else []
    if missing:
        notes.append(f"{missing} of {len(keys)} records are missing from the answer, or cannot be told apart")
    return Decoded(answers, body.amount, body.request_id, note="; ".join(notes))


def _by_id(data: Any) -> tuple[dict[str, Mapping[str, Any]], set[str]]:
    """Records by their id, and the ids under which two different records came: neither can be believed."""
    found: dict[str, Mapping[str, Any]] = {}
    contradicted: set[str] = set()
    for record in records_in(data):
        key = record_id(record)
        if key is None:
            continue
        if found.setdefault(key, record) != record:
            contradicted.add(key)
    return {key: record for key, record in found.items() if key not in contradicted}, contradicted


def _answer(record: Mapping[str, Any], fields: Sequence[Field], note: str) -> Answer:
    flag = do_not_contact(record)
    if flag == "yes":
        return suppressed("record")
    values: dict[str, Value] = {"id": record_id(record), "do_not_contact": flag}
    notes = [note] if note else []
    if flag == "not stated":
        notes.append("Leadfeeder did not say that this may be contacted, so contact data is left out")
    values |= read_fields(record, fields, reveal=flag == "no")
    return Answer("found", values, "; ".join(notes))
