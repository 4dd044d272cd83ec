"""Searches on the command line: typed filters, new files, what is left."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from leadkit.sandbox import Sandbox
from tests.cli.calling import Run, cells, refused


@pytest.mark.parametrize("ending", [".xlsx", ".csv"])
def test_what_a_search_finds_is_written_into_a_new_file(
    leadkit: Run, tmp_path: Path, box: Sandbox, ending: str
) -> None:
    out = tmp_path / f"found{ending}"
    arguments = ("search", "people", "--filter", "country=DE", "--filter", "country=FR", "--most-rows", 120)
    ended = leadkit(*arguments, "-o", out)
    assert ended.status == 0
    found = cells(out) if ending == ".xlsx" else pd.read_csv(out, dtype=str, keep_default_na=False)
    assert len(found) == 120
    assert set(found["country"]) == {"DE", "FR"}
    assert "in all; these are the first 120" in ended.out
    as_json = leadkit(*arguments, "--json").json
    assert [row["lead_id"] for row in as_json["rows"]] == list(found["lead_id"])
    assert box.charged() == 0


def test_a_filter_of_yes_or_no_and_one_of_a_number_are_understood(leadkit: Run, box: Sandbox) -> None:
    arguments = ("search", "companies", "--filter", "locations=DE")
    ended = leadkit(*arguments, "--filter", "has_phone=true", "--filter", "revenue_min=1000", "--json")
    assert ended.status == 0
    fitting = {row["company_id"] for row in ended.json["rows"]}
    everybody = {row["company_id"] for row in leadkit(*arguments, "--json").json["rows"]}
    assert fitting < everybody


def test_the_filters_of_a_search_are_shown_and_nothing_is_sent(leadkit: Run, box: Sandbox) -> None:
    ended = leadkit("search", "people", "--filters")
    assert "department" in ended.out
    assert "job_level" in leadkit("search", "people", "--filters", "--json").json["filters"]
    assert not box.requests


def test_a_search_that_costs_wants_an_amount(leadkit: Run, box: Sandbox, tmp_path: Path) -> None:
    arguments = ("search", "people", "--via", "leadiq", "--filter", "locations=Germany", "--most-rows", 20)
    refused(leadkit(*arguments), "at most 2 credits")
    assert not box.requests
    ended = leadkit(*arguments, "--at-most", 1)
    assert ended.status == 0
    assert box.charged("leadiq") == 1_000
    assert "enough for 10 of the 20 rows" in ended.out


def test_people_who_changed_jobs_are_found(leadkit: Run, box: Sandbox) -> None:
    box.set_option("leadiq", "job_changes", True)
    ended = leadkit("search", "job-changes", "--filter", "locations=Germany", "--at-most", 1, "--json")
    assert {row["change"] for row in ended.json["rows"]} <= {"JobChange", "TitleChange"}
    assert ended.json["rows"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("robots",), "people, companies, job-changes"),
        (("people", "--filter", "country"), "country=DE"),
        (("people", "--filter", "land=DE"), "no filter 'land'"),
        (("people", "--via", "nobody"), "no provider 'nobody'"),
        (("people", "-o", "found.txt"), ".xlsx or .csv"),
        (("people", "-o", "taken.csv"), "--overwrite"),
        (("companies", "--via", "leadleap"), "does not offer search_companies"),
    ],
)
def test_what_cannot_be_searched_is_refused_and_nothing_is_sent(
    leadkit: Run, box: Sandbox, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    (tmp_path / "taken.csv").write_text("precious")
    refused(leadkit("search", *arguments), said)
    assert not box.requests
    assert (tmp_path / "taken.csv").read_text() == "precious"


def test_a_cell_from_a_provider_cannot_paint_the_terminal_or_run_in_a_spreadsheet(
    leadkit: Run, box: Sandbox, tmp_path: Path
) -> None:
    body = (
        b'{"success": true, "data": [{"id": "c_1", "contact_name": "\\u001b[31mAnna", "job_title": "=1+1"}],'
        b' "meta": {"page": 1, "per_page": 25, "total": 1, "total_pages": 1}}'
    )
    box.fault("body", "/leads", body=body, headers={"content-type": "application/json"})
    ended = leadkit("search", "people", "--filter", "country=DE", "-o", tmp_path / "found.csv")
    assert ended.status == 0
    assert "\x1b" not in ended.out
    assert pd.read_csv(tmp_path / "found.csv")["title"].tolist() == ["'=1+1"]


def test_forgetting_names_the_file_that_a_search_wrote_with_the_person_in_it(
    leadkit: Run, tmp_path: Path
) -> None:
    first, other = tmp_path / "first.xlsx", tmp_path / "other.csv"
    leadkit("search", "people", "--filter", "country=DE", "--most-rows", 5, "-o", first)
    leadkit("search", "people", "--filter", "country=FR", "--most-rows", 5, "-o", other)
    receipt = leadkit("forget", "--lead-id", cells(first)["lead_id"][0], "--json").json["forget"]
    assert receipt["outputs"] == [str(first)]
