"""The provider: its accounts, limits, and one method for each operation.

A request is judged in this order: key (401), rate (429), plan and scope (403), its form (400), what it is
about (404, 410), and credits (402).
"""

from __future__ import annotations

import json
import math
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from leadkit.sandbox.account import MILLICREDITS_PER_CREDIT, Accounts, ApiKey, OutOfCredits
from leadkit.sandbox.clock import iso
from leadkit.sandbox.faults import Fault
from leadkit.sandbox.gate import Backstage, Call, Endpoint
from leadkit.sandbox.leadleap.records import enriched_lead, search_row, unlocked_lead
from leadkit.sandbox.leadleap.search import BadFilter, search
from leadkit.sandbox.leadleap.usage import PLANS_WITH_API, usage
from leadkit.sandbox.leadleap.webhooks import Webhooks
from leadkit.sandbox.leadleap.wire import (
    STATUS,
    Refusal,
    add_rate_headers,
    answered,
    csv_text,
    json_object,
    refused,
    text_field,
    texts_field,
)
from leadkit.sandbox.limits import Limits
from leadkit.sandbox.mail import reason_against
from leadkit.sandbox.world import Person

PREFIX = "/api/v1"
REQUESTS_PER_MINUTE = 60
MAX_EXPORT = 500
MAX_VALIDATE = 100
VALIDATION_KEPT_SECONDS = 24 * 3600

SCOPES = (
    "leads:read",
    "leads:unlock",
    "leads:export",
    "leads:enrich",
    "email:validate",
    "webhooks:read",
    "webhooks:manage",
    "account:read",
)

Handler = Callable[[Call, ApiKey], Response]


@dataclass
class Options:
    """LeadLeap has none."""


class LeadLeap:
    """The provider: its accounts, limits and routes."""

    name = "leadleap"

    def __init__(
        self,
        backstage: Backstage,
        *,
        limit_millicredits: int,
        rate_limited: bool,
        validation_millicredits: int,
    ) -> None:
        self._backstage = backstage
        self.options = Options()
        self.accounts = Accounts(limit_millicredits, plan="scale")
        self.limits = Limits(REQUESTS_PER_MINUTE if rate_limited else None)
        #: Millicredits for one lead or address. An unlock and a locked lead of an export cost one credit.
        self.prices = {
            "unlock": MILLICREDITS_PER_CREDIT,
            "export": MILLICREDITS_PER_CREDIT,
            "validate": validation_millicredits,
        }
        self.webhooks = Webhooks(backstage.clock)
        self._people = backstage.world.known_to(self.name)
        self._searchable = [person for person in self._people if not person.deleted]
        self._by_id = {person.lead_id: person for person in self._people}

    def new_key(
        self, *, account: str, scopes: Iterable[str] | None, expired: bool, key: str | None = None
    ) -> str:
        made = key or f"ll_{secrets.token_hex(32)}"
        self.accounts.add_key(made, account, SCOPES if scopes is None else scopes, expired=expired)
        return made

    def environ(self, url: str, key: str) -> dict[str, str]:
        return {"LEADLEAP_API_KEY": key, "LEADKIT_LEADLEAP_URL": url + PREFIX}

    def routes(self) -> list[BaseRoute]:
        return [
            self._route("GET", "/leads", self._search, "leads:read"),
            self._route("POST", "/leads/unlock", self._unlock, "leads:unlock", can_charge=True),
            self._route("POST", "/leads/export", self._export, "leads:export", can_charge=True),
            self._route("POST", "/leads/enrich", self._enrich, "leads:enrich"),
            self._route("POST", "/email/validate", self._validate, "email:validate", can_charge=True),
            self._route("GET", "/webhooks", self._list_webhooks, "webhooks:read"),
            self._route("POST", "/webhooks", self._create_webhook, "webhooks:manage"),
            self._route("DELETE", "/webhooks/{id}", self._delete_webhook, "webhooks:manage"),
            self._route("GET", "/account/usage", self._usage, "account:read", "leads:read"),
            # UNKNOWN: a path or method that does not exist. The table's only word for it is NOT_FOUND.
            Route(PREFIX + "/{rest:path}", Endpoint(self._backstage, self, _no_such_path)),
        ]

    def _route(
        self, method: str, path: str, handler: Handler, *scopes: str, can_charge: bool = False
    ) -> Route:
        """``scopes``: any one of them opens the operation."""

        def checked(call: Call, key: ApiKey) -> Response:
            if not key.scopes.intersection(scopes):
                raise Refusal("FORBIDDEN", f"The API key lacks the scope {scopes[0]}.")
            return handler(call, key)

        endpoint = Endpoint(self._backstage, self, checked, can_charge=can_charge)
        return Route(PREFIX + path, endpoint, methods=[method])

    # -- what the gate asks for ---------------------------------------------------------------------------

    def begin(self, call: Call) -> None:
        scheme, _, key = call.headers.get("authorization", "").partition(" ")
        call.key = self.accounts.find_key(key) if scheme == "Bearer" else None
        call.allowance = self.limits.take(call.key.key if call.key else "", call.now)

    def answer(self, call: Call, handler: Callable[..., Response]) -> Response:
        try:
            response = handler(call, _checked_key(call))
        except Refusal as refusal:
            response = refused(call, refusal)
        except OutOfCredits:
            response = refused(
                call, Refusal("CREDITS_EXHAUSTED", "No lead credits remaining in this period.")
            )
        except Exception as defect:
            response = refused(call, Refusal("INTERNAL_ERROR", f"Unexpected server error: {defect!r}."))
        add_rate_headers(response, call.allowance)
        return response

    def error(self, call: Call, fault: Fault) -> Response:
        status = fault.status or 500
        code = next((code for code, known in STATUS.items() if known == status), "INTERNAL_ERROR")
        wait = fault.retry_after
        refusal = Refusal(
            code,
            f"The sandbox was told to answer {status}.",
            retry_after=int(wait) if wait and wait.isdecimal() else None,
        )
        response = refused(call, refusal, status=status)
        add_rate_headers(response, call.allowance)
        return response

    def asked(self, call: Call) -> tuple[str, ...]:
        try:
            body = call.json
        except ValueError:
            return ()
        if not isinstance(body, dict):
            return ()
        for name in ("lead_id", "lead_ids", "email", "emails"):
            if name in body:
                value = body[name]
                return tuple(map(str, value)) if isinstance(value, list) else (str(value),)
        return ()

    # -- leads ----------------------------------------------------------------------------------------------

    def _search(self, call: Call, key: ApiKey) -> Response:
        try:
            page = search(self._searchable, call.query)
        except BadFilter as bad:
            raise Refusal("BAD_REQUEST", str(bad)) from None
        unlocked = key.account.unlocked
        return answered(
            call,
            [search_row(person, unlocked=person.lead_id in unlocked) for person in page.people],
            total=page.total,
            page=page.number,
            per_page=page.per_page,
            total_pages=page.total_pages,
        )

    def _unlock(self, call: Call, key: ApiKey) -> Response:
        person = self._person(text_field(call, "lead_id"))
        new = self._unlock_new(call, key, "unlock", [person])
        response = answered(
            call,
            unlocked_lead(person),
            credits_used=math.ceil(call.millicredits / MILLICREDITS_PER_CREDIT),
            credits_remaining=key.account.remaining_millicredits // MILLICREDITS_PER_CREDIT,
            cached=not new,
        )
        if new:
            self.webhooks.send("lead.unlocked", key.account.name, _about(person))
        return response

    def _export(self, call: Call, key: ApiKey) -> Response:
        lead_ids = texts_field(call, "lead_ids", MAX_EXPORT)
        form = json_object(call).get("format", "csv")
        if form not in ("csv", "json"):
            raise Refusal("BAD_REQUEST", "format must be 'csv' or 'json'.")
        # UNKNOWN: an id in the list that does not exist, and credits for only some of it. Here the whole
        # export is refused and costs nothing; a repeated id is one lead.
        people = [self._person(lead_id) for lead_id in dict.fromkeys(lead_ids)]
        new = self._unlock_new(call, key, "export", people)
        rows = [unlocked_lead(person) for person in people]
        response = Response(
            csv_text(rows) if form == "csv" else json.dumps(rows, ensure_ascii=False),
            media_type="text/csv" if form == "csv" else "application/json",
            headers={
                "Content-Disposition": f'attachment; filename="leads-export.{form}"',
                "X-Total-Leads": str(len(people)),
                "X-New-Unlocks": str(len(new)),
                "X-Cached-Unlocks": str(len(people) - len(new)),
            },
        )
        # UNKNOWN: what the delivery of an export holds. Counts and ids, as for an unlock.
        self.webhooks.send("lead.exported", key.account.name, {"lead_ids": [p.lead_id for p in people]})
        return response

    def _enrich(self, call: Call, key: ApiKey) -> Response:
        person = self._person(text_field(call, "lead_id"))
        unlocked = person.lead_id in key.account.unlocked
        response = answered(
            call,
            enriched_lead(person, unlocked=unlocked),
            lead_id=person.lead_id,
            enriched_at=iso(call.now),
        )
        self.webhooks.send("lead.enriched", key.account.name, _about(person))
        return response

    def _person(self, lead_id: str) -> Person:
        person = self._by_id.get(lead_id)
        if person is None:
            raise Refusal("NOT_FOUND", f"Lead {lead_id} was not found.")
        if person.deleted:
            raise Refusal("GONE", f"Lead {lead_id} has been deleted.")
        return person

    def _unlock_new(self, call: Call, key: ApiKey, operation: str, people: Sequence[Person]) -> list[str]:
        """Pay for the leads that are still locked, all or none, and open them. The ids that were paid for."""
        unlocked = key.account.unlocked
        new = [person.lead_id for person in people if person.lead_id not in unlocked]
        self._charge(call, operation, new)
        unlocked.update(dict.fromkeys(new, call.now))
        return new

    # -- addresses ------------------------------------------------------------------------------------------

    def _validate(self, call: Call, key: ApiKey) -> Response:
        body = json_object(call)
        # UNKNOWN: both fields, or neither. Neither is marked as required, and one call has one answer.
        if ("email" in body) == ("emails" in body):
            raise Refusal("BAD_REQUEST", "Send either 'email' or 'emails'.")
        if "email" in body:
            verdict = self._verdicts(call, key, [text_field(call, "email")])[0]
            return answered(call, verdict, cached=verdict["cached"])
        verdicts = self._verdicts(call, key, texts_field(call, "emails", MAX_VALIDATE))
        valid = sum(verdict["is_valid"] for verdict in verdicts)
        return answered(
            call,
            verdicts,
            total=len(verdicts),
            valid=valid,
            invalid=len(verdicts) - valid,
            cached_count=sum(verdict["cached"] for verdict in verdicts),
        )

    def _verdicts(self, call: Call, key: ApiKey, emails: Sequence[str]) -> list[dict[str, Any]]:
        """One verdict for each address, in the order given.

        UNKNOWN: whether a repeat within one call is cached. Here it is, as it would be one call later.
        """
        validated = key.account.validated
        fresh_since = call.now - VALIDATION_KEPT_SECONDS
        cached, seen = [], set()
        for email in emails:
            name = email.lower()
            cached.append(name in seen or validated.get(name, float("-inf")) > fresh_since)
            seen.add(name)
        new = [email for email, known in zip(emails, cached, strict=True) if not known]
        self._charge(call, "validate", new)
        validated.update((email.lower(), call.now) for email in new)
        verdicts = []
        for email, known in zip(emails, cached, strict=True):
            reason = reason_against(email, self._backstage.world)
            verdicts.append({"email": email, "is_valid": reason is None, "reason": reason, "cached": known})
        return verdicts

    def _charge(self, call: Call, operation: str, what: Sequence[str]) -> None:
        each = self.prices[operation]
        self._backstage.charge(self.name, call, [(operation, one, each) for one in what])

    # -- webhooks and account -------------------------------------------------------------------------------

    def _list_webhooks(self, call: Call, key: ApiKey) -> Response:
        hooks = self.webhooks.active(key.account.name)
        return answered(call, [hook.as_json() for hook in hooks], total=len(hooks))

    def _create_webhook(self, call: Call, key: ApiKey) -> Response:
        hook = self.webhooks.create(json_object(call), key.account.name)
        return answered(
            call,
            {name: value for name, value in hook.as_json().items() if name != "last_triggered_at"},
            status=201,  # UNKNOWN: no status is printed
            secret=hook.secret,
            warning="Store the secret securely. It will not be shown again.",
        )

    def _delete_webhook(self, call: Call, key: ApiKey) -> Response:
        hook_id = str(call.path_params["id"])
        self.webhooks.delete(hook_id, key.account.name)
        return answered(call, {"id": hook_id, "deleted": True, "deleted_at": iso(call.now)})

    def _usage(self, call: Call, key: ApiKey) -> Response:
        return answered(call, usage(key.account, call.now))


def _checked_key(call: Call) -> ApiKey:
    key, allowance = call.key, call.allowance
    if key is None or key.expired:
        raise Refusal("UNAUTHORIZED", "Invalid or missing API key.")
    if allowance is not None and not allowance.allowed:
        raise Refusal(
            "RATE_LIMITED",
            f"Rate limit exceeded. You are allowed {allowance.limit} requests per minute.",
            retry_after=allowance.seconds_left(call.now),
        )
    if key.account.plan not in PLANS_WITH_API:
        raise Refusal("PLAN_LIMIT", "API access requires the Scale plan or higher.")
    return key


def _no_such_path(call: Call, _key: ApiKey) -> Response:
    raise Refusal("NOT_FOUND", f"There is no {call.method} {call.path}.")


def _about(person: Person) -> dict[str, Any]:
    """The data of a delivery about one lead, as printed for lead.unlocked."""
    return {
        "lead_id": person.lead_id,
        "company_name": person.company and person.company.name,
        "contact_name": person.full_name,
    }
