"""Open results in LibreOffice: ``python -m tests.sheets.libreoffice FOLDER``. It takes minutes, so it is no test.

Every workbook of the folder and the same one with three columns added are opened by LibreOffice without a screen,
which exports all their sheets as CSV. The exports must be equal, but for the new columns, and for what differs
between two exports of the original: random numbers, the time. Exit status 1 when LibreOffice cannot open a result
whose original it opens, or shows something else in it.
"""

from __future__ import annotations

import argparse
import csv
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import leadkit.sheets as sheets
from leadkit.errors import SheetError
from tests.sheets.corpus import ADDED, with_columns

#: Comma, quotes, UTF-8, cells as shown, every sheet in a file of its own (LibreOffice 7.2 and later).
_FILTER = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1"


def export(files: list[Path], out: Path, profile: Path) -> None:
    """All sheets of all files as CSV: ``name-Sheet.csv``."""
    program = shutil.which("soffice") or shutil.which("libreoffice")
    if program is None:
        sys.exit("LibreOffice is not installed: apt install libreoffice-calc")
    command = [program, f"-env:UserInstallation={profile.as_uri()}", "--headless", "--convert-to", _FILTER]
    for start in range(0, len(files), 25):
        some = [str(file) for file in files[start : start + 25]]
        subprocess.run([*command, "--outdir", str(out), *some], check=False, timeout=900, capture_output=True)


def read(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def text_at(rows: list[list[str]], row: int, column: int) -> str:
    return rows[row][column] if row < len(rows) and column < len(rows[row]) else ""


def differences(before: Path, again: Path, after: Path, name: str, book: sheets.Book) -> str:
    """What LibreOffice shows differently, in words; empty when nothing is."""
    for file in sorted(p.name for p in before.glob(f"{name}-*.csv")):
        if not (after / file).exists():
            return f"the result is not opened, or lacks {file}"
        old, same, new = (read(folder / file) for folder in (before, again, after))
        added: set[int] = set()
        if file == f"{name}-{book.sheet}.csv" and book.header_row:
            added = {i for i, text in enumerate(new[book.header_row - 1]) if text in ADDED}
            if len(added) != len(ADDED):
                return f"{file} does not show the new columns"
        for row in range(max(len(old), len(new))):
            for column in range(max(len(rows[row]) if row < len(rows) else 0 for rows in (old, new))):
                was, now = text_at(old, row, column), text_at(new, row, column)
                ours = column in added and row + 1 >= book.header_row
                if was != now and not ours and was == text_at(same, row, column):
                    return f"{file} shows {now!r} for {was!r} in row {row + 1}, column {column + 1}"
    return ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    wrong = 0
    with tempfile.TemporaryDirectory() as temporary:
        names = ("before", "after", "csv-before", "csv-again", "csv-after", "profile")
        folders = {name: Path(temporary) / name for name in names}
        for folder in folders.values():
            folder.mkdir()
        books: dict[str, sheets.Book] = {}
        for number, path in enumerate(
            sorted(p for p in options.folder.iterdir() if p.suffix in (".xlsx", ".xlsm"))
        ):
            name = f"{number:04d}"
            try:
                book = sheets.open_book(path)
                book.check_writable()
                book.save_as(folders["after"] / f"{name}{path.suffix}", with_columns(book.frame))
            except SheetError:
                continue
            shutil.copyfile(path, folders["before"] / f"{name}{path.suffix}")
            books[name] = book
        for source, target in (("before", "csv-before"), ("before", "csv-again"), ("after", "csv-after")):
            export(sorted(folders[source].iterdir()), folders[target], folders["profile"])
        exports = (folders["csv-before"], folders["csv-again"], folders["csv-after"])
        for name, book in books.items():
            if found := differences(*exports, name, book):
                wrong += 1
                print(f"{book.name}: {found}")
        opened = sum(any(folders["csv-after"].glob(f"{name}-*.csv")) for name in books)
    print(f"{len(books)} written, {opened} opened by LibreOffice, {wrong} shown differently")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
