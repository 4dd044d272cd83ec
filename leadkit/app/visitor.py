"""Who is looking at a page, and what they may do there."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, get_args

import marimo as mo

from leadkit.errors import ApprovalError, SettingsError
from leadkit.money import credits_text

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
    ``confirmed``: they have just given it.
    """

    name: str
    role: Role = "approve"
    daily_cap: int | None = None
    confirm_above: int | None = None
    confirmed: bool = False

    @property
    def may_spend(self) -> bool:
        return self.role in ("spend", "approve")

    @property
    def may_approve(self) -> bool:
        """Whether they decide about calls in doubt, and see what others spent."""
        return self.role == "approve"

    def must_confirm(self, millicredits: int) -> bool:
        """Whether so much needs their password once more: the page alone, or a script in it, cannot approve it."""
        return not self.confirmed and self.confirm_above is not None and millicredits > self.confirm_above

    def check_may_spend(self, millicredits: int = 0) -> None:
        """Raise ApprovalError, in words for a person, when they may only look, or did not confirm so much."""
        if not self.may_spend:
            msg = f"{self.name} may look, but not spend. Nothing was sent. Ask whoever runs leadkit to change that."
            raise ApprovalError(msg)
        if self.must_confirm(millicredits):
            assert self.confirm_above is not None
            msg = (
                f"More than {credits_text(self.confirm_above)} credits need your password. Nothing was sent. "
                "Type it below the amount, and press the button again."
            )
            raise ApprovalError(msg)

    def check_may_approve(self) -> None:
        """Raise ApprovalError, in words for a person, when decisions about others' money are not theirs."""
        if not self.may_approve:
            msg = f"{self.name} may not decide this. Nothing was changed. Ask somebody who may."
            raise ApprovalError(msg)

    def to_meta(self) -> dict[str, Any]:
        """As it travels with a request."""
        return asdict(replace(self, confirmed=False))


Confirm = Callable[["Visitor", str], Visitor]

#: Set by a server: nobody is anybody then without having been let in, and this asks for their password once more.
_confirm: Confirm | None = None


def guard(confirm: Confirm | None) -> None:
    """From now on, only those have a name whom the server let in; None ends that."""
    global _confirm
    _confirm = confirm


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
    if _confirm is not None:
        msg = "Nobody is signed in. Nothing was sent. Open the page again and sign in."
        raise SettingsError(msg)
    return owner()


def confirmed(password: str) -> Visitor:
    """Who looks, after their password was checked once more; with an empty one, just who looks.

    Raises
    ------
    ApprovalError
        It is not their password, or there were too many attempts. Nothing was sent.
    SettingsError
        Nobody was let in.
    """
    who = visitor()
    return _confirm(who, password) if password and _confirm is not None else who
