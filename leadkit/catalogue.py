"""What can be bought where: a table made from the operations themselves, so that it cannot go stale."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from leadkit.errors import InputError
from leadkit.money import credits_text
from leadkit.providers import make_provider, provider_names
from leadkit.providers.base import Operation, Price, RateLimit
from leadkit.settings import Settings
from leadkit.steps import DEFAULT_PROVIDER

SEARCHES = ("search_people", "search_companies")
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
}


def entries(settings: Settings) -> Iterator[dict[str, Any]]:
    """One entry for each operation of each provider; prices in millicredits."""
    for name in provider_names():
        provider = make_provider(name, settings)
        for step in DEFAULT_PROVIDER:
            for wants in WANTS.get((name, step), ((),)):
                try:
                    operation = provider.operation(step, wants)
                except InputError:
                    continue
                yield _entry(operation, wants)
        for step in SEARCHES:
            try:
                search = provider.search(step)
            except InputError:
                continue
            yield {
                "step": step,
                "provider": name,
                "want": "",
                "batch": search.page_size,
                "least_millicredits": search.price.least,
                "expected_millicredits": search.price.expected,
                "most_millicredits": search.price.most,
                "price": f"{_price(search.price)} a {search.priced_by}",
                "limit": _limit(search.limit),
                "repeat_is_free": search.repeat.free,
                "columns": [column.name for column in search.columns],
                "sources": [search.price.source, search.limit.source, search.repeat.source],
            }


def _entry(operation: Operation, wants: Sequence[str]) -> dict[str, Any]:
    return {
        "step": operation.step,
        "provider": operation.provider,
        "want": ",".join(wants),
        "batch": operation.batch_size,
        "least_millicredits": operation.price.least,
        "expected_millicredits": operation.price.expected,
        "most_millicredits": operation.price.most,
        "price": _price(operation.price),
        "limit": _limit(operation.limit),
        "repeat_is_free": operation.repeat.free,
        "columns": [column.name for column in operation.columns],
        "sources": [operation.price.source, operation.limit.source, operation.repeat.source],
    }


def table(settings: Settings) -> str:
    """The entries as a Markdown table."""
    lines = [
        "| step | provider | want | a call | credits each | limit | repeat |",
        "|---|---|---|---:|---|---|---|",
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
        )
        lines.append("| " + " | ".join(str(cell) for cell in cells) + " |")
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
