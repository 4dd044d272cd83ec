"""Lists at the providers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from leadkit.cli.options import AsJson, Book, HeaderRow, OnSandbox, Output, Overwrite, Sheet, pairs
from leadkit.cli.rows import show_rows
from leadkit.cli.terminal import (
    DONE,
    NOT_WHOLLY_DONE,
    check_output,
    open_rows,
    open_workspace,
    print_json,
    say_rows,
    say_written,
)
from leadkit.errors import InputError

Via = Annotated[str, typer.Option(help="leadiq or leadfeeder.")]
Scope = Annotated[str, typer.Option(help="For Leadfeeder: contact or company.")]
#: How many rows are named one by one.
MOST_NOTES = 20


def add_to_list(
    book: Book,
    name: Annotated[str, typer.Option("--list", help="The list's name; made if there is none.")],
    column: Annotated[
        list[str], typer.Option(help="WHAT=COLUMN, such as first_name=Vorname; several times.")
    ],
    via: Via = "leadiq",
    scope: Scope = "contact",
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

    columns = {}
    for what, (first, *more) in pairs(column, "--column", "first_name=Vorname").items():
        if more:
            msg = f"--column names {what} twice: {first!r} and {more[0]!r}. Nothing was sent."
            raise InputError(msg)
        columns[what] = first
    opened = open_rows(book, sheet=sheet, header_row=header_row)
    target = output or opened.default_output
    if not dry_run:
        check_output(target, overwrite, opened)
    with open_workspace(sandbox) as workspace:
        told = add(opened.frame, name, columns, via=via, scope=scope, dry_run=dry_run, workspace=workspace)
    print(", ".join(f"{count:,} {status}" for status, count in told["list_status"].value_counts().items()))
    notes = told.loc[told["list_note"] != "", "list_note"]
    where = "" if dry_run else "; the column list_note names them all"
    say_rows([(row, str(note)) for row, note in notes.items()], MOST_NOTES, f"more rows{where}")
    if not dry_run:
        saved = opened.save_as(target, opened.frame.join(told), overwrite=overwrite)
        say_written(target, saved.notes)
    bad = told["list_status"].isin(["failed", "in doubt", "not sent"]).any()
    raise typer.Exit(NOT_WHOLLY_DONE if bad else DONE)


def lists(
    via: Via = "leadiq", scope: Scope = "contact", sandbox: OnSandbox = False, as_json: AsJson = False
) -> None:
    """Show the account's lists at LeadIQ or Leadfeeder. Free."""
    from leadkit.lists import saved_lists

    with open_workspace(sandbox) as workspace:
        found = saved_lists(via=via, scope=scope, workspace=workspace)
    print_json({"lists": found.to_dict("records")}) if as_json else show_rows(found)


def export_list(
    name: Annotated[str, typer.Argument(metavar="LIST", help="The list's name.")],
    via: Via = "leadiq",
    scope: Scope = "contact",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="A new .csv; printed when left out.")
    ] = None,
    overwrite: Overwrite = False,
    sandbox: OnSandbox = False,
) -> None:
    """Export a list at LeadIQ or Leadfeeder as CSV. Free."""
    from leadkit.lists import export_list as export
    from leadkit.sheets.save import safely

    if output is not None:
        check_output(output, overwrite)
    with open_workspace(sandbox) as workspace:
        text = export(name, via=via, scope=scope, workspace=workspace)
    if output is None:
        print(text, end="")
        return
    with safely(output, overwrite=overwrite) as (file, _):
        file.write(text.encode("utf-8-sig"))  # Excel takes UTF-8 for what it is only with the mark
    print(f"Written: {output.resolve()}")
