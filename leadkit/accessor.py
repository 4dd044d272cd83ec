"""``df.leads``: each method is one call to :func:`leadkit.plan.make_plan`, and holds no state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from leadkit.plan import Plan
    from leadkit.workspace import Workspace


@pd.api.extensions.register_dataframe_accessor("leads")
class LeadsAccessor:
    """Plans for the rows of a frame. pandas makes a new accessor at every access, so nothing is kept here."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self._frame = frame

    def _plan(
        self,
        step: str,
        columns: Mapping[str, str],
        *,
        via: str | None,
        refresh: bool,
        workspace: Workspace | None,
    ) -> Plan:
        from leadkit.plan import make_plan  # the engine and its libraries: only when a plan is made

        return make_plan(self._frame, step, columns, via=via, refresh=refresh, workspace=workspace)

    def validate_emails(
        self,
        email: str,
        *,
        via: str | None = None,
        refresh: bool = False,
        workspace: Workspace | None = None,
    ) -> Plan:
        """Work out what checking the addresses in a column would cost. Sends nothing.

        Parameters
        ----------
        email
            Name of a column with n addresses, one for each of the frame's n rows.
        via
            The provider; ``leadleap`` when left out (100 addresses a call, 60 calls a minute).
        refresh
            Check again what was checked within 30 days.
        workspace
            Whose ledger, keys and budget; the one that :func:`leadkit.connect` opened when left out.

        Returns
        -------
        Plan
            ``plan.preview`` shows the cost; ``plan.run(at_most=…)`` adds the columns
            ``leadleap_email_verdict`` (valid, invalid, risky, unknown, not checked) and
            ``leadleap_email_reason``, and what became of each row.

        Raises
        ------
        InputError
            No such column, only blanks, or two rows with one index label. Nothing was sent.
        """
        return self._plan("validate_emails", {"email": email}, via=via, refresh=refresh, workspace=workspace)

    def unlock(
        self,
        lead_id: str,
        *,
        via: str | None = None,
        refresh: bool = False,
        workspace: Workspace | None = None,
    ) -> Plan:
        """Work out what unlocking the contact data of leads would cost. Sends nothing.

        Parameters
        ----------
        lead_id
            Name of a column with n lead ids from the provider's own search (``c_…`` at LeadLeap).
        via, refresh, workspace
            As for :meth:`validate_emails`. LeadLeap: 1 credit for each lead that was never unlocked, one lead
            a call, 60 calls a minute; what was unlocked once is free for good.

        Returns
        -------
        Plan
            Its run adds name, addresses, phones, title, company and LinkedIn profile.

        Raises
        ------
        InputError
            No such column, only blanks, or two rows with one index label. Nothing was sent.
        """
        return self._plan("unlock", {"lead_id": lead_id}, via=via, refresh=refresh, workspace=workspace)

    def enrich(
        self,
        lead_id: str,
        *,
        via: str | None = None,
        refresh: bool = False,
        workspace: Workspace | None = None,
    ) -> Plan:
        """Work out what reading all fields of leads would take. Costs no credits at LeadLeap. Sends nothing.

        Parameters
        ----------
        lead_id, via, refresh, workspace
            As for :meth:`unlock`. Contact data of a lead that was never unlocked may come masked, and is then
            left out.

        Returns
        -------
        Plan
            Its run adds the columns of :meth:`unlock` and level, department, size, sector and more.

        Raises
        ------
        InputError
            No such column, only blanks, or two rows with one index label. Nothing was sent.
        """
        return self._plan("enrich", {"lead_id": lead_id}, via=via, refresh=refresh, workspace=workspace)
