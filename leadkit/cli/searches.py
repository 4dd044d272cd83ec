"""Searching by filter: new rows instead of more columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from leadkit.cli.options import AsJson, OnSandbox, Overwrite, pairs
from leadkit.cli.rows import show_rows, write_rows
from leadkit.cli.terminal import open_workspace, print_json
from leadkit.errors import InputError

if TYPE_CHECKING:
    from leadkit.providers.base import Search

#: What is searched for → who does it when --via names nobody, and the step.
SEARCHES = {
    "people": ("leadleap", "search_people"),
    "companies": ("leadfeeder", "search_companies"),
    "job-changes": ("leadiq", "job_changes"),
}


def search(
    what: Annotated[str, typer.Argument(metavar="WHAT", help=f"{', '.join(SEARCHES)}.")],
    given: Annotated[
        list[str] | None,
        typer.Option("--filter", help="NAME=VALUE, such as country=DE; several times, also for one name."),
    ] = None,
    filters: Annotated[
        bool, typer.Option("--filters", help="Show which filters there are. Sends nothing.")
    ] = False,
    via: Annotated[
        str | None, typer.Option(help="The provider; each search has its own when left out.")
    ] = None,
    want: Annotated[
        str, typer.Option(help="For companies at LeadIQ: company buys domain, industry and size too.")
    ] = "",
    most_rows: Annotated[int, typer.Option(min=1, help="How many rows at the most.")] = 100,
    at_most: Annotated[
        str | None, typer.Option("--at-most", help="The most credits that may be spent, where it costs any.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="A new .xlsx or .csv for the rows.")
    ] = None,
    overwrite: Overwrite = False,
    sandbox: OnSandbox = False,
    as_json: AsJson = False,
) -> None:
    """Find people or companies by filter, or people who changed jobs."""
    from leadkit.search import search_rows
    from leadkit.steps import wants_of

    if what not in SEARCHES:
        msg = f"There is no search for {what!r}; there are {', '.join(SEARCHES)}. Nothing was sent."
        raise InputError(msg)
    provider, step = via or SEARCHES[what][0], SEARCHES[what][1]
    with open_workspace(sandbox) as workspace:
        wants = wants_of(want)
        offered = workspace.provider(provider).search(step, wants)
        if filters:
            _show_filters(offered, as_json)
            return
        with write_rows(output, overwrite=overwrite) as write:
            found = search_rows(
                step,
                _values(offered, pairs(given or [], "--filter", "country=DE")),
                via=provider,
                want=wants,
                most_rows=most_rows,
                at_most=at_most,
                workspace=workspace,
                output=output,
            )
            write(found)
        notes: list[str] = found.attrs["notes"]
        if as_json:
            rows = found.astype(object).where(found.notna(), None).to_dict("records")
            print_json({"rows": rows, "notes": notes, "output": str(output.resolve()) if output else None})
            return
        show_rows(found)
        for note in notes:
            print(f"Note: {note}")
        if output:
            print(f"Written: {output.resolve()}")


def _show_filters(search: Search, as_json: bool) -> None:
    if as_json:
        print_json({"provider": search.provider, "search": search.step, "filters": dict(search.filters)})
        return
    width = max(map(len, search.filters))
    print(f"{search.provider} can {search.title} by:")
    for name, takes in search.filters.items():
        print(f"  {name:<{width}}  {takes}")


def _values(search: Search, given: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """What a filter takes, of what was typed: yes or no, a number, a text, or several texts."""
    values: dict[str, Any] = {}
    for name, texts in given.items():
        takes = search.filters.get(name, "")
        if len(texts) > 1:
            values[name] = list(texts)
        elif takes == "true or false" and texts[0].lower() in ("true", "false"):
            values[name] = texts[0].lower() == "true"
        elif takes in ("a number", "US dollars") and texts[0].isdecimal():
            values[name] = int(texts[0])
        else:
            values[name] = texts[0]
    return values
