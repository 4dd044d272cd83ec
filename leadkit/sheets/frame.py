"""Filled cells → a DataFrame: names of columns, rows under their spreadsheet numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from leadkit.errors import SheetError
from leadkit.sheets.grid import Grid
from leadkit.sheets.limits import MAX_FRAME_CELLS
from leadkit.sheets.refs import LETTERS


@dataclass(frozen=True, slots=True)
class Framed:
    """A frame and the sheet's column number behind each of its columns."""

    frame: pd.DataFrame
    numbers: tuple[int, ...]


def unique_names(names: Iterable[str], taken: Iterable[str] = ()) -> list[str]:
    """``Email, Email`` → ``Email, Email (2)``. Names that differ only in case count as the same, as in Excel."""
    used = {name.casefold() for name in taken}
    unique = []
    for name in names:
        candidate, number = name, 1
        while candidate.casefold() in used:
            number += 1
            candidate = f"{name} ({number})"
        used.add(candidate.casefold())
        unique.append(candidate)
    return unique


def header_texts(grid: Grid, header_row: int) -> dict[int, str]:
    """The text of each header cell, on one line. A cell merged down into the header row lends its text."""
    if header_row < 1:
        return {}
    wanted: dict[int, set[int]] = {}
    for area in grid.merged:
        if area.top < header_row <= area.bottom:
            wanted.setdefault(area.left, set()).add(area.top)
    texts = {}
    for column, cells in grid.cells.items():
        rows = {header_row} | wanted.get(column, set())
        last = max(rows)
        for row, text in zip(cells.rows, cells.texts, strict=True):
            if row > last:
                break
            if row in rows and text.strip():
                texts[column] = " ".join(text.split())
    return texts


def build_frame(grid: Grid, header_row: int, without_rows: Iterable[int] = ()) -> Framed:
    """Everything below the header, text-exact; rows without any filled cell are left out.

    Raises
    ------
    SheetError
        So few cells in so wide a space that the frame would not fit into memory.
    """
    texts = header_texts(grid, header_row)
    left_out = set(without_rows)
    arrays = {}
    for column, cells in sorted(grid.cells.items()):
        rows = np.asarray(cells.rows, dtype=np.int64)
        start = int(np.searchsorted(rows, header_row, side="right"))
        arrays[column] = (rows[start:], cells.texts[start:])
    filled = [rows for rows, _ in arrays.values() if len(rows)]
    index = np.unique(np.concatenate(filled)) if filled else np.empty(0, dtype=np.int64)
    if left_out:
        index = index[~np.isin(index, list(left_out))]
    numbers = [c for c in sorted(arrays.keys() | texts.keys()) if c in texts or len(arrays[c][0])]
    if len(numbers) * len(index) > MAX_FRAME_CELLS:
        msg = (
            f"the sheet spreads over {len(index):,} rows and {len(numbers):,} columns, more than fits into memory "
            f"({MAX_FRAME_CELLS:,} cells). Nothing was sent. Move the list to a sheet of its own."
        )
        raise SheetError(msg)
    names = unique_names(texts.get(c, f"Column {LETTERS[c]}") for c in numbers)
    columns = {}
    for name, column in zip(names, numbers, strict=True):
        values = np.full(len(index), np.nan, dtype=object)
        if column in arrays:
            rows, column_texts = arrays[column]
            keep = ~np.isin(rows, list(left_out)) if left_out else slice(None)
            values[np.searchsorted(index, rows[keep])] = np.asarray(column_texts, dtype=object)[keep]
        columns[name] = pd.array(values, dtype="str")
    frame = pd.DataFrame(columns, index=pd.Index(index, name="row", dtype="int64"))
    frame.columns = pd.Index(names, dtype="str")
    return Framed(frame, tuple(numbers))
