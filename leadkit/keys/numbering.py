"""The distinct lines among many, numbered in the order in which they first appear, with little time and memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd


class Numbered(NamedTuple):
    """n lines, of which k are distinct."""

    codes: npt.NDArray[np.int32]  # n: which of the distinct lines it is
    lines: list[str]  # k, in the order in which they first appear
    first: npt.NDArray[np.int64]  # k: where that is
    hashes: npt.NDArray[np.int64]  # k: of each distinct line


class Numbering:
    """Takes n lines, some thousands at a time, and then numbers them. No line has a line break in it.

    The lines are kept as one text, a third of the memory of as many strings, and told apart by Python's own 64-bit
    hash of them, half the time of telling strings apart.
    """

    def __init__(self, n: int) -> None:
        self._text = bytearray()
        self._sizes: deque[int] = deque()
        self._hashes = np.empty(n, np.int64)
        self._count = 0

    def add(self, lines: list[str]) -> None:
        end = self._count + len(lines)
        self._hashes[self._count : end] = hashes_of(lines)
        self._count = end
        text = "\n".join(lines).encode("utf-8", "surrogatepass")
        self._text += text
        self._sizes.append(len(text))

    def finish(self) -> Numbered:
        """To be called once."""
        codes, first = factorize(self._hashes)
        hashes = self._hashes[first]
        self._hashes = np.empty(0, np.int64)  # the distinct lines take their room
        is_new = np.zeros(len(codes), bool)
        is_new[first] = True
        distinct = np.empty(len(first), object)
        start = 0
        for part in self._parts():
            lines = np.array(part, object)
            end = start + len(lines)
            here, new = codes[start:end], is_new[start:end]
            distinct[here[new]] = lines[new]
            if (distinct[here[~new]] != lines[~new]).any():
                # Two texts with one hash, which would be two people with one answer.
                every = [*distinct[codes[:start]], *part, *chain.from_iterable(self._parts())]
                return _numbered(np.array(every, object))
            start = end
        return Numbered(codes, distinct.tolist(), first, hashes)

    def _parts(self) -> Iterator[list[str]]:
        while self._sizes:
            size = self._sizes.popleft()
            text = self._text[:size].decode("utf-8", "surrogatepass")
            del self._text[:size]  # half of its room is given back when half of it is gone
            yield text.split("\n")


def _numbered(lines: npt.NDArray[np.object_]) -> Numbered:
    codes, first = factorize(lines)
    distinct = lines[first].tolist()
    return Numbered(codes, distinct, first, hashes_of(distinct))


def hashes_of(lines: Sequence[str]) -> npt.NDArray[np.int64]:
    """Python's own hashes, which last as long as the process. Two texts with one hash are rare, and possible."""
    return np.fromiter(map(hash, lines), np.int64, len(lines))


def factorize(values: npt.NDArray[Any]) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    """Numbers in order of first appearance, and where each appears first."""
    codes = pd.factorize(values)[0].astype(np.int32)
    highest = np.maximum.accumulate(codes) if len(codes) else codes
    new = np.ones(len(codes), bool)
    np.greater(highest[1:], highest[:-1], out=new[1:])
    return codes, np.flatnonzero(new)
