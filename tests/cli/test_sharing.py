"""The list of people who may use the apps, from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer

from leadkit.app.server import users_file
from leadkit.app.users import fits
from tests.cli.calling import Run

PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def _typed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is asked for a password types this."""
    monkeypatch.setattr(typer, "prompt", lambda *_, **options: PASSWORD if options["hide_input"] else "")


def test_a_user_is_added_changed_listed_and_removed(leadkit: Run) -> None:
    assert leadkit("app-user", "add", "alice", "--role", "spend", "--cap", "40").status == 0
    assert leadkit("app-user", "add", "bob", "--no-password").status == 0
    assert leadkit("app-user", "change", "alice", "--confirm-above", "none").status == 0
    listed = leadkit("app-user", "list")
    assert listed.out.splitlines() == [
        "alice: spend; cap a day: 40 credits; confirms above: none",
        "bob: look; cap a day: none; confirms above: 100 credits; no password",
    ]
    kept = users_file().find("alice")
    assert kept is not None
    assert fits(PASSWORD, kept.password)
    assert PASSWORD not in users_file().path.read_text("utf-8")
    assert leadkit("app-user", "remove", "alice").status == 0
    assert list(json.loads(users_file().path.read_text("utf-8"))["users"]) == ["bob"]


@pytest.mark.parametrize("role", ["spend", "approve"])
def test_whoever_may_spend_without_a_ceiling_is_told_of_with_what_sets_one(leadkit: Run, role: str) -> None:
    looks = leadkit("app-user", "add", "alice")
    assert "ceiling" not in looks.out
    for ended in (
        leadkit("app-user", "change", "alice", "--role", role),
        leadkit("app-user", "add", "bob", "--role", role),
    ):
        said, command = ended.out.splitlines()[-1].split(" type: leadkit ")
        assert "without a daily ceiling of their own" in said
        assert "ceiling" not in leadkit(*command.split()).out
    listed = leadkit("app-user", "list").out.splitlines()
    assert [line.split("; ")[1] for line in listed] == ["cap a day: 50 credits"] * 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("add", "alice"), "There is a user 'alice' already"),
        (("add", "a b"), "cannot be a user's name"),
        (("add", "dora", "--role", "boss"), "A role is one of look, spend, approve, not 'boss'"),
        (("add", "dora", "--cap", "-1"), "-1"),
        (("change", "dora", "--role", "look"), "There is no user 'dora'"),
        (("remove", "dora"), "There is no user 'dora'"),
    ],
)
def test_what_cannot_be_done_with_a_user_changes_nothing(
    leadkit: Run, arguments: tuple[str, ...], words: str
) -> None:
    leadkit("app-user", "add", "alice")
    before = users_file().path.read_bytes()
    ended = leadkit("app-user", *arguments)
    assert ended.status == 2
    assert words in ended.err
    assert users_file().path.read_bytes() == before


def test_a_short_password_is_refused(leadkit: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(typer, "prompt", lambda *_, **__: "short")
    ended = leadkit("app-user", "add", "alice")
    assert ended.status == 2
    assert "at least 10 characters. Nothing was changed" in ended.err


def test_serving_beyond_this_machine_needs_the_address(leadkit: Run, tmp_path: Path) -> None:
    ended = leadkit("app", "--host", "0.0.0.0", "--no-open")
    assert ended.status == 2
    assert "--address https://leads.example.com" in ended.err
