"""What a page says before anything is approved."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from leadkit.app import upload
from leadkit.app.choices import parse_rows
from leadkit.app.draft import balance_words, row_problems, row_table, summaries
from leadkit.app.mapping import column_choices, mapping_words
from leadkit.app.offers import providers_of, wants_of
from leadkit.app.own_columns import write_into
from leadkit.app.session import Session
from leadkit.app.steps import STEPS
from leadkit.app.upload import open_upload
from leadkit.errors import ApprovalError, InputError, SheetError
from leadkit.providers.base import ResultColumn
from leadkit.sandbox import Sandbox
from leadkit.schemas import check_intake
from leadkit.steps import DEFAULT_PROVIDER
from leadkit.workspace import Workspace
from tests.app.books import book_bytes, leads, people_book
from tests.app.desk import Desk


def test_columns_are_guessed_with_their_evidence_and_can_be_overruled(desk: Desk, box: Sandbox) -> None:
    frame = open_upload("leads.xlsx", people_book(leads(box, 3))).frame
    offered = desk.workspace.provider("leadiq").operation("find_people")
    choices = column_choices(frame, offered)
    guessed = {choice.role: choice.guessed for choice in choices}
    assert (guessed["email"], guessed["full_name"], guessed["company"]) == ("Email", "Name", "Company")
    assert guessed["linkedin"] is None
    words = mapping_words(frame, choices, {"email": "Email", "company": "Name", "linkedin": None})
    assert "header says 'Email'" in words[0]
    assert words[1].startswith("Company: you chose this column; it begins with")
    assert len(words) == 2
    assert leads(box, 1)[0].first_name in words[1]


def test_an_id_is_looked_for_under_the_name_that_its_own_provider_gave_it(desk: Desk) -> None:
    frame = pd.DataFrame({"Lead ID": ["c_0123456789"], "leadfeeder_contact_id": ["77"]}, dtype="str")
    for provider, column in (
        ("leadleap", "Lead ID"),
        ("leadfeeder", "leadfeeder_contact_id"),
        ("leadiq", None),
    ):
        offered = desk.workspace.provider(provider).operation("unlock")
        assert [choice.guessed for choice in column_choices(frame, offered)] == [column], provider


def test_what_was_chosen_for_the_sheet_before_goes_before_a_guess(desk: Desk) -> None:
    frame = pd.DataFrame({"Email": ["a@example.com"], "Private": ["b@example.com"]}, dtype="str")
    offered = desk.workspace.provider("leadleap").operation("validate_emails")
    (choice,) = column_choices(frame, offered, {"email": "Private"})
    assert (choice.guessed, choice.evidence) == ("Private", "chosen before")


def test_every_step_names_each_provider_that_offers_it_with_its_price(desk: Desk) -> None:
    assert set(STEPS) == set(DEFAULT_PROVIDER)
    for step in STEPS:
        offered = providers_of(desk.workspace, step)
        assert next(iter(offered.values())) == DEFAULT_PROVIDER[step]
    assert "LeadIQ (0.1 credits each)" in providers_of(desk.workspace, "validate_emails")
    wants = wants_of(desk.workspace, "find_people", "leadiq")
    assert [*wants.values()] == ["profile", "email", "phone", "company"]
    assert "Phone (10 credits each)" in wants
    assert wants_of(desk.workspace, "unlock", "leadleap") == {}


@pytest.mark.parametrize(
    ("typed", "rows"), [("2-4, 9", (2, 3, 4, 9)), ("7", (7,)), (" 5 – 6 ,5", (5, 6)), ("2,", (2,))]
)
def test_rows_are_read_as_a_person_writes_them(typed: str, rows: tuple[int, ...]) -> None:
    assert parse_rows(typed) == rows


@pytest.mark.parametrize("typed", ["", "two", "4-2", "2-99999999", "-1", "2;3"])
def test_what_is_no_list_of_rows_is_told_so(typed: str) -> None:
    with pytest.raises(InputError, match="Nothing was sent"):
        parse_rows(typed)


def test_a_pilot_is_priced_for_its_own_rows_only(desk: Desk, box: Sandbox) -> None:
    source = people_book(leads(box, 12))
    assert desk.draft(source, rows=(2, 5)).plan.preview.most == 2000
    assert desk.draft(source, sample=3).button(3000) == "Unlock 3 leads for at most 3 credits"
    with pytest.raises(InputError, match="There is no row 99"):
        desk.draft(source, rows=(99,))


def test_answers_fill_blank_cells_or_replace_what_is_there_as_chosen() -> None:
    sheet = pd.DataFrame({"E-Mail": ["old@example.com", None], "Notes": ["x", "y"]}, dtype="str")
    done = sheet.assign(leadleap_email=["new@example.com", "b@example.com"])
    columns = (ResultColumn("leadleap_email", "email", ""),)
    assert write_into(done, sheet, columns, "new") is done
    filled = write_into(done, sheet, columns, "fill")
    assert filled["E-Mail"].tolist() == ["old@example.com", "b@example.com"]
    replaced = write_into(done, sheet, columns, "overwrite")
    assert replaced["E-Mail"].tolist() == ["new@example.com", "b@example.com"]
    assert replaced["Notes"].tolist() == ["x", "y"]


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
    draft = Desk(session.workspace).draft(people_book(leads(box, 5)))
    box.set_credits("leadleap", 8)
    told = "8 now, at least 3 after"
    assert balance_words(draft, session.balance("leadleap")) == (told, "")
    box.set_credits("leadleap", 4)
    asked = len(box.requests)
    assert balance_words(draft, session.balance("leadleap")) == (told, "")
    assert len(box.requests) == asked, "a balance is asked for once a minute"
    session.spent()
    now, warning = balance_words(draft, session.balance("leadleap"))
    assert now == "4 now"
    assert "may not have enough" in warning
    assert balance_words(draft, None) == ("not told by the provider", "")


def test_stop_can_cost_what_is_under_way_and_never_more_than_was_approved(desk: Desk, box: Sandbox) -> None:
    draft = desk.draft(people_book(leads(box, 12)))
    assert draft.most_after_stop(draft.plan.preview.most) == 8000
    assert draft.most_after_stop(2000) == 2000


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
