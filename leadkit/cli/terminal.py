"""What the commands share: opening, planning, showing progress, writing, and ending with the right status."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import typer

from leadkit.errors import InputError, LeadkitError, ProviderError, SheetError

if TYPE_CHECKING:
    from leadkit.cli.options import PlanOptions
    from leadkit.plan import Plan
    from leadkit.result import Done
    from leadkit.run import Progress
    from leadkit.sheets import Book
    from leadkit.workspace import Workspace

DONE, NOT_WHOLLY_DONE, WRONG_INPUT, REFUSED = 0, 1, 2, 3

#: How many rows are named one by one.
MOST_NAMED = 5

#: The steps as the command line writes them.
STEPS = (
    "validate-emails",
    "unlock",
    "enrich",
    "export",
    "find-people",
    "match-companies",
    "company-details",
    "known",
)


def open_workspace(sandbox: bool) -> Workspace:
    from leadkit.workspace import connect

    return connect("sandbox" if sandbox else None)


def open_rows(path: Path, *, sheet: str | None, header_row: int | None, hidden_rows: bool = True) -> Book:
    """A workbook that has rows to work on.

    Raises
    ------
    SheetError
        It cannot be opened, or its sheet has no rows. Nothing was sent.
    """
    from leadkit.sheets import open_book

    book = open_book(path, sheet=sheet, header_row=header_row, hidden_rows=hidden_rows)
    if book.frame.empty:
        others = " Choose another with --sheet." if len(book.sheets) > 1 else ""
        msg = f"{book.name} has no rows to work on. {' '.join(book.notes)} Nothing was sent.{others}"
        raise SheetError(msg)
    return book


def plan_book(options: PlanOptions, workspace: Workspace) -> tuple[Book, Plan]:
    """Open a workbook and plan a step for it; columns that were not named are guessed, and the guess is shown."""
    from leadkit.plan import make_plan

    if (dashed := options.step.replace("_", "-")) not in STEPS:
        close = get_close_matches(dashed, STEPS, n=1)
        meant = f" Did you mean {close[0]}?" if close else ""
        msg = f"There is no step {options.step!r}.{meant} There are {', '.join(STEPS)}. Nothing was sent."
        raise InputError(msg)
    step = dashed.replace("-", "_")
    book = open_rows(
        options.book,
        sheet=options.sheet,
        header_row=options.header_row,
        hidden_rows=not options.skip_hidden,
    )
    plan = make_plan(
        book.frame,
        step,
        options.columns or _guess_columns(book, step),
        via=options.via,
        want=options.want,
        workspace=workspace,
        refresh=options.refresh,
        preview_first=options.preview_first,
        country=options.country,
    )
    return book, plan if options.pilot is None else plan.pilot(options.pilot)


def _guess_columns(book: Book, step: str) -> dict[str, str]:
    """The columns of every identity of the step that the sheet seems to have."""
    from leadkit import schemas
    from leadkit.columns import guess

    found = guess(book.frame)
    possible = [roles for roles in schemas.STEPS[step] if all(role in found for role in roles)]
    # Every identity that the sheet has: a row without an address may still have a name and a company.
    if used := list(dict.fromkeys(role for roles in possible for role in roles)):
        for role in used:
            print(f"Using column {found[role].column!r}: {found[role].evidence}.", file=sys.stderr)
        return {role: found[role].column for role in used}
    options = " or ".join(
        " with ".join(f"--{role.replace('_', '-')}" for role in roles) for roles in schemas.STEPS[step]
    )
    msg = (
        f"No column of {book.name} looks like what {step.replace('_', '-')} needs; name it with {options}. "
        f"The columns are: {', '.join(map(str, book.frame.columns))}. Nothing was sent."
    )
    raise InputError(msg)


def check_output(target: Path, overwrite: bool, book: Book | None = None) -> None:
    """Everything that could keep a new file, or a copy of the book, from being written; before anything is sent."""
    from leadkit.sheets.save import check_target

    try:
        if not overwrite and os.path.isfile(target):  # Path raises on a name that is too long
            msg = f"{target} exists already. Choose another with -o, or pass --overwrite."
            raise SheetError(msg)
        check = check_target if book is None else book.check_writable
        check(target, overwrite=overwrite)
    except SheetError as error:
        msg = f"{error} Nothing was sent."
        raise SheetError(msg) from error


def resume_line(workspace: Workspace, run_id: str) -> str:
    """What to type to go on with a run."""
    return f"leadkit resume {run_id}{on_sandbox(workspace)}"


def on_sandbox(workspace: Workspace) -> str:
    """What a command needs to be about the same workspace."""
    return " --sandbox" if workspace.sandbox else ""


def finish(book: Book, plan: Plan, done: Done, target: Path, *, overwrite: bool, as_json: bool) -> NoReturn:
    """Write the workbook if there is anything to write, print the receipt and leave with the right status."""
    from leadkit.sheets.save import digest

    learned = any(done.receipt.rows[outcome] for outcome in ("answered", "known", "not found"))
    line = resume_line(plan.workspace, done.receipt.run_id)
    notes: Sequence[str] = ()
    if learned:
        log = {"leadkit": done.provenance} if len(done.provenance) else None
        try:
            saved = book.save_as(target, done.frame, log=log, overwrite=overwrite)
        except SheetError:
            # Paid for and safe in the ledger; only the file is missing.
            print(
                f"{done.receipt}\nThe answers are kept. To write them elsewhere: {line} -o FILE",
                file=sys.stderr,
            )
            raise
        notes = saved.notes
        backup = str(saved.backup) if saved.backup else None
        plan.workspace.ledger.note_output(done.receipt.run_id, str(target.resolve()), digest(target), backup)
    left = ("in doubt", "over budget", "not tried")
    resumable = done.cancelled or done.stopped is not None or any(done.receipt.rows[one] for one in left)
    if as_json:
        body: dict[str, Any] = {"preview": plan.preview.to_dict(), "receipt": done.receipt.to_dict()}
        body["output"] = str(target.resolve()) if learned else None
        body["notes"] = list(notes)
        body["resume"] = line if resumable else None
        print_json(body)
    else:
        print(f"\n{done.receipt}")
        if learned:
            say_written(target, notes)
        else:
            print("No file was written: there is nothing new in it.")
        if resumable:
            print(f"Everything so far is kept. To go on: {line}")
        elif done.receipt.rows["left out"]:
            again = "" if overwrite else " and with --overwrite"
            print(
                f"This was a pilot. For the rest, run the same without --pilot{again}; "
                "what it bought is known then."
            )
    if isinstance(done.stopped, ProviderError):
        raise typer.Exit(REFUSED)
    raise typer.Exit(DONE if done.complete else NOT_WHOLLY_DONE)


def say_written(target: Path, notes: Sequence[str]) -> None:
    """Where the file is, and what a person should know of how it was written."""
    print(f"Written: {target.resolve()}")
    for note in notes:
        print(f"  Note: {note}")


@contextmanager
def progress_bar(*, quiet: bool) -> Iterator[Any]:
    """A progress bar on standard error; nothing where nobody looks."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as Bar

    from leadkit.money import credits_text, credits_words
    from leadkit.preview import duration_text
    from leadkit.progress import wait_text

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[cost]}"),
    )
    with Bar(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("bought", total=None, cost="")

        def report(progress: Progress) -> None:
            spent = f"{credits_text(progress.spent)} of {credits_words(progress.approved)}"
            under_way = progress.keys_done < progress.keys_total
            left = f", {duration_text(progress.seconds_left)} left" if under_way else ""
            if wait := wait_text(progress.waits):
                left = f", rate limit: waiting {wait}"
            bar.update(task, total=progress.keys_total, completed=progress.keys_done, cost=f"{spent}{left}")

        yield report


def say_notes(book: Book) -> None:
    sheet = f", sheet {book.sheet!r}" if book.sheet else ""  # a text file has none
    print(f"Workbook: {book.name}{sheet}, header in row {book.header_row}")
    for note in book.notes:
        print(f"  Note: {note}")


def say_plan(book: Book, plan: Plan) -> None:
    """The preview, with the first of the rows that cannot be used: somebody may mend them before they buy."""
    from leadkit.preview import UNUSABLE

    say_notes(book)
    print(plan.preview)
    unusable = [place for place in sorted(plan.reasons) if plan.row_states[place] == UNUSABLE]
    rows = [(plan.frame.index[place], plan.reasons[place]) for place in unusable]
    say_rows(rows, MOST_NAMED, "more that cannot be used")


def say_rows(rows: Sequence[tuple[object, str]], at_most: int, more: str) -> None:
    """The first of the rows, each with what there is to say of it, and how many ``more`` there are."""
    for row, said in rows[:at_most]:
        print(f"  row {row}: {said}")
    if len(rows) > at_most:
        print(f"  and {len(rows) - at_most:,} {more}")


def print_json(body: Mapping[str, Any]) -> None:
    print(json.dumps(body, indent=2, ensure_ascii=False, default=str))


def fail(error: LeadkitError) -> NoReturn:
    """End with the error as one sentence."""
    print(f"leadkit: {error}", file=sys.stderr)
    sys.exit(REFUSED if isinstance(error, ProviderError) else WRONG_INPUT)
