"""The ledger: what was spent and what is in doubt; forgetting a person; deleting what is past its time."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from leadkit.cli.options import AsJson, OnSandbox, RunId
from leadkit.cli.terminal import DONE, NOT_WHOLLY_DONE, on_sandbox, open_workspace, print_json, resume_line

if TYPE_CHECKING:
    from leadkit.ledger.history import RunRecord
    from leadkit.result import Receipt

app = typer.Typer(
    add_completion=False,
    invoke_without_command=True,
    help="What was spent, run by run, and what is in doubt.",
)


@app.callback()
def ledger(context: typer.Context, sandbox: OnSandbox = False, as_json: AsJson = False) -> None:
    """Show what was spent, run by run, and what is in doubt."""
    from leadkit.result import make_receipt
    from leadkit.wording import counted

    if context.invoked_subcommand is not None:
        context.obj = sandbox, as_json  # given before the subcommand, they hold for it
        return
    with open_workspace(sandbox) as workspace:
        records = workspace.ledger.runs()
        receipts = [make_receipt(record, {}, 0) for record in records]
        doubtful = workspace.ledger.doubtful()
        if as_json:
            body = {"runs": [receipt.to_dict() for receipt in receipts]}
            print_json({**body, "in_doubt": [fact._asdict() for fact in doubtful]})
            return
        print(f"Ledger {workspace.ledger.where}: {counted(len(receipts), 'run')}")
        for record, receipt in zip(records, receipts, strict=True):
            _print_run(record, receipt)
            if record.state == "running" and not workspace.ledger.owners.alive(record.owner):
                print(
                    f"  interrupted        its process is gone. To go on: {resume_line(workspace, record.id)}"
                )
        if doubtful:
            print(f"In doubt: {len(doubtful):,}. Their money stays reserved until somebody knows or decides.")
            counts = Counter(fact.call_id for fact in doubtful)
            for fact in {fact.call_id: fact for fact in reversed(doubtful)}.values():
                more = f" and {counts[fact.call_id] - 1:,} more" if counts[fact.call_id] > 1 else ""
                print(f"  call {fact.call_id}: {fact.provider} {fact.step} {fact.key}{more}: {fact.why}")
            print("The same rows run again ask once more, where the provider documents that as free.")
            line = f"leadkit ledger settle CALL DECISION{on_sandbox(workspace)}"
            print(f"To decide: {line}, which is charged, not-charged, pay-again or give-up.")


@app.command()
def show(
    context: typer.Context,
    run_id: RunId,
    sandbox: OnSandbox = False,
    as_json: AsJson = False,
) -> None:
    """Show one run with its calls."""
    from leadkit.result import make_receipt
    from leadkit.wording import counted

    sandbox, as_json = sandbox or context.obj[0], as_json or context.obj[1]
    with open_workspace(sandbox) as workspace:
        record = workspace.ledger.run(run_id)
        receipt = make_receipt(record, {}, 0)
        calls = workspace.ledger.calls(run_id)
        if as_json:
            print_json({"receipt": receipt.to_dict(), "calls": [call.to_dict() for call in calls]})
            return
        _print_run(record, receipt)
        for call in calls:
            keys = counted(call.key_count, "key")
            what = f"{keys}, credits {call.amount}, request {call.request_id or 'unknown'}"
            print(
                f"  call {call.id}: {call.state.name.lower().replace('_', ' ')}, {what} {call.note}".rstrip()
            )


def _print_run(record: RunRecord, receipt: Receipt) -> None:
    """A receipt, with what tells one run from another months later."""
    print(receipt)
    started = datetime.fromtimestamp(record.started_at, UTC)
    print(f"  started            {started:%Y-%m-%d %H:%M} UTC, by {record.approved_by}")
    if "output" in record.context:
        print(f"  workbook           {record.context['output']}")


@app.command()
def settle(
    context: typer.Context,
    call: Annotated[int, typer.Argument(metavar="CALL", help="The call's number, from leadkit ledger.")],
    decision: Annotated[
        str, typer.Argument(metavar="DECISION", help="charged, not-charged, pay-again or give-up.")
    ],
    sandbox: OnSandbox = False,
) -> None:
    """Decide about a call that may have been charged and was never answered."""
    from leadkit.wording import counted

    with open_workspace(sandbox or context.obj[0]) as workspace:
        count = workspace.ledger.decide(call, decision, by=workspace.user)
        print(f"Call {call}: {decision}, for {counted(count, 'key')}. It is noted as your decision.")


def forget(
    email: Annotated[str | None, typer.Option(help="The person's address.")] = None,
    phone: Annotated[str | None, typer.Option(help="Phone, with its country code.")] = None,
    linkedin: Annotated[str | None, typer.Option(help="LinkedIn profile.")] = None,
    lead_id: Annotated[str | None, typer.Option(help="Lead id of the provider.")] = None,
    suppress: Annotated[
        bool, typer.Option("--suppress/--no-suppress", help="Keep the person from being asked about again.")
    ] = True,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Change nothing; tell how much would be taken out.")
    ] = False,
    sandbox: OnSandbox = False,
    as_json: AsJson = False,
) -> None:
    """Take a person out of everything that leadkit keeps, and search the bytes for what is left."""
    from leadkit.forgetting import forget as forget_person
    from leadkit.forgetting import identifiers, kept

    with open_workspace(sandbox) as workspace:
        if dry_run:
            meant = {"email": email, "phone": phone, "linkedin": linkedin, "lead_id": lead_id}
            found = kept(identifiers(meant), workspace)
            print_json({"kept": asdict(found)}) if as_json else print(f"{found} Nothing was changed.")
            return
        receipt = forget_person(
            email=email,
            phone=phone,
            linkedin=linkedin,
            lead_id=lead_id,
            suppress=suppress,
            workspace=workspace,
        )
        print_json({"forget": receipt.to_dict()}) if as_json else print(receipt)
        raise typer.Exit(NOT_WHOLLY_DONE if receipt.left else DONE)


def purge(sandbox: OnSandbox = False, as_json: AsJson = False) -> None:
    """Delete answers past their time, and raw answers a week after they were read. Done once a day anyway."""
    with open_workspace(sandbox) as workspace:
        gone = workspace.purge()
        if as_json:
            print_json({"purge": asdict(gone)})
            return
        print(
            f"Purge: {gone.answers:,} answers past their time and {gone.bodies:,} raw answers were deleted. "
            "What was paid stays recorded."
        )
