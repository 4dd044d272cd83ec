"""A job's folder: what was approved, the workbook as it was uploaded, and in the end the result.

Only its owner can read it, and no API key is ever in it.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from leadkit.app.order import Order
from leadkit.app.own_columns import write_into
from leadkit.errors import LedgerError, RunNotFoundError
from leadkit.result import UNFINISHED, Done, Receipt
from leadkit.sheets import Book, open_book

GONE = (
    "This job is not here: it was removed, or its address is not complete. What it bought is kept; the same "
    "workbook again costs nothing for the rows that were answered."
)

#: How many different reasons for one outcome are kept; rows have theirs in the workbook.
MOST_REASONS = 5


class JobFolder:
    """The files of one job. Every file is complete or not there."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def id(self) -> str:
        return self.path.name

    def exists(self) -> bool:
        return self.path.is_dir()

    def freeze(self, order: Order, source: bytes) -> None:
        """Keep order and workbook; they never change afterwards.

        Raises
        ------
        LedgerError
            The folder cannot be written. Nothing was sent.
        """
        unfinished = self.path.with_name(f".{self.id}.{secrets.token_hex(4)}")
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            unfinished.mkdir(mode=0o700)
            suffix = Path(order.book_name).suffix.lower()
            _write(unfinished / f"source{suffix if suffix[1:].isalnum() else '.bin'}", source)
            _write(unfinished / "order.json", json.dumps(order.to_dict(), ensure_ascii=False).encode())
            unfinished.rename(self.path)
        except OSError as error:
            if self.exists():  # another server was quicker, with the same order
                shutil.rmtree(unfinished, ignore_errors=True)
                return
            msg = f"The folder {self.path} cannot be written: {error.strerror}. Nothing was sent."
            raise LedgerError(msg) from error

    @property
    def order(self) -> Order:
        """What was approved. Raises RunNotFoundError when the files are gone, or another leadkit's."""
        try:
            return Order.from_dict(json.loads((self.path / "order.json").read_text("utf-8")))
        except (OSError, ValueError, TypeError, KeyError):
            raise RunNotFoundError(GONE) from None

    @property
    def source(self) -> Path:
        """The workbook as it was uploaded."""
        return next(self.path.glob("source.*"))

    def book(self) -> Book:
        """The uploaded workbook, read again."""
        return self.order.open(self.source.read_bytes())

    # -- what came of it ----------------------------------------------------------------------------------

    @property
    def problem(self) -> str:
        """Why the job could not begin or end, in a sentence; empty when it could."""
        return self._read("problem.txt")

    def note_problem(self, sentence: str) -> None:
        if sentence:
            _write(self.path / "problem.txt", sentence.encode())
        else:
            (self.path / "problem.txt").unlink(missing_ok=True)

    def result_path(self, book: Book) -> Path:
        """Where the enriched workbook will lie. A format that cannot be written back becomes a new one."""
        return self.path / f"result{book.default_output.suffix}"

    def keep(self, book: Book, done: Done) -> None:
        """Write the enriched workbook, and then the receipt, which says that there is one."""
        log = {"leadkit receipt": receipt_frame(done.receipt)}
        if len(done.provenance):
            log["leadkit log"] = done.provenance
        path, write = self.result_path(book), self.order.task.write
        frame = write_into(done.frame, book.frame.loc[done.frame.index], done.columns, write)
        saved = book.save_as(path, frame, log=log, overwrite=True, policy=write)
        made_anew = path.suffix != Path(book.name).suffix.lower()
        body = {
            "file": path.name,
            "name": book.default_output.name,
            # The same workbook under its own name, for another step.
            "book_name": Path(book.name).with_suffix(path.suffix).name if made_anew else book.name,
            "header_row": 1 if made_anew else book.header_row,
            "columns": saved.added,
            "written": {"filled": saved.filled, "overwritten": saved.overwritten},
            "notes": saved.notes,
            "lines": done.receipt.lines(),
            "receipt": done.receipt.to_dict(),
            "reasons": reasons(done),
            "complete": done.complete,
        }
        _write(self.path / "receipt.json", json.dumps(body, ensure_ascii=False).encode())

    @property
    def receipt(self) -> Mapping[str, Any]:
        """What the job really cost and what it wrote; empty while there is no result."""
        found: Mapping[str, Any] = json.loads(self._read("receipt.json") or "{}")
        return found

    def result(self) -> bytes:
        """The enriched workbook, as it is handed out. Raises RunNotFoundError when it is gone."""
        try:
            return (self.path / str(self.receipt["file"])).read_bytes()
        except (OSError, KeyError):
            raise RunNotFoundError(GONE) from None

    def result_book(self) -> Book:
        """The enriched workbook, read back from the very file that is handed out."""
        receipt, order = self.receipt, self.order
        return open_book(
            self.result(),
            sheet=order.sheet,
            header_row=receipt["header_row"],
            name=receipt["book_name"],
            hidden_rows=order.hidden_rows,
        )

    def result_frame(self) -> pd.DataFrame:
        """The rows that the job was for, with the columns that it read first and the new ones next to them."""
        frame, task = self.result_book().frame, self.order.task
        asked = [column for column in dict.fromkeys(task.columns.values()) if column in frame]
        added = [column for column in self.receipt["columns"] if column in frame and column not in asked]
        rest = [column for column in frame if column not in {*added, *asked}]
        rows = frame.index if task.rows is None else frame.index.intersection(list(task.rows))
        return frame.loc[rows, [*asked, *added, *rest]]

    def remove(self) -> None:
        """Delete the files from this machine. What the job bought stays in the ledger."""
        shutil.rmtree(self.path, ignore_errors=True)

    def _read(self, name: str) -> str:
        try:
            return (self.path / name).read_text("utf-8")
        except FileNotFoundError:
            return ""


def reasons(done: Done) -> dict[str, dict[str, int]]:
    """Why rows are not done: outcome → reason in words → how many rows, the commonest first."""
    status, note = (column.name for column in done.columns[-3:-1])
    told = done.frame[[status, note]].set_axis(["status", "note"], axis="columns").fillna("")
    return {
        str(outcome): {str(why): int(n) for why, n in rows["note"].value_counts().head(MOST_REASONS).items()}
        for outcome, rows in told[told["status"].isin(UNFINISHED)].groupby("status")
    }


def receipt_frame(receipt: Receipt) -> pd.DataFrame:
    """The receipt as a sheet of the workbook."""
    head = [("run", receipt.run_id), ("step", receipt.step.replace("_", " ")), ("provider", receipt.provider)]
    return pd.DataFrame([*head, *receipt.lines()], columns=["what", "value"], dtype="str")


def _write(path: Path, body: bytes) -> None:
    """Write a private file in one piece."""
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(body)
    unfinished.replace(path)
