"""The envelope around every answer, the three shapes of an error, and the reading of requests."""

from __future__ import annotations

import base64
import binascii
import json
import math
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import Response

from leadkit.sandbox.account import MILLICREDITS_PER_CREDIT
from leadkit.sandbox.gate import Call

DEFAULT_PAGE_SIZE = 20
MAX_PAGE_SIZE = 100


class Refusal(Exception):  # noqa: N818 (a documented answer, not a defect)
    """An error, with one of the codes that are documented where there is one."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


def bad_request(message: str) -> Refusal:
    """UNKNOWN: status and code of a request outside the contract."""
    return Refusal(400, "invalid_request", message)


def answered(
    call: Call,
    data: Any,
    *,
    status: int = 200,
    pagination: Mapping[str, Any] | None = None,
    data_call: bool = False,
) -> Response:
    """A success. A ``data_call`` says what it charged."""
    meta: dict[str, Any] = {}
    if data_call:
        meta["credits"] = {"charged": math.ceil(call.millicredits / MILLICREDITS_PER_CREDIT)}
    if pagination is not None:
        meta["pagination"] = pagination
    return _json({"data": data, "meta": meta | {"request_id": call.request_id}}, status)


def refused(call: Call, refusal: Refusal, shape: str) -> Response:
    """An error in one of the three shapes."""
    flat = {"code": refusal.code, "message": refusal.message}
    if shape == "flat" or refusal.code == "too_many_requests":
        return _json(flat, refusal.status)
    body: dict[str, Any] = {"errors": [{"code": refusal.code, "title": refusal.message}]}
    if shape == "both" and refusal.status == 401:
        body["error"] = flat
    return _json(body | {"meta": {"request_id": call.request_id}}, refusal.status)


def _json(body: Mapping[str, Any], status: int) -> Response:
    return Response(json.dumps(body, ensure_ascii=False), status, media_type="application/json")


def json_object(call: Call) -> dict[str, Any]:
    try:
        body = call.json
    except ValueError as error:
        raise bad_request(str(error)) from None
    if not isinstance(body, dict):
        raise bad_request("The request body must be a JSON object.")
    return body


def texts(value: Any, name: str) -> list[str]:
    """A list of strings that are not blank; None is an empty one."""
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(entry, str) and entry.strip() for entry in value):
        raise bad_request(f"{name} must be an array of strings.")
    return value


def cursor_page(call: Call, rows: Sequence[Any]) -> tuple[Sequence[Any], dict[str, Any]]:
    """The rows that ``page[cursor]`` and ``page[size]`` ask for, and the pagination that goes with them.

    A cursor belongs to the request that it came from; with another body it is refused.
    """
    size = _number(call, "page[size]", DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE)
    about = zlib.crc32(call.path.encode() + call.body)
    start = 0
    if (cursor := call.query.get("page[cursor]")) is not None:
        try:
            text = base64.urlsafe_b64decode(cursor.encode()).decode()
            start = int(text.removeprefix(f"after:{about}:"))
        except (ValueError, binascii.Error):
            raise bad_request("page[cursor] is not a cursor of this search.") from None
    end = start + size
    following = base64.urlsafe_b64encode(f"after:{about}:{end}".encode()).decode()
    return rows[start:end], {
        "next_cursor": following if end < len(rows) else None,
        "total_count": len(rows),
    }


def numbered_page(call: Call, rows: Sequence[Any]) -> tuple[Sequence[Any], dict[str, Any]]:
    """The rows that ``page[num]`` and ``page[size]`` ask for, and the pagination that goes with them."""
    size = _number(call, "page[size]", DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE)
    number = _number(call, "page[num]", 1, 10**6)
    start = (number - 1) * size
    return rows[start : start + size], {"page_num": number, "page_count": -(-len(rows) // size)}


def _number(call: Call, name: str, default: int, most: int) -> int:
    text = call.query.get(name, str(default))
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= most):
        raise bad_request(f"{name} must be an integer of 1 to {most}.")
    return int(text)
