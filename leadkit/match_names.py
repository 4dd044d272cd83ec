"""Can two names be one person's? Letters, short forms, double names, initials: one rule for each way to write a name.

Where a rule would also let a brother or a colleague pass, there is none: Daniel is not Daniela, Andrea is not
Andreas, and Meyer is not Meier.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from rapidfuzz.distance import OSA

from leadkit.nicknames import NAMES

#: What two words are worth, 0 to 100, from which on they can be one name.
_AGREES = 70
_OTHER = 30

# -- letters -----------------------------------------------------------------------------------------------

# fmt: off
_LETTERS = str.maketrans({
    "ä": "ae", "ö": "oe", "ü": "ue", "æ": "ae", "ø": "oe", "å": "aa", "œ": "oe", "þ": "th", "ð": "d", "đ": "d",
    "ł": "l", "ı": "i", "й": "y", "'": "", "’": "", "ʼ": "", "`": "", "´": "",
})
_ALPHABETS = str.maketrans(
    dict(zip("абвгґдезиіклмнопрстуфыэє", "abvggdeziiklmnoprstufyee", strict=True))
    | {"ж": "zh", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ю": "yu", "я": "ya", "ь": "", "ъ": ""}
    | dict(zip("αβγδεζηικλμνοπρσςτυφω", "avgdeziiklmnoprsstyfo", strict=True))
    | {"θ": "th", "ξ": "x", "χ": "ch", "ψ": "ps"}
)
#: The ways to write Cyrillic and Greek in the letters of several countries, made one in this order.
_SOUNDS = tuple((re.compile(pattern), sound) for pattern, sound in (
    (r"schtsch|shch", "S"), (r"tsch|tch", "h"), (r"sch|zh|sh", "s"), (r"kh|ch", "h"), (r"ts|tz", "z"), (r"ph", "f"),
    (r"th", "t"), (r"ou", "u"), (r"w", "v"), (r"j", "y"), (r"x", "ks"), (r"mp", "mb"), (r"ck|c(?![eiy])", "k"),
    (r"y[eo]", "e"), (r"(?<=.)i[iy]?(?=[aou])", "y"), (r"iy|ii|y$", "i"), (r"(.)\1", r"\1"),
))
# fmt: on


def plain(text: str) -> str:
    """Lower case in Latin letters, without accents and punctuation; an umlaut is two letters."""
    text = unicodedata.normalize("NFC", text).casefold().translate(_LETTERS)
    bare = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    bare = bare.replace("ου", "ou").translate(_ALPHABETS)
    return " ".join(re.sub(r"[\W_]+", " ", bare).split())


def folded(word: str) -> str:
    """Ü written as ue or as u is one: mueller → muller. Not after a vowel, where Bauer and Baur are two names."""
    return re.sub(r"(?<![aeiouq])([aou])e|aa", lambda letters: letters[1] or "a", word)


def _sound(word: str) -> str:
    for pattern, sound in _SOUNDS:
        word = pattern.sub(sound, word)
    return word


# -- from cells to a name ----------------------------------------------------------------------------------

_TITLES = frozenset(
    "dr prof professor mr mrs ms miss mme mlle monsieur madame herr frau hr fr sir dame ing dipl mag mgr drs dott "  # noqa: SIM905
    "dottssa sig sra phd msc bsc mba ma md cpa cfa pmp esq habil med jur univ lic llm fca".split()
)
#: The same, where dots or blanks are part of it. Not at the start: M.A. Stone is a person's initials.
_DEGREES = re.compile(
    r"(?<=[\w,.)] )(?:ph\.? ?d|[mb]\.(?:a|sc?|eng)|[mb]\.? sc|m\.b\.a|m\.d|ll\.? ?[mb]|h\.? ?c"
    r"|rer\.? ?(?:nat|pol|oec))\b|\(fh\)|\bdott\.ssa"
)
_PARTICLES = frozenset(
    "van von v d vd de der den del della di da do dos du la le los las el al ul bin bint ibn ben ter ten te zu zur "  # noqa: SIM905
    "zum vom y und geb geborene nee born".split()
)
_GENERATIONS = {
    **dict.fromkeys(("jr", "jun", "junior", "filho", "hijo"), "junior"),
    **dict.fromkeys(("sr", "sen", "senior"), "senior"),
    **{word: word for word in ("ii", "iii", "iv", "neto")},
}
_PATRONYMIC = re.compile(r".{3,}([oe][vw]i(ch|c|tch|tsch)|[oei][vw]na|ichna)")
_MOST_WORDS = 8


@dataclass(frozen=True, slots=True)
class Name:
    """A name's words in plain letters. Without two columns nobody knows where the family name starts."""

    words: tuple[str, ...]
    given: int  # words[:given] may be given names
    family: int  # words[family:] may be family names
    generation: str
    letters: str  # all of them, of particles too

    @classmethod
    def read(cls, first: str, last: str, whole: str) -> Name | None:
        """From cells, empty for none. None without both a first and a last name."""
        if not (first and last):
            last, comma, first = _DEGREES.sub(" ", whole.casefold()).partition(",")
            after = set(plain(first).split())
            if not comma or after <= _TITLES | _GENERATIONS.keys():  # not "Stone, Anna" but "Anna Stone, MBA"
                first, last = "", f"{last} {first}"
        given, family = _words(first, keep=0), _words(last, keep=0 if first else 1)
        generation = ""
        for part in (family, given):
            if len(part) > (1 if first else 2) and part[-1] in _GENERATIONS:
                generation = _GENERATIONS[part.pop()]
        letters = "".join(given + family)
        given, family = _without_particles(given), _without_particles(family, whole=not first)
        words = (*given, *family)[:_MOST_WORDS]
        if len(words) < 2:
            return None
        bounds = (len(given), len(given)) if given else (len(words) - 1, 1)
        return cls(words, *bounds, generation, letters)

    @property
    def family_words(self) -> frozenset[str]:
        """The words that may be family names."""
        return frozenset(self.words[self.family :])


def _words(text: str, keep: int) -> list[str]:
    """The words without titles, as long as more than ``keep`` remain: Lin Ma is no Master of Arts."""
    words = plain(_DEGREES.sub(" ", text.casefold())).split()
    kept = [word for word in words if word not in _TITLES]
    return kept if len(kept) > keep else words


def _without_particles(words: list[str], *, whole: bool = False) -> list[str]:
    """The words that tell people apart. In a whole name a letter at either end is an initial: D. Stone, Anna V."""
    ends = {0, len(words) - 1} if whole else set()
    kept = [
        word
        for place, word in enumerate(words)
        if word not in _PARTICLES or (len(word) == 1 and place in ends)
    ]
    if len(kept) > 2:
        kept = [word for word in kept if not _PATRONYMIC.fullmatch(word)] or kept
    return kept or words


# -- two names ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike two names are, each part 0 to 100, and why."""

    first: int
    last: int
    further: int  # middle names, second family names, Jr and Sr
    why: str

    @property
    def score(self) -> float:
        return self.first * self.last * self.further / 10_000


def likeness(mine: Name, theirs: Name, *, own_firm: bool = False) -> Likeness:
    """The best way to lay one name on the other.

    ``own_firm``: the company bears the family's name, so that its people share theirs.
    """
    if folded(mine.letters) == folded(theirs.letters):
        best = Likeness(100, 100, 100, "name agrees")
    else:
        best = Likeness(0, 0, 0, "name differs")
        for swapped in (False, True):
            for i, j, k, m in itertools.product(*(range(len(name.words)) for name in (mine, theirs) * 2)):
                if i == k or j == m or i >= mine.given or k < mine.family:
                    continue
                given, family = (m, j) if swapped else (j, m)
                if given < theirs.given and family >= theirs.family:
                    # In the other order nobody knows whose column is right, and which of the pairs are first names.
                    for places in ((i, j, k, m), (k, m, i, j))[: 1 + swapped]:
                        best = max(best, _laid(mine, theirs, places, swapped, own_firm), key=_by_score)
    if mine.generation == theirs.generation:
        return best
    if mine.generation and theirs.generation:
        further, why = 30, f"one is {mine.generation}, the other {theirs.generation}"
    else:
        further, why = 60 if own_firm else 90, f"only one is {mine.generation or theirs.generation}"
    return replace(best, further=best.further * further // 100, why=f"{best.why}, {why}")


def share_first_name(mine: Name, theirs: Name) -> bool:
    """Whether any of the first names agree, whatever the last names are."""
    given = itertools.product(mine.words[: mine.given], theirs.words[: theirs.given])
    return any(_first_names(one, other)[0] >= _AGREES for one, other in given)


def _by_score(found: Likeness) -> float:
    return found.score


def _laid(
    mine: Name, theirs: Name, places: tuple[int, int, int, int], swapped: bool, own_firm: bool
) -> Likeness:
    """One way: first names at the first two places, last names at the other two."""
    i, j, k, m = places
    first, why_first = _first_names(mine.words[i], theirs.words[j], own_firm)
    last, why_last = _last_names(mine.words[k], theirs.words[m])
    further, why_further = _further(
        [word for place, word in enumerate(mine.words) if place not in (i, k)],
        [word for place, word in enumerate(theirs.words) if place not in (j, m)],
    )
    why = f"first name {why_first}, last name {why_last}{why_further}"
    if swapped:
        # Thomas Martin is not Martin Thomas, and with anything else to forgive it is rarely one name.
        doubtful = {mine.words[i], mine.words[k]} <= _GIVEN_NAMES or further < 100 or min(first, last) < 93
        further = further * (60 if doubtful else 92) // 100
        why += ", in the other order"
    return Likeness(first, last, further, why)


def _further(mine: Sequence[str], theirs: Sequence[str]) -> tuple[int, str]:
    """One side may leave further names out; where both have some that the other has not, they are two people."""
    if all(_lone(mine, theirs)):
        return 50, ", further names differ"
    if any(_lone(mine, theirs)) or len(mine) != len(theirs):
        return 95, ", one has a further name"
    return 100, ""


def _lone(mine: Sequence[str], theirs: Sequence[str]) -> tuple[bool, bool]:
    """For each side, whether it has a word that nothing on the other side agrees with."""
    agree = [[_first_names(one, other)[0] >= _AGREES for other in theirs] for one in mine]
    return not all(map(any, agree)), not all(any(row[n] for row in agree) for n in range(len(theirs)))


_GIVEN_NAMES = frozenset(plain(word) for line in NAMES for word in line)
_SHORT_FORMS = frozenset(pair for line in NAMES for pair in itertools.permutations(map(plain, line), 2))
#: Family names whose spellings are one name when they sound alike. Others are two then: Meyer and Meier.
_TRANSLITERATED = re.compile(r".{3,}([oe]va?|[iy]na?|ski|skaya|enko|uk|h|yak|[aiou]dis|akis|pulo[su]|pulu)")


@lru_cache(maxsize=10_000)  # to lay a name on another, the same words are compared in many ways
def _first_names(mine: str, theirs: str, own_firm: bool = False) -> tuple[int, str]:
    if mine == theirs:
        return 100, "agrees"
    if folded(mine) == folded(theirs):
        return 97, "agrees but for accents"
    if (mine, theirs) in _SHORT_FORMS:
        return 93, "is a short form"
    if _sound(folded(mine)) == _sound(folded(theirs)):
        return 92, "sounds the same"
    if 1 in (len(mine), len(theirs)) and mine[0] == theirs[0]:
        # In a family's own firm, A. Stone may be anybody.
        return (65, "is an initial, at the family's own firm") if own_firm else (85, "is an initial")
    if {mine, theirs} <= _GIVEN_NAMES:
        return _OTHER, "differs"
    return _spelling(mine, theirs)


@lru_cache(maxsize=10_000)
def _last_names(mine: str, theirs: str) -> tuple[int, str]:
    if mine == theirs:
        return 100, "agrees"
    if folded(mine) == folded(theirs):
        return 97, "agrees but for accents"
    if (sound := _sound(mine)) == _sound(theirs) and _TRANSLITERATED.fullmatch(sound):
        return 92, "sounds the same"
    if 1 in (len(mine), len(theirs)) and mine[0] == theirs[0]:
        return 70, "is an initial"
    return _spelling(mine, theirs)


def _spelling(mine: str, theirs: str) -> tuple[int, str]:
    """A slip of the keyboard, inside a word: another ending is another name, as of Daniel and Daniela."""
    inside = (mine[0], mine[-1]) == (theirs[0], theirs[-1]) and min(len(mine), len(theirs)) > 4
    if not inside or OSA.distance(mine, theirs) != 1:
        return _OTHER, "differs"
    if sorted(mine) == sorted(theirs):
        return 90, "has two letters the other way round"
    return 72, "is a letter apart"  # so are Meyer and Meier: the title has to agree as well
