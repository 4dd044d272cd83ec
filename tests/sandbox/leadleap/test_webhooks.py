"""Subscriptions, and deliveries to a receiver on this machine."""

from __future__ import annotations

import hashlib
import hmac
import json
import queue
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from tests.sandbox.shapes import recorded

WAIT_SECONDS = 5


class Receiver:
    """A web server that keeps what it is sent."""

    def __init__(self) -> None:
        self.status = 200
        self.received: queue.Queue[tuple[dict[str, str], bytes]] = queue.Queue()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.received.put((dict(self.headers), body))
                self.send_response(receiver.status)
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook?from=sandbox"
        threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        ).start()

    def next(self) -> tuple[dict[str, str], bytes]:
        return self.received.get(timeout=WAIT_SECONDS)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.server.shutdown()
    receiver.server.server_close()


def subscribe(api: Any, url: str, *events: str) -> tuple[str, str]:
    """Its id and secret."""
    answer = api.post("/webhooks", {"name": "test", "url": url, "events": list(events)})
    assert answer.status_code == 201
    return answer.json()["data"]["id"], answer.json()["meta"]["secret"]


def test_an_unlock_is_delivered_signed_with_the_secret(api: Any, people: Any, receiver: Receiver) -> None:
    _, secret = subscribe(api, receiver.url, "lead.unlocked")
    api.unlock(people[0].lead_id)
    headers, body = receiver.next()
    expected = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    assert headers["X-Webhook-Signature"] == f"sha256={expected}"
    event, printed = json.loads(body), recorded("leadleap/webhook_event_lead_unlocked")
    assert event.keys() == printed.keys()
    assert event["data"].keys() == printed["data"].keys()
    assert (event["event"], event["data"]["lead_id"]) == ("lead.unlocked", people[0].lead_id)
    assert event["user_id"] == api.get("/account/usage").json()["data"]["account"]["user_id"]


def test_only_subscribed_events_of_the_own_account_are_delivered(
    box: Any, api: Any, connect: Any, people: Any, receiver: Receiver
) -> None:
    subscribe(api, receiver.url, "lead.unlocked", "email.bounced")
    api.post("/leads/enrich", {"lead_id": people[0].lead_id})
    connect(box, box.api_key("leadleap", account="other")).unlock(people[0].lead_id)
    api.unlock(people[1].lead_id)
    api.unlock(people[1].lead_id)  # the second time nothing is unlocked
    box.send_event("email.bounced", {"email": "a@example.com"})
    events = [json.loads(receiver.next()[1]) for _ in range(2)]
    assert [event["event"] for event in events] == ["lead.unlocked", "email.bounced"]
    assert events[0]["data"]["lead_id"] == people[1].lead_id
    assert receiver.received.empty()


def test_a_deleted_webhook_is_not_listed_and_gets_nothing(api: Any, people: Any, receiver: Receiver) -> None:
    deleted, _ = subscribe(api, receiver.url, "lead.unlocked")
    kept, secret = subscribe(api, receiver.url, "lead.unlocked")
    assert api.delete(f"/webhooks/{deleted}").json()["data"]["deleted"] is True
    assert [hook["id"] for hook in api.get("/webhooks").json()["data"]] == [kept]
    api.unlock(people[0].lead_id)
    headers, body = receiver.next()
    assert headers["X-Webhook-Signature"].endswith(
        hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    )
    assert receiver.received.empty()
    assert api.delete(f"/webhooks/{deleted}").json()["error"]["code"] == "GONE"
    assert api.delete("/webhooks/wh_nobody").json()["error"]["code"] == "NOT_FOUND"


def test_failed_deliveries_are_counted(box: Any, api: Any, people: Any, receiver: Receiver) -> None:
    subscribe(api, receiver.url, "lead.unlocked")
    receiver.status = 500
    api.unlock(people[0].lead_id)
    receiver.next()
    receiver.status = 204
    api.unlock(people[1].lead_id)
    receiver.next()
    deadline = time.monotonic() + WAIT_SECONDS
    while len(box.deliveries) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert [delivery.status for delivery in box.deliveries] == [500, 204]
    (hook,) = api.get("/webhooks").json()["data"]
    assert (hook["failure_count"], hook["last_triggered_at"] is None) == (1, False)


def test_a_listing_says_when_it_was_triggered_and_never_the_secret(
    api: Any, people: Any, receiver: Receiver
) -> None:
    _, secret = subscribe(api, receiver.url, "lead.unlocked")
    before = api.get("/webhooks")
    assert before.json()["data"][0]["last_triggered_at"] is None
    assert secret not in before.text


def test_no_other_machine_is_ever_called(box: Any, api: Any, people: Any) -> None:
    subscribe(api, "https://hooks.example.com/x", "lead.unlocked")
    api.unlock(people[0].lead_id)
    box.stop()
    (delivery,) = box.deliveries
    assert delivery.status is None


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"url": "http://hooks.example.com/x"},
        {"url": "ftp://127.0.0.1/x"},
        {"url": "https://[x"},
        {"url": None},
        {"events": []},
        {"events": ["lead.eaten"]},
        {"events": "lead.unlocked"},
    ],
    ids=str,
)
def test_a_subscription_outside_the_contract_is_a_bad_request(api: Any, change: Any) -> None:
    body = {"name": "CRM", "url": "https://hooks.example.com/x", "events": ["lead.unlocked"]} | change
    answer = api.post("/webhooks", body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "BAD_REQUEST")


def test_the_plan_limits_how_many_there_are(api: Any) -> None:
    most = api.get("/account/usage").json()["data"]["plan"]["max_webhooks"]
    for _ in range(most):
        subscribe(api, "https://hooks.example.com/x", "lead.unlocked")
    body = {"name": "one more", "url": "https://hooks.example.com/x", "events": ["lead.unlocked"]}
    assert api.post("/webhooks", body).json()["error"]["code"] == "PLAN_LIMIT"
