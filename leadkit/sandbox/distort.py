"""Well-formed answers that are wrong: out of order, too short, or about somebody else."""

from __future__ import annotations

import json
from typing import Any, Literal

from starlette.responses import Response


def distort(answer: Response, kind: Literal["reversed", "short", "wrong_id"]) -> Response:
    """``answer`` with its ``data`` changed. One that is not JSON with ``data`` passes unchanged."""
    try:
        envelope = json.loads(bytes(answer.body))
        data = envelope["data"]
    except (ValueError, TypeError, KeyError):
        return answer
    if kind == "wrong_id":
        for entry in data if isinstance(data, list) else [data]:
            _rename(entry)
    elif isinstance(data, list):
        envelope["data"] = data[::-1] if kind == "reversed" else data[:-1]
    headers = {name: value for name, value in answer.headers.items() if name != "content-length"}
    return Response(json.dumps(envelope), answer.status_code, headers)


def _rename(entry: Any) -> None:
    if isinstance(entry, dict) and "id" in entry:
        entry["id"] = f"{entry['id']}0"
    elif isinstance(entry, dict) and "email" in entry:
        entry["email"] = f"x{entry['email']}"
