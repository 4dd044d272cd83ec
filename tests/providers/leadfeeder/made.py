"""Leadfeeder's answers for tests: the recorded ones, and ones made here of invented people."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from leadkit.providers.base import Response
from leadkit.providers.leadfeeder import Leadfeeder

JSON = {"content-type": "application/json"}
ACCOUNT = "123456"
PROVIDER = Leadfeeder(ACCOUNT)


def recorded(name: str, status: int = 200) -> Response:
    return Response(status, JSON, (Path(__file__).parent / f"{name}.json").read_bytes())


def answer(data: Any, *, charged: Any = 0, **meta: Any) -> Response:
    body = {"data": data, "meta": {"credits": {"charged": charged}, "request_id": "req-1", **meta}}
    return Response(200, JSON, json.dumps(body).encode())


def contact(contact_id: str, **attributes: Any) -> dict[str, Any]:
    """A person of whom nobody says whether they may be contacted."""
    told = {"full_name": "Erika Muster", "email": "erika@example.com", "phone": "+49 30 123", **attributes}
    return {"type": "contact", "id": contact_id, "attributes": told}


def free_to_contact(contact_id: str, **attributes: Any) -> dict[str, Any]:
    return contact(contact_id, meta={"do_not_contact": False}, **attributes)


def key(**parts: str) -> str:
    """A key of several parts, as leadkit.keys.combine makes it."""
    return json.dumps(dict(sorted(parts.items())), separators=(",", ":"))
