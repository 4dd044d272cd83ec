"""Answers into the columns that the sheet has already, where a person wants that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import pandas as pd

from leadkit.columns import guess
from leadkit.providers.base import ResultColumn

#: What becomes of the sheet's own columns: left alone, their blank cells filled, or their cells replaced.
Write = Literal["new", "fill", "overwrite"]

#: Role of a column of the sheet → the fields of an answer that belong into it, best first.
_FIELDS: Mapping[str, tuple[str, ...]] = {
    "email": ("email",),
    "phone": ("phone",),
    "first_name": ("first_name",),
    "last_name": ("last_name",),
    "full_name": ("full_name",),
    "title": ("title", "job_title"),
    "company": ("company_name", "company", "name"),
    "domain": ("company_domain", "domain", "company_website", "website"),
    "linkedin": ("linkedin_url", "linkedin"),
    "country": ("country", "company_country"),
}


def own_columns(frame: pd.DataFrame, columns: Sequence[ResultColumn]) -> dict[str, str]:
    """The sheet's own column → the result column whose answers fit into it."""
    by_field = {column.field: column.name for column in reversed(columns) if column.field}
    found = {}
    for role, guessed in guess(frame).items():
        for name in _FIELDS.get(role, ()):
            if name in by_field:
                found[guessed.column] = by_field[name]
                break
    return found


def write_into(
    done: pd.DataFrame, before: pd.DataFrame, columns: Sequence[ResultColumn], write: Write
) -> pd.DataFrame:
    """An enriched frame of n rows, with answers in the sheet's own columns, too, as ``write`` says.

    A blank answer changes nothing. Where cells are replaced, saving keeps what was there in a column of its own.
    """
    if write == "new":
        return done
    changed: dict[str, Any] = {}
    for own, added in own_columns(before, columns).items():
        answers = done[added].astype("str")
        use = answers.notna() & (answers != "")
        if write == "fill":
            cells = before[own]
            use &= cells.isna() | (cells.str.strip() == "")
        changed[own] = before[own].mask(use, answers)
    return done.assign(**changed)
