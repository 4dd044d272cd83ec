"""A sandbox in another process, read and steered over HTTP."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from leadkit.sandbox import AttachedSandbox, attach
from leadkit.sandbox.__main__ import main

ROOT = Path(__file__).parents[2]
KEY = "ll_" + "5" * 64


def start(*options: str) -> tuple[subprocess.Popen[str], str]:
    """The process and what it printed until it serves."""
    command = [sys.executable, "-m", "leadkit.sandbox", *options]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    lines: list[str] = []
    while not (len(lines) > 2 and lines[-1] == "\n"):
        line = process.stdout.readline()
        assert line, "the sandbox ended before it served"
        lines.append(line)
    return process, "".join(lines)


@pytest.fixture(scope="module")
def process() -> Iterator[tuple[subprocess.Popen[str], str]]:
    process, printed = start(
        "--credits", "3", "--seed", "7", "--no-limits", "--validation-credits", "0.5", "--key", KEY
    )
    yield process, printed
    process.kill()
    process.communicate()


@pytest.fixture
def far(process: Any) -> AttachedSandbox:
    url = re.search(r"http://127\.0\.0\.1:\d+", process[1])
    assert url is not None
    far = attach(url[0])
    far.clear_record()
    far.clear_faults()
    return far


def test_it_prints_the_environment_that_leads_to_it(process: Any, far: AttachedSandbox) -> None:
    exported = dict(
        line.removeprefix("export ").split("=", 1) for line in process[1].splitlines() if "=" in line
    )
    assert exported == far.environ
    assert exported["LEADLEAP_API_KEY"] == KEY
    assert exported["LEADKIT_LEADLEAP_URL"] == f"{far.url}/api/v1"


def test_its_options_reach_the_provider(far: AttachedSandbox, connect: Any) -> None:
    api = connect(far, far.api_key("leadleap", account="options"))
    assert api.get("/account/usage").json()["data"]["usage"]["leads_limit"] == 3
    api.validate("jane@example.com")
    assert [(charge.what, charge.millicredits) for charge in far.charges] == [("jane@example.com", 500)]
    assert int(api.get("/leads").headers["X-RateLimit-Limit"]) > 60


def test_its_books_read_as_they_do_from_inside(far: AttachedSandbox, connect: Any) -> None:
    person = next(p for p in far.world.known_to("leadleap") if not p.deleted)
    connect(far).unlock(person.lead_id)
    assert far.charged("leadleap") == 1000
    (request,) = far.paid_requests()
    assert (request.asked, request.status, request.account) == ((person.lead_id,), 200, "main")
    assert far.charges[0].request_id == request.request_id


def test_it_takes_orders(far: AttachedSandbox, connect: Any) -> None:
    api = connect(far)
    far.fault("body", "/leads", body=b"\xff", headers={"X-Odd": "1"}, times=1)
    assert [fault.body for fault in far.faults] == [b"\xff"]
    assert api.get("/leads").content == b"\xff"
    far.fault("status", status=503)
    far.clear_faults()
    assert far.faults == []
    far.set_credits("leadleap", 0)
    far.set_price("leadleap", "validate", 1)
    assert api.validate("new@example.com").status_code == 402
    far.set_plan("leadleap", "starter")
    assert api.get("/leads").status_code == 403
    far.set_plan("leadleap", "scale")
    far.set_rate_limit("leadleap", 1)
    assert api.get("/leads").status_code == 429
    far.advance(61)
    assert api.get("/leads").status_code == 200
    far.set_rate_limit("leadleap", None)
    far.send_event("email.bounced", {"email": "a@example.com"})
    assert far.deliveries == []


def test_all_four_providers_are_there_and_take_orders(far: AttachedSandbox) -> None:
    person = next(p for p in far.world.known_to("leadiq") if p.email and p.job and not p.deleted)
    far.set_option("leadiq", "error_status_in", "http")
    body = {
        "query": "query($i: SearchPeopleInput!) { searchPeople(input: $i) { results { id } } }",
        "variables": {"i": {"email": person.email}},
    }
    headers = {"Authorization": f"Basic {far.api_key('leadiq')}"}
    url = far.environ["LEADKIT_LEADIQ_URL"]
    far.set_credits("leadiq", 0.05)
    assert requests.post(url, json=body, headers=headers, timeout=10).status_code == 402
    far.set_credits("leadiq", 1)
    assert requests.post(url, json=body, headers=headers, timeout=10).status_code == 200
    assert [(charge.operation, charge.millicredits) for charge in far.charges] == [("profile", 100)]
    far.fault("status", "/v1/me", provider="leadey", status=503)
    bearer = {"Authorization": f"Bearer {far.environ['LEADEY_API_KEY']}"}
    assert (
        requests.get(f"{far.environ['LEADKIT_LEADEY_URL']}/me", headers=bearer, timeout=5).status_code == 503
    )
    far.set_rate_limit("leadfeeder", 0)
    key = {"x-api-key": far.environ["LEADFEEDER_API_KEY"]}
    accounts = f"{far.environ['LEADKIT_LEADFEEDER_URL']}/accounts"
    assert requests.get(accounts, headers=key, timeout=5).status_code == 429
    far.set_rate_limit("leadfeeder", None)
    (account,) = requests.get(accounts, headers=key, timeout=5).json()["data"]
    assert account["id"] == far.environ["LEADFEEDER_ACCOUNT_ID"]


def test_an_order_that_makes_no_sense_is_refused_with_the_reason(far: AttachedSandbox) -> None:
    with pytest.raises(ValueError, match="'explode' is not a kind of fault"):
        far.fault("explode")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no provider 'acme'; it has leadleap, leadiq, leadfeeder, leadey"):
        far.set_credits("acme", 1)
    with pytest.raises(ValueError, match="no option 'speed'"):
        far.set_option("leadleap", "speed", 1)
    answer = requests.post(f"{far.url}/_sandbox/orders", json={"order": "stop"}, timeout=5)
    assert (answer.status_code, "no order 'stop'" in answer.json()["error"]) == (400, True)


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Origin": "http://evil.example"}], ids=str)
def test_a_page_in_a_browser_can_neither_read_nor_order(
    far: AttachedSandbox, headers: dict[str, str]
) -> None:
    state = requests.get(f"{far.url}/_sandbox/state", headers=headers, timeout=5)
    order = requests.post(
        f"{far.url}/_sandbox/orders", json={"order": "clear_faults"}, headers=headers, timeout=5
    )
    assert (state.status_code, order.status_code) == (403, 403)
    assert KEY not in state.text


def test_it_ends_on_an_interrupt_and_says_what_was_charged() -> None:
    process, _ = start()
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=20)
    assert (process.returncode, "0 requests; credits charged: none" in rest) == (0, True)


def test_a_port_in_use_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["--port", str(port)]) == 2
    assert f"port {port}" in capsys.readouterr().err
