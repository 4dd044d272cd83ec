"""Which files of a folder hold one of some texts, byte by byte; in a process of its own.

A process that opens the ledger's file beside SQLite, and closes it again, drops SQLite's locks on it: see
``ledger.database.make_private``. So the search is a program, run by its path, which needs nothing but Python.
"""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable, Collection, Iterator
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


def holds(path: Path, texts: Collection[str], *, whole: bool = True, unreadable: bool = False) -> bool:
    """Whether one of the texts, in any case, stands in a file, or in what is packed in it if it is a workbook.

    Parameters
    ----------
    whole
        It does not count as part of a longer address, number or name, which may be somebody else's.
    unreadable
        What to say of a file that cannot be read, or not be unpacked.
    """
    try:
        return _finds(path, texts, whole=whole)
    except FileNotFoundError:  # deleted meanwhile
        return False
    except Exception:  # zipfile alone raises six kinds of error
        return unreadable


def _finds(path: Path, texts: Collection[str], *, whole: bool) -> bool:
    lower = [text.lower() for text in texts]
    patterns = [re.compile(_pattern(text, code, whole=whole)) for text in lower for code in _CODES]
    all_ascii = all(map(str.isascii, lower))
    return any(
        pattern.search(reading)
        for part in _parts(path)
        for reading in _in_lower_case(part, all_ascii=all_ascii)
        for pattern in patterns
    )


def _pattern(text: str, code: str, *, whole: bool) -> bytes:
    found = re.escape(text.encode(code)).decode("latin-1")
    one = {"utf-8": "{}", "utf-16-le": r"{}\x00", "utf-16-be": r"\x00{}"}[code]  # a character, in that code
    return (whole_pattern(text, found, one.format) if whole else found).encode("latin-1")


def whole_pattern(text: str, found: str, one: Callable[[str], str] = str) -> str:
    """A pattern for a text where it is no part of a longer address, number or name.

    ``found`` is the pattern of the text itself, and ``one`` makes the pattern of one character out of its kind.
    """
    before = one(r"[\w.%+-]" if "@" in text else r"[\w-]")
    after = one(r"[\w-]") + "|" + one(r"\.") + one(r"\w")
    # What is before comes last: a pattern that begins with a text is looked for thirty times as fast.
    return rf"{found}(?!{after})(?<!{before}{found})"


def _in_lower_case(part: bytes, *, all_ascii: bool) -> Iterator[bytes]:
    yield part.lower()  # of bytes, only those of ASCII have a lower case
    for code, start in () if all_ascii else ((code, start) for code in _CODES for start in (0, 1)):
        yield part[start:].decode(code, "replace").lower().encode(code)


def _parts(path: Path) -> Iterator[bytes]:
    whole = path.read_bytes()
    yield gzip.decompress(whole) if whole.startswith(b"\x1f\x8b") else whole
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            yield from (archive.read(name) for name in archive.namelist())


def _main() -> None:
    texts = json.loads(sys.stdin.buffer.read())
    found = list(files(Path(sys.argv[1])))
    # As ASCII, in which any name of a file can be written.
    left = [str(path) for path in found if holds(path, texts, whole=False, unreadable=True)]
    print(json.dumps([len(found), left]))  # noqa: T201


if __name__ == "__main__":
    _main()
