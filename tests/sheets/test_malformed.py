"""Workbooks spoiled at random end in a SheetError or are written whole; nothing else is ever raised."""

from __future__ import annotations

import io
import random
import zipfile
from pathlib import Path

import pandas as pd
import pytest

import leadkit.sheets as sheets
from leadkit.errors import SheetError
from tests.sheets.making import zipped

FILES = sorted(Path(__file__).with_name("workbooks").glob("*.xlsx"))
PIECES = [
    b"<", b">", b'"', b"&", b"<!--", b"<![CDATA[", b"</row>", b"<row>", b'<row r="1">', b'<c r="A1"/>', b"\0",
    b"\xff", b"</sheetData>", b"<sheetData>", b' t="s"', b"999999999999", b"-1", b'<mergeCell ref="A1:XFD9"/>',
]  # fmt: skip


def spoiled(data: bytes, rng: random.Random) -> bytes:
    text = bytearray(data)
    for _ in range(rng.randrange(1, 6)):
        at, kind = rng.randrange(len(text) + 1), rng.randrange(5)
        if kind == 0 and text:
            text[at % len(text)] = rng.randrange(256)
        elif kind == 1:
            text[at:at] = rng.choice(PIECES)
        elif kind == 2:
            del text[at : at + rng.randrange(1, 200)]
        elif kind == 3:
            start = rng.randrange(len(text) + 1)
            text[at:at] = text[start : start + rng.randrange(1, 300)]
        elif digits := [i for i, c in enumerate(text) if 48 <= c < 58]:
            text[rng.choice(digits)] = rng.randrange(48, 58)
    return bytes(text)


def workbook(rng: random.Random) -> bytes:
    """A real workbook with some bytes changed: of the archive, or of the parts that are read."""
    data = rng.choice(FILES).read_bytes()
    if rng.random() < 0.3:
        return spoiled(data, rng)
    archive = zipfile.ZipFile(io.BytesIO(data))
    members = {name: archive.read(name) for name in archive.namelist()}
    read = [
        n
        for n in members
        if n.endswith((".xml", ".rels")) and ("/" not in n or n.startswith(("xl/", "_rels/")))
    ]
    for name in rng.sample(read, 2):
        members[name] = spoiled(members[name], rng)
    return zipped(members)


@pytest.mark.parametrize("seed", range(20))
def test_a_spoiled_workbook_ends_in_a_sentence_or_is_written(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(25):
        data = workbook(rng)
        try:
            book = sheets.open_book(data, name="leads.xlsx")
            assert book.sheets
            book.check_writable()
            log = pd.DataFrame({"Row": [1]})
            result = book.to_bytes(
                book.frame.assign(New="x"), log={"Log": log}, policy=rng.choice(["new", "fill"])
            )
        except SheetError as error:
            if "mistake of leadkit" in str(error):
                raise
            continue
        again = sheets.open_book(result, name="leads.xlsx", sheet=book.sheet, header_row=book.header_row)
        assert len(again.frame) == len(book.frame)
