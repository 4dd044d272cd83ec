"""Who is looking at a page, and what they may do there."""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

import marimo as mo

from leadkit.errors import ApprovalError, SettingsError

#: ``look``: prices, and results of one's own. ``spend``: also approve amounts for work of one's own, within the
#: daily cap. ``approve``: also decide what an earlier run left in doubt, and see what everybody spent.
Role = Literal["look", "spend", "approve"]
ROLES: tuple[Role, ...] = get_args(Role)

#: Under this name the server hands a visitor to the notebooks, with every request.
META = "leadkit_visitor"


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who was let in.

    ``daily_cap``: the most they may spend in a day (UTC) at one provider, in millicredits; None for no cap of
    their own. ``confirm_above``: amounts above these millicredits need their password once more; None never does.
    """

    name: str
    role: Role = "approve"
    daily_cap: int | None = None
    confirm_above: int | None = None

    @property
    def may_spend(self) -> bool:
        return self.role in ("spend", "approve")

    @property
    def may_approve(self) -> bool:
        """Whether they decide about calls in doubt, and see what others spent."""
        return self.role == "approve"

    def check_may_spend(self) -> None:
        """Raise ApprovalError, in words for a person, when they may only look."""
        if not self.may_spend:
            msg = f"{self.name} may look, but not spend. Nothing was sent. Ask whoever runs leadkit to change that."
            raise ApprovalError(msg)

    def check_may_approve(self) -> None:
        """Raise ApprovalError, in words for a person, when decisions about others' money are not theirs."""
        if not self.may_approve:
            msg = f"{self.name} may not decide this. Nothing was changed. Ask somebody who may."
            raise ApprovalError(msg)

    def to_meta(self) -> dict[str, Any]:
        """As it travels with a request."""
        return asdict(self)


@dataclass(slots=True)
class _Door:
    """Whether pages of this process are only for people who were let in."""

    guarded: bool = field(default=False)


_door = _Door()


def guard(guarded: bool = True) -> None:
    """From now on, nobody is anybody without having been let in by the server."""
    _door.guarded = guarded


def owner() -> Visitor:
    """Whoever runs this process, who may do everything."""
    return Visitor(getpass.getuser())


def visitor() -> Visitor:
    """Who looks at the page whose cell or button is at work; outside of a server, whoever runs this process.

    Ask anew for every decision: it is the request under way that tells.

    Raises
    ------
    SettingsError
        Nobody was let in.
    """
    request = mo.app_meta().request
    meta: Mapping[str, Any] = {} if request is None else request.meta
    if META in meta:
        return Visitor(**meta[META])
    if _door.guarded:
        msg = "Nobody is signed in. Nothing was sent. Open the page again and sign in."
        raise SettingsError(msg)
    return owner()
