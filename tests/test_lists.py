"""Rows on a provider's list: each once, each accounted for, none sent in a dry run."""

from __future__ import annotations

import io
from datetime import UTC, datetime

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


def test_who_is_on_a_list_is_read_back(box: Sandbox, workspace: Workspace) -> None:
    leadkit.add_to_list(rows(120), "Fair", COLUMNS, workspace=workspace)
    leadkit.add_to_list(rows(1), "Other", COLUMNS, workspace=workspace)
    assert set(leadkit.saved_lists(workspace=workspace)["name"]) >= {"Fair", "Other"}
    members = leadkit.list_members("Fair", workspace=workspace)
    assert sorted(members["email"]) == sorted(rows(120)["Email"])
    assert set(members["company_name"]) == {"Harbour Analytics Ltd"}
    assert box.charged() == 0


@pytest.mark.parametrize("own_export", [True, False])
def test_a_list_is_exported_as_csv(box: Sandbox, workspace: Workspace, own_export: bool) -> None:
    box.set_option("leadiq", "list_export", own_export)
    frame = rows(3)
    frame["Title"] = "=1+1"
    columns = {**COLUMNS, "title": "Title"}
    leadkit.add_to_list(frame, "Fair", columns, workspace=workspace)
    text = leadkit.export_list("Fair", workspace=workspace)
    exported = pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)
    assert exported.isin(["anna2@example.com"]).any(axis=None)
    assert set(exported["title"]) == {"'=1+1"}


@pytest.mark.parametrize("own_export", [True, False])
def test_a_forgotten_person_is_in_no_export_of_a_list(
    box: Sandbox, workspace: Workspace, own_export: bool
) -> None:
    box.set_option("leadiq", "list_export", own_export)
    leadkit.add_to_list(rows(3), "Fair", COLUMNS, workspace=workspace)
    leadkit.forget(email="anna1@example.com", workspace=workspace)
    assert "anna1@" not in leadkit.export_list("Fair", workspace=workspace)
    assert "anna2@" in leadkit.export_list("Fair", workspace=workspace)
    assert len(leadkit.list_members("Fair", workspace=workspace)) == 2


@pytest.mark.parametrize("via", ["leadiq", "leadfeeder"])
def test_a_forgotten_person_is_put_on_no_list(box: Sandbox, workspace: Workspace, via: str) -> None:
    found = leadkit.search_people(via="leadfeeder", most_rows=3, workspace=workspace, has_email=True)
    frame = rows(3).assign(Id=found["contact_id"].to_numpy())
    leadkit.forget(email="Anna1@example.com", lead_id=frame.loc[3, "Id"], workspace=workspace)
    columns = COLUMNS if via == "leadiq" else {"id": "Id"}
    for dry_run, allowed in ((True, "would be sent"), (False, "added")):
        told = leadkit.add_to_list(frame, "Fair", columns, via=via, dry_run=dry_run, workspace=workspace)
        assert list(told["list_status"]) == [allowed, "suppressed", allowed]
        assert "must not be" in told.loc[3, "list_note"]
    assert len(leadkit.list_members("Fair", via=via, workspace=workspace)) == 2


def test_leadfeeders_lists_give_ids(box: Sandbox, workspace: Workspace) -> None:
    found = leadkit.search_companies(via="leadfeeder", locations="DE", most_rows=3, workspace=workspace)
    chosen = {"via": "leadfeeder", "scope": "company", "workspace": workspace}
    leadkit.add_to_list(found, "Fair", {"id": "company_id"}, **chosen)
    assert list(leadkit.saved_lists(**chosen)["name"]) == ["Fair"]
    members = leadkit.list_members("Fair", **chosen)
    assert set(members["company_id"]) == set(found["company_id"])
    assert leadkit.export_list("Fair", **chosen).splitlines()[0] == '"company_id"'


def test_a_list_that_is_not_there_is_refused_with_those_that_are(workspace: Workspace) -> None:
    leadkit.add_to_list(rows(1), "Fair", COLUMNS, workspace=workspace)
    with pytest.raises(InputError, match="no list named 'Fairs'.*'Fair'"):
        leadkit.list_members("Fairs", workspace=workspace)


def test_usage_is_told_by_month(box: Sandbox, workspace: Workspace) -> None:
    leadkit.search_companies(via="leadfeeder", locations="DE", most_rows=3, workspace=workspace)
    month = f"{datetime.now(UTC):%Y-%m}"
    used = leadkit.monthly_usage("2026-01", max(month, "2026-01"), workspace=workspace)
    assert list(used["period"]) == [month]
    assert int(used["requests"].iloc[0]) > 0
    with pytest.raises(InputError, match="2026-04.*Nothing was sent"):
        leadkit.monthly_usage("April", "May", workspace=workspace)
