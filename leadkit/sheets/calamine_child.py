"""Reads an .xls, .xlsb or .ods from standard input in a process of its own, and prints it as JSON.

calamine sets aside memory for every place between a sheet's first and last cell, and ends the process when
there is none. A file of a kilobyte can name a last cell that asks for gigabytes; here it takes only this
process along. Run by ``other_formats.py`` with ``-I``: it must not import anything of leadkit.

Arguments: what to print (``read`` or ``sizes``), megabytes of memory, seconds of processor time, and
the name of the sheet, if one is wanted.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import json
import sys
from typing import Any


def limit(megabytes: int, seconds: int) -> None:
    """Where the system can: no more memory and time than this. Windows cannot."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (megabytes * 1_000_000, megabytes * 1_000_000))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def text_of(value: Any) -> tuple[str, str]:
    """A cell as kind and text: ``n`` for a number, ``t`` for all else."""
    if isinstance(value, str):
        return "t", value
    if isinstance(value, bool):
        return "t", "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return "n", repr(value)
    if isinstance(value, dt.timedelta):
        seconds = round(value.total_seconds())
        return "t", f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return "t", value.isoformat() if isinstance(value, dt.date | dt.time) else str(value)


def cells_of(sheet: Any) -> dict[int, tuple[list[int], list[str], str]]:
    """Column number → rows, texts, kinds of its filled cells."""
    found: dict[int, tuple[list[int], list[str], list[str]]] = {}
    # iter_rows begins with the sheet's first row, filled or not
    for row, values in enumerate(sheet.iter_rows(), 1):
        for column, value in enumerate(values, 1):
            if value != "":
                kind, text = text_of(value)
                rows, texts, kinds = found.setdefault(column, ([], [], []))
                rows.append(row)
                texts.append(text)
                kinds.append(kind)
    return {column: (rows, texts, "".join(kinds)) for column, (rows, texts, kinds) in found.items()}


def answer(what: str, wanted: str | None) -> dict[str, Any]:
    """What is printed: ``sheets``, and the cells of one, or the sizes of all; or ``problem``."""
    import python_calamine as calamine

    try:
        book = calamine.load_workbook(io.BytesIO(sys.stdin.buffer.read()))
        names = [
            (m.name, m.visible != calamine.SheetVisibleEnum.Visible)
            for m in book.sheets_metadata
            if m.typ == calamine.SheetTypeEnum.WorkSheet
        ]
        if what == "sizes":
            ends = [book.get_sheet_by_name(name).end or (-1, -1) for name, _ in names]
            return {"sheets": names, "sizes": [(row + 1, column + 1) for row, column in ends]}
        visible = [name for name, hidden in names if not hidden] or [name for name, _ in names]
        filled = (name for name in visible if book.get_sheet_by_name(name).height)
        chosen = wanted or next(filled, visible[0] if visible else None)
        if chosen not in dict(names):
            return {"sheets": names, "sheet": None}
        sheet = book.get_sheet_by_name(chosen)
        return {
            "sheets": names,
            "sheet": chosen,
            "cells": cells_of(sheet),
            "merged": sheet.merged_cell_ranges,
        }
    except calamine.PasswordError:
        return {"problem": "password"}
    except MemoryError:
        return {"problem": "memory"}
    except BaseException as error:  # Rust's panics are no Exception
        return {"problem": "unreadable", "why": str(error)[:200]}


if __name__ == "__main__":
    limit(int(sys.argv[2]), int(sys.argv[3]))
    json.dump(answer(sys.argv[1], sys.argv[4] if len(sys.argv) > 4 else None), sys.stdout)
