"""The README's example does what it says, to the letter of what it prints."""

from __future__ import annotations

import io
import re
import shlex
from collections.abc import Callable
from contextlib import redirect_stdout
from importlib.util import find_spec
from pathlib import Path

import pytest
from typer.testing import CliRunner

import leadkit
from leadkit.catalogue import columns_table, entries, overview, table
from leadkit.cli import app
from leadkit.settings import Settings
from tests.benchmarks.match import judge, pairs, quality

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


@pytest.mark.parametrize("made", [overview, table, columns_table])
def test_the_tables_of_operations_are_what_the_operations_say(made: Callable[[Settings], str]) -> None:
    assert made(Settings.from_environment({})) in README.read_text(encoding="utf-8")


def test_the_figures_of_matching_are_what_the_benchmark_gives() -> None:
    _, held_out = judge()
    found, text = quality(held_out), README.read_text(encoding="utf-8")
    everything = list(pairs())
    assert f"{len(everything)} labelled pairs" in text
    assert f"{len({pair.kind for pair in everything})} kinds" in text.replace("\n", " ")
    assert f"the {len(held_out)} that played no part" in text
    assert f"{found.right} of {found.right + found.wrong} accepted" in text
    assert f"{found.right} of {found.right + found.missed})" in text
    assert f"{found.precision:.0%}".replace("%", " %") in text
    assert f"{found.recall:.0%}".replace("%", " %") in text


def commands() -> list[list[str]]:
    """Every line of the README that calls leadkit, as its words."""
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    return [shlex.split(line, comments=True) for line in lines if line.startswith("leadkit ")]


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_command_in_the_readme_is_one_with_options_that_it_has(words: list[str]) -> None:
    path = words[1:3] if words[1:3] == ["ledger", "settle"] else words[1:2]
    told = CliRunner().invoke(app, [*path, "--help"], env={"COLUMNS": "200"})
    assert told.exit_code == 0, told.output
    for option in (word for word in words if word.startswith("-")):
        assert re.search(rf"(?<![\w-]){option}(?![\w-])", told.output), option


def test_every_public_name_in_the_readme_is_one() -> None:
    named = set(re.findall(r"leadkit\.(\w+)\(", README.read_text(encoding="utf-8")))
    assert len(named) > 8
    assert named <= set(leadkit.__all__)


def test_every_file_that_the_readme_names_is_there() -> None:
    text = README.read_text(encoding="utf-8")
    named = re.findall(r"`((?:tests|notebooks|data|leadkit)/[\w./]*)`", text) + re.findall(
        r"\]\(([^)#:]+)\)", text
    )
    assert named
    assert [name for name in named if not (README.parent / name).exists()] == []


def test_every_picture_of_the_apps_is_shown() -> None:
    pictures = {
        f"notebooks/images/{path.name}" for path in (README.parent / "notebooks/images").glob("*.png")
    }
    assert pictures == set(re.findall(r"!\[[^\]]+\]\(([^)]+)\)", README.read_text(encoding="utf-8")))


def test_every_benchmark_and_test_that_the_readme_tells_to_run_is_there() -> None:
    for module in re.findall(r"python -m (tests\.[\w.]+)", README.read_text(encoding="utf-8")):
        assert find_spec(module), module


def test_every_operation_names_the_page_of_each_price_limit_and_rule() -> None:
    for entry in entries(Settings.from_environment({})):
        for source in entry["sources"]:
            assert "http" in source or "setting" in source, entry
