"""A job's folder: what was approved, the workbook as it was uploaded, and in the end the result.

Only its owner can read it, and no API key is ever in it.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from leadkit.app.steps import STEPS
from leadkit.errors import LedgerError, RunNotFoundError
from leadkit.result import Done, Receipt
from leadkit.sheets import Book, open_book

GONE = (
    "This job is not here: it was removed, or its address is not complete. What it bought is kept; the same "
    "workbook again costs nothing for the rows that were answered."
)


@dataclass(frozen=True, slots=True)
class Order:
    """What was approved. ``at_most`` in millicredits; ``keys`` is how many distinct ones are to be bought."""

    book_name: str
    sheet: str
    header_row: int
    step: str
    column: str
    plan_hash: str
    keys: int
    at_most: int
    user: str

    @property
    def columns(self) -> dict[str, str]:
        """Kind of cell → column, as a plan takes it."""
        return {STEPS[self.step].takes: self.column}

    def open(self, source: bytes) -> Book:
        """The workbook with the sheet and header row that were chosen."""
        return open_book(source, sheet=self.sheet, header_row=self.header_row, name=self.book_name)


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
            _write(unfinished / "order.json", json.dumps(asdict(order), ensure_ascii=False).encode())
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
            return Order(**json.loads((self.path / "order.json").read_text("utf-8")))
        except (OSError, ValueError, TypeError):
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
        path = self.result_path(book)
        saved = book.save_as(path, done.frame, log=log, overwrite=True)
        made_anew = path.suffix != Path(book.name).suffix.lower()
        body = {
            "file": path.name,
            "name": book.default_output.name,
            "header_row": 1 if made_anew else book.header_row,
            "columns": saved.added,
            "notes": saved.notes,
            "lines": done.receipt.lines(),
            "receipt": done.receipt.to_dict(),
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

    def result_frame(self) -> pd.DataFrame:
        """The enriched rows, read back from the very file that is handed out; the new columns come first."""
        receipt = self.receipt
        book = open_book(
            self.result(), sheet=self.order.sheet, header_row=receipt["header_row"], name=receipt["name"]
        )
        added = [column for column in receipt["columns"] if column in book.frame]
        asked = [column for column in (self.order.column,) if column in book.frame]
        rest = [column for column in book.frame if column not in {*added, *asked}]
        return book.frame[[*asked, *added, *rest]]

    def remove(self) -> None:
        """Delete the files from this machine. What the job bought stays in the ledger."""
        shutil.rmtree(self.path, ignore_errors=True)

    def _read(self, name: str) -> str:
        try:
            return (self.path / name).read_text("utf-8")
        except FileNotFoundError:
            return ""


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
