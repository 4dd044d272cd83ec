"""Requests and credits of every step of every provider, for 1,000 rows: ``python -m tests.benchmarks.providers``.

Each step runs against the sandbox over real sockets, with the rows that it has in the shared suite, repeated until
there are 1,000. Beside the requests stand the fewest possible: with the batch that leadkit takes, and with the
largest that the provider documents. Beside the credits stands what the preview expected. Exits with 1 when a
figure is off.
"""

from __future__ import annotations

import itertools
import random
import sys
import tempfile
from pathlib import Path

import pandas as pd

from leadkit.money import credits_text
from leadkit.plan import make_plan
from leadkit.providers.leadfeeder import by_id as leadfeeder_by_id
from leadkit.providers.leadleap import export as leadleap_export
from tests.providers import (
    test_suite_leadey,
    test_suite_leadfeeder,
    test_suite_leadiq,
    test_suite_leadleap,
)
from tests.providers.suite.search import SearchSuite
from tests.providers.suite.step import StepSuite
from tests.providers.suite.world import scene

ROWS = 1_000
MODULES = (test_suite_leadleap, test_suite_leadiq, test_suite_leadfeeder, test_suite_leadey)

#: The most that one call may ask about by the provider's documents, where leadkit takes fewer by choice: what one
#: lost answer can put in doubt stays small.
DOCUMENTED = {
    ("leadleap", "export"): leadleap_export.MOST_IDS,
    ("leadfeeder", "company_details"): leadfeeder_by_id.MOST_IDS,
    ("leadfeeder", "unlock"): leadfeeder_by_id.MOST_IDS,
}


def measure_step(suite: StepSuite, home: Path) -> tuple[list[str], bool]:
    """The line of the table, and whether it is as it must be."""
    with scene(home, suite.settings, suite.sandbox) as opened:
        rows = suite.rows(opened.box)
        some = list(itertools.islice(itertools.cycle(rows), ROWS))
        random.Random(3).shuffle(some)
        frame = pd.DataFrame(some)
        opened.box.set_credits(suite.provider, 10**6)
        workspace = opened.workspace()
        plan = make_plan(
            frame, suite.step, suite.columns, via=suite.provider, want=suite.want, workspace=workspace
        )
        done = plan.run(at_most=plan.preview.most / 1000)
        sent = len(opened.asked(suite.path)) - suite.before
        charged, expected = opened.box.charged(suite.provider), plan.preview.expected
        keys, batch = plan.preview.keys_to_buy, plan.operation.batch_size
        fewest = -(-keys // batch)
        documented = -(-keys // DOCUMENTED.get((suite.provider, suite.step), batch))
        good = sent == fewest and charged == expected and done.complete
    by = " + ".join(suite.columns)
    want = f", {'+'.join(suite.want)}" if suite.want else ""
    cells = [
        suite.provider,
        f"`{suite.step}` by {by}{want}",
        f"{keys:,}",
        f"{sent:,}",
        f"{fewest:,}",
        f"{documented:,}",
    ]
    return [*cells, credits_text(charged), credits_text(expected or 0)], good


def measure_search(suite: SearchSuite, home: Path) -> tuple[list[str], bool]:
    """The same for all rows that a search finds."""
    with scene(home, {}, {}) as opened:
        wanted = len(suite.expected(opened.box))
        workspace = opened.workspace()
        search = workspace.provider(suite.provider).search(suite.step)
        expected = search.price.most * wanted if search.priced_by == "row" else 0
        found = suite._find(workspace, most_rows=wanted, at_most=expected / 1000)
        sent, charged = len(opened.asked(suite.path)) - suite.before, opened.box.charged(suite.provider)
        fewest = -(-wanted // search.page_size)
        good = (len(found), sent, charged) == (wanted, fewest, expected)
    cells = [suite.provider, f"`{suite.step}`", f"{wanted:,}", f"{sent:,}", f"{fewest:,}", f"{fewest:,}"]
    return [*cells, credits_text(charged), credits_text(expected)], good


def main() -> int:
    print(
        "| provider | step | keys or rows | requests | fewest | fewest documented | credits | previewed |  |"
    )
    print("|---|---|---:|---:|---:|---:|---:|---:|---|")
    wrong = 0
    for module in MODULES:
        for name, kind in vars(module).items():
            if not name.startswith("Test"):
                continue
            suite = kind()
            with tempfile.TemporaryDirectory() as home:
                measure = measure_step if isinstance(suite, StepSuite) else measure_search
                cells, good = measure(suite, Path(home))
            wrong += not good
            print(f"| {' | '.join(cells)} | {'as it must be' if good else 'OFF'} |", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
