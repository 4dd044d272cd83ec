"""Somebody at work with the app, without a browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from leadkit.app.draft import Draft, make_draft
from leadkit.app.job_folder import JobFolder
from leadkit.app.jobs import Jobs, Status
from leadkit.app.order import Task
from leadkit.app.source import Source
from leadkit.app.visitor import Visitor
from leadkit.schemas import STEPS
from leadkit.steps import DEFAULT_PROVIDER
from leadkit.workspace import Workspace


class Desk:
    """Somebody who drafts an order, approves it and waits for the job."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.jobs = Jobs(workspace)
        self.visitor = Visitor(workspace.user)

    def draft(
        self,
        source: bytes | Source,
        step: str = "unlock",
        column: str = "Lead ID",
        name: str = "leads.xlsx",
        **task: Any,
    ) -> Draft:
        """A draft for one column; ``task`` are further fields of a Task."""
        source = source if isinstance(source, Source) else Source(name, source)
        columns = {STEPS[step][0][0]: column}
        chosen = Task(**{"step": step, "provider": DEFAULT_PROVIDER[step], "columns": columns, **task})
        return make_draft(source.open(), source, chosen, self.workspace)

    def approve(self, draft: Draft, credits: float | None = None) -> Callable[[], JobFolder]:  # noqa: A002
        """What a press of the button does; press it as often as you like."""
        at_most = draft.approve(draft.plan.preview.most / 1000 if credits is None else credits)
        order = draft.order(at_most)
        job_id = self.jobs.approval_id(order, draft.source.contents)
        return lambda: self.jobs.start(job_id, order, draft.source.contents, self.visitor)

    def wait(self, job: JobFolder) -> Status:
        """Until the job is over."""
        if live := self.jobs._live.get(job.id):
            assert live.ended.wait(30), "the job did not end"
        return self.jobs.status(job)
