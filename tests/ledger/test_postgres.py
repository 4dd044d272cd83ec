"""What only PostgreSQL does: owners whose lock is a session, and a server that goes away."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import psycopg
import pytest

from leadkit.app.forgetting import receipt_lines
from leadkit.errors import LedgerError
from leadkit.forgetting import forget
from leadkit.ledger import CallState, open_postgres
from leadkit.plan import make_plan
from leadkit.sandbox import Sandbox
from leadkit.workspace import Workspace
from tests.ledger.driver import LedgerDriver


@pytest.fixture
def driver(tmp_path: Path, postgres_url: str) -> Iterator[LedgerDriver]:
    driver = LedgerDriver(tmp_path / "home", postgres_url)
    yield driver
    driver.close()


def test_an_owner_lives_as_long_as_its_connection(driver: LedgerDriver, postgres_url: str) -> None:
    owners = driver.ledger.owners
    mine, theirs = owners.start(), owners.start()
    assert owners.alive(mine.id)
    assert owners.alive(theirs.id)
    mine.release()
    assert not owners.alive(mine.id)
    with psycopg.connect(postgres_url, autocommit=True) as server:
        locks = "SELECT pg_terminate_backend(pid, 10000) FROM pg_locks WHERE locktype = 'advisory'"
        server.execute(locks)
    assert not owners.alive(theirs.id)


def test_an_owner_of_another_database_is_not_ours(driver: LedgerDriver, postgres_url: str) -> None:
    assert not driver.ledger.owners.alive("00000000deadbeef")
    assert not driver.ledger.owners.alive("ffffffffdeadbeef")


def test_a_call_whose_session_ended_is_in_doubt(driver: LedgerDriver) -> None:
    run = driver.start_run(1_000)
    claim = run.reserve(["a"])
    run.owner.release()
    later = driver.start_run(1_000)
    assert later.reserve(["a"]).doubtful == {claim.call_id: ("a",)}
    assert later.reclaim(claim.call_id, free=False) is None
    assert driver.ledger.calls(run.id)[0].state is CallState.IN_DOUBT


def test_a_server_that_is_away_is_an_error_in_words(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="in PostgreSQL cannot be used.*Nothing is sent.*LEADKIT_LEDGER"):
        open_postgres(f"postgresql:///leads?host={tmp_path}&user=tester")


def test_a_commit_is_on_the_disk_before_anything_is_sent(driver: LedgerDriver) -> None:
    with driver.ledger.writing() as connection:
        assert connection.exec_driver_sql("SHOW synchronous_commit").scalar_one() == "on"
        assert connection.exec_driver_sql("SHOW transaction_isolation").scalar_one() == "read committed"


def test_people_are_not_listed_in_database_errors(driver: LedgerDriver) -> None:
    run = driver.start_run(1_000)
    with pytest.raises(LedgerError) as caught:
        run.reserve(["someone\0@people.example"])
    assert "people.example" not in str(caught.value)


def test_colleagues_on_two_computers_share_what_was_bought(
    box: Sandbox, open_workspace: Callable[..., Workspace], tmp_path: Path, postgres_url: str
) -> None:
    people = [person for person in box.world.known_to("leadleap") if not person.deleted]
    frame = pd.DataFrame({"Lead ID": [person.lead_id for person in people[:6]]})
    rows = []
    for name in ("one", "two"):
        workspace = open_workspace(LEADKIT_HOME=str(tmp_path / name), LEADKIT_LEDGER=postgres_url)
        plan = make_plan(frame, "unlock", {"lead_id": "Lead ID"}, workspace=workspace)
        rows.append(plan.run(at_most=10).receipt.rows)
    assert (rows[0]["answered"], rows[1]["known"]) == (6, 6)
    assert box.charged("leadleap") == 6_000


def test_the_receipt_of_forgetting_says_where_no_search_has_looked(
    box: Sandbox, open_workspace: Callable[..., Workspace], postgres_url: str
) -> None:
    workspace = open_workspace(LEADKIT_LEDGER=postgres_url)
    frame = pd.DataFrame({"Email": ["anna@example.com"]})
    make_plan(frame, "validate_emails", {"email": "Email"}, workspace=workspace).run(at_most=1)
    receipt = forget(email="anna@example.com", workspace=workspace)
    assert (receipt.facts, receipt.left) == (1, ())
    for told in (str(receipt), str(receipt_lines(receipt))):
        assert "not searched" in told
        assert "backups" in told
    on_disk = forget(email="anna@example.com", workspace=open_workspace())
    assert "not searched" not in str(on_disk)
