"""Hostile files are refused with a sentence, or opened, within five seconds and 500 MB."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.sheets.hostile import FILES, Hostile

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("hostile")
    command = [sys.executable, "-m", "tests.sheets.hostile", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    assert not list(folder.iterdir())
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("hostile", FILES, ids=lambda h: h.name)
def test_hostile_file_costs_little_and_ends_in_a_sentence(hostile: Hostile, answers: dict[str, Any]) -> None:
    outcome, message, megabytes, processor_seconds = answers[hostile.name]
    assert (outcome, bool(re.search(hostile.words, message))) == (hostile.outcome, True), message
    assert megabytes < 500
    assert processor_seconds < 5
    assert outcome == "opened" or "othing was sent" in message
