"""A provider from a package of its own: installed beside leadkit, it is used like the others."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pandas as pd
import pytest

from leadkit.catalogue import entries
from leadkit.errors import KeyRefusedError
from leadkit.outcomes import Done
from leadkit.plan import Plan, make_plan
from leadkit.providers import provider_names
from leadkit.providers.base import Answer, Decoded, Operation, Provider
from leadkit.settings import Settings
from leadkit.workspace import Workspace
from tests.conftest import KEYS_IN_USE, FakeClock, files_with_a_key

PACKAGE = Path(__file__).parent / "example_provider"
KEY = "an-invented-key-of-the-example-provider-0123456789"


@dataclass
class Verify:
    """The service, as small as can be: the other side's own books."""

    url: str = ""
    calls: list[list[str]] = field(default_factory=list)
    charged: list[str] = field(default_factory=list)

    def answer(self, method: str, path: str, key: str, body: bytes) -> tuple[int, object]:
        if key != f"Bearer {KEY}":
            return 401, {}
        if (method, path) == ("GET", "/v1/account"):
            return 200, {"account": "acme", "credits": 50}
        addresses = json.loads(body)["addresses"]
        if (method, path) != ("POST", "/v1/checks") or not 0 < len(addresses) <= 20:
            return 400, {}
        self.calls.append(addresses)
        self.charged += addresses
        checks = [{"address": one.upper(), "result": result(one)} for one in reversed(addresses)]
        return 200, {"checks": checks, "credits": len(addresses) / 5, "id": f"c{len(self.calls)}"}


def result(address: str) -> str:
    return ("deliverable", "undeliverable", "catch_all", "new word")[len(address) % 4]


@pytest.fixture
def verify() -> Iterator[Verify]:
    service = Verify()
    KEYS_IN_USE.add(KEY)

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            key = self.headers.get("Authorization", "")
            status, said = service.answer(self.command, self.path, key, body)
            content = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = _answer

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (its name above)
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        service.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield service
        server.shutdown()
        thread.join()


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The package as an installer lays it down: its module, and what its pyproject says of it."""
    place = tmp_path / "site"
    project = tomllib.loads((PACKAGE / "pyproject.toml").read_text())["project"]
    about = place / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    about.mkdir(parents=True)
    shutil.copy(PACKAGE / "leadkit_example.py", place)
    about.joinpath("METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    groups = project["entry-points"].items()
    lines = [f"[{group}]\n" + "\n".join(f"{n} = {v}" for n, v in points.items()) for group, points in groups]
    about.joinpath("entry_points.txt").write_text("\n".join(lines))
    monkeypatch.syspath_prepend(str(place))
    return place


def environ(verify: Verify, home: Path, key: str = KEY) -> dict[str, str]:
    return {"EXAMPLE_API_KEY": key, "EXAMPLE_URL": verify.url, "LEADKIT_HOME": str(home)}


@pytest.fixture
def workspace(installed: Path, verify: Verify, tmp_path: Path) -> Iterator[Workspace]:
    settings = Settings.from_environment(environ(verify, tmp_path / "home"))
    with Workspace(settings, clock=FakeClock(), user="tester") as workspace:
        yield workspace


ADDRESSES = [f"{'a' * n}@example.com" for n in range(1, 46)]


def plan_of(workspace: Workspace) -> Plan:
    frame = pd.DataFrame({"Email": [*ADDRESSES, None, "A@EXAMPLE.COM"]})
    return make_plan(frame, "validate_emails", {"email": "Email"}, via="example", workspace=workspace)


def run(workspace: Workspace) -> Done:
    plan = plan_of(workspace)
    return plan.run(at_most=plan.preview.most / 1000)


def test_it_is_not_there_until_it_is_installed() -> None:
    assert "example" not in provider_names()


def test_it_is_used_like_the_others(workspace: Workspace, verify: Verify, tmp_path: Path) -> None:
    preview = plan_of(workspace).preview
    assert (preview.calls, preview.expected) == (3, 45 * 200)
    assert not verify.calls
    done = run(workspace)
    assert sorted(map(len, verify.calls)) == [5, 20, 20]
    assert done.receipt.charged.exact
    assert done.receipt.charged.most == len(verify.charged) * 200 == preview.most
    assert list(done.frame["example_email_result"][:45]) == list(map(result, ADDRESSES))
    assert done.receipt.rows["duplicate"] == done.receipt.rows["blank"] == 1
    assert set(done.frame["example_email_verdict"]) == {"valid", "invalid", "risky", "unknown", "not checked"}
    again = run(workspace)
    assert again.receipt.rows["known"] == 45
    assert len(verify.calls) == 3
    assert not files_with_a_key(tmp_path)


def test_its_balance_is_read_and_its_key_refused_in_words(
    installed: Path, verify: Verify, tmp_path: Path, workspace: Workspace
) -> None:
    assert workspace.balance("example").remaining == 50_000
    settings = Settings.from_environment(environ(verify, tmp_path / "other", "wrong"))
    with Workspace(settings, clock=FakeClock(), user="tester") as other:
        done = run(other)
    assert isinstance(done.stopped, KeyRefusedError)
    assert "EXAMPLE_API_KEY" in str(done.stopped)
    assert not verify.charged


def test_the_catalogue_and_the_command_show_it(installed: Path, verify: Verify, tmp_path: Path) -> None:
    (entry,) = [one for one in entries(Settings.from_environment({})) if one["provider"] == "example"]
    assert (entry["step"], entry["batch"], entry["price"], entry["repeat_is_free"]) == (
        "validate_emails",
        20,
        "0.2",
        False,
    )
    sheet, out = tmp_path / "sheet.csv", tmp_path / "out.csv"
    pd.DataFrame({"Email": ADDRESSES[:3]}).to_csv(sheet, index=False)
    root = Path(__file__).parents[2]
    env = {**os.environ, **environ(verify, tmp_path / "home"), "PYTHONPATH": f"{installed}{os.pathsep}{root}"}

    def leadkit(*words: str | Path) -> str:
        command = [sys.executable, "-m", "leadkit", *map(str, words)]
        return subprocess.run(
            command, env=env, check=True, capture_output=True, text=True, cwd=tmp_path
        ).stdout

    assert "| `validate_emails` | example |  | 20 | 0.2 | 10 a second | may cost |" in leadkit("operations")
    leadkit(
        "run", sheet, "validate-emails", "--email", "Email", "--via", "example", "--at-most", "1", "-o", out
    )
    assert list(pd.read_csv(out)["example_email_result"]) == list(map(result, ADDRESSES[:3]))


def test_the_checklist_names_only_what_is_there() -> None:
    text = (PACKAGE.parent / "README.md").read_text(encoding="utf-8")
    root = PACKAGE.parents[2]
    for path in re.findall(r"`([\w./<>]+(?:\.py|\.toml|/))`", text):
        if "<" not in path:
            assert (root / path).exists() or (PACKAGE.parent / path).exists(), path
    members = {name for kind in (Provider, Operation, Answer, Decoded) for name in vars(kind)}
    members |= {name for kind in (Provider, Operation, Answer, Decoded) for name in kind.__annotations__}
    for name in (
        "key_name",
        "host_overrides",
        "identities",
        "keeps_days",
        "batch_size",
        "use_account",
        "amount",
    ):
        assert f"`{name}`" in text
        assert name in members
