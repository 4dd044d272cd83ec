"""Which column of a sheet is what, for a step at a provider: guessed with evidence, and to be corrected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import marimo as mo
import pandas as pd

from leadkit.app import panels
from leadkit.app.draft import row_problems, summaries
from leadkit.app.offers import roles_of
from leadkit.app.show import labels, show, text
from leadkit.app.steps import ROLE_TITLES
from leadkit.columns import guess
from leadkit.providers.base import Operation
from leadkit.schemas import Report

#: Role of an id → how the columns end in which a provider's own answers and searches hold it.
_ID_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "lead_id": ("lead_id", "person_id", "contact_id"),
    "company_id": ("company_id",),
}


@dataclass(frozen=True)
class ColumnChoice:
    """A role, the label of the column that looks right for it, and why it does; None and "" where none does."""

    role: str
    guessed: str | None
    evidence: str


def column_choices(
    frame: pd.DataFrame, offered: Operation, chosen: Mapping[str, str] | None = None
) -> list[ColumnChoice]:
    """A guess for each kind of column from which the operation can tell who a row is.

    ``chosen``, role → column, is what was chosen for this sheet before: it goes before any guess.
    """
    by_column = {column: label for label, column in labels(frame.columns).items()}
    if chosen is not None and all(column in by_column for column in chosen.values()):
        return [
            ColumnChoice(role, by_column.get(chosen.get(role, "")), "chosen before" if role in chosen else "")
            for role in roles_of(offered)
        ]
    guesses = guess(frame)
    choices = []
    for role in roles_of(offered):
        column, evidence = _id_column(frame, role, offered.provider)
        if column is None and role in guesses and (role != "lead_id" or offered.provider == "leadleap"):
            column, evidence = guesses[role].column, guesses[role].evidence
        choices.append(ColumnChoice(role, None if column is None else by_column[column], evidence))
    return choices


def _id_column(frame: pd.DataFrame, role: str, provider: str) -> tuple[str | None, str]:
    for ending in _ID_COLUMNS.get(role, ()):
        for name in (f"{provider}_{ending}", ending):
            if name in frame and frame[name].notna().any():
                return name, f"{name} is what {provider} calls it"
    return None, ""


def pickers(frame: pd.DataFrame, choices: list[ColumnChoice]) -> mo.ui.dictionary:
    """A list of the sheet's columns for each role; its value is role → column or None."""
    options = labels(frame.columns)
    return mo.ui.dictionary(
        {
            choice.role: mo.ui.dropdown(
                options,
                value=choice.guessed,
                label=ROLE_TITLES.get(choice.role, choice.role),
                allow_select_none=True,
                full_width=True,
            )
            for choice in choices
        }
    )


def mapped(picked: Mapping[str, str | None]) -> dict[str, str]:
    """Role → column of those that were picked."""
    return {role: column for role, column in picked.items() if column is not None}


def mapping_words(
    frame: pd.DataFrame, choices: list[ColumnChoice], picked: Mapping[str, str | None]
) -> list[str]:
    """For each picked column why it was guessed, and what is in it."""
    options = labels(frame.columns)
    words = []
    for choice in choices:
        column = picked.get(choice.role)
        if column is None:
            continue
        by_hand = choice.guessed is None or options[choice.guessed] != column
        why = "you chose this column" if by_hand else choice.evidence
        first = samples(frame, column)
        holds = f"it begins with {first}" if first else "every cell in it is empty"
        words.append(f"{ROLE_TITLES.get(choice.role, choice.role)}: {why}; {holds.rstrip('.')}.")
    return words


def check_panel(report: Report, *, chosen: bool) -> mo.Html:
    """What a check of the sheet found with these columns; ``chosen`` is whether any was picked at all."""
    if not chosen:
        return panels.note("info", "Choose the column", "No column of this sheet looks like it by itself.")
    if report.errors:
        return panels.note(
            "bad",
            "This has to be put right first",
            *[problem.sentence for problem in report.errors],
            "Nothing was sent. Choose another column, or correct the workbook and upload it again.",
        )
    if not report.warnings:
        return panels.note("good", "Nothing to complain about", "Every row can be used.")
    free = "This check sent nothing. Rows that cannot be used are left as they are, and cost nothing."
    rows = row_problems(report)
    words = panels.note("warn", "You can go on", free, *summaries(report))
    return mo.vstack([words, show(rows)] if len(rows) else [words])


def samples(frame: pd.DataFrame, column: str, n: int = 3) -> str:
    """The first few filled cells of a column, as one text; empty when none is filled."""
    filled = frame[column].dropna()
    return ", ".join(text(cell) for cell in filled[filled.str.strip() != ""].head(n))
