"""LeadLeap's export: the contact data of many leads in one call. An explicit choice, never the default.

API: https://leadleap.net/docs/api, POST /leads/export, read 2026-02-26. One call spends a credit for every locked
lead in it, up to 500, and says so in a header only. If its answer is lost, all of its leads are in doubt together,
where an unlock puts one in doubt. Asking again is free, so the doubt can be cleared; the spend stays an estimate.

The page describes the file as "raw file content" and prints none, so its rows are read by name and joined by id.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from leadkit.errors import BadAnswerError
from leadkit.money import Amount
from leadkit.providers.base import (
    Answer,
    Decoded,
    Operation,
    Price,
    Repeat,
    Request,
    Response,
    Value,
)
from leadkit.providers.json_body import mapping, read_json, reported, text
from leadkit.providers.leadleap.answers import CONTACT_FIELDS, LIMIT, PAGE, envelope, lead_columns, lead_value

#: POST /leads/export: lead_ids, at most 500.
MOST_IDS = 500
#: Fewer than that by choice: a call whose answer is lost puts all of its credits in doubt together.
BATCH_SIZE = 25

#: Names under which an exported field may stand, besides the one that unlocking uses.
_OTHER_NAMES = {"full_name": ("contact_name", "name"), "email_primary": ("email",), "job_title": ("title",)}


def export_leads() -> Operation:
    """Unlock leads through the export, many of them in one call."""
    return Operation(
        provider="leadleap",
        step="export",
        title="unlock contact data by export",
        takes="lead_id",
        wants=(),
        batch_size=BATCH_SIZE,
        price=Price(
            least=0,
            expected=1000,
            most=1000,
            source=f"{PAGE}, POST /leads/export: locked leads cost 1 credit each",
            note=(
                f"An export asks for up to {BATCH_SIZE} leads in one call. If its answer is lost, up to "
                f"{BATCH_SIZE} credits are in doubt together until the call is repeated."
            ),
        ),
        limit=LIMIT,
        repeat=Repeat(free=True, source=f"{PAGE}, POST /leads/export: unlocked leads cost nothing"),
        keeps_days=None,
        keeps_why="an unlock is bought once and LeadLeap gives it again for nothing",
        miss_keeps_days=None,  # a lead that is missing from the file is in doubt, never "not found"
        columns=lead_columns(CONTACT_FIELDS),
        encode=lambda keys: Request("POST", "/leads/export", json={"lead_ids": list(keys), "format": "json"}),
        decode=_decode,
    )


def _decode(keys: Sequence[str], response: Response) -> Decoded:
    amount = _amount(response)
    try:
        rows = _rows(response)
    except BadAnswerError as error:
        error.amount = amount  # the header says it, whatever became of the file
        raise
    answers: dict[str, Answer] = {}
    contradicted: set[str] = set()
    for row in rows:
        key = text(row.get("id")) or text(row.get("lead_id"))
        if key is None or key not in keys:
            continue
        answer = _answer(row)
        if answers.setdefault(key, answer) != answer:
            contradicted.add(key)
    kept = {key: answer for key, answer in answers.items() if key not in contradicted}
    missing = len(keys) - len(kept)
    note = f"{missing} of {len(keys)} leads are missing from the exported file" if missing else ""
    return Decoded(kept, amount, note=note)


def _amount(response: Response) -> Amount | None:
    """X-New-Unlocks in credits; the only place where an export says what it cost."""
    unlocks = response.headers.get("x-new-unlocks", "").strip()
    return reported(int(unlocks)) if unlocks.isascii() and unlocks.isdecimal() and len(unlocks) < 10 else None


def _rows(response: Response) -> list[dict[str, Any]]:
    """The rows of the file, the names of their fields in one spelling."""
    is_csv = response.status < 300 and "csv" in response.headers.get("content-type", "")
    rows = _csv_rows(response) if is_csv else _json_rows(response)
    return [
        {str(name).strip().lower().replace(" ", "_"): value for name, value in mapping(row).items()}
        for row in rows
    ]


def _json_rows(response: Response) -> list[Any]:
    """A bare list, or the only list in an object or in the data of the usual envelope."""
    body = response.body
    if body.lstrip()[:1] == b"[":
        body = b'{"data":' + body + b"}"
    response = Response(response.status, response.headers, body)
    lists: list[Any] = []
    if response.status < 300:
        lists = [value for value in read_json(response, "LeadLeap").values() if isinstance(value, list)]
    if not lists:  # an error, or leads inside the data
        data, _, _ = envelope(response)
        lists = [value for value in mapping(data).values() if isinstance(value, list)]
    if len(lists) != 1:
        raise _no_list()
    rows: list[Any] = lists[0]
    return rows


def _csv_rows(response: Response) -> list[Any]:
    """CSV is what LeadLeap exports unless told otherwise, so it may come in spite of what was asked."""
    try:
        return list(csv.DictReader(io.StringIO(response.body.decode("utf-8-sig")), strict=True))
    except (UnicodeDecodeError, csv.Error):
        raise _no_list() from None


def _no_list() -> BadAnswerError:
    msg = "LeadLeap: the exported file is no list of leads. It may have been charged."
    return BadAnswerError(msg, provider="leadleap")


def _answer(row: Mapping[str, Any]) -> Answer:
    values: dict[str, Value] = {}
    odd: list[str] = []
    for name, field, _ in CONTACT_FIELDS:
        names = (name, *_OTHER_NAMES.get(name, ()))
        raw = next((row[one] for one in names if row.get(one) not in (None, "")), None)
        values[field] = lead_value(name, raw)
        if raw is not None and values[field] is None:
            odd.append(f"{name} came masked or in an unusable form")
    return Answer("found", values, "; ".join(odd))
