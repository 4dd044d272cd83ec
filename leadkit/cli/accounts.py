"""What the accounts have left, and what the providers offer. Free."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from leadkit.cli.options import AsJson, OnSandbox
from leadkit.cli.rows import show_rows
from leadkit.cli.terminal import REFUSED, open_workspace, print_json


def balance(sandbox: OnSandbox = False, as_json: AsJson = False) -> None:
    """Show what each provider's account has left, for every provider with a key. Free."""
    with open_workspace(sandbox) as workspace:
        balances = workspace.balances()
    if as_json:
        print_json({"balances": [asdict(found) for found in balances]})
    else:
        for found in balances:
            print(found)
    if any(found.refused for found in balances):
        raise typer.Exit(REFUSED)


def usage(
    first_month: Annotated[
        str | None, typer.Option("--from", help="Such as 2026-04; this month when left out.")
    ] = None,
    last_month: Annotated[
        str | None, typer.Option("--to", help="The same; this month when left out.")
    ] = None,
    sandbox: OnSandbox = False,
    as_json: AsJson = False,
) -> None:
    """Show what the Leadfeeder account used month by month. Free."""
    from leadkit.lists import monthly_usage

    this_month = f"{datetime.now(UTC):%Y-%m}"
    last = last_month or this_month
    with open_workspace(sandbox) as workspace:
        used = monthly_usage(first_month or min(last, this_month), last, workspace=workspace)
    print_json({"usage": used.to_dict("records")}) if as_json else show_rows(used)


def operations(
    columns: Annotated[
        bool, typer.Option("--columns", help="Show which columns each step adds, instead.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show what every provider offers: prices, batch sizes, limits, columns. Sends nothing."""
    from leadkit.catalogue import columns_table, entries, overview, table
    from leadkit.settings import Settings

    settings = Settings.from_environment()
    if as_json:
        print_json({"operations": list(entries(settings))})
    elif columns:
        print(columns_table(settings))
    else:
        print(f"{overview(settings)}\n\n{table(settings)}")
