"""What a page works on before anything is approved: a workbook, a step and a column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from leadkit.app.charts import ROW_WORDS
from leadkit.app.job_folder import Order
from leadkit.app.show import labels, text
from leadkit.app.steps import Step
from leadkit.app.upload import open_upload
from leadkit.columns import guess
from leadkit.errors import InputError
from leadkit.money import credits_text
from leadkit.plan import Plan, Preview, make_plan
from leadkit.providers.base import Balance
from leadkit.schemas import Report
from leadkit.sheets import Book
from leadkit.workspace import Workspace

#: Rows of the sheet that are shown to find the header in, and to recognise the right sheet by.
FIRST_ROWS = 5
#: How far down a person may say that the column names are.
LAST_HEADER_ROW = 200


def reopen(book: Book, source: bytes, *, sheet: str | None = None, header_row: int | None = None) -> Book:
    """The same workbook with another sheet, whose header is found anew, or another header row.

    Raises
    ------
    SheetError
        The sheet cannot be read.
    """
    if sheet is not None and sheet != book.sheet:
        return open_upload(book.name, source, sheet=sheet)
    if header_row is not None and header_row != book.header_row:
        return open_upload(book.name, source, sheet=book.sheet, header_row=header_row)
    return book


@dataclass(frozen=True)
class ColumnChoice:
    """The columns to choose from, by label; the label of the one that looks right, and why it does."""

    options: Mapping[str, str]
    guessed: str | None
    evidence: str

    def words(self, frame: pd.DataFrame, column: str | None) -> list[str]:
        """What to tell about the choice of a column: why it was guessed, and what is in it."""
        if column is None:
            return [
                f"{self.evidence} Choose it from the list." if self.guessed is None else "Choose a column."
            ]
        by_hand = self.guessed is None or self.options[self.guessed] != column
        why = "You chose this column." if by_hand else f"Found by itself: {self.evidence}."
        first = samples(frame, column)
        return [why, f"It begins with {first}." if first else "Every cell in it is empty."]


def column_choice(frame: pd.DataFrame, step: Step) -> ColumnChoice:
    """Which column holds what the step starts from: a guess, with the reason for it."""
    options = labels(frame.columns)
    found = guess(frame).get(step.takes)
    if found is None or not found.column:
        return ColumnChoice(options, None, "No column of this sheet looks like it.")
    return ColumnChoice(options, label_of(options, found.column), found.evidence)


def label_of(options: Mapping[str, Any], value: Any) -> str:
    """The label of one of the options."""
    return next(label for label, option in options.items() if option == value)


def samples(frame: pd.DataFrame, column: str, n: int = 3) -> str:
    """The first few filled cells of a column, as one text; empty when none is filled."""
    filled = frame[column].dropna()
    return ", ".join(text(cell) for cell in filled[filled.str.strip() != ""].head(n))


@dataclass(frozen=True)
class Draft:
    """A plan with the workbook that it is for. Making one sends nothing."""

    book: Book
    source: bytes
    step: Step
    column: str
    plan: Plan

    @property
    def provider_title(self) -> str:
        """The provider's name as it writes it itself."""
        return self.plan.workspace.provider(self.plan.operation.provider).title

    def order(self, at_most: int, user: str) -> Order:
        """The order to be approved, for at most so many millicredits."""
        return Order(
            book_name=self.book.name,
            sheet=self.book.sheet,
            header_row=self.book.header_row,
            step=self.step.name,
            column=self.column,
            plan_hash=self.plan.hash,
            keys=self.plan.preview.keys_to_buy,
            at_most=at_most,
            user=user,
        )

    def approve(self, credits: float | str | None) -> int:  # noqa: A002 (the user's word)
        """The approved amount in millicredits.

        Raises
        ------
        ApprovalError
            Not an amount. Nothing was sent.
        """
        return self.plan.approve("" if credits is None else credits)

    def button(self, at_most: int) -> str:
        """The words on the button: what happens, and what it costs at most."""
        preview = self.plan.preview
        if not preview.keys_to_buy:
            return "Fill in what is known, for 0 credits"
        price = f"at most {credits_text(at_most)} credits" if preview.most else "0 credits"
        return f"{self.step.do} {self.step.count(preview.keys_to_buy)} for {price}"

    def reach(self, at_most: int) -> str:
        """How far an approved amount goes when everything costs the most; empty when it is enough for all."""
        preview = self.plan.preview
        if at_most >= preview.most:
            return ""
        each = self.plan.operation.price.most
        n = min(at_most // each, preview.keys_to_buy)
        return (
            f"Enough for {n:,} of {self.step.count(preview.keys_to_buy)} if each costs the most. "
            "Rows beyond that are left as they are."
        )


def make_draft(book: Book, source: bytes, step: Step, column: str | None, workspace: Workspace) -> Draft:
    """Work out what a step would cost for a column of the workbook. Sends nothing.

    Raises
    ------
    InputError
        No column was chosen, or there is nothing in it.
    SheetError
        The result could not be written back into this workbook.
    """
    if column is None:
        msg = f"Choose the {step.column_title[0].lower()}{step.column_title[1:]}. Nothing was sent."
        raise InputError(msg)
    book.check_writable()
    plan = make_plan(book.frame, step.name, {step.takes: column}, workspace=workspace)
    return Draft(book, source, step, column, plan)


def summaries(report: Report) -> list[str]:
    """What a check of the sheet found about columns, rather than about one row."""
    return [problem.sentence for problem in report.warnings if problem.row is None]


def row_problems(report: Report) -> pd.DataFrame:
    """What a check of the sheet found about single rows, for a table."""
    found = [(problem.row, problem.sentence) for problem in report.warnings if problem.row is not None]
    return pd.DataFrame(found, columns=["Row", "What to know"], dtype=object)


def row_table(draft: Draft) -> pd.DataFrame:
    """What happens to each row, for a table."""
    rows = draft.plan.rows
    words = {state: words for state, (words, _) in ROW_WORDS.items()}
    cells = draft.book.frame[draft.column].reindex(rows.index)
    return pd.DataFrame(
        {"Row": rows.index, "Cell": cells.to_numpy(), "What happens": rows["state"].map(words).to_numpy()}
    ).assign(Why=rows["reason"].to_numpy())


def balance_words(preview: Preview, balance: Balance | None) -> list[str]:
    """What the account has left, and whether that is enough."""
    if balance is None or balance.remaining is None:
        return []
    left = f"The account has {credits_text(balance.remaining)} credits left"
    if balance.remaining >= preview.most:
        return [f"{left}."]
    return [f"{left}, which may not be enough for all. The work then stops and can be resumed later."]
