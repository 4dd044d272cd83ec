"""Writing a file so that a crash, a full disk or a second program leaves the old one whole."""

from __future__ import annotations

import contextlib
import errno
import glob
import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from leadkit.errors import SheetError


def _fsync_folder(folder: Path) -> None:
    """Make a rename durable. Windows cannot open folders, and needs no such call."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def backup_name(path: Path) -> Path:
    """``leads.original.xlsx``, or with a number where that is taken."""
    number = 1
    while True:
        ending = f".original ({number})" if number > 1 else ".original"
        candidate = path.with_name(f"{path.stem}{ending}{path.suffix}")
        if not candidate.exists():
            return candidate
        number += 1


def digest(path: Path) -> str:
    """The SHA-256 of what a file holds, in hex; empty where there is no such file."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (FileNotFoundError, NotADirectoryError):
        return ""


def left_beside(path: Path) -> list[Path]:
    """The backups of a file, and what was left by processes that were killed while they wrote it."""
    patterns = (
        f"{glob.escape(path.stem)}.original*{glob.escape(path.suffix)}",
        glob.escape(_part(path)) + "*.part",
    )
    try:
        return [found for pattern in patterns for found in path.parent.glob(pattern)]
    except OSError:  # a folder that may not be looked into, a drive that is gone
        return []


def explain(error: OSError, path: Path) -> SheetError:
    """What went wrong while saving, as a sentence."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        why = "the disk is full"
    elif isinstance(error, PermissionError):
        why = "writing there is not allowed, or the file is open in another program"
    elif isinstance(error, FileNotFoundError | NotADirectoryError):
        why = f"there is no folder {path.parent}"
    else:
        why = error.strerror or str(error)
    return SheetError(
        f"{path} was not saved: {why}. No file was changed. Save again under another name or place."
    )


def check_target(path: Path, *, overwrite: bool) -> None:
    """SheetError when nothing can be written under this name: it is taken, a folder, or in no folder there is."""
    try:
        path.lstat()
        taken = True
    except FileNotFoundError:
        taken = False
    except OSError as error:  # a name that is too long for the disk, a folder that may not be read
        raise explain(error, path) from error
    if path.is_dir():
        msg = f"{path} is a folder. No file was changed. Give the name of a file."
        raise SheetError(msg)
    if taken and not overwrite:
        msg = f"{path} exists already. No file was changed. Pass overwrite=True, or save under another name."
        raise SheetError(msg)
    if not path.parent.is_dir():
        raise explain(FileNotFoundError(errno.ENOENT, ""), path)
    if not os.access(path.parent, os.W_OK):
        raise explain(PermissionError(errno.EACCES, ""), path)


@contextlib.contextmanager
def safely(
    path: Path, *, overwrite: bool, keep_original: bool = False
) -> Iterator[tuple[BinaryIO, list[Path]]]:
    """A file to write that takes the name ``path`` only when all is on the disk.

    Readable by its owner only, unless it takes the place of a file, whose rights it then keeps. With
    ``keep_original`` the file that is replaced stays as a backup, whose path is put into the list.

    Raises
    ------
    SheetError
        The file exists and ``overwrite`` is not set, or it cannot be written. Nothing was changed.
    """
    check_target(path, overwrite=overwrite)
    target = path.resolve() if overwrite else path
    temporary: Path | None = None
    kept: list[Path] = []
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=_part(target), suffix=".part")
        temporary = Path(name)
        with os.fdopen(handle, "w+b") as file:
            yield file, kept
            file.flush()
            os.fsync(file.fileno())
        if target.exists() and overwrite:
            temporary.chmod(target.stat().st_mode & 0o777)
            if keep_original:
                backup = backup_name(target)
                _second_name(target, backup)
                kept.append(backup)
            temporary.replace(target)
        else:
            _take_free_name(temporary, target)
        temporary = None
        _fsync_folder(target.parent)
    except OSError as error:
        raise explain(error, path) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def _part(path: Path) -> str:
    """With what the name begins under which a file is written."""
    return f".{path.name[:10]}."


def _second_name(path: Path, backup: Path) -> None:
    """A hard link where the disk has them; else a copy."""
    try:
        os.link(path, backup)
    except OSError:
        with path.open("rb") as source, backup.open("xb") as copy:
            while piece := source.read(1_000_000):
                copy.write(piece)
            copy.flush()
            os.fsync(copy.fileno())


def _take_free_name(temporary: Path, target: Path) -> None:
    """Take a name that nobody has; another program may have taken it meanwhile."""
    try:
        os.link(temporary, target)
    except OSError:  # it is taken, or the disk has no hard links
        if os.path.lexists(target):
            msg = f"{target} was made by another program meanwhile. It was not changed. Save under another name."
            raise SheetError(msg) from None
        temporary.replace(target)
    else:
        temporary.unlink()
