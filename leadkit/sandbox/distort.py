"""Well-formed answers that are wrong: out of order, too short, or about somebody else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Literal

from starlette.responses import Response

#: Where providers put the rows of an answer: at the top, or one level below a GraphQL field.
_ROWS = ("data", "items", "succeeded", "results", "people", "companies")


def distort(answer: Response, kind: Literal["reversed", "short", "wrong_id"]) -> Response:
    """``answer`` with its rows or its one entry changed. One that is no JSON object passes unchanged."""
    try:
        envelope = json.loads(bytes(answer.body))
        parts = list(_with_rows(envelope))
    except (ValueError, TypeError, KeyError, AttributeError):
        return answer
    if kind == "wrong_id" and not parts:
        _rename(envelope)
    for part, name in parts:
        rows = part[name]
        if kind == "wrong_id":
            _rename(rows)
        elif isinstance(rows, list):
            part[name] = rows[::-1] if kind == "reversed" else rows[:-1]
    headers = {name: value for name, value in answer.headers.items() if name != "content-length"}
    return Response(json.dumps(envelope), answer.status_code, headers)


def _with_rows(envelope: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    """Each object with rows, and the name that they have in it."""
    data = envelope.get("data")
    fields = data.values() if isinstance(data, dict) else ()
    below = [field for field in fields if isinstance(field, dict) and not field.keys().isdisjoint(_ROWS)]
    for part in below or [envelope]:
        for name in _ROWS:
            if name in part:
                yield part, name


def _rename(rows: Any) -> None:
    """Another id, or without one another address, in the entry or in each of a list."""
    if isinstance(rows, list):
        for row in rows:
            _rename(row)
    elif isinstance(rows, dict):
        for name in ("id", "personId"):
            if isinstance(rows.get(name), str):
                rows[name] = f"{rows[name]}0"
                return
        if isinstance(rows.get("email"), str):
            rows["email"] = f"x{rows['email']}"
        else:  # a GraphQL field that is one thing
            for value in rows.values():
                if isinstance(value, dict):
                    _rename(value)
