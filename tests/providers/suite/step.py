"""What every step of every provider does, whoever sells it: shown against the sandbox, over real sockets.

A step joins with a class of its own, which says what cannot be known here::

    class TestUnlock(StepSuite):
        provider, step, path = "leadleap", "unlock", "/leads/unlock"
        columns = {"lead_id": "Lead"}
        answer = "leadleap_full_name"

        def rows(self, box: Sandbox) -> Rows:
            return [{"Lead": p.lead_id, "Answer": p.full_name} for p in sold(box)]
"""

from __future__ import annotations

import random
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd
import pytest

from leadkit import cli
from leadkit.errors import KeyRefusedError
from leadkit.outcomes import Done
from leadkit.plan import Plan, make_plan
from leadkit.run import THREADS
from leadkit.sandbox import Sandbox
from leadkit.sandbox.faults import FaultKind
from leadkit.workspace import Workspace
from tests.providers.suite.world import WRONG_KEYS, Scene, scene

#: One row for each different key: a cell for each column of the step, and under "Answer" what it must come to.
Rows = list[dict[str, Any]]

#: Repeated and blank rows that are mixed in among the others.
REPEATED, BLANK = 5, 3
FEW = 3
HOSTILE: tuple[FaultKind, ...] = (
    "html",
    "truncate",
    "reset_after",
    "status",
    "wrong_id",
    "short",
    "reversed",
)


@dataclass
class Run:
    """A clean run: nothing went wrong on the wire."""

    scene: Scene
    plan: Plan
    done: Done
    keys: int


class StepSuite:
    """The promises of one step. Subclasses are named Test… and say the attributes."""

    provider: ClassVar[str]
    step: ClassVar[str]
    want: ClassVar[Sequence[str]] = ()
    #: Role → column of :meth:`rows`.
    columns: ClassVar[Mapping[str, str]]
    #: The result column that must hold what a row says under "Answer", and what it holds without an answer.
    answer: ClassVar[str]
    unanswered: ClassVar[str | None] = None
    #: How the path of the step's requests ends, and how many other requests to it go before them.
    path: ClassVar[str]
    before: ClassVar[int] = 0
    #: Whether answers say what they cost; else a receipt can only give limits.
    says_cost: ClassVar[bool] = True
    settings: ClassVar[Mapping[str, str]] = {}
    sandbox: ClassVar[Mapping[str, Any]] = {}

    def rows(self, box: Sandbox) -> Rows:
        """Rows about people or companies of whom everything that is bought is there."""
        raise NotImplementedError

    # -- a clean run ---------------------------------------------------------------------------------------

    @pytest.fixture(scope="class")
    @classmethod
    def clean(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
        suite = cls()
        with scene(tmp_path_factory.mktemp("clean"), cls.settings, cls.sandbox) as opened:
            workspace, rows = opened.workspace(), suite.rows(opened.box)
            size = suite._plan(rows[:1], workspace).operation.batch_size
            rows = rows[: max(12, 2 * size + 1)]
            mixed = [*rows, *rows[:REPEATED], *[dict.fromkeys(rows[0])] * BLANK]
            random.Random(5).shuffle(mixed)
            plan = suite._plan(mixed, workspace)
            yield Run(opened, plan, plan.run(at_most=plan.preview.most / 1000), len(rows))

    def test_every_row_has_its_own_answer_whatever_the_order(self, clean: Run) -> None:
        frame = clean.done.frame
        assert clean.keys > clean.plan.operation.batch_size, "more than one call, so that a mix-up can happen"
        asked = frame["Answer"].notna()
        assert list(frame.loc[asked, self.answer]) == list(frame.loc[asked, "Answer"])
        assert all(self._empty(cell) for cell in frame.loc[~asked, self.answer])

    def test_every_row_is_accounted_for(self, clean: Run) -> None:
        rows = {outcome: count for outcome, count in clean.done.receipt.rows.items() if count}
        assert rows == {"answered": clean.keys, "duplicate": REPEATED, "blank": BLANK}
        assert clean.done.complete

    def test_the_requests_are_the_fewest_that_the_batch_allows(self, clean: Run) -> None:
        least = -(-clean.keys // clean.plan.operation.batch_size)
        assert len(clean.scene.asked(self.path)) - self.before == least == clean.plan.preview.calls
        assert clean.done.receipt.calls == least

    def test_the_charge_is_what_the_preview_expected(self, clean: Run) -> None:
        charged, preview = clean.scene.box.charged(self.provider), clean.plan.preview
        assert charged == preview.expected
        assert preview.least <= charged <= preview.most

    def test_the_receipt_is_what_the_provider_charged(self, clean: Run) -> None:
        charged, told = clean.scene.box.charged(self.provider), clean.done.receipt.charged
        assert told.least <= charged <= told.most
        assert told.exact == self.says_cost or told.most == 0
        assert clean.done.receipt.held == 0
        of_rows = clean.done.frame[f"{self.provider}_{self.step}_credits"].sum() * 1000
        assert round(of_rows) == told.most

    def test_no_key_is_in_what_the_run_left(self, clean: Run) -> None:
        done = clean.done
        assert clean.scene.log, "something was logged, so that the key could be in it"
        assert not clean.scene.keys_left(done.frame.to_csv(), done.provenance.to_csv(), str(done.receipt))

    def test_a_second_run_sends_nothing(self, clean: Run) -> None:
        asked, charged = len(clean.scene.asked(self.path)), clean.scene.box.charged(self.provider)
        plan = self._plan(
            clean.plan.frame[[*self.columns.values(), "Answer"]].to_dict("records"), clean.scene.workspace()
        )
        assert (plan.preview.keys_to_buy, plan.preview.most, plan.preview.calls) == (0, 0, 0)
        done = plan.run(at_most=0)
        assert len(clean.scene.asked(self.path)) - self.before == asked
        assert clean.scene.box.charged(self.provider) == charged
        assert done.receipt.rows["known"] == clean.keys
        assert done.frame[self.answer].equals(clean.done.frame[self.answer])

    # -- refusals ------------------------------------------------------------------------------------------

    @pytest.fixture(scope="class")
    @classmethod
    def shared(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
        with scene(tmp_path_factory.mktemp("rough"), cls.settings, cls.sandbox) as opened:
            yield opened

    @pytest.fixture
    def stage(self, shared: Scene) -> Scene:
        """A sandbox with empty books and no faults. What was bought and written down stays from test to test."""
        shared.box.clear_record()
        shared.box.clear_faults()
        shared.log.clear()
        return shared

    def test_a_wrong_key_stops_the_run_at_once_and_costs_nothing(self, stage: Scene) -> None:
        rows = self.rows(stage.box)[:40]
        done = self._plan(rows, stage.workspace(**WRONG_KEYS[self.provider])).run(at_most=10_000)
        assert isinstance(done.stopped, KeyRefusedError)
        assert f"{self.provider.upper()}_API_KEY" in str(done.stopped)
        assert done.receipt.charged.most == done.receipt.held == stage.box.charged() == 0
        assert done.receipt.rows["not tried"] == len(rows)
        # Calls that cost something go one by one at first; free ones may be on their way when the first comes back.
        at_once = 1 if done.receipt.preview["most_millicredits"] else THREADS
        assert 1 <= len(stage.asked(self.path)) - self.before <= at_once
        told = "".join(traceback.format_exception(done.stopped))
        assert not stage.keys_left(told, str(done.receipt), done.frame.to_csv())

    def test_a_wrong_key_ends_the_command_with_status_3(
        self,
        stage: Scene,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        sheet = tmp_path / "sheet.csv"
        pd.DataFrame(self.rows(stage.box)[:FEW]).to_csv(sheet, index=False)
        for name, value in {**stage.box.environ, **self.settings, **WRONG_KEYS[self.provider]}.items():
            monkeypatch.setenv(name, value)
        roles = [word for role, column in self.columns.items() for word in (_option(role), column)]
        want = ["--want", ",".join(self.want)] if self.want else []
        rest = ["--via", self.provider, "--at-most", "1000"]
        words = ["leadkit", "run", str(sheet), self.step.replace("_", "-"), *roles, *want, *rest]
        monkeypatch.setattr(sys, "argv", words)
        with pytest.raises(SystemExit) as ended:
            cli.main()
        assert ended.value.code == 3
        printed = capsys.readouterr()
        assert not stage.keys_left(printed.out, printed.err)
        assert stage.box.charged() == 0

    # -- an answer that goes wrong -------------------------------------------------------------------------

    @pytest.mark.parametrize("kind", HOSTILE)
    def test_an_answer_that_goes_wrong_is_never_paid_for_twice(self, stage: Scene, kind: FaultKind) -> None:
        place = HOSTILE.index(kind) * FEW
        rows = self.rows(stage.box)[place : place + FEW]
        plan = self._plan(rows, stage.workspace())
        repeat, calls = plan.operation.repeat, -(-FEW // plan.operation.batch_size)
        stage.box.fault(
            kind, self.path, times=None, skip=self.before, after_charge=kind in ("html", "status")
        )
        first = plan.run(at_most=10_000)
        stage.box.clear_faults()
        told, sent, charged = first.receipt, len(stage.asked(self.path)), stage.box.charged()
        unclear = told.rows["in doubt"]
        assert told.rows["answered"] + unclear == FEW, (
            "no row is called not found, or left out, for a bad answer"
        )
        assert self._right_or_empty(first)
        assert not stage.paid_twice()
        assert told.charged.least <= charged <= told.charged.most + told.held
        if not repeat.free:
            assert sent - self.before == calls, "it may cost again, so it went out once"

        again = self._plan(rows, stage.workspace()).run(at_most=10_000)
        assert self._right_or_empty(again)
        assert not stage.paid_twice()
        if repeat.free:
            assert again.complete
            assert not any(self._empty(cell) for cell in again.frame[self.answer])
        else:
            assert again.receipt.rows["in doubt"] == unclear
            assert len(stage.asked(self.path)) - self.before == sent
            assert stage.box.charged() == charged

    # -- what the tests share ------------------------------------------------------------------------------

    def _plan(self, rows: Sequence[Mapping[Any, Any]], workspace: Workspace) -> Plan:
        frame = pd.DataFrame(rows, index=pd.RangeIndex(2, len(rows) + 2, name="row"))
        return make_plan(
            frame, self.step, self.columns, via=self.provider, want=self.want, workspace=workspace
        )

    def _empty(self, cell: object) -> bool:
        return bool(pd.isna(cell)) or cell == self.unanswered  # type: ignore[call-overload]

    def _right_or_empty(self, done: Done) -> bool:
        pairs = zip(done.frame[self.answer], done.frame["Answer"], strict=True)
        return all(self._empty(cell) or cell == wanted for cell, wanted in pairs)


def _option(role: str) -> str:
    return f"--{role.replace('_', '-')}"
