"""A person's word on whoever was found: asked for once, remembered, and nothing sent for it."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest
from sqlalchemy import update

import leadkit
from leadkit.errors import InputError
from leadkit.ledger.schema import answers, verdicts
from leadkit.outcomes import Done
from leadkit.plan import Plan
from leadkit.review import found_people, judge
from leadkit.sandbox import Sandbox
from leadkit.workspace import Workspace


@pytest.fixture
def frame(box: Sandbox) -> pd.DataFrame:
    """Three addresses; under two of them the sheet has another name than the provider."""
    addresses = [person.email for person in box.world.known_to("leadiq")[:3]]
    right = box.world.by_email(addresses[0])
    assert right is not None
    return pd.DataFrame(
        {"Email": addresses, "Name": [right.full_name, "Zelda Quux", "Otto Unfug"]}, index=[2, 3, 4]
    )


@pytest.fixture
def make_plan(frame: pd.DataFrame, workspace: Workspace) -> Callable[[], Plan]:
    return lambda: frame.leads.find_people(
        email="Email", full_name="Name", via="leadiq", want=["profile"], workspace=workspace
    )


def run(plan: Plan) -> Done:
    return plan.run(at_most=plan.preview.most / 1000)


def of_row(done: Done, column: str) -> list[object]:
    return list(done.frame[column])


def test_those_who_do_not_fit_wait_for_a_person_and_come_first(make_plan: Callable[[], Plan]) -> None:
    plan = make_plan()
    run(plan)
    found = found_people(make_plan())
    assert [one.waits for one in found] == [True, True, False]
    assert {one.row for one in found if one.waits} == {3, 4}
    assert {one.asked["full_name"] for one in found if one.waits} == {"Zelda Quux", "Otto Unfug"}
    assert all(one.found["full_name"] in one.who for one in found)


def test_a_confirmed_person_is_written_and_somebody_else_is_not_found_for_nothing(
    box: Sandbox, make_plan: Callable[[], Plan]
) -> None:
    before = run(make_plan())
    assert of_row(before, "leadiq_find_people_status") == ["answered", "ambiguous", "ambiguous"]
    assert before.frame["leadiq_full_name"].isna().tolist() == [False, True, True]
    plan = make_plan()
    yes, no = (one.key for one in sorted(found_people(plan), key=lambda one: one.row) if one.waits)
    judge(plan, [yes], other=[no], by="ada")
    box.clear_record()
    after = run(make_plan())
    assert of_row(after, "leadiq_find_people_status") == ["known", "known", "not found"]
    assert after.frame["leadiq_full_name"].isna().tolist() == [False, False, True]
    assert "confirmed by ada" in after.frame["leadiq_match_reasons"][3]
    assert "somebody else, said by ada" in after.frame["leadiq_find_people_note"][4]
    assert box.paid_requests() == []
    assert not any(one.waits for one in found_people(make_plan()))


def test_somebody_wrong_is_wrong_however_well_the_names_agree(make_plan: Callable[[], Plan]) -> None:
    run(make_plan())
    plan = make_plan()
    fits = next(one for one in found_people(plan) if not one.waits)
    assert fits.accepted
    judge(plan, other=[fits.key])
    done = run(make_plan())
    assert done.frame["leadiq_find_people_status"][fits.row] == "not found"
    assert pd.isna(done.frame["leadiq_person_id"][fits.row])


def test_the_last_word_counts(make_plan: Callable[[], Plan]) -> None:
    run(make_plan())
    plan = make_plan()
    one = next(one for one in found_people(plan) if one.waits)
    judge(plan, other=[one.key])
    judge(plan, [one.key])
    assert next(again for again in found_people(plan) if again.key == one.key).accepted


def test_a_verdict_is_on_the_person_found_and_not_on_the_row(
    box: Sandbox, frame: pd.DataFrame, workspace: Workspace, make_plan: Callable[[], Plan]
) -> None:
    run(make_plan())
    plan = make_plan()
    one = next(one for one in found_people(plan) if one.waits)
    judge(plan, [one.key])
    # The provider gives somebody else for the same key from now on.
    with workspace.ledger.writing() as connection:
        payload = '{"person_id": "another", "full_name": "Somebody Else"}'
        connection.execute(update(answers).values(payload=payload))
    assert next(again for again in found_people(make_plan()) if again.key == one.key).waits


def test_nobody_found_leaves_nothing_to_say(make_plan: Callable[[], Plan]) -> None:
    plan = make_plan()
    assert found_people(plan) == []
    with pytest.raises(InputError, match="Nothing was changed"):
        judge(plan, [plan.keys[0]])


def test_yes_and_no_at_once_is_refused(make_plan: Callable[[], Plan]) -> None:
    run(make_plan())
    plan = make_plan()
    key = found_people(plan)[0].key
    with pytest.raises(InputError, match="Nothing was changed"):
        judge(plan, [key], other=[key])
    assert found_people(plan)[0].verdict is None


def test_forgetting_a_person_forgets_what_was_said_of_them(
    frame: pd.DataFrame, workspace: Workspace, make_plan: Callable[[], Plan]
) -> None:
    run(make_plan())
    plan = make_plan()
    one = next(one for one in found_people(plan) if one.waits)
    judge(plan, [one.key])
    leadkit.forget(email=str(one.asked["email"]), workspace=workspace)
    with workspace.ledger.reading() as connection:
        assert connection.execute(verdicts.select()).all() == []


def test_only_the_plan_of_a_step_that_finds_people_can_be_looked_at(
    frame: pd.DataFrame, workspace: Workspace, make_plan: Callable[[], Plan]
) -> None:
    checked = frame.leads.validate_emails("Email", workspace=workspace)
    done = run(checked)
    for wrong in (checked, done):
        for look in (lambda plan: found_people(plan), lambda plan: judge(plan, ["anna@example.com"])):
            with pytest.raises(InputError, match=r"the plan of a find_people step.*Nothing was changed"):
                look(wrong)


def test_one_key_is_a_verdict_on_one_person(make_plan: Callable[[], Plan]) -> None:
    plan = make_plan()
    run(plan)
    waits = [one for one in found_people(plan) if one.waits]
    judge(plan, waits[0].key, other=waits[1].key)
    said = {one.key: one.accepted for one in found_people(plan)}
    assert said[waits[0].key]
    assert not said[waits[1].key]


def test_whoever_was_found_shows_in_one_line(make_plan: Callable[[], Plan]) -> None:
    plan = make_plan()
    run(plan)
    for one in found_people(plan):
        line = repr(one)
        assert line.startswith(
            f"<Candidate: row {one.row}, {one.who}: {one.match.score} of 100, {one.reasons}"
        )
        assert ("waits" in line) == one.waits
