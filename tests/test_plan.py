"""Plans: rows become the fewest keys, the counts add up, and making one sends nothing."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leadkit.errors import InputError
from leadkit.plan import Plan, make_plan
from leadkit.preview import IN_DOUBT, ROW_STATES, TO_BUY
from leadkit.result import OUTCOMES
from leadkit.sandbox import Sandbox
from leadkit.sandbox.leadfeeder import records
from leadkit.sandbox.leadfeeder.directory import directory_of
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
    assert "older than is trusted" not in str(plan.preview)
    assert "bought again, as you asked" in str(plan.preview)


def test_refresh_pays_for_nobody_who_must_not_be_contacted(
    workspace: Workspace, box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = sorted(directory_of(box.world).people, key=records.must_not_contact)
    frame = pd.DataFrame({"Id": [records.contact_id(person) for person in (people[0], people[-1])]})

    def plan(*, refresh: bool) -> Plan:
        columns = {"lead_id": "Id"}
        return make_plan(frame, "unlock", columns, via="leadfeeder", workspace=workspace, refresh=refresh)

    assert plan(refresh=False).run(at_most=2).receipt.rows["suppressed"] == 1
    later = workspace.ledger.now() + 60
    monkeypatch.setattr(workspace.ledger, "now", lambda: later)
    rows = plan(refresh=True).preview.rows
    assert (rows["suppressed"], rows["to buy"]) == (1, 1)


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
    with pytest.raises(InputError, match=r"no provider 'LeadIQ';.* Did you mean leadiq\? Nothing was sent"):
        make_plan(frame, "validate_emails", {"email": "Email"}, via="LeadIQ", workspace=workspace)


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


# -- pilots -----------------------------------------------------------------------------------------------

PEOPLE = [f"p{n}@example.com" for n in range(40)]


def test_a_pilot_buys_so_many_distinct_keys_and_leaves_the_other_rows_as_they_are(
    workspace: Workspace, box: Sandbox
) -> None:
    plan_of(workspace, PEOPLE[:3]).run(at_most=3)
    cells = [*PEOPLE, *(address.upper() for address in PEOPLE), None, "no address"]
    plan = plan_of(workspace, cells)
    pilot = plan.pilot()
    expected = {"to buy": 10, "known": 3, "left out": 54, "duplicate": 13, "blank": 1, "unusable": 1}
    assert pilot.preview.rows == {**dict.fromkeys(ROW_STATES, 0), **expected}
    assert pilot.preview.keys_to_buy == len(set(pilot.keys_to_buy)) == 10
    assert pilot.preview.most == 10 * plan.operation.price.most
    before = len(box.paid_requests())
    done = pilot.run(at_most=10)
    assert sorted(key for request in box.paid_requests()[before:] for key in request.asked) == sorted(
        pilot.keys_to_buy
    )
    assert done.complete
    assert {name: n for name, n in done.receipt.rows.items() if n} == {
        "answered": 10,
        "known": 3,
        "duplicate": 13,
        "left out": 54,
        "blank": 1,
        "unusable": 1,
    }
    out = done.frame[pilot.rows["state"] == "left out"]
    assert set(out["leadleap_email_verdict"]) == {"not checked"}
    assert set(out["leadleap_validate_emails_status"]) == {"left out"}
    assert out["leadleap_validate_emails_credits"].sum() == 0


def test_a_pilot_of_chosen_rows_buys_their_keys_once_and_nothing_that_is_known(workspace: Workspace) -> None:
    plan_of(workspace, PEOPLE[:1]).run(at_most=1)
    labels: list[object] = [f"r{n}" for n in range(6)]
    plan = plan_of(workspace, [*PEOPLE[:4], PEOPLE[1].upper(), None], labels)
    assert plan.pilot(rows=["r0", "r4", "r1", "r3", "r5"]).keys_to_buy == [PEOPLE[1], PEOPLE[3]]
    assert plan.pilot(1, rows=["r1", "r4"]).keys_to_buy == [PEOPLE[1]]
    assert plan.pilot(rows=["r0"]).preview.most == 0
    with pytest.raises(InputError, match="no row 'r9' in the frame. Nothing was sent"):
        plan.pilot(rows=["r9"])
    with pytest.raises(InputError, match="at least one key"):
        plan.pilot(0)


def test_a_pilot_is_a_plan_of_its_own_and_the_same_one_each_time(workspace: Workspace) -> None:
    plan = plan_of(workspace, list(PEOPLE))
    assert plan.pilot(5).hash == plan.pilot(5).hash
    assert len({plan.hash, plan.pilot(5).hash, plan.pilot(6).hash, plan.pilot(5, seed=1).hash}) == 4
    assert plan.pilot(40).hash == plan.hash, "all of it is no pilot"
    smaller = plan.pilot(8).pilot(3)
    assert set(smaller.keys_to_buy) < set(plan.pilot(8).keys_to_buy)
    assert smaller.preview.rows["left out"] == 37


def test_what_is_in_doubt_is_not_tried_by_a_pilot(workspace: Workspace, box: Sandbox) -> None:
    plan = plan_of(workspace, list(PEOPLE))
    in_doubt = replace(plan, row_states=np.where(plan.codes < 2, IN_DOUBT, TO_BUY).astype(np.int8))
    pilot = in_doubt.pilot(rows=[0, 1, 2])
    assert pilot.keys_to_buy == PEOPLE[2:3]
    assert pilot.preview.rows["left out"] == 39


def test_a_stale_answer_does_not_stand_in_a_row_that_a_pilot_left_out(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan_of(workspace, PEOPLE[:4]).run(at_most=4)
    later = workspace.ledger.now() + 31 * 86_400
    monkeypatch.setattr(workspace.ledger, "now", lambda: later)
    done = plan_of(workspace, PEOPLE[:4]).pilot(rows=[2]).run(at_most=1)
    verdicts = done.frame["leadleap_email_verdict"]
    assert list(verdicts == "not checked") == [True, True, False, True]


# -- what is known tells what the rest will cost -----------------------------------------------------------


def lookup_plan(workspace: Workspace, ids: list[str]) -> Plan:
    frame = pd.DataFrame({"Lead ID": ids})
    return make_plan(frame, "unlock", {"lead_id": "Lead ID"}, workspace=workspace)


def test_after_a_pilot_the_rest_is_expected_to_cost_what_the_pilot_cost(
    workspace: Workspace, box: Sandbox
) -> None:
    sold = [person.lead_id for person in box.world.known_to("leadleap") if not person.deleted]
    ids = [*sold[:12], *(f"c_nobody{n}" for n in range(12))]
    whole = lookup_plan(workspace, ids)
    assert whole.preview.hit_rate is None
    assert whole.preview.expected == 24_000
    done = whole.pilot(rows=range(8, 18)).run(at_most=10)
    rest = lookup_plan(workspace, ids).preview
    assert rest.hit_rate is not None
    assert (rest.hit_rate.keys, rest.hit_rate.found) == (10, 4)
    assert rest.hit_rate.cost == done.receipt.charged.most / 10
    assert rest.expected == round(done.receipt.charged.most / 10 * 14)
    assert (rest.least, rest.most) == (0, 14_000), "what was learned is no limit"
    assert "Of the 10 that are known, 4 were found; the expected cost is reckoned at that rate." in rest.notes
    assert rest.to_dict()["hit_rate"] == 0.4
    lookup_plan(workspace, ids).run(at_most=14)
    assert not any("at that rate" in note for note in lookup_plan(workspace, ids).preview.notes)


def test_what_another_run_is_buying_right_now_is_not_said_to_be_unanswered(workspace: Workspace) -> None:
    ledger, owner = workspace.ledger, workspace.ledger.owners.start()
    operation = workspace.provider("leadleap").operation("validate_emails")
    details = {"plan_hash": "", "approved_by": "a colleague", "fresh_after": {}, "preview": {}, "context": {}}
    operation_id = ledger.start_run(
        "theirs",
        operation,
        workspace.account("leadleap"),
        [],
        owner=owner.id,
        approval="theirs",
        approved=1_000,
        **details,  # type: ignore[arg-type]
    )
    asked = {"owner": owner.id, "takes": operation.takes, "each": 0}
    ledger.reserve("theirs", operation_id, ["anna@example.com"], fresh_after={}, **asked)
    under_way = "1 are being bought by another run right now, whose answers this one waits for."
    assert under_way in plan_of(workspace, ["anna@example.com"]).preview.notes
    owner.release()  # it ended before the answer
    notes = plan_of(workspace, ["anna@example.com"]).preview.notes
    assert under_way not in notes
    assert any("the answer never came" in note for note in notes)


def test_a_company_is_asked_for_by_its_linkedin_page(workspace: Workspace, box: Sandbox) -> None:
    import leadkit  # noqa: F401 (registers the accessor)

    company = box.world.companies[0]
    frame = pd.DataFrame({"Page": [f"{company.linkedin_url}/about/", company.linkedin_url.upper()]})
    plan = frame.leads.company_details(company_linkedin="Page", via="leadiq", workspace=workspace)
    assert plan.preview.rows["to buy"] == plan.preview.rows["duplicate"] == 1
    done = plan.run(at_most=3)
    assert list(done.frame["leadiq_company_name"]) == [company.name] * 2


def test_a_pilot_that_asks_the_free_preview_first_says_how_many_requests_these_are(
    workspace: Workspace,
) -> None:
    frame = pd.DataFrame({"Email": PEOPLE})
    plan = make_plan(
        frame, "find_people", {"email": "Email"}, via="leadiq", preview_first=True, workspace=workspace
    )
    pilot = plan.pilot(3)
    assert pilot.preview_first
    free = plan.operation.free_preview
    assert free is not None
    said = [note for note in pilot.preview.notes if "free requests" in note]
    assert said == [note for note in said if note.startswith(f"{-(-3 // free.batch_size)} free requests")]
    assert len(said) == 1


def test_one_data_point_is_named_as_a_word_and_several_as_a_list_or_with_commas(
    box: Sandbox, workspace: Workspace
) -> None:
    frame = pd.DataFrame({"Email": ["a@example.com"]})

    def bought(want: str | list[str]) -> tuple[str, ...]:
        return frame.leads.find_people(email="Email", want=want, workspace=workspace).operation.wants

    assert bought("email") == bought(["email"]) == ("email",)
    assert bought("email, phone") == bought(["email", "phone"])
    with pytest.raises(InputError, match=r"sells no 'emial'\. Did you mean email\?.*Nothing was sent"):
        bought("emial")
    assert not box.requests


def test_a_plan_and_what_came_of_it_show_themselves_in_one_line_and_without_anybody(
    box: Sandbox, workspace: Workspace
) -> None:
    person = box.world.known_to("leadleap")[0]
    plan = make_plan(
        pd.DataFrame({"Id": [person.lead_id, None]}), "unlock", {"lead_id": "Id"}, workspace=workspace
    )
    assert repr(plan) == "<Plan: unlock with leadleap, 1 to buy, 1 blank, credits at most 1>"
    done = plan.run(at_most=1)
    assert repr(done) == "<Done: unlock with leadleap, 1 answered, 1 blank, credits charged 1>"


def test_a_pilot_that_leaves_nobody_out_does_not_speak_of_leaving_out(workspace: Workspace) -> None:
    plan = make_plan(
        pd.DataFrame({"Email": ["a@example.com"]}), "validate_emails", {"email": "Email"}, workspace=workspace
    )
    assert plan.pilot(10).preview.notes == plan.preview.notes


def test_a_preview_and_a_receipt_show_themselves_in_words_where_nobody_prints_them(
    workspace: Workspace,
) -> None:
    plan = make_plan(
        pd.DataFrame({"Email": ["a@example.com"]}), "validate_emails", {"email": "Email"}, workspace=workspace
    )
    receipt = plan.run(at_most=1).receipt
    assert repr(plan.preview) == str(plan.preview)
    assert repr(receipt) == str(receipt)
    assert "5,000 credits left" in repr(workspace.balances())


def test_a_column_of_another_kind_is_refused_by_the_name_of_the_one_that_is_wanted(
    workspace: Workspace,
) -> None:
    frame = pd.DataFrame({"Domain": ["example.com"]})
    with pytest.raises(
        InputError, match=r"takes one column, company_id; given were domain\. Nothing was sent"
    ):
        make_plan(frame, "company_details", {"domain": "Domain"}, via="leadfeeder", workspace=workspace)
