"""The ledger's state machine on both databases: reserve before the send, settle after it, nothing twice."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from leadkit.errors import ApprovalError, InputError, RunNotFoundError
from leadkit.ledger import CallState, Claim, FactState
from leadkit.money import Amount
from leadkit.providers.base import Answer
from tests.ledger.driver import LedgerDriver, RunDriver

DAY = 86_400

FOUND = Answer("found", {"verdict": "valid"})


@pytest.fixture(params=["sqlite", "postgresql"])
def driver(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[LedgerDriver]:
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else None
    driver = LedgerDriver(tmp_path / "home", url)
    yield driver
    driver.close()


def test_an_answer_takes_the_place_of_an_older_one_as_a_whole_and_comes_back_as_a_whole(
    driver: LedgerDriver,
) -> None:
    def long_ago() -> dict[int, int]:
        driver.clock.seconds += 40 * DAY
        return dict.fromkeys((FactState.FOUND, FactState.NOT_FOUND), driver.ledger.now() - DAY)

    first, second, third = (driver.start_run(10_000) for _ in range(3))
    first.settle(first.reserve(["a"]), {"a": Answer("found", {"v": 1}, "the first")}, None)
    anew = second.reserve(["a"], fresh_after=long_ago())
    second.settle(anew, {"a": Answer("not_found", {}, "the second")}, None)
    one = driver.ledger.answers(second.operation_id, ["a"])["a"]
    assert (one.state, one.values, one.note, one.run_id) == (FactState.NOT_FOUND, {}, "the second", second.id)
    third.release(third.reserve(["a"], fresh_after=long_ago()))
    assert driver.ledger.answers(second.operation_id, ["a"])["a"] == one
    assert list(driver.ledger.states(second.operation_id, ["a"], fresh_after={})) == [FactState.NOT_FOUND]


def test_a_fact_is_claimed_by_one_run_only(driver: LedgerDriver) -> None:
    first, second = driver.start_run(10_000), driver.start_run(10_000)
    mine = first.reserve(["a", "b"])
    theirs = second.reserve(["b", "c"])
    assert mine.keys == ("a", "b")
    assert theirs.keys == ("c",)
    assert theirs.waiting == ("b",)


def test_what_is_settled_is_known_to_every_later_run(driver: LedgerDriver) -> None:
    first = driver.start_run(10_000)
    claim = first.reserve(["a"])
    first.settle(claim, {"a": FOUND}, Amount(1000, 1000))
    assert driver.start_run(10_000).reserve(["a"]).known == ("a",)
    stored = driver.ledger.answers(first.operation_id, ["a", "b"])
    assert stored["a"].values == {"verdict": "valid"}
    assert "b" not in stored


def test_the_maximum_price_is_reserved_and_the_budget_holds_whatever_is_open(driver: LedgerDriver) -> None:
    run = driver.start_run(2_500)
    claim = run.reserve(["a", "b", "c"])
    assert (claim.keys, claim.over_budget, claim.reserved) == (("a", "b"), ("c",), 2_000)
    run.settle(claim, dict.fromkeys("ab", FOUND), Amount(500, 500))
    assert run.reserve(["c"]).keys == ("c",)


def test_an_unknown_cost_counts_at_its_maximum(driver: LedgerDriver) -> None:
    run = driver.start_run(2_000)
    claim = run.reserve(["a", "b"])
    assert run.settle(claim, dict.fromkeys("ab", FOUND), None) == Amount(0, 2_000)
    assert run.reserve(["c"]).over_budget == ("c",)


def test_eight_threads_never_reserve_more_than_was_approved(driver: LedgerDriver) -> None:
    run = driver.start_run(20_000)
    claimed: list[int] = []

    def claim_many(name: str) -> None:
        for n in range(10):
            claimed.append(len(run.reserve([f"{name}{n}"]).keys))

    threads = [threading.Thread(target=claim_many, args=(name,)) for name in "abcdefgh"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(claimed) == 20


def test_a_released_call_gives_its_money_and_its_facts_back(driver: LedgerDriver) -> None:
    run = driver.start_run(1_000)
    claim = run.reserve(["a"])
    run.release(claim)
    assert run.reserve(["a"]).keys == ("a",)


def test_a_stale_answer_is_bought_anew_and_comes_back_when_that_is_released(driver: LedgerDriver) -> None:
    run = driver.start_run(10_000)
    run.settle(run.reserve(["a"]), {"a": FOUND}, Amount(1000, 1000))
    driver.clock.seconds += 100
    fresh_after = {FactState.FOUND: driver.ledger.now()}
    later = driver.start_run(10_000)
    again = later.reserve(["a"], fresh_after=fresh_after)
    assert again.keys == ("a",)
    later.release(again)
    assert run.reserve(["a"]).known == ("a",)
    assert driver.ledger.answers(run.operation_id, ["a"])["a"].values == {"verdict": "valid"}


def test_what_a_run_bought_is_not_stale_to_it_when_the_clock_is_set_back(driver: LedgerDriver) -> None:
    driver.clock.seconds += 100
    fresh_after = {FactState.FOUND: driver.ledger.now()}  # everything is to be bought anew
    run = driver.start_run(10_000)
    run.settle(run.reserve(["a"], fresh_after=fresh_after), {"a": FOUND}, Amount(1000, 1000))
    earlier = driver.start_run(10_000)
    driver.clock.seconds -= 50
    run.settle(run.reserve(["b"], fresh_after=fresh_after), {"b": FOUND}, Amount(1000, 1000))
    assert run.reserve(["a", "b"], fresh_after=fresh_after).known == ("a", "b")
    assert earlier.reserve(["a", "b"], fresh_after=fresh_after).keys == ("b",)


def test_a_call_in_doubt_keeps_its_money_and_is_not_bought_again(driver: LedgerDriver) -> None:
    run = driver.start_run(1_000)
    claim = run.reserve(["a"])
    run.doubt(claim, "the line broke")
    later = driver.start_run(5_000).reserve(["a"])
    assert not later.keys
    assert later.doubtful == {claim.call_id: ("a",)}
    assert run.reserve(["b"]).over_budget == ("b",)
    (fact,) = driver.ledger.doubtful()
    assert (fact.key, fact.held, fact.why) == ("a", 1_000, "the line broke")


def test_a_call_whose_answer_left_out_all_keys_says_why_it_is_in_doubt(driver: LedgerDriver) -> None:
    run = driver.start_run(1_000)
    run.settle(run.reserve(["a"]), {}, Amount(1_000, 1_000))
    assert [fact.why for fact in driver.ledger.doubtful()] == ["left out of the answer"]


def test_a_call_of_a_dead_process_is_in_doubt_and_a_free_repeat_uses_its_reservation(
    driver: LedgerDriver,
) -> None:
    dead = driver.start_run(1_000)
    claim = dead.reserve(["a"])
    dead.owner.release()
    run = driver.start_run(0)
    assert run.reserve(["a"]).doubtful == {claim.call_id: ("a",)}
    again = run.reclaim(claim.call_id)
    assert again is not None
    assert (again.keys, again.reserved, again.attempt) == (("a",), 1_000, 2)


def test_a_call_of_a_living_process_cannot_be_taken_over(driver: LedgerDriver) -> None:
    claim = driver.start_run(1_000).reserve(["a"])
    assert driver.start_run(1_000).reclaim(claim.call_id) is None


def taken_for_dead(driver: LedgerDriver, *keys: str) -> tuple[RunDriver, Claim, RunDriver]:
    """A run with a call under way whose lock is gone while it lives, its call, and somebody else's run."""
    run, other = driver.start_run(5_000), driver.start_run(5_000)
    claim = run.reserve(keys)
    run.owner.release()
    return run, claim, other


@pytest.mark.parametrize("ending", ["lost", "refused"])
@pytest.mark.parametrize("answered_first", [True, False])
def test_who_was_taken_for_dead_undoes_nothing_of_what_became_of_the_call_since(
    driver: LedgerDriver, ending: str, answered_first: bool
) -> None:
    run, claim, other = taken_for_dead(driver, "a")
    again = other.reclaim(claim.call_id)
    assert again is not None
    if answered_first:
        other.settle(again, {"a": FOUND}, Amount(1_000, 1_000))
    run.doubt(claim, "lost") if ending == "lost" else run.release(claim)
    if not answered_first:
        other.settle(again, {"a": FOUND}, Amount(1_000, 1_000))
    record = driver.ledger.run(run.id)
    assert (record.charged, record.held) == (Amount(1_000, 1_000), 0)
    assert other.reserve(["a"]).known == ("a",)


@pytest.mark.parametrize(
    ("late", "most"),
    [(Amount(1_000, 1_000), 1_000), (Amount(0, 1_000), 1_000), (Amount(3_000, 3_000), 3_000), (None, 1_000)],
)
def test_an_answer_that_comes_after_a_free_repeat_of_its_call_raises_the_books_no_further_than_it_told(
    driver: LedgerDriver, late: Amount | None, most: int
) -> None:
    run, claim, other = taken_for_dead(driver, "a")
    again = other.reclaim(claim.call_id)
    assert again is not None
    other.settle(again, {"a": FOUND}, Amount(0, 0))
    run.settle(claim, {"a": FOUND}, late)
    assert driver.ledger.run(run.id).charged == Amount(late.least if late else 0, most)
    assert driver.ledger.run(run.id).held == 0


@pytest.mark.parametrize("brought", [[], ["a"]])
@pytest.mark.parametrize("late_is_empty_handed", [True, False])
def test_what_was_answered_is_in_doubt_for_no_other_answer_to_its_call_that_leaves_it_out(
    driver: LedgerDriver, brought: list[str], late_is_empty_handed: bool
) -> None:
    run, claim, other = taken_for_dead(driver, "a", "b")
    again = other.reclaim(claim.call_id)
    assert again is not None
    first, second = (other, again), (run, claim)
    if not late_is_empty_handed:
        first, second = second, first
    first[0].settle(first[1], {"a": FOUND, "b": FOUND}, Amount(2_000, 2_000))
    driver.clock.wait(60)
    second[0].settle(second[1], dict.fromkeys(brought, FOUND), Amount(0, 0))
    assert other.reserve(["a", "b"]).known == ("a", "b")
    assert driver.ledger.doubtful() == []
    record = driver.ledger.run(run.id)
    assert (record.charged, record.held) == (Amount(2_000, 2_000), 0)
    anew = LedgerDriver(driver.home, driver.url)
    anew.start_run(0, name="who looks for damage first")
    anew.close()


@pytest.mark.parametrize("late", [{}, {"a": FOUND}])
def test_a_late_answer_with_less_in_it_takes_nothing_from_whoever_asks_for_all_of_it_again(
    driver: LedgerDriver, late: dict[str, Answer]
) -> None:
    run, claim, other = taken_for_dead(driver, "a", "b")
    again = other.reclaim(claim.call_id)
    assert again is not None
    run.settle(claim, late, Amount(2_000, 2_000))
    other.settle(again, {"a": FOUND, "b": FOUND}, Amount(0, 0))
    record = driver.ledger.run(run.id)
    assert (record.charged, record.held) == (Amount(2_000, 2_000), 0)
    assert set(other.reserve(["a", "b"]).known) == {"a", "b"}


@pytest.mark.parametrize("decision", ["charged", "not-charged", "pay-again"])
@pytest.mark.parametrize("ending", ["answered", "told", "lost", "refused"])
def test_what_becomes_of_a_call_that_was_decided_meanwhile_holds_no_money_that_nobody_sees(
    driver: LedgerDriver, decision: str, ending: str
) -> None:
    run, claim, _ = taken_for_dead(driver, "a")
    assert claim.call_id is not None
    driver.ledger.decide(claim.call_id, decision, by="tester")
    decided = driver.ledger.run(run.id)
    if ending == "answered":
        run.settle(claim, {"a": FOUND}, Amount(1_000, 1_000))
    elif ending == "told":
        driver.ledger.doubt(claim.call_id, "unreadable", amount=Amount(1_000, 1_000))
    else:
        run.doubt(claim, "lost") if ending == "lost" else run.release(claim)
    record = driver.ledger.run(run.id)
    assert record.held == sum(fact.held for fact in driver.ledger.doubtful()) == 0
    if ending in ("answered", "told"):
        assert record.charged == Amount(1_000, 1_000)
    else:
        assert record.charged == decided.charged


def test_a_repeat_that_is_not_documented_as_free_is_left_to_a_person(driver: LedgerDriver) -> None:
    dead = driver.start_run(1_000)
    claim = dead.reserve(["a"])
    dead.owner.release()
    assert driver.start_run(1_000).reclaim(claim.call_id, free=False) is None
    assert [call.state for call in driver.ledger.calls(dead.id)] == [CallState.IN_DOUBT]


def test_two_runs_never_repeat_the_same_call(driver: LedgerDriver) -> None:
    run = driver.start_run(1_000)
    claim = run.reserve(["a"])
    run.doubt(claim, "lost")
    taken = [driver.start_run(0).reclaim(claim.call_id) for _ in range(3)]
    assert sum(one is not None for one in taken) == 1


def test_a_free_repeat_that_reports_zero_does_not_hide_the_first_charge(driver: LedgerDriver) -> None:
    run = driver.start_run(1_000)
    claim = run.reserve(["a"])
    run.doubt(claim, "lost")
    again = run.reclaim(claim.call_id)
    assert again is not None
    assert run.settle(again, {"a": FOUND}, Amount(0, 0)) == Amount(0, 1_000)


def test_keys_left_out_of_an_answer_are_in_doubt_and_the_rest_is_kept(driver: LedgerDriver) -> None:
    run = driver.start_run(10_000)
    claim = run.reserve(["a", "b"])
    run.settle(claim, {"a": FOUND}, None)
    states = driver.ledger.states(run.operation_id, ["a", "b", "c"], fresh_after={})
    assert list(states) == [FactState.FOUND, FactState.IN_DOUBT, 0]


def test_the_raw_body_is_kept_with_its_answer_and_when_nothing_could_be_read(driver: LedgerDriver) -> None:
    run = driver.start_run(10_000)
    run.settle(run.reserve(["a"]), {"a": FOUND}, None, body=b'{"data": 1}')
    run.doubt(run.reserve(["b"]), "not JSON", body=b"<html>")
    assert driver.bodies() == [b'{"data": 1}', b"<html>"]


def test_an_approval_is_used_once(driver: LedgerDriver) -> None:
    driver.start_run(1_000, approval="seen")
    with pytest.raises(ApprovalError, match="has used this approval already. Nothing was sent"):
        driver.start_run(1_000, approval="seen")


def test_a_run_that_is_under_way_cannot_be_resumed_and_a_dead_one_can(driver: LedgerDriver) -> None:
    run = driver.start_run(1_000)
    with pytest.raises(ApprovalError, match="under way in another process"):
        driver.ledger.resume_run(run.id, "somebody")
    run.owner.release()
    driver.ledger.resume_run(run.id, "somebody")
    with pytest.raises(RunNotFoundError, match="no run nonsense"):
        driver.ledger.resume_run("nonsense", "somebody")


def test_two_keys_of_one_account_share_what_they_bought(driver: LedgerDriver) -> None:
    one, two = driver.ledger.fingerprint("key one"), driver.ledger.fingerprint("key two")
    for fingerprint in (one, two):
        driver.ledger.remember_account("testing", fingerprint, "usr_1")
    assert driver.ledger.account("testing", one) == driver.ledger.account("testing", two) == "usr_1"


def test_facts_bought_before_the_account_was_known_stay_known(driver: LedgerDriver) -> None:
    fingerprint = driver.ledger.fingerprint("a key")
    run = driver.start_run(1_000, account=f"key {fingerprint}")
    run.settle(run.reserve(["a"]), {"a": FOUND}, None)
    driver.ledger.remember_account("testing", fingerprint, "usr_1")
    assert driver.ledger.account("testing", fingerprint) == "usr_1"
    assert driver.start_run(1_000, account="usr_1").reserve(["a"]).known == ("a",)


def test_a_run_under_way_while_its_account_is_learned_shares_its_facts(driver: LedgerDriver) -> None:
    fingerprint = driver.ledger.fingerprint("a key")
    run = driver.start_run(1_000, account=f"key {fingerprint}")
    driver.ledger.remember_account("testing", fingerprint, "usr_1")
    run.reserve(["a"])
    assert driver.start_run(1_000, account="usr_1").reserve(["a"]).waiting == ("a",)


def test_a_key_whose_facts_cannot_be_merged_keeps_its_own_name(driver: LedgerDriver) -> None:
    fingerprint = driver.ledger.fingerprint("a key")
    run = driver.start_run(1_000, account=f"key {fingerprint}")
    run.settle(run.reserve(["a"]), {"a": FOUND}, None)
    driver.start_run(1_000, account="usr_1")
    driver.ledger.remember_account("testing", fingerprint, "usr_1")
    assert driver.ledger.account("testing", fingerprint) == f"key {fingerprint}"


def test_a_look_up_of_few_among_many_and_of_all_gives_the_same(driver: LedgerDriver) -> None:
    run = driver.start_run(10**9)
    keys = [f"k'{n}" for n in range(300)]
    run.settle(run.reserve(keys[:200]), dict.fromkeys(keys[:200], FOUND), None)
    all_states = driver.ledger.states(run.operation_id, keys, fresh_after={})
    few = [3, 199, 200, 299]
    assert list(driver.ledger.states(run.operation_id, [keys[n] for n in few], fresh_after={})) == [
        all_states[n] for n in few
    ]


def test_what_an_answer_left_out_keeps_its_share_of_the_reservation(driver: LedgerDriver) -> None:
    run = driver.start_run(2_000)
    run.settle(run.reserve(["a", "b"]), {"a": FOUND}, None)
    settled, apart = driver.ledger.calls(run.id)
    assert (settled.state, settled.amount) == (CallState.SETTLED, Amount(0, 1_000))
    assert (apart.state, apart.reserved, apart.key_count) == (CallState.IN_DOUBT, 1_000, 1)
    assert run.reserve(["c"]).over_budget == ("c",)


def test_an_estimate_for_a_whole_batch_is_not_the_cost_of_the_keys_that_were_answered(
    driver: LedgerDriver,
) -> None:
    run = driver.start_run(3000)
    run.settle(run.reserve(["a", "b", "c"]), {"a": FOUND}, Amount(0, 3000))
    (left_out,) = [call for call in driver.ledger.calls(run.id) if call.state is CallState.IN_DOUBT]
    assert left_out.reserved == 2000
    # Asked for again, it says the same of itself, and the run is still within what was approved.
    again = run.reclaim(left_out.id)
    assert again is not None
    run.settle(again, {"b": FOUND, "c": FOUND}, Amount(0, 2000))
    record = driver.ledger.run(run.id)
    assert (record.charged, record.held) == (Amount(0, 3000), 0)


def test_an_estimate_that_is_repeated_for_nothing_is_not_added_up(driver: LedgerDriver) -> None:
    run = driver.start_run(1000)
    claim = run.reserve(["a"])
    for _ in range(3):
        run.settle(claim, {}, Amount(0, 1000))
        assert driver.ledger.run(run.id).held == 1000
        claim = run.reclaim(claim.call_id) or claim
    run.settle(claim, {"a": FOUND}, Amount(0, 1000))
    assert driver.ledger.run(run.id).charged == Amount(0, 1000)


def test_what_is_told_of_a_free_repeat_is_not_added_to_what_an_untold_sending_may_have_cost(
    driver: LedgerDriver,
) -> None:
    run = driver.start_run(2_000)
    claim = run.reserve(["a", "b"])
    run.doubt(claim, "the answer was lost")
    for told in (0, 1_000, 0):
        claim = run.reclaim(claim.call_id) or claim
        run.settle(claim, {}, Amount(told, told))
        assert driver.ledger.run(run.id).held == 2_000
    claim = run.reclaim(claim.call_id) or claim
    run.settle(claim, dict.fromkeys(claim.keys, FOUND), Amount(1_000, 1_000))
    assert driver.ledger.run(run.id).charged == Amount(1_000, 2_000)


@pytest.mark.parametrize("costs", [(1_000, 0), (0, 1_000), (1_000, 1_000)])
def test_halves_never_say_more_than_was_set_aside_for_the_whole_whichever_was_told_of_before(
    driver: LedgerDriver, costs: tuple[int, int]
) -> None:
    run = driver.start_run(2_000)
    claim = run.reserve(["a", "b"])
    run.doubt(claim, "the answer was lost")
    claim = run.reclaim(claim.call_id) or claim
    run.settle(claim, {}, Amount(1_000, 1_000))
    for (call_id, keys), cost in zip(
        driver.ledger.halve(run.operation_id, ["a", "b"]).items(), costs, strict=True
    ):
        half = run.reclaim(call_id)
        assert half is not None
        run.settle(half, dict.fromkeys(keys, FOUND), Amount(cost, cost))
        record = driver.ledger.run(run.id)
        assert record.charged.most + record.held <= 2_000
    assert record.charged.least >= max(1_000, *costs)


def test_the_halves_of_a_call_in_doubt_hold_together_what_the_whole_held(driver: LedgerDriver) -> None:
    run = driver.start_run(3_000)
    run.settle(run.reserve(["a", "b", "c"]), {}, Amount(2_000, 2_000))
    halves = driver.ledger.halve(run.operation_id, ["a", "b", "c"])
    assert list(halves.values()) == [("a",), ("b", "c")]
    assert [call.reserved for call in driver.ledger.calls(run.id)] == [1_000, 2_000]
    assert sum(call.amount.least for call in driver.ledger.calls(run.id)) == 2_000
    assert not driver.ledger.halve(run.operation_id, ["a", "b"]), "of two calls"
    for call_id, keys in halves.items():
        claim = run.reclaim(call_id)
        assert claim is not None
        assert (claim.keys, claim.attempt) == (keys, 2)
        assert not driver.ledger.halve(run.operation_id, keys), "under way again"
        run.settle(claim, dict.fromkeys(keys, FOUND), Amount(0, 0))
    record = driver.ledger.run(run.id)
    assert (record.charged, record.held) == (Amount(2_000, 3_000), 0)


def test_a_call_that_a_person_gave_up_is_not_halved(driver: LedgerDriver) -> None:
    run = driver.start_run(2_000)
    claim = run.reserve(["a", "b"])
    run.doubt(claim, "the answer was lost")
    assert claim.call_id is not None
    driver.ledger.decide(claim.call_id, "give-up", by="tester")
    assert driver.ledger.halve(run.operation_id, ["a", "b"]) == {}
    assert driver.ledger.run(run.id).charged == Amount(0, 2_000)


def test_limits_that_answers_that_were_lost_tell_again_are_not_added_up(driver: LedgerDriver) -> None:
    run = driver.start_run(1_000)
    claim = run.reserve(["a"])
    for _ in range(3):
        assert claim.call_id is not None
        driver.ledger.doubt(claim.call_id, "it broke off", amount=Amount(0, 1_000))
        assert driver.ledger.run(run.id).held == 1_000
        claim = run.reclaim(claim.call_id) or claim


def test_whoever_was_forgotten_keeps_the_others_of_their_call_from_no_answer(driver: LedgerDriver) -> None:
    a, gone, c = (f"{name}@example.com" for name in ("a", "gone", "c"))
    run = driver.start_run(3_000)
    whole = run.reserve([a, gone, c])
    run.doubt(whole, "the answer was lost")
    driver.ledger.forget({("email", gone)}, suppress=False)
    claim = run.reclaim(whole.call_id)
    assert claim is not None
    run.doubt(claim, "one of them is not there")
    halves = driver.ledger.halve(run.operation_id, [a, c])
    assert list(halves.values()) == [(a,), (c,)]
    assert [call.reserved for call in driver.ledger.calls(run.id)] == [2_000, 1_000]
    assert [call.key_count for call in driver.ledger.calls(run.id)] == [2, 1]
    for call_id, keys in halves.items():
        claim = run.reclaim(call_id)
        assert claim is not None
        assert claim.keys == keys
        run.settle(claim, dict.fromkeys(keys, FOUND), Amount(0, 0))
    record = driver.ledger.run(run.id)
    assert (record.charged, record.held) == (Amount(0, 2_000), 1_000), "what was set aside for them stays so"
    assert len(driver.ledger.doubtful()) == 1


def test_what_an_answer_left_out_is_never_taken_for_new(driver: LedgerDriver) -> None:
    run = driver.start_run(10_000)
    run.settle(run.reserve(["a", "b"]), {"a": FOUND}, Amount(2_000, 2_000))
    (apart,) = run.reserve(["b"]).doubtful
    claim = run.reclaim(apart)
    assert claim is not None
    # It was told of b, too: one of the two cannot have cost more than 1 credit.
    assert (claim.keys, claim.reserved, claim.attempt) == (("b",), 1_000, 2)
    record = driver.ledger.run(run.id)
    assert (record.charged, record.held) == (Amount(1_000, 1_000), 1_000)
    run.doubt(claim, "the answer was lost")
    with pytest.raises(InputError, match="told that it charged at least 1 credit for call"):
        driver.ledger.decide(apart, "not-charged", by="tester")


def test_what_is_told_above_the_documented_price_is_counted_as_a_whole(driver: LedgerDriver) -> None:
    run = driver.start_run(3_000)
    run.settle(run.reserve(["a", "b", "c"]), {"a": FOUND}, Amount(5_000, 5_000))
    record = driver.ledger.run(run.id)
    assert record.charged.most + record.held == 5_000


@pytest.mark.parametrize("costs", [(1_000, 0), (0, 1_000)])
def test_what_an_answer_left_out_and_is_then_asked_for_in_halves_stays_within_what_was_approved(
    driver: LedgerDriver, costs: tuple[int, int]
) -> None:
    run = driver.start_run(3_000)
    run.settle(run.reserve(["a", "b", "c"]), {"a": FOUND}, Amount(2_000, 2_000))
    (apart,) = run.reserve(["b"]).doubtful
    run.doubt(run.reclaim(apart) or Claim(), "one of them is not there")
    halves = driver.ledger.halve(run.operation_id, ["b", "c"])
    for (call_id, keys), cost in zip(halves.items(), costs, strict=True):
        half = run.reclaim(call_id) or Claim()
        run.settle(half, dict.fromkeys(keys, FOUND), Amount(cost, cost))
        record = driver.ledger.run(run.id)
        assert record.charged.most + record.held <= 3_000
    assert record.charged.least >= 2_000


def test_what_earlier_sendings_reported_is_not_forgotten_when_a_free_repeat_reports_nothing(
    driver: LedgerDriver,
) -> None:
    run = driver.start_run(10_000)
    claim = run.reserve(["a"])
    assert claim.call_id is not None
    driver.ledger.doubt(claim.call_id, "data is null", amount=Amount(5_000, 5_000))
    assert driver.ledger.run(run.id).held == 5_000, "more than was reserved, and known to be charged"
    again = run.reclaim(claim.call_id)
    assert again is not None
    assert run.settle(again, {"a": FOUND}, Amount(0, 0)) == Amount(5_000, 5_000)


def test_two_processes_that_name_an_account_differently_buy_under_one_name(driver: LedgerDriver) -> None:
    fingerprint = driver.ledger.fingerprint("a key")
    driver.ledger.remember_account("testing", fingerprint, "usr_1")
    first = driver.start_run(1_000, account="usr_1")
    first.settle(first.reserve(["a"]), {"a": FOUND}, None)
    late = driver.start_run(1_000, account=f"key {fingerprint}")  # it looked before the name was known
    assert late.reserve(["a"]).known == ("a",)


def test_what_an_answer_left_out_names_the_request_that_left_it_out(driver: LedgerDriver) -> None:
    run = driver.start_run(2_000)
    run.settle(run.reserve(["a", "b"]), {"a": FOUND}, None)
    assert [(call.request_id, call.http_status) for call in driver.ledger.calls(run.id)] == [("req", 200)] * 2


# -- who is alive -----------------------------------------------------------------------------------------------


def test_what_a_living_run_has_under_way_is_not_in_doubt_and_what_a_dead_one_had_is(
    driver: LedgerDriver,
) -> None:
    living, dead = driver.start_run(1_000), driver.start_run(1_000)
    living.reserve(["a"])
    claim = dead.reserve(["b"])
    dead.owner.release()
    states = driver.ledger.states(living.operation_id, ["a", "b", "c"], fresh_after={})
    assert list(states) == [FactState.INTENT, FactState.IN_DOUBT, 0]
    (fact,) = driver.ledger.doubtful()
    assert (fact.key, fact.call_id, fact.held) == ("b", claim.call_id, 1_000)
    assert "ended before the answer" in fact.why


def test_a_person_may_decide_about_a_call_whose_process_is_gone_and_not_about_a_living_one(
    driver: LedgerDriver,
) -> None:
    living, dead = driver.start_run(1_000), driver.start_run(1_000)
    under_way, left = living.reserve(["a"]), dead.reserve(["b"])
    dead.owner.release()
    assert under_way.call_id is not None
    assert left.call_id is not None
    with pytest.raises(InputError, match=f"No call {under_way.call_id} is in doubt. Nothing was changed"):
        driver.ledger.decide(under_way.call_id, "not-charged", by="tester")
    assert driver.ledger.decide(left.call_id, "not-charged", by="tester") == 1
    assert living.reserve(["b"]).over_budget == ("b",), "free to be bought, and this run has no money left"


def test_nobody_can_say_that_what_the_provider_told_of_was_not_charged(driver: LedgerDriver) -> None:
    run = driver.start_run(1_000)
    claim = run.reserve(["a"])
    assert claim.call_id is not None
    driver.ledger.doubt(claim.call_id, "charged, and no data came", amount=Amount(1000, 1000))
    with pytest.raises(InputError, match="charged at least 1 credit .* Nothing was changed"):
        driver.ledger.decide(claim.call_id, "not-charged", by="tester")
    assert driver.ledger.decide(claim.call_id, "charged", by="tester") == 1
    assert driver.ledger.run(run.id).charged == Amount(1000, 1000)


def test_what_was_given_up_is_not_asked_about_again(driver: LedgerDriver) -> None:
    run = driver.start_run(1_000)
    claim = run.reserve(["a"])
    run.doubt(claim, "lost")
    assert claim.call_id is not None
    driver.ledger.decide(claim.call_id, "give-up", by="tester")
    assert driver.ledger.doubtful() == []
    assert driver.start_run(1_000).reserve(["a"]).keys == ()


def test_a_free_repeat_does_not_ask_about_whom_was_forgotten_meanwhile(driver: LedgerDriver) -> None:
    run = driver.start_run(3_000)
    claim = run.reserve(["anna@people.example", "bo@people.example"])
    run.doubt(claim, "lost")
    driver.ledger.forget({("email", "anna@people.example")}, suppress=True)
    again = run.reclaim(claim.call_id)
    assert again is not None
    assert (again.keys, again.reserved) == (("bo@people.example",), 2_000)
    run.settle(again, {"bo@people.example": FOUND}, None)
    record = driver.ledger.run(run.id)
    assert (record.charged, record.held) == (Amount(0, 1_000), 1_000)
    (left,) = driver.ledger.doubtful()
    assert left.key.startswith("forgotten ")
    assert run.reclaim(left.call_id) is None


def test_what_is_in_doubt_of_somebody_who_is_forgotten_twice_can_still_be_settled(
    driver: LedgerDriver,
) -> None:
    run = driver.start_run(5_000)
    claim = run.reserve(["anna@people.example"])
    run.doubt(claim, "lost")
    for _ in range(2):
        driver.ledger.forget({("email", "anna@people.example")}, suppress=False)
        run.settle(run.reserve(["anna@people.example"]), {"anna@people.example": FOUND}, Amount(1_000, 1_000))
    (left,) = driver.ledger.doubtful()
    assert (left.call_id, left.held) == (claim.call_id, driver.ledger.run(run.id).held)
    driver.ledger.decide(left.call_id, "not-charged", by="tester")
    assert driver.ledger.run(run.id).held == 0


def test_what_a_dead_process_had_under_way_for_somebody_forgotten_twice_can_still_be_settled(
    driver: LedgerDriver,
) -> None:
    run, other = driver.start_run(5_000), driver.start_run(5_000)
    claim = run.reserve(["anna@people.example"])
    run.owner.release()
    for _ in range(2):
        driver.ledger.forget({("email", "anna@people.example")}, suppress=False)
        answers = {"anna@people.example": FOUND}
        other.settle(other.reserve(["anna@people.example"]), answers, Amount(1_000, 1_000))
    (left,) = driver.ledger.doubtful()
    assert (left.call_id, left.held) == (claim.call_id, driver.ledger.run(run.id).held)


def test_a_run_under_way_does_not_ask_about_whoever_is_forgotten_before_it_comes_to_them(
    driver: LedgerDriver,
) -> None:
    people = ["anna@people.example", "bo@people.example"]
    run = driver.start_run(5_000, keys=people)
    driver.ledger.forget({("email", people[0])}, suppress=True)
    claim = run.reserve(people)
    assert (claim.keys, claim.known, claim.reserved) == (
        ("bo@people.example",),
        ("anna@people.example",),
        1_000,
    )
    later = driver.start_run(5_000, keys=people)
    assert driver.ledger.run_keys(run.id) == driver.ledger.run_keys(later.id) == ["bo@people.example"]


@pytest.mark.parametrize("suppress", [True, False])
@pytest.mark.parametrize("understood", [True, False])
def test_no_raw_answer_is_kept_about_somebody_who_was_forgotten_while_it_was_on_its_way(
    driver: LedgerDriver, suppress: bool, understood: bool
) -> None:
    run = driver.start_run(5_000)
    claim = run.reserve(["anna@people.example", "bo@people.example"])
    driver.ledger.forget({("email", "anna@people.example")}, suppress=suppress)
    body = b'[{"email": "anna@people.example"}, {"email": "bo@people.example"}'
    if understood:
        run.settle(claim, {"anna@people.example": FOUND, "bo@people.example": FOUND}, None, body + b"]")
    else:
        run.doubt(claim, "broken off", body)
    assert driver.bodies() == []


@pytest.mark.parametrize("understood", [True, False])
@pytest.mark.parametrize(
    ("body", "kept"),
    [
        (b'{"email": "bo@people.example", "told_by": "Anna@People.example"}', False),
        (b'{"email": "bo@people.example", "told_by": "anna\\u0040people.example"}', False),
        (b'{"email": "bo@people.example", "page": "https:\\/\\/www.linkedin.com\\/in\\/anna-x"}', False),
        (b'{"email": "bo@people.example", "told_by": {"id": "P1", "na', False),
        (b"email,told by,page\nbo@people.example,Anna <anna@people.example>,\n", False),
        (b"email;told by\r\nbo@people.example; P1\r\n", False),
        (b'{"email": "bo@people.example", "told_by": "joanna@people.example", "id": "P12"}', True),
    ],
)
def test_no_raw_answer_is_kept_that_names_somebody_on_the_list_where_nobody_reads_it(
    driver: LedgerDriver, understood: bool, body: bytes, kept: bool
) -> None:
    anna = {("email", "anna@people.example"), ("linkedin", "linkedin.com/in/anna-x"), ("lead_id", "P1")}
    driver.ledger.forget(anna, suppress=True)
    run = driver.start_run(5_000)
    claim = run.reserve(["bo@people.example"])
    if understood:
        run.settle(claim, {"bo@people.example": FOUND}, None, body)
    else:
        run.doubt(claim, "unlike the contract", body)
    assert driver.bodies() == ([body] if kept else [])


# -- whose it is ------------------------------------------------------------------------------------------------


def test_a_run_is_found_by_the_approval_it_used_up(driver: LedgerDriver) -> None:
    run = driver.start_run(1_000, approval="seen")
    found = driver.ledger.run_by_approval("seen")
    assert found == driver.ledger.run(run.id)
    assert driver.ledger.run_by_approval("another") is None


def test_a_user_sees_the_runs_and_amounts_of_their_own_and_an_owner_all(driver: LedgerDriver) -> None:
    ann, bob = driver.start_run(2_000, user="ann"), driver.start_run(3_000, user="bob")
    ann.settle(ann.reserve(["a"]), {"a": FOUND}, Amount(700, 700))
    bob.reserve(["b"])
    (own,) = driver.ledger.runs(user="ann")
    assert (own.id, own.approved_by, own.charged.most, own.held) == (ann.id, "ann", 700, 0)
    assert [run.id for run in driver.ledger.runs(user="nobody")] == []
    assert {run.id for run in driver.ledger.runs()} == {ann.id, bob.id}


def test_a_user_neither_sees_nor_settles_what_another_has_in_doubt(driver: LedgerDriver) -> None:
    ann, bob = driver.start_run(2_000, user="ann"), driver.start_run(3_000, user="bob")
    for run, key in ((ann, "a"), (bob, "b")):
        run.doubt(run.reserve([key]), "lost")
    (own,) = driver.ledger.doubtful(user="ann")
    (other,) = driver.ledger.doubtful(user="bob")
    assert (own.key, own.user, other.key, other.user) == ("a", "ann", "b", "bob")
    with pytest.raises(InputError, match=f"No call {other.call_id} of ann is in doubt. Nothing was changed"):
        driver.ledger.decide(other.call_id, "charged", by="ann", user="ann")
    assert driver.ledger.doubtful(user="bob") == [other]
    assert [fact.key for fact in driver.ledger.doubtful()] == ["a", "b"]
    assert driver.ledger.decide(own.call_id, "charged", by="ann", user="ann") == 1
    assert driver.ledger.decide(other.call_id, "charged", by="the owner") == 1
    assert "decided by the owner" in driver.ledger.calls(bob.id)[0].note
