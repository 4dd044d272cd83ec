"""Companies and contacts: searching and matching, which is free, and reading by id, which is not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from leadkit.sandbox.account import Account
from leadkit.sandbox.gate import Call
from leadkit.sandbox.leadfeeder import records
from leadkit.sandbox.leadfeeder.directory import Directory, check_wanted, directory_of
from leadkit.sandbox.leadfeeder.wire import Refusal, answered, bad_request, cursor_page, json_object
from leadkit.sandbox.world import World

if TYPE_CHECKING:
    from leadkit.sandbox.leadfeeder.api import Leadfeeder

SUBSCRIBED_SECONDS = 365 * 24 * 3600.0
MAX_MATCH = 200
MAX_MATCHES_OF_ONE = 20
MAX_IDS = 100


class Data:
    """The operations on what Leadfeeder knows of the world."""

    def __init__(self, world: World, leadfeeder: Leadfeeder) -> None:
        self._world = world
        self._leadfeeder = leadfeeder

    @property
    def directory(self) -> Directory:
        return directory_of(self._world)

    def exists(self, kind: str, record_id: str) -> str | None:
        """The id that the company or contact has now; None when there is none."""
        record = self._record(kind, record_id)
        return record["id"] if record else None

    # -- companies ------------------------------------------------------------------------------------------

    def search_companies(self, call: Call, _account: Account) -> Response:
        rows, pagination = cursor_page(call, self.directory.search_companies(json_object(call)))
        self._leadfeeder.charge(call, [("search", call.path, self._leadfeeder.prices["search"])])
        data = [
            records.company_summary(company, has_contacts=self.directory.has_contacts(company), full=False)
            for company in rows
        ]
        return answered(call, data, pagination=pagination, data_call=True)

    def match(self, call: Call, _account: Account) -> Response:
        most = call.query.get("max_results_per_company", "1")
        if not (most.isascii() and most.isdigit() and 1 <= int(most[:9]) <= MAX_MATCHES_OF_ONE):
            raise bad_request(f"max_results_per_company must be an integer of 1 to {MAX_MATCHES_OF_ONE}.")
        wanted = json_object(call).get("companies")
        if not isinstance(wanted, list) or not 1 <= len(wanted) <= MAX_MATCH:
            raise bad_request(f"companies must be an array of 1 to {MAX_MATCH} objects.")
        for one in wanted:
            check_wanted(one)
        self._leadfeeder.charge(call, [("match", call.path, self._leadfeeder.prices["match"])])
        data = [
            [
                {
                    "type": "company_match",
                    "id": records.company_id(company),
                    "attributes": {"match_score": score},
                    "relationships": {
                        "company_summary": records.company_summary(
                            company, has_contacts=self.directory.has_contacts(company), full=True
                        )
                    },
                }
                for score, company in self.directory.match(one, int(most))
            ]
            for one in wanted
        ]
        return answered(call, data, data_call=True)

    def company(self, call: Call, account: Account) -> Response:
        (found,) = self._bought(call, account, "company", [str(call.path_params["id"])], refuse_missing=True)
        return self._one(call, found)

    def companies_by_ids(self, call: Call, account: Account) -> Response:
        refuse = self._leadfeeder.options.missing_ids == "refused"
        return answered(
            call, self._bought(call, account, "company", _ids(call), refuse_missing=refuse), data_call=True
        )

    # -- contacts -------------------------------------------------------------------------------------------

    def search_contacts(self, call: Call, _account: Account) -> Response:
        rows, pagination = cursor_page(call, self.directory.search_contacts(json_object(call)))
        self._leadfeeder.charge(call, [("search", call.path, self._leadfeeder.prices["search"])])
        data = [records.contact_summary(person) for person in rows]
        return answered(call, data, pagination=pagination, data_call=True)

    def contact(self, call: Call, account: Account) -> Response:
        (found,) = self._bought(call, account, "contact", [str(call.path_params["id"])], refuse_missing=True)
        if "company" in call.query.get("include", "").split(","):
            # UNKNOWN: what an included company costs. Here it is a second record, and a second subscription.
            company_id = found["relationships"]["company"]["data"]["id"]
            (company,) = self._bought(call, account, "company", [company_id], refuse_missing=True)
            found = {**found, "relationships": {"company": {"data": company}}}
        return self._one(call, found)

    def contacts_by_ids(self, call: Call, account: Account) -> Response:
        refuse = self._leadfeeder.options.missing_ids == "refused"
        return answered(
            call, self._bought(call, account, "contact", _ids(call), refuse_missing=refuse), data_call=True
        )

    def _one(self, call: Call, record: dict[str, Any]) -> Response:
        return answered(
            call, [record] if self._leadfeeder.options.record_in_array else record, data_call=True
        )

    def _bought(
        self, call: Call, account: Account, kind: str, ids: Sequence[str], *, refuse_missing: bool
    ) -> list[dict[str, Any]]:
        """The records behind the ids, those paid for that nobody of the account has read in 12 months.

        UNKNOWN: their order. Here it is that of the ids that they have now, whatever was asked for.
        """
        found: dict[str, dict[str, Any]] = {}
        for one in ids:
            record = self._record(kind, one)
            if record is not None:
                found[record["id"]] = record
            elif refuse_missing:
                raise Refusal(404, "entity_not_found", f"There is no {kind} {one}.")
        rows = [found[record_id] for record_id in sorted(found)]
        new = [row for row in rows if not self._is_subscribed(call, account, row)]
        price = self._leadfeeder.prices[kind]
        if self._leadfeeder.options.short_of_credits == "partial" and price:
            affordable = account.remaining_millicredits // price
            rows = [row for row in rows if row not in new[affordable:]]
            new = new[:affordable]
        if rows or not found:
            self._leadfeeder.charge(call, [(kind, row["id"], price) for row in new])
        else:
            raise self._leadfeeder.out_of_credits()
        account.unlocked.update((f"{kind} {row['id']}", call.now) for row in new)
        return rows

    def _record(self, kind: str, record_id: str) -> dict[str, Any] | None:
        if kind == "contact":
            person = self.directory.contact(record_id)
            return records.contact_record(person) if person else None
        company = self.directory.company(record_id)
        if company is None:
            return None
        return records.company_record(company, has_contacts=self.directory.has_contacts(company))

    def _is_subscribed(self, call: Call, account: Account, row: dict[str, Any]) -> bool:
        since = account.unlocked.get(f"{row['type']} {row['id']}", float("-inf"))
        return call.now - since < SUBSCRIBED_SECONDS


def _ids(call: Call) -> list[str]:
    ids = [one.strip() for one in call.query.get("ids", "").split(",") if one.strip()]
    if not 1 <= len(ids) <= MAX_IDS:
        raise bad_request(f"ids must be 1 to {MAX_IDS} ids with commas between them.")
    return ids
