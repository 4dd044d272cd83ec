"""A look at a workbook that was just written, before anybody gets it: nothing but the new cells may differ."""

from __future__ import annotations

from collections.abc import Collection
from typing import BinaryIO

from leadkit.errors import SheetError
from leadkit.sheets.package import Package
from leadkit.sheets.sheet_stream import SheetStream
from leadkit.sheets.source import Source
from leadkit.sheets.xml_text import check_well_formed

_PIECE_BYTES = 1_000_000


def count_cells(masked: bytes, prefix: str, *, simple: bool) -> int:
    """How many cells start in some rows of a sheet; ``simple`` when all are known to start with ``<c r=``."""
    start = b"<" + prefix.encode() + b"c"
    endings = (b" ",) if simple else (b" ", b">", b"/", b"\t", b"\r", b"\n")
    return sum(masked.count(start + ending) for ending in endings)


class Recheck:
    """Opens what was written as if it came from somebody else.

    Raises
    ------
    SheetError
        Another member than those in ``changed`` and ``added`` is not byte for byte as it was, one of them cannot be
        unpacked, or the sheet has not exactly the cells it should have. It names our mistake, not the user's.
    """

    def __init__(self, before: Package, file: BinaryIO) -> None:
        self._before = before
        self._after = Package(Source(file, before.name))

    def _wrong(self, what: str) -> SheetError:
        return SheetError(
            f"{self._before.name} was written, but {what}, so the result was thrown away. No file was changed. "
            "This is a mistake of leadkit; please report it. Save the results as a new workbook instead."
        )

    def members(self, changed: Collection[str], added: Collection[str]) -> None:
        """All members are there, in their order; those that did not change have the same bytes, header included."""
        before, after = self._before.members, self._after.members
        if [m.name for m in after] != [*(m.name for m in before), *added]:
            raise self._wrong("its parts are not those it had")
        with self._before.source.open() as old_file, self._after.source.open() as new_file:
            for old, new in zip(before, after, strict=False):
                if old.name not in changed and not _same_bytes(
                    old_file, old.offset, old.end, new_file, new.offset, new.end
                ):
                    raise self._wrong(f"its part {old.name!r} changed")
            for member in after:
                if member.name in changed or member.name in added:
                    for _ in self._after.chunks(member, new_file):
                        pass

    def sheet(self, part: str, cells: int, *, simple: bool) -> None:
        """The sheet is XML outside of its rows, and has this many cells."""
        member = self._after.find(part)
        if member is None:
            raise self._wrong("its sheet is gone")
        with self._after.source.open() as file:
            stream = SheetStream(self._after.chunks(member, file), part)
            found = sum(count_cells(rows.masked, stream.prefix, simple=simple) for rows in stream.rows())
        if found != cells:
            raise self._wrong(f"the sheet has {found:,} cells where it should have {cells:,}")
        check_well_formed(stream.head + stream.tail, part)


def _same_bytes(
    old_file: BinaryIO, old_start: int, old_end: int, new_file: BinaryIO, new_start: int, new_end: int
) -> bool:
    if old_end - old_start != new_end - new_start:
        return False
    for at in range(0, old_end - old_start, _PIECE_BYTES):
        length = min(_PIECE_BYTES, old_end - old_start - at)
        old_file.seek(old_start + at)
        new_file.seek(new_start + at)
        if old_file.read(length) != new_file.read(length):
            return False
    return True
