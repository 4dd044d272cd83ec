"""What somebody asked a provider for: its steps, the filters of its searches, and words that may have been meant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from leadkit.errors import InputError


def check_offered(title: str, step: str, offered: Iterable[str], wants: Sequence[str] = ()) -> None:
    """Refuse a step that a provider does not have, and data points of one that it does not sell in parts.

    ``title`` is the provider's.

    Raises
    ------
    InputError
        The step is not among those ``offered``, or something is in ``wants``. Nothing was sent.
    """
    offered = list(offered)
    if step not in offered:
        msg = f"{title} does not offer {step}; it offers {', '.join(offered)}. Nothing was sent."
        raise InputError(msg)
    if wants:
        msg = f"{title} offers {step} as a whole; leave want= out. Nothing was sent."
        raise InputError(msg)


def given_filters(title: str, filters: Mapping[str, Any], known: Iterable[str]) -> dict[str, Any]:
    """The filters that hold something, in the order of the known ones. ``title`` is the provider's.

    Raises
    ------
    InputError
        A filter that the provider does not document. Nothing was sent.
    """
    names = list(known)
    for name in filters:
        if name not in names:
            it_has = f"It has {', '.join(names)}. Nothing was sent."
            raise InputError(f"{title} has no filter {name!r}.{meant(name, names)} {it_has}")
    return {name: filters[name] for name in names if filters.get(name) is not None}


def unusable(name: str, value: Any, takes: str) -> InputError:
    """The error for a value that a filter cannot mean."""
    return InputError(f"{name} takes {takes}, not {value!r}. Nothing was sent.")


def meant(word: object, known: Iterable[str]) -> str:
    """`` Did you mean VP?`` or nothing. Case is ignored."""
    by_fold = {name.casefold(): name for name in known}
    close = get_close_matches(str(word).casefold(), by_fold, n=1)
    return f" Did you mean {by_fold[close[0]]}?" if close else ""


def known_word(word: object, known: Iterable[str]) -> str | None:
    """The known word that differs in nothing but case, blanks and dashes: ``vp`` → ``VP``."""
    return {_fold(name): name for name in known}.get(_fold(str(word)))


def _fold(word: str) -> str:
    return "".join(filter(str.isalnum, word.casefold()))
