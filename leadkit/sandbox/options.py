"""Options of a provider: plain dataclasses, set one at a time by name."""

from __future__ import annotations

from dataclasses import Field, fields
from typing import Any


def set_option(options: Any, name: str, value: object) -> None:
    """Set one field of ``options``.

    A field with ``choices`` in its metadata takes one of them, a bool a bool, and any other a number of 0 or more,
    or None where None is its default.

    Raises
    ------
    ValueError
        There is no such field, or the value does not fit it; the message says what would.
    """
    known = {field.name: field for field in fields(options)}
    if name not in known:
        msg = f"there is no option {name!r}; there is {', '.join(known) or 'none'}"
        raise ValueError(msg)
    if not _fits(known[name], value):
        choices = known[name].metadata.get("choices")
        wanted = f"one of {', '.join(map(repr, choices))}" if choices else f"like {known[name].default!r}"
        msg = f"option {name!r} cannot be {value!r}; it is {wanted}"
        raise ValueError(msg)
    setattr(options, name, value)


def _fits(field: Field[Any], value: object) -> bool:
    if "choices" in field.metadata:
        return value in field.metadata["choices"]
    if isinstance(field.default, bool):
        return isinstance(value, bool)
    if value is None:
        return field.default is None
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
