"""Where a workbook comes from: a file that stays on disk, bytes (an upload), or a file that is being written."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Iterator
from pathlib import Path
from stat import S_ISDIR
from typing import BinaryIO

from leadkit.errors import SheetError
from leadkit.sheets.limits import MAX_FILE_BYTES


class Source:
    """A file read in place, so that a large workbook is never held in memory as a whole."""

    def __init__(self, source: str | os.PathLike[str] | bytes | BinaryIO, name: str | None = None) -> None:
        self.path: Path | None = None
        self._data = b""
        self._file: BinaryIO | None = None
        if isinstance(source, io.IOBase | BinaryIO):
            self._file = source
            self.name = name or "file"
            self._state: tuple[int, ...] = (source.seek(0, os.SEEK_END),)
        elif isinstance(source, bytes | bytearray | memoryview):
            self._data = bytes(source)
            self.name = name or "upload"
            self._state = (len(self._data),)
        else:
            self.path = Path(source)
            self.name = name or self.path.name
            self._state = self._look(self.path)
        if self.size > MAX_FILE_BYTES:
            msg = (
                f"{self.name} has {self.size / 1e6:,.0f} MB, more than the {MAX_FILE_BYTES / 1e6:,.0f} MB "
                "that are opened. Nothing was sent. Split it, or remove pictures from it."
            )
            raise SheetError(msg)
        if self.size == 0:
            msg = f"{self.name} is empty: it has 0 bytes. Nothing was sent."
            raise SheetError(msg)

    @property
    def size(self) -> int:
        return self._state[0]

    def _look(self, path: Path) -> tuple[int, ...]:
        try:
            stat = path.stat()
        except FileNotFoundError:
            msg = f"there is no file {path}. Nothing was sent."
            raise SheetError(msg) from None
        except (OSError, ValueError) as error:
            msg = f"{path} cannot be opened: {getattr(error, 'strerror', None) or error}. Nothing was sent."
            raise SheetError(msg) from error
        if S_ISDIR(stat.st_mode):
            msg = f"{path} is a folder, not a workbook. Nothing was sent. Name a file in it."
            raise SheetError(msg)
        return (stat.st_size, stat.st_mtime_ns, stat.st_ino)

    @contextlib.contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """The bytes, from the start; the same ones as at the first look, or SheetError."""
        if self._file is not None:
            yield self._file
            return
        if self.path is None:
            yield io.BytesIO(self._data)
            return
        if self._look(self.path) != self._state:
            msg = (
                f"{self.name} was changed by another program after it was opened here. "
                "Nothing was written. Open it again."
            )
            raise SheetError(msg)
        try:
            file = self.path.open("rb")
        except OSError as error:
            msg = f"{self.path} cannot be read: {error.strerror}. Nothing was sent."
            raise SheetError(msg) from error
        with file:
            yield file

    def read(self) -> bytes:
        with self.open() as file:
            return file.read()

    def start(self, length: int = 65_536) -> bytes:
        with self.open() as file:
            return file.read(length)
