"""Rows on a provider's list: each once, each accounted for, none sent in a dry run."""

from __future__ import annotations

import pandas as pd
import pytest

import leadkit
from leadkit.errors import InputError
from leadkit.sandbox import Sandbox
from leadkit.workspace import Workspace

COLUMNS = {"first_name": "First", "last_name": "Last", "email": "Email", "company_name": "Company"}


def rows(count: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "First": [f"Anna{n}" for n in range(count)],
            "Last": [f"Stone{n}" for n in range(count)],
            "Email": [f"anna{n}@example.com" for n in range(count)],
            "Company": "Harbour Analytics Ltd",
        },
        index=pd.Index(range(2, count + 2), name="row"),
    )


def list_requests(box: Sandbox) -> list[str]:
    return [
        request.path for request in box.requests if "prospects" in request.path and request.method == "POST"
    ]


def test_a_dry_run_sends_nothing_and_tells_who_cannot_be_added(box: Sandbox, workspace: Workspace) -> None:
    frame = rows(3)
    frame.loc[3, "Last"] = None
    told = leadkit.add_to_list(frame, "Fair", COLUMNS, dry_run=True, workspace=workspace)
    assert list(told["list_status"]) == ["would be sent", "failed", "would be sent"]
    assert "no last name" in told.loc[3, "list_note"]
    assert not box.requests


def test_250_rows_are_added_in_three_requests_and_each_is_accounted_for(
    box: Sandbox, workspace: Workspace
) -> None:
    frame = rows(250)
    frame.loc[10, "Last"] = None
    told = leadkit.add_to_list(frame, "Fair", COLUMNS, workspace=workspace)
    assert told["list_status"].value_counts().to_dict() == {"added": 249, "failed": 1}
    assert told["list_entry"].dropna().is_unique
    assert len(list_requests(box)) == 3
    assert box.charged() == 0


def test_a_batch_whose_answer_is_lost_is_in_doubt_and_never_sent_again(
    box: Sandbox, workspace: Workspace
) -> None:
    leadkit.add_to_list(rows(1), "Fair", COLUMNS, workspace=workspace)
    before = len(list_requests(box))
    box.fault("reset_after", "/prospects/batch")
    told = leadkit.add_to_list(rows(5), "Fair", COLUMNS, workspace=workspace)
    assert list(told["list_status"]) == ["there already", *["in doubt"] * 4]
    assert len(list_requests(box)) == before + 1
    again = leadkit.add_to_list(rows(5), "Fair", COLUMNS, workspace=workspace)
    assert set(again["list_status"]) == {"there already"}, "the lost batch had arrived"
    assert len(list_requests(box)) == before + 1


def test_what_cannot_be_is_refused_before_anything_is_sent(box: Sandbox, workspace: Workspace) -> None:
    with pytest.raises(InputError, match="no column 'Nachname'.*Nothing was sent"):
        leadkit.add_to_list(rows(1), "Fair", {"last_name": "Nachname"}, workspace=workspace)
    with pytest.raises(InputError, match="leadey has no lists.*Nothing was sent"):
        leadkit.add_to_list(rows(1), "Fair", COLUMNS, via="leadey", workspace=workspace)
    assert not box.requests
