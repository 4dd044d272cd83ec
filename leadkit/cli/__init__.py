"""The command line: arguments → plans, runs and sheets → text or JSON.

Exit status: 0 done; 1 not wholly done (over budget, in doubt, rows failed; the file is still written);
2 wrong use or input; 3 the provider refused (key, credits) or could not be reached.
"""

from __future__ import annotations

import typer

from leadkit.cli import accounts, ledger, lists, plans, searches, serve
from leadkit.cli.terminal import fail
from leadkit.errors import LeadkitError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Enrich a spreadsheet of people: the price first, nothing paid twice, the same workbook back.",
)
for command in (
    plans.demo,
    plans.preview,
    plans.run,
    plans.resume,
    searches.search,
    lists.add_to_list,
    lists.lists,
    lists.export_list,
    accounts.balance,
    accounts.usage,
    accounts.operations,
    ledger.forget,
    ledger.purge,
    serve.webhooks,
):
    app.command()(command)
app.command(name="app")(serve.serve_app)
app.command(**serve.PASSED_ON)(serve.sandbox)
app.add_typer(ledger.app, name="ledger")


def main() -> None:
    """Run the command line; errors come out as one sentence, never as a traceback."""
    try:
        app()
    except LeadkitError as error:
        fail(error)
