"""Calling the command line as a person does, and what came of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd


@dataclass
class Ended:
    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Ended]


def cells(path: Path) -> pd.DataFrame:
    return pd.read_excel(path, dtype=str, keep_default_na=False, engine="openpyxl")


def refused(ended: Ended, *words: str, status: int = 2) -> None:
    assert ended.status == status, ended
    for word in words:
        assert word in ended.err, ended.err
    assert "Traceback" not in ended.err + ended.out
    assert "Nothing was sent" in ended.err
