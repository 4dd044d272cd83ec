"""Answers back to the rows they are about: joined by the key that was asked, never by position."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from leadkit.ledger import FactState, Stored
from leadkit.ledger.suppression import MUST_NOT
from leadkit.money import MILLICREDITS_PER_CREDIT
from leadkit.outcomes import OUTCOMES, Done, make_receipt, result_columns
from leadkit.plan import Plan
from leadkit.preview import BLANK, IN_DOUBT, LEFT_OUT, SUPPRESSED, TO_BUY, UNUSABLE
from leadkit.providers.base import Operation, ResultColumn
from leadkit.review import candidates
from leadkit.run import Outcome
from leadkit.schemas import check_result

_NOTHING = "the provider has nothing for it"


def join(plan: Plan, run_id: str, outcome: Outcome) -> Done:
    """The plan's frame with what the ledger holds for its keys, joined by the key that was asked."""
    ledger, operation = plan.workspace.ledger, plan.operation
    record = ledger.run(run_id)
    stored = ledger.answers(record.operation_id, plan.keys)
    for key in outcome.not_found:  # an older answer, if there is one, is out of date
        stored.pop(key, None)
    # Whoever was put on the list since, or turned up under another identifier, leaves no trace in the result.
    for key in ledger.suppressed_answers({key: answer.values for key, answer in stored.items()}):
        stored[key] = replace(stored[key], state=FactState.SUPPRESSED, values={}, note="")
    if operation.step == "find_people":
        _judge(plan, record.operation_id, stored)
    wanted = outcome.bought.union(ledger.run_keys(run_id))  # forgetting takes people out of the latter
    fixed = dict.fromkeys(_left_out(plan, wanted), ("left out", "left out of this run"))
    for place in ledger.suppressed(operation.takes, plan.keys):
        fixed[plan.keys[place]] = ("suppressed", MUST_NOT)
    by_key = [fixed.get(key) or _outcome_of(key, stored.get(key), run_id, outcome) for key in plan.keys]
    statuses = _row_outcomes(plan, np.array([OUTCOMES.index(status) for status, _ in by_key], dtype=np.int8))
    added = _added_columns(plan, stored, [note for _, note in by_key], statuses, run_id)
    frame = (
        plan.frame.assign(**added) if not set(added) & set(plan.frame.columns) else _assign_new(plan, added)
    )
    columns = tuple(
        ResultColumn(str(name), column.field, column.description, column.dtype, column.default)
        for name, column in zip(
            frame.columns[len(plan.frame.columns) :], result_columns(operation), strict=True
        )
    )
    check_result(plan.frame, frame, columns)
    counts = np.bincount(statuses, minlength=len(OUTCOMES))
    return Done(
        frame=frame,
        receipt=make_receipt(record, dict(zip(OUTCOMES, map(int, counts), strict=True)), outcome.repeated),
        columns=columns,
        stopped=outcome.stopped,
        cancelled=outcome.cancelled,
        provenance=_provenance(operation, stored, run_id, outcome),
    )


def _judge(plan: Plan, operation_id: int, stored: dict[str, Stored]) -> None:
    """Compare whoever was found with the row that asked; of somebody who does not fit only the score is shown."""
    for one in candidates(plan, operation_id, stored):
        answer = stored[one.key]
        if one.undecided_by_provider:
            # The provider itself saw several and chose nobody; how many is all there is to tell.
            stored[one.key] = replace(answer, values={"matches": one.found["matches"], "ambiguous": True})
            continue
        judged: dict[str, Any] = {"match_score": one.match.score, "match_reasons": one.reasons}
        if one.accepted:
            stored[one.key] = replace(answer, values={**answer.values, **judged})
            continue
        note = f"{plan.operation.provider} found {one.who}: {one.reasons}"
        if one.verdict is None:
            stored[one.key] = replace(answer, values={**judged, "ambiguous": True}, note=note)
        else:
            stored[one.key] = replace(answer, state=FactState.NOT_FOUND, values=judged, note=note)


def _left_out(plan: Plan, wanted: Collection[str]) -> set[str]:
    """Keys that nobody answered and that the run did not set out to buy: it was a pilot, for a few of the others."""
    open_keys = np.isin(plan.row_states[plan.first], (TO_BUY, IN_DOUBT, LEFT_OUT))
    return {plan.keys[i] for i in np.flatnonzero(open_keys).tolist()}.difference(wanted)


def _outcome_of(key: str, stored: Stored | None, run_id: str, outcome: Outcome) -> tuple[str, str]:
    """What became of a key, and a note."""
    if key in outcome.not_found:
        return "not found", outcome.not_found[key]
    if key in outcome.in_doubt:
        return "in doubt", outcome.in_doubt[key]
    if key in outcome.failed:
        return "failed", outcome.failed[key]
    if key in outcome.over_budget:
        return "over budget", outcome.over_budget[key]
    if stored is not None and stored.state == FactState.SUPPRESSED:
        return "suppressed", stored.note or MUST_NOT
    if stored is not None and key not in outcome.not_tried:
        if stored.state == FactState.NOT_FOUND:
            return "not found", stored.note or _NOTHING
        if stored.values.get("ambiguous"):
            return "ambiguous", stored.note
        bought = key in outcome.bought or stored.run_id == run_id
        return ("answered" if bought else "known"), stored.note
    if key in outcome.bought:
        return "in doubt", "forgotten while it was asked for; leadkit ledger shows what is set aside for it"
    return "not tried", "the run ended before this row; resume it to go on"


def _row_outcomes(plan: Plan, by_key: npt.NDArray[np.int8]) -> npt.NDArray[np.int8]:
    """For each row its place in OUTCOMES. A repeat of an unanswered row shares that row's outcome."""
    fixed = {BLANK: "blank", UNUSABLE: "unusable", SUPPRESSED: "suppressed"}
    result = np.zeros(len(plan.codes), dtype=np.int8)
    for state, outcome in fixed.items():
        result[plan.row_states == state] = OUTCOMES.index(outcome)
    with_key = np.flatnonzero((plan.codes >= 0) & (plan.row_states != SUPPRESSED))
    result[with_key] = by_key[plan.codes[with_key]]
    is_first = np.zeros(len(plan.codes), dtype=bool)
    is_first[plan.first] = True
    had_answer = np.isin(result, (OUTCOMES.index("answered"), OUTCOMES.index("known")))
    repeats = with_key[~is_first[with_key] & had_answer[with_key]]
    result[repeats] = OUTCOMES.index("duplicate")
    return result


def _added_columns(
    plan: Plan,
    stored: Mapping[str, Stored],
    key_notes: list[str],
    statuses: npt.NDArray[np.int8],
    run_id: str,
) -> dict[str, Any]:
    *columns, status, note, cost = result_columns(plan.operation)
    answers = [stored.get(key) for key in plan.keys]
    index = plan.frame.index
    usable = np.isin(
        statuses,
        [OUTCOMES.index(name) for name in ("answered", "known", "duplicate", "not found", "ambiguous")],
    )
    added: dict[str, Any] = {}
    for column in columns:
        by_key = np.array([a.values.get(column.field) if a else None for a in answers] + [None], dtype=object)
        cells = by_key[plan.codes]
        cells[~usable] = None
        if column.default is not None:
            cells[pd.isna(cells)] = column.default
        added[column.name] = pd.Series(cells, index=index, dtype=DTYPES[column.dtype])
    added[status.name] = pd.Series(np.array(OUTCOMES, dtype=object)[statuses], index=index, dtype="str")
    notes = np.array([*key_notes, ""], dtype=object)[plan.codes]
    reasons = plan.rows["reason"].to_numpy(dtype=object)
    said = np.where(notes == "", reasons, notes)
    said[said == ""] = None
    added[note.name] = pd.Series(said, index=index, dtype="str")
    costs = np.zeros(len(plan.codes))
    of_key = np.array([a.most if a and a.run_id == run_id else 0 for a in answers] + [0], dtype=np.int64)
    costs[plan.first] = of_key[plan.codes[plan.first]] / MILLICREDITS_PER_CREDIT
    added[cost.name] = pd.Series(costs, index=index)
    return added


#: How pandas keeps a column of each kind.
DTYPES: Mapping[str, Any] = {"text": "str", "integer": "Int64", "number": "Float64", "boolean": "boolean"}


def _assign_new(plan: Plan, added: Mapping[str, Any]) -> pd.DataFrame:
    """Add columns whose names are taken under a name of their own; the caller's columns stay as they are."""
    frame = plan.frame
    for name, values in added.items():
        free, n = name, 2
        while free in frame.columns:
            free, n = f"{name} ({n})", n + 1
        frame = frame.assign(**{free: values})
    return frame


def _provenance(
    operation: Operation, stored: Mapping[str, Stored], run_id: str, outcome: Outcome
) -> pd.DataFrame:
    mine = [
        (key, a)
        for key, a in stored.items()
        if (a.run_id == run_id or key in outcome.bought) and a.state != FactState.SUPPRESSED
    ]
    return pd.DataFrame(
        {
            "key": [key for key, _ in mine],
            "provider": operation.provider,
            "step": operation.step,
            "fetched": pd.to_datetime([a.fetched_at for _, a in mine], unit="s", utc=True).strftime(
                "%Y-%m-%d %H:%M:%SZ"
            ),
            "request id": [a.request_id for _, a in mine],
            "credits at most": [a.most / MILLICREDITS_PER_CREDIT for _, a in mine],
            "note": [a.note for _, a in mine],
        }
    )
