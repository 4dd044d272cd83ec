"""The invented people: the same for a seed, different for another, and nobody real."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from leadkit.sandbox import Sandbox, World
from leadkit.sandbox.world import plain

ROOT = Path(__file__).parents[2]
WORLD = World()


def test_a_seed_makes_the_same_people_in_every_process() -> None:
    code = "from leadkit.sandbox import World; print([(p.id, p.email, p.mailbox) for p in World(3).people])"
    printed = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"PYTHONHASHSEED": "12345", "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        check=True,
    )
    here = [(p.id, p.email, p.mailbox) for p in World(3).people]
    assert printed.stdout.decode("utf-8").strip() == str(here)


def test_another_seed_makes_another_crowd_around_the_same_core() -> None:
    other = World(2)
    assert other.core == WORLD.core
    crowd = {person.id for person in WORLD.people} - {person.id for person in WORLD.core}
    assert crowd.isdisjoint(person.id for person in other.people)


def test_people_are_told_apart_by_id_and_address() -> None:
    addresses = [a for p in WORLD.people for a in (p.email, p.second_email) if a]
    assert max(Counter(person.id for person in WORLD.people).values()) == 1
    assert max(Counter(addresses).values()) == 1
    assert max(Counter(company.domain for company in WORLD.companies).values()) == 1


def test_everybody_is_found_by_id_and_by_address_in_any_case() -> None:
    for person in WORLD.people:
        assert WORLD.person(person.id) is person
        if person.email:
            assert WORLD.by_email(person.email.upper()) is person


def test_all_domains_are_kept_for_examples() -> None:
    domains = {company.domain for company in WORLD.companies}
    domains |= {
        address.split("@")[1] for p in WORLD.people for address in (p.email, p.second_email) if address
    }
    odd = [d for d in domains if not d.endswith((".example", ".example.com", ".example.net", ".example.org"))]
    assert odd == []


def test_the_core_is_known_to_leadleap_and_has_addresses() -> None:
    assert all("leadleap" in person.known_to and person.email and person.company for person in WORLD.core)


def test_the_world_is_as_mixed_as_a_sales_list() -> None:
    people = WORLD.people
    assert len({p.country.code for p in people}) >= 10
    assert any("-" in p.last_name for p in people)
    assert any("'" in p.last_name for p in people)
    assert any(not p.full_name.isascii() for p in people)
    assert {True, False} == {p.phone is None for p in people} == {p.deleted for p in people}
    for provider in ("leadleap", "leadiq", "leadfeeder", "leadey"):
        assert 0 < len(WORLD.known_to(provider)) < len(people)


@pytest.mark.parametrize(
    ("name", "address"),
    [("Jürgen", "juergen"), ("Weißenfels", "weissenfels"), ("O'Leary", "oleary"), ("Łukasz", "lukasz"),
     ("von Ahlen", "von-ahlen"), ("Jean-Luc", "jean-luc"), ("Søren", "soeren"), ("Begoña", "begona")],
)  # fmt: skip
def test_names_become_addresses_as_people_spell_them(name: str, address: str) -> None:
    assert plain(name) == address


def test_sandboxes_stop_and_leave_their_port() -> None:
    with Sandbox() as box:
        port = int(box.url.rpartition(":")[2])
    with Sandbox(port=port) as box:
        assert box.url.endswith(str(port))
