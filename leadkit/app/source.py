"""The workbook that a page begins with: uploaded, an earlier job's, or the example."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from leadkit.app.job_folder import JobFolder
from leadkit.app.jobs import Jobs
from leadkit.app.order import Task
from leadkit.app.upload import example, open_upload
from leadkit.sheets import Book

#: Rows of the sheet that are shown to find the header in, and to recognise the right sheet by.
FIRST_ROWS = 5


@dataclass(frozen=True)
class Source:
    """A workbook to begin with. ``task`` is what was chosen for it before, ``after`` the job that this follows."""

    name: str
    contents: bytes
    sheet: str | None = None
    header_row: int | None = None
    hidden_rows: bool = True
    task: Task | None = None
    after: str = ""

    @classmethod
    def result_of(cls, job: JobFolder) -> Source:
        """The result of a job, for another step. Raises RunNotFoundError when it is gone."""
        order, contents, receipt = job.order, job.result(), job.receipt
        return cls(
            receipt["book_name"],
            contents,
            sheet=order.sheet,
            header_row=receipt["header_row"],
            hidden_rows=order.hidden_rows,
            after=job.id,
        )

    @classmethod
    def of(cls, job: JobFolder) -> Source:
        """What a job was started with, to approve it anew: for all rows, where it was a pilot."""
        order = job.order
        return cls(
            order.book_name,
            job.source.read_bytes(),
            sheet=order.sheet,
            header_row=order.header_row,
            hidden_rows=order.hidden_rows,
            task=order.task.whole(),
            after=job.id if job.receipt else order.after,  # what never began is not worth telling
        )

    def open(
        self, sheet: str | None = None, header_row: int | None = None, *, hidden_rows: bool | None = None
    ) -> Book:
        """Read it, with another sheet, header row or without hidden rows where given.

        Another sheet's header is found anew.

        Raises
        ------
        SheetError
            It is no spreadsheet that can be read. Nothing was sent.
        """
        if header_row is None and sheet in (None, self.sheet):
            header_row = self.header_row
        return open_upload(
            self.name,
            self.contents,
            sheet=(self.sheet if sheet is None else sheet) or None,
            header_row=header_row,
            hidden_rows=self.hidden_rows if hidden_rows is None else hidden_rows,
        )


def given_source(jobs: Jobs, params: Mapping[str, Any], user: str) -> Source | None:
    """The workbook that the page's address names; None when one is to be uploaded.

    ``?after=JOB`` goes on with that job's result, ``?again=JOB`` approves it anew, ``?example=1`` is the example.

    Raises
    ------
    RunNotFoundError
        There is no such job any more, or it is another user's.
    """
    if after := params.get("after"):
        return Source.result_of(jobs.find(str(after), user))
    if again := params.get("again"):
        return Source.of(jobs.find(str(again), user))
    if params.get("example") and (found := example()):
        return Source(*found)
    return None
