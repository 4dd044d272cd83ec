"""Which row of a sheet holds the column names: a guess with its evidence, which a person may overrule."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from leadkit.sheets.grid import Grid, Table

#: How many filled rows are looked at.
_ROWS_LOOKED_AT = 40
#: Words that stand in the header of a list of people or companies, in the languages leads come in.
_WORDS = re.compile(
    r"\b(e-?mail|mail|name|vorname|nachname|first|last|surname|phone|tel|telefon|mobile|company|firma|organi[sz]ation"
    r"|account|domain|website|url|linkedin|title|position|job|role|city|ort|stadt|country|land|zip|plz|postal|postcode"
    r"|street|address|adresse|state|region|status|notes?|comments?|id|date|datum|type|source|owner|industry|employees"
    r"|nom|pr[ée]nom|entreprise|soci[ée]t[ée]|ville|pays|nombre|apellido|empresa|correo|tel[ée]fono|cognome|azienda)\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"[-+(]?[\d][\d\s.,/()%:-]*")
_VALUE = re.compile(r"[^@\s]+@[^@\s]+\.\w+|https?://|www\.|[\w-]+\.(?:com|org|net|io|de|co)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class HeaderGuess:
    """A row that could hold the column names. ``row`` 0 stands for "there are none".

    ``score`` compares guesses of one sheet with each other; the higher the likelier. ``evidence`` says why,
    in words.
    """

    row: int
    score: float
    names: tuple[str, ...]
    evidence: str


def _is_value(text: str) -> bool:
    """Whether a cell looks like data rather than like a name of a column."""
    return bool(_NUMBER.fullmatch(text.strip()) or _VALUE.match(text.strip())) or len(text) > 60


def guess_header(grid: Grid) -> list[HeaderGuess]:
    """Rows that could be the header, the likeliest first. Never empty."""
    rows = grid.top_rows(_ROWS_LOOKED_AT)
    top = [(row, cells) for row, cells in rows if any(text.strip() for text in cells.values())]
    if not top:
        return [HeaderGuess(1, 0.0, (), "the sheet is empty")]
    widest = max(len(cells) for _, cells in top)
    tables = [t for t in grid.tables if t.has_header]
    guesses = [
        _score(row, cells, [below for _, below in top[i + 1 :]], widest, tables, grid.frozen_rows)
        for i, (row, cells) in enumerate(top)
    ]
    best = sorted(guesses, key=lambda g: -g.score)[:5]
    first_row, first_cells = top[0]
    if not tables and _starts_with_data(first_cells, [cells for _, cells in top[1:]]):
        evidence = f"row {first_row} looks like the rows below it, so there are no column names"
        best.insert(0, HeaderGuess(0, best[0].score + 1, (), evidence))
    return best


def _score(
    row: int,
    cells: dict[int, str],
    below: Sequence[dict[int, str]],
    widest: int,
    tables: Sequence[Table],
    frozen_rows: int,
) -> HeaderGuess:
    texts = [text.strip() for text in cells.values() if text.strip()]
    score = 3 * len(texts) / widest
    why = [f"{len(texts)} of {widest} columns are filled"]
    if values := sum(_is_value(text) for text in texts):
        score -= 4 * values / len(texts)
        why.append(f"{values} of them look like data")
    else:
        score += 1
    if len({text.casefold() for text in texts}) == len(texts):
        score += 0.5
    if words := sum(bool(_WORDS.search(text)) and not _is_value(text) for text in texts):
        score += 2 * words / len(texts)
        why.append(f"{words} are words that columns are named with")
    following = below[:10]
    if following:
        columns_below = {c for cells_below in following for c in cells_below}
        named = len(columns_below & cells.keys()) / max(len(columns_below), 1)
        score += 2 * named
        changes = sum(
            any(_is_value(b[c]) for b in following if c in b) for c, t in cells.items() if not _is_value(t)
        )
        if changes:
            score += min(changes, 3) * 0.5
            why.append(f"{changes} have other kinds of values below")
    else:
        score -= 2
        why.append("nothing is below it")
    for table in tables:
        if table.area.top == row and cells.keys() & range(table.area.left, table.area.right + 1):
            score += 6
            why.append(f"the {'table ' + table.name if table.name else 'filter'} begins here")
            break
    if frozen_rows == row:
        score += 1.5
        why.append("the rows above the data are frozen here")
    return HeaderGuess(row, round(score, 2), tuple(texts), ", ".join(why))


def _starts_with_data(first: dict[int, str], below: list[dict[int, str]]) -> bool:
    """Whether the first row has an address or a link where the rows below have one too."""
    if any(_WORDS.search(text) and not _is_value(text) for text in first.values()):
        return False
    return any(
        _VALUE.match(text.strip()) and any(_VALUE.match(row.get(column, "").strip()) for row in below[:10])
        for column, text in first.items()
    )
