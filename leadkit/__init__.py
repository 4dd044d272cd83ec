"""leadkit: enrich a spreadsheet of people, the price first, nothing paid twice, the same workbook back.

>>> import leadkit
>>> book = leadkit.open("leads.xlsx")                          # doctest: +SKIP
>>> plan = book.frame.leads.validate_emails("Email")           # doctest: +SKIP
>>> done = plan.run(at_most=40)                                # doctest: +SKIP
>>> book.save_as("leads.enriched.xlsx", done.frame)            # doctest: +SKIP

Importing registers ``DataFrame.leads``; the rest is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from leadkit import accessor as _accessor  # noqa: F401 (registers DataFrame.leads)
from leadkit import errors

if TYPE_CHECKING:
    from leadkit.forgetting import forget
    from leadkit.lists import add_to_list, export_list, list_members, monthly_usage, saved_lists
    from leadkit.plan import Plan, make_plan
    from leadkit.preview import Preview
    from leadkit.result import Done, Receipt
    from leadkit.review import found_people, judge
    from leadkit.search import search_companies, search_job_changes, search_people
    from leadkit.sheets import Book
    from leadkit.sheets import open_book as open  # noqa: A004 (leadkit.open reads well)
    from leadkit.workspace import Workspace, balances, connect

__version__ = version("leadkit")

#: Public name → module and name there.
_PUBLIC = {
    "Book": ("leadkit.sheets", "Book"),
    "Done": ("leadkit.result", "Done"),
    "Plan": ("leadkit.plan", "Plan"),
    "Preview": ("leadkit.preview", "Preview"),
    "Receipt": ("leadkit.result", "Receipt"),
    "Workspace": ("leadkit.workspace", "Workspace"),
    "add_to_list": ("leadkit.lists", "add_to_list"),
    "balances": ("leadkit.workspace", "balances"),
    "connect": ("leadkit.workspace", "connect"),
    "export_list": ("leadkit.lists", "export_list"),
    "forget": ("leadkit.forgetting", "forget"),
    "found_people": ("leadkit.review", "found_people"),
    "judge": ("leadkit.review", "judge"),
    "list_members": ("leadkit.lists", "list_members"),
    "make_plan": ("leadkit.plan", "make_plan"),
    "monthly_usage": ("leadkit.lists", "monthly_usage"),
    "open": ("leadkit.sheets", "open_book"),
    "saved_lists": ("leadkit.lists", "saved_lists"),
    "search_companies": ("leadkit.search", "search_companies"),
    "search_job_changes": ("leadkit.search", "search_job_changes"),
    "search_people": ("leadkit.search", "search_people"),
}

__all__ = [
    "Book",
    "Done",
    "Plan",
    "Preview",
    "Receipt",
    "Workspace",
    "add_to_list",
    "balances",
    "connect",
    "errors",
    "export_list",
    "forget",
    "found_people",
    "judge",
    "list_members",
    "make_plan",
    "monthly_usage",
    "open",
    "saved_lists",
    "search_companies",
    "search_job_changes",
    "search_people",
]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        msg = f"module 'leadkit' has no attribute {name!r}"
        raise AttributeError(msg)
    module, attribute = _PUBLIC[name]
    return getattr(import_module(module), attribute)


def __dir__() -> list[str]:
    """What completion offers: the public names, not the modules that hold them."""
    return [*__all__, "__version__"]
