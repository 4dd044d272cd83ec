"""An account's lists of companies and contacts."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import Response

from leadkit.sandbox.account import Account
from leadkit.sandbox.gate import Call
from leadkit.sandbox.leadfeeder.data import Data
from leadkit.sandbox.leadfeeder.wire import (
    Refusal,
    answered,
    bad_request,
    cursor_page,
    json_object,
    numbered_page,
)

SCOPES = ("company", "contact")


@dataclass
class RecordList:
    """A list; ``items`` are ids in the order in which they were added."""

    id: str
    name: str
    scope: str
    items: dict[str, None] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {"type": "list", "id": self.id, "attributes": {"name": self.name, "scope": self.scope}}


class Lists:
    """One account's lists, oldest first."""

    def __init__(self) -> None:
        self._lists: dict[str, RecordList] = {}
        self._numbers = itertools.count(70_001)

    def all(self, scope: str | None) -> list[RecordList]:
        if scope is not None and scope not in SCOPES:
            raise bad_request(f"filter[scope] must be one of {', '.join(SCOPES)}.")
        return [one for one in self._lists.values() if scope in (None, one.scope)]

    def create(self, body: dict[str, Any]) -> RecordList:
        data = body.get("data")
        attributes = data.get("attributes") if isinstance(data, dict) and data.get("type") == "list" else None
        if not isinstance(attributes, dict):
            raise bad_request('The body must be {"data": {"type": "list", "attributes": {…}}}.')
        name, scope = attributes.get("name"), attributes.get("scope")
        if not isinstance(name, str) or not name.strip() or scope not in SCOPES:
            raise bad_request(f"A list needs a name and a scope: {', '.join(SCOPES)}.")
        made = RecordList(str(next(self._numbers)), name, str(scope))
        self._lists[made.id] = made
        return made

    def get(self, list_id: str) -> RecordList:
        if list_id not in self._lists:
            raise Refusal(404, "entity_not_found", f"List {list_id} was not found.")
        return self._lists[list_id]

    def delete(self, list_id: str) -> None:
        self.get(list_id)
        del self._lists[list_id]

    def named_in(self, body: dict[str, Any], scope: str) -> list[RecordList]:
        """The lists that ``{"data": [{"type": "list", "id": …}]}`` names, all of that scope."""
        data = body.get("data")
        if not isinstance(data, list) or not data or not all(_names_a_list(one) for one in data):
            raise bad_request('The body must be {"data": [{"type": "list", "id": "…"}]}.')
        found = [self.get(one["id"]) for one in data]
        if any(one.scope != scope for one in found):
            raise bad_request(f"A {scope} can only be in a list of the scope {scope}.")
        return found


def _names_a_list(entry: Any) -> bool:
    return isinstance(entry, dict) and entry.get("type") == "list" and isinstance(entry.get("id"), str)


class ListOperations:
    """Making, reading and filling lists. All of it is free."""

    def __init__(self, data: Data) -> None:
        self._data = data
        self._lists: dict[str, Lists] = {}

    def _of(self, account: Account) -> Lists:
        return self._lists.setdefault(account.name, Lists())

    def all(self, call: Call, account: Account) -> Response:
        rows, pagination = numbered_page(call, self._of(account).all(call.query.get("filter[scope]")))
        return answered(call, [one.as_json() for one in rows], pagination=pagination)

    def create(self, call: Call, account: Account) -> Response:
        return answered(call, self._of(account).create(json_object(call)).as_json(), status=201)

    def read(self, call: Call, account: Account) -> Response:
        return answered(call, self._of(account).get(str(call.path_params["id"])).as_json())

    def delete(self, call: Call, account: Account) -> Response:
        self._of(account).delete(str(call.path_params["id"]))
        return Response(status_code=204)

    def items(self, call: Call, account: Account) -> Response:
        found = self._of(account).get(str(call.path_params["id"]))
        rows, pagination = cursor_page(call, list(found.items))
        return answered(call, [{"type": found.scope, "id": one} for one in rows], pagination=pagination)

    def change_membership(self, call: Call, account: Account) -> Response:
        scope = "company" if "/companies/" in call.path else "contact"
        found = self._data.exists(scope, str(call.path_params["id"]))
        if found is None:
            raise Refusal(404, "entity_not_found", f"There is no {scope} {call.path_params['id']}.")
        named = self._of(account).named_in(json_object(call), scope)
        for one in named:
            if call.method == "POST":
                one.items[found] = None
            else:
                one.items.pop(found, None)
        return answered(call, [{"type": "list", "id": one.id} for one in named])
