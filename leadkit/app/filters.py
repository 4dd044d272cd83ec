"""A form for the filters of a search, made from what the search documents of them.

A field's kind follows from the filter's own words; what was filled in becomes a value that the search takes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import marimo as mo

from leadkit.app import panels
from leadkit.app.show import escaped
from leadkit.errors import InputError
from leadkit.providers.base import Search

Kind = Literal["text", "several", "number", "yes or no", "one of", "some of"]

#: Provider and step → the filters that most searches use, in the order in which a form shows them.
FIRST: Mapping[tuple[str, str], Sequence[str]] = {
    ("leadleap", "search_people"): (
        "country",
        "industry",
        "department",
        "job_level",
        "company_size",
        "sector",
    ),
    ("leadiq", "search_people"): (
        "titles",
        "seniorities",
        "roles",
        "locations",
        "company_domains",
        "company_names",
        "industries",
        "company_sizes",
    ),
    ("leadiq", "search_companies"): (
        "company_names",
        "company_domains",
        "industries",
        "company_sizes",
        "company_locations",
        "technologies",
    ),
    ("leadiq", "job_changes"): (
        "changes",
        "changed_after",
        "titles",
        "seniorities",
        "locations",
        "industries",
    ),
    ("leadfeeder", "search_people"): (
        "search_terms",
        "positions",
        "departments",
        "hierarchy_levels",
        "company_ids",
        "has_email",
    ),
    ("leadfeeder", "search_companies"): (
        "search_terms",
        "locations",
        "employee_ranges",
        "industry_codes",
        "revenue_min",
        "has_email",
    ),
}
_NUMBER = re.compile(r"a number( of employees)?|a year\b.*|US dollars")
_ONE_VALUE = re.compile(r"(a|an|one of|part of|how) ")
_SOME_OF = re.compile(r"one or more of (\w+(?:, \w+)+)")
_WORDS = re.compile(r"\w+(?:, \w+)* or \w+")
#: Filters whose values hold commas themselves: names, titles, and places as "city, state, country".
_WITH_COMMAS = re.compile(r"(names|titles|positions|terms|locations)$")
#: Words of a filter's name that are not written in small letters.
_SPELT = {
    "icp": "ICP",
    "id": "ID",
    "ids": "IDs",
    "ip": "IP",
    "linkedin": "LinkedIn",
    "naics": "NAICS",
    "sic": "SIC",
    "urls": "URLs",
}


@dataclass(frozen=True, slots=True)
class Field:
    """One filter as a form shows it; ``words`` are the values to choose from, where they are fixed."""

    name: str
    kind: Kind
    takes: str
    words: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        words = " ".join(_SPELT.get(word, word) for word in self.name.split("_"))
        return words[0].upper() + words[1:]

    @property
    def hint(self) -> str:
        """What it takes, for whoever types and does not program; nothing where it lists what there is."""
        if self.kind not in ("text", "several", "number"):
            return ""
        plain = re.sub(r"\(\d+, \d+\), | or a list( of these)?|\bone or more (of )?", "", self.takes)
        return re.sub(r"\((\d+), None\)", r"\1+", plain)


def fields(search: Search) -> tuple[list[Field], list[Field]]:
    """The fields of a form: those to begin with, and all others."""
    first = FIRST.get((search.provider, search.step), tuple(search.filters)[:6])
    found = {name: _field(name, takes) for name, takes in search.filters.items()}
    return [found[name] for name in first], [field for name, field in found.items() if name not in first]


def _field(name: str, takes: str) -> Field:
    plain = re.sub(r"^not these: | \(.*?\)", "", takes)
    if takes == "true or false":
        return Field(name, "yes or no", "yes or no")
    if _NUMBER.fullmatch(takes):
        return Field(name, "number", takes)
    if some := _SOME_OF.fullmatch(plain):
        return Field(name, "some of", takes, tuple(some[1].split(", ")))
    if _WORDS.fullmatch(plain):
        words = tuple(re.split(r", | or ", plain))
        return (
            Field(name, "some of", takes, words[:-1])
            if words[-1] == "both"
            else Field(name, "one of", takes, words)
        )
    return Field(name, "text" if _ONE_VALUE.match(takes) else "several", takes)


def form(shown: Sequence[Field], values: Mapping[str, Any]) -> mo.ui.dictionary:
    """A field for each filter, filled in with the values of an earlier search."""
    return mo.ui.dictionary({field.name: _element(field, values.get(field.name)) for field in shown})


def panel(shown: Sequence[Field], filled_in: mo.ui.dictionary) -> mo.Html:
    """The form as a page shows it: its fields side by side, below each what it takes."""
    return panels.grid(
        f'{filled_in.elements[field.name]}<p class="lk-hint">{escaped(field.hint)}</p>' for field in shown
    )


def _element(field: Field, value: Any) -> Any:
    if field.kind == "yes or no":
        options = {"yes": True, "no": False}
        answered = next((word for word, answer in options.items() if answer is value), None)
        return mo.ui.dropdown(
            options, value=answered, allow_select_none=True, label=field.label, full_width=True
        )
    if field.kind == "one of":
        return mo.ui.dropdown(
            field.words, value=value, allow_select_none=True, label=field.label, full_width=True
        )
    if field.kind == "some of":
        chosen = [word for word in value or () if word in field.words]
        return mo.ui.multiselect(field.words, value=chosen, label=field.label, full_width=True)
    # A number, too: marimo's own field for numbers cannot be left empty.
    text = "; ".join(value) if isinstance(value, list) else "" if value is None else str(value)
    return mo.ui.text(value=text, label=field.label, full_width=True)


def read(shown: Sequence[Field], filled_in: Mapping[str, Any]) -> dict[str, Any]:
    """What was filled in, as filters: name → value; what was left empty is left out.

    Raises
    ------
    InputError
        Nothing but separators stands in a field, or no number where one belongs. Nothing was sent.
    """
    found = {}
    for field in shown:
        value = filled_in.get(field.name)
        if isinstance(value, str):
            value = _typed(field, value.strip())
        if value not in (None, "", []):
            found[field.name] = value
    return found


def _typed(field: Field, text: str) -> Any:
    if not text or field.kind not in ("several", "number"):
        return text
    if field.kind == "several":
        return _split(field, text)
    digits = text.replace(",", "").replace(" ", "")
    if not digits.isdecimal():
        msg = f"{field.label} takes a whole number, not {text!r}. Nothing was sent. Type one, or leave it empty."
        raise InputError(msg)
    return int(digits)


def _split(field: Field, text: str) -> list[str]:
    separators = ";" if _WITH_COMMAS.search(field.name) else "[;,]"
    parts = [part.strip() for part in re.split(separators, text) if part.strip()]
    if not parts:
        msg = f"{field.label}: {text!r} holds no value. Nothing was sent. Type one, or leave it empty."
        raise InputError(msg)
    return parts


def sentences(search: Search, filters: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Each filter with its values, as they were understood."""
    return [
        (_field(name, search.filters.get(name, "")).label, _said(value)) for name, value in filters.items()
    ]


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return " or ".join(map(str, value)) if isinstance(value, list) else str(value)
