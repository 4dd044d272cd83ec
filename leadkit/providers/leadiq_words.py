"""A word that was not known, and the one that may have been meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


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
