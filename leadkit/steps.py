"""The steps of the accessor and the command line: what each is called, who does it, and from which columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from leadkit.errors import InputError
from leadkit.keys import Canonical, canonical, combine, first_of
from leadkit.providers.base import Operation
from leadkit.schemas import ROLE_KINDS, STEPS

#: Step → the provider that does it when ``via=`` names none.
DEFAULT_PROVIDER: Mapping[str, str] = {
    "validate_emails": "leadleap",
    "unlock": "leadleap",
    "enrich": "leadleap",
    "export": "leadleap",
    "find_people": "leadiq",
    "match_companies": "leadfeeder",
    "company_details": "leadfeeder",
    "known": "leadey",
}


def wants_of(want: Sequence[str]) -> list[str]:
    """The data points by name: of ``["email", "phone"]``, and of ``"email, phone"`` as the command line has them."""
    names = want.split(",") if isinstance(want, str) else want
    return [name.strip() for name in names if name.strip()]


def check_step(step: str) -> None:
    """Raises InputError when there is no such step."""
    if step not in DEFAULT_PROVIDER:
        msg = f"There is no step {step!r}; there are {', '.join(DEFAULT_PROVIDER)}. Nothing was sent."
        raise InputError(msg)


def row_keys(
    operation: Operation, frame: pd.DataFrame, columns: Mapping[str, str], country: str | None
) -> Canonical:
    """The key of each of the frame's n rows, for an operation.

    An operation that takes one kind of key reads one column. One that takes a person or a company takes for each
    row the best identity that the row has, in the order of ``schemas.STEPS``: a profile before an address before
    a name with a company.

    Raises
    ------
    InputError
        The mapped columns make no identity that the operation takes. Nothing was sent.
    """
    read = {
        role: canonical(ROLE_KINDS.get(role, role), frame[column], country=country)
        for role, column in columns.items()
    }
    if operation.takes not in ("person", "company"):
        taken = [role for role, kind in ROLE_KINDS.items() if kind == operation.takes]
        fitting = [role for role in read if ROLE_KINDS.get(role, role) == operation.takes]
        if len(fitting) != 1:
            msg = (
                f"{operation.step} with {operation.provider} takes one column, {' or '.join(taken)}; "
                f"given were {', '.join(columns) or 'none'}. Nothing was sent."
            )
            raise InputError(msg)
        return read[fitting[0]]
    possible = operation.identities or STEPS[operation.step]
    given = [roles for roles in possible if all(role in read for role in roles)]
    if not given:
        wanted = ", or ".join(" with ".join(roles) for roles in possible)
        msg = (
            f"{operation.step} with {operation.provider} takes {wanted}; given were {', '.join(columns)}. "
            "Nothing was sent."
        )
        raise InputError(msg)
    return first_of([combine({role: read[role] for role in roles}) for roles in given])
