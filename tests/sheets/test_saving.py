"""A file is there whole, or not at all; what was there before stays until then."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import leadkit.sheets as sheets
from leadkit.errors import SheetError
from tests.sheets.making import PEOPLE, workbook, worksheet

DATA = workbook(worksheet(PEOPLE))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "leads.xlsx"
    path.write_bytes(DATA)
    return path


def enriched(book: sheets.Book) -> pd.DataFrame:
    return book.frame.assign(New=["x", "y"])


def test_save_as_and_to_bytes_write_the_same(path: Path) -> None:
    book = sheets.open_book(path)
    report = book.save_as(book.default_output, enriched(book))
    assert report.path == path.with_name("leads.enriched.xlsx")
    assert report.path.read_bytes() == book.to_bytes(enriched(book))
    assert path.read_bytes() == DATA


def test_a_result_is_readable_by_its_owner_only(path: Path) -> None:
    book = sheets.open_book(path)
    book.save_as(path.with_name("out.xlsx"), enriched(book))
    assert stat.S_IMODE(path.with_name("out.xlsx").stat().st_mode) == 0o600


@pytest.mark.parametrize("name", ["leads.xlsx", "other.xlsx"])
def test_a_file_that_exists_is_not_replaced_unless_asked(path: Path, name: str) -> None:
    target = path.with_name(name)
    target.write_bytes(DATA)
    book = sheets.open_book(path)
    with pytest.raises(SheetError, match=r"exists already.*No file was changed.*overwrite=True"):
        book.save_as(target, enriched(book))
    assert target.read_bytes() == DATA
    assert sorted(p.name for p in path.parent.iterdir()) == sorted({"leads.xlsx", name})


def test_the_source_is_kept_as_a_backup_when_it_is_replaced(path: Path) -> None:
    path.chmod(0o640)
    book = sheets.open_book(path)
    expected = book.to_bytes(enriched(book))
    report = book.save_as(path, enriched(book), overwrite=True)
    assert report.backup == path.with_name("leads.original.xlsx")
    assert report.backup.read_bytes() == DATA
    assert path.read_bytes() == expected
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    again = sheets.open_book(path)
    second = again.save_as(path, again.frame.assign(More=[1, 2]), overwrite=True)
    assert second.backup == path.with_name("leads.original (2).xlsx")
    assert report.backup.read_bytes() == DATA


def test_a_link_to_the_source_is_the_source(path: Path) -> None:
    link = path.with_name("link.xlsx")
    link.symlink_to(path)
    book = sheets.open_book(path)
    report = book.save_as(link, enriched(book), overwrite=True)
    assert link.is_symlink()
    assert report.backup is not None
    assert report.backup.read_bytes() == DATA


def test_a_source_that_changed_meanwhile_is_noticed(path: Path) -> None:
    book = sheets.open_book(path)
    path.write_bytes(DATA + b"more")
    with pytest.raises(SheetError, match=r"changed by another program.*Open it again"):
        book.save_as(path.with_name("out.xlsx"), enriched(book))
    assert not path.with_name("out.xlsx").exists()


def test_another_program_that_takes_the_name_meanwhile_wins(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = path.with_name("out.xlsx")
    book = sheets.open_book(path)
    fsync = os.fsync

    def late(handle: int) -> None:
        if not target.exists():
            target.write_bytes(b"theirs")
        fsync(handle)

    monkeypatch.setattr(os, "fsync", late)
    with pytest.raises(SheetError, match="another program"):
        book.save_as(target, enriched(book))
    assert target.read_bytes() == b"theirs"
    assert sorted(p.name for p in path.parent.iterdir()) == ["leads.xlsx", "out.xlsx"]


FULL_DISK = """
import resource, signal, sys
import leadkit.sheets as sheets
book = sheets.open_book(sys.argv[1])
frame = book.frame.assign(New=[str(i) * 50 for i in range(len(book.frame))])
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    book.save_as(sys.argv[2], frame, overwrite=True)
except sheets.book.SheetError as error:
    print(error)
"""


def test_a_full_disk_leaves_source_and_earlier_output_whole(tmp_path: Path) -> None:
    source, target = tmp_path / "leads.csv", tmp_path / "out.csv"
    source.write_text("Name,Email\n" + "".join(f"Person {i},p{i}@example.com\n" for i in range(900)))
    target.write_bytes(b"an earlier result")
    before = source.read_bytes()
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(source), str(target)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "the disk is full. No file was changed" in done.stdout
    assert source.read_bytes() == before
    assert target.read_bytes() == b"an earlier result"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["leads.csv", "out.csv"]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.ENOSPC, "no space"), "the disk is full"),
        (PermissionError(errno.EACCES, "denied"), "open in another program"),
        (OSError(errno.EIO, "input/output error"), "input/output error"),
    ],
)
def test_what_hinders_saving_is_said(
    path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError, words: str
) -> None:
    book = sheets.open_book(path)

    def fail(_: Any) -> None:
        raise error

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(SheetError, match=words):
        book.save_as(path.with_name("out.xlsx"), enriched(book))
    assert sorted(p.name for p in path.parent.iterdir()) == ["leads.xlsx"]


@pytest.mark.parametrize("name", ["out.csv", "out.xlsm", "out.xls", "out"])
def test_a_workbook_is_not_saved_under_the_ending_of_another_kind(path: Path, name: str) -> None:
    book = sheets.open_book(path)
    for save in (book.check_writable, lambda p: book.save_as(p, enriched(book))):
        with pytest.raises(SheetError, match=r"ends in \.xlsx"):
            save(path.with_name(name))
    text = sheets.open_book(b"Name,Email\nAda,ada@example.com\n", name="leads.csv")
    with pytest.raises(SheetError, match=r"ends in \.csv"):
        text.check_writable(path.with_name("out.xlsx"))
    text.check_writable(path.with_name("out.tsv"))


def test_where_nothing_can_be_saved_is_known_before_anything_is_spent(path: Path) -> None:
    book = sheets.open_book(path)
    with pytest.raises(SheetError, match="exists already"):
        book.check_writable(path)
    with pytest.raises(SheetError, match="there is no folder"):
        book.check_writable(path.parent / "nowhere" / "out.xlsx")
    book.check_writable(path, overwrite=True)
    book.check_writable(path.with_name("out.xlsx"))


def test_a_name_as_long_as_the_disk_takes_is_saved_and_a_longer_one_is_known_before(path: Path) -> None:
    book = sheets.open_book(path)
    longest = os.pathconf(path.parent, "PC_NAME_MAX")
    name = "客" * ((longest - len(".xlsx")) // len("客".encode()))
    book.save_as(path.with_name(f"{name}.xlsx"), enriched(book))
    assert sheets.open_book(path.with_name(f"{name}.xlsx")).frame["New"].tolist() == ["x", "y"]
    for save in (book.check_writable, lambda p: book.save_as(p, enriched(book))):
        with pytest.raises(SheetError, match="No file was changed"):
            save(path.with_name(f"{name}.enriched.xlsx"))


def test_a_link_to_nowhere_is_known_before_anything_is_spent(path: Path) -> None:
    link = path.with_name("out.xlsx")
    link.symlink_to("nowhere.xlsx")
    book = sheets.open_book(path)
    with pytest.raises(SheetError, match="exists already"):
        book.check_writable(link)
    book.save_as(link, enriched(book), overwrite=True)
    assert link.is_symlink()
    assert sheets.open_book(path.with_name("nowhere.xlsx")).frame["New"].tolist() == ["x", "y"]


def test_a_folder_that_is_not_there_is_named(path: Path) -> None:
    book = sheets.open_book(path)
    with pytest.raises(SheetError, match="there is no folder"):
        book.save_as(path.parent / "nowhere" / "out.xlsx", enriched(book))
    path.with_name("folder.xlsx").mkdir()
    with pytest.raises(SheetError, match="is a folder"):
        book.save_as(path.with_name("folder.xlsx"), enriched(book), overwrite=True)
