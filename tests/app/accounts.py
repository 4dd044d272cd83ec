"""Runs to look back upon: bought, not found, and left in doubt."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from leadkit.outcomes import Done
from leadkit.plan import make_plan
from leadkit.sandbox import Person, Sandbox
from leadkit.workspace import Workspace
from tests.app.books import leads


def buy_leads(workspace: Workspace, people: Sequence[Person]) -> Done:
    """Unlock leads, at one credit each."""
    frame = pd.DataFrame({"Lead ID": [person.lead_id for person in people]})
    return make_plan(frame, "unlock", {"lead_id": "Lead ID"}, workspace=workspace).run(at_most=len(people))


def lose_answers(workspace: Workspace, box: Sandbox, count: int = 1, skip: int = 0) -> Done:
    """Buy the data of so many companies, whose answers get lost on their way: 3 credits each stay in doubt."""
    workspace.identify("leadiq")
    domains = sorted({p.company.domain for p in leads(box, 80) if p.company and p.company.domain})
    frame = pd.DataFrame({"Domain": domains[skip : skip + count]})
    plan = make_plan(frame, "company_details", {"domain": "Domain"}, via="leadiq", workspace=workspace)
    box.fault("reset_after", "/graphql", times=None)
    done = plan.run(at_most=3 * count)
    box.clear_faults()
    assert done.receipt.rows["in doubt"] == count
    return done
