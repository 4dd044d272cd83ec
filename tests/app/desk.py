"""Somebody at work with the app, without a browser."""

from __future__ import annotations

from collections.abc import Callable

from leadkit.app.draft import Draft, make_draft
from leadkit.app.job_folder import JobFolder
from leadkit.app.jobs import Jobs, Status
from leadkit.app.steps import STEPS
from leadkit.app.upload import open_upload
from leadkit.workspace import Workspace


class Desk:
    """Somebody who drafts an order, approves it and waits for the job."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.jobs = Jobs(workspace)

    def draft(
        self, source: bytes, step: str = "unlock", column: str = "Lead ID", name: str = "leads.xlsx"
    ) -> Draft:
        return make_draft(open_upload(name, source), source, STEPS[step], column, self.workspace)

    def approve(self, draft: Draft, credits: float | None = None) -> Callable[[], JobFolder]:  # noqa: A002
        """What a press of the button does; press it as often as you like."""
        at_most = draft.approve(draft.plan.preview.most / 1000 if credits is None else credits)
        order = draft.order(at_most, self.workspace.user)
        job_id = self.jobs.approval_id(order, draft.source)
        return lambda: self.jobs.start(job_id, order, draft.source)

    def wait(self, job: JobFolder) -> Status:
        """Until the job is over."""
        if live := self.jobs._live.get(job.id):
            assert live.ended.wait(30), "the job did not end"
        return self.jobs.status(job)
