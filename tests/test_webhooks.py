"""Events are evidence when they are signed, recent and new; nothing in them becomes data."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import requests
import uvicorn

from leadkit.errors import SettingsError
from leadkit.plan import make_plan
from leadkit.sandbox import Sandbox
from leadkit.webhooks import BODY_CAP, RefusedEventError, application, receive, verify
from leadkit.workspace import Workspace

SECRET = "whsec_of_a_test"


def sign(body: bytes, secret: str = SECRET) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def event(lead_id: str, *, age_seconds: float = 0, name: str = "lead.unlocked") -> bytes:
    at = datetime.now(UTC) - timedelta(seconds=age_seconds)
    data = {"lead_id": lead_id, "contact_name": "Somebody Else"}
    return json.dumps({"event": name, "timestamp": at.isoformat(), "user_id": "usr_1", "data": data}).encode()


def leave_in_doubt(box: Sandbox, workspace: Workspace) -> str:
    person = next(p for p in box.world.known_to("leadleap") if not p.deleted)
    box.fault("status", "/leads/unlock", status=500, times=None)
    workspace.clock.wait = lambda seconds, until=None: False  # type: ignore[method-assign]
    frame = pd.DataFrame({"Lead ID": [person.lead_id]})
    done = make_plan(frame, "unlock", {"lead_id": "Lead ID"}, workspace=workspace).run(at_most=1)
    assert done.receipt.held == 1_000
    box.clear_faults()
    return person.lead_id


def test_a_signed_event_settles_what_is_in_doubt_and_brings_no_data(
    box: Sandbox, workspace: Workspace
) -> None:
    lead_id = leave_in_doubt(box, workspace)
    body = event(lead_id)
    assert receive(body, sign(body), secret=SECRET, ledger=workspace.ledger) == 1
    (run,) = workspace.ledger.runs()
    assert run.held == 0
    assert (run.charged.least, run.charged.most) == (0, 1_000)
    frame = pd.DataFrame({"Lead ID": [lead_id]})
    plan = make_plan(frame, "unlock", {"lead_id": "Lead ID"}, workspace=workspace)
    done = plan.run(at_most=1)
    assert done.receipt.rows["answered"] == 1, "the data came from LeadLeap's own answer"
    assert "Somebody Else" not in done.frame.to_csv()


def test_an_event_about_what_a_living_run_asks_for_again_does_not_keep_the_answer_from_it(
    box: Sandbox, workspace: Workspace
) -> None:
    person = next(p for p in box.world.known_to("leadleap") if not p.deleted)
    box.fault("status", "/leads/unlock", status=500, after_charge=True)
    body, taken = event(person.lead_id), []

    def wait(seconds: float, until: threading.Event | None = None) -> bool:
        if workspace.ledger.doubtful() and not taken:  # LeadLeap tells of the unlock before it is asked again
            taken.append(receive(body, sign(body), secret=SECRET, ledger=workspace.ledger))
        return False

    workspace.clock.wait = wait  # type: ignore[method-assign]
    frame = pd.DataFrame({"Lead ID": [person.lead_id]})
    done = make_plan(frame, "unlock", {"lead_id": "Lead ID"}, workspace=workspace).run(at_most=1)
    assert taken
    assert done.receipt.rows["answered"] == 1
    assert (done.receipt.held, box.charged("leadleap"), done.receipt.charged.most) == (0, 1_000, 1_000)


@pytest.mark.parametrize("lead_id", ["a\0b", "half a character: \ud800"])
def test_an_event_about_an_id_that_no_lead_has_settles_nothing(workspace: Workspace, lead_id: str) -> None:
    body = event(lead_id)
    assert receive(body, sign(body), secret=SECRET, ledger=workspace.ledger) == 0


def test_an_event_is_taken_once(box: Sandbox, workspace: Workspace) -> None:
    body = event("c_1")
    receive(body, sign(body), secret=SECRET, ledger=workspace.ledger)
    with pytest.raises(RefusedEventError, match="taken before"):
        receive(body, sign(body), secret=SECRET, ledger=workspace.ledger)


@pytest.mark.parametrize("age_seconds", [2 * 86_400, 301, -301])
def test_a_valid_event_played_back_later_is_refused(workspace: Workspace, age_seconds: float) -> None:
    body = event("c_1", age_seconds=age_seconds)
    with pytest.raises(RefusedEventError, match="too old, or from the future"):
        receive(body, sign(body), secret=SECRET, ledger=workspace.ledger)


@pytest.mark.parametrize(
    "signature",
    [
        None,
        "",
        "sha256=",
        "sha256=\u00e9",
        "sha256=" + "0" * 64,
        sign(b"{}").upper(),
        sign(b"{}")[7:],
        sign(b"{}") + "0",
    ],
)
def test_a_signature_that_is_not_the_bodys_is_refused_and_never_an_error(signature: str | None) -> None:
    with pytest.raises(RefusedEventError) as caught:
        verify(b"{}", signature, SECRET)
    assert caught.value.status == 401


def test_a_tampered_or_rewritten_body_is_refused(workspace: Workspace) -> None:
    body = event("c_1")
    for changed in (body.replace(b"c_1", b"c_2"), json.dumps(json.loads(body), indent=1).encode()):
        with pytest.raises(RefusedEventError, match="signature"):
            receive(changed, sign(body), secret=SECRET, ledger=workspace.ledger)


def test_an_empty_secret_is_refused_because_anybody_could_sign_with_it() -> None:
    with pytest.raises(SettingsError, match="LEADLEAP_WEBHOOK_SECRET"):
        verify(b"{}", sign(b"{}", ""), "")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[1]",
        b"{",
        b"[" * 100_000,
        b'{"event": "lead.unlocked", "data": {}}',
        b'{"event": 5, "data": {}}',
    ],
)
def test_a_signed_body_that_is_no_event_is_refused(workspace: Workspace, content: bytes) -> None:
    with pytest.raises(RefusedEventError) as caught:
        receive(content, sign(content), secret=SECRET, ledger=workspace.ledger)
    assert caught.value.status == 400


def test_the_recorded_event_reads_once_its_time_is_now(workspace: Workspace) -> None:
    recorded: dict[str, Any] = json.loads(
        (Path(__file__).parent / "providers/leadleap/webhook_event_lead_unlocked.json").read_text()
    )
    recorded["timestamp"] = datetime.now(UTC).strftime("%Y-%m-%dT%H: %M: %S.000Z")
    body = json.dumps(recorded).encode()
    assert receive(body, sign(body), secret=SECRET, ledger=workspace.ledger) == 0


def test_the_receiver_answers_over_http(open_workspace: Any) -> None:
    workspace = open_workspace(LEADLEAP_WEBHOOK_SECRET=SECRET)
    config = uvicorn.Config(application(workspace), log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/leadleap"
        body = event("c_1")
        headers = {"X-Webhook-Signature": sign(body)}
        statuses = [
            requests.post(url, data=body, timeout=10).status_code,
            requests.post(url, data=body, headers=headers, timeout=10).status_code,
            requests.post(url, data=body, headers=headers, timeout=10).status_code,
            requests.post(url, data=bytes(BODY_CAP + 1), headers=headers, timeout=10).status_code,
        ]
    finally:
        server.should_exit = True
        thread.join(10)
    assert statuses == [401, 200, 409, 413]
