"""How good the matching is on labelled pairs, on the half that played no part in choosing its rules."""

from __future__ import annotations

from tests.benchmarks.match import judge, pairs, quality

#: What the held-out half reached, in whole percent rounded down. A wrong person's data is worse than none, so
#: precision may not be given for recall.
LEAST_PRECISION, LEAST_RECALL = 1.00, 0.95


def test_on_held_out_pairs_matching_is_as_good_as_the_readme_says() -> None:
    _, held_out = judge()
    found = quality(held_out)
    assert found.precision >= LEAST_PRECISION, found
    assert found.recall >= LEAST_RECALL, found


def test_both_halves_have_pairs_enough_of_both_labels() -> None:
    for held_out in (False, True):
        half = [pair for pair in pairs() if pair.held_out == held_out]
        assert min(sum(pair.same for pair in half), sum(not pair.same for pair in half)) >= 50


def test_no_pair_is_there_twice() -> None:
    contents = [repr((pair.row, pair.found)) for pair in pairs()]
    assert len(contents) == len(set(contents)) >= 300


def test_believing_everybody_would_not_pass() -> None:
    _, held_out = judge()
    assert quality(held_out, threshold=0).precision < LEAST_PRECISION
    assert quality(held_out, threshold=101).recall < LEAST_RECALL


def test_everybody_is_at_an_example_domain() -> None:
    for pair in pairs():
        for cells in (pair.row, pair.found):
            for field in ("domain", "company_domain", "email"):
                host = cells.get(field, "").rpartition("@")[2]
                assert not host or host.endswith(
                    (".example", ".example.com", ".example.org", ".example.net")
                ), pair
