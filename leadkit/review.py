"""A person's word on whoever was found for a row: the queue of those who have to be looked at, and their verdicts.

Somebody who fits the row too little is *ambiguous*: nothing of him is written, and nothing further is bought for
the row, until a person says that it is the row's person. "Somebody else" is remembered as well: the row counts as
not found until the provider names another one. Nothing here sends anything.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from leadkit.errors import InputError
from leadkit.ledger import FactState, Stored
from leadkit.ledger.verdicts import Verdict, give_verdicts, verdicts_on
from leadkit.match import Match, compare

if TYPE_CHECKING:
    from leadkit.plan import Plan

_NAMES = ("full_name", "first_name", "last_name")


@dataclass(frozen=True, slots=True, repr=False)
class Candidate:
    """Whoever was found for a key, beside the row that asked.

    ``row`` is the index label of the first row with that key; ``asked`` and ``found`` are role → cell and result
    field → value. A provider that saw several and chose nobody leaves only their number in ``found``.
    """

    key: str
    row: Any
    asked: Mapping[str, Any]
    found: Mapping[str, Any]
    match: Match
    verdict: Verdict | None

    def __repr__(self) -> str:
        waits = ", waits" if self.waits else ""
        return f"<Candidate: row {self.row}, {self.who}: {self.match.score} of 100, {self.reasons}{waits}>"

    @property
    def undecided_by_provider(self) -> bool:
        """Whether the provider found several and named none: there is nobody to say yes or no to."""
        return _names_nobody(self.found)

    @property
    def accepted(self) -> bool:
        """Whether the answer may be used for the row."""
        if self.undecided_by_provider:
            return False
        return self.verdict.same if self.verdict else not self.match.ambiguous

    @property
    def waits(self) -> bool:
        """Whether a person has to look."""
        return self.verdict is None and self.match.ambiguous and not self.undecided_by_provider

    @property
    def reasons(self) -> str:
        """Why it was accepted or not: the comparison's reasons, or whose word it is."""
        if self.verdict is None:
            return self.match.reasons
        day = f"{datetime.fromtimestamp(self.verdict.at, UTC):%Y-%m-%d}"
        return f"{'confirmed' if self.verdict.same else 'somebody else, said'} by {self.verdict.by} on {day}"

    @property
    def who(self) -> str:
        """Name, title and company of whoever was found, in one line."""
        names = ("full_name", "title", "company_name", "company")
        return ", ".join(str(value) for name in names if (value := self.found.get(name))) or "somebody"


def candidates(plan: Plan, operation_id: int | None, stored: Mapping[str, Stored]) -> Iterator[Candidate]:
    """Everybody who was found for the plan's keys, compared with the first row of each."""
    found = {key: answer.values for key, answer in stored.items() if answer.state == FactState.FOUND}
    if operation_id is None or not found:
        return
    verdicts = verdicts_on(plan.workspace.ledger, operation_id, found)
    roles = {role: plan.frame[column].to_numpy(dtype=object) for role, column in plan.columns.items()}
    for key, position in zip(plan.keys, plan.first, strict=True):
        if key not in found:
            continue
        asked = {role: cells[position] for role, cells in roles.items()}
        nobody = _names_nobody(found[key])
        match = Match(0, "several people match") if nobody else compare(asked, found[key])
        yield Candidate(key, plan.frame.index[position], asked, found[key], match, verdicts.get(key))


def found_people(plan: Plan) -> list[Candidate]:
    """Everybody who was found for the rows of a find_people plan, after it ran; those that wait come first.

    Each has the ``row`` that asked, what was ``asked`` and ``found``, the ``match`` with its score and reasons,
    whether it ``waits`` for a person, and the ``key`` that :func:`judge` takes.

    Raises
    ------
    InputError
        Not the plan of a find_people step.
    """
    operation_id, stored = _stored(plan)
    return sorted(candidates(plan, operation_id, stored), key=lambda one: (not one.waits, one.match.score))


def judge(plan: Plan, same: Collection[str] = (), *, other: Collection[str] = (), by: str = "") -> None:
    """Keep a person's verdicts, by key, one or more: ``same`` is the row's person, ``other`` somebody else.

    Run the plan again to have the rows accordingly; that sends nothing for what is known.

    Parameters
    ----------
    by
        Who says so; the workspace's user when left out.

    Raises
    ------
    InputError
        A key is in both, or nobody was found for it; or not the plan of a find_people step. Nothing was changed.
    """
    operation_id, stored = _stored(plan)
    same, other = ({keys} if isinstance(keys, str) else keys for keys in (same, other))
    said = {**dict.fromkeys(same, True), **dict.fromkeys(other, False)}
    wrong = {
        key
        for key in said
        if key not in stored or _names_nobody(stored[key].values) or (key in same and key in other)
    }
    if operation_id is None or wrong:
        msg = f"There is no verdict to give on {len(wrong):,} of these rows: nobody was found, or both were said. "
        raise InputError(f"{msg}Nothing was changed.")
    values = {key: (stored[key].values, verdict) for key, verdict in said.items()}
    ledger, user = plan.workspace.ledger, by or plan.workspace.user
    give_verdicts(ledger, operation_id, values, by=user)


def _stored(plan: Plan) -> tuple[int | None, Mapping[str, Stored]]:
    operation = getattr(plan, "operation", None)  # what a run gave back has none
    if operation is None or operation.step != "find_people":
        raise InputError("This takes the plan of a find_people step. Nothing was changed.")
    workspace = plan.workspace
    account = workspace.account(plan.operation.provider)
    operation_id = workspace.ledger.operation_id(plan.operation, account)
    stored = workspace.ledger.answers(operation_id, plan.keys)
    # Whoever must not be asked about is nobody's to look at, either.
    hidden = workspace.ledger.suppressed_answers({key: answer.values for key, answer in stored.items()})
    return operation_id, {key: answer for key, answer in stored.items() if key not in hidden}


def _names_nobody(found: Mapping[str, Any]) -> bool:
    return found.get("matches") is not None and not any(map(found.get, _NAMES))
