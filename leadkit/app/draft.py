"""What a page works on before anything is approved: a workbook, and a task for it with its price."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from leadkit.app.charts import ROW_WORDS
from leadkit.app.order import Order, Task
from leadkit.app.show import text
from leadkit.app.source import Source
from leadkit.app.steps import STEPS, Step
from leadkit.money import credits_text, credits_words
from leadkit.plan import Plan
from leadkit.providers.base import Balance
from leadkit.run import THREADS
from leadkit.schemas import Report
from leadkit.sheets import Book
from leadkit.workspace import Workspace

#: How far down a person may say that the column names are.
LAST_HEADER_ROW = 200


@dataclass(frozen=True)
class Draft:
    """A plan with the workbook that it is for. Making one sends nothing.

    ``app`` is the notebook that shows the job which comes of it.
    """

    book: Book
    source: Source
    task: Task
    plan: Plan
    hidden_rows: bool = True
    app: str = "enrich"

    @property
    def step(self) -> Step:
        return STEPS[self.task.step]

    @property
    def provider_title(self) -> str:
        """The provider's name as it writes it itself."""
        return self.plan.workspace.provider(self.plan.operation.provider).title

    def order(self, at_most: int) -> Order:
        """The order to be approved, for at most so many millicredits, by the user of the plan's workspace."""
        return Order(
            task=self.task,
            book_name=self.book.name,
            sheet=self.book.sheet,
            header_row=self.book.header_row,
            hidden_rows=self.hidden_rows,
            plan_hash=self.plan.hash,
            keys=self.plan.preview.keys_to_buy,
            at_most=at_most,
            user=self.plan.workspace.user,
            app=self.app,
            after=self.source.after,
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
        price = f"at most {credits_words(at_most)}" if preview.most else "0 credits"
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

    def most_after_stop(self, at_most: int) -> int:
        """Millicredits that may still be charged after Stop is pressed: for the requests that are under way then."""
        operation = self.plan.operation
        return min(at_most, THREADS * operation.batch_size * operation.price.most)


def make_draft(
    book: Book,
    source: Source,
    task: Task,
    workspace: Workspace,
    *,
    hidden_rows: bool = True,
    app: str = "enrich",
) -> Draft:
    """Work out what a task would cost for a workbook. Sends nothing that could cost.

    Raises
    ------
    InputError
        The chosen columns do not tell who a row is, or there is nothing in them.
    SheetError
        The result could not be written back into this workbook.
    """
    book.check_writable()
    # Whose key it is belongs to the plan: learned later, when the job begins, it would void the approval.
    workspace.identify(task.provider)
    return Draft(book, source, task, task.plan(book, workspace), hidden_rows, app)


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
    cells = draft.book.frame[list(dict.fromkeys(draft.task.columns.values()))].reindex(rows.index)
    asked = cells.agg(_joined, axis=1) if cells.shape[1] > 1 else cells.iloc[:, 0]
    return pd.DataFrame(
        {"Row": rows.index, "Cell": asked.to_numpy(), "What happens": rows["state"].map(words).to_numpy()}
    ).assign(Why=rows["reason"].to_numpy())


def _joined(cells: Sequence[Any]) -> str:
    return ", ".join(text(cell) for cell in cells if text(cell))


def balance_words(draft: Draft, balance: Balance | None) -> tuple[str, str]:
    """What the account has left after the job, and whether that is enough; both empty where nobody tells."""
    preview = draft.plan.preview
    if balance is None or balance.remaining is None:
        return "not told by the provider", ""
    now = credits_text(balance.remaining)
    lowest = credits_text(max(0, balance.remaining - preview.most))
    if preview.most == 0:
        return f"{now} credits, as now", ""
    expected = "" if preview.expected is None else credits_text(max(0, balance.remaining - preview.expected))
    after = f"{now} now, at least {lowest} after" + (
        f", {expected} expected" if expected not in ("", lowest) else ""
    )
    if balance.remaining >= preview.most:
        return after, ""
    return (
        f"{now} now",
        "The account may not have enough for all. The work then stops, and can be resumed once there is more.",
    )
