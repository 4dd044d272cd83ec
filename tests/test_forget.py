"""A forgotten person is gone from every file, and a suppressed one is neither asked about nor shown."""

from __future__ import annotations

import sys
import zipfile
import zlib
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import select

import leadkit
from leadkit.app.forgetting import receipt_note
from leadkit.errors import InputError, LeadkitError, LedgerBusyError
from leadkit.forgetting import Kept, forget, identifiers, kept
from leadkit.ledger.schema import bodies
from leadkit.plan import make_plan
from leadkit.progress import Progress
from leadkit.result import Done
from leadkit.sandbox import Sandbox
from leadkit.sandbox.world import Person
from leadkit.workspace import Workspace


def some_people(box: Sandbox, count: int) -> list[Person]:
    sold = [p for p in box.world.known_to("leadleap") if not p.deleted and p.email and p.phone and p.company]
    return sold[:count]


def unlock(workspace: Workspace, people: list[Person]) -> Done:
    frame = pd.DataFrame({"Lead ID": [person.lead_id for person in people]})
    return make_plan(frame, "unlock", {"lead_id": "Lead ID"}, workspace=workspace).run(at_most=100)


def validate(workspace: Workspace, people: list[Person]) -> Done:
    frame = pd.DataFrame({"Email": [person.email for person in people]})
    return make_plan(frame, "validate_emails", {"email": "Email"}, workspace=workspace).run(at_most=100)


def files_with(home: Path, text: str) -> list[str]:
    needles = (text.encode(), text.lower().encode())
    return [p.name for p in home.rglob("*") if p.is_file() and any(n in p.read_bytes() for n in needles)]


def raw_answers_with(workspace: Workspace, text: str) -> int:
    """How many of the raw answers hold it; they are packed, so that a search of the bytes does not see into them."""
    with workspace.ledger.reading() as connection:
        packed = connection.execute(select(bodies.c.body)).scalars().all()
    return sum(text.encode() in zlib.decompress(body) for body in packed)


def test_a_forgotten_person_is_in_no_file_of_the_workspace_by_any_identifier(
    box: Sandbox, workspace: Workspace
) -> None:
    people = some_people(box, 5)
    unlock(workspace, people)
    validate(workspace, people)
    gone, stays = people[1], people[2]
    assert gone.email
    assert gone.phone
    assert stays.email
    assert files_with(workspace.home, gone.email)
    receipt = forget(email=gone.email.upper(), workspace=workspace)
    assert receipt.left == ()
    for text in (gone.email, gone.phone, gone.lead_id, gone.linkedin_url, gone.linkedin_url.split("/in/")[1]):
        assert files_with(workspace.home, text) == [], text
    assert files_with(workspace.home, stays.email)
    assert receipt.facts == 2, "the unlock and the validation"
    assert gone.email not in str(receipt)
    assert gone.lead_id not in str(receipt.to_dict())


def test_a_page_of_a_search_that_shows_a_forgotten_person_goes_and_others_stay(
    box: Sandbox, workspace: Workspace
) -> None:
    found = leadkit.search_people(country="DE", most_rows=5, workspace=workspace)
    leadkit.search_people(country="FR", most_rows=5, workspace=workspace)
    gone = found["lead_id"][0]
    assert files_with(workspace.home, gone)
    receipt = forget(lead_id=gone, workspace=workspace)
    assert (receipt.facts, receipt.left) == (1, ())
    assert files_with(workspace.home, gone) == []
    sent = len(box.requests)
    leadkit.search_people(country="FR", most_rows=5, workspace=workspace)
    assert len(box.requests) == sent, "the other page is still known"
    again = leadkit.search_people(country="DE", most_rows=5, workspace=workspace)
    assert len(box.requests) == sent + 1
    assert list(again["lead_id"]) == [one for one in found["lead_id"] if one != gone]
    assert again.attrs["notes"][-1] == "Left out, because they must not be asked about: 1."


def test_how_much_would_go_is_told_before_and_changes_nothing(box: Sandbox, workspace: Workspace) -> None:
    people = some_people(box, 4)
    unlock(workspace, people)
    validate(workspace, people)
    leadkit.search_people(via="leadleap", workspace=workspace, country=people[1].country.code)
    for number, person in enumerate(people[:2]):
        job = workspace.home / "jobs" / f"{number:024x}"
        job.mkdir(parents=True)
        (job / "source.csv").write_text(f"Email\n{person.email}\n")
    meant = identifiers({"email": people[1].email})
    told = kept(meant, workspace)
    assert kept(meant, workspace) == told
    receipt = forget(email=people[1].email, workspace=workspace)
    assert told == Kept(receipt.facts, receipt.bodies, receipt.jobs)
    assert told.facts > 2, "the unlock, the validation, and pages of the search"
    assert told.jobs == 1
    assert str(kept(meant, workspace)) == "Nothing that is kept here names this person."


def test_somebody_whose_address_only_contains_the_forgotten_one_stays_known(
    box: Sandbox, workspace: Workspace
) -> None:
    people = some_people(box, 2)
    unlock(workspace, people)
    leadkit.search_people(country="DE", most_rows=5, workspace=workspace)
    for person in people:
        assert person.email
        assert forget(email=person.email[1:], workspace=workspace).facts == 0
        assert forget(lead_id=person.lead_id[:-1], workspace=workspace).facts == 0
    again = unlock(workspace, people)
    assert again.receipt.rows["known"] == 2
    assert list(again.frame["leadleap_email"]) == [person.email for person in people]


def test_what_was_paid_stays_recorded_after_forgetting(box: Sandbox, workspace: Workspace) -> None:
    people = some_people(box, 3)
    done = unlock(workspace, people)
    forget(lead_id=people[0].lead_id, workspace=workspace)
    assert workspace.ledger.run(done.receipt.run_id).charged.most == box.charged("leadleap") == 3_000


def test_a_forgotten_person_is_not_asked_about_again_and_the_others_are_known(
    box: Sandbox, workspace: Workspace
) -> None:
    people = some_people(box, 4)
    unlock(workspace, people)
    forget(lead_id=people[0].lead_id, workspace=workspace)
    requests = len(box.requests)
    again = unlock(workspace, people)
    assert again.receipt.rows["suppressed"] == 1
    assert again.receipt.rows["known"] == 3
    assert len(box.requests) == requests
    row = again.frame.iloc[0]
    assert row["leadleap_unlock_status"] == "suppressed"
    assert pd.isna(row["leadleap_full_name"])


def test_somebody_forgotten_after_the_price_was_shown_is_neither_asked_about_nor_written_down_again(
    box: Sandbox, workspace: Workspace
) -> None:
    people = some_people(box, 3)
    frame = pd.DataFrame({"Email": [person.email for person in people]})
    plan = make_plan(frame, "validate_emails", {"email": "Email"}, workspace=workspace)
    gone = people[0].email
    assert gone
    forget(email=gone, workspace=workspace)
    done = plan.run(at_most=100)
    assert not [request for request in box.requests if gone in request.asked]
    assert (done.receipt.rows["suppressed"], done.receipt.rows["answered"]) == (1, 2)
    assert files_with(workspace.home, gone) == []


def test_the_row_of_somebody_who_is_forgotten_while_they_are_asked_about_tells_of_the_money_that_is_held(
    workspace: Workspace,
) -> None:
    frame = pd.DataFrame({"Email": ["anna@people.example", "bo@people.example"]})
    plan = make_plan(frame, "validate_emails", {"email": "Email"}, workspace=workspace)
    reserved = iter([True])

    def forget_once(_: Progress) -> None:
        if next(reserved, False):
            workspace.ledger.forget({("email", "anna@people.example")}, suppress=False)

    done = plan.run(at_most=2, progress=forget_once)
    assert (done.receipt.rows["in doubt"], done.receipt.rows["answered"], done.receipt.held) == (1, 1, 1_000)
    assert "forgotten" in done.frame["leadleap_validate_emails_note"].iloc[0]
    assert [fact.held for fact in workspace.ledger.doubtful()] == [1_000]


def test_somebody_suppressed_by_address_leaves_no_trace_when_bought_by_another_identifier(
    box: Sandbox, workspace: Workspace
) -> None:
    (person,) = some_people(box, 1)
    assert person.email
    forget(email=person.email, workspace=workspace)
    done = unlock(workspace, [person])
    assert done.receipt.rows["suppressed"] == 1
    assert pd.isna(done.frame["leadleap_email"].iloc[0])
    assert person.email not in done.frame.to_csv()
    assert person.email not in done.provenance.to_csv()
    assert files_with(workspace.home, person.email) == []
    assert raw_answers_with(workspace, person.email) == 0
    assert unlock(workspace, [person]).receipt.charged.most == 0, "what was paid for stays known"


def test_a_search_that_finds_a_forgotten_person_again_stores_nothing_of_them_and_goes_on_as_before(
    box: Sandbox, workspace: Workspace
) -> None:
    found = leadkit.search_people(country="DE", most_rows=150, workspace=workspace)
    gone = found["lead_id"][3]
    forget(lead_id=gone, workspace=workspace)
    again = leadkit.search_people(country="DE", most_rows=150, workspace=workspace)
    # In the place of whoever is left out stands the next one of the last page.
    assert list(again["lead_id"])[:-1] == [one for one in found["lead_id"] if one != gone]
    assert "Left out, because they must not be asked about: 1." in again.attrs["notes"]
    assert files_with(workspace.home, gone) == []
    assert raw_answers_with(workspace, gone) == 0


def test_an_id_that_a_sheet_had_in_other_capitals_is_forgotten_with_the_person(
    box: Sandbox, workspace: Workspace
) -> None:
    (person,) = some_people(box, 1)
    unlock(workspace, [person])
    frame = pd.DataFrame({"Lead ID": [person.lead_id.upper()]})
    plan = make_plan(frame, "unlock", {"lead_id": "Lead ID"}, workspace=workspace)
    plan.run(at_most=1)
    assert forget(lead_id=person.lead_id, workspace=workspace).left == ()
    assert plan.keys[0] not in str(workspace.ledger.runs())


def test_forgetting_without_suppressing_lets_the_person_be_bought_again(
    box: Sandbox, workspace: Workspace
) -> None:
    (person,) = some_people(box, 1)
    unlock(workspace, [person])
    receipt = forget(lead_id=person.lead_id, suppress=False, workspace=workspace)
    assert "a sheet that still holds them buys them anew" in str(receipt)
    assert unlock(workspace, [person]).receipt.rows["answered"] == 1
    assert box.charged("leadleap") == 1_000, "LeadLeap gives an unlocked lead again for nothing"


def test_what_is_no_identifier_is_refused_and_nothing_changes(workspace: Workspace) -> None:
    with pytest.raises(InputError, match="Say who is meant.*Nothing was changed"):
        forget(workspace=workspace)
    with pytest.raises(InputError, match="no @.*Nothing was changed"):
        forget(email="anna", workspace=workspace)


def test_somebody_forgotten_by_address_is_not_asked_about_by_lead_id_either(
    box: Sandbox, workspace: Workspace
) -> None:
    people = some_people(box, 3)
    unlock(workspace, people)
    assert people[0].email
    forget(email=people[0].email, workspace=workspace)
    requests = len(box.requests)
    again = unlock(workspace, people)
    assert again.receipt.rows["suppressed"] == 1
    assert len(box.requests) == requests
    assert all(people[0].lead_id not in workspace.ledger.run_keys(run.id) for run in workspace.ledger.runs())


def test_somebody_can_be_forgotten_twice(box: Sandbox, workspace: Workspace) -> None:
    (person,) = some_people(box, 1)
    for _ in range(2):
        unlock(workspace, [person])
        assert forget(lead_id=person.lead_id, suppress=False, workspace=workspace).left == ()
    assert box.charged("leadleap") == 1_000


def test_a_run_keeps_how_it_buys_when_its_file_was_named_after_somebody_forgotten(
    box: Sandbox, workspace: Workspace
) -> None:
    email = next(person.email for person in box.world.known_to("leadiq") if person.email)
    people = pd.DataFrame({"Email": [email, "nobody@example.com"]})
    plan = people.leads.find_people(
        email="Email", via="leadiq", want=["email"], preview_first=True, workspace=workspace
    )
    done = plan.run(at_most=2, context={"output": f"{email}.xlsx"})
    forget(email=email, workspace=workspace)
    assert workspace.ledger.run(done.receipt.run_id).context == {"preview_first": True}


def job_with(workspace: Workspace, number: int, sheet: str, encoding: str = "utf-8") -> Path:
    """The folder of a job of the apps that holds a sheet."""
    job = workspace.home / "jobs" / f"{number:024x}"
    job.mkdir(parents=True)
    (job / "source.csv").write_text(sheet, encoding)
    return job


def damaged_workbook(path: Path, how: str) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("sheet.xml", "as it was")
    body = path.read_bytes()
    if how == "changed":
        body = body.replace(b"as it was", b"as it is!")
    else:  # a bit of each of its two headers says that it is encrypted
        for header, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            at = body.index(header) + flags
            body = body[:at] + bytes([body[at] | 1]) + body[at + 1 :]
    path.write_bytes(body)


def test_an_output_whose_folder_cannot_be_looked_into_stops_no_forgetting(
    box: Sandbox, workspace: Workspace, tmp_path: Path
) -> None:
    (person,) = some_people(box, 1)
    plan = make_plan(
        pd.DataFrame({"Email": [person.email]}), "validate_emails", {"email": "Email"}, workspace=workspace
    )
    plan.run(at_most=1, context={"output": str(tmp_path / ("x" * 300) / "written.xlsx")})
    assert forget(email=person.email, workspace=workspace).facts == 1


@pytest.mark.parametrize("how", ["changed", "encrypted"])
def test_a_workbook_that_cannot_be_read_stops_no_forgetting_and_is_named_as_one_to_look_at(
    box: Sandbox, workspace: Workspace, tmp_path: Path, how: str
) -> None:
    (person,) = some_people(box, 1)
    written = tmp_path / "written.xlsx"
    frame = pd.DataFrame({"Email": [person.email]})
    plan = make_plan(frame, "validate_emails", {"email": "Email"}, workspace=workspace)
    plan.run(at_most=1, context={"output": str(written)})
    job = job_with(workspace, 1, f"Email\n{person.email}\n")
    kept_here = workspace.home / "old.xlsx"
    for path in (written, kept_here):
        damaged_workbook(path, how)
    receipt = forget(email=person.email, workspace=workspace)
    assert receipt.left == (str(kept_here),)
    assert receipt.outputs == (str(written),)
    assert not job.exists()
    assert files_with(workspace.home, str(person.email)) == []


def test_what_else_names_a_person_is_still_known_when_forgetting_ended_early(
    box: Sandbox, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    (person,) = some_people(box, 1)
    unlock(workspace, [person])
    by_profile = job_with(workspace, 1, f"LinkedIn\n{person.linkedin_url}\n")

    def locked(*_: object) -> None:
        raise LedgerBusyError("Another program has held the ledger")

    with monkeypatch.context() as patched:
        patched.setattr("leadkit.ledger.ledger.scrub", locked)
        with pytest.raises(LedgerBusyError):
            forget(email=person.email, workspace=workspace)
    forget(email=person.email, workspace=workspace)
    assert not by_profile.exists()
    assert files_with(workspace.home, person.linkedin_url.split("/in/")[1]) == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
def test_a_name_with_a_letter_beyond_latin_1_is_found_in_every_encoding(
    workspace: Workspace, encoding: str
) -> None:
    job = job_with(workspace, 1, "Email\nŁukasz@example.com\n", encoding)
    assert forget(email="łukasz@example.com", workspace=workspace).jobs == 1
    assert not job.exists()


@pytest.mark.parametrize("python", ["exit 1", "kill -9 $$", "echo 3 files", None])
def test_a_search_that_fails_says_that_the_person_was_taken_out_all_the_same(
    box: Sandbox, workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, python: str | None
) -> None:
    (person,) = some_people(box, 1)
    validate(workspace, [person])
    program = tmp_path / "python"
    if python is not None:
        program.write_text(f"#!/bin/sh\ncat > /dev/null\n{python}\n")
        program.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(program))
    with pytest.raises(LeadkitError, match="was taken out, but the files could not be searched") as failed:
        forget(email=person.email, workspace=workspace)
    assert str(person.email) not in str(failed.value)
    assert files_with(workspace.home, str(person.email)) == []


def test_nobody_is_told_to_delete_the_ledger_over_the_longer_address_of_somebody_else(
    box: Sandbox, workspace: Workspace
) -> None:
    (other,) = some_people(box, 1)
    assert other.email
    validate(workspace, [other])
    receipt = forget(email=other.email[1:], workspace=workspace)
    assert receipt.left == (str(workspace.home / "ledger.sqlite"),)
    for told in (str(receipt), receipt_note(receipt)[2]):
        assert "a longer address or number of somebody else" in told
        assert "Never delete the ledger, which knows what was paid for, nor its -wal" in told


def test_a_job_that_asked_about_the_person_goes_however_its_sheet_spells_them(
    box: Sandbox, workspace: Workspace
) -> None:
    typed, others = "anna@münchen.example", "bo@example.com"
    job, other = (
        job_with(workspace, number, f"Email\n{one}\n") for number, one in enumerate((typed, others))
    )
    for folder, one in ((job, typed), (other, others)):
        frame = pd.DataFrame({"Email": [one]})
        plan = make_plan(frame, "validate_emails", {"email": "Email"}, workspace=workspace)
        plan.run(at_most=1, context={"output": str(folder / "result.csv")})
    assert kept(identifiers({"email": typed}), workspace).jobs == 1
    receipt = forget(email=typed, workspace=workspace)
    assert (receipt.jobs, receipt.outputs) == (1, ()), "there is nothing left to delete by hand"
    assert not job.exists()
    assert other.exists()


def test_a_run_whose_file_was_named_after_somebody_beyond_ascii_does_not_name_them_any_more(
    workspace: Workspace,
) -> None:
    email = "łukasz@example.com"
    frame = pd.DataFrame({"Email": [email]})
    plan = make_plan(frame, "validate_emails", {"email": "Email"}, workspace=workspace)
    done = plan.run(at_most=1, context={"output": f"{email}.xlsx"})
    forget(email=email, workspace=workspace)
    assert workspace.ledger.run(done.receipt.run_id).context == {}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("theirs", ["joann@example.com", "o.ann@example.com", "ann@example.com.au"])
def test_a_job_with_the_longer_address_of_somebody_else_stays(
    workspace: Workspace, theirs: str, encoding: str
) -> None:
    job = job_with(workspace, 1, f"Email\n{theirs}\n", encoding)
    assert forget(email="ann@example.com", workspace=workspace).jobs == 0
    assert job.exists()
    (job / "result.csv").write_text("Email\nAnn@example.com\n", encoding)
    assert forget(email="ann@example.com", workspace=workspace).jobs == 1
    assert not job.exists()
