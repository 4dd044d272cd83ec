"""Is whoever came back the person of the row? A score with its reasons, by rules that can be read.

A name search can return a namesake, and a wrong person's address is worse than none. What the provider says is
compared with the row's own name, company, domain and title. Below :data:`THRESHOLD` the row is *ambiguous*: it gets
a note and no data, and nothing further is bought for it without a person's word.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rapidfuzz.distance import JaroWinkler
from rapidfuzz.fuzz import ratio, token_set_ratio

from leadkit.keys import Unusable, key

#: From 0 to 100. Chosen on the labelled pairs in ``tests/match``; the README has what it reaches there.
THRESHOLD = 75

#: How much each part says. What either side lacks says nothing, and the rest counts for more.
_WEIGHTS = {"name": 60, "company": 35, "title": 5}
#: A name alone is shared by many.
_NAME_ALONE_AT_MOST = 70
#: Two names that are this different are two people, whatever else agrees.
_OTHER_NAME = 60

_LETTERS = str.maketrans(
    {
        "ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "ø": "oe", "å": "aa", "œ": "oe", "þ": "th",
        "ð": "d", "đ": "d", "ł": "l", "ı": "i",
    }
)  # fmt: skip
_TITLES = {
    "dr",
    "prof",
    "mr",
    "mrs",
    "ms",
    "herr",
    "frau",
    "ing",
    "dipl",
    "mag",
    "phd",
    "mba",
    "jr",
    "sr",
    "sir",
}
_PARTICLES = set("van von de der den del della di da do dos la le el al bin ter zu".split())

#: Short names and their long forms; each line is one name.
_NICKNAMES = [
    line.split()
    for line in """
    alexander alex sascha sasha xander alec
    alexandra alex sandra sasha
    andreas andrew andy andre andrea
    anthony tony antonio anton toni
    barbara babs barb
    benjamin ben benny
    catherine katherine kathryn katharina kate cathy kathy katie kat katja catarina
    charles charlie chuck carlos karl carl
    christian chris
    christina christine chris tina christa kristina
    christopher chris christoph kris
    daniel dan danny
    david dave
    edward ed eddie ted eduard eduardo
    elizabeth elisabeth liz beth lisa betty eliza elise lizzie elsa
    eugene gene
    frederick fred freddy friedrich fritz frederik
    gabriele gabi gaby
    george georg jorge jurgen juergen
    gregory greg
    gerald gerry jerry
    hans johannes johann john jan
    henry henrik heinrich harry hank enrique
    jacob jakob jack jake
    james jim jimmy jamie
    jennifer jen jenny
    john jon jack johnny juan giovanni jean
    jonathan jon
    joseph joe josef jose sepp joey giuseppe pepe
    kenneth ken kenny
    lawrence larry laurence lars
    leonard leo len
    margaret maggie meg peggy greta margarete margarethe margarita
    matthew matt matthias
    maximilian max
    michael mike mick michel miguel michele
    nicholas nick niklas nikolaus nico nicolas klaus
    nicole nicky
    patricia pat patty trish
    patrick pat paddy
    peter pete pedro pierre
    philip phil philipp philippe
    raymond ray
    rebecca becky
    richard rick dick rich ricardo
    robert bob rob bobby robbie bert roberto
    ronald ron
    samantha sam
    samuel sam sammy
    sebastian seb basti bastian
    stephen steven steve stefan stephan
    stephanie steffi steph stefanie
    susan sue susanne susanna suzanne suzy
    theodore ted theo
    thomas tom tommy tomas
    timothy tim
    ulrich uli
    valerie val
    victoria vicky
    vincent vince
    walter walt
    wilhelm william bill will billy willi guillermo liam
    wolfgang wolf
    """.strip().splitlines()
]


@dataclass(frozen=True, slots=True)
class Match:
    """How well a found person fits a row: 0 to 100, and why, for a person to read."""

    score: int
    reasons: str

    @property
    def ambiguous(self) -> bool:
        return self.score < THRESHOLD


def compare(row: Mapping[str, Any], found: Mapping[str, Any]) -> Match:
    """Compare a row with whoever came back.

    Parameters
    ----------
    row
        The row's own cells: any of ``full_name``, ``first_name``, ``last_name``, ``company``, ``domain``, ``title``,
        ``email``, ``linkedin``.
    found
        The answer: any of ``full_name``, ``first_name``, ``last_name``, ``company`` or ``company_name``,
        ``company_domain``, ``title``, ``email``, ``linkedin_url``.
    """
    scores: dict[str, float] = {}
    reasons: list[str] = []
    mine, theirs = _name(row), _name(found)
    if mine and theirs:
        scores["name"], why = _names(mine, theirs)
        reasons.append(why)
    company = _company(row, found)
    if company is not None:
        scores["company"], why = company
        reasons.append(why)
    titles = _text(row, "title"), _text(found, "title", "job_title")
    if all(titles):
        scores["title"] = token_set_ratio(_plain(titles[0]), _plain(titles[1]))
        reasons.append(f"title {scores['title']:.0f}")
    if _same_identity(row, found):
        # The profile or address itself is the person; only another name speaks against it.
        if scores.get("name", 100) >= _OTHER_NAME:
            return Match(100, "; ".join(["the same profile or address", *reasons]))
        return Match(min(THRESHOLD - 1, round(scores["name"])), "; ".join(["another name", *reasons]))
    if "name" not in scores:
        return Match(0, "; ".join(["no name to compare", *reasons]))
    total = sum(_WEIGHTS[part] * score for part, score in scores.items())
    score = total / sum(_WEIGHTS[part] for part in scores)
    if scores["name"] < _OTHER_NAME:
        score = min(score, scores["name"])
    if "company" not in scores:
        score = min(score, _NAME_ALONE_AT_MOST)
        reasons.append("no company to compare")
    return Match(round(score), "; ".join(reasons))


def _same_identity(row: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
    for kind, mine, theirs in (("linkedin", "linkedin", "linkedin_url"), ("email", "email", "email")):
        try:
            asked, came = key(kind, row.get(mine)), key(kind, found.get(theirs))
        except Unusable:
            continue
        if asked is not None and asked == came:
            return True
    return False


# -- names -------------------------------------------------------------------------------------------------


def _name(values: Mapping[str, Any]) -> tuple[list[str], list[str]] | None:
    """First and last names as plain words; None without both."""
    first, last = _text(values, "first_name"), _text(values, "last_name")
    if first and last:
        return _words(first), _last_words(last)
    whole = _text(values, "full_name")
    if not whole:
        return None
    if "," in whole:  # Stone, Anna
        last, _, first = whole.partition(",")
        return (_words(first), _last_words(last)) if _words(first) else None
    words = _words(whole)
    return (words[:1], [word for word in words[1:] if word not in _PARTICLES]) if len(words) > 1 else None


def _last_words(text: str) -> list[str]:
    return [word for word in _words(text) if word not in _PARTICLES] or _words(text)


def _words(text: str) -> list[str]:
    return [word for word in _plain(text).split() if word not in _TITLES]


def _plain(text: str) -> str:
    """Lower case, without accents and punctuation; umlauts as two letters."""
    text = unicodedata.normalize("NFC", text).casefold().translate(_LETTERS)
    bare = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return " ".join(re.sub(r"[^\w]+|_", " ", bare.replace("'", "").replace("’", "")).split())


def _names(
    mine: tuple[Sequence[str], Sequence[str]], theirs: tuple[Sequence[str], Sequence[str]]
) -> tuple[float, str]:
    first, why_first = _first_names(mine[0], theirs[0])
    last, why_last = _last_names(mine[1], theirs[1])
    if first < 90 or last < 90:  # given name and family name the other way round
        turned = min(_first_names(mine[0], theirs[1])[0], _last_names(mine[1], theirs[0])[0])
        if turned >= 90:
            return turned - 5, "first and last name swapped"
    # Both have to agree: a brother shares the one, a stranger the other.
    return min(first, last) * 0.7 + max(first, last) * 0.3, f"first name {why_first}, last name {why_last}"


def _first_names(mine: Sequence[str], theirs: Sequence[str]) -> tuple[float, str]:
    best: tuple[float, str] = (0, "differs")
    for a in mine:
        for b in theirs:
            if a == b:
                return 100, "agrees"
            if _folded(a) == _folded(b):
                best = max(best, (97, "agrees but for accents"))
            elif any(a in line and b in line for line in _NICKNAMES):
                best = max(best, (93, "is a short form"))
            elif (len(a) == 1 or len(b) == 1) and a[0] == b[0]:
                best = max(best, (85, "is an initial"))
            else:
                near = JaroWinkler.similarity(a, b) * 100
                best = max(best, (near if near >= 90 else near * 0.6, f"is {near:.0f} % alike"))
    return best


def _last_names(mine: Sequence[str], theirs: Sequence[str]) -> tuple[float, str]:
    a, b = "".join(mine), "".join(theirs)
    if a == b:
        return 100, "agrees"
    if _folded(a) == _folded(b):
        return 97, "agrees but for accents"
    shared = {_folded(word) for word in mine if len(word) > 2} & {
        _folded(word) for word in theirs if len(word) > 2
    }
    if shared:
        return 90, "agrees in one part"  # a double name, or one taken by marriage beside the old one
    near = ratio(_folded(a), _folded(b))
    return (near if near >= 85 else near * 0.6), f"is {near:.0f} % alike"


def _folded(word: str) -> str:
    """Two ways to write an umlaut are one, and so are doubled letters of a transliteration."""
    for pair, single in (
        ("ae", "a"),
        ("oe", "o"),
        ("ue", "u"),
        ("aa", "a"),
        ("ss", "s"),
        ("ph", "f"),
        ("ck", "k"),
    ):
        word = word.replace(pair, single)
    for sound, other in (
        ("tsch", "c"),
        ("sch", "sh"),
        ("yu", "ju"),
        ("ya", "ja"),
        ("iy", "y"),
        ("ij", "y"),
        ("w", "v"),
    ):
        word = word.replace(sound, other)
    return word.replace("y", "i").replace("j", "i").replace("ii", "i")


# -- companies ---------------------------------------------------------------------------------------------


def _company(row: Mapping[str, Any], found: Mapping[str, Any]) -> tuple[float, str] | None:
    """The better of what domains and names say; None when there is nothing to compare."""
    results: list[tuple[float, str]] = []
    domains = (
        _key("domain", row.get("domain") or row.get("email")),
        _key("domain", found.get("company_domain")),
    )
    if all(domains) and domains[0] not in _FREE_MAIL:
        same = domains[0] == domains[1] or _site(domains[0]) == _site(domains[1])
        results.append((100, "domain agrees") if same else (30, "domain differs"))
    names = (
        _key("company", _text(row, "company")),
        _key("company", _text(found, "company_name", "company")),
    )
    if all(names):
        mine, theirs = _plain(names[0] or ""), _plain(names[1] or "")
        alike = max(token_set_ratio(mine, theirs), ratio(_folded(mine), _folded(theirs)))
        # Words that every third company has prove nothing by themselves.
        if len(set(mine.split()) & set(theirs.split()) - _COMMON_WORDS) == 0 and alike < 90:
            alike *= 0.6
        results.append((alike, f"company {alike:.0f} % alike"))
    return max(results) if results else None


_COMMON_WORDS = set("group holding international consulting services solutions systems partners the".split())
#: Addresses there say nothing about an employer.
_FREE_MAIL = set(
    "gmail.com googlemail.com outlook.com hotmail.com yahoo.com icloud.com gmx.de web.de gmx.net".split()
)


def _site(domain: str | None) -> str:
    """The name before the ending: a company's .com and .de are one company more often than not."""
    return (domain or "").rsplit(".", 1)[0]


def _key(kind: str, cell: Any) -> str | None:
    try:
        return key(kind, cell)
    except Unusable:
        return None


def _text(values: Mapping[str, Any], *names: str) -> str:
    for name in names:
        if isinstance(value := values.get(name), str) and value.strip():
            return value
    return ""
