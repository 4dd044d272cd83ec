"""Searching by filter: new rows, page by page, each page asked for once."""

from __future__ import annotations

import pandas as pd
import pytest

import leadkit
from leadkit.errors import ApprovalError, CreditsExhaustedError, InputError, PlanLimitError
from leadkit.ledger.retention import PAGE_KEEPS_DAYS
from leadkit.sandbox import Sandbox
from leadkit.search import known_rows
from leadkit.workspace import Workspace
from tests.conftest import FakeClock


def test_a_search_gives_people_without_contact_data_and_costs_nothing(
    box: Sandbox, workspace: Workspace
) -> None:
    found = leadkit.search_people(country="DE", department="Sales", most_rows=30, workspace=workspace)
    expected = {
        p.lead_id
        for p in box.world.known_to("leadleap")
        if p.country.code == "DE" and p.department == "Sales"
    }
    assert 0 < len(found) <= 30
    assert set(found["lead_id"]) <= expected
    assert not any("email" in column and column != "has_email" for column in found.columns)
    assert box.charged("leadleap") == 0


def test_pages_are_read_to_the_end_without_repeats(box: Sandbox, workspace: Workspace) -> None:
    found = leadkit.search_people(country="DE", most_rows=5000, workspace=workspace)
    sold = [p for p in box.world.known_to("leadleap") if p.company is not None and not p.deleted]
    expected = {person.lead_id for person in sold if person.country.code == "DE"}
    assert len(found) > 100, "more than a page"
    assert found["lead_id"].is_unique
    assert set(found["lead_id"]) == expected
    pages = [request for request in box.requests if request.path.endswith("/leads")]
    assert len(pages) == -(-len(found) // 100)


def test_the_same_search_again_sends_nothing(box: Sandbox, workspace: Workspace) -> None:
    first = leadkit.search_people(country="DE", most_rows=50, workspace=workspace)
    sent = len(box.requests)
    assert leadkit.search_people(country="DE", most_rows=50, workspace=workspace).equals(first)
    assert len(box.requests) == sent


def test_what_was_found_can_be_unlocked(box: Sandbox, workspace: Workspace) -> None:
    found = leadkit.search_people(country="FR", most_rows=3, workspace=workspace)
    done = found.leads.unlock("lead_id", workspace=workspace).run(at_most=3)
    assert done.receipt.rows["answered"] == 3
    assert box.charged("leadleap") == 3_000
    again = leadkit.search_people(country="FR", most_rows=3, workspace=workspace)
    assert list(again["lead_id"]) == list(found["lead_id"])


def test_a_filter_that_is_not_documented_is_refused_and_nothing_is_sent(
    box: Sandbox, workspace: Workspace
) -> None:
    with pytest.raises(
        InputError, match="no filter 'departement'. Did you mean department?.*Nothing was sent"
    ):
        leadkit.search_people(departement="Sales", workspace=workspace)
    with pytest.raises(InputError, match="does not offer search_companies"):
        leadkit.search_companies(via="leadleap", workspace=workspace)
    assert not box.requests


def test_a_refusal_in_the_middle_is_told(box: Sandbox, workspace: Workspace) -> None:
    box.fault("status", "/leads", status=402, skip=1)
    with pytest.raises(CreditsExhaustedError):
        leadkit.search_people(country="DE", most_rows=500, workspace=workspace)
    assert workspace.ledger.runs()[0].state == "stopped"


def test_a_search_that_is_interrupted_is_recorded_as_stopped(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("leadkit.run.Runner.carry_out", interrupt)
    with pytest.raises(KeyboardInterrupt):
        leadkit.search_people(country="DE", workspace=workspace)
    (run,) = workspace.ledger.runs()
    assert (run.state, run.stopped_why) == ("stopped", "KeyboardInterrupt")
    assert not workspace.ledger.owners.alive(run.owner)


def test_what_is_left_of_a_search_is_told(box: Sandbox, workspace: Workspace) -> None:
    sold = [p for p in box.world.known_to("leadleap") if p.company is not None and not p.deleted]
    total = sum(person.country.code == "DE" for person in sold)
    found = leadkit.search_people(country="DE", most_rows=50, workspace=workspace)
    assert found.attrs["notes"] == [f"There are {total:,} in all; these are the first 50."]
    assert leadkit.search_people(country="DE", most_rows=total, workspace=workspace).attrs["notes"] == []


def test_rows_that_never_came_are_told(box: Sandbox, workspace: Workspace) -> None:
    box.fault("short", "/leads", times=2)
    found = leadkit.search_people(country="DE", most_rows=5000, workspace=workspace)
    (note,) = found.attrs["notes"]
    assert f"{len(found):,} of {len(found) + 2:,} rows came; at least 2 are missing" in note


def test_people_who_moved_are_found_where_the_account_has_them(box: Sandbox, workspace: Workspace) -> None:
    asked = {"locations": ["Germany", "France"], "most_rows": 10, "workspace": workspace}
    with pytest.raises(ApprovalError, match="at most 1 credit at .*Nothing was sent"):
        leadkit.search_job_changes(**asked)
    assert not box.requests
    box.set_option("leadiq", "job_changes", True)
    found = leadkit.search_job_changes(**asked, at_most=1)
    assert 0 < len(found) <= 10
    assert set(found["change"]) <= {"JobChange", "TitleChange"}
    assert 0 < box.charged("leadiq") <= 1_000


def test_job_changes_that_the_account_lacks_cost_one_row_to_find_out(
    box: Sandbox, workspace: Workspace
) -> None:
    with pytest.raises(PlanLimitError, match="does not have"):
        leadkit.search_job_changes(locations="Germany", at_most=10, workspace=workspace)
    assert box.charged("leadiq") <= 100


def test_a_number_of_rows_that_is_none_is_refused(box: Sandbox, workspace: Workspace) -> None:
    with pytest.raises(InputError, match="1 or more, not 0. Nothing was sent"):
        leadkit.search_people(country="DE", most_rows=0, workspace=workspace)
    assert not box.requests


def test_an_amount_that_is_not_enough_for_all_rows_buys_as_many_as_it_is_enough_for(
    box: Sandbox, workspace: Workspace
) -> None:
    asked = {"via": "leadiq", "locations": "Germany", "workspace": workspace}
    found = leadkit.search_people(**asked, most_rows=100, at_most=1)
    assert len(found) == 10
    assert box.charged("leadiq") == 1_000
    assert "What may be spent is enough for 10 of the 100 rows." in found.attrs["notes"]
    with pytest.raises(ApprovalError, match="0.05 is not enough for any. Nothing was sent"):
        leadkit.search_people(**asked, most_rows=100, at_most=0.05)


def test_what_a_search_gave_is_known_without_asking_until_a_day_has_passed(
    workspace: Workspace, box: Sandbox, clock: FakeClock
) -> None:
    workspace.clock = clock
    asked = {"via": "leadleap", "most_rows": 150, "workspace": workspace}
    assert known_rows("search_people", {"country": "DE"}, **asked) is None
    found = leadkit.search_people(country="DE", **asked)
    requests = len(box.requests)
    again = known_rows("search_people", {"country": "DE"}, **asked)
    assert again is not None
    pd.testing.assert_frame_equal(again, found)
    assert again.attrs == found.attrs
    assert known_rows("search_people", {"country": "FR"}, **asked) is None
    clock.wait(PAGE_KEEPS_DAYS * 86_400 + 1)
    assert known_rows("search_people", {"country": "DE"}, **asked) is None
    assert len(box.requests) == requests


@pytest.mark.parametrize("country", ["DE", "Nowhere"])
def test_columns_of_a_search_have_their_types_whatever_came(workspace: Workspace, country: str) -> None:
    found = leadkit.search_people(country=country, most_rows=30, workspace=workspace)
    assert (len(found) == 0) == (country == "Nowhere")
    assert {str(found[name].dtype) for name in ("lead_id", "full_name", "country")} == {"str"}
    assert str(found["employees"].dtype) == "Int64"
    assert str(found["has_email"].dtype) == "boolean"


def test_companies_with_their_domain_are_other_pages_than_their_names_alone(
    box: Sandbox, workspace: Workspace
) -> None:
    asked = {"via": "leadiq", "company_locations": "Germany", "most_rows": 5, "workspace": workspace}
    names = leadkit.search_companies(**asked, at_most=1)
    charged = box.charged("leadiq")
    assert charged == 500
    assert "domain" not in names
    detailed = leadkit.search_companies(**asked, want=["company"], at_most=15)
    assert detailed["domain"].notna().all()
    assert set(detailed["company_id"]) == set(names["company_id"])
    assert box.charged("leadiq") - charged == 15_000
    with pytest.raises(InputError, match="leave want= out. Nothing was sent"):
        leadkit.search_companies(via="leadfeeder", locations="DE", want=["company"], workspace=workspace)
