"""Lists at the providers."""

from __future__ import annotations

from typing import Annotated

import typer

from leadkit.cli.options import Book, HeaderRow, OnSandbox, Output, Overwrite, Sheet
from leadkit.cli.terminal import DONE, NOT_WHOLLY_DONE, check_output, open_workspace


def add_to_list(
    book: Book,
    name: Annotated[str, typer.Option("--list", help="The list's name; made if there is none.")],
    column: Annotated[
        list[str], typer.Option(help="WHAT=COLUMN, such as first_name=Vorname; several times.")
    ],
    via: Annotated[str, typer.Option(help="leadiq or leadfeeder.")] = "leadiq",
    scope: Annotated[str, typer.Option(help="For Leadfeeder: contact or company.")] = "contact",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Send nothing; tell what would be sent.")
    ] = False,
    output: Output = None,
    overwrite: Overwrite = False,
    sheet: Sheet = None,
    header_row: HeaderRow = None,
    sandbox: OnSandbox = False,
) -> None:
    """Put the rows on a list at a provider. No credits; nothing is sent twice."""
    from leadkit.lists import add_to_list as add
    from leadkit.sheets import open_book

    opened = open_book(book, sheet=sheet, header_row=header_row)
    columns = dict(part.split("=", 1) for part in column if "=" in part)
    target = output or opened.default_output
    if not dry_run:
        check_output(opened, target, overwrite)
    with open_workspace(sandbox) as workspace:
        told = add(opened.frame, name, columns, via=via, scope=scope, dry_run=dry_run, workspace=workspace)
    print(", ".join(f"{count:,} {status}" for status, count in told["list_status"].value_counts().items()))
    for row, note in told.loc[told["list_note"] != "", "list_note"].head(20).items():
        print(f"  row {row}: {note}")
    if not dry_run:
        opened.save_as(target, opened.frame.join(told), overwrite=overwrite)
        print(f"Written: {target.resolve()}")
    bad = told["list_status"].isin(["failed", "in doubt", "not sent"]).any()
    raise typer.Exit(NOT_WHOLLY_DONE if bad else DONE)
