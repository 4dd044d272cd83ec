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

_CODES = ("utf-8", "utf-16-le", "utf-16-be")


def search(folder: Path, texts: Collection[str]) -> tuple[int, tuple[str, ...]]:
    """How many files there are in a folder, at any depth, and which of them hold one of the texts.

    Raises
    ------
    subprocess.CalledProcessError, OSError, ValueError
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
    """Whether one of the texts, in any case, stands in a file, or in what is packed in it if it is a workbook.

    A workbook that cannot be unpacked counts as one that holds them: nobody can say that it does not.

    Raises
    ------
    OSError
        It cannot be read at this moment.
    """
    needles = [text.lower().encode(code) for text in texts for code in _CODES]
    beyond_ascii = [text.lower() for text in texts if not text.isascii()]
    try:
        return any(_stands_in(part, needles, beyond_ascii) for part in _parts(path))
    except FileNotFoundError:  # deleted meanwhile
        return False
    except (OSError, MemoryError):
        raise
    except Exception:  # damaged or encrypted: zipfile alone raises six kinds of error
        return True


def may_hold(path: Path, texts: Collection[str]) -> bool:
    """As :func:`holds`, and whether it cannot be read."""
    try:
        return holds(path, texts)
    except OSError:
        return True


def _stands_in(part: bytes, needles: Collection[bytes], beyond_ascii: Collection[str]) -> bool:
    low = part.lower()
    if any(needle in low for needle in needles):
        return True
    # Bytes have a lower case in ASCII only.
    return bool(beyond_ascii) and any(
        text in read
        for read in (part.decode(code, "replace").lower() for code in _CODES)
        for text in beyond_ascii
    )


def _parts(path: Path) -> Iterator[bytes]:
    yield path.read_bytes()
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            yield from (archive.read(name) for name in archive.namelist())


def _main() -> None:
    texts = json.loads(sys.stdin.buffer.read())
    found = list(files(Path(sys.argv[1])))
    # As ASCII, in which any name of a file can be written.
    print(json.dumps([len(found), [str(path) for path in found if may_hold(path, texts)]]))  # noqa: T201


if __name__ == "__main__":
    _main()
