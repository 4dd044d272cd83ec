"""The transport against real sockets: what it sends, what it refuses, and what a failure may say."""

from __future__ import annotations

import gzip
import http.client
import json
import logging
import pprint
import socket
import ssl
import struct
import subprocess
import threading
import time
import traceback
import tracemalloc
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest
import requests.adapters

from leadkit.clock import SystemClock
from leadkit.errors import AnswerLostError, BadAnswerError, NotSentError, ProviderError, SettingsError
from leadkit.providers.base import Request, Response
from leadkit.settings import Settings
from leadkit.transport import Transport

CANARY = "lk_canary_81c3f0aa27d94e"
PERSON = "ada.canary@example.com"
ASK = Request("POST", "/email/validate", query=(("who", PERSON),), json={"emails": [PERSON]})

Script = Callable[[socket.socket, bytes], None]


class Service:
    """A provider for tests; its key goes into a header of an unusual name."""

    name, title, key_name = "service", "Service", "SERVICE_API_KEY"
    hosts: ClassVar[Mapping[str, str]] = {"api": "https://api.example.com/v1"}
    host_overrides: ClassVar[Mapping[str, str]] = {"api": "LEADKIT_LEADLEAP_URL"}

    def headers(self, key: str, host: str) -> Mapping[str, str]:
        return {"x-Service-KEY": key, "Authorization": f"Bearer {key}"}


class Server:
    """A raw socket server: ``script`` gets each request and its connection, and answers as badly as it likes."""

    def __init__(self, script: Script, *, tls: ssl.SSLContext | None = None, silent: bool = False) -> None:
        self.script = script
        self.tls = tls
        self.silent = silent  # never reads
        self.connections = 0
        self.requests: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connections += 1
            self._open.append(connection)
            if not self.silent:
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
            while request := read_request(connection):
                self.requests.append(request)
                self.script(connection, request)
        except (OSError, ValueError):
            pass

    def close(self) -> None:
        self._listener.close()
        for connection in self._open:
            connection.close()


def read_request(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return b""
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        (int(x.split(b":")[1]) for x in head.split(b"\r\n") if x.lower().startswith(b"content-length")), 0
    )
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def answer(
    connection: socket.socket, body: bytes = b"{}", *, status: str = "200 OK", headers: tuple[str, ...] = ()
) -> None:
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    connection.sendall("\r\n".join([*head, "", ""]).encode() + body)


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


Serve = Callable[..., Server]
Connect = Callable[..., Transport]


@pytest.fixture
def serve() -> Iterator[Serve]:
    servers: list[Server] = []

    def start(script: Script = lambda c, _: answer(c), **options: Any) -> Server:
        servers.append(Server(script, **options))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def connect() -> Iterator[Connect]:
    transports: list[Transport] = []

    def to(
        server: Server | int, *, scheme: str = "http", path: str = "/v1", clock: Any = None, **options: Any
    ) -> Transport:
        port = server if isinstance(server, int) else server.port
        environ = {"SERVICE_API_KEY": CANARY, "LEADKIT_LEADLEAP_URL": f"{scheme}://127.0.0.1:{port}{path}"}
        options = {"connect_seconds": 2.0, "read_seconds": 2.0} | options
        transport = Transport(
            Service(),  # type: ignore[arg-type] # sells nothing
            Settings.from_environment(environ),
            clock=clock or SystemClock(),
            **options,
        )
        transports.append(transport)
        return transport

    yield to
    for transport in transports:
        transport.close()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        port: int = one.getsockname()[1]
        return port


# -- what is sent, and what comes back --------------------------------------------------------------------------


def test_what_a_provider_says_of_a_key_that_it_cannot_use_is_told_as_it_is(
    serve: Serve, connect: Connect
) -> None:
    def refuse(key: str, host: str) -> Mapping[str, str]:
        try:
            raise ValueError(key)
        except ValueError:
            msg = "SERVICE_API_KEY is not base64. Nothing was sent."
            raise SettingsError(msg)  # noqa: B904 - as careless as a provider can be

    server = serve(answer)
    transport = connect(server)
    transport._provider.headers = refuse  # type: ignore[method-assign]
    with pytest.raises(
        SettingsError, match=r"^SERVICE_API_KEY is not base64\. Nothing was sent\.$"
    ) as caught:
        transport.send(ASK)
    assert not server.requests
    assert CANARY not in "".join(traceback.format_exception(caught.value))
    frames = [frame for frame, _ in traceback.walk_tb(caught.value.__traceback__)]
    assert not any(frame.f_code.co_name == "refuse" for frame in frames)


def test_the_request_is_what_was_asked_and_the_key_is_in_its_headers_only(
    serve: Serve, connect: Connect
) -> None:
    server = serve()
    connect(server).send(
        Request("POST", "/leads/a%2Fb", query=(("q", "a b&c=é/"), ("q", "2")), json={"e": ["é", 1]})
    )
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    line, *headers = head.decode().split("\r\n")
    assert line == "POST /v1/leads/a%2Fb?q=a%20b%26c%3D%C3%A9%2F&q=2 HTTP/1.1"
    assert f"x-Service-KEY: {CANARY}" in headers
    assert "Accept-Encoding: gzip" in headers
    assert "Content-Type: application/json" in headers
    assert json.loads(body) == {"e": ["é", 1]}


def test_a_get_has_no_body_and_an_empty_path_is_the_base_url(serve: Serve, connect: Connect) -> None:
    server = serve()
    connect(server, path="/graphql").send(Request("GET", ""))
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"GET /graphql HTTP/1.1\r\n")
    assert b"Content-Type" not in head
    assert body == b""


@pytest.mark.parametrize("status", [200, 201, 204, 400, 401, 402, 404, 429, 500, 503])
def test_every_status_but_a_redirect_comes_back_for_the_provider_to_read(
    serve: Serve, connect: Connect, status: int
) -> None:
    body = b"" if status == 204 else b'{"error": null}'
    transport = connect(
        serve(lambda c, _: answer(c, body, status=f"{status} .", headers=("X-Request-ID: r1",)))
    )
    response = transport.send(ASK)
    assert (response.status, response.body) == (status, body)
    assert response.headers["x-request-id"] == "r1"


def test_a_sign_in_page_is_handed_on_as_it_is(serve: Serve, connect: Connect) -> None:
    page = b"<html><title>Sign in to Wi-Fi</title></html>"
    response = connect(serve(lambda c, _: answer(c, page, headers=("Content-Type: text/html",)))).send(ASK)
    assert (response.status, response.body, response.headers["content-type"]) == (200, page, "text/html")


def test_a_header_sent_twice_is_one_list(serve: Serve, connect: Connect) -> None:
    server = serve(lambda c, _: answer(c, status="429 .", headers=("Retry-After: 5", "retry-after: 60")))
    assert connect(server).send(ASK).headers["retry-after"] == "5, 60"


def packed(body: bytes) -> bytes:
    return gzip.compress(body[:3]) + gzip.compress(body[3:])  # two members, as gzip allows


@pytest.mark.parametrize(
    ("pack", "headers"),
    [  # gzip writes the time down: packed here already, a test would have another name in each process
        (bytes, ()),
        (bytes, ("Content-Encoding: identity",)),
        (gzip.compress, ("Content-Encoding: gzip",)),
        (gzip.compress, ("Content-Encoding: GZIP ",)),
        (packed, ("Content-Encoding: x-gzip",)),
    ],
)
def test_the_body_is_unpacked(
    serve: Serve, connect: Connect, pack: Callable[[bytes], bytes], headers: tuple[str, ...]
) -> None:
    server = serve(lambda c, _: answer(c, pack(b'{"a": 1}'), headers=headers))
    assert connect(server).send(ASK).body == b'{"a": 1}'


def test_an_empty_body_that_is_said_to_be_packed_is_empty(serve: Serve, connect: Connect) -> None:
    server = serve(lambda c, _: answer(c, b"", status="204 .", headers=("Content-Encoding: gzip",)))
    assert connect(server).send(ASK).body == b""


def test_a_chunked_body_is_put_together(serve: Serve, connect: Connect) -> None:
    wire = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n[1, \r\n2\r\n2]\r\n0\r\n\r\n"
    assert connect(serve(lambda c, _: c.sendall(wire))).send(ASK).body == b"[1, 2]"


def test_cookies_are_not_kept(serve: Serve, connect: Connect) -> None:
    server = serve(lambda c, _: answer(c, headers=("Set-Cookie: session=1; Path=/",)))
    transport = connect(server)
    transport.send(ASK)
    transport.send(ASK)
    assert b"cookie" not in server.requests[1].lower()


def test_connections_are_used_again_and_threads_get_their_own_answers(serve: Serve, connect: Connect) -> None:
    server = serve(lambda c, request: answer(c, request.partition(b"\r\n\r\n")[2]))
    transport = connect(server, pool_size=8)
    wrong: list[int] = []

    def work(thread: int) -> None:
        for i in range(20):
            number = thread * 100 + i
            if json.loads(transport.send(Request("POST", "/echo", json=number)).body) != number:
                wrong.append(number)

    workers = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not wrong
    assert len(server.requests) == 160
    assert server.connections <= 8


def test_proxies_and_netrc_of_the_environment_are_left_alone(
    serve: Serve, connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy, server = serve(), serve()
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
    monkeypatch.delenv("no_proxy", raising=False)
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login intruder password intruder\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    connect(server).send(ASK)
    assert proxy.connections == 0
    assert f"Bearer {CANARY}".encode() in server.requests[0]


# -- what is never sent -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    ["leads", "/leads/../admin", "/..", "/./x", "/a b", "/a?b=1", "/a#b", "/a\\b", "/a\r\nX-Evil: 1", "/é",
     "@evil.example/", ".evil.example/", "https://evil.example/", "\t/a", "/a\n"],
)  # fmt: skip
def test_a_path_that_could_lead_elsewhere_is_not_sent(serve: Serve, connect: Connect, path: str) -> None:
    server = serve()
    with pytest.raises(NotSentError, match="Nothing was sent"):
        connect(server).send(Request("GET", path))
    assert server.connections == 0


def test_a_body_that_is_no_json_is_not_sent(serve: Serve, connect: Connect) -> None:
    server = serve()
    for odd in (float("nan"), {1, 2}):
        with pytest.raises(NotSentError, match="Nothing was sent"):
            connect(server).send(Request("POST", "/x", json=odd))
    assert server.connections == 0


def test_without_a_key_nothing_is_sent(serve: Serve) -> None:
    server = serve()
    settings = Settings.from_environment({"LEADKIT_LEADLEAP_URL": f"http://127.0.0.1:{server.port}"})
    transport = Transport(Service(), settings, clock=SystemClock())  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match="SERVICE_API_KEY is not set"):
        transport.send(ASK)
    assert server.connections == 0


@pytest.mark.parametrize(
    "url", ["http://api.example.com", "https://user@api.example.com", "ftp://api.example.com"]
)
def test_a_provider_that_is_not_on_https_gets_no_transport(url: str) -> None:
    class Plain(Service):
        hosts: ClassVar[Mapping[str, str]] = {"api": url}

    with pytest.raises(SettingsError):
        Transport(Plain(), Settings.from_environment({}), clock=SystemClock())  # type: ignore[arg-type]


def test_after_closing_nothing_is_sent(serve: Serve, connect: Connect) -> None:
    server = serve()
    transport = connect(server)
    transport.close()
    assert transport.closed
    with pytest.raises(NotSentError, match="closed"):
        transport.send(ASK)
    assert server.connections == 0


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_redirect_is_an_error_and_its_target_is_never_contacted(
    serve: Serve, connect: Connect, status: int, method: Any
) -> None:
    elsewhere = serve()
    where = f"Location: http://127.0.0.1:{elsewhere.port}/v1/email/validate"
    server = serve(lambda c, _: answer(c, gzip.compress(b"x"), status=f"{status} .", headers=(where,)))
    with pytest.raises(BadAnswerError, match="redirect") as caught:
        connect(server).send(Request(method, "/email/validate"))
    assert caught.value.charged == "unknown"
    assert len(server.requests) == 1
    assert elsewhere.connections == 0


# -- provably not sent ------------------------------------------------------------------------------------------


def expect_not_sent(transport: Transport, words: str) -> None:
    with pytest.raises(NotSentError, match=words) as caught:
        transport.send(ASK)
    assert caught.value.charged == "no"
    assert "Nothing was sent" in str(caught.value)


def test_a_refused_connection_is_not_sent(connect: Connect) -> None:
    expect_not_sent(connect(free_port()), "refused")


def test_an_unknown_host_is_not_sent(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*args: Any, **kwargs: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    expect_not_sent(connect(1), "name of its server is not known")


def test_a_connection_that_is_not_taken_is_not_sent(connect: Connect) -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        fill = [socket.socket() for _ in range(4)]
        for one in fill:
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
        expect_not_sent(connect(port, connect_seconds=0.2), "no connection within 0.2 seconds")
        for one in fill:
            one.close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that only the test trusts, with its key, in one file."""
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    command = (
        f"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=test "
        f"-addext subjectAltName=IP:127.0.0.1 -keyout {path} -out {path}.crt"
    )
    try:
        subprocess.run(command.split(), check=True, capture_output=True)
    except OSError:
        pytest.skip("needs the openssl program")
    path.write_text(path.read_text() + Path(f"{path}.crt").read_text())
    return path


def tls_server(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def test_a_certificate_that_nobody_vouches_for_is_refused_before_anything_is_sent(
    serve: Serve, connect: Connect, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))  # of the environment, so not asked
    monkeypatch.setenv("CURL_CA_BUNDLE", str(certificate))
    server = serve(tls=tls_server(certificate))
    expect_not_sent(connect(server, scheme="https"), "no trusted TLS connection")
    assert server.requests == []


def test_over_trusted_tls_the_answer_comes_and_a_break_after_sending_is_in_doubt(
    serve: Serve, connect: Connect, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests.adapters, "DEFAULT_CA_BUNDLE_PATH", str(certificate))
    server = serve(tls=tls_server(certificate))
    transport = connect(server, scheme="https", read_seconds=0.5)
    assert transport.send(ASK).status == 200
    assert transport.send(ASK).status == 200
    assert server.connections == 1
    server.script = lambda c, _: c.close()
    with pytest.raises(AnswerLostError):
        transport.send(ASK)
    server.script = lambda c, _: c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{")
    with pytest.raises(AnswerLostError, match="not complete within 0.5 seconds") as caught:
        transport.send(ASK)
    assert caught.value.partial == b"{"


def test_a_server_that_hangs_up_or_is_silent_before_tls_stands_was_sent_nothing(
    serve: Serve, connect: Connect
) -> None:
    no_tls = serve(lambda c, _: None)
    expect_not_sent(connect(no_tls, scheme="https", connect_seconds=0.3), "TLS|no connection")
    silent = serve(silent=True)
    expect_not_sent(connect(silent, scheme="https", connect_seconds=0.3), "no connection within 0.3 seconds")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        hang_up = threading.Thread(target=lambda: reset(listener.accept()[0]), daemon=True)
        hang_up.start()
        expect_not_sent(connect(listener.getsockname()[1], scheme="https"), "TLS|no connection")
        hang_up.join()


# -- sent, and the answer is lost -------------------------------------------------------------------------------


def raw(data: bytes, end: Callable[[socket.socket], None] = socket.socket.close) -> Script:
    def script(connection: socket.socket, _: bytes) -> None:
        connection.sendall(data)
        end(connection)

    return script


def stay(data: bytes) -> Script:
    """Send this and nothing more, and keep the connection."""
    return lambda connection, _: connection.sendall(data)


def drip(head: bytes) -> Script:
    def script(connection: socket.socket, _: bytes) -> None:
        connection.sendall(head)
        while True:
            connection.sendall(b"1")
            time.sleep(0.02)

    return script


GZIPPED = gzip.compress(b'{"data": {"id": "c_1"}}')
OK = b"HTTP/1.1 200 OK\r\n"
PACKED = OK + b"Content-Encoding: %s\r\nContent-Length: %d\r\n\r\n"

LOST: dict[str, tuple[Script, bytes | None]] = {
    "hangs up without a word": (lambda c, _: c.close(), b""),
    "resets": (lambda c, _: reset(c), b""),
    "says nothing": (lambda c, _: None, b""),
    "breaks off in the body": (raw(OK + b'Content-Length: 600\r\n\r\n{"data": {"id"'), b'{"data": {"id"'),
    "resets in the body": (raw(OK + b"Content-Length: 600\r\n\r\n", reset), b""),
    "stops in the body": (stay(OK + b'Content-Length: 600\r\n\r\n{"data"'), b'{"data"'),
    "breaks off in a chunk": (raw(OK + b"Transfer-Encoding: chunked\r\n\r\nff\r\n{}"), None),
    "breaks off between chunks": (raw(OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"), b"{}"),
    "says a chunk is of odd length": (raw(OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n"), None),
    "breaks off in the headers": (raw(OK + b"Content-Len"), None),
    "breaks off in the first line": (raw(b"HTTP/1.1 2"), None),
    "speaks no HTTP": (raw(b"\x15\x03\x01\x00\x02\x02\x50 SSH-2.0-x\r\n\r\n"), b""),
    "says two lengths": (raw(OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"), None),
    "has endless headers": (raw(OK + b"".join(b"X-%d: 1\r\n" % i for i in range(200)) + b"\r\n"), b""),
    "has an endless header": (raw(OK + b"X: " + b"x" * 70_000 + b"\r\n\r\n"), b""),
    "drips its body": (drip(OK + b"Content-Length: 100000\r\n\r\n"), None),
    "drips a body without length": (drip(OK + b"\r\n"), None),
    "drips its headers": (drip(OK + b"X-Slow: "), b""),
    "drips its first line": (drip(b"HTTP/1.1 200 "), b""),
    "packs with brotli": (raw(PACKED % (b"br", 2) + b"{}"), b"{}"),
    "packs twice": (raw(PACKED % (b"gzip, gzip", len(GZIPPED)) + GZIPPED), GZIPPED),
    "packs with deflate": (raw(PACKED % (b"deflate", 2) + b"{}"), b"{}"),
    "packs badly": (raw(PACKED % (b"gzip", 2) + b"{}"), b""),
    "breaks off in the packing": (raw(PACKED % (b"gzip", len(GZIPPED) - 9) + GZIPPED[:-9]), None),
    "is larger than the cap": (raw(OK + b"Content-Length: 5000\r\n\r\n" + b"x" * 5000), b"x" * 4096),
    "is larger than the cap, endlessly": (drip(OK + b"\r\n" + b"x" * 5000), b"x" * 4096),
    "unpacks beyond the cap": (
        raw(PACKED % (b"gzip", len(gzip.compress(b"x" * 50_000))) + gzip.compress(b"x" * 50_000)),
        b"x" * 4096,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", LOST)
def test_an_answer_that_does_not_come_whole_is_in_doubt_and_what_came_is_kept(
    serve: Serve,
    connect: Connect,
    case: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 1)
    script, partial = LOST[case]
    server = serve(script)
    transport = connect(server, read_seconds=0.4, body_cap=4096)
    with (
        caplog.at_level(logging.DEBUG),
        pytest.raises(AnswerLostError, match="may have been charged") as caught,
    ):
        transport.send(ASK)
    assert caught.value.charged == "unknown"
    assert len(server.requests) == 1, "sent once"
    if partial is not None:
        assert caught.value.partial == partial
    check_discreet(caught.value, transport, caplog)


def check_discreet(error: ProviderError, transport: Transport, caplog: pytest.LogCaptureFixture) -> None:
    """Neither the error nor anything that can be reached from it shows the key, and its text names nobody."""
    assert error.__cause__ is None
    assert error.__context__ is None
    # The frames below the test's own, with their local variables, as error reporters send them.
    below = error.__traceback__ and error.__traceback__.tb_next
    with_locals = traceback.TracebackException(type(error), error, below, capture_locals=True)
    shown = (
        "".join(with_locals.format())
        + f"{error!r} {pprint.pformat(vars(error))} {transport!r} {vars(transport)}"
    )
    assert CANARY not in shown
    assert CANARY not in caplog.text
    for text in (str(error), caplog.text):
        assert PERSON not in text
        assert "canary" not in text


def test_what_is_logged_about_a_good_call_names_neither_key_nor_person(
    serve: Serve, connect: Connect, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 1)
    with caplog.at_level(logging.DEBUG):
        connect(serve()).send(ASK)
    shown = caplog.text + "".join(capsys.readouterr())
    assert "service: POST, HTTP 200, 2 bytes" in shown
    assert CANARY not in shown
    assert "canary" not in shown


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_request_that_was_not_sent_names_neither_key_nor_person(
    connect: Connect, scheme: str, caplog: pytest.LogCaptureFixture
) -> None:
    transport = connect(free_port(), scheme=scheme)
    with caplog.at_level(logging.DEBUG), pytest.raises(NotSentError) as caught:
        transport.send(ASK)
    check_discreet(caught.value, transport, caplog)


def test_a_redirect_names_neither_key_nor_person(
    serve: Serve, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    echo = f"Location: https://evil.example/?key={CANARY}&who={PERSON}"
    transport = connect(serve(lambda c, _: answer(c, status="302 .", headers=(echo,))))
    with caplog.at_level(logging.DEBUG), pytest.raises(BadAnswerError) as caught:
        transport.send(ASK)
    check_discreet(caught.value, transport, caplog)


def test_an_interrupt_passes_through_without_the_frames_that_hold_the_key(
    serve: Serve, connect: Connect
) -> None:
    class Impatient(SystemClock):
        calls = 0

        def monotonic(self) -> float:
            self.calls += 1
            if self.calls == 2:
                raise KeyboardInterrupt
            return super().monotonic()

    transport = connect(serve(), clock=Impatient())
    with pytest.raises(KeyboardInterrupt) as caught:
        transport.send(ASK)
    below = caught.tb.tb_next
    shown = traceback.TracebackException(KeyboardInterrupt, caught.value, below, capture_locals=True)
    assert CANARY not in "".join(shown.format())


# -- connections that are used again ----------------------------------------------------------------------------


def test_a_connection_dropped_while_idle_is_opened_anew_and_the_request_sent_once(
    serve: Serve, connect: Connect
) -> None:
    def once(connection: socket.socket, _: bytes) -> None:
        answer(connection)
        connection.shutdown(socket.SHUT_RDWR)

    server = serve(once)
    transport = connect(server)
    for _ in range(3):
        assert transport.send(ASK).status == 200
        time.sleep(0.05)  # for the end of the connection to arrive
    assert (len(server.requests), server.connections) == (3, 3)


@pytest.mark.parametrize("end", [lambda c: c.close(), reset], ids=["closed", "reset"])
def test_a_used_connection_dropped_on_the_next_request_is_in_doubt_and_not_sent_again(
    serve: Serve, connect: Connect, end: Callable[[socket.socket], None], caplog: pytest.LogCaptureFixture
) -> None:
    def script(connection: socket.socket, _: bytes) -> None:
        answer(connection) if len(server.requests) == 1 else end(connection)

    server = serve(script)
    transport = connect(server)
    transport.send(ASK)
    with caplog.at_level(logging.DEBUG), pytest.raises(AnswerLostError) as caught:
        transport.send(ASK)
    assert (len(server.requests), server.connections) == (2, 1)
    check_discreet(caught.value, transport, caplog)


def test_a_connection_idle_for_long_is_not_trusted_with_a_request(serve: Serve, connect: Connect) -> None:
    class Jumping(SystemClock):
        jump = 0.0

        def monotonic(self) -> float:
            return super().monotonic() + self.jump

    clock = Jumping()
    server = serve()
    transport = connect(server, clock=clock)
    transport.send(ASK)
    clock.jump = 3.0
    transport.send(ASK)
    assert server.connections == 1
    clock.jump = 8.0
    transport.send(ASK)
    assert server.connections == 2


def test_the_connection_of_a_lost_answer_is_not_used_again(serve: Serve, connect: Connect) -> None:
    def script(connection: socket.socket, request: bytes) -> None:
        if len(server.requests) == 1:
            connection.sendall(OK + b"Content-Length: 20\r\n\r\n[1, ")
            time.sleep(0.4)
            connection.sendall(b'"of the first call"]')
        else:
            answer(connection, b'"second"')

    server = serve(script)
    transport = connect(server, read_seconds=0.2)
    with pytest.raises(AnswerLostError):
        transport.send(ASK)
    assert transport.send(ASK).body == b'"second"'


# -- caps -------------------------------------------------------------------------------------------------------


def test_a_slow_answer_ends_at_the_time_cap_and_not_at_its_end(serve: Serve, connect: Connect) -> None:
    """The server would drip for 2,000 seconds; that the call returns at all is the proof."""
    server = serve(drip(OK + b"Content-Length: 100000\r\n\r\n"))
    with pytest.raises(AnswerLostError, match="not complete within 0.3 seconds") as caught:
        connect(server, read_seconds=0.3).send(ASK)
    assert 0 < len(caught.value.partial) < 100


def test_a_small_answer_that_unpacks_to_hundreds_of_megabytes_costs_little_memory(
    serve: Serve, connect: Connect
) -> None:
    squeeze = zlib.compressobj(9, wbits=31)
    block = b"x" * 2**20
    bomb = b"".join(squeeze.compress(block) for _ in range(200)) + squeeze.flush()
    assert len(bomb) < 300_000
    transport = connect(serve(raw(PACKED % (b"gzip", len(bomb)) + bomb)), read_seconds=30)
    tracemalloc.start()
    try:
        with pytest.raises(AnswerLostError, match="larger than 8,388,608 bytes") as caught:
            transport.send(ASK)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(caught.value.partial) == 8 * 2**20
    assert peak < 32 * 2**20


def test_an_answer_as_large_as_the_cap_is_read(serve: Serve, connect: Connect) -> None:
    body = b"x" * 4096
    assert connect(serve(lambda c, _: answer(c, body)), body_cap=4096).send(ASK).body == body


def test_a_response_is_plain_values(serve: Serve, connect: Connect) -> None:
    response = connect(serve()).send(ASK)
    assert isinstance(response, Response)
    assert type(response.body) is bytes
    assert all(name == name.lower() for name in response.headers)
