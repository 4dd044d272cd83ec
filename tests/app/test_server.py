"""The shell around the apps, and the notebooks that it serves."""

from __future__ import annotations

import ast
import asyncio
import importlib.util
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import uvicorn

from leadkit.app import places, server, session
from leadkit.errors import SettingsError
from leadkit.sandbox import Sandbox

NOTEBOOKS = sorted(places.notebooks_folder().glob("*.py"))


@pytest.fixture
def closed_session(monkeypatch: pytest.MonkeyPatch, box: Sandbox) -> Iterator[None]:
    """A session of this process on the test's sandbox, closed afterwards."""
    for name, value in box.environ.items():
        monkeypatch.setenv(name, value)
    session.close()
    yield
    session.close()


def _notebook(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(f"notebook_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
@pytest.mark.usefixtures("closed_session")
def test_running_a_notebook_sends_nothing_that_can_cost(path: Path, box: Sandbox) -> None:
    for _ in range(3):
        _notebook(path).app.run()
    assert box.paid_requests() == []


@pytest.mark.usefixtures("closed_session")
def test_a_notebook_that_cannot_start_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEADKIT_HOM", "misspelt")
    outputs, _ = _notebook(places.notebooks_folder() / "enrich.py").app.run()
    shown = " ".join(output.text for output in outputs if output is not None and hasattr(output, "text"))
    assert "The app cannot start" in shown
    assert "did you mean LEADKIT_HOME?" in shown


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_holds_layout_and_words_and_no_logic(path: Path) -> None:
    """What decides anything lives in leadkit/app, where it is tested."""
    tree = ast.parse(path.read_text("utf-8"))
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.While | ast.For | ast.ClassDef)]
    assert "environ" not in path.read_text("utf-8")


@pytest.fixture
def shell(closed_session: None) -> Iterator[str]:
    """The address of the shell, served by a thread of this process."""
    listener = server._listen("127.0.0.1", 0)
    running = uvicorn.Server(uvicorn.Config(server.asgi_app(), log_level="error"))
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    running.should_exit = True
    thread.join(10)


def test_the_shell_leads_to_the_app_and_shows_neither_code_nor_frames(shell: str) -> None:
    answer = requests.get(shell, timeout=30)
    assert answer.url == f"{shell}enrich/"
    assert answer.status_code == 200
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "make_draft" not in answer.text


def test_a_request_larger_than_any_upload_is_turned_away(shell: str) -> None:
    """The browser's own limit can be left out by whoever writes the request by hand."""
    host, port = shell.removeprefix("http://").rstrip("/").split(":")
    size = server.BODY_LIMIT_BYTES + 1
    with socket.create_connection((host, int(port))) as by_hand:
        by_hand.sendall(f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n\r\n".encode())
        assert by_hand.recv(100).startswith(b"HTTP/1.1 413")


def test_a_request_that_does_not_state_its_size_is_cut_off_at_the_limit() -> None:
    seen: list[str | bytes] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        while (message := await receive())["type"] == "http.request":
            seen.append(message["body"])
        seen.append(message["type"])

    async def endless() -> Any:
        return {"type": "http.request", "body": b"1234", "more_body": True}

    async def send(message: Any) -> None:
        raise AssertionError(message)

    asyncio.run(server.LimitBody(app, 10)({"type": "http", "headers": []}, endless, send))
    assert seen == [b"1234", b"1234", "http.disconnect"]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com"])
def test_the_app_is_served_on_this_machine_only(host: str) -> None:
    with pytest.raises(SettingsError, match="only be served on this machine"):
        server.serve(host=host)


def test_a_port_in_use_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError, match=f"Port {port} cannot be used"):
            server.serve(port=port)


def test_an_installed_leadkit_finds_its_apps_inside_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "site-packages" / "leadkit"
    package.mkdir(parents=True)
    monkeypatch.setattr(places, "_PACKAGE", package)
    with pytest.raises(SettingsError, match="no folder 'notebooks'"):
        places.notebooks_folder()
    (package.parent / "data").mkdir()
    assert places.data_folder() == package.parent / "data"
    (package / "_data").mkdir()
    assert places.data_folder() == package / "_data"


def test_a_key_that_is_set_but_useless_is_an_error_and_no_sandbox(
    monkeypatch: pytest.MonkeyPatch, closed_session: None
) -> None:
    monkeypatch.setenv("LEADLEAP_API_KEY", "")
    assert session.session().banner == ""


def test_without_any_key_the_session_is_the_sandbox(
    monkeypatch: pytest.MonkeyPatch, closed_session: None, box: Sandbox
) -> None:
    for name in box.environ:
        monkeypatch.delenv(name)
    assert "invented people" in session.session().banner
    assert session.session() is session.session()
