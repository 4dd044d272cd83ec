"""The one way in which the apps show what comes from a sheet or a provider.

Such text is other people's: it may hold markup, an address of an image that would tell its owner who looked,
or an answer in a shape that the page would render as a picture or as HTML. Here everything becomes plain
text that neither runs nor fetches anything.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable
from typing import Any

import marimo as mo
import pandas as pd

#: A table makes a link of an address, and a picture of one that ends like a picture. Without its scheme it is
#: text. The same holds for pictures that are in the text itself.
_SCHEME = re.compile(r"(?:https?|ftp|javascript)\s*:/*", re.IGNORECASE)
_EMBEDDED = re.compile(r"\bdata:(?=\s*[\w.+-]+/)", re.IGNORECASE)
#: Characters that change the direction of the text around them can make one address look like another.
_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


def text(value: Any) -> str:
    """One value as plain text: missing → empty, nested → JSON, addresses without their scheme."""
    if isinstance(value, str):
        plain = value
    elif isinstance(value, dict | list | tuple | set):
        plain = json.dumps(value, ensure_ascii=False, default=str)
    elif value is None or value is pd.NaT or value is pd.NA or value != value:
        return ""
    elif isinstance(value, float) and value.is_integer():
        plain = str(int(value))
    else:
        plain = str(value)
    plain = _UNSEEN.sub("", plain)
    before = ""
    while ":" in plain and plain != before:  # until taking one away leaves no other behind
        before, plain = plain, _EMBEDDED.sub("data ", _SCHEME.sub("", plain))
    return plain


def plain_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """A frame of n rows with every cell, and every column's name, as plain text. The index becomes a column."""
    name = str(frame.index.name or "").capitalize()
    # A sheet may well have a column of that name already.
    with_index = frame.reset_index(names=name, allow_duplicates=True) if name else frame
    cells = {name: _plain(with_index.iloc[:, i]) for i, name in enumerate(labels(with_index.columns))}
    return pd.DataFrame(cells)


def _plain(column: pd.Series[Any]) -> pd.Series[Any]:
    """A column of n cells as plain text. Only cells with anything to take out are looked at one by one."""
    if isinstance(column.dtype, pd.StringDtype):
        plain = column.fillna("").reset_index(drop=True)
        suspect = plain.str.contains(":", regex=False) | plain.str.contains(_UNSEEN.pattern)
        return plain.astype("str").mask(suspect, plain[suspect].map(text))
    if pd.api.types.is_integer_dtype(column.dtype) and not column.hasnans:
        return column.astype("str").reset_index(drop=True)
    return pd.Series([text(value) for value in column.astype(object)], dtype="str")


def show(value: Any, *, page_size: int = 10) -> mo.Html:
    """A frame as a table, with pages and a search when it is long; anything else as a paragraph of text."""
    if not isinstance(value, pd.DataFrame):
        return mo.Html(f"<p>{escaped(value)}</p>")
    frame = plain_frame(value)
    if len(frame) <= page_size:
        return mo.Html(_table_html(frame))
    return mo.ui.table(
        frame,
        page_size=page_size,
        selection=None,
        show_download=False,  # there is one way to the result: the workbook
        show_column_summaries=False,
        show_data_types=False,
    )


def choose(frame: pd.DataFrame, *, label: str, page_size: int = 10) -> mo.ui.table:
    """A frame of n rows as a table whose rows can be ticked; ``value.index`` are their places, from 0."""
    return mo.ui.table(
        plain_frame(frame.reset_index(drop=True)),
        page_size=page_size,
        selection="multi",
        label=label,
        show_download=False,
        show_column_summaries=False,
        show_data_types=False,
    )


def _table_html(frame: pd.DataFrame) -> str:
    head = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in frame.columns)
    rows = ("".join(f"<td>{html.escape(cell)}</td>" for cell in row) for row in frame.itertuples(index=False))
    body = "".join(f"<tr>{cells}</tr>" for cells in rows)
    return (
        f'<div class="lk-table" tabindex="0"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def escaped(value: Any) -> str:
    """A value as HTML that means nothing but its text."""
    return html.escape(text(value))


def labels(values: Iterable[Any]) -> dict[str, Any]:
    """Distinct plain-text label → value, in the order given: the options of a drop-down."""
    values = list(values)
    return dict(zip(_unique(text(value) or "(no name)" for value in values), values, strict=True))


def _unique(names: Iterable[str]) -> list[str]:
    result: list[str] = []
    for name in names:
        free, n = name, 2
        while free in result:
            free, n = f"{name} ({n})", n + 1
        result.append(free)
    return result
