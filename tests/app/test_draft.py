"""What a page says before anything is approved."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from leadkit.app import upload
from leadkit.app.draft import balance_words, column_choice, row_problems, row_table, summaries
from leadkit.app.session import Session
from leadkit.app.steps import STEPS
from leadkit.app.upload import open_upload
from leadkit.errors import ApprovalError, InputError, SheetError
from leadkit.sandbox import Sandbox
from leadkit.schemas import check_intake
from leadkit.workspace import Workspace
from tests.app.books import book_bytes, leads, people_book
from tests.app.desk import Desk


def test_the_column_is_guessed_with_its_evidence_and_can_be_overruled(box: Sandbox) -> None:
    frame = open_upload("leads.xlsx", people_book(leads(box, 3))).frame
    choice = column_choice(frame, STEPS["validate_emails"])
    assert choice.guessed == "Email"
    assert "header says 'Email'" in choice.words(frame, "Email")[0]
    assert choice.words(frame, "Name")[0] == "You chose this column."
    assert leads(box, 1)[0].first_name in choice.words(frame, "Name")[1]


def test_without_a_likely_column_one_is_asked_for(desk: Desk) -> None:
    source = book_bytes([("A", "B"), ("x", "y")])
    book = open_upload("leads.xlsx", source)
    choice = column_choice(book.frame, STEPS["validate_emails"])
    assert choice.guessed is None
    assert choice.words(book.frame, None) == [
        "No column of this sheet looks like it. Choose it from the list."
    ]
    with pytest.raises(InputError, match="Choose the column with the e-mail addresses. Nothing was sent."):
        desk.draft(source, "validate_emails", column=None)


def test_the_button_says_what_happens_and_what_it_costs_at_most(desk: Desk, box: Sandbox) -> None:
    source = people_book(leads(box, 3))
    draft = desk.draft(source)
    assert draft.button(draft.approve(2.5)) == "Unlock 3 leads for at most 2.5 credits"
    assert draft.reach(draft.approve("2.5")).startswith("Enough for 2 of 3 leads")
    assert draft.reach(draft.approve(3)) == ""
    assert desk.draft(source, "enrich").button(0) == "Fill in 3 leads for 0 credits"
    desk.wait(desk.approve(draft)())
    assert desk.draft(source).button(0) == "Fill in what is known, for 0 credits"


@pytest.mark.parametrize("amount", [None, "", -1, float("nan"), "ten"])
def test_what_is_no_amount_cannot_be_approved(desk: Desk, box: Sandbox, amount: float | str | None) -> None:
    draft = desk.draft(people_book(leads(box, 2)))
    with pytest.raises(ApprovalError, match="Nothing was sent"):
        draft.approve(amount)


def test_findings_about_rows_are_told_by_spreadsheet_row(desk: Desk) -> None:
    source = book_bytes(
        [("Email",), ("a@example.com",), (None,), ("half@",), ("A@example.com",)], first_row=3
    )
    book = open_upload("leads.xlsx", source)
    report = check_intake(book.frame, "validate_emails", {"email": "Email"})
    assert row_problems(report)["Row"].tolist() == [6]
    assert any("repeat" in sentence for sentence in summaries(report))
    table = row_table(desk.draft(source, "validate_emails", column="Email"))
    assert dict(zip(table["Row"], table["What happens"], strict=True)) == {
        4: "will be looked up",
        6: "not usable",
        7: "same as another row, free",
    }
    assert table["Why"].tolist()[-1] == "the same as row 4"


def test_a_balance_that_may_not_be_enough_is_told_before_the_purchase(
    open_workspace: Callable[..., Workspace], box: Sandbox
) -> None:
    session = Session(open_workspace())
    desk = Desk(session.workspace)
    preview = desk.draft(people_book(leads(box, 5))).plan.preview
    box.set_credits("leadleap", 5)
    assert balance_words(preview, session.balance("leadleap")) == ["The account has 5 credits left."]
    box.set_credits("leadleap", 4)
    asked = len(box.requests)
    assert balance_words(preview, session.balance("leadleap")) == ["The account has 5 credits left."]
    assert len(box.requests) == asked, "a balance is asked for once a minute"
    session.spent()
    assert "may not be enough" in balance_words(preview, session.balance("leadleap"))[0]
    assert balance_words(preview, None) == []


def test_a_provider_that_does_not_tell_the_balance_stops_nothing(
    open_workspace: Callable[..., Workspace], box: Sandbox
) -> None:
    box.fault("status", "/account/usage", times=None, status=500)
    balance = Session(open_workspace()).balance("leadleap")
    assert balance.remaining is None
    assert "LeadLeap" in balance.note


def test_an_upload_beyond_the_limit_is_refused_on_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """The browser's own limit is only asked for politely."""
    contents = book_bytes([("Email",), ("a@example.com",)])
    monkeypatch.setattr(upload, "LIMIT_BYTES", len(contents))
    assert len(open_upload("leads.xlsx", contents).frame) == 1
    with pytest.raises(SheetError, match="at most .* can be uploaded. Nothing was sent"):
        open_upload("leads.xlsx", contents + b"\0")


def test_an_empty_upload_is_named_as_such() -> None:
    with pytest.raises(SheetError, match=r"leads\.csv is empty\. Nothing was sent\."):
        open_upload("leads.csv", b"")
