"""The README's example does what it says, to the letter of what it prints."""

from __future__ import annotations

import io
import re
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from leadkit.catalogue import entries, table
from leadkit.settings import Settings

README = Path(__file__).parent.parent / "README.md"


def blocks(language: str) -> list[str]:
    return re.findall(
        rf"^```{language}\n(.*?)^```$", README.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )


def test_the_example_prints_what_the_readme_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").symlink_to(README.parent / "data")
    monkeypatch.chdir(tmp_path)
    (example,) = blocks("python")
    (shown,) = [block for block in blocks("text") if block.startswith("Preview:")]
    printed = io.StringIO()
    with redirect_stdout(printed):
        names: dict[str, object] = {}
        exec(compile(example, "README", "exec"), names)  # the README is ours
    names["leadkit"].connect().close()  # type: ignore[attr-defined]
    run_id = re.compile(r"Receipt \w{8}")
    assert run_id.sub("Receipt", printed.getvalue()) == run_id.sub("Receipt", shown)
    assert (tmp_path / "prospects.enriched.xlsx").exists()


def test_the_two_commands_are_the_ones_that_ci_calls() -> None:
    (demo,) = [block for block in blocks("sh") if "leadkit demo" in block]
    (test,) = [block for block in blocks("sh") if "pytest" in block]
    assert demo.startswith("python3 -m venv .venv && .venv/bin/pip install . && .venv/bin/leadkit demo")
    ci = (README.parent / ".ci" / "run").read_text()
    for part in test.strip().split(" && "):
        assert part in ci, part


def test_the_table_of_operations_is_what_the_operations_say() -> None:
    assert table(Settings.from_environment({})) in README.read_text(encoding="utf-8")


def test_every_operation_names_the_page_of_each_price_limit_and_rule() -> None:
    for entry in entries(Settings.from_environment({})):
        for source in entry["sources"]:
            assert "http" in source or "setting" in source, entry
