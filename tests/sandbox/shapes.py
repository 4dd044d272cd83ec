"""Compares answers with the recorded ones by their keys and types; values differ, as people do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

RECORDED = Path(__file__).parent / "fixtures"


def recorded(name: str) -> Any:
    """The recorded answer of that name, with its provider in front: ``leadleap/get_leads``."""
    return json.loads((RECORDED / f"{name}.json").read_text(encoding="utf-8"))


def shape(value: Any) -> Any:
    """The value with every leaf replaced by its type; a list by the shape of its first entry."""
    if isinstance(value, dict):
        return {key: shape(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value).__name__


def differences(answer: Any, expected: Any, at: str = "answer") -> list[str]:
    """Where two shapes differ. A null fits anywhere, as fields without a value are null."""
    if "NoneType" in (answer, expected):
        return []
    if isinstance(answer, dict) and isinstance(expected, dict):
        odd = [f"{at}.{key} is only in one of them" for key in sorted(answer.keys() ^ expected.keys())]
        shared = answer.keys() & expected.keys()
        return odd + [
            d for key in sorted(shared) for d in differences(answer[key], expected[key], f"{at}.{key}")
        ]
    if isinstance(answer, list) and isinstance(expected, list):
        return differences(answer[0], expected[0], f"{at}[0]") if answer and expected else []
    return [] if answer == expected else [f"{at} is {answer}, printed as {expected}"]


def assert_shaped_as(answer: Any, name: str) -> None:
    """The answer has the keys and types of the recorded one, no more and no fewer."""
    assert differences(shape(answer), shape(recorded(name))) == []
