"""The server's open connections, so that a fault can cut one.

ASGI has no word for "hang up", so the HTTP protocol class notes each transport under its client's address.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol


class Connections:
    """Transports by client address; ``protocol`` is the class that uvicorn should serve with."""

    def __init__(self) -> None:
        transports: dict[Any, asyncio.Transport] = {}

        class Protocol(H11Protocol):
            def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
                super().connection_made(transport)
                transports[self.client] = transport

            def connection_lost(self, exc: Exception | None) -> None:
                transports.pop(self.client, None)
                super().connection_lost(exc)

        self._transports = transports
        self.protocol: type[asyncio.Protocol] = Protocol

    async def reset(self, client: object) -> None:
        """Cut at once, with a TCP reset."""
        transport = self._transports[client]
        raw_socket = transport.get_extra_info("socket")
        linger = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)  # on, for 0 seconds: a reset
        raw_socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        transport.abort()
        await asyncio.sleep(0)  # lets uvicorn notice before it would answer 500

    def abort_all(self) -> None:
        for transport in list(self._transports.values()):
            transport.abort()

    async def close(self, client: object) -> None:
        """Send what was written, then hang up."""
        self._transports[client].close()
        await asyncio.sleep(0)
