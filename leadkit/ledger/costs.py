"""What a call cost, as far as it can be known: from its row in the ledger, and from what its answer reports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Row, func

from leadkit.ledger.schema import CallState, calls
from leadkit.money import Amount

#: What calls cost together, in millicredits: settled at the least and at the most, and what is still reserved.
SUMS: Mapping[str, ColumnElement[int]] = {
    name: func.coalesce(func.sum(column).filter(calls.c.state.in_(states)), 0)
    for name, column, states in (
        ("least", calls.c.least, [CallState.SETTLED]),
        ("most", calls.c.most, [CallState.SETTLED]),
        ("held", calls.c.reserved, [CallState.INTENT, CallState.IN_DOUBT]),
    )
}


def charged(call: Row[Any], reported: Amount | None, *, share: float) -> Amount:
    """What a call cost, as far as it can be known. ``share`` of its keys were answered.

    Earlier sendings of the call may have been charged: what they reported is in the row already, and where
    they did not, up to the reservation may have been.
    """
    most = told(call, reported, share=share)
    if reported is None:
        least = call.least
    elif call.attempts == 1:
        return Amount(reported.least, most)
    else:
        least = max(call.least, reported.least)
    return Amount(least, max(least, round(call.reserved * share), most))


def told(call: Row[Any], reported: Amount | None, *, share: float) -> int:
    """The most that all sendings of a call together said that it cost, in millicredits; of silent ones 0."""
    earlier: int = call.most
    if call.state in (CallState.SETTLED, CallState.RELEASED):
        # Somebody took this sending's process for dead; the row has what it may have cost already. This one's cost
        # comes on top of what other sendings told; without any, the row's least is only a person's word.
        least: int = call.least if call.attempts > 1 else 0
        return max(earlier, least + (reported.most if reported else 0))
    if reported is None:
        return earlier
    if reported.least == reported.most:
        return earlier + reported.most
    # Limits for the whole call: what was left out keeps its part of them in what stays reserved for it, and
    # saying them again, of a repeat that is free by the documents, raises them no further.
    beyond = max(reported.most - call.reserved, 0)
    limit: int = max(reported.least, min(reported.most, round(call.reserved * share) + beyond))
    return max(earlier - reported.most, 0) + limit


def of_left_out(call: Row[Any], recorded: Amount, *, share: float) -> Amount:
    """What of a call's cost was for the keys that its answer left out, when ``share`` of them came.

    That is what was told beyond the price of those that came. What one of the others may still cost, if it is asked
    for by itself, has to stay reserved for them.
    """
    own = round(call.reserved * share)
    least, most = (min(max(cost - own, 0), call.reserved - own) for cost in (recorded.least, recorded.most))
    return Amount(least, most)
