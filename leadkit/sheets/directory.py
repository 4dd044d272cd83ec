"""The central directory of a zip archive: which members it has, and where (PKWARE APPNOTE 6.3, 4.3)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

from leadkit.errors import SheetError
from leadkit.sheets.limits import MAX_MEMBERS, MAX_PART_BYTES

LOCAL_HEADER = struct.Struct("<4s5H3I2H")
_ENTRY = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_END64 = struct.Struct("<4sQ2H2I4Q")
_LOCATOR64 = struct.Struct("<4sIQI")
_FULL32, _FULL16 = 0xFFFFFFFF, 0xFFFF
_UTF8_NAME, _DESCRIPTOR = 0x800, 0x8
_DEFLATE = 8
#: 1 January 1980, the zero of a zip archive's dates: a file made twice is the same file.
_NO_DATE = 0x21


class Made(NamedTuple):
    """A member made anew: the header before its data, and its entry in the directory."""

    header: bytes
    entry: bytes


@dataclass(slots=True)
class Member:
    """One member. ``offset`` to ``end`` is all that belongs to it: header, data, what follows up to the next."""

    name: str
    raw_name: bytes
    fields: tuple[bytes | int, ...]
    extra: bytes
    comment: bytes
    offset: int
    compressed: int
    size: int
    end: int = 0
    data_offset: int = 0

    @classmethod
    def new(cls, name: str) -> Member:
        raw = name.encode()
        flags = 0 if raw.isascii() else _UTF8_NAME
        fields = (b"PK\1\2", 20, 20, flags, _DEFLATE, 0, _NO_DATE, 0, 0, 0, len(raw), 0, 0, 0, 0, 0, 0)
        return cls(name, raw, fields, b"", b"", 0, 0, 0)

    @property
    def key(self) -> str:
        """The name as a part is looked up: case and the direction of slashes do not matter."""
        return self.name.replace("\\", "/").lower()

    @property
    def flags(self) -> int:
        return int(self.fields[3])

    @property
    def method(self) -> int:
        return int(self.fields[4])

    @property
    def crc(self) -> int:
        return int(self.fields[7])

    def entry_at(self, offset: int) -> bytes:
        """The entry as it was found, at a new place."""
        fields, extra = list(self.fields), self.extra
        if fields[16] == _FULL32:
            extra = _with_offset64(extra, fields, offset)
        elif offset >= _FULL32:
            msg = "the workbook would grow over 4 GB. Nothing was written."
            raise SheetError(msg)
        else:
            fields[16] = offset
        return _ENTRY.pack(*fields) + self.raw_name + extra + self.comment

    def made_anew(self, offset: int, size: int, compressed: int, crc: int) -> Made:
        """Header and entry for new, deflated data under the same name, date and attributes."""
        if max(offset, size, compressed) >= _FULL32:
            msg = f"the new {self.name} would be larger than 4 GB. Nothing was written."
            raise SheetError(msg)
        f = self.fields
        flags = self.flags & _UTF8_NAME
        common = (flags, _DEFLATE, f[5], f[6], crc, compressed, size, len(self.raw_name))
        header = LOCAL_HEADER.pack(b"PK\3\4", 20, *common, 0) + self.raw_name
        entry = _ENTRY.pack(b"PK\1\2", f[1], 20, *common, 0, len(self.comment), 0, f[14], f[15], offset)
        return Made(header, entry + self.raw_name + self.comment)


class Directory(NamedTuple):
    members: list[Member]
    comment: bytes


def read_directory(file: BinaryIO, size: int, name: str) -> Directory:
    """The members in the directory's order, with their ``end`` set.

    Raises
    ------
    SheetError
        No directory, a damaged one, or more than ``limits.MAX_MEMBERS`` members.
    """

    def refuse(why: str) -> SheetError:
        return SheetError(f"{name} is not a workbook that can be opened: {why}. Nothing was sent.")

    tail_length = min(size, _END.size + _FULL16)
    file.seek(size - tail_length)
    tail = file.read(tail_length)
    found = tail.rfind(b"PK\5\6")
    if found < 0 or len(tail) - found < _END.size:
        raise refuse("the end of the file is missing, as after a download that broke off")
    *_, count, length, start, comment_length = _END.unpack_from(tail, found)
    comment = tail[found + _END.size :][:comment_length]
    end_at = size - tail_length + found
    if _FULL32 in (length, start) or count == _FULL16:
        count, length, start, end_at = _read_end64(file, end_at, refuse("its directory is damaged"))
    if count > MAX_MEMBERS:
        raise refuse(f"it has {count:,} members, more than {MAX_MEMBERS:,}")
    # What some programs put before the archive shifts every offset in it.
    shift = end_at - length - start
    if shift < 0 or length > MAX_PART_BYTES:
        raise refuse("its directory is damaged")
    file.seek(start)
    data = file.read(length)
    if shift and not data.startswith(b"PK\1\2"):
        file.seek(start + shift)
        data = file.read(length)
    else:
        shift = 0
    members = []
    position = 0
    while position < length:
        try:
            member, position = _read_entry(data, position)
        except (struct.error, StopIteration, ValueError):
            raise refuse("its directory is damaged") from None
        members.append(member)
        if len(members) > MAX_MEMBERS:
            raise refuse(f"it has more than {MAX_MEMBERS:,} members")
    ends = sorted(members, key=lambda m: m.offset)
    for member in members:
        member.offset += shift
    for member, following in zip(ends, [*(m.offset for m in ends[1:]), start + shift], strict=True):
        member.end = following
    return Directory(members, comment)


def _read_end64(file: BinaryIO, end_at: int, error: SheetError) -> tuple[int, int, int, int]:
    file.seek(max(end_at - _LOCATOR64.size, 0))
    locator = file.read(_LOCATOR64.size)
    if len(locator) < _LOCATOR64.size or locator[:4] != b"PK\6\7":
        raise error
    at = _LOCATOR64.unpack(locator)[2]
    file.seek(at)
    record = file.read(_END64.size)
    if len(record) < _END64.size or record[:4] != b"PK\6\6":
        raise error
    *_, count, length, start = _END64.unpack(record)
    return count, length, start, at


def _read_entry(data: bytes, position: int) -> tuple[Member, int]:
    fields = _ENTRY.unpack_from(data, position)
    if fields[0] != b"PK\1\2":
        raise ValueError
    name_length, extra_length, comment_length = fields[10:13]
    name_at = position + _ENTRY.size
    extra_at = name_at + name_length
    end = extra_at + extra_length + comment_length
    if end > len(data):
        raise ValueError
    raw_name = data[name_at:extra_at]
    extra = data[extra_at : extra_at + extra_length]
    name = raw_name.decode("utf-8" if fields[3] & _UTF8_NAME else "cp437", "replace")
    compressed, size, offset = fields[8], fields[9], fields[16]
    start64, count64 = _field64(extra)
    large = iter(struct.unpack_from(f"<{count64}Q", extra, start64))
    size = next(large) if size == _FULL32 else size
    compressed = next(large) if compressed == _FULL32 else compressed
    offset = next(large) if offset == _FULL32 else offset
    comment = data[extra_at + extra_length : end]
    return Member(name, raw_name, fields, extra, comment, offset, compressed, size), end


def _field64(extra: bytes) -> tuple[int, int]:
    """Where the ZIP64 field's numbers start, and how many there are: size, packed size, offset, where too large."""
    position = 0
    while position + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, position)
        if kind == 1:
            return position + 4, length // 8
        position += 4 + length
    return 0, 0


def _with_offset64(extra: bytes, fields: list[bytes | int], offset: int) -> bytes:
    start, _ = _field64(extra)
    at = start + 8 * ((fields[9] == _FULL32) + (fields[8] == _FULL32))
    return extra[:at] + struct.pack("<Q", offset) + extra[at + 8 :]


def end_records(count: int, start: int, length: int, comment: bytes) -> bytes:
    """What closes an archive; with the ZIP64 records only when the numbers ask for them."""
    large = b""
    if start >= _FULL32 or length >= _FULL32 or count >= _FULL16:
        record = _END64.pack(b"PK\6\6", 44, 45, 45, 0, 0, count, count, length, start)
        large = record + _LOCATOR64.pack(b"PK\6\7", 0, start + length, 1)
        count, start, length = min(count, _FULL16), min(start, _FULL32), min(length, _FULL32)
    return large + _END.pack(b"PK\5\6", 0, 0, count, count, length, start, len(comment)) + comment
