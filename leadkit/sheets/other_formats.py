""".xls, .xlsb and .ods: read through calamine. They are not written; results go to a new .xlsx."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Literal

from leadkit.errors import SheetError
from leadkit.sheets import limits
from leadkit.sheets.grid import Cells, Grid
from leadkit.sheets.number_text import plain_number
from leadkit.sheets.refs import Area
from leadkit.sheets.source import Source
from leadkit.sheets.xlsx_file import SheetInfo

OtherKind = Literal["xls", "xlsb", "ods"]

_CHILD = Path(__file__).with_name("calamine_child.py")
#: What the other process needs of the environment; API keys are none of it.
_ENVIRONMENT = ("PATH", "SYSTEMROOT", "LANG", "LC_ALL")


class OtherFile:
    """A workbook of another format.

    Raises
    ------
    SheetError
        It cannot be read, is behind a password, or asks for memory beyond all measure of its size.
    """

    def __init__(self, source: Source, kind: OtherKind) -> None:
        self.source = source
        self.kind = kind

    def _ask(self, *arguments: str) -> dict[str, Any]:
        """Run calamine in a process of its own, with memory and time in proportion to the file."""
        megabytes = 300 + self.source.size * limits.OTHER_BYTES_PER_BYTE // 1_000_000
        seconds = 4 + self.source.size // 500_000
        what, *rest = arguments
        command = [sys.executable, "-I", str(_CHILD), what, str(megabytes), str(seconds), *rest]
        environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        done = subprocess.run(  # noqa: S603 (our own script, and arguments that no shell reads)
            command, input=self.source.read(), capture_output=True, check=False, env=environment
        )
        try:
            answer: dict[str, Any] = json.loads(done.stdout)
        except ValueError:
            answer = {"problem": "memory"}
        problem = answer.get("problem")
        if problem == "password":
            raise password_error(self.source.name)
        if problem == "memory":
            msg = (
                f"{self.source.name} asks for more memory or time than a file of its size should: a cell far away "
                "from the others, or damage. Nothing was sent. Save it as .xlsx in a spreadsheet program."
            )
            raise SheetError(msg)
        if problem:
            msg = (
                f"{self.source.name} is not a workbook that can be read ({answer['why']}). Nothing was sent."
            )
            raise SheetError(msg)
        if not answer["sheets"]:
            msg = f"{self.source.name} has no worksheet. Nothing was sent."
            raise SheetError(msg)
        return answer

    def infos(self) -> list[SheetInfo]:
        """All sheets with their extent."""
        answer = self._ask("sizes")
        sheets = zip(answer["sheets"], answer["sizes"], strict=True)
        return [SheetInfo(name, rows, columns, hidden) for (name, hidden), (rows, columns) in sheets]

    def read(self, wanted: str | None) -> tuple[str, Grid]:
        """The name of the sheet and its filled cells; without a name, the first visible sheet that has cells.

        Number formats are not known, so leading zeros that only they show are not either.
        """
        answer = self._ask("read", *([wanted] if wanted else []))
        if answer["sheet"] is None:
            names = ", ".join(repr(name) for name, _ in answer["sheets"])
            msg = f"{self.source.name} has no sheet {wanted!r}. Its sheets are {names}. Nothing was sent."
            raise SheetError(msg)
        grid = Grid()
        for column, (rows, texts, kinds) in answer["cells"].items():
            if int(column) > limits.MAX_COLUMNS or rows[-1] > limits.MAX_ROWS:
                msg = f"{self.source.name} is damaged: it has cells outside of any sheet. Nothing was sent."
                raise SheetError(msg)
            exact = [plain_number(t) if kind == "n" else t for t, kind in zip(texts, kinds, strict=True)]
            grid.cells[int(column)] = Cells(rows, exact)
        for (top, left), (bottom, right) in answer["merged"] or ():
            grid.merged.append(Area(left + 1, top + 1, right + 1, bottom + 1))
        grid.notes.append(
            f"A .{self.kind} workbook can be read but not written back: results are saved as a new .xlsx workbook. "
            "Errors such as #N/A read as blank, and leading zeros that only a number format shows are not seen; "
            "save it as .xlsx in a spreadsheet program first if it has any."
        )
        return answer["sheet"], grid


def password_error(name: str) -> SheetError:
    """What to raise for a workbook behind a password."""
    return SheetError(
        f"{name} is protected by a password, so it cannot be read. Nothing was sent. "
        "Open it in a spreadsheet program, save it without the password, and open that file here."
    )
