"""What a sheet must look like for a step, and what an enriched frame looks like, declared with pandera.

:func:`check_intake` says in sentences, by spreadsheet row, what a person should know before paying.
:func:`check_result` is run on every frame that leadkit hands back.

pandera is imported when a check is made, so that ``import leadkit`` stays fast.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from leadkit.errors import InputError, LeadkitError
from leadkit.keys import Canonical, canonical
from leadkit.providers.base import ResultColumn

if TYPE_CHECKING:
    import pandera.pandas as pa

#: The words for whether an address works; never a bare true or false.
VERDICTS = ("valid", "invalid", "risky", "unknown", "not checked")

#: Step → the sets of roles of which one must be mapped to columns, the surest identity first.
STEPS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "validate_emails": (("email",),),
    "unlock": (("lead_id",),),
    "enrich": (("lead_id",),),
    "export": (("lead_id",),),
    "find_people": (
        ("linkedin",),
        ("email",),
        ("full_name", "company_id"),
        ("first_name", "last_name", "company_id"),
        ("full_name", "domain"),
        ("full_name", "company"),
        ("first_name", "last_name", "domain"),
        ("first_name", "last_name", "company"),
    ),
    "match_companies": (("domain",), ("company",)),
    "company_details": (("domain",), ("company_linkedin",), ("company",), ("company_id",)),
    "known": (
        ("email",),
        ("full_name", "domain"),
        ("full_name", "company"),
        ("first_name", "last_name", "domain"),
        ("first_name", "last_name", "company"),
    ),
}

#: Role → the kind of key that its cells become.
ROLE_KINDS: Mapping[str, str] = {
    "email": "email",
    "lead_id": "lead_id",
    "linkedin": "linkedin",
    "full_name": "name",
    "first_name": "name",
    "last_name": "name",
    "company": "company",
    "domain": "domain",
    "phone": "phone",
    "company_id": "id",
    "company_linkedin": "company_linkedin",
}

_ROLE_WORDS = {
    "email": "e-mail addresses",
    "linkedin": "LinkedIn profiles",
    "company": "companies",
    "domain": "web domains",
}

#: What Excel leaves of a long number when the column was narrow at the time of saving: 4.92E+12.
_DIGITS_LOST = re.compile(r"\d(?:[.,]\d+)?[eE]\+?\d+")
_SHOWN_CHARACTERS = 60
_SHOWN_ERRORS = 5


@dataclass(frozen=True)
class Problem:
    """One finding about a sheet. An error keeps a step from being planned; a warning does not.

    ``row`` is the spreadsheet's row number when the frame's index is named ``row``, as in a frame that leadkit
    read from a file; else the position, counted from 0. None when it concerns a column or the whole sheet.
    """

    row: Hashable | None
    column: Hashable | None
    cell: str
    sentence: str
    severity: Literal["error", "warning"]


@dataclass
class Report:
    """The findings about a sheet before a step. ``warnings`` are worked out when first asked for."""

    errors: list[Problem]
    find_warnings: Callable[[], list[Problem]] = field(default=list, repr=False)

    @cached_property
    def warnings(self) -> list[Problem]:
        """Rows that will not be asked about, and what looks odd; row by row, in the sheet's order."""
        return self.find_warnings()

    @property
    def ok(self) -> bool:
        """Whether the step can be planned. Warnings do not count."""
        return not self.errors

    def to_frame(self) -> pd.DataFrame:
        """All findings, errors first: columns row, column, cell, sentence, severity."""
        names = list(Problem.__dataclass_fields__)
        problems = [*self.errors, *self.warnings]
        return pd.DataFrame(
            {name: pd.Series([getattr(p, name) for p in problems], dtype=object) for name in names}
        )

    def raise_for_errors(self) -> None:
        """Raise InputError with the sentences of the errors, if there are any."""
        if self.errors:
            sentences = [problem.sentence for problem in self.errors[:_SHOWN_ERRORS]]
            if more := len(self.errors) - len(sentences):
                sentences.append(f"And {more} more like these.")
            raise InputError(" ".join([*sentences, "Nothing was sent."]))


def check_intake(frame: pd.DataFrame, step: str, mapping: Mapping[str, Any]) -> Report:
    """Check a frame with n rows against what a step needs. Sends nothing.

    Errors are found at once, without reading more cells than it takes; warnings when first asked for.

    Parameters
    ----------
    frame
        One person, or one company, a row.
    step
        One of ``STEPS``.
    mapping
        Role → column name, such as ``{"email": "E-Mail"}``.

    Raises
    ------
    InputError
        No such step or role, no frame, or no name of a column. Everything about the frame is in the report.
    """
    if step not in STEPS:
        raise InputError(f"There is no step {step!r}; there are {', '.join(STEPS)}. Nothing was sent.")
    if not isinstance(frame, pd.DataFrame):
        kind = type(frame).__name__
        raise InputError(f"The rows have to be a DataFrame, not a {kind}. Nothing was sent.")
    for role, column in mapping.items():
        if role not in ROLE_KINDS:
            msg = f"A column cannot be mapped to {role!r}; it can be to {', '.join(ROLE_KINDS)}. Nothing was sent."
            raise InputError(msg)
        if not isinstance(column, Hashable):
            kind = type(column).__name__
            raise InputError(f"{role} takes the name of one column, not a {kind}. Nothing was sent.")
    sentences = (
        _step_errors(step, mapping) or _column_errors(frame, mapping) or _row_errors(frame, step, mapping)
    )
    errors = [Problem(None, column, "", sentence, "error") for column, sentence in sentences]
    if errors:
        return Report(errors)
    # With several ways to tell who a row is, a row without one of them is still asked for, and paid.
    several = sum(set(roles) <= set(mapping) for roles in STEPS[step]) > 1
    return Report([], lambda: _warnings(frame, mapping, several))


Finding = tuple[Hashable | None, str]  # column, sentence


def _step_errors(step: str, mapping: Mapping[str, Any]) -> list[Finding]:
    if any(set(roles) <= set(mapping) for roles in STEPS[step]):
        return []
    choices = "; or ".join(" and ".join(_words(role) for role in roles) for roles in STEPS[step])
    return [(None, f"{step} needs a column with {choices}.")]


def _column_errors(frame: pd.DataFrame, mapping: Mapping[str, Any]) -> list[Finding]:
    """Columns that are not there, or are there twice."""
    if frame.columns.nlevels > 1:
        return [(None, f"The header has {frame.columns.nlevels} levels; give each column one name.")]
    findings: list[Finding] = []
    for role, column in mapping.items():
        times = int((frame.columns == column).sum()) if column in frame.columns else 0
        if times == 0:
            findings.append(
                (column, f"There is no column {column!r} for {_words(role)}. {_instead(frame, column)}")
            )
        elif times > 1:
            sentence = (
                f"{times} columns are called {column!r}, so it is not clear which one to read; rename them."
            )
            findings.append((column, sentence))
    return findings


def _row_errors(frame: pd.DataFrame, step: str, mapping: Mapping[str, Any]) -> list[Finding]:
    """What the schema finds wrong with the rows as a whole, and labels that would make a join ambiguous."""
    if len(frame) == 0:
        return [(None, "The sheet has a header, and no rows under it.")]
    if frame.index.has_duplicates:
        repeated = frame.index[frame.index.duplicated()]
        label = repeated[:1].tolist()[0]
        times = int((repeated == label).sum()) + 1
        sentence = (
            f"{times} rows have the index label {label!r}, so answers could not be joined back to one row; call "
            "frame.reset_index(drop=True) first."
        )
        return [(None, sentence)]
    import pandera.errors

    schema, cells = intake_schema(mapping), frame[list(dict.fromkeys(mapping.values()))]
    with suppress(pandera.errors.SchemaErrors):
        schema.validate(cells.head(100), lazy=True)
        return []  # a column that is filled in its first rows needs no look at the others
    try:
        schema.validate(cells, lazy=True)
    except pandera.errors.SchemaErrors as found:
        blank = set(found.failure_cases["column"])
        findings: list[Finding] = [
            (column, f"Column {column!r} has nothing but blank cells, in {len(frame):,} rows.")
            for column in dict.fromkeys(mapping.values())
            if column in blank
        ]
        filled = {role for role, column in mapping.items() if column not in blank}
        return [] if any(set(roles) <= filled for roles in STEPS[step]) else findings
    return []


def intake_schema(mapping: Mapping[str, Any]) -> pa.DataFrameSchema:
    """What a sheet must look like for the columns of ``mapping`` (role → column name), as a pandera schema.

    Every column is there once and has at least one filled cell. Cells are not checked here: what one of them
    lacks is no reason to refuse a sheet (:func:`check_intake` warns), and pandera would tell them by label.
    """
    import pandera.pandas as pa

    filled = pa.Check(_some_filled, ignore_na=False, error="nothing but blank cells")
    return pa.DataFrameSchema(
        {column: pa.Column(checks=filled, nullable=True) for column in mapping.values()},
        unique_column_names=True,
    )


def _some_filled(cells: pd.Series[Any]) -> bool:
    """Whether any cell holds something; stops at the first."""
    return any(cell.strip() if isinstance(cell, str) else not _is_missing(cell) for cell in cells)


def _is_missing(cell: object) -> bool:
    return bool(pd.api.types.is_scalar(cell) and pd.isna(cell))  # type: ignore[call-overload]


def _instead(frame: pd.DataFrame, column: object) -> str:
    """What the caller may have meant."""
    known = {str(name).casefold(): name for name in frame.columns}
    close = difflib.get_close_matches(str(column).casefold().strip(), known, n=1, cutoff=0.6)
    listed = ", ".join(map(repr, frame.columns[:30]))
    more = f" and {len(frame.columns) - 30} more" if len(frame.columns) > 30 else ""
    columns = f"The columns are: {listed}{more}." if len(frame.columns) else "The sheet has no columns."
    return f"Did you mean {known[close[0]]!r}? {columns}" if close else columns


# ------------------------------------------------------------------------------ warnings


def _warnings(frame: pd.DataFrame, mapping: Mapping[str, Any], several: bool) -> list[Problem]:
    """Summaries of the columns, then cells in the order of the rows."""
    of_columns: list[Problem] = []
    of_rows: list[tuple[int, Problem]] = []
    for name in frame.columns[frame.columns.duplicated()].unique():
        sentence = f"More than one column is called {name!r}."
        of_columns.append(Problem(None, name, "", sentence, "warning"))
    for role, column in mapping.items():
        cells = frame[column]
        if role == "phone":  # no step asks by phone, so a number without a country code is no one's problem
            of_rows += _cell_warnings(frame, column, _lost_digits(cells))
        else:
            keys = canonical(ROLE_KINDS[role], cells)
            of_columns += _summaries(keys, column, role, several)
            of_rows += _cell_warnings(frame, column, keys.reasons)
    of_rows.sort(key=lambda found: found[0])
    return of_columns + [problem for _, problem in of_rows]


def _summaries(keys: Canonical, column: Hashable, role: str, several: bool) -> list[Problem]:
    sentences = []
    if blank := int(keys.blank.sum()):
        then = "what stands in other columns is asked for" if several else "nothing is asked for them"
        sentences.append(f"{blank:,} of {len(keys):,} cells {_is(blank)} blank, and {then}.")
    # Many people share a first name or an employer: repeats say something only where they identify a row.
    if (repeats := int(keys.duplicate.sum())) and role in ("email", "lead_id", "linkedin"):
        sentences.append(
            f"{repeats:,} of {len(keys):,} cells {_is(repeats)} a repeat, and each is asked for once."
        )
    return [Problem(None, column, "", f"Column {column!r}: {sentence}", "warning") for sentence in sentences]


def _cell_warnings(
    frame: pd.DataFrame, column: Hashable, reasons: Mapping[int, str]
) -> list[tuple[int, Problem]]:
    """Row position and finding, for each reason by row position."""
    rows = sorted(reasons)
    by_number = frame.index.name == "row"
    places = frame.index[rows].tolist() if by_number else rows
    word = "Row" if by_number else "Position"
    found = []
    for row, place, cell in zip(rows, places, frame[column].iloc[rows], strict=True):
        sentence = f"{word} {place}, column {column!r}: {reasons[row]}."
        found.append((row, Problem(place, column, _short(cell), sentence, "warning")))
    return found


def _lost_digits(cells: pd.Series[Any]) -> dict[int, str]:
    lost = [
        row
        for row, cell in enumerate(cells)
        if isinstance(cell, str) and _DIGITS_LOST.fullmatch(cell.strip())
    ]
    return {
        row: f"digits were lost before this file was saved, in {_short(cells.iloc[row])!r}" for row in lost
    }


def _short(cell: object) -> str:
    text = " ".join(str(cell).split())
    return f"{text[: _SHOWN_CHARACTERS - 1]}…" if len(text) > _SHOWN_CHARACTERS else text


def _is(number: int) -> str:
    return "is" if number == 1 else "are"


def _words(role: str) -> str:
    return _ROLE_WORDS.get(role, role.replace("_", " ") + "s")


# ------------------------------------------------------------------------------ results


def check_result(before: pd.DataFrame, after: pd.DataFrame, columns: Sequence[ResultColumn]) -> None:
    """Check that an enriched frame is the caller's frame with ``columns`` added, and nothing else changed.

    Raises
    ------
    LeadkitError
        Rows, index, order or a column of the caller changed; a new column is missing, has another type, or
        holds a verdict that is none of ``VERDICTS``. What was paid for is in the ledger whatever this says.
    """
    added = [column.name for column in columns]
    if len(after) != len(before):
        _broken(f"{len(before):,} rows became {len(after):,}")
    if not after.index.identical(before.index):
        _broken("the index changed")
    if list(after.columns) != [*before.columns, *added]:
        _broken(f"the columns should be the caller's and then {added}, and are {list(after.columns)}")
    for place, name in enumerate(before.columns):
        if not before.iloc[:, place].equals(after.iloc[:, place]):
            _broken(f"the caller's column {name!r} changed")
    import pandera.errors

    new = after.iloc[:, len(before.columns) :].reset_index(drop=True)
    try:
        result_schema(columns).validate(new, lazy=True)
    except pandera.errors.SchemaErrors as found:
        cases = found.failure_cases
        of_type = cases[cases["index"].isna()]  # about a column as a whole; the others are about its cells
        if len(of_type):
            column = of_type["column"].iloc[0]
            _broken(f"new column {column!r} {of_type['check'].iloc[0]}, and holds {new[column].dtype}")
        column, cell = cases["column"].iloc[0], cases["failure_case"].iloc[0]
        _broken(f"new column {column!r} {cases['check'].iloc[0]}, and {str(cell)!r} is in it")


def _broken(what: str) -> None:
    msg = (
        f"The enriched frame is not the caller's frame with new columns: {what}. This is a fault in leadkit. "
        "What was paid for is kept in the ledger; running the plan again costs nothing more."
    )
    raise LeadkitError(msg)


def result_schema(columns: Sequence[ResultColumn]) -> pa.DataFrameSchema:
    """The new columns of an enriched frame: their types, and the words that a verdict may be."""
    import pandera.pandas as pa

    def column(wanted: ResultColumn) -> pa.Column:
        is_type = _IS_TYPE[wanted.dtype]
        checks = [
            pa.Check(lambda cells: is_type(cells.dtype), ignore_na=False, error=f"should hold {wanted.dtype}")
        ]
        if wanted.field == "verdict":
            checks.append(pa.Check.isin(VERDICTS, error=f"should be one of {', '.join(VERDICTS)}"))
        return pa.Column(checks=checks, nullable=True)

    return pa.DataFrameSchema({wanted.name: column(wanted) for wanted in columns}, unique_column_names=True)


_IS_TYPE: Mapping[str, Callable[[Any], bool]] = {
    # A column without a single answer is object whatever it should hold, as pandas makes it.
    "text": lambda dtype: isinstance(dtype, pd.StringDtype) or pd.api.types.is_object_dtype(dtype),
    "integer": pd.api.types.is_integer_dtype,
    "number": pd.api.types.is_numeric_dtype,
    "boolean": pd.api.types.is_bool_dtype,
}
