"""Price lists that accounts have of their own, as the provider gave them last."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, insert, select

from leadkit.ledger.ledger import Ledger
from leadkit.ledger.schema import workspace


def remember(ledger: Ledger, provider: str, fingerprint: str, prices: Mapping[str, Any], day: str) -> None:
    """Keep the list that a provider gave on a day (ISO 8601) for the key with this fingerprint."""
    row = {"name": _name(provider, fingerprint), "value": json.dumps({"prices": dict(prices), "day": day})}
    with ledger.writing() as connection:
        connection.execute(delete(workspace).where(workspace.c.name == row["name"]))
        connection.execute(insert(workspace).values(row))


def recall(ledger: Ledger, provider: str, fingerprint: str) -> tuple[Mapping[str, Any], str] | None:
    """The list that was kept last and its day; None when the provider never gave one."""
    query = select(workspace.c.value).where(workspace.c.name == _name(provider, fingerprint))
    with ledger.reading() as connection:
        kept = connection.execute(query).scalar_one_or_none()
    if kept is None:
        return None
    value = json.loads(kept)
    return value["prices"], value["day"]


def _name(provider: str, fingerprint: str) -> str:
    return f"prices {provider} {fingerprint}"
