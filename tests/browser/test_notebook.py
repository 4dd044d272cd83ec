"""What a preview looks like in a notebook, without the apps' styles."""

from __future__ import annotations

import pandas as pd
from playwright.sync_api import BrowserContext

from leadkit.plan import make_plan
from leadkit.workspace import Workspace

#: Where the text of a cell begins and ends, apart from its padding.
_TEXTS = """cells => cells.map(cell => {
    const range = document.createRange();
    range.selectNodeContents(cell);
    const box = range.getBoundingClientRect();
    return [box.left, box.right];
})"""


def test_in_a_notebook_labels_stand_in_one_line_and_apart_from_their_values(
    context: BrowserContext, workspace: Workspace
) -> None:
    plan = make_plan(
        pd.DataFrame({"Email": ["a@example.com"]}), "validate_emails", {"email": "Email"}, workspace=workspace
    )
    page = context.new_page()
    page.set_content(plan.preview._repr_html_())
    labels, values = (page.locator(cell).evaluate_all(_TEXTS) for cell in ("th", "td"))
    assert len(labels) == len(values) == len(plan.preview.lines())
    assert len({left for left, _ in labels}) == len({left for left, _ in values}) == 1
    assert min(left for left, _ in values) - max(right for _, right in labels) > 8
    (caption,) = page.locator("caption").evaluate_all(_TEXTS)
    assert abs(caption[0] - labels[0][0]) < 4
    page.close()
