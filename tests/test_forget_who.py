"""Who is meant when somebody is forgotten: the person under every name that an answer gave them, and nobody else."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import pandas as pd
import pytest

from leadkit.forgetting import forget
from leadkit.ledger.suppression import identifiers_in
from leadkit.money import Amount
from leadkit.plan import Plan, make_plan
from leadkit.providers.base import Answer
from leadkit.sandbox import Sandbox
from leadkit.sandbox.leadiq.people import person_id, personal_phones, work_phones
from leadkit.sandbox.world import Person
from leadkit.workspace import Workspace
from tests.ledger.driver import LedgerDriver
from tests.test_forget import job_with


def unlock_phones(workspace: Workspace, ids: list[str]) -> Plan:
    frame = pd.DataFrame({"LeadIQ": ids})
    columns = {"lead_id": "LeadIQ"}
    return make_plan(frame, "unlock", columns, via="leadiq", want=["phone"], workspace=workspace)


def find(workspace: Workspace, person: Person, columns: tuple[str, ...], want: str = "email") -> Plan:
    assert person.company
    cells = {"email": person.email, "full_name": person.full_name, "domain": person.company.domain}
    frame = pd.DataFrame({column: [cells[column]] for column in columns})
    roles = {column: column for column in columns}
    return make_plan(frame, "find_people", roles, via="leadiq", want=[want], workspace=workspace)


@pytest.fixture
def person(box: Sandbox) -> Person:
    """Somebody whom LeadIQ finds by address and by name."""
    return next(p for p in box.world.known_to("leadiq") if p.email and p.company and personal_phones(p))


def test_whoever_was_found_by_name_is_not_asked_about_by_that_name_again(
    box: Sandbox, workspace: Workspace, person: Person
) -> None:
    found = find(workspace, person, ("full_name", "domain")).run(at_most=1)
    forget(email=person.email, workspace=workspace)
    paid = len(box.paid_requests())
    for want, price in (("email", 1), ("phone", 10)):
        again = find(workspace, person, ("full_name", "domain"), want).run(at_most=price)
        assert again.receipt.rows["suppressed"] == 1
    assert len(box.paid_requests()) == paid
    assert workspace.ledger.run_keys(found.receipt.run_id) == [], (
        "the list of what it set out to buy has the name"
    )


def test_whoever_was_found_is_not_asked_about_by_the_id_that_the_answer_gave(
    box: Sandbox, workspace: Workspace, person: Person
) -> None:
    found = find(workspace, person, ("email",)).run(at_most=1)
    forget(email=person.email, workspace=workspace)
    paid = len(box.paid_requests())
    done = unlock_phones(workspace, list(found.frame["leadiq_person_id"])).run(at_most=10)
    assert done.receipt.rows["suppressed"] == 1
    assert len(box.paid_requests()) == paid


def test_a_colleague_with_the_same_number_of_the_company_stays_known(
    box: Sandbox, workspace: Workspace
) -> None:
    at_house = [p for p in box.world.known_to("leadiq") if p.job and work_phones(p, p.job) and not p.deleted]
    gone, stays = next((a, b) for a, b in combinations(at_house, 2) if a.company is b.company)
    ids = [person_id(gone), person_id(stays)]
    first = unlock_phones(workspace, ids).run(at_most=20)
    assert gone.company
    assert all(
        gone.company.phone in f"{row.leadiq_phone}; {row.leadiq_other_phones}"
        for row in first.frame.itertuples()
    )
    forget(lead_id=ids[0], workspace=workspace)
    again = unlock_phones(workspace, ids).run(at_most=20)
    assert (again.receipt.rows["suppressed"], again.receipt.rows["known"]) == (1, 1)
    assert again.frame["leadiq_phone"][1] == first.frame["leadiq_phone"][1]


def test_each_of_several_addresses_in_a_cell_is_the_persons() -> None:
    several = {
        "email": "a@x.example",
        "other_emails": "b@x.example; C@x.example",
        "further": "d@x.example; +49 30",
    }
    assert {one for _, one in identifiers_in(several)} == {f"{letter}@x.example" for letter in "abcd"}


@pytest.fixture
def driver(tmp_path: Path) -> Iterator[LedgerDriver]:
    driver = LedgerDriver(tmp_path / "home")
    yield driver
    driver.close()


def buy(driver: LedgerDriver, address: str, values: dict[str, str], body: bytes = b"{}") -> None:
    run = driver.start_run(1_000)
    run.settle(run.reserve([address]), {address: Answer("found", values)}, Amount(1_000, 1_000), body)


def test_a_person_is_followed_through_as_many_answers_as_there_are(driver: LedgerDriver) -> None:
    addresses = [f"a{number}@x.example" for number in range(6, 0, -1)]
    for address, further in reversed(list(zip(addresses, [*addresses[1:], ""], strict=True))):
        buy(driver, address, {"second_email": further})
    buy(driver, "bo@x.example", {})
    erased = driver.ledger.forget({("email", addresses[0])}, suppress=True)
    assert (erased.facts, {text for _, text in erased.identifiers}) == (len(addresses), set(addresses))
    assert driver.ledger.suppressed("email", [*addresses, "bo@x.example"]) == list(range(len(addresses)))


@pytest.mark.parametrize(
    ("values", "body"),
    [
        ({"phone": "+49 30 901820"}, b'{"name": "Anna Stone", "phone": "+49 30 901820"}'),
        (
            {"linkedin_url": "https://www.linkedin.com/in/anna-m%C3%BCller"},
            b'{"name": "Anna M\xc3\xbcller", "page": "https://www.linkedin.com/in/anna-m%C3%BCller"}',
        ),
    ],
)
def test_the_raw_answer_about_a_person_goes_however_it_spells_them(
    driver: LedgerDriver, values: dict[str, str], body: bytes
) -> None:
    buy(driver, "anna@x.example", values, body)
    (given,) = identifiers_in(values)
    assert driver.ledger.would_forget({given}).bodies == 1
    assert driver.ledger.forget({given}, suppress=False).bodies == 1
    assert driver.bodies() == []


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("https://www.linkedin.com/in/Anna-M%C3%BCller/", {"linkedin": "linkedin.com/in/anna-müller"}),
        ("https://www.linkedin.com/in/anna-müller?trk=x", {"linkedin": "linkedin.com/in/anna-m%c3%bcller"}),
        ("Anna@MÜNCHEN.example", {"email": "anna@münchen.example"}),
        ("anna@xn--mnchen-3ya.example", {"email": "anna@münchen.example"}),
        ("+49 30 901820", {"phone": "+49 (0)30/90 18 20"}),
        ("0049-30-901820", {"phone": "+4930901820"}),
        ("030 901820", {"phone": "+4930901820"}),
        ("(415) 555-2671", {"phone": "+1 415 555 2671"}),
    ],
)
def test_a_sheet_that_nobody_ran_is_found_as_sheets_commonly_spell_the_person(
    workspace: Workspace, typed: str, meant: dict[str, str]
) -> None:
    job = job_with(workspace, 1, f"Who\n{typed}\n")
    (workspace.home / "sheet.csv.gz").write_bytes(gzip.compress(typed.encode()))
    receipt = forget(**meant, workspace=workspace)
    assert (receipt.jobs, job.exists()) == (1, False)
    assert receipt.left == (str(workspace.home / "sheet.csv.gz"),)
