"""How often a found person is rightly believed to be the person of the row: precision and recall.

Run: ``python -m tests.benchmarks.match``. Prints, for both halves of the labelled pairs in ``tests/match/pairs.csv``,
the figures at the threshold, by kind of variation as well, and every pair that was judged wrongly.

The rules and the threshold were chosen on the development half alone; the held-out half says what they are worth.
All people and companies are invented.
"""

from __future__ import annotations

import csv
import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from leadkit.match import THRESHOLD, Match, compare

PAIRS = Path(__file__).parent.parent / "match" / "pairs.csv"


@dataclass(frozen=True)
class Pair:
    """A row, who came back for it, whether that is one person, and the kind of variation between the two."""

    line: int
    kind: str
    same: bool
    row: dict[str, str]
    found: dict[str, str]

    @property
    def held_out(self) -> bool:
        """Half of the pairs, by a hash of their content: a pair that is added moves no other one."""
        content = repr((sorted(self.row.items()), sorted(self.found.items())))
        return hashlib.sha256(content.encode()).digest()[0] % 2 == 1

    def __str__(self) -> str:
        row, found = (", ".join(side.values()) for side in (self.row, self.found))
        return f"{'same' if self.same else 'different'} ({self.kind}, line {self.line}): {row}  |  {found}"


@dataclass(frozen=True)
class Quality:
    """What became of some pairs. ``accepted`` means a score of at least the threshold."""

    right: int  # same, accepted
    wrong: int  # different, accepted: somebody else's data in the row
    missed: int  # same, ambiguous: a person has to look
    refused: int  # different, ambiguous

    @property
    def precision(self) -> float:
        """The share of those accepted that are the person; 1 when none was accepted."""
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 1.0

    @property
    def recall(self) -> float:
        """The share of the same people that were accepted; 1 when there are none."""
        return self.right / (self.right + self.missed) if self.right + self.missed else 1.0


def pairs() -> Iterator[Pair]:
    with PAIRS.open(encoding="utf-8", newline="") as file:
        for line, cells in enumerate(csv.DictReader(file), start=2):
            row, found = (
                {
                    name.removeprefix(side): cell
                    for name, cell in cells.items()
                    if name.startswith(side) and cell
                }
                for side in ("row_", "found_")
            )
            yield Pair(line, cells["kind"], cells["label"] == "same", row, found)


def quality(judged: Sequence[tuple[Pair, Match]], threshold: int = THRESHOLD) -> Quality:
    counts: dict[tuple[bool, bool], int] = defaultdict(int)
    for pair, match in judged:
        counts[pair.same, match.score >= threshold] += 1
    return Quality(counts[True, True], counts[False, True], counts[True, False], counts[False, False])


def judge() -> tuple[list[tuple[Pair, Match]], list[tuple[Pair, Match]]]:
    """The development half and the held-out half, each pair with its match."""
    halves: tuple[list[tuple[Pair, Match]], list[tuple[Pair, Match]]] = ([], [])
    for pair in pairs():
        halves[pair.held_out].append((pair, compare(pair.row, pair.found)))
    return halves


def _print_line(name: str, found: Quality) -> None:
    print(
        f"{name:<18}{found.right:>7}{found.wrong:>7}{found.missed:>8}{found.refused:>9}"
        f"{found.precision:>11.1%}{found.recall:>9.1%}"
    )


def main() -> None:
    development, held_out = judge()
    for name, half in (("development", development), ("held out", held_out)):
        print(f"{name}: {len(half)} pairs, threshold {THRESHOLD}")
        print(f"{'':<18}{'right':>7}{'wrong':>7}{'missed':>8}{'refused':>9}{'precision':>11}{'recall':>9}")
        _print_line("all", quality(half))
        for kind in sorted({pair.kind for pair, _ in half}):
            _print_line(kind, quality([(pair, match) for pair, match in half if pair.kind == kind]))
        print()
        for pair, match in half:
            if pair.same == match.ambiguous:
                print(f"  {pair}\n      {match.score}: {match.reasons}")
        print()


if __name__ == "__main__":
    main()
