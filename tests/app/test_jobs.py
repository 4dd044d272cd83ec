"""Jobs: once however often the button is pressed, and never lost."""

from __future__ import annotations

import io
import stat
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import marimo as mo
import openpyxl
import pytest

from leadkit.app import prospects, review_queue
from leadkit.app.job_folder import JobFolder
from leadkit.app.job_page import Controls, job_head, next_steps, outcome, steps_behind
from leadkit.app.source import Source
from leadkit.app.visitor import Visitor
from leadkit.errors import RunNotFoundError, SheetError
from leadkit.money import Amount
from leadkit.sandbox import Sandbox
from leadkit.settings import Settings
from leadkit.sheets import Book
from leadkit.workspace import Workspace
from tests.app.books import book_bytes, leads, people_book
from tests.app.desk import Desk

UNLOCK = "/leads/unlock"


def bought(box: Sandbox) -> Counter[str]:
    return Counter(charge.what for charge in box.charges)


def test_a_job_brings_back_the_uploaded_workbook_with_its_answers(desk: Desk, box: Sandbox) -> None:
    people = leads(box, 5)
    source = people_book(people)
    job = desk.approve(desk.draft(source))()
    status = desk.wait(job)
    assert (status.state, status.charged.most, box.charged("leadleap")) == ("done", 5000, 5000)

    workbook = openpyxl.load_workbook(io.BytesIO(job.result()))
    rows = list(workbook["Leads"].iter_rows(values_only=True))
    uploaded = openpyxl.load_workbook(io.BytesIO(source))["Leads"]
    assert [row[:4] for row in rows] == list(uploaded.iter_rows(values_only=True))
    email = rows[0].index("leadleap_email")
    assert [row[email] for row in rows[1:]] == [person.email for person in people]
    receipt = dict(workbook["leadkit receipt"].iter_rows(values_only=True))
    assert receipt["run"] == status.run_id
    assert dict(job.receipt["lines"]).items() <= receipt.items()
    assert receipt["credits charged"] == "5"
    assert {row[0] for row in workbook["leadkit log"].iter_rows(min_row=2, values_only=True)} == {
        person.lead_id for person in people
    }


def test_pressing_the_button_in_eight_threads_at_once_buys_once(desk: Desk, box: Sandbox) -> None:
    press = desk.approve(desk.draft(people_book(leads(box, 4))))
    together = threading.Barrier(8)

    def press_together(_: int) -> JobFolder:
        together.wait()
        return press()

    with ThreadPoolExecutor(8) as pool:
        jobs = list(pool.map(press_together, range(8)))
    assert len({job.id for job in jobs}) == 1
    assert desk.wait(jobs[0]).state == "done"
    assert len(desk.workspace.ledger.runs()) == 1
    assert sorted(bought(box).values()) == [1, 1, 1, 1]
    assert len(box.paid_requests()) == 4


def test_pressing_the_button_again_after_the_job_is_done_buys_nothing(desk: Desk, box: Sandbox) -> None:
    press = desk.approve(desk.draft(people_book(leads(box, 3))))
    desk.wait(press())
    sent = len(box.requests)
    assert desk.jobs.status(press()).state == "done"
    assert len(box.requests) == sent


def test_pressing_the_button_again_after_stop_does_not_go_on_by_itself(desk: Desk, box: Sandbox) -> None:
    box.fault("delay", UNLOCK, times=None, seconds=0.2)
    press = desk.approve(desk.draft(people_book(leads(box, 10))))
    job = press()
    while not box.charges:
        pass
    desk.jobs.cancel(job.id, desk.visitor)
    desk.wait(job)
    sent = len(box.requests)
    assert desk.jobs.status(press()).state == "cancelled"
    assert len(box.requests) == sent


def test_two_servers_that_start_the_same_job_at_once_buy_once(
    open_desk: Callable[[], Desk], box: Sandbox
) -> None:
    source = people_book(leads(box, 6))
    desks = [open_desk(), open_desk()]
    presses = [one.approve(one.draft(source)) for one in desks]
    with ThreadPoolExecutor(2) as pool:
        jobs = list(pool.map(lambda press: press(), presses))
    assert jobs[0].id == jobs[1].id
    for one, job in zip(desks, jobs, strict=True):
        one.wait(job)
    # The one that came second sees how the first one's job ended.
    assert {one.jobs.status(job).state for one, job in zip(desks, jobs, strict=True)} == {"done"}
    assert set(bought(box).values()) == {1}
    assert len(desks[0].workspace.ledger.runs()) == 1


def test_the_same_order_after_the_job_was_done_is_a_new_job(desk: Desk, box: Sandbox) -> None:
    """Else a workbook whose answers have grown old could never be asked about again."""
    draft = desk.draft(people_book(leads(box, 2)))
    first = desk.approve(draft)()
    assert desk.wait(first).state == "done"
    order = first.order
    assert desk.jobs.approval_id(order, draft.source.contents) != first.id


def test_a_job_is_found_again_by_its_id_and_only_by_its_owner(desk: Desk, box: Sandbox) -> None:
    job = desk.approve(desk.draft(people_book(leads(box, 2))))()
    desk.wait(job)
    assert desk.jobs.find(job.id, "tester").order == job.order
    for job_id, user in ((job.id, "somebody else"), (job.id[:-1] + "x", "tester"), ("../../etc", "tester")):
        with pytest.raises(RunNotFoundError, match="This job is not here"):
            desk.jobs.find(job_id, user)


def test_status_tells_how_far_a_job_is_while_it_runs(desk: Desk, box: Sandbox) -> None:
    box.fault("delay", UNLOCK, skip=2, times=None, seconds=1.0)
    job = desk.approve(desk.draft(people_book(leads(box, 6))), 5)()
    seen = []
    while not (status := desk.jobs.status(job)).over:
        seen.append(status)
    middle = [s for s in seen if s.keys_done]
    assert middle, "no progress was told"
    assert all(s.state == "running" and s.approved == 5000 for s in seen)
    assert all(s.keys_total == 6 and s.charged.most <= 5000 for s in middle)
    done = desk.jobs.status(job)
    assert (done.keys_done, done.charged.most) == (5, 5000)
    assert job.receipt["receipt"]["rows"]["over budget"] == 1


def test_a_job_that_the_rate_limit_holds_up_says_so_and_for_how_long(tmp_path: Path) -> None:
    with Sandbox() as box:
        environ = {**box.environ, "LEADKIT_HOME": str(tmp_path / "limited")}
        desk = Desk(Workspace(Settings.from_environment(environ), user="tester"))
        job = desk.approve(desk.draft(people_book(leads(box, 70))))()
        assert "Waiting" not in job_head(job, desk.jobs.status(job)).text
        words = "Waiting for the provider&#x27;s rate limit: it goes on in about"
        while words not in job_head(job, status := desk.jobs.status(job)).text:
            assert not status.over, "it was done without a word on the wait"
        desk.jobs.cancel(job.id, desk.visitor)
        assert desk.wait(job).waits == 0
        desk.workspace.close()


def test_cancel_stops_the_spending_and_continuing_buys_the_rest(desk: Desk, box: Sandbox) -> None:
    box.fault("delay", UNLOCK, times=None, seconds=0.3)
    job = desk.approve(desk.draft(people_book(leads(box, 20))))()
    while not box.charges:
        pass
    desk.jobs.cancel(job.id, desk.visitor)
    assert desk.jobs.status(job).state in ("stopping", "cancelled")
    status = desk.wait(job)
    assert status.state == "cancelled"
    assert status.can_resume
    assert 0 < box.charged("leadleap") < 20_000
    assert status.charged.most == box.charged("leadleap")

    box.clear_faults()
    desk.jobs.resume(job.id, desk.visitor)
    assert desk.wait(job).state == "done"
    assert set(bought(box).values()) == {1}
    assert box.charged("leadleap") == 20_000
    assert job.receipt["receipt"]["rows"]["answered"] == 20


def test_a_job_whose_credits_ran_out_says_so_and_goes_on_once_there_are_more(
    desk: Desk, box: Sandbox
) -> None:
    box.set_credits("leadleap", 3)
    job = desk.approve(desk.draft(people_book(leads(box, 8))))()
    status = desk.wait(job)
    assert status.state == "stopped"
    assert "credit" in status.why
    assert "resume" in status.why
    assert job.receipt["receipt"]["rows"]["answered"] == 3

    box.set_credits("leadleap", 100)
    desk.jobs.resume(job.id, desk.visitor)
    assert desk.wait(job).state == "done"
    assert box.charged("leadleap") == 8000
    assert job.receipt["complete"]


def test_a_job_of_a_server_that_died_is_offered_and_finished_by_the_next_one(
    open_desk: Callable[[], Desk], box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process ends between two calls: the thread stops where it is and its lock is dropped."""
    first = open_desk()
    box.fault("delay", UNLOCK, times=None, seconds=0.1)
    died = threading.Event()
    ledger = first.workspace.ledger
    monkeypatch.setattr(type(ledger), "end_run", lambda *_: died.set())
    monkeypatch.setattr(JobFolder, "keep", lambda *_: None)
    job = first.approve(first.draft(people_book(leads(box, 12))))()
    while not box.charges:
        pass
    first.jobs.cancel(job.id, first.visitor)
    first.wait(job)
    assert died.is_set()
    monkeypatch.undo()
    box.clear_faults()

    second = open_desk()
    assert [one.id for one in second.jobs.unfinished("tester")] == [job.id]
    status = second.jobs.status(job)
    assert (status.state, status.can_resume) == ("interrupted", True)
    assert 0 < status.keys_done < 12
    second.jobs.resume(job.id, second.visitor)
    assert second.wait(job).state == "done"
    assert set(bought(box).values()) == {1}
    assert job.receipt["receipt"]["rows"]["answered"] == 12
    assert second.jobs.unfinished("tester") == []


def test_a_server_that_is_told_to_end_brings_its_calls_to_their_end(
    open_desk: Callable[[], Desk], box: Sandbox
) -> None:
    box.fault("delay", UNLOCK, times=None, seconds=0.3)
    first = open_desk()
    job = first.approve(first.draft(people_book(leads(box, 20))))()
    while not box.charges:
        pass
    first.jobs.close()
    sent = len(box.requests)
    status = open_desk().jobs.status(job)
    assert (status.state, status.held) == ("cancelled", 0)
    assert status.charged.most == box.charged("leadleap")
    assert len(box.requests) == sent
    assert [one.id for one in open_desk().jobs.unfinished("tester")] == [job.id]


def test_a_workbook_that_cannot_be_written_back_is_refused_before_anything_is_spent(
    desk: Desk, box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    press = desk.approve(desk.draft(people_book(leads(box, 2))))

    def refuse(_: Book) -> None:
        msg = "This workbook is signed. Nothing was sent."
        raise SheetError(msg)

    monkeypatch.setattr(Book, "check_writable", refuse)
    made = press()
    status = desk.wait(made)
    assert (status.state, status.why) == ("refused", "This workbook is signed. Nothing was sent.")
    assert box.paid_requests() == []
    buttons = Controls(mo.ui.button(), mo.ui.button(), mo.ui.button())
    for steps in (next_steps, review_queue.next_steps, partial(prospects.next_steps, search="")):
        assert outcome(made, buttons, steps) is None


def test_a_job_whose_files_vanish_is_told_as_gone(desk: Desk, box: Sandbox) -> None:
    job = desk.approve(desk.draft(people_book(leads(box, 1))))()
    desk.wait(job)
    job.remove()
    for look in (lambda: desk.jobs.status(job), job.result, lambda: desk.jobs.find(job.id, "tester")):
        with pytest.raises(RunNotFoundError, match="This job is not here"):
            look()
    assert desk.jobs.unfinished("tester") == []


def test_a_job_that_never_reached_the_ledger_begins_when_it_is_continued(
    desk: Desk, box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk.jobs, "_spawn", lambda *_: None)  # the server dies right after freezing the rows
    job = desk.approve(desk.draft(people_book(leads(box, 2))))()
    monkeypatch.undo()
    assert desk.jobs.status(job).state == "interrupted"
    desk.jobs.resume(job.id, desk.visitor)
    assert desk.wait(job).state == "done"
    assert box.charged("leadleap") == 2000


def test_an_approval_is_void_when_the_plan_has_changed_meanwhile(desk: Desk, box: Sandbox) -> None:
    people = leads(box, 4)
    press = desk.approve(desk.draft(people_book(people)))
    desk.wait(desk.approve(desk.draft(people_book(people[:2])))())
    box.clear_record()
    job = press()
    status = desk.wait(job)
    assert status.state == "refused"
    assert "Nothing was sent" in status.why
    assert box.paid_requests() == []


def test_the_files_of_a_job_are_their_owners_alone_and_hold_no_key(desk: Desk, box: Sandbox) -> None:
    job = desk.approve(desk.draft(people_book(leads(box, 2))))()
    desk.wait(job)
    assert stat.S_IMODE(job.path.stat().st_mode) == 0o700
    assert stat.S_IMODE(job.path.parent.stat().st_mode) == 0o700
    files = [path for path in job.path.rglob("*") if path.is_file()]
    assert {path.name for path in files} == {"source.xlsx", "order.json", "result.xlsx", "receipt.json"}
    key = box.environ["LEADLEAP_API_KEY"].encode()
    for path in files:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path.name
        assert key not in path.read_bytes()
        for member in openpyxl.load_workbook(path) if path.suffix == ".xlsx" else ():
            assert all(key.decode() not in str(cell.value) for row in member.iter_rows() for cell in row)


def test_files_of_jobs_long_over_are_removed_and_unfinished_ones_stay(desk: Desk, box: Sandbox) -> None:
    old = desk.approve(desk.draft(people_book(leads(box, 1))))()
    desk.wait(old)
    desk.jobs.tidy(keep_days=1)
    assert old.exists()
    desk.jobs.tidy(keep_days=-1)
    assert not old.exists()


def test_a_workbook_that_cannot_be_written_back_comes_as_a_new_one(desk: Desk, box: Sandbox) -> None:
    people = leads(box, 3)
    lines = "".join(f"{p.first_name};{p.lead_id}\r\n" for p in people)
    source = f"Name;Lead ID\r\n{lines}".encode()
    job = desk.approve(desk.draft(source, name="leads.csv"))()
    assert desk.wait(job).state == "done"
    assert job.receipt["name"] == "leads.enriched.csv"
    assert job.result_frame()["leadleap_email"].tolist() == [person.email for person in people]


def test_a_pilot_buys_its_rows_and_the_rest_is_priced_by_what_it_taught(desk: Desk, box: Sandbox) -> None:
    people = leads(box, 12)
    pilot = desk.approve(desk.draft(people_book(people), sample=5))()
    assert desk.wait(pilot).state == "done"
    rows = pilot.receipt["receipt"]["rows"]
    assert (rows["answered"], rows["left out"], pilot.receipt["complete"]) == (5, 7, True)
    rest = Source.of(pilot)
    assert rest.task is not None
    assert not rest.task.is_pilot
    draft = desk.draft(rest)
    assert draft.plan.preview.keys_to_buy == 7
    assert draft.plan.preview.hit_rate is not None
    done = desk.approve(draft)()
    desk.wait(done)
    assert bought(box) == dict.fromkeys((person.lead_id for person in people), 1)
    assert done.result_frame()["leadleap_email"].tolist() == [person.email for person in people]


def test_a_pilot_that_was_stopped_is_resumed_for_its_own_rows(desk: Desk, box: Sandbox) -> None:
    box.set_credits("leadleap", 2)
    pilot = desk.approve(desk.draft(people_book(leads(box, 12)), sample=6))()
    assert desk.wait(pilot).state == "stopped"
    box.set_credits("leadleap", 100)
    desk.jobs.resume(pilot.id, desk.visitor)
    assert desk.wait(pilot).state == "done"
    rows = pilot.receipt["receipt"]["rows"]
    assert (rows["answered"], rows["left out"]) == (6, 6)
    assert box.charged("leadleap") == 6000


def test_a_second_step_goes_on_with_the_result_and_brings_back_one_workbook(desk: Desk, box: Sandbox) -> None:
    people = leads(box, 4)
    first = desk.approve(desk.draft(people_book(people)))()
    desk.wait(first)
    source = Source.result_of(first)
    second = desk.approve(desk.draft(source, "validate_emails", "leadleap_email"))()
    assert desk.wait(second).state == "done"
    assert second.receipt["name"] == "leads.enriched.xlsx"
    assert [(job.id, charged) for job, charged in steps_behind(desk.jobs.folder, second.id)] == [
        (first.id, "4"),
        (second.id, "0 to 4"),
    ]
    workbook = openpyxl.load_workbook(io.BytesIO(second.result()))
    assert workbook.sheetnames[:3] == ["Leads", "leadkit receipt", "leadkit log"]
    assert len(workbook.sheetnames) == 5
    header = [cell.value for cell in workbook["Leads"][1]]
    assert {"Email", "leadleap_email", "leadleap_email_verdict"} <= set(header)
    first.remove()
    assert [job.id for job, _ in steps_behind(desk.jobs.folder, second.id)] == [second.id]


def test_rows_over_a_ceiling_are_told_with_the_ceiling_and_not_with_the_amount(
    desk: Desk, box: Sandbox
) -> None:
    desk.visitor = Visitor(desk.visitor.name, daily_cap=3000)
    job = desk.approve(desk.draft(people_book(leads(box, 5))))()
    desk.wait(job)
    (reason,) = job.receipt["reasons"]["over budget"]
    assert "ceiling of 3 credits a day" in reason
    assert box.charged("leadleap") == 3000


def test_answers_are_written_into_the_sheets_own_blank_cells_where_that_was_chosen(
    desk: Desk, box: Sandbox
) -> None:
    person, other = leads(box, 2)
    rows = [("Email", "Lead ID"), ("kept@example.com", person.lead_id), (None, other.lead_id)]
    job = desk.approve(desk.draft(book_bytes(rows), write="fill"))()
    desk.wait(job)
    assert job.receipt["written"]["filled"] == {"Email": 1}
    assert job.result_frame()["Email"].tolist() == ["kept@example.com", other.email]


def test_a_charge_that_nobody_knows_exactly_is_shown_with_the_reason(desk: Desk, box: Sandbox) -> None:
    job = desk.approve(desk.draft(people_book(leads(box, 2))))()
    status = desk.wait(job)
    why = "Of some answers nobody said exactly what they cost."
    assert why not in job_head(job, status).text
    unsure = replace(status, charged=Amount(0, status.charged.most))
    assert f"0 to 2 of the 2 approved credits were spent. {why}" in job_head(job, unsure).text
