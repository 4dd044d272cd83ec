"""What ``GET /account/usage`` says of an account."""

from __future__ import annotations

import hashlib
import math
from datetime import UTC, datetime
from typing import Any

from leadkit.sandbox.account import MILLICREDITS_PER_CREDIT, Account
from leadkit.sandbox.clock import iso, month

MAX_WEBHOOKS = 50

#: Plans with API access: "API access requires the Scale plan or higher". Only Scale is named.
PLANS_WITH_API = frozenset({"scale"})


def user_id(account: str) -> str:
    return f"usr_{hashlib.sha256(account.encode()).hexdigest()[:6]}"


def usage(account: Account, now: float) -> dict[str, Any]:
    """Plan, credits and period. Credits are whole numbers here: a part of one counts as used."""
    start, end = month(now)
    limit = account.limit_millicredits // MILLICREDITS_PER_CREDIT
    remaining = account.remaining_millicredits // MILLICREDITS_PER_CREDIT
    return {
        "plan": {
            "type": account.plan,
            "price_monthly": 199,
            "has_api_access": account.plan in PLANS_WITH_API,
            "has_crm_integration": True,
            "max_webhooks": MAX_WEBHOOKS,
            "export_formats": ["csv", "json", "xlsx"],  # as printed, although /leads/export has no xlsx
        },
        "usage": {
            "leads_used": limit - remaining,
            "leads_limit": limit,
            "leads_remaining": remaining,
            "leads_usage_pct": round(100 * (limit - remaining) / limit) if limit else 100,
            "emails_sent": 0,
            "emails_limit": 25_000,
        },
        "period": {
            "start": iso(start.timestamp()),
            "end": iso(end.timestamp()),
            "days_remaining": math.ceil((end.timestamp() - now) / 86_400),
        },
        "account": {
            "user_id": user_id(account.name),
            "full_name": "Robin Sandmeier",
            "company_name": "Sandbox Trading",
            "created_at": iso(datetime(2025, 11, 15, 8, tzinfo=UTC).timestamp()),
        },
    }
