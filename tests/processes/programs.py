"""What the processes of these tests do. Each function is a whole program."""

from __future__ import annotations

import dataclasses
import os
import resource
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from unittest import mock

import pandas as pd

from leadkit.errors import ApprovalError, LeadkitError, LedgerError
from leadkit.ledger import open_sqlite
from leadkit.plan import make_plan
from leadkit.providers.base import Answer, Operation, Repeat
from leadkit.providers.leadleap import LeadLeap
from leadkit.result import Done, resume_run
from leadkit.settings import Settings
from leadkit.workspace import Workspace
from tests.ledger.driver import LedgerDriver

FOUND = Answer("found", {"verdict": "valid"})


def workspace_of(environ: Mapping[str, str]) -> Workspace:
    return Workspace(Settings.from_environment(environ), user="tester")


def unlock(workspace: Workspace, ids: Sequence[str]) -> Done:
    frame = pd.DataFrame({"Lead ID": list(ids)})
    return make_plan(frame, "unlock", {"lead_id": "Lead ID"}, workspace=workspace).run(at_most=len(ids))


def repeats(free: bool) -> mock._patch[object]:
    """LeadLeap as it is, or as a provider that does not document the repeat of an unlock as free."""
    made = LeadLeap._unlock

    def unlock_once(self: LeadLeap) -> Operation:
        return dataclasses.replace(made(self), repeat=Repeat(free=free, source="a test"))

    return mock.patch.object(LeadLeap, "_unlock", unlock_once)


def buy(environ: Mapping[str, str], ids: Sequence[str], free: bool) -> None:
    """Go on with what was left undone, then buy the rest: what a person does after a crash."""
    with repeats(free), workspace_of(environ) as workspace:
        for run in workspace.ledger.runs():
            if run.state != "done":
                with suppress(ApprovalError):  # it is under way in another process
                    resume_run(run.id, workspace)
        unlock(workspace, ids)


def buy_on_a_small_disk(environ: Mapping[str, str], ids: Sequence[str], room: int, tell: Connection) -> None:
    """Buy while no file may grow beyond the ledger's present size and ``room`` bytes more."""
    with workspace_of(environ) as workspace:
        workspace.ledger.runs()
        path = workspace.home / "ledger.sqlite"
        most = max(file.stat().st_size for file in (path, Path(f"{path}-wal")) if file.exists()) + room
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))
        try:
            done = unlock(workspace, ids)
            tell.send(str(done.stopped or ""))
        except LedgerError as error:
            tell.send(str(error))


def open_as_a_guest(folder: Path, tell: Connection) -> None:
    """Open a ledger in a folder that this user may not write to."""
    open_sqlite(folder.parent / "ours" / "ledger.sqlite")  # loads what a guest may not be able to load
    if os.geteuid() == 0:
        os.setuid(65534)  # root may write anywhere, whatever a folder's mode says
    try:
        open_sqlite(folder / "ledger.sqlite")
        tell.send("it was opened")
    except LeadkitError as error:
        tell.send(str(error))


def reserve_many(home: Path, url: str | None, name: str, times: int, run_id: str, tell: Connection) -> None:
    """Reserve one key after the other from the budget of a run that several processes share."""
    driver = LedgerDriver(home, url)
    run = driver.join_run(run_id)
    granted = 0
    for n in range(times):
        claim = run.reserve([f"{name} {n}"])
        if claim.call_id is not None:
            granted += 1
            run.settle(claim, {f"{name} {n}": FOUND}, None)
    tell.send(granted)
    driver.close()


def reserve_and_wait(home: Path, run_id: str, tell: Connection) -> None:
    """Reserve a key as a run does, and stay alive until killed."""
    driver = LedgerDriver(home)
    run = driver.join_run(run_id)
    run.settle(run.reserve(["settled"]), {"settled": FOUND}, None)
    run.reserve(["under way"])
    tell.send(run.owner.id)
    signal.pause()
