"""``df.leads``: each method is one call to :func:`leadkit.plan.make_plan`, and holds no state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from leadkit.plan import Plan
    from leadkit.workspace import Workspace


@pd.api.extensions.register_dataframe_accessor("leads")
class LeadsAccessor:
    """Plans for the rows of a frame. pandas makes a new accessor at every access, so nothing is kept here.

    Every method works out what a step would cost and sends nothing; ``plan.preview`` shows the price and
    ``plan.run(at_most=…)`` buys. Common to all of them:

    via
        The provider; each step has one of its own when it is left out. The README's table lists who offers what,
        with batch sizes, prices and limits.
    want
        The data points to buy, where the provider sells them one by one.
    refresh
        Buy again what is known and still fresh.
    workspace
        Whose ledger, keys and budget; the one that :func:`leadkit.connect` opened when left out.

    They raise InputError when a column is missing, holds only blanks, or two rows share an index label, and when
    the provider does not offer the step. Nothing was sent then.
    """

    def __init__(self, frame: pd.DataFrame) -> None:
        self._frame = frame

    def _plan(
        self,
        step: str,
        columns: Mapping[str, str | None],
        *,
        via: str | None,
        refresh: bool,
        workspace: Workspace | None,
        want: Sequence[str] = (),
        preview_first: bool = False,
    ) -> Plan:
        from leadkit.plan import make_plan  # the engine and its libraries: only when a plan is made

        given = {role: column for role, column in columns.items() if column is not None}
        return make_plan(
            self._frame,
            step,
            given,
            via=via,
            want=want,
            refresh=refresh,
            workspace=workspace,
            preview_first=preview_first,
        )

    def validate_emails(
        self,
        email: str,
        *,
        via: str | None = None,
        refresh: bool = False,
        workspace: Workspace | None = None,
    ) -> Plan:
        """Plan to check the addresses in a column, one for each of the frame's n rows.

        At LeadLeap 100 addresses a call. The run adds ``<provider>_email_verdict`` (valid, invalid, risky,
        unknown, not checked) and the provider's reason.
        """
        return self._plan("validate_emails", {"email": email}, via=via, refresh=refresh, workspace=workspace)

    def unlock(
        self,
        lead_id: str,
        *,
        via: str | None = None,
        want: Sequence[str] = (),
        refresh: bool = False,
        workspace: Workspace | None = None,
    ) -> Plan:
        """Plan to unlock contact data, by a column of ids from the provider's own search or find_people.

        At LeadLeap 1 credit for a lead that was never unlocked, and nothing from then on. The run adds name,
        addresses, phones, title, company and LinkedIn profile.
        """
        return self._plan(
            "unlock", {"lead_id": lead_id}, via=via, want=want, refresh=refresh, workspace=workspace
        )

    def enrich(
        self,
        lead_id: str,
        *,
        via: str | None = None,
        refresh: bool = False,
        workspace: Workspace | None = None,
    ) -> Plan:
        """Plan to read all fields of leads by their ids. Costs no credits at LeadLeap.

        Contact data of a lead that was never unlocked may come masked, and is then left out.
        """
        return self._plan("enrich", {"lead_id": lead_id}, via=via, refresh=refresh, workspace=workspace)

    def export(
        self,
        lead_id: str,
        *,
        via: str | None = None,
        refresh: bool = False,
        workspace: Workspace | None = None,
    ) -> Plan:
        """Plan to unlock many leads a call, by LeadLeap's export: 25 a call instead of one.

        The same credits as :meth:`unlock`, and faster; the risk is that a lost answer leaves a whole call in doubt,
        since its cost is told only in the answer's headers.
        """
        return self._plan("export", {"lead_id": lead_id}, via=via, refresh=refresh, workspace=workspace)

    def find_people(
        self,
        *,
        linkedin: str | None = None,
        email: str | None = None,
        full_name: str | None = None,
        first_name: str | None = None,
        last_name: str | None = None,
        company: str | None = None,
        domain: str | None = None,
        company_id: str | None = None,
        via: str | None = None,
        want: Sequence[str] = (),
        preview_first: bool = False,
        refresh: bool = False,
        workspace: Workspace | None = None,
    ) -> Plan:
        """Plan to find who each row is, by the best identity that it has.

        The columns in the order in which they are preferred: a LinkedIn profile, an e-mail address, a name with
        the provider's id of the company (Leadfeeder's, from :meth:`match_companies`), a name with the company's
        domain, a name with the company. ``want`` at LeadIQ: ``profile`` (0.1 credits), ``email``
        (1), ``phone`` (10), ``company`` (3); whoever comes back is compared with the row, and the score and its
        reasons are columns. With ``preview_first`` LeadIQ's free preview is asked before anything is paid for, and
        whoever it does not find, or has no such contact data of, is in no paid call.
        """
        columns = {
            "linkedin": linkedin,
            "email": email,
            "full_name": full_name,
            "first_name": first_name,
            "last_name": last_name,
            "company": company,
            "domain": domain,
            "company_id": company_id,
        }
        return self._plan(
            "find_people",
            columns,
            via=via,
            want=want,
            refresh=refresh,
            workspace=workspace,
            preview_first=preview_first,
        )

    def match_companies(
        self,
        *,
        domain: str | None = None,
        company: str | None = None,
        via: str | None = None,
        refresh: bool = False,
        workspace: Workspace | None = None,
    ) -> Plan:
        """Plan to find the provider's id of each row's company, by domain or else by name. Free at Leadfeeder."""
        columns = {"domain": domain, "company": company}
        return self._plan("match_companies", columns, via=via, refresh=refresh, workspace=workspace)

    def company_details(
        self,
        *,
        company_id: str | None = None,
        domain: str | None = None,
        company_linkedin: str | None = None,
        company: str | None = None,
        via: str | None = None,
        want: Sequence[str] = (),
        refresh: bool = False,
        workspace: Workspace | None = None,
    ) -> Plan:
        """Plan to read what is known of each row's company.

        Leadfeeder takes its own ids (1 credit each in 12 months), LeadIQ a domain, a LinkedIn page or a name
        (3 credits).
        """
        columns = {
            "company_id": company_id,
            "domain": domain,
            "company_linkedin": company_linkedin,
            "company": company,
        }
        return self._plan(
            "company_details", columns, via=via, want=want, refresh=refresh, workspace=workspace
        )

    def known(
        self,
        *,
        email: str | None = None,
        full_name: str | None = None,
        first_name: str | None = None,
        last_name: str | None = None,
        company: str | None = None,
        via: str | None = None,
        refresh: bool = False,
        workspace: Workspace | None = None,
    ) -> Plan:
        """Plan to mark the rows that are in your Leadey workspace already, with campaign and status. Free."""
        columns = {
            "email": email,
            "full_name": full_name,
            "first_name": first_name,
            "last_name": last_name,
            "company": company,
        }
        return self._plan("known", columns, via=via, refresh=refresh, workspace=workspace)
