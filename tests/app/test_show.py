"""What comes from a sheet or a provider is shown as text, whatever it is."""

from __future__ import annotations

import html
import re

import marimo as mo
import numpy as np
import pandas as pd
import pytest

from leadkit.app.show import escaped, labels, plain_frame, show, text


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, ""),
        (np.nan, ""),
        (pd.NA, ""),
        (pd.NaT, ""),
        (3.0, "3"),
        (2.5, "2.5"),
        (True, "True"),
        ("007", "007"),
        ({"b": ["ü", None]}, '{"b": ["ü", null]}'),
        (["https://x.example/a.png"], '["x.example/a.png"]'),
    ],
)
def test_values_become_plain_text(value: object, shown: str) -> None:
    assert text(value) == shown


@pytest.mark.parametrize(
    "trap",
    [
        "https://trap.example/a.png",
        "HTTP://trap.example/a.png",
        "see http://trap.example/a.gif?x=1 and https://trap.example/b.svg",
        "https:https://trap.example/a.png",
        "hthttps://tps://trap.example/a.png",
        "https:/\u200b/trap.example/a.png",
        "ht\u200btps://trap.example/a.png",
        "xhttps://trap.example/a.png",
        "https://avatars.githubusercontent.com/u/1",
        "data:image/png;base64,AAAA",
        "DATA: image/svg+xml,<svg/>",
        "javascript:alert(1)",
    ],
)
def test_no_address_is_left_that_a_page_would_fetch_or_run(trap: str) -> None:
    """marimo's table makes a picture of ``https?://….png`` and of ``data:image/…``."""
    assert not re.search(r"https?://|^data:image|javascript:", text(trap), re.IGNORECASE)
    assert "trap.example" in text(trap) or "trap.example" not in trap


def test_times_and_other_colons_stay_as_they_are() -> None:
    for plain in ("09:30", "Note: call back", "ISBN:123", "metadata:x", "c_1:2"):
        assert text(plain) == plain


def test_a_frame_is_shown_with_its_row_numbers_beside_columns_of_any_name() -> None:
    frame = pd.DataFrame(
        [["a", np.nan, {"x": 1}]],
        columns=["Row", "https://trap.example/c.png", "https://trap.example/c.png"],
        index=pd.Index([7], name="row"),
    )
    plain = plain_frame(frame)
    assert list(plain.columns) == ["Row", "Row (2)", "trap.example/c.png", "trap.example/c.png (2)"]
    assert plain.iloc[0].tolist() == ["7", "a", "", '{"x": 1}']


def test_short_frames_are_escaped_and_long_ones_cannot_be_downloaded_past_the_workbook() -> None:
    evil = "<img src=x onerror=alert(1)>"
    short = show(pd.DataFrame({evil: [evil]}))
    assert "<img" not in short.text
    assert short.text.count(html.escape(evil)) == 2
    long = show(pd.DataFrame({"a": [evil] * 11}))
    assert isinstance(long, mo.ui.table)
    assert "data-show-download='false'" in long.text


def test_markup_is_escaped_in_sentences() -> None:
    assert escaped("<b onclick='x'>&</b>") == "&lt;b onclick=&#x27;x&#x27;&gt;&amp;&lt;/b&gt;"
    assert show("<script>").text == "<p>&lt;script&gt;</p>"


def test_labels_of_a_list_are_distinct_and_lead_back_to_their_values() -> None:
    assert labels(["a", "a", "a (2)", ""]) == {"a": "a", "a (2)": "a", "a (2) (2)": "a (2)", "(no name)": ""}
