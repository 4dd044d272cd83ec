"""What a sheet must look like for a step, in sentences by row; and that a result is the caller's frame."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadkit.errors import InputError, LeadkitError
from leadkit.providers.base import ResultColumn
from leadkit.schemas import STEPS, VERDICTS, check_intake, check_result, intake_schema, result_schema
from tests.conftest import STORAGES

EMAIL = {"email": "Email"}


def from_sheet(*cells: object, first_row: int = 2) -> pd.DataFrame:
    """A frame as it is read from a file: its index holds the spreadsheet's row numbers."""
    index = pd.RangeIndex(first_row, first_row + len(cells), name="row")
    return pd.DataFrame({"Email": list(cells), "Company": "Acme"}, index=index)


# ------------------------------------------------------------------------------ what a step needs


@pytest.mark.parametrize("storage", STORAGES)
def test_a_tidy_sheet_has_nothing_to_report(storage: str) -> None:
    frame = from_sheet("anna@example.com", "bert@example.com")
    frame["Email"] = frame["Email"].astype(pd.StringDtype(storage, na_value=np.nan))
    report = check_intake(frame, "validate_emails", EMAIL)
    assert report.ok
    assert report.to_frame().to_dict("list") == {
        n: [] for n in ["row", "column", "cell", "sentence", "severity"]
    }
    report.raise_for_errors()


REFUSED = [
    (
        from_sheet("anna@example.com").rename(columns={"Email": "E-Mail"}),
        "There is no column 'Email' for e-mail addresses. Did you mean 'E-Mail'? "
        "The columns are: 'E-Mail', 'Company'.",
    ),
    (
        from_sheet("anna@example.com").drop(columns="Email"),
        "There is no column 'Email' for e-mail addresses. The columns are: 'Company'.",
    ),
    (
        pd.DataFrame(),
        "There is no column 'Email' for e-mail addresses. The sheet has no columns.",
    ),
    (
        from_sheet("anna@example.com", first_row=2).iloc[:0],
        "The sheet has a header, and no rows under it.",
    ),
    (
        pd.DataFrame([["anna@example.com"]], columns=pd.MultiIndex.from_tuples([("Contact", "Email")])),
        "The header has 2 levels; give each column one name.",
    ),
    (
        pd.DataFrame({7: ["anna@example.com"]}),
        "There is no column 'Email' for e-mail addresses. The columns are: 7.",
    ),
    (
        from_sheet(None, "", " \u00a0"),
        "Column 'Email' has nothing but blank cells, in 3 rows.",
    ),
    (
        from_sheet("anna@example.com", "bert@example.com", "carl@example.com").set_axis(["a", "b", "a"]),
        "2 rows have the index label 'a', so answers could not be joined back to one row; "
        "call frame.reset_index(drop=True) first.",
    ),
    (
        from_sheet("anna@example.com").set_axis(["Email", "Email"], axis=1),
        "2 columns are called 'Email', so it is not clear which one to read; rename them.",
    ),
]


@pytest.mark.parametrize(
    ("frame", "sentence"), REFUSED, ids=lambda value: value[:25] if isinstance(value, str) else ""
)
def test_a_sheet_that_cannot_be_used_is_refused_in_words(frame: pd.DataFrame, sentence: str) -> None:
    report = check_intake(frame, "validate_emails", EMAIL)
    assert not report.ok
    assert [problem.sentence for problem in report.errors] == [sentence]
    assert report.warnings == []
    with pytest.raises(InputError) as refused:
        report.raise_for_errors()
    assert str(refused.value) == f"{sentence} Nothing was sent."
    assert refused.value.charged == "no"


def test_every_wrong_column_is_named_at_once() -> None:
    report = check_intake(from_sheet("x"), "find_people", {"full_name": "Name", "company": "Firm"})
    assert [problem.column for problem in report.errors] == ["Name", "Firm"]


def test_of_many_errors_the_message_says_five_and_how_many_more() -> None:
    roles = ["linkedin", "email", "full_name", "first_name", "last_name", "company", "domain"]
    report = check_intake(from_sheet("x"), "find_people", {role: f"my {role}" for role in roles})
    with pytest.raises(InputError, match=r"'my last_name' .* And 2 more like these\. Nothing was sent\.$"):
        report.raise_for_errors()


def test_a_sheet_with_many_columns_lists_some_of_them() -> None:
    frame = pd.DataFrame([range(40)], columns=[f"c{n}" for n in range(40)])
    with pytest.raises(InputError, match=r"'c29' and 10 more\. Nothing was sent\.$"):
        check_intake(frame, "validate_emails", EMAIL).raise_for_errors()


def test_a_step_says_which_columns_it_needs() -> None:
    with pytest.raises(InputError) as refused:
        check_intake(from_sheet("x"), "find_people", {"full_name": "Company"}).raise_for_errors()
    assert str(refused.value) == (
        "find_people needs a column with LinkedIn profiles; or e-mail addresses; or full names and company ids; or "
        "first names and last names and company ids; or full names and web domains; "
        "or full names and companies; or first names and last names and web domains; or first names and last names "
        "and companies. Nothing was sent."
    )


@pytest.mark.parametrize("step", STEPS)
def test_each_step_is_satisfied_by_any_of_its_identities(step: str) -> None:
    frame = pd.DataFrame({role: ["anna"] for roles in STEPS[step] for role in roles})
    for roles in STEPS[step]:
        assert check_intake(frame, step, {role: role for role in roles}).ok
        assert (
            not check_intake(frame, step, {role: role for role in roles[1:]}).ok or roles[1:] in STEPS[step]
        )


def test_a_blank_column_is_no_error_while_another_identity_is_filled() -> None:
    frame = pd.DataFrame({"Profile": [None, None], "Email": ["anna@example.com", None]})
    report = check_intake(frame, "find_people", {"linkedin": "Profile", "email": "Email"})
    assert report.ok
    assert (
        report.warnings[0].sentence
        == "Column 'Profile': 2 of 2 cells are blank, and what stands in other columns is asked for."
    ), "the person may be paid for all the same"


def test_an_unknown_step_or_role_is_refused_with_the_known_ones() -> None:
    with pytest.raises(
        InputError, match=r"^There is no step 'validate'; there are validate_emails, unlock, .*sent\.$"
    ):
        check_intake(from_sheet("x"), "validate", EMAIL)
    with pytest.raises(
        InputError, match=r"^A column cannot be mapped to 'mail'; it can be to email, .*sent\.$"
    ):
        check_intake(from_sheet("x"), "validate_emails", {"mail": "Email"})


# ------------------------------------------------------------------------------ what a person should know


def test_warnings_name_the_spreadsheet_row_the_column_and_the_cell() -> None:
    frame = from_sheet(
        "anna@example.com", " Anna@Example.com", None, "", "bert.example.com", "sa***@example.com", "n/a"
    )
    report = check_intake(frame, "validate_emails", EMAIL)
    assert [(w.row, w.column, w.cell, w.sentence) for w in report.warnings] == [
        (None, "Email", "", "Column 'Email': 2 of 7 cells are blank, and nothing is asked for them."),
        (None, "Email", "", "Column 'Email': 1 of 7 cells is a repeat, and each is asked for once."),
        (6, "Email", "bert.example.com", "Row 6, column 'Email': no @ in 'bert.example.com'."),
        (
            7,
            "Email",
            "sa***@example.com",
            "Row 7, column 'Email': masked: 'sa***@example.com' has * in place of letters.",
        ),
        (8, "Email", "n/a", "Row 8, column 'Email': says 'n/a'."),
    ]
    assert report.ok
    report.raise_for_errors()


def test_without_spreadsheet_rows_a_warning_names_the_position() -> None:
    frame = pd.DataFrame({"Email": ["anna@example.com", "bert"]}, index=["x", "y"])
    (warning,) = check_intake(frame, "validate_emails", EMAIL).warnings
    assert (warning.row, warning.sentence) == (1, "Position 1, column 'Email': no @ in 'bert'.")


def test_warnings_of_several_columns_come_in_the_order_of_the_rows() -> None:
    frame = pd.DataFrame({"Name": ["12", "Anna Stone"], "Company": ["Acme", "---"]})
    report = check_intake(frame, "find_people", {"company": "Company", "full_name": "Name"})
    assert [(w.row, w.column) for w in report.warnings] == [(0, "Name"), (1, "Company")]


def test_phones_that_lost_their_digits_are_told() -> None:
    frame = pd.DataFrame(
        {"Email": ["anna@example.com"] * 3, "Phone": ["4.93E+11", "030 123456", 493012345678]}
    )
    report = check_intake(frame, "validate_emails", {**EMAIL, "phone": "Phone"})
    assert "Position 0, column 'Phone': digits were lost before this file was saved, in '4.93E+11'." in [
        warning.sentence for warning in report.warnings
    ]
    assert [warning.row for warning in report.warnings if warning.column == "Phone"] == [0]


def test_names_that_many_people_share_are_not_called_repeats() -> None:
    frame = pd.DataFrame({"First": ["Anna", "Anna"], "Last": ["Hill", "Lake"], "Company": ["Acme", "Acme"]})
    mapping = {"first_name": "First", "last_name": "Last", "company": "Company"}
    assert check_intake(frame, "find_people", mapping).warnings == []


def test_two_columns_of_one_name_beside_the_mapped_one_are_a_warning() -> None:
    frame = pd.DataFrame([["anna@example.com", "a", "b"]], columns=["Email", "Note", "Note"])
    (warning,) = check_intake(frame, "validate_emails", EMAIL).warnings
    assert warning.sentence == "More than one column is called 'Note'."


def test_a_long_cell_is_shown_shortened_and_on_one_line() -> None:
    (warning,) = check_intake(from_sheet("a@example.com", "word\n" * 100), "validate_emails", EMAIL).warnings
    assert warning.cell == "word " * 11 + "word…"


@given(
    st.lists(
        st.one_of(st.none(), st.text(max_size=5), st.integers(), st.just("anna@example.com")), min_size=1
    )
)
def test_every_cell_is_asked_about_or_reported(cells: list[object]) -> None:
    frame = pd.DataFrame({"Email": pd.Series(cells, dtype=object)})
    report = check_intake(frame, "validate_emails", EMAIL)
    if not report.ok:
        assert all(cell is None or not str(cell).strip() for cell in cells)
        return
    by_row = [warning for warning in report.warnings if warning.row is not None]
    assert len({warning.row for warning in by_row}) == len(by_row)
    for warning in by_row:
        assert warning.cell == " ".join(str(cells[warning.row]).split())  # type: ignore[index]


def test_a_report_does_not_change_the_frame() -> None:
    frame = from_sheet(" A@example.com", "bert")
    before = frame.copy()
    check_intake(frame, "validate_emails", EMAIL).to_frame()
    pd.testing.assert_frame_equal(frame, before)


def test_schemas_can_be_used_with_pandera_alone() -> None:
    intake_schema(EMAIL).validate(from_sheet("anna@example.com"))
    columns = [ResultColumn("verdict", "verdict", "")]
    result_schema(columns).validate(pd.DataFrame({"verdict": ["valid", "not checked"]}))


def test_importing_leadkit_schemas_leaves_pandera_unloaded() -> None:
    code = "import sys, leadkit.schemas; sys.exit('pandera' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# ------------------------------------------------------------------------------ what comes back

COLUMNS = [
    ResultColumn("verdict", "verdict", "whether the address works"),
    ResultColumn("count", "count", "", dtype="integer"),
    ResultColumn("share", "share", "", dtype="number"),
    ResultColumn("free", "free", "", dtype="boolean"),
]


def enriched(frame: pd.DataFrame) -> pd.DataFrame:
    rows = len(frame)
    return frame.assign(
        verdict=pd.Series(["valid"] * rows, index=frame.index, dtype="str"),
        count=pd.array([1] * (rows - 1) + [None], dtype="Int64"),
        share=pd.array([0.5] * (rows - 1) + [None], dtype="Float64"),
        free=pd.array([True] * (rows - 1) + [None], dtype="boolean"),
    )


BEFORE = from_sheet("anna@example.com", None, "carl").assign(Odd=[{"a": 1}, [1], np.nan])


def test_the_callers_frame_with_new_columns_passes() -> None:
    check_result(BEFORE, enriched(BEFORE), COLUMNS)
    check_result(BEFORE, BEFORE.copy(), [])


@pytest.mark.parametrize("verdict", [*VERDICTS, None])
def test_each_verdict_and_an_empty_cell_are_allowed(verdict: str | None) -> None:
    after = BEFORE.assign(verdict=pd.Series([verdict] * 3, index=BEFORE.index, dtype="str"))
    check_result(BEFORE, after, COLUMNS[:1])


def set_cell(frame: pd.DataFrame, column: str, value: object) -> pd.DataFrame:
    cells = frame[column].astype(object).tolist()
    return frame.assign(
        **{column: pd.Series([value, *cells[1:]], index=frame.index, dtype=frame[column].dtype)}
    )


WRONG = {
    "3 rows became 2": lambda f: f.iloc[:2],
    "the index changed": lambda f: f.reset_index(drop=True),
    "the index changed ": lambda f: f.iloc[::-1],
    "the index changed  ": lambda f: f.rename_axis("other"),
    "the columns should be the caller's and then ['verdict', 'count', 'share', 'free'], and are ['Email', 'Company', "
    "'Odd', 'verdict', 'count', 'share']": lambda f: f.drop(columns="free"),
    "the columns should be the caller's and then ['verdict', 'count', 'share', 'free'], and are ['verdict', 'count', "
    "'share', 'free', 'Email', 'Company', 'Odd']": lambda f: f[[*f.columns[3:], *f.columns[:3]]],
    "the caller's column 'Email' changed": lambda f: set_cell(f, "Email", "Anna@example.com"),
    "the caller's column 'Company' changed": lambda f: f.assign(Company=f["Company"].astype("category")),
    "the caller's column 'Odd' changed": lambda f: set_cell(f, "Odd", {"a": 2}),
    "new column 'verdict' should be one of valid, invalid, risky, unknown, not checked, and 'yes' is in it": (
        lambda f: set_cell(f, "verdict", "yes")
    ),
    "new column 'verdict' should hold text, and holds bool": lambda f: f.assign(verdict=True),
    "new column 'count' should hold integer, and holds float64": lambda f: f.assign(count=[0.5, 1.0, 2.0]),
    "new column 'share' should hold number, and holds str": lambda f: f.assign(share=["0.5", "1", "2"]),
    "new column 'free' should hold boolean, and holds int64": lambda f: f.assign(free=[1, 0, 1]),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_result_that_is_not_the_callers_frame_is_refused(what: str) -> None:
    with pytest.raises(LeadkitError) as broken:
        check_result(BEFORE, WRONG[what](enriched(BEFORE)), COLUMNS)
    message = str(broken.value)
    assert message.startswith(
        f"The enriched frame is not the caller's frame with new columns: {what.strip()}"
    )
    assert message.endswith(
        "What was paid for is kept in the ledger; running the plan again costs nothing more."
    )


@pytest.mark.parametrize(
    ("rows", "mapping", "sentence"),
    [
        (
            from_sheet("anna@example.com"),
            {"email": ["Email"]},
            "email takes the name of one column, not a list",
        ),
        (from_sheet("anna@example.com"), {"email": pd.Series(["Email"])}, "one column, not a Series"),
        (pd.Series(["anna@example.com"]), EMAIL, "The rows have to be a DataFrame, not a Series"),
        (["anna@example.com"], EMAIL, "The rows have to be a DataFrame, not a list"),
    ],
)
def test_what_is_no_frame_or_no_column_is_refused_in_words(rows: Any, mapping: Any, sentence: str) -> None:
    with pytest.raises(InputError, match=rf"{sentence}.*Nothing was sent\."):
        check_intake(rows, "validate_emails", mapping)
