"""Lists at the providers."""

from __future__ import annotations

from typing import Annotated

import typer

from leadkit.cli.options import Book, HeaderRow, OnSandbox, Output, Overwrite, Sheet
from leadkit.cli.terminal import DONE, NOT_WHOLLY_DONE, check_output, open_rows, open_workspace
from leadkit.errors import InputError


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

    columns = _pairs(column)
    opened = open_rows(book, sheet=sheet, header_row=header_row)
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


def _pairs(options: list[str]) -> dict[str, str]:
    """``["first_name=Vorname"]`` as a mapping. Raises InputError for what is not so written."""
    pairs: dict[str, str] = {}
    for option in options:
        what, equals, column = (part.strip() for part in option.partition("="))
        if not (what and equals and column):
            msg = f"--column is written WHAT=COLUMN, such as first_name=Vorname, not {option!r}. Nothing was sent."
            raise InputError(msg)
        if what in pairs:
            msg = f"--column names {what} twice: {pairs[what]!r} and {column!r}. Nothing was sent."
            raise InputError(msg)
        pairs[what] = column
    return pairs
