"""What the suites share: one run over real sockets, and what it left behind."""

from __future__ import annotations

import base64
import fnmatch
import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from leadkit.sandbox import RequestRecord, Sandbox
from leadkit.settings import Settings
from leadkit.workspace import Workspace
from tests.conftest import KEYS_IN_USE, FakeClock, files_with_a_key

#: A key of each provider in the form of a real one, which nobody was given.
WRONG_KEYS: Mapping[str, Mapping[str, str]] = {
    "leadleap": {"LEADLEAP_API_KEY": f"ll_{'0' * 64}"},
    "leadiq": {"LEADIQ_API_KEY": base64.b64encode(b"lq_" + b"0" * 40).decode()},
    "leadfeeder": {"LEADFEEDER_API_KEY": f"lf_{'0' * 40}"},
    "leadey": {"LEADEY_API_KEY": f"leadey_sk_live_{'0' * 32}"},
}


@dataclass
class Scene:
    """A sandbox, and workspaces on one ledger. Waiting takes no time here."""

    box: Sandbox
    home: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    _open: list[Workspace] = field(default_factory=list)

    def workspace(self, **settings: str) -> Workspace:
        """Another process, as it were, on the same ledger."""
        environ = {**self.box.environ, **self.settings, "LEADKIT_HOME": str(self.home), **settings}
        workspace = Workspace(Settings.from_environment(environ), clock=FakeClock(), user="tester")
        self._open.append(workspace)
        return workspace

    def asked(self, path: str) -> list[RequestRecord]:
        """The requests that went to paths with that end."""
        return [one for one in self.box.requests if fnmatch.fnmatchcase(one.path, f"*{path}")]

    def paid_twice(self) -> list[tuple[str, str]]:
        """What was charged more than once, and as what."""
        times = Counter((one.operation, one.what) for one in self.box.charges)
        return [what for what, count in times.items() if count > 1]

    def keys_left(self, *texts: str) -> list[str]:
        """Where a key can be read: files of the workspace, the log, or one of the texts."""
        keys = {*KEYS_IN_USE, *(key for wrong in WRONG_KEYS.values() for key in wrong.values())}
        said = [text for text in (*self.log, *texts) if any(key in text for key in keys)]
        return [*files_with_a_key(self.home), *said]

    def close(self) -> None:
        for workspace in self._open:
            workspace.close()


@contextmanager
def scene(home: Path, settings: Mapping[str, str], sandbox: Mapping[str, Any]) -> Iterator[Scene]:
    """A scene whose log is everything that any library logs meanwhile."""
    with Sandbox(**{"rate_limited": False, **sandbox}) as box:
        opened = Scene(box, home, settings)
        handler, root = _Collector(opened.log), logging.getLogger()
        level = root.level
        root.addHandler(handler)
        root.setLevel(logging.DEBUG)
        try:
            yield opened
        finally:
            root.setLevel(level)
            root.removeHandler(handler)
            opened.close()


class _Collector(logging.Handler):
    def __init__(self, lines: list[str]) -> None:
        super().__init__(logging.DEBUG)
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(self.format(record))
