"""The sandbox is a measure of the clients only as long as it shares no code with them."""

from __future__ import annotations

import ast
import doctest
import subprocess
import sys
from pathlib import Path

import pytest

import leadkit.sandbox

FOLDER = Path(leadkit.sandbox.__file__).parent


@pytest.mark.parametrize(
    "module", sorted(FOLDER.rglob("*.py")), ids=lambda path: path.relative_to(FOLDER).as_posix()
)
def test_it_imports_nothing_of_leadkit_but_itself(module: Path) -> None:
    imported = set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0
            imported.add(node.module or "")
        elif isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
    ours = {name for name in imported if name.split(".")[0] == "leadkit"}
    assert all(name.startswith("leadkit.sandbox") for name in ours)


def test_a_sandbox_that_is_asked_nothing_of_graphql_does_not_load_it() -> None:
    code = """
import sys
from leadkit.sandbox import Sandbox
with Sandbox() as box:
    assert box.environ
print("graphql" in sys.modules)
"""
    printed = subprocess.run(
        [sys.executable, "-c", code], cwd=FOLDER.parents[1], capture_output=True, text=True, check=True
    )
    assert printed.stdout.strip() == "False"


def test_its_example_is_true() -> None:
    assert doctest.testmod(leadkit.sandbox).failed == 0
