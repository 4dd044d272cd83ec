"""The shell around the apps, and the notebooks that it serves."""

from __future__ import annotations

import ast
import importlib.util
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

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


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
def test_beyond_this_machine_the_address_that_people_type_must_be_known(host: str) -> None:
    with pytest.raises(SettingsError, match="could ask for any address"):
        server.serve(host=host)


@pytest.mark.parametrize(
    "address",
    [
        "leads.example.com",
        "ftp://leads.example.com",
        "https://leads.example.com/app",
        "https://",
        "https://leads.example.com:99999",
        "https://leads.example.com:port",
        "https://[::1",
        "https://someone@leads.example.com",
        "https://leads example.com",
    ],
)
def test_an_address_without_a_scheme_or_with_a_path_is_refused(address: str) -> None:
    with pytest.raises(SettingsError, match="is not an address"):
        server.serve(address=address)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("https://Leads.Example.com:443/", "https://leads.example.com"),
        ("http://leads.example.com:80", "http://leads.example.com"),
        ("https://leads.example.com:8443", "https://leads.example.com:8443"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("https://[2001:DB8::1]:8443", "https://[2001:db8::1]:8443"),
    ],
)
def test_an_address_is_compared_in_the_form_that_browsers_say(typed: str, said: str) -> None:
    """Otherwise everybody would be turned away at an address that looks right."""
    assert server._origin(typed) == said


def test_a_trusted_proxy_is_an_address_and_not_a_name() -> None:
    with pytest.raises(SettingsError, match="'proxy' is not an address"):
        server.serve(trusted_proxies=["proxy"])


def test_a_port_in_use_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError, match=f"Port {port} of 127.0.0.1 cannot be used"):
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
    assert session.session().jobs is session.session().jobs
