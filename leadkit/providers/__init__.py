"""The registry: which providers there are. One line each; others join by the entry-point group."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.metadata import entry_points

from leadkit.errors import InputError
from leadkit.providers.base import Provider
from leadkit.providers.filters import meant
from leadkit.providers.leadey import Leadey
from leadkit.providers.leadfeeder import Leadfeeder
from leadkit.providers.leadiq import LeadIQ
from leadkit.providers.leadleap import LeadLeap
from leadkit.settings import Settings

ENTRY_POINTS = "leadkit.providers"


def _leadleap(settings: Settings) -> Provider:
    return LeadLeap(validation_millicredits=settings.leadleap_validation_millicredits)


def _leadiq(settings: Settings) -> Provider:  # noqa: ARG001 (its price list is the documents')
    return LeadIQ()


def _leadfeeder(settings: Settings) -> Provider:
    return Leadfeeder(account_id=settings.leadfeeder_account_id)


def _leadey(settings: Settings) -> Provider:  # noqa: ARG001 (it has nothing to set)
    return Leadey()


_BUILT_IN: Mapping[str, Callable[[Settings], Provider]] = {
    "leadleap": _leadleap,
    "leadiq": _leadiq,
    "leadfeeder": _leadfeeder,
    "leadey": _leadey,
}


def provider_names() -> list[str]:
    """Every provider that can be used with ``via=``, ours first."""
    return [*_BUILT_IN, *(point.name for point in entry_points(group=ENTRY_POINTS))]


def make_provider(name: str, settings: Settings) -> Provider:
    """The provider of that name.

    Raises
    ------
    InputError
        No provider of that name is built in or registered. Nothing was sent.
    """
    if name in _BUILT_IN:
        return _BUILT_IN[name](settings)
    for point in entry_points(group=ENTRY_POINTS, name=name):
        provider: Provider = point.load()(settings)
        return provider
    names = provider_names()
    msg = (
        f"There is no provider {name!r}; there are {', '.join(names)}.{meant(name, names)} Nothing was sent."
    )
    raise InputError(msg)
