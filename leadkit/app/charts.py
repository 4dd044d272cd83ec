"""What happens to the rows, as a chart that reads well on light and dark pages alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd

from leadkit.app.show import text

#: A row's state in a plan → the words of the chart, and a colour with enough contrast on white and on black.
ROW_WORDS: Mapping[str, tuple[str, str]] = {
    "to buy": ("will be looked up", "#4c6ef5"),
    "known": ("known already, free", "#2f9e64"),
    "duplicate": ("same as another row, free", "#7b8794"),
    "in doubt": ("asked before, answer lost", "#d9730d"),
    "blank": ("empty cell", "#98a2ad"),
    "unusable": ("not usable", "#d6455d"),
    "suppressed": ("must not be contacted", "#a855c7"),
    "left out": ("left out of this pilot", "#98a2ad"),
}
#: What became of a row → the same, for a job that is over.
OUTCOME_WORDS: Mapping[str, tuple[str, str]] = {
    "answered": ("answered", "#4c6ef5"),
    "known": ("known already, free", "#2f9e64"),
    "duplicate": ("same as another row, free", "#7b8794"),
    "not found": ("not known to the provider", "#8d7b3a"),
    "blank": ("empty cell", "#98a2ad"),
    "unusable": ("not usable", "#d6455d"),
    "suppressed": ("must not be contacted", "#a855c7"),
    "in doubt": ("asked, answer lost", "#d9730d"),
    "ambiguous": ("found, but not surely this row", "#0c8599"),
    "over budget": ("over the amount or a limit", "#d9730d"),
    "failed": ("refused", "#d6455d"),
    "not tried": ("not reached", "#98a2ad"),
}
#: What came back for the rows.
COLOUR = "#4c6ef5"
#: How the columns end that people pay for; names and ids come along with each of them.
TELLING = ("_email", "_phone", "_title", "_linkedin_url", "_employees", "_industry", "_revenue", "_campaigns")
#: A chart of more bars than this is read no better than a table.
MOST_BARS = 8
#: Grey that has a contrast of 4.5 on both white and marimo's dark background.
INK = "#777f89"


def rows_chart(rows: Mapping[str, int], words: Mapping[str, tuple[str, str]] = ROW_WORDS) -> Any:
    """A bar for each state that any row is in. ``rows`` counts rows by state, as previews and receipts do."""
    frame = pd.DataFrame(
        [(*words.get(state, (state, INK)), n, f"{n:,}") for state, n in rows.items() if n],
        columns=["what", "colour", "rows", "label"],
    )
    base = alt.Chart(frame).encode(
        y=alt.Y("what:N", sort=None, title=None, axis=alt.Axis(labelLimit=220, labelPadding=10)),
        x=alt.X("rows:Q", title=None, axis=None, scale=alt.Scale(domainMin=0, padding=24)),
        tooltip=[alt.Tooltip("what:N", title="rows that are"), alt.Tooltip("rows:Q", format=",")],
    )
    bars = base.mark_bar(cornerRadiusEnd=4, height=18).encode(color=alt.Color("colour:N", scale=None))
    labels = base.mark_text(align="left", dx=6, fontWeight="bold").encode(
        text="label:N", color=alt.value(INK)
    )
    return dressed((bars + labels).properties(width="container", height=alt.Step(30)))


def answers_chart(frame: pd.DataFrame, columns: Sequence[str]) -> Any | None:
    """How many rows got what: each verdict that was given, else each of ``columns`` that is filled; None if none."""
    verdicts = [column for column in columns if column.endswith("_verdict")]
    telling = [column for column in columns if column.endswith(TELLING)] or [*columns]
    counts = frame[verdicts[0]].value_counts() if verdicts else frame[telling].notna().sum()
    counts = counts[counts > 0].head(MOST_BARS)
    if counts.empty:
        return None
    words = {str(name): (text(name), COLOUR) for name in counts.index}
    return rows_chart({str(name): int(n) for name, n in counts.items()}, words)


def dressed(chart: Any) -> Any:
    """A chart in the apps' looks: no frame, no menu, and the page's own colours for its text."""
    return (
        chart.properties(
            background="transparent",
            # As SVG the page's own colours reach its text; no menu that offers to send it to an editor.
            usermeta={"embedOptions": {"actions": False, "renderer": "svg"}},
        )
        .configure(font="PT Sans, system-ui, sans-serif")
        .configure_view(stroke=None)
        .configure_axis(labelColor=INK, domain=False, ticks=False, labelFontSize=13, grid=False)
        .configure_text(fontSize=13)
    )
