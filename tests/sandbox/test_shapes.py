"""The measure that the providers' answers are held to measures something."""

from __future__ import annotations

from tests.sandbox.shapes import differences, shape


def test_a_missing_key_and_another_type_are_differences() -> None:
    assert differences(shape({"a": 1, "b": "x"}), shape({"a": "1", "c": "x"})) == [
        "answer.b is only in one of them",
        "answer.c is only in one of them",
        "answer.a is int, printed as str",
    ]
