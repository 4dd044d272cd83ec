"""Who offers a step, what can be bought one by one, and from which columns: read from the operations themselves."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from leadkit.app.steps import ROLE_TITLES, WANT_TITLES
from leadkit.catalogue import WANTS
from leadkit.errors import InputError
from leadkit.money import credits_words
from leadkit.providers import provider_names
from leadkit.providers.base import Operation, Price
from leadkit.schemas import ROLE_KINDS
from leadkit.schemas import STEPS as STEP_ROLES
from leadkit.steps import DEFAULT_PROVIDER
from leadkit.workspace import Workspace


def operation(workspace: Workspace, step: str, provider: str, wants: Sequence[str] = ()) -> Operation:
    """What the provider sells as that step. Raises InputError when it does not."""
    return workspace.provider(provider).operation(step, wants)


def providers_of(workspace: Workspace, step: str) -> dict[str, str]:
    """Words, with the price → name of each provider that offers a step; the step's own first."""
    names = sorted(provider_names(), key=lambda name: name != DEFAULT_PROVIDER[step])
    found = {}
    for name in names:
        with suppress(InputError):
            offered, provider = operation(workspace, step, name), workspace.provider(name)
            key = "" if workspace.settings.has_key(provider.key_name) else "; no key is set"
            found[f"{provider.title} ({price_words(offered.price)}{key})"] = name
    return found


def wants_of(workspace: Workspace, step: str, provider: str) -> dict[str, str]:
    """Words with the price → name, of each data point that is sold by itself; empty where there are none."""
    names = dict.fromkeys(want for wants in WANTS.get((provider, step), ()) for want in wants)
    return {
        f"{WANT_TITLES.get(name, name)} ({price_words(operation(workspace, step, provider, (name,)).price)})": name
        for name in names
    }


def price_words(price: Price) -> str:
    """``1 credit each``, ``free``."""
    if price.expected is None:
        return "price not stated"
    if price.most == 0:
        return "free"
    most = "" if price.expected == price.most else "up to "
    return f"{most}{credits_words(price.most)} each"


def roles_of(offered: Operation) -> tuple[str, ...]:
    """The kinds of columns from which an operation can tell who a row is, the surest first."""
    return tuple(dict.fromkeys(role for roles in identities_of(offered) for role in roles))


def identities_of(offered: Operation) -> Sequence[Sequence[str]]:
    """The sets of roles of which one must be there."""
    if offered.takes in ("person", "company"):
        return offered.identities or STEP_ROLES[offered.step]
    return [
        roles for roles in STEP_ROLES[offered.step] if [ROLE_KINDS[role] for role in roles] == [offered.takes]
    ]


def identities_words(identities: Sequence[Sequence[str]]) -> str:
    """``LinkedIn profile, e-mail address, or a name with company``: from what it can be told who a row is."""
    alone = [_word(roles[0]) for roles in identities if len(roles) == 1 and roles[0] not in _NAMES]
    beside = dict.fromkeys(
        _word(role) for roles in identities if _NAMES & {*roles} for role in roles if role not in _NAMES
    )
    if any(_NAMES.issuperset(roles) for roles in identities):
        alone.append("a name")
    if beside:
        alone.append(f"a name with {_listed([*beside])}")
    return _listed(alone)


_NAMES = {"full_name", "first_name", "last_name"}


def _word(role: str) -> str:
    title = ROLE_TITLES.get(role, role)
    return title if title.startswith("LinkedIn") else title.lower()


def _listed(words: Sequence[str]) -> str:
    return " or ".join(filter(None, [", ".join(words[:-1]), words[-1]]))
