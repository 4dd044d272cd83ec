"""The command line: arguments → plans, runs and sheets → text or JSON.

Exit status: 0 done; 1 not wholly done (over budget, in doubt, rows failed; the file is still written);
2 wrong use or input; 3 the provider refused (key, credits) or could not be reached.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from leadkit.errors import InputError, LeadkitError, ProviderError, SheetError

if TYPE_CHECKING:
    from leadkit.plan import Plan
    from leadkit.result import Done
    from leadkit.run import Progress
    from leadkit.sheets import Book
    from leadkit.workspace import Workspace

DONE, NOT_WHOLLY_DONE, WRONG_INPUT, REFUSED = 0, 1, 2, 3

#: A step's option → the kind of key that the named column holds.
STEPS: Mapping[str, str] = {"validate-emails": "email", "unlock": "lead_id", "enrich": "lead_id"}

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Enrich a spreadsheet of people: the price first, nothing paid twice, the same workbook back.",
)

BookArgument = Annotated[Path, typer.Argument(help="A workbook: .xlsx, .xlsm, .csv, .xls, .xlsb or .ods.")]
StepArgument = Annotated[str, typer.Argument(help=f"What to do: {', '.join(STEPS)}.")]
EmailOption = Annotated[str | None, typer.Option("--email", help="Column with e-mail addresses.")]
LeadIdOption = Annotated[str | None, typer.Option("--lead-id", help="Column with lead ids.")]
ViaOption = Annotated[str | None, typer.Option(help="The provider.")]
SheetOption = Annotated[str | None, typer.Option(help="The sheet; the first visible one when left out.")]
HeaderOption = Annotated[
    int | None, typer.Option(help="The spreadsheet row of the header; found when left out.")
]
RefreshOption = Annotated[bool, typer.Option("--refresh", help="Buy again what is known already.")]
SandboxOption = Annotated[bool, typer.Option("--sandbox", help="Use invented people and no real credits.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for a program.")]


def main() -> None:
    """Run the command line; errors come out as one sentence, never as a traceback."""
    try:
        app()
    except LeadkitError as error:
        _fail(error)


@app.command()
def preview(
    book: BookArgument,
    step: StepArgument,
    email: EmailOption = None,
    lead_id: LeadIdOption = None,
    via: ViaOption = None,
    sheet: SheetOption = None,
    header_row: HeaderOption = None,
    refresh: RefreshOption = False,
    sandbox: SandboxOption = False,
    as_json: JsonOption = False,
) -> None:
    """Show what a step would cost. Sends nothing."""
    with _workspace(sandbox) as workspace:
        opened, plan = _plan(book, step, workspace, _columns(email, lead_id), via, sheet, header_row, refresh)
        if as_json:
            _print_json({"preview": plan.preview.to_dict(), "notes": list(opened.notes)})
        else:
            _say_notes(opened)
            print(plan.preview)


@app.command()
def run(
    book: BookArgument,
    step: StepArgument,
    at_most: Annotated[str, typer.Option("--at-most", help="The most credits that may be spent.")],
    email: EmailOption = None,
    lead_id: LeadIdOption = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Where the enriched copy goes.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing output.")] = False,
    via: ViaOption = None,
    sheet: SheetOption = None,
    header_row: HeaderOption = None,
    refresh: RefreshOption = False,
    sandbox: SandboxOption = False,
    as_json: JsonOption = False,
) -> None:
    """Buy what the preview shows, within --at-most, and write an enriched copy of the workbook."""
    with _workspace(sandbox) as workspace:
        opened, plan = _plan(book, step, workspace, _columns(email, lead_id), via, sheet, header_row, refresh)
        target = output or opened.default_output
        _check_output(opened, target, overwrite)
        if not as_json:
            _say_notes(opened)
            print(plan.preview)
        context = {
            "book": str(book.resolve()),
            "output": str(target.resolve()),
            "overwrite": overwrite,
            "sheet": opened.sheet,
            "header_row": opened.header_row,
            "columns": {plan.operation.takes: plan.column},
        }
        with _progress(quiet=as_json) as report:
            done = plan.run(at_most=at_most, progress=report, context=context)
        _finish(opened, plan, done, target, overwrite, as_json)


@app.command()
def resume(
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="The run's id, from its receipt.")],
    sandbox: SandboxOption = False,
    as_json: JsonOption = False,
) -> None:
    """Go on with a run that stopped or was killed, within what was approved for it."""
    from leadkit.plan import make_plan
    from leadkit.result import join, make_receipt, resume_run
    from leadkit.sheets import open_book

    with _workspace(sandbox) as workspace:
        context = workspace.ledger.run(run_id).context
        opened = None
        if "book" in context:
            opened = open_book(
                Path(context["book"]), sheet=context["sheet"], header_row=context["header_row"]
            )
        with _progress(quiet=as_json) as report:
            record, outcome = resume_run(run_id, workspace, progress=report)
        if opened is None:
            receipt = make_receipt(record, {}, outcome.repeated)
            _print_json({"receipt": receipt.to_dict()}) if as_json else print(receipt)
            raise typer.Exit(REFUSED if outcome.stopped else DONE)
        plan = make_plan(
            opened.frame, record.step, context["columns"], via=record.provider, workspace=workspace
        )
        done = join(plan, run_id, outcome)
        target, overwrite = Path(context["output"]), context["overwrite"] or record.state != "running"
        _finish(opened, plan, done, target, overwrite, as_json)


@app.command()
def balance(sandbox: SandboxOption = False, as_json: JsonOption = False) -> None:
    """Show what each provider's account has left, for every provider with a key. Free."""
    from dataclasses import asdict

    from leadkit.money import credits_text
    from leadkit.providers import provider_names

    with _workspace(sandbox) as workspace:
        names = [n for n in provider_names() if workspace.settings.has_key(workspace.provider(n).key_name)]
        if not names:
            workspace.settings.key(workspace.provider(provider_names()[0]).key_name)
        balances = [workspace.balance(name) for name in names]
        if as_json:
            _print_json({"balances": [asdict(found) for found in balances]})
            return
        for found in balances:
            left = "unknown" if found.remaining is None else credits_text(found.remaining)
            used = "unknown" if found.used is None else credits_text(found.used)
            print(
                f"{found.provider}: {left} credits left, {used} used; the period ends {found.period_end or '?'}"
            )


@app.command()
def ledger(
    run_id: Annotated[str | None, typer.Argument(metavar="[RUN]", help="One run, with its calls.")] = None,
    sandbox: SandboxOption = False,
    as_json: JsonOption = False,
) -> None:
    """Show what was spent, run by run, and what is in doubt."""
    from leadkit.result import make_receipt

    with _workspace(sandbox) as workspace:
        records = [workspace.ledger.run(run_id)] if run_id else workspace.ledger.runs()
        receipts = [make_receipt(record, {}, 0) for record in records]
        doubtful = workspace.ledger.doubtful()
        if as_json:
            body: dict[str, Any] = {"runs": [receipt.to_dict() for receipt in receipts]}
            body["in_doubt"] = [fact._asdict() for fact in doubtful]
            if run_id:
                body["calls"] = [call.to_dict() for call in workspace.ledger.calls(run_id)]
            _print_json(body)
            return
        print(f"Ledger {workspace.ledger.where}: {len(receipts):,} runs")
        for receipt in receipts:
            print(receipt)
        for call in workspace.ledger.calls(run_id) if run_id else []:
            print(
                f"  call {call.id}: {call.state.name.lower()}, {call.key_count} keys, {call.amount} credits, "
                f"request {call.request_id or 'unknown'} {call.note}".rstrip()
            )
        if doubtful:
            print(
                f"In doubt: {len(doubtful):,}. Their money stays reserved until it is known what became of them."
            )
            for fact in doubtful[:20]:
                print(f"  {fact.provider} {fact.step} {fact.key}: {fact.why}")


@app.command()
def demo(as_json: JsonOption = False) -> None:
    """Enrich an example workbook on the sandbox: invented people, no key, no real credits."""
    from leadkit.app.places import data_folder
    from leadkit.plan import make_plan
    from leadkit.sheets import open_book
    from leadkit.workspace import connect

    with connect("sandbox") as workspace:
        book = open_book(data_folder() / "leadleap_prospects.xlsx")
        target = Path("leadleap_prospects.enriched.xlsx")
        results: list[dict[str, Any]] = []
        frame, log = book.frame, {}
        _say(
            f"{workspace.sandbox}\nWorkbook: {book.name}, sheet {book.sheet!r}, header in row {book.header_row}",
            as_json,
        )
        for step, columns in (("validate_emails", {"email": "Email"}), ("unlock", {"lead_id": "Lead ID"})):
            plan = make_plan(frame, step, columns, workspace=workspace)
            _say(f"\n{plan.preview}", as_json)
            at_most = plan.preview.most / 1000
            with _progress(quiet=as_json) as report:
                done = plan.run(at_most=f"{at_most:g}", progress=report)
            _say(f"\n{done.receipt}", as_json)
            results.append({"preview": plan.preview.to_dict(), "receipt": done.receipt.to_dict()})
            frame = done.frame
            log[f"leadkit {step}"] = done.provenance
        book.save_as(target, frame, log=log, overwrite=True)
        if as_json:
            _print_json({"steps": results, "output": str(target.resolve())})
            return
        print(f"\nWritten: {target.resolve()}")
        if any(result["receipt"]["calls"] for result in results):
            print("Run it again: all of it is known by now, so it costs nothing and sends no paid request.")
        else:
            print("All of it was known from an earlier run: it cost nothing and no paid request was sent.")


@app.command(name="app")
def serve_app(
    port: Annotated[int, typer.Option(help="0 takes a free one.")] = 2718,
    open_browser: Annotated[bool, typer.Option("--open/--no-open", help="Open the browser.")] = True,
) -> None:
    """Serve the apps to this machine's browser."""
    from leadkit.app import serve

    serve(port=port, open_browser=open_browser)


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
)
def sandbox(context: typer.Context) -> None:
    """Run the sandbox alone, for other programs to talk to."""
    from leadkit.sandbox.__main__ import main as sandbox_main

    sandbox_main(context.args)


# -- pieces that the commands share ------------------------------------------------------------------------


@contextmanager
def _workspace(sandbox: bool) -> Iterator[Workspace]:
    from leadkit.workspace import connect

    with connect("sandbox" if sandbox else None) as workspace:
        yield workspace


def _columns(email: str | None, lead_id: str | None) -> dict[str, str | None]:
    return {"email": email, "lead_id": lead_id}


def _plan(
    path: Path,
    step: str,
    workspace: Workspace,
    named: Mapping[str, str | None],
    via: str | None,
    sheet: str | None,
    header_row: int | None,
    refresh: bool,
) -> tuple[Book, Plan]:
    from leadkit.columns import guess
    from leadkit.plan import make_plan
    from leadkit.sheets import open_book

    if step not in STEPS:
        msg = f"There is no step {step!r}; there are {', '.join(STEPS)}. Nothing was sent."
        raise InputError(msg)
    kind = STEPS[step]
    if extra := [other for other, column in named.items() if column is not None and other != kind]:
        msg = (
            f"{step} takes --{kind.replace('_', '-')}, not --{extra[0].replace('_', '-')}. Nothing was sent."
        )
        raise InputError(msg)
    book = open_book(path, sheet=sheet, header_row=header_row)
    column = named[kind]
    if column is None:
        found = guess(book.frame).get(kind)
        if found is None:
            option = f"--{kind.replace('_', '-')}"
            msg = (
                f"No column of {path.name} looks like it holds what {step} needs; name it with {option}. The "
                f"columns are: {', '.join(map(str, book.frame.columns))}. Nothing was sent."
            )
            raise InputError(msg)
        column = found.column
        print(f"Using column {column!r}: {found.evidence}.", file=sys.stderr)
    plan = make_plan(
        book.frame, step.replace("-", "_"), {kind: column}, via=via, workspace=workspace, refresh=refresh
    )
    return book, plan


def _check_output(book: Book, target: Path, overwrite: bool) -> None:
    """Everything that could keep the result from being written, found before money is spent."""
    book.check_writable()
    if target.exists() and not overwrite:
        msg = f"{target} exists already. Nothing was sent. Choose another with -o, or pass --overwrite."
        raise SheetError(msg)
    if not target.absolute().parent.is_dir():
        msg = f"The folder of {target} does not exist. Nothing was sent."
        raise SheetError(msg)


def _finish(book: Book, plan: Plan, done: Done, target: Path, overwrite: bool, as_json: bool) -> NoReturn:
    """Write the workbook if there is anything to write, print the receipt and leave with the right status."""
    learned = any(done.receipt.rows[outcome] for outcome in ("answered", "known", "not found"))
    if learned:
        log = {"leadkit": done.provenance} if len(done.provenance) else None
        book.save_as(target, done.frame, log=log, overwrite=overwrite)
    resumable = done.cancelled or done.stopped is not None
    line = f"leadkit resume {done.receipt.run_id}"
    if as_json:
        body: dict[str, Any] = {"preview": plan.preview.to_dict(), "receipt": done.receipt.to_dict()}
        body["output"] = str(target.resolve()) if learned else None
        body["resume"] = line if resumable else None
        _print_json(body)
    else:
        print(f"\n{done.receipt}")
        print(
            f"Written: {target.resolve()}"
            if learned
            else "No file was written: there is nothing new to write."
        )
        if resumable:
            print(f"Everything so far is kept. To go on: {line}")
    if isinstance(done.stopped, ProviderError):
        raise typer.Exit(REFUSED)
    raise typer.Exit(DONE if done.complete else NOT_WHOLLY_DONE)


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Any]:
    """A progress bar on standard error; nothing where nobody looks."""
    from leadkit.money import credits_text
    from leadkit.plan import duration_text

    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[cost]}"),
    )
    with Bar(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("rows", total=None, cost="")

        def report(progress: Progress) -> None:
            spent = f"{credits_text(progress.spent)} of {credits_text(progress.approved)} credits"
            left = f"{duration_text(progress.seconds_left)} left"
            bar.update(
                task, total=progress.keys_total, completed=progress.keys_done, cost=f"at most {spent}, {left}"
            )

        yield report


def _say_notes(book: Book) -> None:
    print(f"Workbook: {book.name}, sheet {book.sheet!r}, header in row {book.header_row}")
    for note in book.notes:
        print(f"  Note: {note}")


def _say(text: str, as_json: bool) -> None:
    if not as_json:
        print(text)


def _print_json(body: Mapping[str, Any]) -> None:
    print(json.dumps(body, indent=2, ensure_ascii=False, default=str))


def _fail(error: LeadkitError) -> NoReturn:
    print(f"leadkit: {error}", file=sys.stderr)
    sys.exit(REFUSED if isinstance(error, ProviderError) else WRONG_INPUT)
