"""What can be bought where: a table made from the operations themselves, so that it cannot go stale."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from leadkit.errors import InputError
from leadkit.ledger.retention import PAGE_KEEPS_DAYS
from leadkit.money import credits_text
from leadkit.providers import make_provider, provider_names
from leadkit.providers.base import Operation, Price, RateLimit, Search
from leadkit.settings import Settings
from leadkit.steps import DEFAULT_PROVIDER
from leadkit.wording import counted

SEARCHES = ("search_people", "search_companies", "job_changes")
#: Data points that are sold one by one, where a provider does so.
WANTS: dict[tuple[str, str], Sequence[Sequence[str]]] = {
    ("leadiq", "find_people"): (
        ("profile",),
        ("email",),
        ("phone",),
        ("company",),
        ("email", "phone", "company"),
    ),
    ("leadiq", "unlock"): (("email",), ("phone",)),
    ("leadiq", "search_companies"): ((), ("company",)),
}


def entries(settings: Settings) -> Iterator[dict[str, Any]]:
    """One entry for each operation of each provider; prices in millicredits."""
    for name in provider_names():
        provider = make_provider(name, settings)
        for step in DEFAULT_PROVIDER:
            for wants in WANTS.get((name, step), ((),)):
                with suppress(InputError):
                    operation = provider.operation(step, wants)
                    yield _entry(operation, wants, operation.batch_size, _price(operation.price))
        for step in SEARCHES:
            for wants in WANTS.get((name, step), ((),)):
                with suppress(InputError):
                    search = provider.search(step, wants)
                    priced = f"{_price(search.price)} a {search.priced_by}"
                    yield _entry(search, wants, search.page_size, priced)


def _entry(offered: Operation | Search, wants: Sequence[str], batch: int, price: str) -> dict[str, Any]:
    return {
        "step": offered.step,
        "provider": offered.provider,
        "want": ",".join(wants),
        "batch": batch,
        "least_millicredits": offered.price.least,
        "expected_millicredits": offered.price.expected,
        "most_millicredits": offered.price.most,
        "price": price,
        "limit": _limit(offered.limit),
        "repeat_is_free": offered.repeat.free,
        "keeps_days": offered.keeps_days if isinstance(offered, Operation) else PAGE_KEEPS_DAYS,
        "columns": [column.name for column in offered.columns],
        "sources": [offered.price.source, offered.limit.source, offered.repeat.source],
    }


def table(settings: Settings) -> str:
    """The entries as a Markdown table."""
    lines = [
        "| step | provider | want | a call | credits each | limit | repeat | known for |",
        "|---|---|---|---:|---|---|---|---|",
    ]
    for one in sorted(entries(settings), key=lambda one: (_order(one["step"]), one["provider"])):
        repeat = "free" if one["repeat_is_free"] else "may cost"
        cells = (
            f"`{one['step']}`",
            one["provider"],
            one["want"],
            one["batch"],
            one["price"],
            one["limit"],
            repeat,
            "good" if one["keeps_days"] is None else counted(one["keeps_days"], "day"),
        )
        lines.append("| " + " | ".join(str(cell) for cell in cells) + " |")
    return "\n".join(lines)


def overview(settings: Settings) -> str:
    """What a row costs at each provider, in its own credits, as a Markdown table: one line for each step."""
    names = provider_names()
    prices: dict[tuple[str, str], list[str]] = {}
    limits: dict[str, str] = {}
    for one in entries(settings):
        limits[one["provider"]] = one["limit"]
        if "," in one["want"]:  # the sum of the others
            continue
        price = one["price"].removesuffix(" a row").removesuffix(" a page").partition(";")[0]
        price = "free" if price == "0" else price
        prices.setdefault((one["step"], one["provider"]), []).append(f"{one['want']} {price}".strip())
    titles = [make_provider(name, settings).title for name in names]
    lines = [f"| a row costs, in credits | {' | '.join(titles)} |", f"|---|{'---|' * len(names)}"]
    for step in (*DEFAULT_PROVIDER, *SEARCHES):
        cells = (", ".join(prices.get((step, name), ["–"])) for name in names)
        lines.append(f"| `{step}` | {' | '.join(cells)} |")
    lines.append(f"| requests | {' | '.join(limits[name] for name in names)} |")
    return "\n".join(lines)


def columns_table(settings: Settings) -> str:
    """Which columns each step adds, by data point bought, as a Markdown table; names without the provider's."""
    found: dict[tuple[str, str], dict[str, list[str]]] = {}
    for one in sorted(entries(settings), key=lambda one: (_order(one["step"]), one["provider"])):
        columns = [str(name).removeprefix(f"{one['provider']}_") for name in one["columns"]]
        if "," not in one["want"]:
            found.setdefault((one["step"], one["provider"]), {})[one["want"]] = columns
    lines = ["| step | provider | `want=` | adds |", "|---|---|---|---|"]
    for (step, provider), wants in found.items():
        each = [name for name in min(wants.values(), key=len) if all(name in one for one in wants.values())]
        lines.append(f"| `{step}` | {provider} | {'any' if len(wants) > 1 else ''} | {', '.join(each)} |")
        for want, columns in wants.items():
            if more := [name for name in columns if name not in each]:
                lines.append(f"| `{step}` | {provider} | {want} | {', '.join(more)} |")
    return "\n".join(lines)


def _order(step: str) -> int:
    return [*DEFAULT_PROVIDER, *SEARCHES].index(step)


def _price(price: Price) -> str:
    if price.expected is None:
        return f"not stated; up to {credits_text(price.most)} is set aside"
    if price.most == 0:
        return "0"
    return credits_text(price.most) if price.expected == price.most else f"up to {credits_text(price.most)}"


def _limit(limit: RateLimit) -> str:
    per = {1.0: "second", 60.0: "minute"}.get(limit.seconds, f"{limit.seconds:g} seconds")
    return f"{limit.requests} a {per}"
