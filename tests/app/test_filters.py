"""The form of a search: every documented filter can be filled in, and becomes what the search takes."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from leadkit.app import filters
from leadkit.app.filters import Field
from leadkit.app.prospects import KINDS
from leadkit.errors import InputError
from leadkit.providers import make_provider, provider_names
from leadkit.providers.base import Search
from leadkit.settings import Settings


def _searches() -> Iterator[Search]:
    settings = Settings.from_environment({"LEADFEEDER_ACCOUNT_ID": "1"})
    for name in provider_names():
        for step in KINDS:
            try:
                yield make_provider(name, settings).search(step)
            except InputError:
                continue


SEARCHES = {f"{search.provider} {search.step}": search for search in _searches()}
#: Filters that mean nothing by themselves, and so are refused.
NOT_ALONE = {"sort": {"industries": ["Retail"]}, "industry_classification": {"industry_codes": ["47"]}}


def _typed(field: Field) -> object:
    """What somebody might fill in who reads the field's hint."""
    if field.words:
        return field.words[0] if field.kind == "one of" else [field.words[0]]
    if field.kind == "yes or no":
        return True
    if field.name.endswith("sizes"):
        return "50-200"
    shown = re.search(r"such as '?([\w-]+)|'([\d-]+)'|(\d+\+)|\((DE)\)|a (date)", field.hint)
    if shown and shown[5]:
        return "2026-05-01"
    return next(filter(None, shown.groups()), "") if shown else "10" if field.kind == "number" else "Example"


@pytest.mark.parametrize("name", SEARCHES)
def test_every_filter_of_every_search_can_be_filled_in(name: str) -> None:
    search = SEARCHES[name]
    first, others = filters.fields(search)
    assert {field.name for field in [*first, *others]} == set(search.filters)
    for field in [*first, *others]:
        read = filters.read([field], {field.name: _typed(field)})
        assert set(read) == {field.name}, field
        search.encode({**read, **NOT_ALONE.get(field.name, {})}, None, 1)


def test_each_provider_of_each_kind_has_filters_to_begin_with() -> None:
    assert {"leadleap search_people", "leadiq search_companies", "leadfeeder search_companies"} <= set(
        SEARCHES
    )
    for search in SEARCHES.values():
        first, _ = filters.fields(search)
        assert 1 <= len(first) <= 8


def test_several_values_are_told_apart_and_places_keep_their_commas() -> None:
    first, _ = filters.fields(SEARCHES["leadiq search_people"])
    read = filters.read(
        first,
        {
            "titles": " VP, Sales ; Head of Sales;",
            "roles": "Sales, Marketing",
            "locations": "Concord, New Hampshire, United States; Germany",
            "seniorities": ["VP", "Director"],
            "industries": "  ",
        },
    )
    assert read == {
        "titles": ["VP, Sales", "Head of Sales"],
        "roles": ["Sales", "Marketing"],
        "locations": ["Concord, New Hampshire, United States", "Germany"],
        "seniorities": ["VP", "Director"],
    }
    said = dict(filters.sentences(SEARCHES["leadiq search_people"], read))
    assert said["Titles"] == "VP, Sales or Head of Sales"


def test_numbers_and_answers_come_as_such_and_nonsense_is_refused_in_words() -> None:
    _, others = filters.fields(SEARCHES["leadleap search_people"])
    assert filters.read(others, {"employee_count_min": "1,500", "year_founded_min": ""}) == {
        "employee_count_min": 1500
    }
    with pytest.raises(
        InputError, match="Employee count min takes a whole number, not 'many'. Nothing was sent"
    ):
        filters.read(others, {"employee_count_min": "many"})
    first, _ = filters.fields(SEARCHES["leadfeeder search_companies"])
    assert filters.read(first, {"has_email": False}) == {"has_email": False}
    with pytest.raises(InputError, match="holds no value. Nothing was sent"):
        filters.read(first, {"locations": ";"})


def test_a_form_filled_in_from_an_earlier_search_reads_the_same_again() -> None:
    asked = {
        "search_terms": ["Heron Systems", "Fjord"],
        "locations": ["DE/Berlin", "FR"],
        "revenue_min": 0,
        "has_email": False,
    }
    first, others = filters.fields(SEARCHES["leadfeeder search_companies"])
    read = {
        **filters.read(first, filters.form(first, asked).value),
        **filters.read(others, filters.form(others, asked).value),
    }
    assert read == asked
