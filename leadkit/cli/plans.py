"""Plans and runs of a workbook: preview, run, resume, demo."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from leadkit.cli.options import (
    AsJson,
    OnSandbox,
    Output,
    Overwrite,
    PlanOptions,
    RunId,
    takes_plan_options,
)
from leadkit.cli.terminal import (
    DONE,
    NOT_WHOLLY_DONE,
    REFUSED,
    check_output,
    finish,
    open_workspace,
    plan_book,
    print_json,
    progress_bar,
    resume_line,
    say_notes,
    say_plan,
)
from leadkit.errors import SheetError


@takes_plan_options
def preview(options: PlanOptions) -> None:
    """Show what a step would cost. Sends nothing."""
    with open_workspace(options.sandbox) as workspace:
        book, plan = plan_book(options, workspace)
        if options.as_json:
            print_json({"preview": plan.preview.to_dict(), "notes": list(book.notes)})
        else:
            say_plan(book, plan)


@takes_plan_options
def run(
    options: PlanOptions,
    at_most: Annotated[str, typer.Option("--at-most", help="The most credits that may be spent.")],
    output: Output = None,
    overwrite: Overwrite = False,
) -> None:
    """Buy what the preview shows, within --at-most, and write an enriched copy of the workbook."""
    with open_workspace(options.sandbox) as workspace:
        book, plan = plan_book(options, workspace)
        target = output or book.default_output
        check_output(target, overwrite, book)
        if not options.as_json:
            say_plan(book, plan)
        context = {
            "book": str(options.book.resolve()),
            "output": str(target.resolve()),
            "overwrite": overwrite,
            "sheet": book.sheet,
            "header_row": book.header_row,
            "columns": plan.columns,
            "country": options.country,
            "hidden_rows": not options.skip_hidden,
        }
        with progress_bar(quiet=options.as_json) as report:
            done = plan.run(at_most=at_most, progress=report, context=context)
        finish(book, plan, done, target, overwrite=overwrite, as_json=options.as_json)


def resume(
    run_id: RunId,
    output: Output = None,
    overwrite: Overwrite = False,
    sandbox: OnSandbox = False,
    as_json: AsJson = False,
) -> None:
    """Go on with a run that stopped or was killed, within what was approved for it."""
    from leadkit.app.server import users_file
    from leadkit.plan import make_plan
    from leadkit.result import join, make_receipt, resume_run
    from leadkit.sheets import open_book

    with open_workspace(sandbox) as workspace:
        run = workspace.ledger.run(run_id)
        if user := users_file().find(run.approved_by):  # a colleague's ceiling holds, whoever goes on with it
            workspace.for_user(user.name, user.daily_cap)
        context = run.context
        book, target = None, output or Path(context.get("output", ""))
        if "book" in context:
            book = open_book(
                _source(context),
                sheet=context["sheet"],
                header_row=context["header_row"],
                hidden_rows=context.get("hidden_rows", True),
            )
            overwrite = overwrite or (output is None and _replaces_its_own(target, context))
            check_output(target, overwrite, book)
        with progress_bar(quiet=as_json) as report:
            record, outcome = resume_run(run_id, workspace, progress=report)
        if book is None:
            receipt = make_receipt(record, {}, outcome.repeated)
            if as_json:
                print_json({"receipt": receipt.to_dict(), "unfinished_keys": outcome.unfinished})
            else:
                print(receipt)
                if outcome.unfinished:
                    print(f"Unfinished: {outcome.unfinished:,}. To go on: {resume_line(workspace, run_id)}")
            raise typer.Exit(REFUSED if outcome.stopped else NOT_WHOLLY_DONE if outcome.unfinished else DONE)
        plan = make_plan(
            book.frame,
            record.step,
            context["columns"],
            via=record.provider,
            want=record.wants,
            workspace=workspace,
            country=context.get("country"),
        )
        done = join(plan, run_id, outcome)
        finish(book, plan, done, target, overwrite=True, as_json=as_json)


def _source(context: Mapping[str, Any]) -> Path:
    """The workbook of a run; as it was before if only the run's first part was written onto it since."""
    from leadkit.sheets.save import digest

    source, original = Path(context["book"]), Path(context.get("original", ""))
    return original if original.is_file() and digest(source) == context["files"].get(str(source)) else source


def _replaces_its_own(target: Path, context: Mapping[str, Any]) -> bool:
    """Whether a run that goes on may write its output anew: what its first part wrote, and nobody changed since."""
    from leadkit.sheets.save import digest

    written = context.get("files", {}).get(str(target.resolve()))
    if written is None:
        return bool(context["overwrite"])
    if digest(target) not in ("", written):
        msg = (
            f"{target} was changed since this run wrote it. Choose another with -o, or pass --overwrite. Nothing was "
            "sent."
        )
        raise SheetError(msg)
    return True


def demo(as_json: AsJson = False) -> None:
    """Enrich an example workbook on the sandbox: invented people, no key, no real credits."""
    from leadkit.app.places import data_folder
    from leadkit.plan import make_plan
    from leadkit.sheets import open_book

    say = (lambda _: None) if as_json else print
    with open_workspace(sandbox=True) as workspace:
        book = open_book(data_folder() / "leadleap_prospects.xlsx")
        target = Path("leadleap_prospects.enriched.xlsx")
        results: list[dict[str, Any]] = []
        frame, log = book.frame, {}
        say(workspace.sandbox)
        if not as_json:
            say_notes(book)
        for step, columns in (("validate_emails", {"email": "Email"}), ("unlock", {"lead_id": "Lead ID"})):
            plan = make_plan(frame, step, columns, workspace=workspace)
            say(f"\n{plan.preview}")
            with progress_bar(quiet=as_json) as report:
                done = plan.run(
                    at_most=f"{plan.preview.most / 1000:g}",
                    progress=report,
                    context={"output": str(target.resolve())},  # named when somebody in it is forgotten
                )
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
