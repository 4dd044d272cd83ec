"""The invented people: the same for a seed, different for another, and nobody real."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from leadkit.sandbox import Sandbox, World, spelling
from leadkit.sandbox.alike import firm_name
from leadkit.sandbox.mail import reason_against
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


def test_some_people_moved_some_were_promoted_and_some_have_two_jobs() -> None:
    for people in (WORLD.core, WORLD.people):
        moved: list[Any] = [p for p in people if p.moved]
        promoted: list[Any] = [p for p in people if p.previous_job and not p.moved]
        busy = [p for p in people if p.second_job]
        assert 0 < len(moved) + len(promoted) + len(busy) < len(people) / 4
        assert min(map(len, (moved, promoted, busy))) > 0
        for person in moved + promoted:
            was, now = person.previous_job, person.job
            assert was.started < was.ended == now.started
            assert (was.company is now.company) == (person not in moved)
            assert was.title != now.title or person in moved


def test_an_address_of_a_former_job_takes_no_mail_and_is_nobody_elses() -> None:
    moved: list[Any] = [p for p in WORLD.people if p.moved]
    for person in moved:
        old = person.previous_job.email
        assert old.endswith(f"@{person.previous_job.company.domain}")
        assert WORLD.by_old_email(old.upper()) is person
        assert WORLD.by_email(old) is None
        assert reason_against(old, WORLD) == "mailbox_not_found"


def test_some_colleagues_have_the_same_name() -> None:
    counted = Counter((p.full_name, p.company.id) for p in WORLD.people if p.company)
    alike = {names for names, count in counted.items() if count > 1}
    assert alike & {(p.full_name, p.company and p.company.id) for p in WORLD.core}


def test_providers_spell_most_things_as_they_are_and_the_rest_each_in_its_way() -> None:
    employed: list[Any] = [p for p in WORLD.people if p.job]
    for provider in ("leadiq", "leadfeeder", "leadey"):
        odd_names = [p for p in employed if spelling.names(provider, p) != (p.first_name, p.last_name)]
        odd_titles = [p for p in employed if spelling.title(provider, p, p.job) != p.title]
        odd_firms = [c for c in WORLD.companies if spelling.company_name(provider, c) != c.name]
        assert 0 < len(odd_names) < len(employed) / 5
        assert 0 < len(odd_titles) < len(employed) / 5
        assert 0 < len(odd_firms) < len(WORLD.companies) / 3
        assert {firm_name(spelling.company_name(provider, c)) for c in odd_firms} <= {
            firm_name(c.name) for c in WORLD.companies
        }
    assert all(spelling.names("leadleap", p) == (p.first_name, p.last_name) for p in employed)
    both = [
        {c.id for c in WORLD.companies if spelling.company_name(at, c) != c.name}
        for at in ("leadiq", "leadey")
    ]
    assert both[0] - both[1]
    assert both[1] - both[0]


def test_slow_providers_have_some_of_those_who_moved_at_their_old_company() -> None:
    moved = [p for p in WORLD.people if p.moved]
    for provider, share_of_old in (("leadiq", 0), ("leadfeeder", 1), ("leadey", 1)):
        behind = [p for p in moved if spelling.job(provider, p) is p.previous_job]
        assert (0 < len(behind) < len(moved)) == bool(share_of_old)


def test_sandboxes_stop_and_leave_their_port() -> None:
    with Sandbox() as box:
        port = int(box.url.rpartition(":")[2])
    with Sandbox(port=port) as box:
        assert box.url.endswith(str(port))
