"""Jobs: approved orders that are carried out behind the page, and outlive it.

A page's own thread cannot be interrupted, and its state is gone after a reload. So a job runs in a thread of
the server, and what it needs lies in a folder of its own. What was bought and spent is in the ledger alone. A
job's id is the approval that its run uses up: the ledger itself refuses to carry one out twice.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import logging
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from leadkit.app.job_folder import GONE, JobFolder
from leadkit.app.order import Order
from leadkit.app.visitor import Visitor
from leadkit.clock import DAY_SECONDS
from leadkit.errors import ApprovalError, LeadkitError, RunNotFoundError
from leadkit.ledger import CallState
from leadkit.ledger.history import RunRecord
from leadkit.money import MILLICREDITS_PER_CREDIT, Amount
from leadkit.result import Done, join, resume_run
from leadkit.run import Progress
from leadkit.sheets import Book
from leadkit.workspace import Workspace

#: Folders of jobs that are over are removed after this many days. What they bought stays in the ledger.
KEEP_DAYS = 30
#: How many jobs are looked at for a list of them.
NEWEST = 50
#: How long a server that ends waits for the calls under way.
CLOSE_SECONDS = 10.0

_ID = re.compile(r"[0-9a-f]{24}")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Status:
    """How a job stands.

    ``state``: ``running``, ``stopping``, ``done``, ``stopped`` (``why`` says by what), ``cancelled``,
    ``interrupted`` (its server ended) or ``refused`` (it never began). Amounts in millicredits. ``waits``: seconds
    until the rate limit lets the next request go.
    """

    state: str
    keys_done: int
    keys_total: int
    charged: Amount
    held: int
    approved: int
    seconds_left: float | None
    waits: float
    why: str
    run_id: str | None

    @property
    def over(self) -> bool:
        """Whether nothing happens any more unless somebody asks for it."""
        return self.state not in ("running", "stopping")

    @property
    def finished(self) -> bool:
        """Whether there is nothing left to wait for or to resume."""
        return self.over and not self.can_resume

    @property
    def can_resume(self) -> bool:
        return self.state in ("stopped", "cancelled", "interrupted")


@dataclass(slots=True)
class _Live:
    """A job's thread in this process."""

    cancel: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)
    progress: Progress | None = None
    waits_until: float = 0.0  # on the workspace's monotonic clock


class Jobs:
    """All jobs of a workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.folder = workspace.home / "jobs"
        self._lock = threading.RLock()
        self._live: dict[str, _Live] = {}

    # -- starting and stopping ----------------------------------------------------------------------------

    def approval_id(self, order: Order, source: bytes) -> str:
        """The id of the job that this order makes: the same order has the same id, until it has been done.

        Ask for it when the price is shown, not when the button is pressed: two presses must have one id.
        """
        body = json.dumps(order.to_dict(), sort_keys=True).encode() + hashlib.sha256(source).digest()
        ids = (hashlib.sha256(b"%d " % n + body).hexdigest()[:24] for n in itertools.count())
        runs = ((job_id, self.workspace.ledger.run_by_approval(job_id)) for job_id in ids)
        return next(job_id for job_id, run in runs if run is None or run.state != "done")

    def start(self, job_id: str, order: Order, source: bytes, by: Visitor) -> JobFolder:
        """Begin a job; or find that it was begun before, however often.

        Raises
        ------
        ApprovalError
            The visitor may not spend so much, or the order is somebody else's. Nothing was sent.
        LedgerError
            The job's folder cannot be written. Nothing was sent.
        """
        by.check_may_spend(order.at_most)
        if order.user != by.name:
            msg = "The order is in somebody else's name. Nothing was sent. Reload the page."
            raise ApprovalError(msg)
        job = JobFolder(self.folder / job_id)
        with self._lock:
            if not job.exists():
                job.freeze(order, source)
            job = self.find(job_id, by.name)
            if self._run(job) is None:
                self._spawn(job, by)
        return job

    def resume(self, job_id: str, by: Visitor) -> None:
        """Go on with a job that is over, within what was approved for it. Does nothing while it is under way.

        Raises
        ------
        ApprovalError
            The visitor may not spend. Nothing was sent.
        RunNotFoundError
            There is no such job, or it is another user's.
        """
        by.check_may_spend()
        job = self.find(job_id, by.name)
        with self._lock:
            if self.status(job).over:
                self._spawn(job, by)

    def cancel(self, job_id: str, by: Visitor) -> None:
        """Ask a job to stop: calls under way end, no other starts. Does nothing when it is over."""
        job = self.find(job_id, by.name)
        with self._lock:
            if live := self._live.get(job.id):
                live.cancel.set()

    def close(self) -> None:
        """Stop the jobs of this process, and wait a while for their calls under way."""
        with self._lock:
            live = list(self._live.values())
        for one in live:
            one.cancel.set()
        for one in live:
            one.ended.wait(CLOSE_SECONDS)

    # -- looking ------------------------------------------------------------------------------------------

    def find(self, job_id: str, user: str) -> JobFolder:
        """The job with that id.

        Raises
        ------
        RunNotFoundError
            There is none, or it is another user's.
        """
        if _ID.fullmatch(job_id):
            job = JobFolder(self.folder / job_id)
            if job.exists() and job.order.user == user:
                return job
        raise RunNotFoundError(GONE)

    def unfinished(self, user: str) -> list[JobFolder]:
        """The user's jobs that are under way or wait to be resumed, newest first."""
        return [job for job, status in self.newest(user) if not status.finished]

    def newest(self, user: str) -> Iterator[tuple[JobFolder, Status]]:
        """The user's jobs among the newest, newest first, and how each stands."""
        for job in itertools.islice(self._all(), NEWEST):
            with contextlib.suppress(RunNotFoundError):  # removed at this very moment, or unreadable
                if job.order.user == user:
                    yield job, self.status(job)

    def status(self, job: JobFolder) -> Status:
        """How a job stands now."""
        with self._lock:
            live = self._live.get(job.id)
        # Read after the look for the thread: a thread that is gone has left everything on disk.
        run, order, problem = self._run(job), job.order, job.problem
        if live is not None:
            state = "stopping" if live.cancel.is_set() else "running"
        elif run is None:
            state = "refused" if problem else "interrupted"
        elif run.state == "running":
            state = "running" if self.workspace.ledger.owners.alive(run.owner) else "interrupted"
        else:
            state = run.state if job.receipt else "interrupted"
        progress = live.progress if live else None
        return Status(
            state=state,
            keys_done=progress.keys_done if progress else self._keys_settled(run),
            keys_total=progress.keys_total if progress else order.keys,
            charged=run.charged if run else Amount(),
            held=run.held if run else 0,
            approved=run.approved if run else order.at_most,
            seconds_left=progress.seconds_left if progress else None,
            waits=max(0.0, live.waits_until - self.workspace.clock.monotonic()) if live else 0.0,
            why=problem or (run.stopped_why if run and state == "stopped" else ""),
            run_id=run.id if run else None,
        )

    def tidy(self, keep_days: int = KEEP_DAYS) -> None:
        """Remove the folders of jobs that have long been over."""
        before = self.workspace.clock.now().timestamp() - keep_days * DAY_SECONDS
        for job in list(self._all()):
            with contextlib.suppress(RunNotFoundError):
                if job.path.stat().st_mtime < before and self.status(job).over:
                    job.remove()

    def _all(self) -> Iterator[JobFolder]:
        found = [path for path in self.folder.glob("*") if _ID.fullmatch(path.name)]
        for path in sorted(found, key=lambda path: path.stat().st_mtime, reverse=True):
            yield JobFolder(path)

    def _run(self, job: JobFolder) -> RunRecord | None:
        """The ledger's record of the run that used up this job's approval."""
        return self.workspace.ledger.run_by_approval(job.id)

    def _keys_settled(self, run: RunRecord | None) -> int:
        calls = self.workspace.ledger.calls(run.id) if run else []
        return sum(call.key_count for call in calls if call.state == CallState.SETTLED)

    # -- the thread ---------------------------------------------------------------------------------------

    def _spawn(self, job: JobFolder, by: Visitor) -> None:
        if job.id not in self._live:
            self._live[job.id] = live = _Live()
            # A daemon: a server that is told to end does so; `close` gives calls under way their time.
            threading.Thread(
                target=self._work, args=(job, by, live), name=f"job-{job.id}", daemon=True
            ).start()

    def _work(self, job: JobFolder, by: Visitor, live: _Live) -> None:
        try:
            job.note_problem("")
            book = job.book()
            book.check_writable()  # before anything is spent
            job.keep(book, self._carry_out(job, book, by, live))
        except ApprovalError as error:
            run = self._run(job)
            if run is None or not self.workspace.ledger.owners.alive(run.owner):
                job.note_problem(str(error))  # otherwise another server is at it, and all is well
        except LeadkitError as error:
            job.note_problem(str(error))
        except Exception as error:
            _log.exception("job %s failed", job.id)
            job.note_problem(
                f"leadkit failed by itself ({type(error).__name__}). What was bought is kept. Resume the job; "
                "if it fails again, please report it."
            )
        finally:
            with self._lock:
                del self._live[job.id]
            live.ended.set()

    def _carry_out(self, job: JobFolder, book: Book, by: Visitor, live: _Live) -> Done:
        def report(progress: Progress) -> None:
            live.progress = progress
            live.waits_until = self.workspace.clock.monotonic() + progress.waits

        order = job.order
        workspace = self.workspace.for_user(by.name, by.daily_cap)
        run = self._run(job)
        if run is not None:
            plan = order.task.whole().plan(book, workspace)  # joining knows which keys were this run's
            _, outcome = resume_run(run.id, workspace, progress=report, cancel=live.cancel)
            return join(plan, run.id, outcome)
        plan = order.task.plan(book, workspace)
        if plan.hash != order.plan_hash:
            msg = (
                "Since this was approved, some of the same data was bought elsewhere, or a setting changed. "
                "Nothing was sent. Go back, look at the new price and approve it."
            )
            raise ApprovalError(msg)
        context = {
            "job": job.id,
            # So that `leadkit resume` can bring the job to its end from a terminal.
            "book": str(job.source),
            "output": str(job.result_path(book)),
            "overwrite": True,
            "sheet": order.sheet,
            "header_row": order.header_row,
            "hidden_rows": order.hidden_rows,
            "columns": order.task.columns,
            **order.task.options,
        }
        return plan.run(
            at_most=f"{order.at_most / MILLICREDITS_PER_CREDIT:.3f}",
            progress=report,
            cancel=live.cancel,
            approval=job.id,
            context=context,
        )
