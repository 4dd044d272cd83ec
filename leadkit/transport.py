"""One HTTP client: the only place where a key meets a request, and where bytes leave the machine.

It sends each request once: no redirects, no retries, nothing taken from proxies or ``.netrc``. It reads at most so
many bytes for at most so long, and never looks at what an answer says; that is the provider's work. Every failure is
told apart by the one question that matters for money: can a byte of the request have left this machine?
"""

from __future__ import annotations

import json
import logging
import re
import ssl
import zlib
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from urllib.parse import quote, urlencode

import requests
import urllib3
from urllib3.util import parse_url

from leadkit.clock import Clock
from leadkit.errors import AnswerLostError, BadAnswerError, LeadkitError, NotSentError, ProviderError
from leadkit.providers.base import Provider, Request, Response
from leadkit.settings import SecretFilter, Settings
from leadkit.wire import Exchange, WireAdapter

#: The largest answer that is read, in bytes after unpacking. The largest documented one is far below.
BODY_CAP = 8 * 2**20

_CHUNK = 2**16
_GZIP = 16 + zlib.MAX_WBITS
_PATH = re.compile(r"(/[A-Za-z0-9._~!$&'()*+,;=:@%-]*)*")
_log = logging.getLogger("leadkit")

try:
    _USER_AGENT = f"leadkit/{version('leadkit')}"
except PackageNotFoundError:  # run from a checkout
    _USER_AGENT = "leadkit"


class Transport:
    """Sends requests to one provider. Threads may share it.

    Parameters
    ----------
    provider
        Its hosts are the only ones that are talked to.
    settings
        Where the API key, and in tests the base URLs, come from.
    connect_seconds, read_seconds
        The longest wait for a connection, and from the first byte sent to the last byte of the answer.
    body_cap
        The largest answer that is read, in bytes after unpacking.
    pool_size
        Connections that are kept open; as many as there are threads.

    Raises
    ------
    SettingsError
        A base URL is not allowed. Nothing was sent.
    """

    def __init__(
        self,
        provider: Provider,
        settings: Settings,
        *,
        clock: Clock,
        connect_seconds: float = 10.0,
        read_seconds: float = 60.0,
        body_cap: int = BODY_CAP,
        pool_size: int = 16,
    ) -> None:
        self.closed = False
        self._provider = provider
        self._settings = settings
        self._clock = clock
        self._connect_seconds = connect_seconds
        self._read_seconds = read_seconds
        self._body_cap = body_cap
        self._base_urls = {
            host: settings.base_url(host, url, provider.host_overrides.get(host, ""))
            for host, url in provider.hosts.items()
        }
        self._adapter = WireAdapter(len(self._base_urls), pool_size)
        self._filter = SecretFilter(settings)
        _log.addFilter(self._filter)

    def __repr__(self) -> str:
        return f"Transport({self._provider.name!r})"

    def send(self, request: Request) -> Response:
        """Send one request, once, and read its whole answer, whatever its status.

        Raises
        ------
        NotSentError
            Provably, no byte of the request was sent: unknown host, connection refused or timed out, TLS not trusted.
        AnswerLostError
            A byte may have been sent, and no complete and readable answer came within the caps on time and size.
            ``partial`` holds what did come, unpacked as far as it could be.
        BadAnswerError
            A redirect. It is not followed: that would carry the key and the data to somebody else.
        SettingsError
            There is no API key, or not one that this host takes. Nothing was sent.
        """
        outcome = self._exchange(request)
        if isinstance(outcome, Response):
            return outcome
        # Raised here, and outside of any `except`: neither its traceback nor its context leads to the frames
        # and exceptions that hold the request's headers, and so the key.
        raise outcome

    def close(self) -> None:
        """Close the connections. Sending afterwards is refused."""
        self.closed = True
        self._adapter.close()
        _log.removeFilter(self._filter)

    def _exchange(self, request: Request) -> Response | BaseException:
        name = self._provider.name
        if self.closed:
            return NotSentError(f"{name}: the connection was closed. Nothing was sent.", provider=name)
        key = self._settings.key(self._provider.key_name)
        body = bytearray()
        exchange = Exchange(self._clock, self._read_seconds)
        try:
            prepared = self._prepare(request, self._provider.headers(key.reveal(), request.host))
            with exchange:
                response = self._adapter.send(
                    prepared,
                    stream=True,
                    timeout=(self._connect_seconds, self._read_seconds),
                    verify=True,
                    proxies={},
                )
                try:
                    if 300 <= response.status_code < 400:
                        return self._redirected(response.status_code)
                    self._read(response.raw, response.headers.get("content-encoding", ""), body)
                finally:
                    response.raw.close()  # back in the pool already if it was read to its end
        except LeadkitError as error:  # the provider's, which could not use the key
            error.__cause__ = error.__context__ = None
            return error.with_traceback(None)
        except Exception as error:
            return self._lost(error, body) if exchange.started else self._not_sent(error)
        except BaseException as interrupt:
            return interrupt.with_traceback(None)
        _log.debug("%s: %s, HTTP %d, %d bytes", name, request.method, response.status_code, len(body))
        headers = {header.lower(): value for header, value in response.headers.items()}
        return Response(response.status_code, headers, bytes(body))

    def _prepare(self, request: Request, key_headers: Mapping[str, str]) -> requests.PreparedRequest:
        base = self._base_urls[request.host]
        if not _PATH.fullmatch(request.path) or {".", ".."} & set(request.path.split("/")):
            msg = "its path is not plain"
            raise _UnsendableError(msg)
        query = f"?{urlencode(request.query, quote_via=quote)}" if request.query else ""
        content = {} if request.json is None else {"Content-Type": "application/json"}
        prepared = requests.Request(
            request.method,
            base + request.path + query,
            headers={
                "User-Agent": _USER_AGENT,
                "Accept": "application/json, */*",
                **content,
                **key_headers,
                "Accept-Encoding": "gzip",  # others unpack without a bound, or are not everywhere
            },
            data=None if request.json is None else json.dumps(request.json, allow_nan=False).encode(),
        ).prepare()
        # Asked of the URL in its final form, and of the parser that will connect.
        final, allowed = parse_url(prepared.url or ""), parse_url(base)
        if final[:4] != allowed[:4] or final.auth:  # scheme, user, host and port
            msg = "its address is not the provider's"
            raise _UnsendableError(msg)
        return prepared

    def _read(self, raw: urllib3.HTTPResponse, encoding: str, body: bytearray) -> None:
        """Append the unpacked answer to ``body``, which keeps what came if this raises."""
        encoding = encoding.strip().lower()
        gzip = encoding in ("gzip", "x-gzip")
        unpack = zlib.decompressobj(_GZIP)
        while came := raw.read1(_CHUNK, decode_content=False):
            while came:
                room = self._body_cap - len(body)
                if gzip:
                    if unpack.eof:  # another gzip member follows
                        unpack = zlib.decompressobj(_GZIP)
                    body += unpack.decompress(came, room + 1)
                    came = unpack.unconsumed_tail or unpack.unused_data
                else:
                    body += came[: room + 1]
                    came = b""
                if len(body) > self._body_cap:
                    del body[self._body_cap :]
                    msg = f"it is larger than {self._body_cap:,} bytes"
                    raise _UnreadableError(msg)
        ended_by_hanging_up = raw.length_remaining is None and not raw.chunked
        if (gzip and body and not unpack.eof) or (ended_by_hanging_up and not body):
            msg = "it broke off"
            raise _UnreadableError(msg)
        if not gzip and encoding not in ("", "identity"):
            msg = "it is packed in a way that was not asked for"
            raise _UnreadableError(msg)

    def _not_sent(self, error: Exception) -> ProviderError:
        name = self._provider.name
        why = _why_not_sent(error, self._connect_seconds)
        return NotSentError(f"{name}: the request could not be sent: {why}. Nothing was sent.", provider=name)

    def _lost(self, error: Exception, body: bytearray) -> ProviderError:
        name = self._provider.name
        why = _why_lost(error, self._read_seconds)
        msg = (
            f"{name}: the request was sent, but its answer is lost: {why} ({len(body):,} bytes came). "
            "It may have been charged."
        )
        lost = AnswerLostError(msg, provider=name)
        lost.partial = bytes(body)
        return lost

    def _redirected(self, status: int) -> ProviderError:
        name = self._provider.name
        msg = (
            f"{name}: the answer is a redirect (HTTP {status}), which is never followed, because it would carry the "
            "key and the data elsewhere. A proxy or a sign-in page on the way can be the reason. It may have been "
            "charged."
        )
        return BadAnswerError(msg, provider=name)


class _UnsendableError(ValueError):
    """The request itself cannot be sent."""


class _UnreadableError(ValueError):
    """An answer that came and cannot be read to its end."""


def _why_not_sent(error: Exception, connect_seconds: float) -> str:
    """In our own words: those of the libraries name paths and queries, and so people."""
    causes = _causes(error)
    if isinstance(error, _UnsendableError):
        return str(error)
    if _any(causes, urllib3.exceptions.NameResolutionError):
        return "the name of its server is not known; this computer may be offline"
    if _any(causes, ConnectionRefusedError):
        return "the connection was refused"
    if _any(causes, ssl.SSLError):
        return "no trusted TLS connection could be made; something on the way may have put in its own certificate"
    if _any(causes, TimeoutError):
        return f"no connection within {connect_seconds:g} seconds"
    if _any(causes, requests.ConnectionError):
        return "no connection could be made"
    return f"it cannot be written as HTTP ({type(error).__name__})"


def _why_lost(error: Exception, read_seconds: float) -> str:
    causes = _causes(error)
    if isinstance(error, _UnreadableError):
        return str(error)
    if _any(causes, TimeoutError):
        return f"it was not complete within {read_seconds:g} seconds"
    if _any(causes, zlib.error):
        return "it cannot be unpacked"
    return "the connection broke"


def _any(causes: list[BaseException], kind: type[BaseException]) -> bool:
    return any(isinstance(one, kind) for one in causes)


def _causes(error: BaseException) -> list[BaseException]:
    """The error and all that it came from, which urllib3 keeps in several places."""
    found: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        one = waiting.pop()
        if isinstance(one, BaseException) and one not in found:
            found.append(one)
            waiting += [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]
    return found
