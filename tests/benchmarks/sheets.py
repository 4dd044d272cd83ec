"""Writing five columns back into a workbook, and reading it: ``python -m tests.benchmarks.sheets [ROWS …]``.

Each measurement runs in a process of its own, so that its peak memory is its own. Times are CPU seconds, the
least of three runs. Beside leadkit stand: inflating, passing through and deflating the sheet's XML, which no
way of writing back can avoid; openpyxl's load and save; openpyxl and calamine for reading.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

COLUMNS = 15
NEW = 5
WORDS = ("valid", "invalid", "risky", "unknown")


def make(path: Path, rows: int) -> None:
    """A workbook as a customer's system exports it: texts, numbers, dates, some of them repeated."""
    import datetime as dt

    import xlsxwriter  # type: ignore[import-untyped]

    book = xlsxwriter.Workbook(str(path), {"constant_memory": False})
    sheet = book.add_worksheet("Leads")
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    sheet.write_row(
        0, 0, ["Id", "First name", "Last name", "Email", "Company", "City", "Country", "Phone", "Since"]
    )
    sheet.write_row(0, 9, ["Revenue", "Employees", "Owner", "Status", "Notes", "Score"])
    start = dt.datetime(2020, 1, 1)
    for i in range(1, rows + 1):
        texts = [
            f"First{i % 900}",
            f"Last{i % 7000}",
            f"person{i}@company{i % 4000}.example",
            f"Company {i % 4000}",
        ]
        sheet.write_number(i, 0, i)
        sheet.write_row(i, 1, [*texts, f"City {i % 300}", f"Country {i % 40}", f"+49 30 {i:07d}"])
        sheet.write_datetime(i, 8, start + dt.timedelta(days=i % 2000), day)
        sheet.write_row(i, 9, [i * 12.5, i % 5000, f"Owner {i % 25}", "open", f"Note number {i}", i % 100])
    book.close()


def sheet_member(path: Path) -> zipfile.ZipInfo:
    return zipfile.ZipFile(path).getinfo("xl/worksheets/sheet1.xml")


def nothing(_path: Path, _out: Path) -> Callable[[], object]:
    return lambda: None


def floor(path: Path, out: Path) -> Callable[[], object]:
    """Inflate the sheet's XML, pass it through, deflate it."""

    def run() -> None:
        packer = zlib.compressobj(6, zlib.DEFLATED, -15)
        with zipfile.ZipFile(path).open("xl/worksheets/sheet1.xml") as source, out.open("wb") as target:
            while piece := source.read(262_144):
                target.write(packer.compress(piece))
            target.write(packer.flush())

    return run


def leadkit_write(path: Path, out: Path) -> Callable[[], object]:
    import leadkit.sheets as sheets

    book = sheets.open_book(path)
    frame = book.frame.copy()
    n = len(frame)
    frame["Email verdict"] = [WORDS[i % 4] for i in range(n)]
    frame["Email score"] = range(n)
    frame["Job title"] = [f"Head of number {i % 500}" for i in range(n)]
    frame["Profile"] = [f"https://people.example/{i}" for i in range(n)]
    frame["Checked"] = [i % 3 == 0 for i in range(n)]
    return lambda: book.save_as(out, frame, overwrite=True)


def openpyxl_write(path: Path, out: Path) -> Callable[[], object]:
    import openpyxl

    def run() -> None:
        book = openpyxl.load_workbook(path)
        sheet = book["Leads"]
        for i in range(2, sheet.max_row + 1):
            values: list[Any] = [
                WORDS[i % 4],
                i,
                f"Head of number {i % 500}",
                f"https://people.example/{i}",
                i % 3 == 0,
            ]
            for j, value in enumerate(values):
                sheet.cell(i, COLUMNS + 1 + j, value)
        book.save(out)

    return run


def leadkit_read(path: Path, _out: Path) -> Callable[[], object]:
    import leadkit.sheets as sheets

    return lambda: sheets.open_book(path)


def calamine_read(path: Path, _out: Path) -> Callable[[], object]:
    import python_calamine

    return lambda: (
        python_calamine.load_workbook(str(path)).get_sheet_by_index(0).to_python(skip_empty_area=False)
    )


def pandas_calamine_read(path: Path, _out: Path) -> Callable[[], object]:
    import pandas as pd

    return lambda: pd.read_excel(path, engine="calamine", dtype=str)


def openpyxl_read(path: Path, _out: Path) -> Callable[[], object]:
    import openpyxl

    def run() -> None:
        for _ in openpyxl.load_workbook(path, read_only=True)["Leads"].iter_rows(values_only=True):
            pass

    return run


WAYS = {
    "floor": floor,
    "leadkit write": leadkit_write,
    "openpyxl write": openpyxl_write,
    "leadkit read": leadkit_read,
    "calamine read": calamine_read,
    "pandas+calamine read": pandas_calamine_read,
    "openpyxl read": openpyxl_read,
}


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(way: str, path: Path, times: int) -> None:
    """In a process of its own: CPU seconds of the best run, and peak memory before and after."""
    with tempfile.TemporaryDirectory() as folder:
        run = WAYS[way](path, Path(folder) / "out.xlsx")
        before = peak_mb()
        best = float("inf")
        for _ in range(times):
            start = time.process_time()
            run()
            best = min(best, time.process_time() - start)
        print(json.dumps({"seconds": best, "mb": peak_mb(), "mb_before": before}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="*", type=int, default=[10_000, 100_000])
    parser.add_argument("--way", choices=WAYS)
    parser.add_argument("--make", type=int)
    parser.add_argument("--path", type=Path)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--only", nargs="*", choices=WAYS, default=list(WAYS))
    options = parser.parse_args()
    if options.make:
        make(options.path, options.make)
        return
    if options.way:
        measure(options.way, options.path, options.times)
        return
    with tempfile.TemporaryDirectory() as folder:
        for rows in options.rows:
            path = Path(folder) / f"{rows}.xlsx"
            # In a process of its own: a child's peak memory begins with its parent's.
            subprocess.run(
                [sys.executable, "-m", __spec__.name, "--make", str(rows), "--path", str(path)], check=True
            )
            info = sheet_member(path)
            print(f"{rows:,} rows × {COLUMNS} columns, sheet XML {info.file_size / 1e6:.1f} MB")
            results = {}
            for way in options.only:
                times = 1 if way.startswith("openpyxl") else options.times
                command = [
                    sys.executable,
                    "-m",
                    __spec__.name,
                    "--way",
                    way,
                    "--path",
                    str(path),
                    "--times",
                    str(times),
                ]
                results[way] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
                r = results[way]
                grown = r["mb"] - r["mb_before"]
                print(
                    f"  {way:22} {r['seconds']:7.2f} s   peak {r['mb']:6.0f} MB, {grown:+.0f} while running"
                )
            ratios = [
                ("leadkit write", "floor"),
                ("openpyxl write", "leadkit write"),
                ("openpyxl read", "leadkit read"),
                ("leadkit read", "calamine read"),
            ]
            for one, other in ratios:
                if one in results and other in results:
                    print(f"  {one} / {other}: {results[one]['seconds'] / results[other]['seconds']:.2f}")


if __name__ == "__main__":
    main()
