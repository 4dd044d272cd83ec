"""What a page says of a job: under way, over, or waiting to be continued."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

import marimo as mo

from leadkit.app import charts, panels
from leadkit.app.job_folder import JobFolder
from leadkit.app.jobs import Jobs, Status
from leadkit.app.steps import STEPS
from leadkit.errors import RunNotFoundError
from leadkit.money import credits_text

#: What became of a row → why, and what a person can do about it.
LEFT_OVER: Mapping[str, str] = {
    "over budget": (
        "{n} were left out because the approved amount was used up. Start again with the same workbook and "
        "approve more: what is known by now costs nothing."
    ),
    "in doubt": (
        "{n} were asked for, and the answer never came, so nobody can tell yet whether they were charged. Their "
        "credits stay set aside. Start again with the same workbook: they are asked for again only if that is free."
    ),
    "failed": "{n} were refused by the provider. The last columns of the workbook say why, row by row.",
    "not tried": "{n} were not reached.",
}


def job_title(job: JobFolder) -> str:
    """``Check e-mail addresses in leads.xlsx``."""
    return f"{STEPS[job.order.step].title} in {job.order.book_name}"


def job_words(job: JobFolder, status: Status) -> str:
    """One line about a job, for a list of them."""
    words = {"running": "under way", "stopping": "about to stop", "interrupted": "interrupted"}
    done = f"{status.keys_done:,} of {STEPS[job.order.step].count(status.keys_total)} done"
    return f"{job_title(job)}: {words.get(status.state, status.state)}, {done}"


def unfinished_links(jobs: Jobs, user: str, at_most: int = 3) -> list[tuple[str, str]]:
    """Words and address of the newest jobs that are under way or wait to be resumed."""
    found = []
    for job in jobs.unfinished(user)[:at_most]:
        with contextlib.suppress(RunNotFoundError):  # removed at this very moment
            found.append((job_words(job, jobs.status(job)), f"?job={job.id}"))
    return found


def job_head(job: JobFolder, status: Status) -> mo.Html:
    """Title, progress, and how things stand."""
    step = STEPS[job.order.step]
    parts = [panels.title(job_title(job)), _standing(job, status)]
    if not status.over:
        parts.insert(1, panels.progress(status, step))
    return mo.vstack(parts)


def job_result(job: JobFolder) -> mo.Html:
    """What became of the rows, and the receipt. Only for a job with a result."""
    receipt = job.receipt
    return mo.vstack(
        [
            charts.rows_chart(receipt["receipt"]["rows"], charts.OUTCOME_WORDS),
            panels.bullets(receipt["notes"]),
            mo.accordion({"Receipt": panels.lines(map(tuple, receipt["lines"]))}),
        ]
    )


def left_to_spend(status: Status) -> int:
    """Millicredits of the approved amount that resuming may still spend."""
    return max(0, status.approved - status.charged.most - status.held)


def _standing(job: JobFolder, status: Status) -> mo.Html:
    spent = f"{status.charged} of the {credits_text(status.approved)} approved credits were spent."
    go_on = "Everything so far is kept, and nothing is paid for twice. Resume it whenever you like."
    if status.state == "running":
        return panels.note(
            "info",
            "Under way",
            "You can close or reload this page: the work goes on, and this address brings you back to it.",
        )
    if status.state == "stopping":
        return panels.note(
            "info", "Stopping", "The requests under way are brought to their end, so that nothing is lost."
        )
    if status.state == "stopped":
        return panels.note("bad", "It had to stop", status.why, spent, go_on)
    if status.state == "cancelled":
        return panels.note("warn", "Stopped as you asked", spent, go_on)
    if status.state == "interrupted":
        return panels.note(
            "warn", "It was interrupted", status.why or "The server ended before the work did.", spent, go_on
        )
    if status.state == "refused":
        return panels.note("bad", "It did not begin", status.why)
    return _finished(job.receipt, spent)


def _finished(receipt: Mapping[str, Any], spent: str) -> mo.Html:
    if receipt["complete"]:
        return panels.note("good", "Done", "Your workbook is ready.", spent)
    rows = receipt["receipt"]["rows"]
    left = [words.format(n=_rows(rows[what])) for what, words in LEFT_OVER.items() if rows.get(what)]
    return panels.note("warn", "Done, with rows left over", "Your workbook is ready.", spent, *left)


def _rows(n: int) -> str:
    return f"{n:,} row{'' if n == 1 else 's'}"
