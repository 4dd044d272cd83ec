"""What a person decides about a call whose outcome nobody knows."""

from __future__ import annotations

from typing import Literal, get_args

from sqlalchemy import ColumnElement, Connection, delete, func, select, update

from leadkit.errors import InputError
from leadkit.ledger.schema import CallState, FactState, answers, calls, facts, runs
from leadkit.money import credits_words

#: ``charged``: it was paid for, and its answer is lost; it may be asked for again, where that is free for nothing.
#: ``not-charged``: it was not; it may be bought.
#: ``pay-again``: nobody knows, and it may be bought again all the same. ``give-up``: nobody knows, leave it.
Decision = Literal["charged", "not-charged", "pay-again", "give-up"]
DECISIONS: tuple[str, ...] = get_args(Decision)


def decide(
    connection: Connection, call_id: int, decision: str, *, by: str, now: int, user: str | None = None
) -> int:
    """Settle a call in doubt as a person says; returns how many keys it concerns.

    ``user``: only if it is of a run that they approved; None for anybody's.

    Raises
    ------
    InputError
        No such decision, no such call of that user is in doubt, or the provider told that it charged for what is
        said not to have been charged. Nothing was changed.
    """
    if decision not in DECISIONS:
        msg = f"There is no decision {decision!r}; there are {', '.join(DECISIONS)}. Nothing was changed."
        raise InputError(msg)
    found = select(calls).join(runs, runs.c.id == calls.c.run_id)
    found = found.where(calls.c.id == call_id, calls.c.state == CallState.IN_DOUBT)
    if user is not None:
        found = found.where(runs.c.approved_by == user)
    call = connection.execute(found).one_or_none()
    if call is None:
        whose = "" if user is None else f" of {user}"
        msg = (
            f"No call {call_id}{whose} is in doubt. Nothing was changed. See: leadkit ledger, with --sandbox for the "
            "sandbox's"
        )
        raise InputError(msg)
    if decision == "not-charged" and call.least:
        msg = (
            f"The provider itself told that it charged at least {credits_words(call.least)} for call "
            f"{call_id}. Nothing was changed. Decide for charged, pay-again or give-up."
        )
        raise InputError(msg)
    open_facts = (facts.c.call_id == call_id) & (facts.c.state == FactState.IN_DOUBT)
    counted = select(func.count()).select_from(facts).where(open_facts)
    count: int = connection.execute(counted).scalar_one()
    state, least, most = {
        "charged": (CallState.SETTLED, call.reserved, call.reserved),
        "not-charged": (CallState.RELEASED, 0, 0),
        "pay-again": (CallState.SETTLED, call.least, max(call.most, call.reserved)),
        "give-up": (CallState.SETTLED, call.least, max(call.most, call.reserved)),
    }[decision]
    note = f"{decision}, decided by {by}; {call.note}"
    connection.execute(
        update(calls)
        .where(calls.c.id == call_id)
        .values(state=state, least=least, most=most, note=note, settled_at=now)
    )
    if decision != "give-up":
        take_back(connection, open_facts)
    return count


def take_back(connection: Connection, those: ColumnElement[bool]) -> None:
    """Put facts back to never asked, or to the older answer that their call was to replace."""
    older = select(facts.c.id, answers.c.state, answers.c.call_id).join(
        answers, answers.c.fact_id == facts.c.id
    )
    for fact_id, state, answered_by in connection.execute(older.where(those)).all():
        values = {"state": state, "call_id": answered_by}
        connection.execute(update(facts).where(facts.c.id == fact_id).values(**values))
    connection.execute(delete(facts).where(those, facts.c.id.not_in(select(answers.c.fact_id))))
