"""The command line in this process, and a small workbook for it."""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
import pytest

from leadkit import cli
from leadkit.sandbox import Sandbox
from tests.cli.calling import Ended, Run


@pytest.fixture
def leadkit(
    box: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Run:
    """Calls the command line in this process, in a folder of its own, with the sandbox as the provider."""
    for name, value in box.environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str | Path) -> Ended:
        monkeypatch.setattr(sys, "argv", ["leadkit", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        printed = capsys.readouterr()
        status = ended.value.code
        return Ended(status if isinstance(status, int) else 1, printed.out, printed.err)

    return run


@pytest.fixture
def people(tmp_path: Path) -> Path:
    path = tmp_path / "people.xlsx"
    emails = ["anna@example.com", "ANNA@example.com ", None, "no at sign", "ben@example.com"]
    pd.DataFrame({"Name": list("abcde"), "Email": emails}).to_excel(path, index=False)
    return path
