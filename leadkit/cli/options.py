"""The options of the commands, each declared once."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer

from leadkit.cli.terminal import STEPS
from leadkit.errors import InputError

Book = Annotated[
    Path, typer.Argument(metavar="BOOK", help="A workbook: .xlsx, .xlsm, .csv, .xls, .xlsb or .ods.")
]
Sheet = Annotated[str | None, typer.Option(help="The sheet; the first visible one when left out.")]
HeaderRow = Annotated[
    int | None, typer.Option(help="Spreadsheet row of the header, 0 for none; found when left out.")
]
Output = Annotated[Path | None, typer.Option("-o", "--output", help="Where the copy with the results goes.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace an existing output.")]
OnSandbox = Annotated[
    bool,
    typer.Option(
        "--sandbox",
        help="Use invented people and no real credits; their balances and lists last for one command.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a program.")]
RunId = Annotated[str, typer.Argument(metavar="RUN", help="The run's id, from its receipt.")]


def _column(option: str, what: str) -> Any:
    return typer.Option(
        option, help=f"Column with {what}.", rich_help_panel="Columns; guessed when none is named"
    )


@dataclass(frozen=True, kw_only=True)
class PlanOptions:
    """What makes a plan of a workbook, as the command line gives it; see :func:`leadkit.plan.make_plan`."""

    book: Book
    step: Annotated[str, typer.Argument(metavar="STEP", help=f"What to do: {', '.join(STEPS)}.")]
    email: Annotated[str | None, _column("--email", "e-mail addresses")] = None
    lead_id: Annotated[str | None, _column("--lead-id", "lead ids of the provider")] = None
    linkedin: Annotated[str | None, _column("--linkedin", "LinkedIn profiles")] = None
    full_name: Annotated[str | None, _column("--full-name", "whole names")] = None
    first_name: Annotated[str | None, _column("--first-name", "first names")] = None
    last_name: Annotated[str | None, _column("--last-name", "last names")] = None
    company: Annotated[str | None, _column("--company", "names of companies")] = None
    domain: Annotated[str | None, _column("--domain", "domains of companies")] = None
    company_linkedin: Annotated[str | None, _column("--company-linkedin", "companies' LinkedIn pages")] = None
    company_id: Annotated[str | None, _column("--company-id", "company ids of the provider")] = None
    via: Annotated[str | None, typer.Option(help="The provider; each step has its own when left out.")] = None
    want: Annotated[str, typer.Option(help="The data points to buy, with commas: email,phone.")] = ""
    sheet: Sheet = None
    header_row: HeaderRow = None
    country: Annotated[str | None, typer.Option(help="Where phones without a country code are from: DE.")] = (
        None
    )
    skip_hidden: Annotated[
        bool, typer.Option("--skip-hidden", help="Leave hidden and filtered rows alone.")
    ] = False
    refresh: Annotated[bool, typer.Option("--refresh", help="Buy again what is known already.")] = False
    preview_first: Annotated[
        bool,
        typer.Option(
            "--preview-first", help="Ask the provider's free preview first; pay for nobody it does not find."
        ),
    ] = False
    pilot: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Buy only N of the keys, drawn at random, to see what comes."),
    ] = None
    sandbox: OnSandbox = False
    as_json: AsJson = False

    @property
    def columns(self) -> Mapping[str, str]:
        """What the cells are → the column that was named for it."""
        roles = (
            "email",
            "lead_id",
            "linkedin",
            "full_name",
            "first_name",
            "last_name",
            "company",
            "domain",
            "company_linkedin",
            "company_id",
        )
        return {role: column for role in roles if (column := getattr(self, role)) is not None}


def takes_plan_options(command: Callable[..., None]) -> Callable[..., None]:
    """A command that takes the options of PlanOptions, beside those of its own, and is called with them as one."""

    @wraps(command)
    def called(**given: Any) -> None:
        shared = {field.name: given.pop(field.name) for field in fields(PlanOptions)}
        command(PlanOptions(**shared), **given)

    shared = inspect.signature(PlanOptions, eval_str=True).parameters.values()
    own = list(inspect.signature(command, eval_str=True).parameters.values())[1:]
    called.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in (*shared, *own)]
    )
    called.__annotations__ = {parameter.name: parameter.annotation for parameter in (*shared, *own)}
    return called


def pairs(options: Sequence[str], option: str, example: str) -> dict[str, list[str]]:
    """``["country=DE", "country=FR"]`` as names with their values. Raises InputError for what is not so written."""
    found: dict[str, list[str]] = {}
    for given in options:
        name, equals, value = (part.strip() for part in given.partition("="))
        if not (name and equals and value):
            msg = f"{option} takes a name, = and a value, such as {example}, not {given!r}. Nothing was sent."
            raise InputError(msg)
        found.setdefault(name, []).append(value)
    return found
