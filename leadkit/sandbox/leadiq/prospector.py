"""Prospector, LeadIQ's REST API: lists of prospects, and the checking of addresses."""

from __future__ import annotations

import base64
import csv
import io
import json
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from leadkit.sandbox.account import ApiKey, OutOfCredits
from leadkit.sandbox.faults import Fault
from leadkit.sandbox.gate import Backstage, Call, Endpoint
from leadkit.sandbox.leadiq.prospects import Page, Shelf, checked_list, checked_prospect
from leadkit.sandbox.leadiq.refusal import Refusal
from leadkit.sandbox.mail import reason_against
from leadkit.sandbox.world import share

if TYPE_CHECKING:
    from leadkit.sandbox.leadiq.api import LeadIQ

MAX_BATCH = 100
MAX_PER_PAGE = 100
DEFAULT_PER_PAGE = 25

_EXPORT_COLUMNS = ("id", "name", "firstName", "lastName", "title", "workEmail", "emailStatus", "linkedinUrl")
_ID = re.compile("[0-9a-fA-F]{24}")

Handler = Callable[[Call, ApiKey, Shelf], Response]


class Prospector:
    """The host ``prospector.leadiq.com``, as the gate sees it."""

    name = "leadiq"

    def __init__(self, backstage: Backstage, leadiq: LeadIQ) -> None:
        self._backstage = backstage
        self._leadiq = leadiq
        self._shelves: dict[str, Shelf] = {}

    def routes(self, prefix: str) -> list[BaseRoute]:
        table: list[tuple[str, str, Handler]] = [
            ("GET", "/whoami", self._whoami),
            ("GET", "/lists", self._lists),
            ("POST", "/lists", self._create_list),
            ("GET", "/lists/{list_id}", self._list),
            ("GET", "/lists/{list_id}/prospects", self._members),
            ("POST", "/lists/{list_id}/prospects", self._add_prospect),
            ("POST", "/lists/{list_id}/prospects/batch", self._add_batch),
            ("POST", "/lists/{list_id}/prospects/{prospect_id}", self._attach),
            ("GET", "/lists/{list_id}/export", self._export),
            ("GET", "/prospects", self._find_prospects),
            ("POST", "/prospects", self._create_prospect),
            ("GET", "/prospects/{prospect_id}", self._prospect),
            ("POST", "/prospects/{prospect_id}/verify-email", self._verify_prospect),
            ("GET", "/verify-email", self._verify_email),
        ]
        return [
            *(
                self._route(method, prefix, version, path, handler)
                for version in ("/v1", "")
                for method, path, handler in table
            ),
            Route(prefix + "/{rest:path}", Endpoint(self._backstage, self, _no_such_path)),
        ]

    def _route(self, method: str, prefix: str, version: str, path: str, handler: Handler) -> Route:
        def checked(call: Call) -> Response:
            if self._leadiq.options.prospector_paths != ("v1" if version else "bare"):
                return _no_such_path(call)
            key = self._leadiq.checked_key(call)
            return handler(call, key, self._shelf(key))

        endpoint = Endpoint(self._backstage, self, checked, can_charge="verify-email" in path)
        return Route(prefix + version + path, endpoint, methods=[method])

    def _shelf(self, key: ApiKey) -> Shelf:
        return self._shelves.setdefault(key.account.name, Shelf(self._backstage.world))

    # -- what the gate asks for ---------------------------------------------------------------------------

    def begin(self, call: Call) -> None:
        """The header holds the key decoded, whatever it is that was encoded."""
        issued = base64.b64encode(call.headers.get("x-api-key", "").encode()).decode()
        call.key = self._leadiq.accounts.find_key(issued)
        call.allowance = self._leadiq.limits.take(call.key.key if call.key else "", call.now)

    def answer(self, call: Call, handler: Callable[..., Response]) -> Response:
        try:
            return handler(call)
        except Refusal as refusal:
            return _refused(refusal)
        except OutOfCredits:
            return _refused(Refusal(402, "Insufficient credits."))
        except Exception as defect:
            return _refused(Refusal(500, f"Unexpected server error: {defect!r}."))

    def error(self, call: Call, fault: Fault) -> Response:  # noqa: ARG002 (the same for every call)
        status = fault.status or 500
        return _refused(Refusal(status, f"The sandbox was told to answer {status}."))

    def asked(self, call: Call) -> tuple[str, ...]:
        if "email" in call.query:
            return (call.query["email"],)
        ids = (call.path_params.get("list_id"), call.path_params.get("prospect_id"))
        return tuple(str(one) for one in ids if one)

    # -- lists ----------------------------------------------------------------------------------------------

    def _whoami(self, _call: Call, key: ApiKey, _shelf: Shelf) -> Response:
        user = {"email": "robin@sandbox-trading.example", "name": "Robin Sandmeier"}
        return _json(
            {
                "user": user | {"firstName": "Robin", "lastName": "Sandmeier"},
                "team": {
                    "name": f"Sandbox Trading ({key.account.name})",
                    "domain": "sandbox-trading.example",
                },
            }
        )

    def _lists(self, call: Call, _key: ApiKey, shelf: Shelf) -> Response:
        return _json(shelf.lists_page(_page(call)))

    def _create_list(self, call: Call, _key: ApiKey, shelf: Shelf) -> Response:
        return _json(shelf.create_list(checked_list(_body(call, 400)), call.now), 201)

    def _list(self, call: Call, _key: ApiKey, shelf: Shelf) -> Response:
        return _json(shelf.list(_id(call, "list_id")))

    def _members(self, call: Call, _key: ApiKey, shelf: Shelf) -> Response:
        return _json(shelf.members_page(_id(call, "list_id"), _page(call)))

    def _export(self, call: Call, _key: ApiKey, shelf: Shelf) -> Response:
        if not self._leadiq.options.list_export:
            return _no_such_path(call)
        # UNKNOWN: the columns; nothing describes the file.
        file = io.StringIO(newline="")
        writer = csv.DictWriter(file, _EXPORT_COLUMNS, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(shelf.members(_id(call, "list_id")))
        return Response(
            file.getvalue(),
            media_type="text/csv",
            headers={"Content-Disposition": 'attachment; filename="list.csv"'},
        )

    # -- prospects ------------------------------------------------------------------------------------------

    def _add_prospect(self, call: Call, _key: ApiKey, shelf: Shelf) -> Response:
        found = shelf.list(_id(call, "list_id"))
        form = checked_prospect(_body(call, 422), 422)
        return _json(shelf.create_prospect(form, call.now, found["id"]), 201)

    def _add_batch(self, call: Call, _key: ApiKey, shelf: Shelf) -> Response:
        found = shelf.list(_id(call, "list_id"))
        forms = _body(call, 400)
        if not isinstance(forms, list) or not 1 <= len(forms) <= MAX_BATCH:
            raise Refusal(400, f"The body must be an array of 1 to {MAX_BATCH} prospects.")
        succeeded, failed = [], []
        for index, form in enumerate(forms):
            try:
                checked = checked_prospect(form, 422)
            except Refusal as refusal:
                failed.append({"index": index, "reason": refusal.message})
            else:
                succeeded.append(shelf.create_prospect(checked, call.now, found["id"]))
        return _json({"succeeded": succeeded, "failed": failed})

    def _attach(self, call: Call, _key: ApiKey, shelf: Shelf) -> Response:
        found = shelf.list(_id(call, "list_id"))
        return _json(shelf.attach(_id(call, "prospect_id"), found["id"], call.now))

    def _find_prospects(self, call: Call, _key: ApiKey, shelf: Shelf) -> Response:
        query = call.query
        by_name = "firstName" in query or "lastName" in query
        if by_name and ("email" in query or not ("firstName" in query and "lastName" in query)):
            raise Refusal(400, "Give an email, or a firstName with a lastName, or neither.")
        wanted = {key: query[key] for key in ("email", "firstName", "lastName") if key in query}
        return _json(shelf.prospects_page(wanted, _page(call)))

    def _create_prospect(self, call: Call, _key: ApiKey, shelf: Shelf) -> Response:
        return _json(shelf.create_prospect(checked_prospect(_body(call, 400), 400), call.now), 201)

    def _prospect(self, call: Call, _key: ApiKey, shelf: Shelf) -> Response:
        return _json(shelf.prospect(_id(call, "prospect_id")))

    # -- addresses ------------------------------------------------------------------------------------------

    def _verify_email(self, call: Call, _key: ApiKey, _shelf: Shelf) -> Response:
        email = call.query.get("email", "")
        if "@" not in email:
            raise Refusal(400, "email is required and must be an e-mail address.")
        return _json({"status": self._verified(call, email)})

    def _verify_prospect(self, call: Call, _key: ApiKey, shelf: Shelf) -> Response:
        prospect = shelf.prospect(_id(call, "prospect_id"))
        if not prospect.get("workEmail"):
            raise Refusal(409, "The prospect has no email to verify.", "no_email_to_verify")
        status = self._verified(call, prospect["workEmail"])
        return _json(
            {"status": status, "prospect": shelf.change(prospect, call.now, {"emailStatus": status})}
        )

    def _verified(self, call: Call, email: str) -> str:
        """The verdict on an address. Every check is paid for, also a second one of the same address."""
        self._backstage.charge(self.name, call, [("verify", email, self._leadiq.prices["verify"])])
        match reason_against(email, self._backstage.world):
            case None:
                return "Verified" if share(email.lower(), "verified") < 85 else "VerifiedLikely"
            case "mailbox_full" | "smtp_timeout" | "role_account":
                return "Unverified"
        return "Invalid"


def _json(body: Mapping[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(body, ensure_ascii=False), status, media_type="application/json")


def _refused(refusal: Refusal) -> Response:
    return _json({"code": refusal.code, "message": refusal.message, "details": None}, refusal.status)


def _no_such_path(call: Call, *_: Any) -> Response:
    raise Refusal(404, f"There is no {call.method} {call.path}.")


def _body(call: Call, status: int) -> Any:
    """The request's body as JSON; ``status`` is what this operation answers to a body that is not."""
    try:
        return call.json
    except ValueError as error:
        raise Refusal(status, str(error)) from None


def _id(call: Call, name: str) -> str:
    """An id of the path; one that is not 24 hex digits is malformed."""
    value = str(call.path_params[name])
    if not _ID.fullmatch(value):
        raise Refusal(400, f"{name} must be 24 hex digits.")
    return value


def _page(call: Call) -> Page:
    text = call.query.get("limit", str(DEFAULT_PER_PAGE))
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MAX_PER_PAGE):
        raise Refusal(400, f"limit must be an integer of 1 to {MAX_PER_PAGE}.")
    cursor = call.query.get("cursor")
    if cursor is not None and not _ID.fullmatch(cursor):
        raise Refusal(400, "cursor must be 24 hex digits.")
    return Page(int(text), cursor)
