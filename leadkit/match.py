"""Is whoever came back the person of the row? A score with its reasons, by rules that can be read.

A name search can return a namesake, and a wrong person's address is worse than none. What the provider says is
compared with the row's own name, company, domain and title. Below :data:`THRESHOLD` the row is *ambiguous*: it gets
a note and no data, and nothing further is bought for it without a person's word.

First name, last name and company are each worth 0 to 100, and the score is their product: all of them have to
agree, and two weak agreements are weaker than one. Titles change too often to count for more than a little.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rapidfuzz.distance import OSA
from rapidfuzz.fuzz import token_set_ratio

from leadkit.keys import Unusable, key, text_of
from leadkit.match_names import Name, folded, likeness, plain, share_first_name

#: From 0 to 100. Chosen on one half of the labelled pairs in ``tests/match``; the README has what it reaches on the
#: other half.
THRESHOLD = 75

_OTHER_COMPANY = 30
#: A name alone is shared by many.
_NO_COMPANY = 65
#: What an equal title adds to the score.
_TITLE = 5
#: From this likeness on, of 100, two titles are equal.
_TITLE_ALIKE = 75


@dataclass(frozen=True, slots=True)
class Match:
    """How well a found person fits a row: 0 to 100, and why, for a person to read."""

    score: int
    reasons: str

    @property
    def ambiguous(self) -> bool:
        """Whether a person has to look before the answer may be used."""
        return self.score < THRESHOLD


def compare(row: Mapping[str, Any], found: Mapping[str, Any]) -> Match:
    """Compare a row with whoever came back. Nothing in a cell makes this raise.

    Parameters
    ----------
    row
        The row's own cells: any of ``full_name``, ``first_name``, ``last_name``, ``company``, ``domain``, ``title``,
        ``company_id``, ``email``, ``linkedin``.
    found
        The answer: any of ``full_name``, ``first_name``, ``last_name``, ``company`` or ``company_name``,
        ``company_id``, ``company_domain`` or ``domain``, ``title`` or ``job_title``, ``email``, ``linkedin_url``;
        and ``matched_by`` when the provider says what it found the person by.
    """
    mine, theirs = _name(row), _name(found)
    if identity := _same_identity(row, found):
        return _known_by(identity, mine, theirs)
    if not mine or not theirs:
        return Match(0, "no name to compare")
    employers = _Employer.of(row), _Employer.of(found)
    family = mine.family_words | theirs.family_words
    name = likeness(mine, theirs, own_firm=any(family & employer.words for employer in employers))
    company, why = _companies(*employers, family)
    score = name.score * company / 100
    reasons = [name.why, why]
    titles = plain(_text(row, "title")), plain(_text(found, "title", "job_title"))
    if all(titles):
        alike = _same_title(*titles)
        score += _TITLE if alike else 0
        reasons.append("title agrees" if alike else "title differs")
    return Match(min(100, round(score)), "; ".join(reasons))


def _name(values: Mapping[str, Any]) -> Name | None:
    return Name.read(*(_text(values, field) for field in ("first_name", "last_name", "full_name")))


def _same_identity(row: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    """What names one person on both sides: "profile", "address", "id"; empty if nothing does."""
    profile, address = _key("linkedin", row.get("linkedin")), _key("email", row.get("email"))
    by = found.get("matched_by")
    if profile and (by == "LinkedIn profile" or profile == _key("linkedin", found.get("linkedin_url"))):
        return "profile"
    personal = address and address.partition("@")[0] not in _SHARED_MAILBOXES
    if personal and (by == "e-mail" or address == _key("email", found.get("email"))):
        return "address"
    return "id" if by == "LeadIQ id" else ""


_SHARED_MAILBOXES = frozenset(
    "info office contact kontakt hello mail post team sales vertrieb support service admin hr jobs marketing "  # noqa: SIM905
    "billing accounting buchhaltung einkauf press presse privacy reception sekretariat zentrale".split()
)


def _known_by(identity: str, mine: Name | None, theirs: Name | None) -> Match:
    """A profile or an address is the person, whatever company and family name have become since."""
    if not mine or not theirs:
        return Match(100, f"{identity} agrees")
    name = likeness(mine, theirs)
    if name.score >= THRESHOLD or share_first_name(mine, theirs):
        return Match(100, f"{identity} agrees; {name.why}")
    return Match(round(name.score), f"{identity} agrees, but {name.why}")


def _same_title(mine: str, theirs: str) -> bool:
    """Most words in common, or one the initials of the other (CEO)."""
    alike = token_set_ratio(mine, theirs) >= _TITLE_ALIKE
    return alike or _is_initials(mine, theirs) or _is_initials(theirs, mine)


# -- companies ---------------------------------------------------------------------------------------------

#: Words about law, structure and place: with or without them it is the same company, as far as a name can tell.
_FILLERS = frozenset(
    "the group gruppe groupe gruppo grupo holding holdings international intl global worldwide company gesellschaft "  # noqa: SIM905
    "mbh aktiengesellschaft ab as kk pt ooo eood ehf sa spa srl societa per azioni and und et of de "
    "deutschland germany austria schweiz suisse switzerland europe emea usa us uk france italia espana".split()
)
#: Words with which many companies start: to have one in common proves nothing.
_COMMON = frozenset(
    "nordic alpine baltic atlantic pacific european deutsche german swiss american british royal united general "  # noqa: SIM905
    "first national central north south east west northern southern eastern western new old open smart future "
    "alpha beta delta omega sigma atlas phoenix summit apex meridian horizon pioneer star sun blue green red black "
    "white silver gold golden digital data net tech cyber info media energy health capital bio eco euro city "
    "stadtwerke universitaet university college school schule gymnasium bank sparkasse volksbank raiffeisenbank "
    "klinikum krankenhaus hospital clinic caritas diakonie hotel autohaus apotheke".split()
)
_FORMERLY = re.compile(r"\b(?:formerly|previously|ehemals|vormals|früher|aka|dba|part of)\b", re.IGNORECASE)
_IN_BRACKETS = re.compile(r"\([^()]*\)")
#: The ending of a host: ``.com``, ``.co.uk``.
_ENDING = re.compile(r"(\.(co|com|org|net|ac|gov))?\.[^.]+$")


@dataclass(frozen=True, slots=True)
class _Employer:
    names: tuple[tuple[str, ...], ...]  # the words of the name, and of a former one
    hosts: tuple[str, ...]
    id: str | None = None  # the provider's own

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> _Employer:
        cell = _text(values, "company_name", "company")
        parts = _FORMERLY.split(cell)
        texts = [
            _key("company", part) for part in (parts if len(parts) > 1 else [_IN_BRACKETS.sub(" ", cell)])
        ]
        hosts = [_host(values.get(field)) for field in ("company_domain", "domain", "email")]
        return cls(
            tuple(words for text in texts if text and (words := _core(plain(text).split()))),
            tuple(host for host in hosts if host),
            _key("id", values.get("company_id")),
        )

    @property
    def words(self) -> frozenset[str]:
        """All words of names and domains."""
        labels = (re.split(r"[.-]", _site(host)) for host in self.hosts)
        return frozenset(itertools.chain(*self.names, *labels))


def _core(words: Sequence[str]) -> tuple[str, ...]:
    return tuple(word for word in words if word not in _FILLERS) or tuple(words)


def _host(cell: Any) -> str | None:
    """A company's domain; None for none, and for one that gives mailboxes to everybody."""
    host = _key("domain", cell)
    return host and _key("domain", f"x@{host}")


def _site(host: str) -> str:
    return _ENDING.sub("", host)


def _companies(mine: _Employer, theirs: _Employer, family: frozenset[str]) -> tuple[int, str]:
    """What ids say, else domains, else names, else the one side's name and the other's domain."""
    if mine.id and mine.id == theirs.id:
        return 100, "company id agrees"
    named = [_company_names(one, other, family) for one in mine.names for other in theirs.names]
    names, why = max(named, default=(0, ""))
    hosts = list(itertools.product(mine.hosts, theirs.hosts))
    if any(one == other or one.endswith(f".{other}") or other.endswith(f".{one}") for one, other in hosts):
        return 100, "domain agrees"
    if any(_site(one) == _site(other) for one, other in hosts):  # .com and .de
        if not names or names >= THRESHOLD:
            return 92, "domain agrees but for its ending"
        return names, f"{why}, and so does the domain's ending"
    if hosts:
        if names < 100:
            return _OTHER_COMPANY, f"{why}, domain differs" if names else "domain differs"
        # Many firms may be called Mercury; few Mercury Steel Pipes.
        shortest = min(len(name) for name in (*mine.names, *theirs.names))
        return (65 if shortest == 1 else 85), f"{why}, but domain differs"
    crossed = [
        _name_and_host(name, host, family)
        for one, other in ((mine, theirs), (theirs, mine))
        for name, host in itertools.product(one.names, other.hosts)
    ]
    best = max([(names, why), *crossed])
    return best if best[0] else (_NO_COMPANY, "no company to compare")


def _company_names(mine: tuple[str, ...], theirs: tuple[str, ...], family: frozenset[str]) -> tuple[int, str]:
    a, b = folded("".join(mine)), folded("".join(theirs))
    if a == b or sorted(mine) == sorted(theirs):
        return 100, "company agrees"
    short, long = sorted((mine, theirs), key=len)
    if len(short) == 1 and _is_initials(short[0], " ".join(long)):
        return 82, "company is abbreviated"
    if len(mine) == len(theirs) and all(map(_is_short_for, mine, theirs)):
        return 85, "company is abbreviated"
    if long[: len(short)] == short:
        return _part(short, family)
    if min(len(a), len(b)) >= 8 and OSA.distance(a, b) == 1:
        return 85, "company is a letter apart"
    return _OTHER_COMPANY, "company differs"


def _name_and_host(name: tuple[str, ...], host: str, family: frozenset[str]) -> tuple[int, str]:
    """What a domain says about a name. That they differ says nothing: many domains are abbreviations."""
    labels = {label.replace("-", "") for label in _site(host).split(".")}
    if "".join(name) in labels:
        return 95, "domain is the company's name"
    if any(_is_initials(label, " ".join(name)) for label in labels):
        return 82, "domain is the company's initials"
    starts = (name[:length] for length in range(len(name) - 1, 0, -1))
    return next((_part(start, family) for start in starts if "".join(start) in labels), (0, ""))


def _part(shared: tuple[str, ...], family: frozenset[str]) -> tuple[int, str]:
    """A company and a branch of it; but a common word, or the person's own name, is shared by strangers."""
    if set(shared) <= _COMMON | family:
        return 50, "company has one common word"
    return 80, "company agrees in part"


def _is_initials(short: str, long: str) -> bool:
    return len(short) > 2 and short == "".join(word[0] for word in long.split())


def _is_short_for(mine: str, theirs: str) -> bool:
    """Equal, or one with letters left out, but not its first: st for street, wks for works."""
    short, long = sorted((mine, theirs), key=len)
    letters = iter(long)
    left_out = short[:1] == long[:1] and 1 < len(short) < 5 and all(letter in letters for letter in short)
    return short == long or left_out


# -- cells -------------------------------------------------------------------------------------------------


def _key(kind: str, cell: Any) -> str | None:
    try:
        return key(kind, cell)
    except Unusable:
        return None


def _text(values: Mapping[str, Any], *names: str) -> str:
    """The first of the cells that says something."""
    for name in names:
        try:
            if text := text_of(values.get(name)):
                return text
        except Unusable:
            continue
    return ""
