"""Free, repeatable reads, kept for a while: searches that cost nothing, reference data. Never what was paid for.

requests-cache keeps the answers, as JSON. The storage below it is our own, because its SQLite one makes a file that
everybody may read, waits for ever for a lock that another program holds, and builds its queries from text. An answer
that cannot be kept, or read again, is asked for again; nothing here can lose more than a free request.

Import this module late: requests-cache takes 0.2 seconds.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import sqlite3
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests_cache import CachedResponse
from requests_cache.backends import BaseStorage

from leadkit.clock import Clock
from leadkit.errors import SettingsError
from leadkit.providers.base import Request, Response

#: What is kept of an answer's headers. Rate limits of the past, cookies and the like are not.
_HEADERS_KEPT = ("content-type", "date")
_LOCK_SECONDS = 2.0


class CachedReads:
    """Sends a request, unless the same one was answered lately for the same account.

    Parameters
    ----------
    send
        What sends a request that is not known: ``transport.send``.
    path
        The file of the cache; only its owner may read it. Several processes may use it at once.
    provider, account
        Part of what makes a request the same: another account never gets this one's answers.
    ttl_seconds
        How long an answer is used again.

    Raises
    ------
    SettingsError
        Somebody else owns the file or can read it, or it is a link. Nothing was sent.
    """

    def __init__(
        self,
        send: Callable[[Request], Response],
        path: Path,
        *,
        provider: str,
        account: str,
        ttl_seconds: float,
        clock: Clock,
    ) -> None:
        if not provider or not account:
            msg = "Answers are kept for an account; without one they are not. Nothing was sent."
            raise SettingsError(msg)
        self._send = send
        self._whose = (provider, account)
        self._file = _File(path, ttl_seconds, clock)
        self._one_at_a_time = [threading.Lock() for _ in range(64)]

    def get(self, request: Request, *, check: Callable[[Response], object] | None = None) -> Response:
        """The answer to a request that is free and may be repeated; threads that ask the same wait for one answer.

        Only an answer with status 200 is kept, and only if ``check`` accepts it by not raising: some providers
        report errors with status 200. What ``check`` raises is passed on.
        """
        key = self._key(request)
        with self._one_at_a_time[int(key[:4], 16) % len(self._one_at_a_time)]:
            known = self._file.get(key)
            if known is not None:
                headers = {name.lower(): value for name, value in known.headers.items()}
                return Response(known.status_code, headers, known.content)
            response = self._send(request)
            if check is not None:
                check(response)
            if response.status == 200:
                self._file[key] = CachedResponse.from_response(_as_requests(response))
            return response

    def clear(self) -> None:
        """Forget every answer, of every account, down to the bytes in the file."""
        self._file.clear()

    def _key(self, request: Request) -> str:
        """All that distinguishes a request, in its order: reordered positions are another question."""
        what = [*self._whose, request.method, request.host, request.path, request.query, request.json]
        return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()


class _File(BaseStorage):  # type: ignore[misc] # requests-cache is untyped here
    """Answers in one SQLite table, as requests-cache's own storages keep them."""

    def __init__(self, path: Path, ttl_seconds: float, clock: Clock) -> None:
        super().__init__(serializer="json")  # the default would be pickle, which runs what it reads
        self._path = path
        self._ttl_seconds = ttl_seconds
        self._clock = clock
        with suppress(OSError, sqlite3.Error):
            _make_private(path)
            with closing(self._open()) as file, file:
                file.execute("CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, at REAL, value TEXT)")

    def __getitem__(self, key: str) -> CachedResponse:
        now = self._clock.now().timestamp()
        with suppress(Exception), closing(self._open()) as file:  # whatever cannot be read is not there
            row = file.execute("SELECT at, value FROM answers WHERE key = ?", (key,)).fetchone()
            # Not from the future either: then a clock was set, and its age is unknown.
            if row and 0 <= now - row[0] < self._ttl_seconds:
                answer = self.deserialize(key, row[1])
                if isinstance(answer, CachedResponse) and isinstance(answer.content, bytes):
                    return answer
        raise KeyError(key)

    def __setitem__(self, key: str, answer: CachedResponse) -> None:
        now = self._clock.now().timestamp()
        with suppress(sqlite3.Error), closing(self._open()) as file, file:
            file.execute("DELETE FROM answers WHERE at <= ? OR at > ?", (now - self._ttl_seconds, now))
            file.execute(
                "INSERT OR REPLACE INTO answers VALUES (?, ?, ?)", (key, now, self.serialize(answer))
            )

    def __delitem__(self, key: str) -> None:
        with closing(self._open()) as file, file:
            if not file.execute("DELETE FROM answers WHERE key = ?", (key,)).rowcount:
                raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        with closing(self._open()) as file:
            yield from [key for (key,) in file.execute("SELECT key FROM answers")]

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def clear(self) -> None:
        with closing(self._open()) as file:
            file.execute("DELETE FROM answers")
            file.commit()
            file.execute("VACUUM")

    def _open(self) -> sqlite3.Connection:
        file = sqlite3.connect(self._path, timeout=_LOCK_SECONDS)
        file.execute("PRAGMA secure_delete = ON")  # what expires leaves no bytes behind
        return file


def _make_private(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.is_symlink():
        # Made before SQLite makes it, with a mode of its own choice; its side files take theirs from it.
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | getattr(os, "O_NOFOLLOW", 0), 0o600))
    found = path.lstat()
    mine = os.name != "posix" or (found.st_uid == os.getuid() and not stat.S_IMODE(found.st_mode) & 0o077)
    if not mine or not stat.S_ISREG(found.st_mode):
        msg = f"{path} is not yours alone. Remove it, or give it the mode 0600. Nothing was sent."
        raise SettingsError(msg)


def _as_requests(response: Response) -> requests.Response:
    """The answer as requests-cache takes it. It keeps neither address nor body of the request, so no key either."""
    headers = {name: response.headers[name] for name in _HEADERS_KEPT if name in response.headers}
    raw: Any = urllib3.HTTPResponse(
        io.BytesIO(response.body), headers, response.status, preload_content=False, request_url="/"
    )
    request = requests.Request("GET", "https://cached.example/").prepare()
    return HTTPAdapter().build_response(request, raw)
