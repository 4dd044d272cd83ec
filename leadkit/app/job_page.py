"""The part of a page that shows a job: under way, over, or waiting to be continued.

A notebook needs four cells: one calls :func:`attach`; one makes :func:`ticker` and :func:`controls`; one shows
:func:`watch`, anew at every tick; one shows :func:`outcome` when it is over.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import marimo as mo

from leadkit.app import charts, panels
from leadkit.app.job_folder import JobFolder
from leadkit.app.jobs import Jobs, Status
from leadkit.app.session import Session
from leadkit.app.show import show
from leadkit.app.source import Source, given_source
from leadkit.app.steps import STEPS
from leadkit.app.upload import ENDINGS, LIMIT_BYTES, example
from leadkit.app.visitor import visitor
from leadkit.errors import LeadkitError, RunNotFoundError
from leadkit.money import credits_text, credits_words
from leadkit.outcomes import INEXACT
from leadkit.progress import wait_text
from leadkit.wording import counted

#: What became of a row → how many, and what a person can do about it. Why, is told below it.
LEFT_OVER: Mapping[str, tuple[str, str]] = {
    "over budget": (
        "{n} were left out: ",
        "What is known by now costs nothing: “Price for what is left” below shows what the others cost.",
    ),
    "in doubt": (
        "{n} were asked for, and the answer never came, so nobody can tell yet whether they were charged: ",
        "Their credits stay set aside. They are asked for again only if that is free.",
    ),
    "failed": ("{n} were refused by the provider: ", ""),
    "not tried": ("{n} were not reached: ", ""),
}


@dataclass(frozen=True)
class Controls:
    """The buttons under a job."""

    stop: mo.ui.button
    resume: mo.ui.button
    remove: mo.ui.button


def attach(here: Session, params: Any, app: str = "enrich") -> tuple[JobFolder | None, mo.Html | None]:
    """The job in the page's address, and what to show: links to unfinished work, or that there is no such job."""
    user = here.visitor.name
    try:
        if params.get("job"):
            return here.jobs.find(str(params.get("job")), user), None
        found = unfinished_links(here.jobs, user, app)
    except LeadkitError as error:
        return None, panels.note("warn", "No such job", error)
    return None, panels.links("info", "You have unfinished work", found) if found else None


def ticker(job: JobFolder, ended: str) -> mo.ui.refresh | None:
    """What asks for the job's standing every second, until it is over. ``ended`` is the job seen to be over."""
    return mo.ui.refresh(default_interval="1s") if ended != job.id else None


def controls(here: Session, job: JobFolder, params: Any, set_ended: Callable[[str], None]) -> Controls:
    """The buttons for a job. ``set_ended`` is told its id when it is over, and nothing when it goes on."""

    def resume(_: object) -> None:
        visitor().check_may_spend()
        here.jobs.resume(job.id, visitor())
        set_ended("")

    def remove(_: object) -> None:
        job.remove()
        params.remove("job")

    try:
        left = left_to_spend(here.jobs.status(job))
    except LeadkitError:
        left = 0
    return Controls(
        stop=mo.ui.button(
            label="Stop", kind="danger", on_click=lambda _: here.jobs.cancel(job.id, visitor())
        ),
        resume=mo.ui.button(
            label=f"Resume, for at most {credits_words(left)}",
            kind="success",
            on_click=resume,
            disabled=not here.visitor.may_spend,
        ),
        remove=mo.ui.button(label="Yes, delete these files", kind="danger", on_click=remove),
    )


def watch(
    here: Session,
    job: JobFolder,
    buttons: Controls,
    tick: mo.ui.refresh | None,
    ended: str,
    set_ended: Callable[[str], None],
) -> mo.Html:
    """How the job stands now, with the buttons that fit."""
    # The ticker asks for this every second, and is not to be seen.
    hidden = [] if tick is None else [mo.Html(f'<div class="lk-hidden">{tick}</div>')]
    try:
        status = here.jobs.status(job)
        parts = [job_head(job, status)]
        if not status.over:
            parts.append(buttons.stop)
        elif status.can_resume and ended == job.id:  # before, the button is about to be made anew
            parts.append(buttons.resume)
        elif status.state == "refused":
            parts.append(panels.actions([("Back to the price", f"?again={job.id}")]))
        if status.over and ended != job.id:
            here.spent()
            set_ended(job.id)
    except LeadkitError as error:
        parts = [panels.trouble(error)]
    return mo.vstack([*parts, *hidden])


def next_steps(job: JobFolder) -> list[tuple[str, str]]:
    """Words and address of what can be done after a job with a result."""
    steps = [("Go on with another step on this result", f"?after={job.id}")]
    if job.order.task.is_pilot:
        steps.insert(0, ("Price for the rest", f"?again={job.id}"))
    elif not job.receipt["complete"]:
        steps.insert(0, ("Price for what is left", f"?again={job.id}"))
    return [*steps, ("Start with another workbook", "?")]


def outcome(
    job: JobFolder, buttons: Controls, steps: Callable[[JobFolder], list[tuple[str, str]]] = next_steps
) -> mo.Html | None:
    """The workbook to download, what became of the rows, the receipt, and where to go from here.

    None while there is no result. ``steps`` gives words and addresses of what can be done after a job with one.
    """
    if not job.receipt:
        return None
    chart = None
    try:
        frame = job.result_frame()
        rows = show(frame)
        # The last three tell what became of the row, and not what came back.
        chart = charts.answers_chart(frame, [name for name in job.receipt["columns"][:-3] if name in frame])
    except LeadkitError as error:
        rows = panels.trouble(error, "The rows cannot be shown here")
    download = mo.download(
        data=job.result,
        filename=job.receipt["name"],
        mimetype="application/octet-stream",
        label="Download the workbook",
    )
    return mo.vstack(
        [
            mo.hstack([download], justify="start"),
            panels.actions(steps(job)),
            job_result(job),
            *([] if chart is None else [panels.title("What came back", "Rows by what they got."), chart]),
            panels.title(
                "The rows",
                "As in the workbook to download; what was asked by comes first, then the new columns.",
            ),
            rows,
            mo.accordion({"Delete these files from this machine": _removal(buttons)}),
        ]
    )


def _removal(buttons: Controls) -> mo.Html:
    """The second question before the files go: what is deleted, and what stays."""
    goes = (
        "The workbook as it was uploaded, the one with the answers, and this page with its receipt. It cannot be "
        "undone: download what you want to keep first."
    )
    stays = (
        "What was paid for stays in the ledger: the same workbook again costs nothing for the rows that were "
        "answered. Steps that went on with this result keep their own copies."
    )
    question = panels.note("warn", "This will be deleted", goes, stays)
    return mo.vstack([question, mo.hstack([buttons.remove], justify="start")])


def job_title(job: JobFolder) -> str:
    """``Check e-mail addresses in leads.xlsx``."""
    pilot = ", a pilot" if job.order.task.is_pilot else ""
    return f"{STEPS[job.order.task.step].title} in {job.order.book_name}{pilot}"


def job_words(job: JobFolder, status: Status) -> str:
    """One line about a job, for a list of them."""
    words = {"running": "under way", "stopping": "about to stop", "interrupted": "interrupted"}
    done = f"{status.keys_done:,} of {STEPS[job.order.task.step].count(status.keys_total)} done"
    return f"{job_title(job)}: {words.get(status.state, status.state)}, {done}"


def finished_words(job: JobFolder) -> str:
    """One line about a job with a result, for a list of them."""
    return f"{job_title(job)}: {_charged(job)} credits"


def _charged(job: JobFolder) -> str:
    """What a job with a result was charged, as its receipt says it."""
    lines: dict[str, str] = dict(map(tuple, job.receipt["lines"]))
    return lines["credits charged"]


def unfinished_links(jobs: Jobs, user: str, app: str = "enrich", at_most: int = 3) -> list[tuple[str, str]]:
    """Words and address of an app's newest jobs that are under way or wait to be resumed."""
    found: list[tuple[str, str]] = []
    for job in jobs.unfinished(user):
        with contextlib.suppress(RunNotFoundError):  # removed at this very moment
            if job.order.app == app and len(found) < at_most:
                found.append((job_words(job, jobs.status(job)), f"?job={job.id}"))
    return found


def beginning(here: Session, params: Any) -> tuple[Source | None, mo.ui.file, mo.Html]:
    """The start of a page without a job: the workbook that its address names, a field to upload one, and both."""
    upload = mo.ui.file(
        filetypes=list(ENDINGS),
        kind="area",
        max_size=LIMIT_BYTES,
        label="Drop a workbook here, or click to choose",
    )
    parts = [
        panels.heading(
            1,
            "Your workbook",
            "Excel or CSV. Nothing of it leaves this machine before you approve an amount.",
        )
    ]
    try:
        given = given_source(here.jobs, params, here.visitor.name)
        if given is not None:
            parts.append(source_words(here.jobs, given))
    except LeadkitError as error:
        given = None
        parts.append(panels.trouble(error, "This workbook is not here any more"))
    if given is None:
        parts.append(upload)
        if here.banner and example():
            parts.append(panels.actions([("Try it with an example workbook", "?example=1")]))
    return given, upload, mo.vstack(parts)


def source_words(jobs: Jobs, source: Source) -> mo.Html:
    """Which workbook a page goes on with, and the steps that it has behind it."""
    behind = steps_behind(jobs.folder, source.after)
    words = [f"{job_title(job)}: {charged} credits." for job, charged in behind]
    parts = [panels.bullets(words)] if words else []
    return mo.vstack([panels.actions([("Start with another workbook", "?")]), *parts])


def steps_behind(folder: Path, job_id: str) -> list[tuple[JobFolder, str]]:
    """The jobs that made a workbook what it is, the first one first, each with the credits that it was charged.

    ``folder`` is that of all jobs. A job whose files were removed ends the list.
    """
    found: list[tuple[JobFolder, str]] = []
    while job_id and (job := JobFolder(folder / job_id)).receipt:
        found.insert(0, (job, _charged(job)))
        job_id = job.order.after
    return found


def job_head(job: JobFolder, status: Status) -> mo.Html:
    """Title, progress, and how things stand."""
    step = STEPS[job.order.task.step]
    parts = [panels.title(job_title(job)), _standing(job, status)]
    if not status.over:
        parts.insert(1, panels.progress(status, step))
    return mo.vstack(parts)


def job_result(job: JobFolder) -> mo.Html:
    """What became of the rows, and the receipt. Only for a job with a result."""
    receipt, behind = job.receipt, steps_behind(job.path.parent, job.order.after)
    before = [f"Done before: {job_title(one)}, {charged} credits." for one, charged in behind]
    return mo.vstack(
        [
            charts.rows_chart(receipt["receipt"]["rows"], charts.OUTCOME_WORDS),
            panels.bullets([*before, *_written(receipt["written"]), *receipt["notes"]]),
            mo.accordion({"Receipt": panels.lines(map(tuple, receipt["lines"]))}),
        ]
    )


def left_to_spend(status: Status) -> int:
    """Millicredits of the approved amount that resuming may still spend."""
    return max(0, status.approved - status.charged.most - status.held)


def _standing(job: JobFolder, status: Status) -> mo.Html:
    spent = f"{status.charged} of the {credits_text(status.approved)} approved credits were spent."
    if not status.charged.exact:
        spent += f" {INEXACT}"
    go_on = "Everything so far is kept, and nothing is paid for twice. Resume it whenever you like."
    if status.state == "running":
        wait = wait_text(status.waits)
        return panels.note(
            "info",
            "Under way",
            f"Waiting for the provider's rate limit: it goes on in {wait}." if wait else "",
            "You can close or reload this page: the work goes on, and this address or the home page brings you back.",
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
    return _finished(job, spent)


def _finished(job: JobFolder, spent: str) -> mo.Html:
    receipt = job.receipt
    pilot = _pilot_words(receipt["receipt"]) if job.order.task.is_pilot else ""
    if receipt["complete"]:
        return panels.note("good", "Done", pilot or "Your workbook is ready.", spent)
    rows = receipt["receipt"]["rows"]
    left = []
    for what, (head, then) in LEFT_OVER.items():
        if rows.get(what):
            why = "; ".join(_reason(reason, n) for reason, n in receipt["reasons"].get(what, {}).items())
            left.append(f"{head.format(n=counted(rows[what], 'row'))}{why}. {then}".replace("..", "."))
    return panels.note("warn", "Done, with rows left over", pilot or "Your workbook is ready.", spent, *left)


def _pilot_words(receipt: Mapping[str, Any]) -> str:
    """What a pilot has shown: how many were found, and at which cost."""
    rows = receipt["rows"]
    found, asked = rows["answered"], rows["answered"] + rows["not found"] + rows.get("ambiguous", 0)
    if not asked:
        return "The pilot asked for nobody, so it shows nothing about the rest."
    least, most = receipt["charged_least_millicredits"], receipt["charged_most_millicredits"]
    at_most = "" if least == most else "at most "
    spent = f"{at_most}{credits_words(most)}, {at_most}{credits_text(round(most / asked))} each"
    return f"The pilot asked for {asked:,} and found {found:,} ({found / asked:.0%}), for {spent}."


def _reason(reason: str, n: int) -> str:
    return f"{reason} ({n:,})" if reason else f"without a reason ({n:,})"


def _written(written: Mapping[str, Mapping[str, int]]) -> list[str]:
    """What was written into the sheet's own columns."""
    words = {
        "filled": "blank cells were filled",
        "overwritten": "cells were replaced, the old ones kept beside",
    }
    return [
        f"Column {column!r}: {n:,} {words[how]}."
        for how, columns in written.items()
        for column, n in columns.items()
    ]
