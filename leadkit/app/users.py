"""The people who may use the apps: a private file with names, salted hashes of passwords, roles and daily caps."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import re
import secrets
import stat
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from leadkit.app.visitor import ROLES, Role, Visitor
from leadkit.errors import InputError, SettingsError

#: Amounts above this need the password once more, unless the user's entry says otherwise.
CONFIRM_ABOVE = 100_000
#: A password is as good as what can be guessed of it; the sign-in is throttled as well.
SHORTEST_PASSWORD = 10

# Cost of a guess: the OWASP Password Storage Cheat Sheet's scrypt setting of 32 MiB (N=2^15, r=8, p=3).
_LOG2_N, _R, _P = 15, 8, 3
#: Each guess takes 32 MiB, and whoever guesses could ask for many at once.
_one_at_a_time = threading.Lock()
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}")


@dataclass(frozen=True, slots=True)
class User:
    """One entry of the file. Amounts in millicredits; None for none. ``password`` is a salted hash, or empty."""

    name: str
    role: Role
    password: str = ""
    daily_cap: int | None = None
    confirm_above: int | None = CONFIRM_ABOVE

    @property
    def visitor(self) -> Visitor:
        return Visitor(self.name, self.role, self.daily_cap, self.confirm_above)


def checked_name(name: str) -> str:
    """The name, when it can be a user's. Raises InputError."""
    if _NAME.fullmatch(name):
        return name
    msg = (
        f"{name!r} cannot be a user's name: letters without accents, digits and . _ @ + - are taken, at most 64. "
        "Nothing was changed."
    )
    raise InputError(msg)


def hashed(password: str) -> str:
    """A password as it is kept. Raises InputError when it is too short."""
    if len(password) < SHORTEST_PASSWORD:
        msg = f"A password has at least {SHORTEST_PASSWORD} characters. Nothing was changed."
        raise InputError(msg)
    salt = secrets.token_bytes(16)
    return f"scrypt${_LOG2_N}${_R}${_P}${_text(salt)}${_text(_scrypt(password, salt, _LOG2_N, _R, _P))}"


def fits(password: str, kept: str) -> bool:
    """Whether a password is the kept one. Takes as long when nothing is kept, so that it does not tell names."""
    parts = kept.split("$")
    if len(parts) != 6:
        _scrypt(password, b"nobody", _LOG2_N, _R, _P)
        return False
    log2_n, r, p = map(int, parts[1:4])
    found = _scrypt(password, base64.b64decode(parts[4]), log2_n, r, p)
    return hmac.compare_digest(found, base64.b64decode(parts[5]))


def _scrypt(password: str, salt: bytes, log2_n: int, r: int, p: int) -> bytes:
    memory = 128 * r * ((1 << log2_n) + p + 2)
    with _one_at_a_time:
        return hashlib.scrypt(password.encode(), salt=salt, n=1 << log2_n, r=r, p=p, maxmem=memory, dklen=32)


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()


class Users:
    """The file of users. Changes to it hold from the next request on."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._read: tuple[tuple[int, int], Mapping[str, User]] = ((0, 0), {})

    def all(self) -> Mapping[str, User]:
        """By name; empty while there is no file.

        Raises
        ------
        SettingsError
            The file is damaged, or others can read it.
        """
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return {}
        version = (found.st_mtime_ns, found.st_size)
        if self._read[0] != version:
            self._read = (version, _users(self.path, read_private(self.path)))
        return self._read[1]

    def find(self, name: str) -> User | None:
        return self.all().get(name)

    def put(self, user: User) -> None:
        """Add a user, or replace the one of that name."""
        self._write({**self.all(), user.name: user})

    def change(self, name: str, **changes: Any) -> User:
        """Change some of a user. Raises InputError when there is none of that name."""
        user = replace(self._known(name), **changes)
        self.put(user)
        return user

    def remove(self, name: str) -> None:
        """Take a user off the file. Raises InputError when there is none of that name."""
        self._known(name)
        self._write({key: user for key, user in self.all().items() if key != name})

    def _known(self, name: str) -> User:
        if (user := self.find(name)) is None:
            msg = f"There is no user {name!r} in {self.path}. Nothing was changed."
            raise InputError(msg)
        return user

    def _write(self, users: Mapping[str, User]) -> None:
        entries = {
            name: {k: v for k, v in asdict(user).items() if k != "name"} for name, user in users.items()
        }
        write_private(self.path, json.dumps({"users": entries}, indent=2, ensure_ascii=False) + "\n")


def _users(path: Path, body: str) -> dict[str, User]:
    try:
        entries = json.loads(body)["users"]
        users = {checked_name(name): User(name, **entry) for name, entry in entries.items()}
        assert all(user.role in ROLES for user in users.values())
        amounts = [amount for user in users.values() for amount in (user.daily_cap, user.confirm_above)]
        assert all(amount is None or (type(amount) is int and amount >= 0) for amount in amounts)
    except (ValueError, KeyError, TypeError, AttributeError, AssertionError) as error:
        msg = f"The file of users {path} is damaged, so nobody is let in: {error or 'a role or an amount is none'}."
        raise SettingsError(msg) from None
    return users


def read_private(path: Path) -> str:
    """The text of a file that only its owner can read. Raises SettingsError when others can."""
    with path.open(encoding="utf-8") as file:
        found = os.fstat(file.fileno())
        if os.name == "posix" and (found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) & 0o077):
            msg = f"{path} is another user's, or can be read by others. Run: chmod 600 '{path}'"
            raise SettingsError(msg)
        return file.read()


def write_private(path: Path, body: str) -> None:
    """Write a file in one piece that only its owner can read. Raises SettingsError when it cannot be written."""
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        for folder in (path.parent.parent, path.parent):  # `parents` alone would let others read them
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(body)
        unfinished.replace(path)
    except OSError as error:
        msg = f"{path} cannot be written: {error.strerror}."
        raise SettingsError(msg) from error


def token(path: Path) -> str:
    """The token that signs its owner in; made at first use, for nobody else to read.

    Raises
    ------
    SettingsError
        The file cannot be written, others can read it, or what is in it is too short to keep anybody out.
    """
    try:
        found = read_private(path).strip()
    except FileNotFoundError:
        write_private(path, secrets.token_urlsafe(24) + "\n")
        found = read_private(path).strip()
    if len(found) < 16:
        msg = f"The token in {path} is too short: at least 16 characters. Delete the file, and a new one is made."
        raise SettingsError(msg)
    return found
