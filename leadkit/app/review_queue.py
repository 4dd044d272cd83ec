"""The part of a page that asks a person about whoever was found: the row and the answer side by side.

A notebook needs three cells: one calls :func:`open_queue` and makes :func:`filter_field`; one makes
:func:`verdict_fields` for a page of them and shows :func:`panel`; one calls :func:`keep` when the button was pressed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import marimo as mo
import pandas as pd

from leadkit.app import panels
from leadkit.app.draft import make_draft
from leadkit.app.job_folder import JobFolder
from leadkit.app.order import Task
from leadkit.app.session import Session
from leadkit.app.show import escaped, text
from leadkit.app.source import Source
from leadkit.app.visitor import visitor
from leadkit.columns import guess
from leadkit.errors import LeadkitError
from leadkit.plan import Plan
from leadkit.review import Candidate, found_people, judge
from leadkit.steps import DEFAULT_PROVIDER

#: How many are asked about at once: as many as fit on a page without losing one's place.
PAGE = 5

#: Fields that make one text together; of several such sets, the first that says anything counts.
_Sets = Sequence[Sequence[str]]
_NAME: _Sets = (("full_name",), ("first_name", "last_name"))
#: A line of the comparison → where the row, and where the answer has it.
_LINES: Mapping[str, tuple[_Sets, _Sets]] = {
    "Name": (_NAME, _NAME),
    "Title": ((("title",),), (("title",), ("job_title",))),
    "Company": ((("company",),), (("company_name",), ("company",))),
    "Web domain": ((("domain",),), (("company_domain",), ("domain",))),
    "E-mail address": ((("email",),), (("email",),)),
    "LinkedIn profile": ((("linkedin",),), (("linkedin_url",),)),
    "Place": ((("country",),), (("city", "country"), ("location",))),
}

#: The two steps of the app → title and hint of their choices, and what to know before buying data points.
STEP_WORDS: Mapping[str, tuple[str, str]] = {
    "find_people": ("Whom to look up", "The provider searches by the surest columns that you name below."),
    "unlock": ("Unlock contact data", "For those who fit, and those whom you confirmed; for nobody else."),
}
WANT_WORDS: Mapping[str, str] = {
    "find_people": "Charged for everybody who is found, also for somebody who turns out to be the wrong one: leave "
    "contact data for the second step.",
    "unlock": "Each is charged by itself.",
}

WAITS, JUDGED, FITS = "to look at", "looked at", "fits"
_SAME, _OTHER, _LATER = "The row’s person", "Somebody else", "Not decided"


@dataclass(frozen=True)
class Queue:
    """Everybody who was found for a job's rows; those that wait for a person's word come first."""

    plan: Plan
    frame: pd.DataFrame
    #: What the sheet has of a person → its column: what was searched by, and what looks like it.
    columns: Mapping[str, str]
    found: Sequence[Candidate]

    def those(self, which: str) -> list[Candidate]:
        """The ones that wait, that were looked at, or that fit by themselves."""
        if which == WAITS:
            return [one for one in self.found if one.waits]
        if which == JUDGED:
            return [one for one in self.found if one.verdict is not None]
        return [one for one in self.found if one.accepted and one.verdict is None]

    @property
    def undecided(self) -> int:
        """For how many the provider found several and named nobody."""
        return sum(one.undecided_by_provider for one in self.found)


def step_after(here: Session, source: Source) -> tuple[str, Task]:
    """What comes next for a workbook, with what is chosen to begin with: people are found, then unlocked."""
    if source.after:
        before = here.jobs.find(source.after, here.visitor.name).order.task
        if before.step == "find_people":
            usual = here.workspace.provider(before.provider).operation("unlock").wants
            return "unlock", Task("unlock", before.provider, {}, tuple(usual))
    if source.task is not None:
        return source.task.step, source.task
    # The least that tells who somebody is: contact data is bought once it is certain.
    return "find_people", Task("find_people", DEFAULT_PROVIDER["find_people"], {}, ("profile",))


def next_steps(job: JobFolder) -> list[tuple[str, str]]:
    """Words and address of what can be done after a job of this app."""
    steps = [("Go on with another step on this result", f"../enrich/?after={job.id}")]
    if job.order.task.step == "find_people":
        steps.insert(0, ("Unlock contact data of those who fit or were confirmed", f"?after={job.id}"))
    if not job.receipt["complete"]:
        steps.insert(0, ("Price for what is left", f"?again={job.id}"))
    return [*steps, ("Start with another workbook", "?")]


def open_queue(here: Session, job: JobFolder) -> Queue:
    """Read from the ledger who was found. Sends nothing.

    Raises
    ------
    RunNotFoundError
        The job's files are gone.
    """
    book = job.book()
    plan = job.order.task.whole().plan(book, here.workspace)
    guessed = {role: one.column for role, one in guess(book.frame).items()}
    return Queue(plan, book.frame, guessed | dict(plan.columns), found_people(plan))


def filter_field(queue: Queue) -> mo.ui.radio:
    """Which of them to see."""
    counts = {
        f"To look at ({len(queue.those(WAITS)):,})": WAITS,
        f"Looked at ({len(queue.those(JUDGED)):,})": JUDGED,
        f"Fit by themselves ({len(queue.those(FITS)):,})": FITS,
    }
    first = next((label for label, which in counts.items() if queue.those(which)), next(iter(counts)))
    return mo.ui.radio(counts, value=first, inline=True, label="Show")


def page_field(queue: Queue, which: str) -> mo.ui.number:
    """Which page of them."""
    pages = max(1, -(-len(queue.those(which)) // PAGE))
    return mo.ui.number(start=1, stop=pages, step=1, value=1, label=f"Page, of {pages:,}")


def shown(queue: Queue, which: str, page: int | None) -> list[Candidate]:
    """The ones on a page."""
    first = ((page or 1) - 1) * PAGE
    return queue.those(which)[first : first + PAGE]


def verdict_fields(candidates: Sequence[Candidate]) -> mo.ui.array:
    """A choice for each of them: the row's person, somebody else, or not decided."""

    def value(one: Candidate) -> str:
        return _LATER if one.verdict is None else _SAME if one.verdict.same else _OTHER

    return mo.ui.array(
        [
            mo.ui.radio([_SAME, _OTHER, _LATER], value=value(one), inline=True, label=f"Row {text(one.row)}")
            for one in candidates
        ]
    )


def keep_button(here: Session) -> mo.ui.run_button:
    """Keeps what was chosen on this page; sends nothing."""
    return mo.ui.run_button(label="Keep these answers", disabled=not here.visitor.may_spend)


def write_button(here: Session) -> mo.ui.run_button:
    """Makes the workbook anew with what people said."""
    return mo.ui.run_button(
        label="Write the answers into the workbook, for 0 credits",
        kind="success",
        disabled=not here.visitor.may_spend,
    )


def panel(queue: Queue, candidates: Sequence[Candidate], fields: mo.ui.array) -> mo.Html:
    """Each of them beside its row, with its choice."""
    if not candidates:
        return panels.note("good", "Nobody here", "There is nobody to look at in this list.")
    cards = [
        mo.vstack([mo.Html(side_by_side(queue, one)), field])
        for one, field in zip(candidates, fields.elements, strict=True)
    ]
    return mo.vstack(cards, gap=1.5)


def summary(queue: Queue) -> mo.Html:
    """How many there are of each kind, and what that means."""
    waiting = len(queue.those(WAITS))
    if not queue.found:
        return panels.note("info", "Nobody was found", "There is nobody to look at.")
    sentences = [
        "Nothing of somebody who does not fit is written, and nothing more is bought for that row before you have "
        "looked. “Somebody else” is remembered: the row counts as not found from then on."
    ]
    if queue.undecided:
        sentences.append(
            f"For {queue.undecided:,} rows several people match and the provider named none of them. More columns "
            "about the row, such as a LinkedIn profile, can tell them apart."
        )
    if waiting:
        title = f"{waiting:,} to look at"
        return panels.note("warn", title, *sentences)
    judged = "Everybody has been looked at" if queue.those(JUDGED) else "Whoever was found fits their row"
    return panels.note("good", judged, *sentences[1:])


def keep(queue: Queue, candidates: Sequence[Candidate], chosen: Sequence[str | None]) -> mo.Html | None:
    """Keep what was chosen, in the name of whoever pressed the button; in words what kept it from that."""
    by_choice: dict[str, list[str]] = {_SAME: [], _OTHER: []}
    for one, choice in zip(candidates, chosen, strict=True):
        if choice in by_choice:
            by_choice[choice].append(one.key)
    try:
        who = visitor()
        who.check_may_spend()  # what may be bought later hangs on it
        judge(queue.plan, by_choice[_SAME], other=by_choice[_OTHER], by=who.name)
    except LeadkitError as error:
        return panels.trouble(error, "The answers were not kept")
    return None


def write(here: Session, job: JobFolder, params: Any) -> mo.Html | None:
    """Begin a job of 0 credits that makes the workbook anew, and show it; in words what kept it from beginning."""
    order = job.order
    source = Source.of(job)
    try:
        book = job.book()
        draft = make_draft(
            book, source, order.task, here.workspace, hidden_rows=order.hidden_rows, app=order.app
        )
        free = draft.order(0)
        job_id = here.jobs.approval_id(free, source.contents)
        params["job"] = here.jobs.start(job_id, free, source.contents, visitor()).id
    except LeadkitError as error:
        return panels.trouble(error, "The workbook could not be written")
    return None


def side_by_side(queue: Queue, one: Candidate) -> str:
    """The row and whoever was found for it, line by line, as HTML."""
    row = queue.frame.loc[one.row]
    asked = {role: row[column] for role, column in queue.columns.items()}
    lines = [
        f'<tr><th scope="row">{title}</th><td>{escaped(left) or "–"}</td><td>{escaped(right) or "–"}</td></tr>'
        for title, (ours, theirs) in _LINES.items()
        if (left := _first(asked, ours)) + (right := _first(one.found, theirs))
    ]
    kind = "good" if one.accepted else "warn"
    return (
        f'<div class="lk-review"><p class="lk-{kind}"><strong>{one.match.score} of 100</strong> '
        f"{escaped(one.reasons)}</p>"
        '<div class="lk-table" tabindex="0"><table><thead><tr><td></td>'
        f'<th scope="col">Row {escaped(one.row)} of your sheet</th><th scope="col">Found</th></tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table></div></div>"
    )


def _first(values: Mapping[str, Any], sets: _Sets) -> str:
    """The first set of fields that says anything, as one text."""
    texts = (
        (", " if "city" in names else " ").join(filter(None, (text(values.get(name)) for name in names)))
        for names in sets
    )
    return next(filter(None, texts), "")
