"""What tests share: a sandbox over real sockets, a workspace on a real disk, and an environment of their own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path

import pytest

from leadkit.sandbox import Sandbox
from leadkit.settings import Settings
from leadkit.workspace import Workspace

#: How pandas can keep text here. pyarrow is nobody's requirement; CI installs it for a second round.
STORAGES = ["python", *(["pyarrow"] if find_spec("pyarrow") else [])]
#: Keys that the tests used; what a run leaves behind must hold none of them.
KEYS_IN_USE: set[str] = set()


class FakeClock:
    """Time that moves only when somebody waits."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.started = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return self.started + timedelta(seconds=self.seconds)

    def wait(self, seconds: float, until: threading.Event | None = None) -> bool:
        if until is not None and until.is_set():
            return True
        self.seconds += max(seconds, 0.0)
        return until is not None and until.is_set()


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No key, setting or ledger of whoever runs the tests."""
    import os

    for name in os.environ:
        if name.startswith(("LEADKIT_", "LEADLEAP_", "LEADIQ_", "LEADFEEDER_", "LEADEY_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("LEADKIT_HOME", str(tmp_path / "home"))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def box() -> Iterator[Sandbox]:
    with Sandbox(rate_limited=False) as box:
        KEYS_IN_USE.add(box.environ["LEADLEAP_API_KEY"])
        yield box


@pytest.fixture
def open_workspace(box: Sandbox, tmp_path: Path) -> Iterator[Callable[..., Workspace]]:
    """Opens workspaces on the test's sandbox; each call is like another process on the same ledger."""
    opened: list[Workspace] = []

    def make(**settings: str) -> Workspace:
        environ = {**box.environ, "LEADKIT_HOME": str(tmp_path / "home"), **settings}
        workspace = Workspace(Settings.from_environment(environ), user="tester")
        opened.append(workspace)
        return workspace

    yield make
    for workspace in opened:
        workspace.close()


@pytest.fixture
def workspace(open_workspace: Callable[..., Workspace]) -> Workspace:
    return open_workspace()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """In CI every program is there, so a skipped test is a failure; and no file may hold a key."""
    import os

    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    if os.environ.get("CI") and skipped and exitstatus == 0:
        reporter.write_line(f"CI allows no skipped test; {len(skipped)} were skipped.", red=True)
        session.exitstatus = 1
