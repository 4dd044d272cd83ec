"""Try a folder of workbooks: ``python -m tests.sheets.corpus FOLDER [--every-sheet]``.

Every workbook is opened, three columns are added, and the result is judged by code that is not ours: the zip
archive byte by byte, the sheet's XML as a tree, the new values through openpyxl and calamine. Prints what was
refused and why; exit status 1 when any workbook was damaged or raised an unexpected error.
"""

from __future__ import annotations

import argparse
import collections
import datetime as dt
import io
import re
import struct
import sys
import time
import traceback
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import openpyxl
import pandas as pd
import python_calamine

import leadkit.sheets as sheets
from leadkit.errors import SheetError

TEXT = '=1+1 & <b>"Zoë"</b> \U0001f600 '
ADDED = ("Checked text", "Checked number", "Checked date")
DAY = dt.date(2026, 3, 4)


class DamagedError(Exception):
    """The result differs from the workbook in more than the new cells."""


def with_columns(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with a column of text, one of numbers and one of dates."""
    frame = frame.copy()
    frame[ADDED[0]] = [f"{TEXT}{i}" for i in range(len(frame))]
    frame[ADDED[1]] = range(len(frame))
    frame[ADDED[2]] = [DAY] * len(frame)
    return frame


def raw_members(data: bytes) -> dict[str, tuple[bytes, bytes]]:
    """Member → (its local header and packed data, its directory entry without the offset)."""
    archive = zipfile.ZipFile(io.BytesIO(data))
    infos = sorted(archive.infolist(), key=lambda i: i.header_offset)
    ends = [i.header_offset for i in infos[1:]] + [archive.start_dir]
    local = {i.filename: data[i.header_offset : end] for i, end in zip(infos, ends, strict=True)}
    entries, position = {}, archive.start_dir
    for info in archive.infolist():
        n, m, k = struct.unpack_from("<3H", data, position + 28)
        end = position + 46 + n + m + k
        entries[info.filename] = data[position : position + 42] + data[position + 46 : end]
        position = end
    return {name: (local[name], entries[name]) for name in local}


def same_members(before: bytes, after: bytes, may_change: set[str]) -> list[str]:
    """Changed members; DamagedError when one changed that had no reason to, or one is gone or new."""
    old, new = raw_members(before), raw_members(after)
    if list(old) != list(new):
        raise DamagedError(f"members {sorted(old.keys() ^ new.keys())} came or went, or their order changed")
    changed = [name for name in old if old[name] != new[name]]
    if strange := set(changed) - may_change:
        raise DamagedError(f"members changed for no reason: {sorted(strange)}")
    if broken := zipfile.ZipFile(io.BytesIO(after)).testzip():
        raise DamagedError(f"the checksum of {broken} is wrong")
    return changed


def same_but_for_filters(before: bytes, after: bytes) -> None:
    """DamagedError when the workbook's part differs in more than the hidden names of its filters."""
    old, new = (
        re.sub(
            rb'(_xlnm._FilterDatabase"[^>]*>)[^<]*',
            rb"\1",
            zipfile.ZipFile(io.BytesIO(data)).read("xl/workbook.xml"),
        )
        for data in (before, after)
    )
    if old != new:
        raise DamagedError("xl/workbook.xml changed in more than a filter's name")


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _column(reference: str) -> int:
    number = 0
    for letter in re.match(r"[A-Z]*", reference.upper())[0]:  # type: ignore[index]
        number = number * 26 + ord(letter) - 64
    return number


def tree(data: bytes) -> Any:
    if b"<!DOCTYPE" in data:
        raise DamagedError("a document type in a sheet")
    return ElementTree.fromstring(data)


def normal(element: Any, new: set[tuple[int, int]]) -> Iterator[Any]:
    """A sheet's XML as values to compare: without the new cells, and without what has to grow with them."""
    row = 0
    for node in element:
        name = _local(node.tag)
        if name in ("dimension", "autoFilter"):
            yield name, sorted((k, v) for k, v in node.attrib.items() if k != "ref"), list(map(flat, node))
        elif name == "cols":
            continue
        elif name == "sheetData":
            for line in node:
                row = int(line.get("r", row + 1))
                column = 0
                cells = []
                for cell in line:
                    column = _column(cell.get("r", "")) or column + 1
                    if (column, row) not in new:
                        cells.append(flat(cell))
                attributes = sorted((k, v) for k, v in line.attrib.items() if k not in ("spans", "r"))
                if cells or attributes:
                    yield "row", row, attributes, cells
        else:
            yield flat(node)


def flat(node: Any) -> Any:
    return node.tag, sorted(node.attrib.items()), node.text, [flat(child) for child in node]


def column_definitions(root: Any) -> list[Any]:
    return [node for group in root if _local(group.tag) == "cols" for node in group]


def hidden_columns(root: Any) -> set[int]:
    found = set()
    for node in column_definitions(root):
        if node.get("hidden") in ("1", "true"):
            found |= set(range(int(node.get("min")), int(node.get("max")) + 1))
    return found


def same_sheet(before: bytes, after: bytes, new: set[tuple[int, int]]) -> None:
    """DamagedError when the sheet's XML differs in more than the new cells."""
    old_root, new_root = tree(before), tree(after)
    replaced = {(c, r) for c, r in new}
    for old, now in zip(normal(old_root, replaced), normal(new_root, replaced), strict=True):
        if old != now:
            raise DamagedError(f"the sheet changed: {str(old)[:200]} is now {str(now)[:200]}")
    lost = hidden_columns(old_root) - hidden_columns(new_root) - {c for c, _ in new}
    if lost or hidden_columns(new_root) - hidden_columns(old_root):
        raise DamagedError(f"other columns are hidden now: {sorted(lost)[:10]}")
    last = 0
    for node in column_definitions(new_root):
        if int(node.get("min")) <= last or int(node.get("max")) < int(node.get("min")):
            raise DamagedError("column definitions lie over each other")
        last = int(node.get("max"))


def check_tables(after: bytes, sheet_part: str) -> None:
    """Each table's columns fit its area, and are named like the cells of its header."""
    archive = zipfile.ZipFile(io.BytesIO(after))
    for name in archive.namelist():
        if not re.search(r"tables/[^/]*\.xml$", name):
            continue
        root = tree(archive.read(name))
        columns = [n for n in root.iter() if _local(n.tag) == "tableColumn"]
        first, _, last = root.get("ref").partition(":")
        width = _column(last or first) - _column(first) + 1
        counts = [int(n.get("count", len(columns))) for n in root.iter() if _local(n.tag) == "tableColumns"]
        if len(columns) != width or counts != [width]:
            raise DamagedError(f"{name} has {len(columns)} columns (count {counts}) in an area of {width}")
        if (
            len({c.get("id") for c in columns}) != width
            or len({c.get("name", "").casefold() for c in columns}) != width
        ):
            raise DamagedError(f"{name} has two columns of one name or id")


def read_openpyxl(data: bytes, sheet: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return openpyxl.load_workbook(io.BytesIO(data))[sheet]


def read_calamine(data: bytes, sheet: str) -> Any:
    return (
        python_calamine.load_workbook(io.BytesIO(data))
        .get_sheet_by_name(sheet)
        .to_python(skip_empty_area=False)
    )


def read_back(before: bytes, after: bytes, sheet: str, expected: dict[tuple[int, int], Any]) -> int:
    """The new values through two other readers, where they can read the original. → how many could."""
    readers = 0
    for reader in (read_openpyxl, read_calamine):
        try:
            reader(before, sheet)
        except BaseException as error:  # calamine's panics are no Exception
            if isinstance(error, KeyboardInterrupt):
                raise
            continue
        readers += 1
        try:
            found = reader(after, sheet)
        except Exception as error:
            raise DamagedError(
                f"{reader.__name__} reads the original, but not the result: {error!r}"
            ) from error
        for (column, row), value in expected.items():
            got = found.cell(row, column).value if reader is read_openpyxl else found[row - 1][column - 1]
            if isinstance(got, dt.datetime):
                got = got.date()
            if got != value:
                raise DamagedError(f"{reader.__name__}: row {row}, column {column} is {got!r}, not {value!r}")
    return readers


def try_one(path: Path, sheet: str | None = None) -> str:
    """Write one workbook and judge it. → what was done. Raises SheetError for a refusal."""
    before = path.read_bytes()
    book = sheets.open_book(path, sheet=sheet)
    book.check_writable()
    frame = with_columns(book.frame)
    after = book.to_bytes(frame)
    if book.kind not in ("xlsx", "xlsm"):
        again = sheets.open_book(after, name=f"again{path.suffix}" if book.kind == "csv" else "again.xlsx")
        if list(again.frame.columns[-3:]) != list(ADDED):
            raise DamagedError(f"the new columns are not in the result: {list(again.frame.columns)}")
        return f"{book.kind} written"
    again = sheets.open_book(after, sheet=book.sheet, header_row=book.header_row, name=path.name)
    part, numbers = _places(after, book, again)
    styles = {n for n in zipfile.ZipFile(io.BytesIO(before)).namelist() if n.lower().endswith("styles.xml")}
    if not styles:  # without styles no cell can be shown as a date
        frame[ADDED[2]] = DAY.isoformat()
    expected: dict[tuple[int, int], Any] = {}
    for name, number in zip(ADDED, numbers, strict=True):
        if book.header_row:
            expected[number, book.header_row] = name
        expected |= {(number, int(row)): value for row, value in zip(frame.index, frame[name], strict=True)}
    tables = {n for n in zipfile.ZipFile(io.BytesIO(before)).namelist() if "table" in n.lower()}
    if "xl/workbook.xml" in same_members(before, after, {part, "xl/workbook.xml"} | tables | styles):
        same_but_for_filters(before, after)
    old, new = (zipfile.ZipFile(io.BytesIO(data)).read(part) for data in (before, after))
    same_sheet(old, new, set(expected))
    check_tables(after, part)
    _same_frame(book.frame, again.frame)
    readers = read_back(before, after, book.sheet, expected)
    return f"written, read back by {readers} readers"


def _places(after: bytes, book: sheets.Book, again: sheets.Book) -> tuple[str, list[int]]:
    """The sheet's part, and the numbers of the new columns, by looking at the new workbook's cells."""
    part = again._read.entry.part  # type: ignore[union-attr]
    names = list(again.frame.columns)
    if book.header_row and book.frame.columns.size + 3 != len(names):
        raise DamagedError(f"the result has other columns: {names}")
    return part, list(again._numbers[-3:]) if len(again._numbers) >= 3 else _empty_places(again)


def _empty_places(again: sheets.Book) -> list[int]:
    raise DamagedError(f"the new columns are missing: {list(again.frame.columns)}")


def _same_frame(before: pd.DataFrame, after: pd.DataFrame) -> None:
    """What was read before is read again."""
    common = after[before.columns].reindex(before.index)
    if not common.equals(before):
        raise DamagedError("the cells that were there before read differently now")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--every-sheet", action="store_true")
    options = parser.parse_args()
    done: collections.Counter[str] = collections.Counter()
    refused: list[tuple[str, str]] = []
    damaged: list[tuple[str, str]] = []
    failed: list[tuple[str, str]] = []
    slowest = (0.0, "")
    for path in sorted(p for p in options.folder.rglob("*") if p.is_file() and p.name != "manifest.csv"):
        started = time.perf_counter()
        try:
            names: list[str | None] = [None]
            if options.every_sheet:
                names = [info.name or None for info in sheets.open_book(path).sheets]
            for name in names:
                done[try_one(path, name)] += 1
        except SheetError as error:
            refused.append((path.name, str(error)))
        except DamagedError as error:
            damaged.append((path.name, str(error)))
        except Exception:
            failed.append((path.name, traceback.format_exc(limit=-4)))
        slowest = max(slowest, (time.perf_counter() - started, path.name))
    for title, files in (("refused", refused), ("DAMAGED", damaged), ("FAILED", failed)):
        for name, why in files:
            print(f"{title}  {name}\n    {why}")
    written = sum(done.values())
    total = written + len(refused) + len(damaged) + len(failed)
    print(
        f"\n{total} tried: {written} written ({written / max(total, 1):.1%}), {len(refused)} refused, "
        f"{len(damaged)} damaged, {len(failed)} failed"
    )
    for what, count in done.most_common():
        print(f"  {count} {what}")
    print(f"  slowest: {slowest[1]}, {slowest[0]:.1f} s with all checks")
    return 1 if damaged or failed else 0


if __name__ == "__main__":
    sys.exit(main())
