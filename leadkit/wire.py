"""Below the transport: connections that know whether a request began to leave, and when to stop reading.

requests and urllib3 report a failure by what broke, not by what was sent: a reset while TLS is agreed on and a reset
after a paid request are the same exception. So the connection itself notes the moment of the first byte.
"""

from __future__ import annotations

import http.client
import io
import logging
import threading
from types import TracebackType
from typing import TYPE_CHECKING, Any

import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from leadkit.clock import Clock

#: A connection unused for longer is opened anew. Servers drop idle ones after 5 seconds and more, and a request
#: that crosses the drop is lost without anybody knowing whether it was processed.
IDLE_SECONDS = 4.0

_of_thread = threading.local()


class Exchange:
    """One request and its answer, on the thread that makes it. ``started`` once a byte may have been sent.

    From then on it may take ``seconds``; reading past that raises TimeoutError, however slowly the answer drips.
    """

    def __init__(self, clock: Clock, seconds: float) -> None:
        self.clock = clock
        self.started = False
        self._seconds = seconds
        self._deadline = 0.0

    def __enter__(self) -> None:
        _of_thread.exchange = self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        _of_thread.exchange = None

    def start(self) -> None:
        if not self.started:
            self.started = True
            self._deadline = self.clock.monotonic() + self._seconds

    def seconds_left(self) -> float:
        left = self._deadline - self.clock.monotonic()
        if left <= 0:
            msg = "the answer took too long"
            raise TimeoutError(msg)
        return left


def _exchange() -> Exchange:
    exchange: Exchange = _of_thread.exchange
    return exchange


class _TimedReader(io.RawIOBase):
    """A socket's reading end that gives each read only what is left of the exchange's time."""

    def __init__(self, raw: io.RawIOBase, sock: Any) -> None:
        self._raw = raw
        self._sock = sock

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(_exchange().seconds_left())
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _TimedResponse(http.client.HTTPResponse):
    def __init__(self, sock: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_TimedReader(self.fp.detach(), sock))


if TYPE_CHECKING:
    _Base = HTTPConnection
else:
    _Base = object


class _Noting(_Base):
    """Notes the first byte, times the answer, and does not outlive a server's patience."""

    debuglevel = 0  # at 1, http.client prints the headers, and so the key
    response_class = _TimedResponse
    idle_since = 0.0

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()  # what fails in here has sent nothing
        _exchange().start()
        super().send(data)

    @property
    def is_connected(self) -> bool:
        # Asked by the pool before it gives a connection out again; it opens a new one if this says no.
        fresh = _exchange().clock.monotonic() - self.idle_since < IDLE_SECONDS
        return fresh and bool(super().is_connected)


class _NotingHTTP(_Noting, HTTPConnection):
    pass


class _NotingHTTPS(_Noting, HTTPSConnection):
    pass


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _NotingHTTP

    def _put_conn(self, conn: Any) -> None:
        _put_aside(conn)
        super()._put_conn(conn)


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _NotingHTTPS

    def _put_conn(self, conn: Any) -> None:
        _put_aside(conn)
        super()._put_conn(conn)


def _put_aside(conn: _Noting | None) -> None:
    if conn is not None:
        conn.idle_since = _exchange().clock.monotonic()


class WireAdapter(HTTPAdapter):
    """requests' adapter over the connections above. Only for use inside an :class:`Exchange`."""

    def __init__(self, hosts: int, connections: int) -> None:
        super().__init__(
            pool_connections=hosts, pool_maxsize=connections, max_retries=urllib3.Retry(0, read=False)
        )

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}


class _OutsideExchanges(logging.Filter):
    """Keeps urllib3 quiet about our requests: it logs whole URLs, and queries hold e-mail addresses."""

    def filter(self, record: logging.LogRecord) -> bool:  # noqa: ARG002 - all of them
        return getattr(_of_thread, "exchange", None) is None


for _name in ("urllib3.connectionpool", "urllib3.connection", "urllib3.response", "urllib3.util.retry"):
    logging.getLogger(_name).addFilter(_OutsideExchanges())
