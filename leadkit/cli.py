"""The command line: arguments → plans, runs and sheets → text or JSON.

Exit status: 0 done; 1 not wholly done (over budget, in doubt, rows failed; the file is still written);
2 wrong use or input; 3 the provider refused (key, credits) or could not be reached.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from leadkit.errors import LeadkitError
from leadkit.terminal import (
    DONE,
    NOT_WHOLLY_DONE,
    REFUSED,
    STEPS,
    check_output,
    fail,
    finish,
    open_workspace,
    plan_book,
    print_json,
    progress_bar,
    say_notes,
)

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Enrich a spreadsheet of people: the price first, nothing paid twice, the same workbook back.",
)
ledger_app = typer.Typer(add_completion=False, help="What was spent, run by run, and what is in doubt.")
app.add_typer(ledger_app, name="ledger", invoke_without_command=True)

BookArgument = Annotated[Path, typer.Argument(help="A workbook: .xlsx, .xlsm, .csv, .xls, .xlsb or .ods.")]
StepArgument = Annotated[str, typer.Argument(help=f"What to do: {', '.join(STEPS)}.")]
ViaOption = Annotated[str | None, typer.Option(help="The provider; each step has its own when left out.")]
WantOption = Annotated[str, typer.Option(help="The data points to buy, with commas: email,phone.")]
SheetOption = Annotated[str | None, typer.Option(help="The sheet; the first visible one when left out.")]
HeaderOption = Annotated[int | None, typer.Option(help="Spreadsheet row of the header; found when left out.")]
CountryOption = Annotated[str | None, typer.Option(help="Where phones without a country code are from: DE.")]
RefreshOption = Annotated[bool, typer.Option("--refresh", help="Buy again what is known already.")]
SandboxOption = Annotated[bool, typer.Option("--sandbox", help="Use invented people and no real credits.")]
HiddenOption = Annotated[bool, typer.Option("--skip-hidden", help="Leave hidden and filtered rows alone.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for a program.")]
OverwriteOption = Annotated[bool, typer.Option("--overwrite", help="Replace an existing output.")]

_COLUMNS = "Columns; guessed when none is named"


def _column(option: str, what: str) -> Any:
    return typer.Option(option, help=f"Column with {what}.", rich_help_panel=_COLUMNS)


EmailColumn = Annotated[str | None, _column("--email", "e-mail addresses")]
LeadIdColumn = Annotated[str | None, _column("--lead-id", "lead ids of the provider")]
LinkedinColumn = Annotated[str | None, _column("--linkedin", "LinkedIn profiles")]
NameColumn = Annotated[str | None, _column("--full-name", "whole names")]
FirstColumn = Annotated[str | None, _column("--first-name", "first names")]
LastColumn = Annotated[str | None, _column("--last-name", "last names")]
CompanyColumn = Annotated[str | None, _column("--company", "names of companies")]
DomainColumn = Annotated[str | None, _column("--domain", "domains of companies")]
CompanyIdColumn = Annotated[str | None, _column("--company-id", "company ids of the provider")]


def main() -> None:
    """Run the command line; errors come out as one sentence, never as a traceback."""
    try:
        app()
    except LeadkitError as error:
        fail(error)


@app.command()
def preview(
    book: BookArgument,
    step: StepArgument,
    email: EmailColumn = None,
    lead_id: LeadIdColumn = None,
    linkedin: LinkedinColumn = None,
    full_name: NameColumn = None,
    first_name: FirstColumn = None,
    last_name: LastColumn = None,
    company: CompanyColumn = None,
    domain: DomainColumn = None,
    company_id: CompanyIdColumn = None,
    via: ViaOption = None,
    want: WantOption = "",
    sheet: SheetOption = None,
    header_row: HeaderOption = None,
    country: CountryOption = None,
    skip_hidden: HiddenOption = False,
    refresh: RefreshOption = False,
    sandbox: SandboxOption = False,
    as_json: JsonOption = False,
) -> None:
    """Show what a step would cost. Sends nothing."""
    columns = {
        "email": email,
        "lead_id": lead_id,
        "linkedin": linkedin,
        "full_name": full_name,
        "first_name": first_name,
        "last_name": last_name,
        "company": company,
        "domain": domain,
        "company_id": company_id,
    }
    with open_workspace(sandbox) as workspace:
        opened, plan = plan_book(
            book,
            step,
            workspace,
            columns,
            via=via,
            want=_list(want),
            sheet=sheet,
            header_row=header_row,
            refresh=refresh,
            country=country,
            hidden_rows=not skip_hidden,
        )
        if as_json:
            print_json({"preview": plan.preview.to_dict(), "notes": list(opened.notes)})
        else:
            say_notes(opened)
            print(plan.preview)


@app.command()
def run(
    book: BookArgument,
    step: StepArgument,
    at_most: Annotated[str, typer.Option("--at-most", help="The most credits that may be spent.")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Where the enriched copy goes.")
    ] = None,
    overwrite: OverwriteOption = False,
    email: EmailColumn = None,
    lead_id: LeadIdColumn = None,
    linkedin: LinkedinColumn = None,
    full_name: NameColumn = None,
    first_name: FirstColumn = None,
    last_name: LastColumn = None,
    company: CompanyColumn = None,
    domain: DomainColumn = None,
    company_id: CompanyIdColumn = None,
    via: ViaOption = None,
    want: WantOption = "",
    sheet: SheetOption = None,
    header_row: HeaderOption = None,
    country: CountryOption = None,
    skip_hidden: HiddenOption = False,
    refresh: RefreshOption = False,
    sandbox: SandboxOption = False,
    as_json: JsonOption = False,
) -> None:
    """Buy what the preview shows, within --at-most, and write an enriched copy of the workbook."""
    columns = {
        "email": email,
        "lead_id": lead_id,
        "linkedin": linkedin,
        "full_name": full_name,
        "first_name": first_name,
        "last_name": last_name,
        "company": company,
        "domain": domain,
        "company_id": company_id,
    }
    with open_workspace(sandbox) as workspace:
        opened, plan = plan_book(
            book,
            step,
            workspace,
            columns,
            via=via,
            want=_list(want),
            sheet=sheet,
            header_row=header_row,
            refresh=refresh,
            country=country,
            hidden_rows=not skip_hidden,
        )
        target = output or opened.default_output
        check_output(opened, target, overwrite)
        if not as_json:
            say_notes(opened)
            print(plan.preview)
        context = {
            "book": str(book.resolve()),
            "output": str(target.resolve()),
            "overwrite": overwrite,
            "sheet": opened.sheet,
            "header_row": opened.header_row,
            "columns": plan.columns,
            "country": country,
            "hidden_rows": not skip_hidden,
        }
        with progress_bar(quiet=as_json) as report:
            done = plan.run(at_most=at_most, progress=report, context=context)
        finish(opened, plan, done, target, overwrite=overwrite, as_json=as_json)


def _list(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


@app.command()
def resume(
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="The run's id, from its receipt.")],
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Another place for the copy.")] = None,
    overwrite: OverwriteOption = False,
    sandbox: SandboxOption = False,
    as_json: JsonOption = False,
) -> None:
    """Go on with a run that stopped or was killed, within what was approved for it."""
    from leadkit.plan import make_plan
    from leadkit.result import join, make_receipt, resume_run
    from leadkit.sheets import open_book

    with open_workspace(sandbox) as workspace:
        context = workspace.ledger.run(run_id).context
        opened, target = None, output or Path(context.get("output", ""))
        if "book" in context:
            opened = open_book(
                Path(context["book"]),
                sheet=context["sheet"],
                header_row=context["header_row"],
                hidden_rows=context.get("hidden_rows", True),
            )
            # What the run's first part wrote is the run's own, and is written anew as a whole.
            own = output is None and (context["overwrite"] or context.get("written", False))
            check_output(opened, target, overwrite or own)
        with progress_bar(quiet=as_json) as report:
            record, outcome = resume_run(run_id, workspace, progress=report)
        if opened is None:
            receipt = make_receipt(record, {}, outcome.repeated)
            print_json({"receipt": receipt.to_dict()}) if as_json else print(receipt)
            raise typer.Exit(REFUSED if outcome.stopped else DONE)
        plan = make_plan(
            opened.frame,
            record.step,
            context["columns"],
            via=record.provider,
            want=record.wants,
            workspace=workspace,
            country=context.get("country"),
        )
        done = join(plan, run_id, outcome)
        finish(opened, plan, done, target, overwrite=True, as_json=as_json)


@app.command()
def add_to_list(
    book: BookArgument,
    name: Annotated[str, typer.Option("--list", help="The list's name; made if there is none.")],
    column: Annotated[
        list[str], typer.Option(help="WHAT=COLUMN, such as first_name=Vorname; several times.")
    ],
    via: Annotated[str, typer.Option(help="leadiq or leadfeeder.")] = "leadiq",
    scope: Annotated[str, typer.Option(help="For Leadfeeder: contact or company.")] = "contact",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Send nothing; tell what would be sent.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Where the copy with results goes.")
    ] = None,
    overwrite: OverwriteOption = False,
    sheet: SheetOption = None,
    header_row: HeaderOption = None,
    sandbox: SandboxOption = False,
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


@app.command()
def balance(sandbox: SandboxOption = False, as_json: JsonOption = False) -> None:
    """Show what each provider's account has left, for every provider with a key. Free."""
    from dataclasses import asdict

    from leadkit.money import credits_text

    with open_workspace(sandbox) as workspace:
        balances = workspace.balances()
        if as_json:
            print_json({"balances": [asdict(found) for found in balances]})
            return
        for found in balances:
            left = "unknown" if found.remaining is None else credits_text(found.remaining)
            used = "unknown" if found.used is None else credits_text(found.used)
            until = f"; the period ends {found.period_end}" if found.period_end else ""
            note = f" ({found.note})" if found.note else ""
            print(f"{found.provider}: {left} credits left, {used} used{until}{note}")


@app.command()
def operations(as_json: JsonOption = False) -> None:
    """Show what every provider offers: batch sizes, prices, limits. Sends nothing."""
    from leadkit.catalogue import entries, table
    from leadkit.settings import Settings

    settings = Settings.from_environment()
    print_json({"operations": list(entries(settings))}) if as_json else print(table(settings))


@ledger_app.callback()
def ledger(context: typer.Context, sandbox: SandboxOption = False, as_json: JsonOption = False) -> None:
    """Show what was spent, run by run, and what is in doubt."""
    from leadkit.result import make_receipt

    if context.invoked_subcommand is not None:
        context.obj = sandbox, as_json  # given before the subcommand, they hold for it
        return
    with open_workspace(sandbox) as workspace:
        receipts = [make_receipt(record, {}, 0) for record in workspace.ledger.runs()]
        doubtful = workspace.ledger.doubtful()
        if as_json:
            body = {"runs": [receipt.to_dict() for receipt in receipts]}
            print_json({**body, "in_doubt": [fact._asdict() for fact in doubtful]})
            return
        print(f"Ledger {workspace.ledger.where}: {len(receipts):,} runs")
        for record, receipt in zip(workspace.ledger.runs(), receipts, strict=True):
            print(receipt)
            if record.state == "running" and not workspace.ledger.owners.alive(record.owner):
                print(f"  interrupted        its process is gone. To go on: leadkit resume {record.id}")
        if doubtful:
            print(f"In doubt: {len(doubtful):,}. Their money stays reserved until somebody knows or decides.")
            counts = Counter(fact.call_id for fact in doubtful)
            for fact in {fact.call_id: fact for fact in reversed(doubtful)}.values():
                more = f" and {counts[fact.call_id] - 1:,} more" if counts[fact.call_id] > 1 else ""
                print(f"  call {fact.call_id}: {fact.provider} {fact.step} {fact.key}{more}: {fact.why}")
            print("To decide: leadkit ledger settle CALL charged | not-charged | pay-again | give-up")


@ledger_app.command()
def show(
    context: typer.Context,
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="The run's id.")],
    sandbox: SandboxOption = False,
    as_json: JsonOption = False,
) -> None:
    """Show one run with its calls."""
    from leadkit.result import make_receipt

    sandbox, as_json = sandbox or context.obj[0], as_json or context.obj[1]
    with open_workspace(sandbox) as workspace:
        receipt = make_receipt(workspace.ledger.run(run_id), {}, 0)
        calls = workspace.ledger.calls(run_id)
        if as_json:
            print_json({"receipt": receipt.to_dict(), "calls": [call.to_dict() for call in calls]})
            return
        print(receipt)
        for call in calls:
            what = f"{call.key_count:,} keys, {call.amount} credits, request {call.request_id or 'unknown'}"
            print(
                f"  call {call.id}: {call.state.name.lower().replace('_', ' ')}, {what} {call.note}".rstrip()
            )


@ledger_app.command()
def settle(
    context: typer.Context,
    call: Annotated[int, typer.Argument(help="The call's number, from leadkit ledger.")],
    decision: Annotated[str, typer.Argument(help="charged, not-charged, pay-again or give-up.")],
    sandbox: SandboxOption = False,
) -> None:
    """Decide about a call that may have been charged and was never answered."""
    with open_workspace(sandbox or context.obj[0]) as workspace:
        count = workspace.ledger.decide(call, decision, by=workspace.user)
        print(f"Call {call}: {decision}, for {count:,} keys. It is noted as your decision.")


@app.command()
def forget(
    email: Annotated[str | None, typer.Option(help="The person's address.")] = None,
    phone: Annotated[str | None, typer.Option(help="Phone, with its country code.")] = None,
    linkedin: Annotated[str | None, typer.Option(help="LinkedIn profile.")] = None,
    lead_id: Annotated[str | None, typer.Option(help="Lead id of the provider.")] = None,
    suppress: Annotated[
        bool, typer.Option("--suppress/--no-suppress", help="Keep the person from being asked about again.")
    ] = True,
    sandbox: SandboxOption = False,
    as_json: JsonOption = False,
) -> None:
    """Take a person out of everything that leadkit keeps, and search the bytes for what is left."""
    from leadkit.forget import forget as forget_person

    with open_workspace(sandbox) as workspace:
        receipt = forget_person(
            email=email,
            phone=phone,
            linkedin=linkedin,
            lead_id=lead_id,
            suppress=suppress,
            workspace=workspace,
        )
        print_json({"forget": receipt.to_dict()}) if as_json else print(receipt)
        raise typer.Exit(1 if receipt.left else DONE)


@app.command()
def purge(sandbox: SandboxOption = False, as_json: JsonOption = False) -> None:
    """Delete answers past their time, and raw answers a week after they were read. Done once a day anyway."""
    from dataclasses import asdict

    with open_workspace(sandbox) as workspace:
        gone = workspace.purge()
        if as_json:
            print_json({"purge": asdict(gone)})
            return
        print(
            f"Purge: {gone.answers:,} answers past their time and {gone.bodies:,} raw answers were deleted. "
            "What was paid stays recorded."
        )


@app.command()
def demo(as_json: JsonOption = False) -> None:
    """Enrich an example workbook on the sandbox: invented people, no key, no real credits."""
    from leadkit.app.places import data_folder
    from leadkit.plan import make_plan
    from leadkit.sheets import open_book
    from leadkit.workspace import connect

    say = (lambda _: None) if as_json else print
    with connect("sandbox") as workspace:
        book = open_book(data_folder() / "leadleap_prospects.xlsx")
        target = Path("leadleap_prospects.enriched.xlsx")
        results: list[dict[str, Any]] = []
        frame, log = book.frame, {}
        say(
            f"{workspace.sandbox}\nWorkbook: {book.name}, sheet {book.sheet!r}, header in row {book.header_row}"
        )
        for step, columns in (("validate_emails", {"email": "Email"}), ("unlock", {"lead_id": "Lead ID"})):
            plan = make_plan(frame, step, columns, workspace=workspace)
            say(f"\n{plan.preview}")
            with progress_bar(quiet=as_json) as report:
                done = plan.run(at_most=f"{plan.preview.most / 1000:g}", progress=report)
            say(f"\n{done.receipt}")
            results.append({"preview": plan.preview.to_dict(), "receipt": done.receipt.to_dict()})
            frame = done.frame
            log[f"leadkit {step}"] = done.provenance
        book.save_as(target, frame, log=log, overwrite=True)
        say(f"\nWritten: {target.resolve()}")
        if any(result["receipt"]["calls"] for result in results):
            say("Run it again: all of it is known by now, so it costs nothing and sends no paid request.")
        else:
            say("All of it was known from an earlier run: it cost nothing and no paid request was sent.")
        if as_json:
            print_json({"steps": results, "output": str(target.resolve())})


@app.command(name="app")
def serve_app(
    port: Annotated[int, typer.Option(help="0 takes a free one.")] = 2718,
    open_browser: Annotated[bool, typer.Option("--open/--no-open", help="Open the browser.")] = True,
) -> None:
    """Serve the apps to this machine's browser."""
    from leadkit.app import serve

    serve(port=port, open_browser=open_browser)


@app.command()
def webhooks(
    host: Annotated[str, typer.Option(help="Where to listen; put a TLS proxy in front.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port.")] = 2719,
) -> None:
    """Take LeadLeap's events at /leadleap, as evidence for what is in doubt."""
    import uvicorn

    from leadkit.webhooks import application

    with open_workspace(False) as workspace:
        uvicorn.run(application(workspace), host=host, port=port, log_level="warning", access_log=False)


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
)
def sandbox(context: typer.Context) -> None:
    """Run the sandbox alone, for other programs to talk to."""
    from leadkit.sandbox.__main__ import main as sandbox_main

    sandbox_main(context.args)
