"""What a person chose, and what was approved: plain values that a job's folder keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from leadkit.app.own_columns import Write
from leadkit.plan import Plan, make_plan
from leadkit.sheets import Book, open_book
from leadkit.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Task:
    """One step for one sheet: all that decides what is bought and where it is written, but the money.

    ``columns`` is role → column, as a plan takes it. ``sample`` and ``rows`` make it a pilot: so many keys at the
    most, drawn from these spreadsheet rows, or from all when ``rows`` is None; other rows are left as they are.
    ``options`` are further keywords of :func:`leadkit.plan.make_plan`, such as ``country``.
    """

    step: str
    provider: str
    columns: Mapping[str, str]
    wants: tuple[str, ...] = ()
    sample: int | None = None
    rows: tuple[int, ...] | None = None
    write: Write = "new"
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_pilot(self) -> bool:
        return self.sample is not None or self.rows is not None

    def whole(self) -> Task:
        """The same for all rows."""
        return replace(self, sample=None, rows=None)

    def plan(self, book: Book, workspace: Workspace) -> Plan:
        """Work out what it would buy. Sends nothing.

        Raises
        ------
        InputError
            The columns do not name anybody, the provider does not offer it, or a row is not in the sheet.
        """
        plan = make_plan(
            book.frame,
            self.step,
            self.columns,
            via=self.provider,
            want=self.wants,
            workspace=workspace,
            **self.options,
        )
        return plan.pilot(self.sample, rows=self.rows) if self.is_pilot else plan


@dataclass(frozen=True, slots=True)
class Order:
    """What was approved: a task for a sheet, as it was planned then, and ``at_most`` millicredits for it.

    ``keys`` is how many distinct ones are to be bought. ``app`` is the notebook whose pages show the job; ``after``
    the job that this one follows, on its result or on the rows that it left; empty for the first.
    """

    task: Task
    book_name: str
    sheet: str
    header_row: int
    hidden_rows: bool
    plan_hash: str
    keys: int
    at_most: int
    user: str
    app: str = "enrich"
    after: str = ""

    def open(self, source: bytes) -> Book:
        """The workbook with the sheet and header row that were chosen."""
        return open_book(
            source,
            sheet=self.sheet,
            header_row=self.header_row,
            name=self.book_name,
            hidden_rows=self.hidden_rows,
        )

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Order:
        """Raises TypeError or KeyError for what :meth:`to_dict` did not make."""
        task = values["task"]
        rows = None if task["rows"] is None else tuple(task["rows"])
        return cls(**{**values, "task": Task(**{**task, "wants": tuple(task["wants"]), "rows": rows})})
