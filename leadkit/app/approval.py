"""The one place where a person approves an amount: the same panel in every app.

A notebook needs three cells: one makes :func:`amount`; one calls :func:`ask` with its value, makes :func:`button` and
shows :func:`panel`; one calls :func:`start` when the button was pressed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import marimo as mo

from leadkit.app import panels
from leadkit.app.draft import Draft, balance_words
from leadkit.app.session import Session
from leadkit.app.visitor import Visitor, confirmed
from leadkit.errors import LeadkitError
from leadkit.money import credits_text, credits_words


@dataclass(frozen=True)
class Asked:
    """What would be approved now. ``job_id`` is None when it cannot be: ``trouble`` says why in that case.

    The id is made with the price and not with the press of the button: a second click, tab or reload has the same.
    """

    here: Session
    draft: Draft
    at_most: int
    job_id: str | None
    trouble: str = ""
    #: Where so much needs it, the field for the visitor's password.
    password: mo.ui.text | None = None

    @property
    def visitor(self) -> Visitor:
        return self.here.visitor


def amount(draft: Draft) -> mo.ui.number:
    """The amount that may be spent, in credits; it begins with the most that the plan can cost."""
    most = draft.plan.preview.most / 1000
    return mo.ui.number(start=0, stop=most, value=most, label="Credits that may be spent, at most")


def ask(here: Session, draft: Draft, credits: float | None) -> Asked:  # noqa: A002 (the user's word)
    """What pressing the button would approve, with the amount that stands there now."""
    try:
        at_most = draft.approve(credits)
        job_id = here.jobs.approval_id(draft.order(at_most), draft.source.contents)
        password = None
        if here.visitor.may_spend and here.visitor.must_confirm(at_most):
            password = mo.ui.text(kind="password", label="Your password, as this is a large amount")
        return Asked(here, draft, at_most, job_id, password=password)
    except LeadkitError as error:
        return Asked(here, draft, 0, None, str(error))


def button(asked: Asked) -> mo.ui.run_button:
    """The only button that spends."""
    words = "Run" if asked.job_id is None else asked.draft.button(asked.at_most)
    ready = asked.job_id is not None and asked.visitor.may_spend
    return mo.ui.run_button(label=words, kind="success", disabled=not ready)


def panel(asked: Asked, field: mo.ui.number, press: mo.ui.run_button) -> mo.Html:
    """What will be bought and for whom, what it costs, what is left after, and the button."""
    draft = asked.draft
    preview = draft.plan.preview
    parts = [panels.cost(preview, draft.provider_title)]
    balance, warning = balance_words(draft, asked.here.balance(preview.provider))
    parts.append(panels.lines([*_bought(asked), ("Balance", balance), *_limits(asked)]))
    if warning:
        parts.append(panels.note("warn", "The balance is low", warning))
    if not asked.visitor.may_spend:
        parts.append(
            panels.note(
                "info",
                "You may look, but not spend",
                "Ask somebody who may to open this workbook, or whoever runs leadkit for the role “spend”.",
            )
        )
        return mo.vstack(parts)
    if preview.most:
        parts.append(field)
    if asked.trouble:
        parts.append(panels.note("bad", "This cannot be approved", asked.trouble))
    elif reach := draft.reach(asked.at_most):
        parts.append(panels.bullets([reach]))
    if asked.password is not None:
        parts.append(asked.password)
    return mo.vstack([*parts, press])


def start(asked: Asked, params: Any) -> mo.Html | None:
    """Begin the approved job, whose id goes into the page's address; in words what kept it from beginning."""
    try:
        assert asked.job_id is not None
        order, source = asked.draft.order(asked.at_most), asked.draft.source.contents
        # The request that pressed the button tells who did.
        who = confirmed("" if asked.password is None else asked.password.value)
        job = asked.here.jobs.start(asked.job_id, order, source, who)
    except LeadkitError as error:
        return panels.trouble(error, "The job could not be started")
    for name in ("after", "again"):
        params.remove(name)
    params["job"] = job.id
    return None


def _bought(asked: Asked) -> list[tuple[str, str]]:
    draft = asked.draft
    preview = draft.plan.preview
    rows = sum(preview.rows.values())
    wants = f": {', '.join(draft.plan.operation.wants)}" if draft.plan.operation.wants else ""
    what = f"{draft.step.count(preview.keys_to_buy)}, at {draft.provider_title}{wants}"
    return [
        ("What is bought", what),
        ("For", f"{preview.rows['to buy']:,} of the {rows:,} rows of {draft.book.name}"),
    ]


def _limits(asked: Asked) -> list[tuple[str, str]]:
    """What holds even if things go wrong, and who answers for it."""
    draft = asked.draft
    lines = []
    if draft.plan.preview.most:
        after_stop = credits_text(draft.most_after_stop(asked.at_most))
        lines.append(
            ("If you press Stop", f"at most {after_stop} credits more, for the requests under way then")
        )
    lines.append(("Approved by", asked.visitor.name))
    if asked.visitor.daily_cap is not None:
        cap = credits_words(asked.visitor.daily_cap)
        lines.append(("Your limit", f"{cap} a day (UTC) at {draft.provider_title}"))
    return lines
