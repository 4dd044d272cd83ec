"""Which files of a folder hold one of some texts, byte by byte; in a process of its own.

A process that opens the ledger's file beside SQLite, and closes it again, drops SQLite's locks on it: see
``ledger.database.make_private``. So the search is a program, run by its path, which needs nothing but Python.
"""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from collections.abc import Collection, Iterator
from pathlib import Path


def search(folder: Path, texts: Collection[str]) -> tuple[int, tuple[str, ...]]:
    """How many files there are in a folder, at any depth, and which of them hold one of the texts.

    Raises
    ------
    subprocess.CalledProcessError, OSError
        They could not be searched.
    """
    # The texts name a person: not on the command line, which every user of the computer can read.
    asked = json.dumps(sorted(texts))
    command = [sys.executable, "-I", __file__, str(folder)]
    done = subprocess.run(command, input=asked, check=True, capture_output=True, text=True, encoding="utf-8")  # noqa: S603
    searched, left = json.loads(done.stdout)
    return searched, tuple(left)


def files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def holds(path: Path, texts: Collection[str]) -> bool:
    """Whether one of the texts, in any case, stands in a file, or in what is packed in it if it is a workbook."""
    needles = [text.lower().encode(code) for text in texts for code in ("utf-8", "utf-16-le", "utf-16-be")]
    return any(needle in part for part in map(bytes.lower, _parts(path)) for needle in needles)


def _parts(path: Path) -> Iterator[bytes]:
    yield path.read_bytes()
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            yield from (archive.read(name) for name in archive.namelist())


def _main() -> None:
    texts = json.loads(sys.stdin.buffer.read())
    found = list(files(Path(sys.argv[1])))
    # As ASCII, in which any name of a file can be written.
    print(json.dumps([len(found), [str(path) for path in found if holds(path, texts)]]))  # noqa: T201


if __name__ == "__main__":
    _main()
