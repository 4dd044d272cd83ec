"""The command line: arguments → plans, runs and sheets → text or JSON.

Exit status: 0 done; 1 not wholly done (over budget, in doubt, rows failed; the file is still written);
2 wrong use or input; 3 the provider refused (key, credits) or could not be reached.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from typing import Annotated

import typer

from leadkit.cli import accounts, ledger, lists, plans, searches, serve, sharing
from leadkit.cli.terminal import fail
from leadkit.errors import LeadkitError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Enrich a spreadsheet of people: the price first, nothing paid twice, the same workbook back.",
)
PANELS: dict[str, tuple[Callable[..., None], ...]] = {
    "Enrich a workbook": (plans.demo, plans.preview, plans.run, plans.resume),
    "Find people and companies": (searches.search, lists.add_to_list, lists.lists, lists.export_list),
    "Money": (accounts.balance, accounts.usage, accounts.operations),
    "People's data": (ledger.forget, ledger.purge),
}
for panel, commands in PANELS.items():
    for command in commands:
        app.command(rich_help_panel=panel)(command)
app.add_typer(ledger.app, name="ledger", rich_help_panel="Money")
SERVERS = "Apps and servers"
app.command(name="app", rich_help_panel=SERVERS)(sharing.serve_app)
app.add_typer(sharing.users, name="app-user", rich_help_panel=SERVERS)
app.command(rich_help_panel=SERVERS)(serve.webhooks)
app.command(rich_help_panel=SERVERS, **serve.PASSED_ON)(serve.sandbox)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(version("leadkit"))
        raise typer.Exit


@app.callback()
def options(
    show_version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line; errors come out as one sentence, never as a traceback."""
    try:
        app()
    except LeadkitError as error:
        fail(error)
