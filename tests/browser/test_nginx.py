"""The deployment that DEPLOY.md describes: its own configuration in a real nginx, with TLS, and Chromium in front."""

from __future__ import annotations

import base64
import os
import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
import urllib3
from playwright.sync_api import Browser
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from leadkit.app.places import notebooks_folder
from leadkit.app.users import Users
from leadkit.sandbox import Sandbox
from tests.app.books import leads, people_book
from tests.app.doorway import PASSWORD, user
from tests.browser.conftest import VALIDATION_CREDITS, environ
from tests.browser.driver import Server, Visitor, complaints

NGINX, OPENSSL = (shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin") for name in ("nginx", "openssl"))
pytestmark = [
    pytest.mark.skipif(NGINX is None, reason="nginx is not installed: apt-get install nginx-light"),
    pytest.mark.skipif(OPENSSL is None, reason="openssl is not installed: apt-get install openssl"),
    pytest.mark.filterwarnings(f"ignore::{urllib3.__name__}.exceptions.InsecureRequestWarning"),
]


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def _blocks() -> tuple[str, str]:
    """The two pieces of nginx configuration in the text."""
    whole, sign_in = re.findall(
        r"```nginx\n(.*?)```", (notebooks_folder() / "DEPLOY.md").read_text("utf-8"), re.DOTALL
    )
    return whole, sign_in


@contextmanager
def _nginx(folder: Path, port: int, upstream: int, *, signs_in: bool) -> Iterator[None]:
    """nginx with the text's configuration; only addresses and paths are this machine's."""
    config, lines = _blocks()
    if signs_in:
        header = '        proxy_set_header X-Remote-User "";\n'
        assert header in config
        config = config.replace(header, lines)
    for there, here in (
        ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
        ("leads.example.com;", "localhost;"),
        ("/etc/ssl/leads.example.com.pem", f"{folder}/certificate.pem"),
        ("/etc/ssl/leads.example.com.key", f"{folder}/key.pem"),
        ("/etc/nginx/leadkit.htpasswd", f"{folder}/htpasswd"),
        ("http://127.0.0.1:2718", f"http://127.0.0.1:{upstream}"),
    ):
        assert there in config or "htpasswd" in there, there
        config = config.replace(there, here)
    assert OPENSSL is not None
    assert NGINX is not None
    subprocess.run(
        f"{OPENSSL} req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost "
        f"-keyout {folder}/key.pem -out {folder}/certificate.pem".split(),
        check=True,
        capture_output=True,
    )
    (folder / "htpasswd").write_text(f"alice:{{PLAIN}}{PASSWORD}\nstranger:{{PLAIN}}{PASSWORD}\n")
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    as_root = "user root;\n" if os.geteuid() == 0 else ""  # its workers read this folder
    main = f"{as_root}daemon off; pid {folder}/pid; error_log {folder}/error.log;\nevents {{}}\n"
    whole = f"{main}http {{\n{temporary}{config}}}\n"
    (folder / "nginx.conf").write_text(whole)
    process = subprocess.Popen(
        [NGINX, "-p", str(folder), "-c", "nginx.conf"], stderr=subprocess.PIPE, text=True
    )
    try:
        _wait_until_there_is_an_answer(process, port)
        yield
    finally:
        process.terminate()
        process.wait(20)


def _wait_until_there_is_an_answer(process: subprocess.Popen[str], port: int) -> None:
    for _ in range(100):
        with socket.socket() as trying:
            if trying.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.1)
    raise AssertionError("nginx does not answer")


@pytest.fixture(scope="module")
def town() -> Iterator[Sandbox]:
    """A sandbox in which nobody has bought anything yet."""
    with Sandbox(rate_limited=False, credits=2000, validation_millicredits=VALIDATION_CREDITS * 1000) as box:
        yield box


@pytest.fixture
def deploy(tmp_path: Path, town: Sandbox) -> Iterator[Callable[..., str]]:
    """Starts leadkit and nginx as the text says; tells the address that people type."""
    ends = []

    def start(*, signs_in: bool = False) -> str:
        port, upstream = _free_port(), _free_port()
        users = Users(tmp_path / "workspace" / "app" / "users.json")
        users.put(user("alice"))
        address = f"https://localhost:{port}"
        trust = ["--trusted-proxy", "127.0.0.1"] if signs_in else []
        server = Server(
            environ(town, tmp_path), tmp_path, "--port", str(upstream), "--address", address, *trust
        )
        ends.append(server.stop)
        nginx = _nginx(tmp_path, port, upstream, signs_in=signs_in)
        nginx.__enter__()
        ends.append(lambda: nginx.__exit__(None, None, None))
        return address

    town.clear_record()
    yield start
    for end in reversed(ends):
        end()


def _socket(address: str, **headers: str) -> str:
    """The first words of a page's connection."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with connect(
        f"{address.replace('https', 'wss')}/enrich/ws?session_id=s_nginx",
        ssl=context,
        origin=address,
        additional_headers=headers,
        proxy=None,
    ) as connection:
        return str(connection.recv(30))


def test_colleagues_sign_in_and_buy_through_nginx(
    deploy: Callable[..., str], browser: Browser, town: Sandbox, tmp_path: Path
) -> None:
    address = deploy()
    context = browser.new_context(ignore_https_errors=True, accept_downloads=True)
    page = context.new_page()
    said = complaints(page)
    page.goto(f"{address}/enrich/")
    page.get_by_label("Name").fill("alice")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    alice = Visitor(page, f"{address}/")
    page.get_by_role("heading", name="Enrich a spreadsheet").wait_for()
    (cookie,) = context.cookies()
    assert cookie["secure"]
    assert cookie["name"].startswith("__Host-"), "no neighbour of this host can put another in its place"
    path = tmp_path / "leads.xlsx"
    path.write_bytes(people_book(leads(town, 3, skip=300)))
    alice.upload(path)
    alice.choose_step("Unlock contact data")
    alice.button.click()
    assert alice.download(tmp_path).stat().st_size > 0
    assert town.charged("leadleap") == 3_000
    # On a busy machine Chromium gave up a connection once. What it lacked then has to be there for who asks again.
    given_up = [message for message in said if "net::ERR_TOO_MANY_RETRIES" in message.text]
    assert [message.text for message in said if message not in given_up] == []
    assert all(context.request.get(message.location["url"]).ok for message in given_up)
    context.close()

    # A stranger with a header of their own making, with another host, with too large a body.
    ask = {"verify": False, "timeout": 30, "allow_redirects": False}
    named = requests.get(f"{address}/enrich/", headers={"X-Remote-User": "alice"}, **ask)  # type: ignore[arg-type]
    assert named.status_code == 401
    other = requests.get(address, headers={"Host": "attacker.example"}, **ask)  # type: ignore[arg-type]
    assert other.status_code == 403
    large = requests.post(address, b"x" * 72_000_000, **ask)  # type: ignore[arg-type]
    assert large.status_code == 413
    assert "strict-transport-security" in named.headers
    with pytest.raises(InvalidStatus, match="403"):
        _socket(address)


def test_nginx_signs_people_in_and_names_them(deploy: Callable[..., str]) -> None:
    address = deploy(signs_in=True)

    def home(name: str, password: str = PASSWORD, **headers: str) -> requests.Response:
        return requests.get(f"{address}/", auth=(name, password), headers=headers, verify=False, timeout=30)

    assert "Signed in as alice, who may spend." in home("alice").text
    assert "Signed in as stranger, who may look." in home("stranger").text
    assert "Signed in as stranger" in home("stranger", **{"X-Remote-User": "alice"}).text, (
        "nginx has the last word"
    )
    assert home("alice", "wrong").status_code == 401
    basic = base64.b64encode(f"alice:{PASSWORD}".encode()).decode()
    assert "kernel-ready" in _socket(address, Authorization=f"Basic {basic}")
