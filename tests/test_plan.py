"""Plans: rows become the fewest keys, the counts add up, and making one sends nothing."""

from __future__ import annotations

import threading

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leadkit.errors import InputError
from leadkit.plan import ROW_STATES, Plan, make_plan
from leadkit.result import OUTCOMES
from leadkit.sandbox import Sandbox
from leadkit.workspace import Workspace

#: The fixtures hold no state that one example could leave to the next, but for what was bought, which is meant.
SHARED = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

names = st.sampled_from(["anna", "bjørn", "chloé", "dai", "eva-maria", "fü"])
addresses = st.builds(
    "{}.{}@{}".format, names, st.integers(0, 5), st.sampled_from(["example.com", "mail.example"])
)
dressed = st.builds(
    lambda text, case, before, after: before + case(text) + after,
    addresses,
    st.sampled_from([str.lower, str.upper, str.title]),
    st.sampled_from(["", " ", "\t", "\u00a0"]),
    st.sampled_from(["", " ", "\n"]),
)
junk = st.one_of(st.none(), st.just(""), st.just("n/a"), st.text(max_size=12), st.integers(), st.floats())
cells = st.lists(st.one_of(dressed, dressed, junk), min_size=1, max_size=25)


def plan_of(workspace: Workspace, values: list[object], index: list[object] | None = None) -> Plan:
    frame = pd.DataFrame({"Email": pd.Series(values, index=index, dtype=object)})
    return make_plan(frame, "validate_emails", {"email": "Email"}, workspace=workspace)


def filled(values: list[object]) -> bool:
    return any(isinstance(value, str) and value.strip() for value in values)


@SHARED
@given(values=cells)
def test_every_row_of_a_plan_has_one_state_and_every_key_one_first_row(
    workspace: Workspace, box: Sandbox, values: list[object]
) -> None:
    try:
        plan = plan_of(workspace, values)
    except InputError:  # nothing but blanks; its words are tested below
        return
    assert sum(plan.preview.rows.values()) == len(values)
    assert set(plan.rows["state"]) <= set(ROW_STATES)
    first = plan.rows["state"].isin(["to buy", "known", "in doubt"])
    assert first.sum() == len(plan.keys) == plan.preview.keys_to_buy
    assert list(plan.rows.loc[first, "key"]) == list(plan.keys)
    assert all(plan.rows.loc[plan.rows["state"].isin(["unusable", "duplicate"]), "reason"] != "")
    assert plan.preview.calls == -(-len(plan.keys) // 100)
    assert not box.paid_requests()


@SHARED
@given(values=cells, seed=st.integers(0, 2**32 - 1))
def test_the_order_of_the_rows_changes_neither_the_keys_nor_the_price(
    workspace: Workspace, values: list[object], seed: int
) -> None:
    try:
        plan = plan_of(workspace, values)
    except InputError:
        return
    order = np.random.default_rng(seed).permutation(len(values))
    shuffled = plan_of(workspace, [values[i] for i in order])
    assert set(shuffled.keys) == set(plan.keys)
    assert shuffled.preview.to_dict() == plan.preview.to_dict()


@settings(SHARED, max_examples=20)
@given(values=cells, seed=st.integers(0, 2**32 - 1))
def test_each_row_gets_the_answer_to_its_own_address_whatever_the_index(
    workspace: Workspace, box: Sandbox, values: list[object], seed: int
) -> None:
    labels = [f"r{n}" for n in np.random.default_rng(seed).permutation(len(values))]
    try:
        plan = plan_of(workspace, values, labels)
    except InputError:
        return
    done = plan.run(at_most=100)
    assert list(done.frame.index) == labels
    verdicts = dict(zip(plan.rows["key"], done.frame["leadleap_email_verdict"], strict=True))
    for key, verdict, status in zip(
        plan.rows["key"],
        done.frame["leadleap_email_verdict"],
        done.frame["leadleap_validate_emails_status"],
        strict=True,
    ):
        assert status in OUTCOMES
        assert verdict == ("not checked" if pd.isna(key) else verdicts[key])
        assert pd.isna(key) == (status in ("blank", "unusable"))
    said = {request_key for request in box.paid_requests() for request_key in request.asked}
    assert set(plan.keys) <= said


def test_making_a_plan_sends_nothing(box: Sandbox, workspace: Workspace) -> None:
    plan = plan_of(workspace, ["a@example.com", "A@EXAMPLE.COM ", None, "b@example.com"])
    str(plan.preview), plan.preview._repr_html_(), plan.rows, plan.hash
    assert not box.requests
    assert plan.preview.rows == {
        **dict.fromkeys(ROW_STATES, 0),
        "to buy": 2,
        "duplicate": 1,
        "blank": 1,
    }


def test_a_duplicate_names_the_row_that_it_repeats(workspace: Workspace) -> None:
    frame = pd.DataFrame({"Email": ["a@example.com", "A@example.com"]}, index=pd.Index([7, 9], name="row"))
    plan = make_plan(frame, "validate_emails", {"email": "Email"}, workspace=workspace)
    assert plan.rows.loc[9, "reason"] == "the same as row 7"


def test_the_hash_follows_the_rows_the_column_and_what_is_bought(workspace: Workspace) -> None:
    frame = pd.DataFrame({"Email": ["a@example.com", "b@example.com"], "Other": ["a@example.com", None]})

    def of(frame: pd.DataFrame, column: str = "Email") -> str:
        return make_plan(frame, "validate_emails", {"email": column}, workspace=workspace).hash

    assert of(frame) == of(frame.copy())
    assert len({of(frame), of(frame.iloc[::-1]), of(frame.iloc[:1]), of(frame, "Other")}) == 4
    before = of(frame)
    make_plan(frame.iloc[:1], "validate_emails", {"email": "Email"}, workspace=workspace).run(at_most=1)
    assert of(frame) != before, "what is known changed, so what would be bought changed"


def test_an_unknown_price_is_shown_as_unknown_and_never_as_nothing(workspace: Workspace) -> None:
    preview = plan_of(workspace, ["a@example.com"]).preview
    assert preview.expected is None
    assert preview.to_dict()["expected_millicredits"] is None
    assert "not stated by the provider" in str(preview)
    assert preview.most > 0


def test_what_is_known_but_old_is_bought_anew_and_the_preview_says_so(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan_of(workspace, ["a@example.com"]).run(at_most=1)
    assert plan_of(workspace, ["a@example.com"]).preview.rows["known"] == 1
    later = workspace.ledger.now() + 31 * 86_400
    monkeypatch.setattr(workspace.ledger, "now", lambda: later)
    preview = plan_of(workspace, ["a@example.com"]).preview
    assert preview.rows["to buy"] == 1
    assert "older than is trusted" in str(preview)


def test_refresh_buys_again_what_is_known(workspace: Workspace, box: Sandbox) -> None:
    frame = pd.DataFrame({"Email": ["a@example.com"]})
    plan_of(workspace, ["a@example.com"]).run(at_most=1)
    workspace.ledger.now = lambda: 2**40  # type: ignore[method-assign]
    plan = make_plan(frame, "validate_emails", {"email": "Email"}, workspace=workspace, refresh=True)
    assert plan.preview.rows["to buy"] == 1


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (pd.DataFrame({"E-Mail": ["a@example.com"]}), "Email"),
        (pd.DataFrame({"Email": [None, " ", ""]}), "blank"),
        (pd.DataFrame({"Email": []}, dtype=object), "no rows"),
        (pd.DataFrame({"Email": ["a@example.com", "b@example.com"]}, index=[3, 3]), "3"),
    ],
)
def test_input_that_cannot_be_used_is_refused_in_words(
    workspace: Workspace, box: Sandbox, frame: pd.DataFrame, words: str
) -> None:
    with pytest.raises(InputError) as caught:
        make_plan(frame, "validate_emails", {"email": "Email"}, workspace=workspace)
    assert words in str(caught.value)
    assert "Nothing was sent" in str(caught.value)
    assert not box.requests


def test_a_step_or_provider_that_does_not_exist_is_refused_in_words(workspace: Workspace) -> None:
    frame = pd.DataFrame({"Email": ["a@example.com"]})
    with pytest.raises(InputError, match="no step 'validate'"):
        make_plan(frame, "validate", {"email": "Email"}, workspace=workspace)
    with pytest.raises(InputError, match="no provider 'clay'; there are leadleap"):
        make_plan(frame, "validate_emails", {"email": "Email"}, via="clay", workspace=workspace)


def test_a_preview_without_a_key_works_and_says_what_it_cannot_know(
    box: Sandbox, open_workspace: object
) -> None:
    workspace = open_workspace(LEADLEAP_API_KEY="")  # type: ignore[operator]
    preview = plan_of(workspace, ["a@example.com"]).preview
    assert "No API key for leadleap" in str(preview)
    assert not box.requests


def test_the_accessor_makes_the_same_plan_and_keeps_nothing(workspace: Workspace) -> None:
    import leadkit  # noqa: F401 (registers the accessor)

    frame = pd.DataFrame({"Email": ["a@example.com"], "Lead ID": ["c_1"]})
    plan = frame.leads.validate_emails("Email", workspace=workspace)
    assert plan.hash == make_plan(frame, "validate_emails", {"email": "Email"}, workspace=workspace).hash
    assert frame.leads.unlock("Lead ID", workspace=workspace).operation.step == "unlock"
    assert frame.leads.enrich("Lead ID", workspace=workspace).preview.most == 0
    assert not frame.attrs


def test_plans_are_made_in_many_threads_at_once(workspace: Workspace) -> None:
    hashes: list[str] = []
    threads = [
        threading.Thread(target=lambda: hashes.append(plan_of(workspace, ["a@example.com"]).hash))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(hashes) == 8
    assert len(set(hashes)) == 1


def test_what_the_caller_does_to_the_frame_later_does_not_reach_the_plan(workspace: Workspace) -> None:
    frame = pd.DataFrame({"Email": ["b@example.com", "a@example.com"], "N": [2, 1]})
    plan = make_plan(frame, "validate_emails", {"email": "Email"}, workspace=workspace)
    frame.loc[0, "Email"] = "never.checked@example.org"
    frame.loc[[1, 0]] = frame.loc[[0, 1]].to_numpy()
    done = plan.run(at_most=2)
    assert list(done.frame["Email"]) == ["b@example.com", "a@example.com"]
    assert "never.checked@example.org" not in done.frame.to_csv()
