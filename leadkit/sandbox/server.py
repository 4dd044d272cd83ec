"""uvicorn in a daemon thread, on loopback."""

from __future__ import annotations

import asyncio
import socket
import threading
import time

import uvicorn
from starlette.types import ASGIApp

from leadkit.sandbox.connections import Connections

_START_SECONDS = 10.0
_STOP_SECONDS = 5.0


class _PromptServer(uvicorn.Server):
    """Stops at once; uvicorn's own looks ten times a second, and then waits for whoever is connected."""

    def __init__(self, config: uvicorn.Config, connections: Connections) -> None:
        super().__init__(config)
        self._connections = connections

    async def main_loop(self) -> None:
        ticks = 0
        while not await self.on_tick(ticks):
            await asyncio.sleep(0.01)
            ticks += 1

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for listener in sockets or []:
            listener.close()
        self._connections.abort_all()
        await asyncio.sleep(0)


class Server:
    """Serves ``app`` on 127.0.0.1. ``port`` 0 takes a free one; ``port`` then says which."""

    def __init__(self, app: ASGIApp, connections: Connections, port: int = 0) -> None:
        self._app = app
        self._connections = connections
        self._wanted_port = port
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self.port = 0

    def start(self) -> None:
        # Named, because asyncio turns Nagle's algorithm off only then; with it every answer waits 40 ms.
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", self._wanted_port))
        except OSError:
            listener.close()
            raise
        listener.listen(256)
        self.port = listener.getsockname()[1]
        config = uvicorn.Config(
            self._app,
            http=self._connections.protocol,
            ws="none",
            lifespan="off",
            loop="asyncio",
            log_config=None,
            log_level="critical",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=300,  # an idle client must not meet a closed connection by chance
        )
        self._server = _PromptServer(config, self._connections)
        self._thread = threading.Thread(
            target=self._server.run, args=([listener],), name="sandbox", daemon=True
        )
        self._thread.start()
        deadline = time.monotonic() + _START_SECONDS
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                msg = "the sandbox's server did not start"
                raise RuntimeError(msg)
            time.sleep(0.002)

    def stop(self) -> None:
        """Hang up on everybody and end the thread."""
        if self._server is None or self._thread is None:
            return
        self._server.should_exit = True
        self._thread.join(_STOP_SECONDS)
        self._server = self._thread = None
