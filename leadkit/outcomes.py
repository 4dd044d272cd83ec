"""What a run gives back: an enriched frame, and a receipt in which every row is accounted for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pandas as pd

from leadkit.errors import LeadkitError
from leadkit.ledger.history import RunRecord
from leadkit.money import Amount, credits_text
from leadkit.preview import counts_text, html_block, text_block
from leadkit.providers.base import Operation, ResultColumn

#: What became of a row. Each row is in exactly one of these.
OUTCOMES = (
    "answered",
    "known",
    "duplicate",
    "not found",
    "ambiguous",
    "blank",
    "unusable",
    "suppressed",
    "in doubt",
    "over budget",
    "failed",
    "not tried",
    "left out",
)
#: With one of these a run is not wholly done.
UNFINISHED = ("in doubt", "over budget", "failed", "not tried")
#: Why a receipt gives a least and a most.
INEXACT = "Of some answers nobody said exactly what they cost."


@dataclass(frozen=True, repr=False)
class Receipt:
    """What a run really cost, beside its preview. Amounts in millicredits of the provider's credit.

    ``charged`` is settled; an interval where the provider did not say. ``held`` stays reserved for calls
    whose outcome nobody knows. ``rows`` counts the frame's rows by outcome and adds up to all of them.
    """

    run_id: str
    provider: str
    account: str
    step: str
    state: str
    stopped_why: str
    approved: int
    preview: Mapping[str, Any]
    charged: Amount
    held: int
    calls: int
    repeated: int
    rows: Mapping[str, int]
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """For a program: amounts as integer millicredits."""
        return {
            "run": self.run_id,
            "provider": self.provider,
            "account": self.account,
            "step": self.step,
            "state": self.state,
            "stopped_why": self.stopped_why,
            "rows": dict(self.rows),
            "rows_total": sum(self.rows.values()),
            "calls": self.calls,
            "calls_repeated_for_earlier_runs": self.repeated,
            "approved_millicredits": self.approved,
            "preview_least_millicredits": self.preview.get("least_millicredits"),
            "preview_expected_millicredits": self.preview.get("expected_millicredits"),
            "preview_most_millicredits": self.preview.get("most_millicredits"),
            "charged_least_millicredits": self.charged.least,
            "charged_most_millicredits": self.charged.most,
            "held_millicredits": self.held,
            "notes": list(self.notes),
        }

    def lines(self) -> list[tuple[str, str]]:
        """Label and value of each line, for whoever shows it."""
        previewed = credits_text(self.preview.get("most_millicredits") or 0)
        lines = [
            *([("rows", counts_text(self.rows))] if self.rows else []),
            ("credits previewed", f"at most {previewed}"),
            ("credits approved", f"at most {credits_text(self.approved)}"),
            ("credits charged", str(self.charged)),
            ("calls", f"{self.calls:,}"),
        ]
        if not self.charged.exact:
            lines.append(("note", INEXACT))
        if self.held:
            lines.append(("credits held", f"{credits_text(self.held)}, for what is in doubt"))
        if self.repeated:
            lines.append(("repeated", f"{self.repeated:,} calls of earlier runs, under their reservations"))
        if self.stopped_why:
            lines.append(("stopped", self.stopped_why))
        return [*lines, *(("note", note) for note in self.notes)]

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        return text_block(f"{self._head()}.", self.lines())

    def _repr_html_(self) -> str:
        return html_block(self._head(), self.lines())

    def _head(self) -> str:
        return f"Receipt {self.run_id}: {self.step.replace('_', ' ')} with {self.provider}, {self.state}"


@dataclass(frozen=True, eq=False)
class Done:
    """An enriched frame and its receipt. ``stopped``: why the run ended early, if it did."""

    frame: pd.DataFrame
    receipt: Receipt
    columns: tuple[ResultColumn, ...]
    stopped: LeadkitError | None = None
    cancelled: bool = False
    #: One row for each bought key: provider, time, request id and credits, for the workbook's log.
    provenance: pd.DataFrame = field(default_factory=pd.DataFrame)

    def __repr__(self) -> str:
        receipt = self.receipt
        name = f"{receipt.step} with {receipt.provider}"
        return f"<Done: {name}, {counts_text(receipt.rows)}, credits charged {receipt.charged}>"

    @cached_property
    def complete(self) -> bool:
        """Whether nothing is left to be done for any row."""
        return not any(self.receipt.rows[outcome] for outcome in UNFINISHED)


def result_columns(operation: Operation) -> tuple[ResultColumn, ...]:
    """The columns that a step adds: the provider's, then what became of the row and what it cost."""
    prefix = f"{operation.provider}_{operation.step}"
    return (
        *operation.columns,
        *(_match_columns(operation.provider) if operation.step == "find_people" else ()),
        ResultColumn(f"{prefix}_status", "", "what became of the row: " + ", ".join(OUTCOMES)),
        ResultColumn(f"{prefix}_note", "", "why, or what is odd about it"),
        ResultColumn(
            f"{prefix}_credits", "", "credits that the row cost at most, in this run", dtype="number"
        ),
    )


def make_receipt(record: RunRecord, rows: Mapping[str, int], repeated: int) -> Receipt:
    return Receipt(
        run_id=record.id,
        provider=record.provider,
        account=record.account,
        step=record.step,
        state=record.state,
        stopped_why=record.stopped_why,
        approved=record.approved,
        preview=record.preview,
        charged=record.charged,
        held=record.held,
        calls=record.calls,
        repeated=repeated,
        rows=rows,
        notes=tuple(record.context.get("notes", ())),
    )


def _match_columns(provider: str) -> tuple[ResultColumn, ...]:
    """How well whoever came back fits the row; see :mod:`leadkit.match`."""
    return (
        ResultColumn(
            f"{provider}_match_score", "match_score", "0 to 100: is it the row's person", dtype="integer"
        ),
        ResultColumn(f"{provider}_match_reasons", "match_reasons", "why"),
    )
