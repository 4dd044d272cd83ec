"""A server that answers every request as it is told, byte for byte, over a real socket."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Asked:
    """One request, as it came."""

    method: str
    path: str
    body: bytes


@dataclass(frozen=True)
class Reply:
    """One answer. ``ends``: whole, cut off where the body ends, or never sent at all."""

    status: int = 200
    headers: Sequence[tuple[str, str]] = (("content-type", "application/json"),)
    body: bytes = b""
    ends: Literal["whole", "cut", "never"] = "whole"

    def bytes(self) -> bytes:
        names = {name.lower() for name, _ in self.headers}
        length = [] if "content-length" in names else [("content-length", str(len(self.body)))]
        lines = [f"{name}: {value}" for name, value in (*self.headers, *length, ("connection", "close"))]
        head = "\r\n".join([f"HTTP/1.1 {self.status} As told", *lines, "", ""])
        return head.encode("latin-1", "replace") + self.body


class ScriptedServer:
    """Answers with whatever ``answer`` makes of a request. Open on a port of this machine inside of ``with``."""

    def __init__(self, answer: Callable[[Asked], Reply]) -> None:
        self.answer = answer
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> ScriptedServer:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[socketserver.StreamRequestHandler]:
        def handle(self_: socketserver.StreamRequestHandler) -> None:
            method, _, rest = self_.rfile.readline().decode("latin-1").partition(" ")
            length = 0
            while (line := self_.rfile.readline().decode("latin-1").strip()) != "":
                name, _, value = line.partition(":")
                length = int(value) if name.lower() == "content-length" else length
            reply = self.answer(Asked(method, rest.partition(" ")[0], self_.rfile.read(length)))
            if reply.ends == "never":
                self_.rfile.read(1)  # until the client gives up
            else:
                self_.wfile.write(reply.bytes())

        return type("Handler", (socketserver.StreamRequestHandler,), {"handle": handle})
