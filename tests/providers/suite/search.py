"""What every search of every provider does: shown against the sandbox, over real sockets.

A search joins with a class of its own::

    class TestSearchPeople(SearchSuite):
        provider, step, path = "leadleap", "search_people", "/leads"
        filters = {"country": "DE"}

        def expected(self, box: Sandbox) -> set[str]:
            return {p.lead_id for p in sold(box) if p.country.code == "DE"}
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd
import pytest

import leadkit
from leadkit.errors import ApprovalError, KeyRefusedError, ProviderError
from leadkit.money import credits_text
from leadkit.providers.base import Search
from leadkit.sandbox import Sandbox
from leadkit.sandbox.faults import FaultKind
from leadkit.workspace import Workspace
from tests.providers.suite.world import WRONG_KEYS, Scene, scene

HOSTILE: tuple[FaultKind, ...] = ("html", "truncate", "reset_after", "status")


class SearchSuite:
    """The promises of one search. Subclasses are named Test… and say the attributes."""

    provider: ClassVar[str]
    step: ClassVar[str]
    filters: ClassVar[Mapping[str, Any]]
    #: How the path of a page's request ends, and how many other requests to it go before the first.
    path: ClassVar[str]
    before: ClassVar[int] = 0

    def expected(self, box: Sandbox) -> set[str]:
        """The ids of everything that the filters fit: more than two pages."""
        raise NotImplementedError

    @pytest.fixture
    def stage(self, tmp_path: Path) -> Iterator[Scene]:
        with scene(tmp_path / "home", {}, {}) as opened:
            yield opened

    def test_pages_are_read_to_the_end_in_the_fewest_calls_and_never_again(self, stage: Scene) -> None:
        workspace, wanted = stage.workspace(), self.expected(stage.box)
        search = self._search(workspace)
        found = self._find(workspace, most_rows=len(wanted) + 1)
        ids = found.iloc[:, 0]
        assert len(wanted) > 2 * search.page_size
        assert set(ids) == wanted
        assert ids.is_unique
        pages = -(-len(wanted) // search.page_size)
        assert len(stage.asked(self.path)) - self.before == pages
        per_row = search.price.most if search.priced_by == "row" else 0
        assert stage.box.charged() == per_row * len(wanted)
        assert not stage.keys_left(found.to_csv())

        again = self._find(stage.workspace(), most_rows=len(wanted) + 1)
        assert again.equals(found)
        assert len(stage.asked(self.path)) - 2 * self.before == pages
        assert stage.box.charged() == per_row * len(wanted)

    def test_no_more_is_bought_than_was_asked_for(self, stage: Scene) -> None:
        """A page of a paid search is charged by its rows, so its last page asks for no more than is left."""
        workspace = stage.workspace()
        search = self._search(workspace)
        some = search.page_size + 3
        price = search.price.most * some if search.priced_by == "row" else search.price.most * 2
        if price:
            with pytest.raises(
                ApprovalError, match=f"at most {credits_text(price)} credits .*Nothing was sent"
            ):
                self._find(workspace, most_rows=some, at_most=None)
            assert not stage.box.requests
        assert len(self._find(workspace, most_rows=some, at_most=price / 1000)) == some
        assert stage.box.charged() == price
        assert workspace.ledger.runs()[0].charged.most == price

    def test_a_few_rows_can_be_had_for_the_price_of_a_few(self, stage: Scene) -> None:
        workspace = stage.workspace()
        search = self._search(workspace)
        price = search.price.most * (4 if search.priced_by == "row" else 1)
        assert len(self._find(workspace, most_rows=4, at_most=price / 1000)) == 4
        assert stage.box.charged() == price

    def test_a_wrong_key_is_refused_once_and_costs_nothing(self, stage: Scene) -> None:
        with pytest.raises(KeyRefusedError, match=f"{self.provider.upper()}_API_KEY") as refused:
            self._find(stage.workspace(**WRONG_KEYS[self.provider]), most_rows=10)
        assert len(stage.asked(self.path)) - self.before == 1
        assert stage.box.charged() == 0
        assert not stage.keys_left("".join(traceback.format_exception(refused.value)))

    @pytest.mark.parametrize("kind", HOSTILE)
    def test_a_page_that_goes_wrong_is_asked_for_again_only_where_that_is_free(
        self, stage: Scene, kind: FaultKind
    ) -> None:
        after = kind in ("html", "status")
        stage.box.fault(kind, self.path, skip=self.before + 1, after_charge=after)
        wanted = self.expected(stage.box)
        search = self._search(stage.workspace())
        if search.repeat.free:
            assert set(self._find(stage.workspace(), most_rows=len(wanted)).iloc[:, 0]) == wanted
        else:
            for _ in range(2):  # however often the search is tried
                with pytest.raises(ProviderError, match="could not be had"):
                    self._find(stage.workspace(), most_rows=len(wanted))
            pages = [one for one in stage.asked(self.path) if one.can_charge]
            assert len(pages) == 2
        assert not stage.paid_twice()

    def _search(self, workspace: Workspace) -> Search:
        return workspace.provider(self.provider).search(self.step)

    def _find(self, workspace: Workspace, *, most_rows: int, at_most: float | None = 10_000) -> pd.DataFrame:
        find: Callable[..., pd.DataFrame] = getattr(leadkit, self.step)
        return find(
            via=self.provider, most_rows=most_rows, at_most=at_most, workspace=workspace, **self.filters
        )
