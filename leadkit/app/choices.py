"""The fields in which a person chooses what to do with a sheet, and what they mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import marimo as mo

from leadkit.app import offers
from leadkit.app.order import Task
from leadkit.app.own_columns import Write
from leadkit.app.show import labels
from leadkit.app.steps import STEPS
from leadkit.errors import InputError
from leadkit.sheets import Book
from leadkit.workspace import Workspace

ALL, BY_CHANCE, CHOSEN = "all", "by chance", "chosen"
_WHICH = {
    "All rows": ALL,
    "First a pilot: a few rows by chance": BY_CHANCE,
    "First a pilot: rows that I choose": CHOSEN,
}
_WRITE: Mapping[str, Write] = {
    "Into new columns only": "new",
    "Also into blank cells of my own columns": "fill",
    "Also over the cells of my own columns; what was there is kept in a column beside": "overwrite",
}
#: How many different entries a pilot takes when nobody says otherwise.
PILOT_KEYS = 10
_MOST_PILOT_KEYS = 1000
_ROWS = re.compile(r"(\d+)(?:\s*[-–]\s*(\d+))?")
_MOST_CHOSEN_ROWS = 10_000


def label_of(options: Mapping[str, Any], value: Any, otherwise: int = 0) -> str:
    """The label of one of the options; of the first, or another, when there is no such value."""
    return next((label for label, option in options.items() if option == value), [*options][otherwise])


def sheet_field(book: Book) -> mo.ui.dropdown:
    """The sheets of a file."""
    options = labels(sheet.name for sheet in book.sheets)
    return mo.ui.dropdown(options, value=label_of(options, book.sheet), label="Sheet")


def step_field(workspace: Workspace, before: Task | None) -> mo.ui.radio:
    """What can be done, with whatever provider."""
    options = {step.title: step.name for step in STEPS.values() if offers.providers_of(workspace, step.name)}
    return mo.ui.radio(options, value=label_of(options, before and before.step), label="")


def provider_field(workspace: Workspace, step: str, before: Task | None) -> mo.ui.dropdown:
    """Who does a step, at which price."""
    options = offers.providers_of(workspace, step)
    return mo.ui.dropdown(options, value=label_of(options, before and before.provider), label="Provider")


def wants_field(workspace: Workspace, step: str, provider: str, before: Task | None) -> mo.ui.dictionary:
    """A box for each data point that is sold by itself; none where a step is sold as a whole."""
    options = offers.wants_of(workspace, step, provider)
    bought = workspace.provider(provider).operation(step).wants
    if before is not None and (before.step, before.provider) == (step, provider):
        bought = before.wants
    return mo.ui.dictionary(
        {name: mo.ui.checkbox(name in bought, label=words) for words, name in options.items()}
    )


def picked_wants(boxes: Mapping[str, bool]) -> tuple[str, ...]:
    """The names of the boxes that are ticked.

    Raises
    ------
    InputError
        There are boxes, and none is ticked. Nothing was sent.
    """
    picked = tuple(name for name, ticked in boxes.items() if ticked)
    if boxes and not picked:
        raise InputError("Choose at least one thing to buy. Nothing was sent.")
    return picked


def preview_field(workspace: Workspace, step: str, provider: str) -> mo.ui.checkbox | None:
    """Whether a free look comes before each paid one; None where the provider has none for the step."""
    if workspace.provider(provider).operation(step).free_preview is None:
        return None
    words = "Ask the provider’s free preview first: rows in which it knows nobody then cost nothing"
    return mo.ui.checkbox(label=words)


def columns_hint(workspace: Workspace, step: str, provider: str) -> str:
    """From what a step can tell who a row is."""
    identities = offers.identities_of(workspace.provider(provider).operation(step))
    return f"Needed: {offers.identities_words(identities)}. Other columns are never sent anywhere."


def write_field(before: Task | None) -> mo.ui.radio:
    """Where the answers go."""
    value = label_of(_WRITE, before and before.write)
    return mo.ui.radio(dict(_WRITE), value=value, label="Where the answers go")


def which_field() -> mo.ui.radio:
    """For which rows."""
    return mo.ui.radio(dict(_WHICH), value=label_of(_WHICH, ALL), label="For which rows")


def pilot_field(which: str) -> mo.ui.number | mo.ui.text:
    """How many rows, or which ones. Not to be shown for all rows."""
    if which == BY_CHANCE:
        return mo.ui.number(start=1, stop=_MOST_PILOT_KEYS, step=1, value=PILOT_KEYS, label="How many")
    return mo.ui.text(placeholder="2-6, 9", label="Rows, by the numbers that Excel shows")


def pilot_of(which: str, filled_in: Any) -> tuple[int | None, tuple[int, ...] | None]:
    """How many keys and which rows a pilot takes; both None for all rows.

    Raises
    ------
    InputError
        What was filled in is no number, or no list of rows. Nothing was sent.
    """
    if which == BY_CHANCE:
        if not isinstance(filled_in, int | float) or filled_in < 1:
            raise InputError("Say how many rows the pilot takes. Nothing was sent.")
        return int(filled_in), None
    return (None, parse_rows(str(filled_in))) if which == CHOSEN else (None, None)


def parse_rows(text: str) -> tuple[int, ...]:
    """``2-6, 9`` as spreadsheet rows.

    Raises
    ------
    InputError
        Something else stands there, or nothing. Nothing was sent.
    """
    rows: set[int] = set()
    for part in filter(None, (part.strip() for part in text.split(","))):
        found = _ROWS.fullmatch(part)
        first, last = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
        if first > last or last - first >= _MOST_CHOSEN_ROWS:
            msg = f"{part!r} is no row and no span of rows. Write them like 2-6, 9. Nothing was sent."
            raise InputError(msg)
        rows.update(range(first, last + 1))
    if not rows:
        raise InputError("Say which rows the pilot takes, such as 2-6, 9. Nothing was sent.")
    return tuple(sorted(rows))
