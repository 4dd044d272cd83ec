"""What tests share: a sandbox over real sockets, a workspace on a real disk, and an environment of their own."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings as hypothesis_settings

from leadkit.sandbox import Sandbox
from leadkit.settings import Settings
from leadkit.workspace import Workspace

# The same examples each time: nobody is stopped by what they did not touch. ``--hypothesis-profile search`` looks for
# others. How long an example takes says something about the machine, and nothing about the code.
hypothesis_settings.register_profile("repeatable", deadline=None, derandomize=True)
hypothesis_settings.register_profile("search", deadline=None)
hypothesis_settings.load_profile("repeatable")

#: How pandas can keep text here. pyarrow is nobody's requirement; CI installs it for a second round.
STORAGES = ["python", *(["pyarrow"] if find_spec("pyarrow") else [])]
#: Keys that the tests used; what a run leaves behind must hold none of them.
KEYS_IN_USE: set[str] = set()
#: The main module of whoever runs the tests.
MAIN = sys.modules["__main__"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--schedules", type=int, default=2_000, help="simulated schedules; 20000 for a release")
    parser.addoption(
        "--examples", type=int, default=20, help="lives of a ledger beside a model; 10000 for a release"
    )
    parser.addoption("--kills", type=int, default=25, help="real processes to kill; 1000 for a release")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """One process for each core if everything is tested; a few files are done sooner by this one, and can print."""
    return None if config.args_source is pytest.Config.ArgsSource.TESTPATHS else 0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests with a browser come last, when they have the machine for themselves: a busy one starves the browser."""
    items.sort(key=lambda item: item.nodeid.startswith("tests/browser/"))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """File by file, but those with a browser one after the other: two browsers at a time starve each other."""
    from xdist.scheduler import LoadFileScheduling

    class OneBrowser(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return "tests/browser" if nodeid.startswith("tests/browser/") else super()._split_scope(nodeid)

    return OneBrowser(config, log)


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
    """No key, setting or ledger of whoever runs the tests, and no notebook in the place of the main module."""
    # Pages that a test opens in this process leave theirs there, and processes could not be started any more.
    monkeypatch.setitem(sys.modules, "__main__", MAIN)
    for name in list(os.environ):
        if name.startswith(("LEADKIT_", "LEADLEAP_", "LEADIQ_", "LEADFEEDER_", "LEADEY_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("LEADKIT_HOME", str(tmp_path / "home"))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def box() -> Iterator[Sandbox]:
    with Sandbox(rate_limited=False) as box:
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


_start_sandbox = Sandbox.start


def _start_and_note_keys(box: Sandbox) -> Sandbox:
    """Every sandbox that a test starts tells its keys, in each form in which they travel."""
    started = _start_sandbox(box)
    for name, value in box.environ.items():
        if name.endswith("_API_KEY"):
            KEYS_IN_USE.add(value)
            with suppress(ValueError):
                KEYS_IN_USE.add(base64.b64decode(value, validate=True).decode())
    return started


Sandbox.start = _start_and_note_keys  # type: ignore[method-assign]


def files_with_a_key(folder: Path) -> list[str]:
    """Files that hold a key of this test run, or the greater part of one."""
    parts = {key[4:36] for key in KEYS_IN_USE if len(key) >= 36}
    if not parts:
        return []
    # grep looks for all of them at once; one after the other in Python took two minutes of a run.
    command = ["grep", "-rlaF", "-f", "-", str(folder)]
    environ = {**os.environ, "LC_ALL": "C"}
    done = subprocess.run(command, input="\n".join(parts), capture_output=True, text=True, env=environ)
    return done.stdout.splitlines()


def pytest_testnodedown(node: Any) -> None:
    """One of the processes that the tests are spread over has ended."""
    KEYS_IN_USE.update(getattr(node, "workeroutput", {}).get("keys", ()))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """No file that the tests leave may hold a key; and in CI, where every program is there, none is skipped."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["keys"] = sorted(KEYS_IN_USE)
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or exitstatus not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        return
    left = files_with_a_key(session.config._tmp_path_factory.getbasetemp())  # type: ignore[attr-defined]
    reporter.write_line("")
    reporter.write_line(f"{len(KEYS_IN_USE)} keys were used; {len(left)} of the files left behind hold one.")
    for path in left:
        reporter.write_line(f"  {path}", red=True)
    skipped = reporter.stats.get("skipped", []) if os.environ.get("CI") else []
    if skipped:
        reporter.write_line(f"CI allows no skipped test; {len(skipped)} were skipped.", red=True)
    if (left or skipped) and exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
