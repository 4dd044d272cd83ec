"""New rows: written into a file of their own, or shown."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from leadkit.cli.terminal import check_output
from leadkit.errors import SheetError

if TYPE_CHECKING:
    import pandas as pd

_WIDEST = 28


@contextmanager
def write_rows(target: Path | None, *, overwrite: bool) -> Iterator[Callable[[pd.DataFrame], None]]:
    """What writes a frame into a new .xlsx or .csv; that it cannot be written is found before the block begins."""
    from leadkit.sheets.changes import as_text
    from leadkit.sheets.csv_file import guarded
    from leadkit.sheets.new_workbook import write_new_workbook
    from leadkit.sheets.save import safely

    if target is None:
        yield lambda _: None
        return
    if target.suffix.lower() not in (".xlsx", ".csv"):
        msg = f"{target.name}: new rows are written as .xlsx or .csv. Nothing was sent. Name the output so."
        raise SheetError(msg)
    check_output(target, overwrite)

    def write(frame: pd.DataFrame) -> None:
        with safely(target, overwrite=overwrite) as (file, _):
            if target.suffix.lower() == ".xlsx":
                write_new_workbook(file, {"Found": frame})
                return
            cells = frame.astype(object).where(frame.notna(), "").map(lambda cell: guarded(as_text(cell)))
            # Excel takes UTF-8 for what it is only with the mark.
            file.write(cells.to_csv(index=False, lineterminator="\r\n").encode("utf-8-sig"))

    yield write


def show_rows(frame: pd.DataFrame, most: int = 20) -> None:
    """The first rows for a person: as many of the columns that say anything as the terminal is wide."""
    import pandas as pd

    from leadkit.wording import counted

    shown: list[list[str]] = []
    hidden, room = 0, shutil.get_terminal_size().columns
    for name in frame.columns:
        cells = ["" if pd.isna(cell) else _printable(cell) for cell in frame[name].head(most)]
        if not any(cells):
            continue
        width = min(_WIDEST, max(map(len, [str(name), *cells])))
        if shown and width > room:
            hidden += 1
            continue
        room -= width + 2
        shown.append(
            [
                f"{text[: width - 1]}…" if len(text) > width else text.ljust(width)
                for text in (str(name), *cells)
            ]
        )
    for line in zip(*shown, strict=True):
        print("  ".join(line).rstrip())
    left_out = [(max(0, len(frame) - most), "row"), (hidden, "column")]
    more = " and ".join(counted(count, f"more {what}") for count, what in left_out if count)
    print(counted(len(frame), "row") + (f"; {more} not shown here" if more else ""))


def _printable(cell: object) -> str:
    """Without what would move the cursor or paint the terminal."""
    return "".join(letter if letter.isprintable() else " " for letter in str(cell))
