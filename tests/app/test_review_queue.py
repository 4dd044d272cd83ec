"""The queue of those who have to be looked at, without a browser."""

from __future__ import annotations

import pytest

from leadkit.app.job_folder import JobFolder
from leadkit.app.review_queue import (
    FITS,
    JUDGED,
    PAGE,
    WAITS,
    Queue,
    keep,
    next_steps,
    open_queue,
    shown,
    side_by_side,
    step_after,
)
from leadkit.app.session import Session
from leadkit.app.source import Source
from leadkit.sandbox import Sandbox
from tests.app.books import book_bytes
from tests.app.desk import Desk

HOSTILE = '<img src=x onerror="alert(1)"> https://tracker.example/pixel.png'


@pytest.fixture
def here(desk: Desk) -> Session:
    return Session(desk.workspace).seen_by(desk.visitor)


@pytest.fixture
def job(box: Sandbox, desk: Desk) -> JobFolder:
    """One who fits and more who do not than a page holds, the last with a hostile name."""
    known = [person for person in box.world.known_to("leadiq") if person.email][: PAGE + 3]
    names = [known[0].full_name, *["Zelda Quux"] * (PAGE + 1), HOSTILE]
    rows = [("Email", "Name"), *((one.email, name) for one, name in zip(known, names, strict=True))]
    columns = {"email": "Email", "full_name": "Name"}
    draft = desk.draft(
        book_bytes(rows), "find_people", provider="leadiq", columns=columns, wants=("profile",)
    )
    job = desk.approve(draft)()
    assert desk.wait(job).state == "done"
    return job


@pytest.fixture
def queue(here: Session, job: JobFolder) -> Queue:
    return open_queue(here, job)


def test_each_person_found_is_in_one_list(queue: Queue) -> None:
    lists = [queue.those(which) for which in (WAITS, JUDGED, FITS)]
    assert [len(those) for those in lists] == [PAGE + 2, 0, 1]
    assert {one.key for those in lists for one in those} == {one.key for one in queue.found}


def test_pages_show_everybody_once(queue: Queue) -> None:
    pages = [shown(queue, WAITS, page) for page in (1, 2)]
    assert len(pages[0]) == PAGE
    assert [*pages[0], *pages[1]] == queue.those(WAITS)


def test_an_answer_moves_somebody_from_one_list_to_the_other_and_later_leaves_them(
    here: Session, job: JobFolder, queue: Queue
) -> None:
    page = shown(queue, WAITS, 1)
    chosen = ["The row’s person", "Somebody else", *["Not decided"] * (PAGE - 2)]
    assert keep(queue, page, chosen) is None
    after = open_queue(here, job)
    judged = {one.key: one.accepted for one in after.those(JUDGED)}
    assert judged == {page[0].key: True, page[1].key: False}
    assert len(after.those(WAITS)) == len(queue.those(WAITS)) - len(judged)


def test_what_a_sheet_holds_is_shown_as_text(queue: Queue) -> None:
    hostile = next(one for one in queue.found if one.asked["full_name"] == HOSTILE)
    html = side_by_side(queue, hostile)
    assert "onerror=&quot;alert(1)&quot;" in html
    assert "<img" not in html
    assert "https:" not in html


def test_people_are_found_and_then_unlocked_where_they_were_found(here: Session, job: JobFolder) -> None:
    assert step_after(here, Source("leads.xlsx", b""))[0] == "find_people"
    step, task = step_after(here, Source.result_of(job))
    assert (step, task.provider, task.wants) == ("unlock", "leadiq", ("email",))
    assert f"?after={job.id}" in [href for _, href in next_steps(job)]
