"""Credits that others spend as well: what a run does when there are fewer than it may cost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from leadkit.errors import QuotaExhaustedError
from leadkit.plan import Plan, make_plan
from leadkit.progress import Progress
from leadkit.sandbox import Sandbox
from leadkit.sandbox.leadfeeder import records
from leadkit.workspace import Workspace
from tests.providers.test_suite_leadfeeder import companies
from tests.test_run import lead_ids


def plan_of(box: Sandbox, workspace: Workspace, rows: int) -> Plan:
    frame = pd.DataFrame({"Id": [records.company_id(one) for one in companies(box)[:rows]]})
    return make_plan(frame, "company_details", {"company_id": "Id"}, via="leadfeeder", workspace=workspace)


def balance_requests(box: Sandbox) -> int:
    return sum(one.path.endswith("/accounts") for one in box.requests)


def test_trap_15_credits_that_a_colleague_spends_are_noticed_before_the_next_batch(
    box: Sandbox, workspace: Workspace
) -> None:
    plan = plan_of(box, workspace, 60)
    left = 7

    def spend(progress: Progress) -> None:
        if progress.keys_done and not spent:
            spent.append(progress.keys_done)
            box.set_credits("leadfeeder", left)

    spent: list[int] = []
    done = plan.run(at_most=60, progress=spend)
    assert isinstance(done.stopped, QuotaExhaustedError), "Leadfeeder's word for it may mean requests, too"
    refused = [one for one in box.requests if one.status == 402]
    assert {len(one.asked) for one in refused} == {1}, (
        "no call for several went out that could not be paid for"
    )
    assert box.charged("leadfeeder") == (spent[0] + left) * 1_000 == done.receipt.charged.most
    assert done.receipt.rows["answered"] == spent[0] + left
    assert done.receipt.rows["in doubt"] == done.receipt.held == 0


def test_trap_15_the_balance_is_read_before_each_paid_batch_and_for_no_free_call(
    box: Sandbox, workspace: Workspace
) -> None:
    domains = pd.DataFrame({"Domain": [one.domain for one in box.world.companies[:60]]})
    make_plan(domains, "match_companies", {"domain": "Domain"}, via="leadfeeder", workspace=workspace).run(
        at_most=0
    )
    before = balance_requests(box)
    plan_of(box, workspace, 60).run(at_most=60)
    assert balance_requests(box) - before == 1 + 3, "once for the run, and once for each of 25, 25 and 10"


def test_records_that_cost_nothing_are_read_with_no_credits_left(
    box: Sandbox, open_workspace: Callable[..., Workspace], tmp_path: Path
) -> None:
    plan_of(box, open_workspace(), 3).run(at_most=3)
    box.set_credits("leadfeeder", 0)
    elsewhere = open_workspace(LEADKIT_HOME=str(tmp_path / "elsewhere"))  # where nothing is known of it
    done = plan_of(box, elsewhere, 3).run(at_most=3)
    assert done.complete
    assert box.charged("leadfeeder") == 3_000


@pytest.mark.parametrize(("left", "told"), [(5, True), (6, False)])
def test_a_run_that_the_account_cannot_pay_for_says_so_at_its_start(
    box: Sandbox, workspace: Workspace, left: int, told: bool
) -> None:
    box.set_credits("leadleap", left)
    frame = pd.DataFrame({"Lead": lead_ids(box, 6)})
    plan = make_plan(frame, "unlock", {"lead_id": "Lead"}, workspace=workspace)
    receipt = plan.run(at_most=100).receipt
    assert (
        "5 credits were left at leadleap when the run began, fewer than the 6 approved" in str(receipt)
    ) == told
    assert bool(receipt.to_dict()["notes"]) == told
