"""The 38 ways in which the four providers' interfaces mislead a client, and the tests that show each one avoided.

Most stand beside the code that they are about; those that belong to no single place are below the table.
"""

from __future__ import annotations

import ast
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from leadkit.errors import CreditsExhaustedError, KeyRefusedError, PlanLimitError
from leadkit.plan import make_plan
from leadkit.providers import leadiq
from leadkit.providers.base import Response
from leadkit.providers.leadleap import LeadLeap
from leadkit.sandbox import Sandbox
from leadkit.workspace import Workspace

TESTS = Path(__file__).parent.parent

HERE = "providers/test_traps.py"
LEADLEAP, SEARCH = "providers/test_leadleap.py", "providers/test_leadleap_search.py"
EXPORT = "providers/test_leadleap_export.py"
LEADIQ, PEOPLE = "providers/test_leadiq.py", "providers/test_leadiq_people.py"
IQ_SEARCH, IQ_ANSWERS = "providers/test_leadiq_search.py", "providers/test_leadiq_answers.py"
IQ_LISTS = "providers/test_leadiq_lists.py"
FEEDER, FEEDER_ANSWERS = "providers/test_leadfeeder.py", "providers/test_leadfeeder_answers.py"
FEEDER_LISTS, FEEDER_MATCH = "providers/test_leadfeeder_lists.py", "providers/test_leadfeeder_match.py"
CREDITS = "providers/test_shared_credits.py"
LEADEY = "providers/test_leadey.py"

#: Number → what misleads, and the tests.
TRAPS: dict[int, tuple[str, list[tuple[str, str]]]] = {
    1: (
        "LeadLeap's export charges whatever is locked among 500 ids, and says so in a header only",
        [(EXPORT, "test_trap_1_the_cost_is_read_from_the_header_that_holds_it")],
    ),
    2: (
        "an unlock whose answer is lost may be repeated, and is one credit all the same",
        [
            ("test_run.py", "test_a_lost_answer_is_asked_for_again_only_because_that_is_free"),
            (EXPORT, "test_trap_2_an_export_may_be_repeated_because_what_is_unlocked_costs_nothing"),
        ],
    ),
    3: (
        "LeadIQ's own example query buys everything at once",
        [(PEOPLE, "test_trap_03_everything_together_is_14_credits_and_17_with_two_positions")],
    ),
    4: (
        "a field more in a LeadIQ query is a higher bill",
        [
            (PEOPLE, "test_trap_04_the_selection_set_holds_only_what_was_bought"),
            ("providers/test_leadiq_run.py", "test_trap_04_what_was_not_bought_is_not_charged"),
        ],
    ),
    5: (
        "a name finds several people at LeadIQ, and perhaps none of them is meant",
        [
            (PEOPLE, "test_trap_05_a_lookup_asks_for_one_record_and_not_for_a_strict_match"),
            (PEOPLE, "test_trap_05_several_candidates_are_said_and_each_record_is_counted"),
            (PEOPLE, "test_trap_05_whoever_fits_the_row_can_be_told_from_a_namesake"),
            (HERE, "test_trap_05_a_namesake_at_another_company_leaves_the_row_without_data"),
        ],
    ),
    6: (
        "every page of a LeadIQ search is charged, also the second time",
        [(IQ_SEARCH, "test_trap_06_every_page_is_priced_and_its_repeat_is_not_free")],
    ),
    7: (
        "LeadIQ ignores the job-change filter in silence where it is not enabled",
        [
            (IQ_SEARCH, "test_trap_07_a_filter_that_is_ignored_stops_the_search_and_owns_up_to_the_cost"),
            (IQ_SEARCH, "test_trap_07_finding_out_costs_one_row"),
        ],
    ),
    8: (
        "LeadIQ counts used credits as whole ones",
        [(LEADIQ, "test_trap_08_a_balance_in_whole_credits_says_so")],
    ),
    9: (
        "LeadIQ's company data may be charged again within the year",
        [(LEADIQ, "test_trap_09_company_data_is_kept_for_a_year_and_never_asked_for_twice_by_itself")],
    ),
    10: (
        "a prospect that is sent twice is two prospects",
        [
            (IQ_LISTS, "test_trap_10_what_may_have_been_added_is_never_sent_again"),
            (IQ_LISTS, "test_trap_10_reading_the_list_tells_who_is_missing_after_a_lost_answer"),
        ],
    ),
    11: (
        "what LeadIQ exported to Salesforce cannot be taken back, nor told from what it did not",
        [(HERE, "test_trap_11_nothing_is_exported_to_salesforce")],
    ),
    12: (
        "Leadfeeder's GET by id is a purchase",
        [
            (FEEDER, "test_trap_12_and_13_a_paid_read_asks_for_nothing_but_the_record"),
            (HERE, "test_trap_12_a_preview_of_reading_by_id_sends_nothing"),
        ],
    ),
    13: (
        "an included company can be a second purchase at Leadfeeder",
        [(FEEDER, "test_trap_12_and_13_a_paid_read_asks_for_nothing_but_the_record")],
    ),
    14: (
        "a free call of Leadfeeder's that is charged after all",
        [
            (FEEDER, "test_trap_14_a_free_call_that_was_charged_stops_the_run"),
            (FEEDER_LISTS, "test_trap_14_a_list_that_was_charged_stops_at_once"),
        ],
    ),
    15: (
        "colleagues in Leadfeeder's web app spend the same credits",
        [
            (FEEDER, "test_trap_15_credits_that_somebody_else_spent_stop_the_run_and_nothing_is_in_doubt"),
            (CREDITS, "test_trap_15_credits_that_a_colleague_spends_are_noticed_before_the_next_batch"),
            (CREDITS, "test_trap_15_the_balance_is_read_before_each_paid_batch_and_for_no_free_call"),
        ],
    ),
    16: (
        "Leadey's webhook starts messages to people",
        [(LEADEY, "test_trap_16_leadey_is_never_written_to_because_that_starts_outreach")],
    ),
    17: (
        "Leadfeeder pages by number here and by cursor there, with brackets in the query",
        [
            (FEEDER_LISTS, "test_trap_17_lists_come_by_page_number_and_items_by_cursor"),
            (FEEDER_LISTS, "test_trap_17_the_wire_carries_encoded_brackets_the_key_and_the_account"),
        ],
    ),
    18: (
        "Leadfeeder's matches are lists in lists that name no row",
        [
            (FEEDER_MATCH, "test_trap_18_nested_match_results_stay_with_their_rows"),
            (HERE, "test_trap_18_matches_in_another_order_reach_no_row"),
        ],
    ),
    19: (
        "LeadIQ shows no row after the ten thousandth",
        [(IQ_SEARCH, "test_trap_19_no_page_goes_beyond_the_ten_thousandth_row")],
    ),
    20: (
        "a 200 of LeadIQ's batch call holds failures",
        [
            (IQ_LISTS, "test_trap_20_a_200_with_failures_is_mapped_back_to_who_failed"),
            (IQ_LISTS, "test_trap_20_the_partial_answer_as_documented_is_read"),
        ],
    ),
    21: (
        "rows move between pages while they are read",
        [
            (SEARCH, "test_trap_21_a_lead_that_comes_twice_is_one_row"),
            (LEADEY, "test_trap_21_a_row_that_shifted_while_it_was_read_is_one_and_the_gap_is_said"),
        ],
    ),
    22: (
        "an empty page of LeadIQ's REST interface is not the last",
        [
            (IQ_LISTS, "test_trap_22_a_page_without_items_is_not_the_end"),
            (IQ_LISTS, "test_trap_22_the_pages_as_documented_are_read_to_their_end"),
        ],
    ),
    23: (
        "nobody knows what LeadLeap makes of an address that is sent twice",
        [(HERE, "test_trap_23_an_address_goes_out_once_however_often_and_however_it_is_spelled")],
    ),
    24: (
        "a 200 of LeadIQ's can be an error, or half an answer",
        [
            (IQ_ANSWERS, "test_trap_24_the_status_inside_a_200_is_the_status"),
            (IQ_ANSWERS, "test_trap_24_without_a_status_a_code_or_clear_words_tell_the_refusal"),
            (IQ_ANSWERS, "test_trap_24_partial_data_gives_what_came_and_says_what_did_not"),
            (IQ_ANSWERS, "test_trap_24_partial_data_without_what_was_bought_leaves_the_row_open"),
        ],
    ),
    25: (
        "LeadIQ's names have another shape in each of its calls",
        [(IQ_SEARCH, "test_trap_25_a_name_is_text_in_a_search_and_employees_have_another_name")],
    ),
    26: (
        "LeadIQ gives addresses that are invalid, and phones that are suppressed",
        [
            (PEOPLE, "test_trap_26_a_status_that_is_not_a_yes_never_reaches_a_cell"),
            (PEOPLE, "test_trap_26_phones_are_ranked_by_verification_and_suppressed_ones_dropped"),
        ],
    ),
    27: (
        "LeadIQ's one key goes out in two encodings",
        [
            (LEADIQ, "test_trap_27_one_key_goes_out_in_the_encoding_of_each_host"),
            (IQ_ANSWERS, "test_trap_27_a_refused_key_names_both_of_its_encodings"),
        ],
    ),
    28: (
        "Leadfeeder's 401 can be about the account",
        [(FEEDER_ANSWERS, "test_trap_28_a_401_without_a_reason_points_at_the_account_before_the_key")],
    ),
    29: (
        "Leadfeeder's errors come in three shapes and two statuses",
        [
            (FEEDER_ANSWERS, "test_trap_29_each_recorded_error_is_told_in_whatever_shape_it_comes"),
            (FEEDER_ANSWERS, "test_trap_29_a_key_problem_is_one_at_401_and_at_403"),
        ],
    ),
    30: (
        "Leadfeeder's 429 can be a month's",
        [
            (FEEDER_ANSWERS, "test_trap_30_the_message_of_a_429_names_the_monthly_quota"),
            (FEEDER, "test_trap_30_a_429_that_never_clears_ends_the_run_and_nothing_is_charged"),
        ],
    ),
    31: (
        "Leadfeeder answers under another id than was asked for",
        [
            (FEEDER, "test_trap_31_a_superseded_id_is_answered_with_the_current_one"),
            (
                FEEDER,
                "test_trap_31_two_superseded_ids_are_left_in_doubt_because_nobody_can_tell_them_apart",
            ),
        ],
    ),
    32: (
        "Leadfeeder's one account comes in a list",
        [
            (FEEDER, "test_trap_32_a_record_is_read_from_a_list_and_from_an_object_alike"),
            (FEEDER_LISTS, "test_trap_32_the_balance_is_read_from_a_list_of_one_account"),
        ],
    ),
    33: (
        "LeadLeap's masked addresses look like addresses",
        [
            (SEARCH, "test_trap_33_masked_contact_data_is_told_as_available_and_never_given"),
            (EXPORT, "test_trap_33_a_masked_address_in_the_file_is_no_value"),
            (LEADLEAP, "test_a_masked_address_never_becomes_a_value"),
        ],
    ),
    34: (
        "LeadLeap's 402 and its 403 PLAN_LIMIT want different things of a person",
        [(HERE, "test_trap_34_no_credits_and_a_plan_without_the_feature_are_told_apart")],
    ),
    35: (
        "LeadLeap's request ids are not hexadecimal, and its countries are codes",
        [(HERE, "test_trap_35_ids_of_requests_and_countries_are_taken_as_they_come")],
    ),
    36: (
        "LeadLeap has a second product with keys and answers of its own",
        [
            (HERE, "test_trap_36_a_refused_key_names_the_product_whose_keys_look_alike"),
            (LEADLEAP, "test_a_verdict_is_never_a_bare_boolean"),
        ],
    ),
    37: (
        "Leadey finds parts of words, and ignores filters that it does not know",
        [
            (LEADEY, "test_trap_37_a_near_match_is_somebody_else"),
            (LEADEY, "test_trap_37_a_filter_that_leadey_ignores_is_refused"),
        ],
    ),
    38: (
        "Leadey's errors have no codes",
        [(LEADEY, "test_trap_38_the_status_decides_whatever_the_words")],
    ),
}


@lru_cache
def names_in(file: str) -> frozenset[str]:
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def test_each_of_the_38_has_a_test_that_is_there() -> None:
    assert list(TRAPS) == list(range(1, 39))
    missing = [
        f"{number}, {what}: {file}::{name}"
        for number, (what, shown) in TRAPS.items()
        for file, name in shown or [("", "no test at all")]
        if not file or name not in names_in(file)
    ]
    assert not missing


def test_each_test_that_is_named_after_a_trap_is_in_the_table() -> None:
    for path in (TESTS / "providers").glob("test_*.py"):
        file = f"providers/{path.name}"
        for name in names_in(file):
            numbers = re.match(r"test_trap_(\d+)(?:_and_(\d+))?_", name)
            for number in filter(None, numbers.groups() if numbers else ()):
                assert (file, name) in TRAPS[int(number)][1], f"{file}::{name}"


# -- those that belong to no single place --------------------------------------------------------------------


def test_trap_05_a_namesake_at_another_company_leaves_the_row_without_data(
    box: Sandbox, workspace: Workspace
) -> None:
    known = [one for one in box.world.known_to("leadiq") if not one.deleted and one.company]
    names = [one.full_name for one in known]
    someone = next(one for one in known if names.count(one.full_name) == 1 and one.previous_job is None)
    elsewhere = next(one for one in box.world.companies if one is not someone.company)
    frame = pd.DataFrame({"Name": [someone.full_name], "Domain": [elsewhere.domain]})
    columns = {"full_name": "Name", "domain": "Domain"}
    plan = make_plan(frame, "find_people", columns, via="leadiq", want=["email"], workspace=workspace)
    row = plan.run(at_most=1).frame.iloc[0]
    assert box.charged("leadiq") == 1_000, "LeadIQ gives, and charges, the only one of that name"
    assert row["leadiq_find_people_status"] == "ambiguous"
    assert someone.full_name.split()[0] in row["leadiq_find_people_note"]
    data = [column.name for column in plan.operation.columns]
    assert row[data].isna().all()


def test_trap_11_nothing_is_exported_to_salesforce() -> None:
    for path in Path(leadiq.__file__).parent.glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
        documented = {
            ast.get_docstring(node, clean=False) for node in ast.walk(tree) if isinstance(node, ast.Module)
        }
        named = [one for one in texts - documented if isinstance(one, str) and "salesforce" in one.lower()]
        assert not named, path.name


def test_trap_12_a_preview_of_reading_by_id_sends_nothing(box: Sandbox, workspace: Workspace) -> None:
    for step, role in (("unlock", "lead_id"), ("company_details", "company_id")):
        frame = pd.DataFrame({"Id": ["9000000001", "9000000002"]})
        plan = make_plan(frame, step, {role: "Id"}, via="leadfeeder", workspace=workspace)
        assert plan.preview.most == 2_000
        assert "2 to buy" in str(plan.preview)
    assert not box.requests


def test_trap_18_matches_in_another_order_reach_no_row(box: Sandbox, workspace: Workspace) -> None:
    """The order is all that tells whose match is whose, so a company that stands at another's place spoils it."""
    box.fault("reversed", "/companies/match", times=None)
    frame = pd.DataFrame({"Domain": [company.domain for company in box.world.companies[:6]]})
    workspace.clock.wait = lambda seconds, until=None: False  # type: ignore[method-assign]
    done = make_plan(
        frame, "match_companies", {"domain": "Domain"}, via="leadfeeder", workspace=workspace
    ).run(at_most=0)
    assert done.receipt.rows["in doubt"] == 6
    assert "another order" in done.frame["leadfeeder_match_companies_note"].iloc[0]
    assert done.frame["leadfeeder_company_id"].isna().all()


def test_trap_23_an_address_goes_out_once_however_often_and_however_it_is_spelled(
    box: Sandbox, workspace: Workspace
) -> None:
    spelled = [
        "anna@example.com",
        " Anna@Example.com",
        "ANNA@EXAMPLE.COM ",
        "ben@example.com",
        "anna@example.com",
    ]
    plan = make_plan(
        pd.DataFrame({"Email": spelled}), "validate_emails", {"email": "Email"}, workspace=workspace
    )
    done = plan.run(at_most=2)
    (request,) = box.paid_requests()
    assert sorted(request.asked) == ["anna@example.com", "ben@example.com"]
    assert done.frame["leadleap_email_verdict"].nunique() <= 2
    assert done.receipt.rows["duplicate"] == 3


def recorded(name: str, status: int) -> Response:
    body = (Path(__file__).parent / "leadleap" / f"{name}.json").read_bytes()
    return Response(status, {"content-type": "application/json"}, body)


def test_trap_34_no_credits_and_a_plan_without_the_feature_are_told_apart() -> None:
    operation = LeadLeap().operation("unlock")
    with pytest.raises(CreditsExhaustedError, match="Buy credits or wait for the next period"):
        operation.decode(["c_1"], recorded("error_402_credits_exhausted", 402))
    with pytest.raises(PlanLimitError, match="plan does not include this"):
        operation.decode(["c_1"], recorded("error_403_plan_limit", 403))


@pytest.mark.parametrize("country", ["US", "Canada", ["US", "Deutschland"]])
def test_trap_35_ids_of_requests_and_countries_are_taken_as_they_come(country: Any) -> None:
    search = LeadLeap().search("search_people")
    asked = dict(search.encode({"country": country}, None, 10).query)["country"]
    assert asked == (country if isinstance(country, str) else ",".join(country))
    page = search.decode(recorded("get_leads", 200))
    assert page.request_id is not None
    assert not re.fullmatch(r"[0-9a-f-]+", page.request_id), "the recorded one is not hexadecimal either"


def test_trap_36_a_refused_key_names_the_product_whose_keys_look_alike() -> None:
    with pytest.raises(KeyRefusedError, match="llk_ext_ is for another LeadLeap product, data.leadleap.net"):
        LeadLeap().operation("unlock").decode(["c_1"], recorded("error_401_unauthorized", 401))
