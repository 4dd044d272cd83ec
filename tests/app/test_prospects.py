"""Searching for prospects and what is done with them, without a browser."""

from __future__ import annotations

import io
import threading
from dataclasses import replace

import openpyxl
import pytest

from leadkit.app import prospect_lists, prospects
from leadkit.app.jobs import Jobs
from leadkit.app.prospect_page import Results, results, standing
from leadkit.app.prospects import Query
from leadkit.app.session import Session
from leadkit.app.visitor import Visitor
from leadkit.errors import ApprovalError, InputError, LeadkitError, RunNotFoundError
from leadkit.forgetting import forget
from leadkit.ledger.retention import PAGE_KEEPS_DAYS
from leadkit.sandbox import Sandbox
from leadkit.workspace import Workspace
from tests.conftest import FakeClock

ANNA, BEN, CARL = Visitor("anna", "spend"), Visitor("ben", "look"), Visitor("carl", "spend")
FREE = Query("leadleap", "search_people", {"country": ["DE"]}, 20)
PAID = Query("leadiq", "search_people", {"titles": ["VP Sales", "Sales Manager"]}, 30)


@pytest.fixture
def here(workspace: Workspace, clock: FakeClock) -> Session:
    """A session in which nobody waits for real, and days pass at will; Anna looks."""
    workspace.clock = clock
    return Session(workspace).seen_by(ANNA)


def press(here: Session, query: Query, by: Visitor = ANNA) -> str:
    """What a press of the search button does, and the id in the page's address afterwards."""
    cost = prospects.preview(query, here.workspace)
    named = prospects.search_id(query, cost, here)
    prospects.run_search(here, query, cost, named, by)
    return named


def test_only_what_can_be_searched_is_offered_with_its_price(here: Session) -> None:
    assert list(prospects.providers(here.workspace)) == ["LeadLeap", "LeadIQ", "Leadfeeder", "Leadey"]
    assert prospects.kinds(here.workspace, "leadleap") == {"People (free)": "search_people"}
    assert list(prospects.kinds(here.workspace, "leadiq")) == [
        "People (0.1 credits a row)",
        "Companies (0.1 credits a row)",
        "People who changed jobs (0.1 credits a row)",
    ]


def test_looking_at_a_price_sends_nothing(here: Session, box: Sandbox) -> None:
    cost = prospects.preview(PAID, here.workspace)
    assert (cost.most, cost.calls) == (3000, 2)
    assert prospects.preview(FREE, here.workspace).most == 0
    assert box.requests == []
    with pytest.raises(InputError, match="Nothing was sent"):
        prospects.preview(replace(PAID, filters={}), here.workspace)


def test_a_search_is_found_again_by_its_address_and_asks_nothing(here: Session, box: Sandbox) -> None:
    named = press(here, PAID)
    run = prospects.find_run(here, named)
    assert run is not None
    found = prospects.rows_of(here, Query.of(run))
    assert found is not None
    assert 0 < len(found) <= 30
    assert box.charged("leadiq") == 100 * len(found) <= run.approved
    asked = len(box.requests)
    for _ in range(3):
        assert len(prospects.rows_of(here, Query.of(run))) == len(found)
    assert len(box.requests) == asked


def test_an_approval_searches_once_under_presses_at_one_moment(
    here: Session, box: Sandbox, clock: FakeClock
) -> None:
    cost = prospects.preview(PAID, here.workspace)
    named = prospects.search_id(PAID, cost, here)
    presses = [
        threading.Thread(target=prospects.run_search, args=(here, PAID, cost, named, ANNA)) for _ in range(4)
    ]
    for one in presses:
        one.start()
    for one in presses:
        one.join()
    assert len(here.workspace.ledger.runs()) == 1
    assert len(box.paid_requests()) == cost.calls
    # The same search leads back to the same rows, for as long as they are fresh.
    assert press(here, PAID) == named
    assert len(here.workspace.ledger.runs()) == 1
    clock.wait(PAGE_KEEPS_DAYS * 86_400 + 1)
    assert press(here, PAID) != named


def test_results_that_are_not_fresh_any_more_are_not_shown(here: Session, clock: FakeClock) -> None:
    press(here, FREE)
    clock.wait(PAGE_KEEPS_DAYS * 86_400 + 1)
    assert prospects.rows_of(here, FREE) is None


def test_who_may_only_look_neither_searches_nor_changes_a_list(here: Session, box: Sandbox) -> None:
    ben = here.seen_by(BEN)
    with pytest.raises(ApprovalError, match="may look, but not spend. Nothing was sent"):
        press(ben, FREE, BEN)
    press(here, FREE)
    rows = prospects.rows_of(here, FREE)
    asked = len(box.requests)
    with pytest.raises(ApprovalError, match="may look, but not spend. Nothing was sent"):
        prospect_lists.add(ben, FREE, rows, "Fair", "leadiq", by=BEN)
    assert len(box.requests) == asked


def test_a_large_search_needs_the_password_once_more(here: Session, box: Sandbox) -> None:
    careful = Visitor("anna", "spend", confirm_above=2000)
    with pytest.raises(ApprovalError, match="need your password. Nothing was sent"):
        press(here, PAID, careful)
    assert box.paid_requests() == []
    press(here, PAID, replace(careful, confirmed=True))
    assert box.paid_requests() != []


def test_a_search_is_nobody_elses(here: Session) -> None:
    named = press(here, FREE)
    assert prospects.find_run(here.seen_by(CARL), named) is None


def test_a_search_for_somebody_who_was_forgotten_is_gone(here: Session, workspace: Workspace) -> None:
    query = Query("leadfeeder", "search_people", {"emails": ["gone@example.com"]}, 10)
    named = press(here, query)
    run = prospects.find_run(here, named)
    assert run is not None
    forget(email="gone@example.com", workspace=workspace)
    with pytest.raises(RunNotFoundError, match="This search is not here"):
        Query.of(workspace.ledger.run(run.id))


def test_each_standing_of_a_search_has_words_of_its_own(here: Session) -> None:
    named = press(here, FREE)
    run = prospects.find_run(here, named)
    assert run is not None
    over = results(here, FREE, run.id)
    assert not over.under_way
    assert over.rows is not None
    assert "20 rows came, for 0 credits" in standing(over).text
    waiting = Results(replace(run, state="running"), under_way=True, rows=None)
    assert "Under way" in standing(waiting).text
    gone = Results(replace(run, state="running"), under_way=False, rows=None)
    assert "It was interrupted" in standing(gone).text
    assert "not fresh any more" in standing(Results(run, under_way=False, rows=None)).text


def test_a_refused_search_says_why_and_can_be_made_again(here: Session, box: Sandbox) -> None:
    box.set_credits("leadiq", 0)
    with pytest.raises(LeadkitError):
        press(here, PAID)
    (run,) = here.workspace.ledger.runs()
    assert run.state == "stopped"
    assert run.stopped_why
    box.set_credits("leadiq", 100)
    again = prospects.find_run(here, press(here, PAID))
    assert again is not None
    assert again.id != run.id
    assert prospects.rows_of(here, PAID) is not None


def test_the_table_shows_who_first_and_no_empty_column(here: Session) -> None:
    press(here, FREE)
    rows = prospects.rows_of(here, FREE)
    shown = prospects.table(FREE, rows, here.workspace)
    assert list(shown)[:3] == ["Full name", "Title", "Company"]
    assert list(shown)[-1] == "Lead ID"
    assert "First name" not in shown
    assert set(shown["Has email"].dropna()) <= {"yes", "no"}
    assert not shown.isna().all().any()
    assert not [column for column in shown if "email" in column.lower() and column != "Has email"]


def test_the_rows_are_a_workbook_of_the_same_bytes_for_the_same_rows(here: Session) -> None:
    press(here, FREE)
    rows = prospects.rows_of(here, FREE)
    contents = prospects.workbook(FREE, rows)
    assert contents == prospects.workbook(FREE, prospects.rows_of(here, FREE))
    (sheet,) = openpyxl.load_workbook(io.BytesIO(contents)).worksheets
    assert [cell.value for cell in next(sheet.iter_rows())] == list(rows)
    assert sheet.max_row == len(rows) + 1


@pytest.mark.parametrize(
    ("query", "wants"),
    [
        (FREE, ()),
        (PAID, ("email",)),
        (Query("leadfeeder", "search_people", {"departments": ["sales_department"]}, 20), ()),
        (Query("leadfeeder", "search_companies", {"locations": ["DE"]}, 20), ()),
    ],
    ids=lambda value: f"{value.via} {value.step}" if isinstance(value, Query) else "",
)
def test_what_was_ticked_is_bought_once_and_comes_back_as_a_workbook(
    here: Session, box: Sandbox, query: Query, wants: tuple[str, ...]
) -> None:
    press(here, query)
    rows = prospects.rows_of(here, query)
    assert rows is not None
    ticked = rows.iloc[[0, 2]]
    before = box.charged(query.via)
    draft = prospects.unlock_draft(query, ticked, wants, here.workspace)
    assert draft.plan.preview.keys_to_buy == 2
    assert box.charged(query.via) == before
    at_most = draft.approve(draft.plan.preview.most / 1000)
    jobs = Jobs(here.workspace)
    job_id = jobs.approval_id(draft.order(at_most), draft.source.contents)
    for _ in range(2):
        job = jobs.start(job_id, draft.order(at_most), draft.source.contents, ANNA)
    while not jobs.status(job).over:
        threading.Event().wait(0.02)
    assert jobs.status(job).state == "done", jobs.status(job)
    assert before < box.charged(query.via) <= before + draft.plan.preview.most
    frame = job.result_frame()
    assert frame[rows.columns[0]].tolist() == ticked.iloc[:, 0].tolist()
    links = dict(prospects.next_steps(job, "abc"))
    assert links["Back to the search"] == "?search=abc"
    jobs.close()


def test_without_a_ticked_row_there_is_no_price(here: Session) -> None:
    press(here, FREE)
    rows = prospects.rows_of(here, FREE)
    with pytest.raises(InputError, match="No row is chosen. Nothing was sent"):
        prospects.unlock_draft(FREE, rows.head(0), (), here.workspace)


@pytest.mark.parametrize(
    ("query", "via"),
    [(FREE, "leadiq"), (Query("leadfeeder", "search_companies", {"locations": ["DE"]}, 20), "leadfeeder")],
)
def test_people_are_put_on_a_list_once_and_nothing_before_that(
    here: Session, box: Sandbox, query: Query, via: str
) -> None:
    press(here, query)
    rows = prospects.rows_of(here, query).head(3)
    assert via in prospect_lists.targets(here, query).values()
    asked = len(box.requests)
    rehearsed = prospect_lists.rehearse(here, query, rows, "Trade fair", via)
    assert prospect_lists.counts(rehearsed) == "3 would be sent"
    assert len(box.requests) == asked
    told = prospect_lists.add(here, query, rows, " Trade fair ", via, by=ANNA)
    assert prospect_lists.counts(told) == "3 added"
    if via == "leadiq":  # at Leadfeeder the same id is on a list once, however often it is added
        again = prospect_lists.add(here, query, rows, "Trade fair", via, by=ANNA)
        assert prospect_lists.counts(again) == "3 there already"
    with pytest.raises(InputError, match="The list has no name. Nothing was sent"):
        prospect_lists.rehearse(here, query, rows, " ", via)
