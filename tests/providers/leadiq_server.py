"""A small LeadIQ for tests: executes real GraphQL against its schema and charges by what it gives.

Shares no code with the client: the price of an answer is worked out from the answer itself.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from graphql import ExecutionResult, GraphQLError, build_schema, graphql_sync, parse, validate

from leadkit.providers.base import Request, Response

RECORDED = Path(__file__).parent / "leadiq"
SCHEMA = build_schema((RECORDED / "schema.graphql").read_text())
JSON = {"content-type": "application/json"}


def recorded(name: str, status: int = 200) -> Response:
    """A documented answer of LeadIQ, or one made from its schema; INDEX.json says which is which."""
    return Response(status, JSON, (RECORDED / f"{name}.json").read_bytes())


def answer(body: Any, status: int = 200) -> Response:
    return Response(status, JSON, json.dumps(body).encode())


def problems(request: Request) -> list[str]:
    """What LeadIQ's schema has against a request: its query, and the values that go with it."""
    found = [error.message for error in validate(SCHEMA, parse(request.json["query"]))]
    if not found:
        # Executing coerces the variables; the resolvers' missing data is of no interest here.
        result = graphql_sync(SCHEMA, request.json["query"], variable_values=request.json.get("variables"))
        found = [error.message for error in result.errors or [] if error.path is None]
    return found


class LeadIQServer:
    """Answers like LeadIQ, about invented people. ``charged`` is millicredits, of the answers that went out.

    ``people`` is keyed by id. ``failing`` are ids whose part of a query fails with that status, and ``unfit`` ids
    that make it refuse a query before it begins, naming the part. ``most_parts`` is how many parts a query may have;
    ``credits`` is what is left, None for plenty.
    """

    def __init__(self, people: Mapping[str, dict[str, Any]]) -> None:
        self.people = people
        self.failing: dict[str, int] = {}
        self.unfit: set[str] = set()
        self.most_parts = 100
        self.credits: int | None = None
        self.charged = 0
        self.asked: list[list[str]] = []  # the ids of each query
        self._unlocked: set[tuple[str, str]] = set()

    def send(self, request: Request) -> Response:
        query, variables = request.json["query"], request.json["variables"]
        self.asked.append([given["id"] for given in variables.values()])
        if len(variables) > self.most_parts:
            return answer({"errors": [{"message": "The query exceeds the maximum complexity of 500"}]}, 400)
        if parts := [part for part, given in variables.items() if given["id"] in self.unfit]:
            path = ["searchPeople"] if len(variables) == 1 else parts[:1]
            return answer({"errors": [{"message": "Invalid id", "path": path}]}, 400)
        result = graphql_sync(
            SCHEMA, query, root_value={"searchPeople": self._search}, variable_values=variables
        )
        return answer(_body(result))

    def _search(self, info: Any, input: Mapping[str, Any]) -> Mapping[str, Any]:  # noqa: A002 - GraphQL's name
        person_id = input["id"]
        if status := self.failing.get(person_id):
            raise _refusal(status)
        found = self.people.get(person_id)
        if found is None:
            return {"totalResults": 0, "hasMore": False, "results": []}
        price, unlocked = self._price(person_id, found, _selected(info))
        if self.credits is not None:
            if price > self.credits:
                raise _refusal(402)
            self.credits -= price
        self._unlocked |= unlocked
        self.charged += price
        return {"totalResults": 1, "hasMore": False, "results": [found]}

    def _price(
        self, person_id: str, found: Mapping[str, Any], selected: set[str]
    ) -> tuple[int, set[tuple[str, str]]]:
        """What this person costs now, and what is free from then on."""
        positions = found["currentPositions"]
        given = {"emails", "phones"} & selected & {field for one in positions for field in one if one[field]}
        new = {(person_id, field) for field in given} - self._unlocked
        price = sum({"emails": 1_000, "phones": 10_000}[field] for _, field in new)
        if {"domain", "industry", "numberOfEmployees"} & selected:
            price += 3_000 * len(positions)  # company data is charged every time
        profile = {(person_id, "profile")} - self._unlocked
        return price or 100 * len(profile), new | profile


def _refusal(status: int) -> GraphQLError:
    return GraphQLError("refused", extensions={"response": {"status": status}})


def _selected(info: Any) -> set[str]:
    """Every field name below a part of the query, fragments included."""
    names: set[str] = set()

    def walk(node: Any) -> None:
        for child in node.selection_set.selections if node.selection_set else ():
            if hasattr(child, "selection_set"):
                names.add(child.name.value)
                walk(child)
            else:
                walk(info.fragments[child.name.value])

    for node in info.field_nodes:
        walk(node)
    return names


def _body(result: ExecutionResult) -> dict[str, Any]:
    body: dict[str, Any] = {"data": result.data}
    if result.errors:
        body["errors"] = [error.formatted for error in result.errors]
    return body


def person(
    person_id: str, *, positions: int = 1, position: Mapping[str, Any] | None = None, **fields: Any
) -> dict[str, Any]:
    """An invented person with a phone, an e-mail and so many current positions; parts can be replaced."""
    number = int(re.sub(r"\D", "", person_id) or 0)
    phone = {"value": "+16035550134", "type": "WorkPhone", "verificationStatus": "LikelyAccurate"}
    job = {
        "companyId": "c1",
        "title": "VP of Sales",
        "seniority": "VP",
        "function": "Sales",
        "matchedQuery": True,
        "companyInfo": {"id": "c1", "name": "Acme", "domain": "acme.example", "numberOfEmployees": 120},
        "emails": [{"value": f"person{number}@example.com", "status": "Verified", "type": "WorkEmail"}],
        "phones": [{**phone, "status": "LikelyAccurate"}],
        **(position or {}),
    }
    return {
        "id": person_id,
        "name": {"first": "Jane", "last": "Smith", "fullName": "Jane Smith"},
        "currentPositions": [dict(job) for _ in range(positions)],
        "personalPhones": [],
        **fields,
    }


#: What a prospect may be sent with; any other name is refused.
ALLOWED = frozenset(
    "firstName lastName workEmail emailStatus phone title seniority function company companyDomain "  # noqa: SIM905
    "companyIndustry companyId linkedinUrl location notes personId".split()
)


class ProspectorServer:
    """LeadIQ's lists, as strict as their schema and as careless: the same person twice is two prospects."""

    def __init__(self, *, prefix: str = "/v1", batches: bool = True, export: str | None = None) -> None:
        self.allowed = ALLOWED
        self.prefix = prefix
        self.batches = batches
        self.export = export
        self.lists: dict[str, str] = {}
        self.prospects: list[dict[str, Any]] = []
        self.sent: list[Request] = []
        self.on_batch: Callable[[], Response] | None = None
        self.page_size = 100
        self._ids = itertools.count(1)

    def send(self, request: Request) -> Response:
        self.sent.append(request)
        assert request.host == "prospector"
        if not request.path.startswith(f"{self.prefix}/lists"):
            return recorded("prospector_error_404", 404)
        match request.method, request.path.removeprefix(self.prefix).split("/")[2:]:
            case "GET", []:
                return self._page([{"id": one, "name": name} for name, one in self.lists.items()], request)
            case "POST", []:
                return self._create(request.json)
            case "GET", [_, "prospects"]:
                return self._page(self.prospects, request)
            case "POST", [_, "prospects"]:
                return (
                    answer(self._save(request.json), 201) if self._fits(request.json) else self._refused(422)
                )
            case "POST", [_, "prospects", "batch"] if self.batches:
                return self._batch(request.json)
            case "GET", [_, "export"] if self.export is not None:
                return Response(
                    200, {"content-type": "text/csv; charset=utf-8"}, self.export.encode("utf-8-sig")
                )
        return recorded("prospector_error_404", 404)

    def _create(self, body: Mapping[str, str]) -> Response:
        if body["name"] in self.lists:
            return recorded("prospector_error_409", 409)
        self.lists[body["name"]] = f"{next(self._ids):024x}"
        return answer({"id": self.lists[body["name"]], "name": body["name"]}, 201)

    def _batch(self, bodies: list[dict[str, Any]]) -> Response:
        if not 1 <= len(bodies) <= 100 or not all(map(self._fits, bodies)):
            return self._refused(400)
        if self.on_batch is not None:
            return self.on_batch()
        failed = [
            {"index": index, "reason": "not today"}
            for index, body in enumerate(bodies)
            if body["lastName"] == "Unlucky"
        ]
        places = {one["index"] for one in failed}
        made = [self._save(body) for index, body in enumerate(bodies) if index not in places]
        return answer({"succeeded": made, "failed": failed})

    def _fits(self, body: Mapping[str, Any]) -> bool:
        return (
            set(body) <= self.allowed and all(body.values()) and bool(body["firstName"] and body["lastName"])
        )

    def _refused(self, status: int) -> Response:
        return recorded(f"prospector_error_{status}", status)

    def _save(self, body: Mapping[str, Any]) -> dict[str, Any]:
        self.prospects.append({**body, "id": f"{next(self._ids):024x}", "listIds": ["1" * 24]})
        return self.prospects[-1]

    def _page(self, items: list[dict[str, Any]], request: Request) -> Response:
        query = dict(request.query)
        start = int(query.get("cursor", "0"), 16)
        end = start + min(self.page_size, int(query["limit"]))
        return answer({"items": items[start:end], "nextCursor": f"{end:024x}" if end < len(items) else None})
