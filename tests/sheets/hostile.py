"""Files made to exhaust or deceive whoever opens them, and what has to happen: ``refused`` or ``opened``.

Run as a script with the name of a folder, it opens and writes them all, and prints for each what happened, the
megabytes it took and the seconds of processor time.
"""

from __future__ import annotations

import json
import os
import resource
import struct
import sys
import zlib
from collections.abc import Callable
from typing import Literal, NamedTuple

from tests.sheets.making import DOCUMENT, MAIN, PEOPLE, lines, part, text_cell, workbook, worksheet, zipped
from tests.sheets.other_formats import xlsb

Outcome = Literal["refused", "opened"]


class Hostile(NamedTuple):
    name: str
    make: Callable[[], bytes]
    outcome: Outcome
    words: str  # what the message says, when it is refused


def bomb(
    megabytes: int,
    unit: bytes,
    *,
    before: bytes = b"",
    part: str = "xl/worksheets/sheet1.xml",
    level: int = 9,
) -> bytes:
    """A part that unpacks to so many megabytes of ``unit``, without packing all of it here."""

    def packed(data: bytes) -> bytes:
        packer = zlib.compressobj(level, zlib.DEFLATED, -15)
        return packer.compress(data) + packer.flush(zlib.Z_FULL_FLUSH)

    block = unit * (1_000_000 // len(unit))
    data = packed(before) + packed(block) * megabytes + zlib.compressobj(9, zlib.DEFLATED, -15).flush()
    return with_member(
        workbook(worksheet(PEOPLE), shared=""), part, data, len(before) + len(block) * megabytes
    )


def with_member(data: bytes, name: str, packed: bytes, size: int) -> bytes:
    """The archive with one member's packed data and declared size replaced, by hand."""
    import io
    import zipfile

    archive = zipfile.ZipFile(io.BytesIO(data))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for info in archive.infolist():
            if info.filename != name:
                new.writestr(info.filename, archive.read(info))
    raw = out.getvalue()
    end = raw.rindex(b"PK\5\6")
    count, length, start = struct.unpack_from("<HII", raw, end + 10)
    encoded = name.encode()
    fields = (20, 0, 8, 0, 33, 0, len(packed), size, len(encoded))
    local = struct.pack("<4s5H3I2H", b"PK\3\4", *fields, 0) + encoded + packed
    entry = struct.pack("<4s6H3I5H2I", b"PK\1\2", 20, *fields, 0, 0, 0, 0, 0, start) + encoded
    directory = raw[start : start + length] + entry
    tail = struct.pack(
        "<4s4H2IH", b"PK\5\6", 0, 0, count + 1, count + 1, len(directory), start + len(local), 0
    )
    return raw[:start] + local + directory + tail


def doctype(entities: str, use: str) -> str:
    return f'<?xml version="1.0"?><!DOCTYPE sst [{entities}]><sst xmlns="{MAIN}"><si><t>{use}</t></si></sst>'


def laughs() -> str:
    levels = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10}">' for i in range(1, 10))
    return doctype(f'<!ENTITY e0 "ha">{levels}', "&e9;")


def with_shared(text: str | bytes) -> bytes:
    return workbook(
        worksheet('<row r="1"><c r="A1" t="s"><v>0</v></c></row>'),
        shared="<si/>",
        replace={"xl/sharedStrings.xml": text},
    )


def overlapping() -> bytes:
    """Two entries of the directory that share one member's bytes."""
    data = workbook(worksheet(PEOPLE))
    end = data.rindex(b"PK\5\6")
    count, length, start = struct.unpack_from("<HII", data, end + 10)
    directory = data[start : start + length]
    at = directory.rindex(b"PK\1\2")
    entry = directory[at:]
    twin = entry.replace(b"xl/styles.xml", b"xl/stylez.xml") if b"xl/styles.xml" in entry else entry
    tail = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, count + 1, count + 1, length + len(twin), start, 0)
    return data[:start] + directory + twin + tail


def twice() -> bytes:
    import io
    import warnings
    import zipfile

    out = io.BytesIO(workbook(worksheet(PEOPLE)))
    with warnings.catch_warnings(), zipfile.ZipFile(out, "a") as archive:
        warnings.simplefilter("ignore")
        archive.writestr("xl/worksheets/sheet1.xml", worksheet(lines(["Other"])))
    return out.getvalue()


def size_lie() -> bytes:
    packed = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = packed.compress(worksheet(PEOPLE).encode()) + packed.flush()
    return with_member(workbook(""), "xl/worksheets/sheet1.xml", data, 64)


def sheet_rel(target: str, mode: str) -> bytes:
    data = workbook(worksheet(PEOPLE))
    rels = part(data, "xl/_rels/workbook.xml.rels").replace(
        'Target="worksheets/sheet1.xml"', f'Target="{target}"{mode}'
    )
    return workbook(worksheet(PEOPLE), replace={"xl/_rels/workbook.xml.rels": rels})


def members(count: int) -> bytes:
    return zipped({f"xl/media/{i}.bin": b"" for i in range(count)})


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
SHEET = f'<worksheet xmlns="{MAIN}">'.encode()
SST = f'<sst xmlns="{MAIN}">'.encode()
MERGES = "".join(f'<mergeCell ref="A{i}:XFD1048576"/>' for i in range(2, 3000))
SHARE = (
    f'<Relationships><Relationship Id="rId1" Type="{DOCUMENT}/externalLinkPath" '
    'Target="\\\\127.0.0.1\\share" TargetMode="External"/></Relationships>'
)
NESTED = "<a>" * 200_000 + "</a>" * 200_000
FILES = [
    Hostile("a flat bomb of 2 GB", lambda: bomb(2048, b" "), "refused", "times its size"),
    Hostile("a bomb of 400 MB in cells", lambda: bomb(400, b'<row><c r="A1"/></row>'), "refused", "times its size"),
    Hostile("90 MB of blanks before the sheet", lambda: bomb(90, b" ", level=1), "refused", "it is not XML"),
    Hostile(
        "90 MB of blanks before the cells",
        lambda: bomb(90, b" ", before=SHEET, level=1),
        "refused",
        "no table of cells in its first",
    ),
    Hostile(
        "90 MB of cells in 500 kB",
        lambda: bomb(90, b"<row>" + b"<c><v>1</v></c>" * 40 + b"</row>", before=SHEET + b"<sheetData>", level=6),
        "refused",
        "too many for its size",
    ),
    Hostile(
        "90 MB of shared texts in 90 kB",
        lambda: bomb(90, b"<si><t></t></si>", before=SST, part="xl/sharedStrings.xml"),
        "refused",
        "too many for its size",
    ),
    Hostile("members that overlap", overlapping, "refused", "there twice|over another|another name"),
    Hostile("a billion laughs", lambda: with_shared(laughs()), "refused", "document type"),
    Hostile(
        "quadratic blow-up",
        lambda: with_shared(doctype(f'<!ENTITY a "{"a" * 200_000}">', "&a;" * 20_000)),
        "refused",
        "document type",
    ),
    Hostile(
        "a local file as entity",
        lambda: with_shared(doctype('<!ENTITY x SYSTEM "file:///etc/hostname">', "&x;")),
        "refused",
        "document type",
    ),
    Hostile(
        "a document type in UTF-16",
        lambda: with_shared(laughs().replace('"1.0"', '"1.0" encoding="UTF-16"').encode("utf-16")),
        "refused",
        "document type",
    ),
    Hostile(
        "a dimension of 17 billion cells",
        lambda: workbook(worksheet(PEOPLE, before='<dimension ref="A1:XFD1048576"/>')),
        "opened",
        "",
    ),
    Hostile(
        "a far cell",
        lambda: workbook(worksheet(PEOPLE + f'<row r="1048576">{text_cell("XFC1048576", "far")}</row>')),
        "opened",
        "",
    ),
    Hostile(
        "cells along the diagonal",
        lambda: workbook(
            worksheet("".join(f'<row r="{i}"><c r="{_letters(i)}{i}"><v>1</v></c></row>' for i in range(1, 16_000)))
        ),
        "refused",
        "into memory",
    ),
    Hostile(
        "a path out of the archive",
        lambda: workbook(worksheet(PEOPLE), parts={"../../tmp/evil.txt": "x"}),
        "refused",
        "leads out of the file",
    ),
    Hostile(
        "an absolute path", lambda: workbook(worksheet(PEOPLE), parts={"/etc/evil": "x"}), "refused", "leads out of"
    ),
    Hostile(
        "a path of Windows",
        lambda: workbook(worksheet(PEOPLE), parts={"..\\..\\evil": "x"}),
        "refused",
        "leads out of",
    ),
    Hostile("a member declared twice", twice, "refused", "there twice"),
    Hostile("a size that lies", size_lie, "refused", "larger than the archive says"),
    Hostile("66,000 members", lambda: members(66_000), "refused", "members"),
    Hostile(
        "200,000 elements inside each other",
        lambda: workbook(worksheet(PEOPLE, after=NESTED)),
        "refused",
        "nested more than",
    ),
    Hostile("nested elements among the rows", lambda: workbook(worksheet(NESTED)), "refused", "no cell"),
    Hostile(
        "references out of the grid",
        lambda: workbook(worksheet('<row r="1"><c r="XFE1"><v>1</v></c></row><row r="9999999"/>')),
        "refused",
        "outside of any sheet",
    ),
    Hostile(
        "a row number of 5,000 digits",
        lambda: workbook(worksheet(f'<row r="{"9" * 5000}"><c><v>1</v></c></row>')),
        "refused",
        "outside of any sheet",
    ),
    Hostile(
        "thousands of merges over the whole grid",
        lambda: workbook(worksheet(PEOPLE, after=f"<mergeCells>{MERGES}</mergeCells>")),
        "refused",
        "no room",
    ),
    Hostile(
        "comments that do not end",
        lambda: workbook(worksheet(PEOPLE + "<!--" * 300_000)),
        "refused",
        "does not end",
    ),
    Hostile(
        "cells that do not end",
        lambda: workbook(worksheet("<row>" + "<c><v>" * 300_000)),
        "refused",
        "cannot be read",
    ),
    Hostile(
        "a sheet that lies on another host",
        lambda: sheet_rel("http://127.0.0.1:9/sheet.xml", ' TargetMode="External"'),
        "refused",
        "nothing is fetched",
    ),
    Hostile("a sheet out of the archive", lambda: sheet_rel("../../../../etc/passwd", ""), "refused", "is missing"),
    Hostile(
        "a link to a share on another host",
        lambda: workbook(
            worksheet(PEOPLE),
            parts={
                "xl/externalLinks/externalLink1.xml": f'<externalLink xmlns="{MAIN}"/>',
                "xl/externalLinks/_rels/externalLink1.xml.rels": SHARE,
            },
        ),
        "opened",
        "",
    ),
    Hostile("formulas as text", lambda: workbook(worksheet(lines(["Name"], ["=1+1"], ["@x"]))), "opened", ""),
    Hostile("an OLE header and nothing else", lambda: OLE + bytes(4096), "refused", "encrypted"),
    Hostile("an .xlsb with a far cell", lambda: xlsb({0: {0: "N"}, 1_048_575: {16_383: "x"}}), "refused", "memory"),
    Hostile("text under the name of a workbook", lambda: b"a,b\n1,2\n", "refused", r"Rename it to end in \.csv"),
    Hostile("NULs.csv", lambda: b"Name,Email\nA\0da,ada@example.com\n", "opened", ""),
    Hostile("one quote before 80 MB.csv", lambda: b'Name,Email\n"' + b"x" * 80_000_000, "refused", "never closed"),
    Hostile("a quote before many lines.csv", lambda: b'a,b\n"x,y\n' + b"abc,def\n" * 300_000, "opened", ""),
    Hostile("unclosed quotes everywhere.csv", lambda: b'a,b\n' + b'"x""' * 200_000 + b"\n", "opened", ""),
    Hostile("two million columns.csv", lambda: b"x," * 2_000_000 + b"\n1\n", "refused", "16,384"),
    Hostile("ones and zeros.csv", lambda: bytes(range(256)) * 4000, "refused", "neither a workbook nor text"),
]  # fmt: skip


def _letters(number: int) -> str:
    text = ""
    while number:
        number, rest = divmod(number - 1, 26)
        text = chr(65 + rest) + text
    return text


def in_child(work: Callable[[], tuple[str, str]]) -> tuple[str, str, float, float]:
    """Run ``work`` in a child. → its answer, the megabytes it took at most, its seconds of processor time."""
    read, write = os.pipe()
    if (child := os.fork()) == 0:
        os.close(read)
        answer = work()
        with os.fdopen(write, "w") as file:
            json.dump([*answer, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024], file)
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as file:
        outcome, message, megabytes = json.loads(file.read() or '["died", "", 0]')
    usage = os.wait4(child, 0)[2]
    return outcome, message, max(usage.ru_maxrss / 1024, megabytes), usage.ru_utime + usage.ru_stime


def main() -> None:
    """Make and open every file in the folder given, each in a process of its own; print what happened as JSON."""
    import pandas as pd

    import leadkit.sheets as sheets
    from leadkit.errors import SheetError

    answers = {}
    for hostile in FILES:
        path = os.path.join(sys.argv[1], "leads.csv" if hostile.name.endswith(".csv") else "leads.xlsx")

        def make(hostile: Hostile = hostile, path: str = path) -> tuple[str, str]:
            with open(path, "wb") as file:
                file.write(hostile.make())
            return "made", ""

        def use(path: str = path) -> tuple[str, str]:
            try:
                book = sheets.open_book(path)
                book.check_writable()
                book.to_bytes(book.frame.assign(New="x"), log={"Log": pd.DataFrame({"a": [1]})})
            except SheetError as error:
                return "refused", str(error)
            return "opened", ""

        in_child(make)
        answers[hostile.name] = in_child(use)
        os.remove(path)
    print(json.dumps(answers))


if __name__ == "__main__":
    main()
