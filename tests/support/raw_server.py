"""A small HTTP/1.1 server on a loopback socket that misbehaves exactly as it is told to.

A handler gets a `Turn` for each request: it reads what came, and sends any bytes it likes.
"""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Self

EVENT_STREAM = "text/event-stream"
# Longer than anything here should take; only a test that fails waits for so long.
PATIENCE = 5.0


class Turn:
    """One request, and the connection to answer it on.

    Attributes:
        connection: Number of the connection, from 0.
        method, path, headers, body: The request; header names in lower case.
    """

    def __init__(self, sock: socket.socket, connection: int, head: bytes, body: bytes) -> None:
        lines = head.decode("latin-1").split("\r\n")
        self.method, self.path, _ = lines[0].split(" ", 2)
        pairs = (line.partition(":") for line in lines[1:])
        self.headers = {name.lower(): value.strip() for name, _, value in pairs}
        self.body = body
        self.connection = connection
        self.keep = True
        self._socket = sock

    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._socket.sendall(data)

    def answer(self, content: bytes, status: str = "200 OK", **headers: str) -> None:
        """Send a whole answer."""
        self.head(status, content_length=str(len(content)), **headers)
        self.send(content)

    def answer_json(self, value: Any, status: str = "200 OK", **headers: str) -> None:
        """Send a whole answer as JSON."""
        headers.setdefault("content_type", "application/json")
        self.answer(json.dumps(value).encode(), status, **headers)

    def head(self, status: str = "200 OK", **headers: str) -> None:
        """Send status line and headers."""
        lines = [f"HTTP/1.1 {status}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.send("\r\n".join([*lines, "", ""]).encode("latin-1"))

    def begin_stream(self) -> None:
        """Send the head of a stream of events in chunks."""
        self.head(content_type=EVENT_STREAM, transfer_encoding="chunked")

    def chunk(self, data: bytes) -> None:
        """Send one HTTP chunk."""
        self.send(b"%x\r\n%b\r\n" % (len(data), data))

    def end(self) -> None:
        """Send the last, empty chunk."""
        self.send(b"0\r\n\r\n")

    def stream(self, *pieces: bytes) -> None:
        """Send a whole stream of events, one HTTP chunk for each piece."""
        self.begin_stream()
        for piece in pieces:
            self.chunk(piece)
        self.end()

    def close(self) -> None:
        """End the connection after what was sent."""
        self.keep = False

    def reset(self) -> None:
        """Tear the connection down, as a machine does that knows of none."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.keep = False

    def wait_for_close(self, seconds: float = PATIENCE) -> bool:
        """Wait until the client has closed the connection; says whether it has."""
        self.keep = False
        self._socket.settimeout(seconds)
        try:
            while self._socket.recv(65536):
                pass
        except TimeoutError:
            return False
        except OSError:
            pass
        return True


Handler = Callable[[Turn], None]


class RawServer:
    """Serves a handler on a port of its own, each connection in a thread. Use it in a `with`.

    Attributes:
        turns: Every request that came.
        connections: How many connections were ever made.
        open: How many connections are open now.
    """

    def __init__(self, handler: Handler, tls: ssl.SSLContext | None = None) -> None:
        self.turns: list[Turn] = []
        self.connections = 0
        self.open = 0
        self._handler = handler
        self._tls = tls
        self._lock = threading.Lock()
        self._sockets: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)

    @property
    def port(self) -> int:
        """Its port."""
        port: int = self._listener.getsockname()[1]
        return port

    @property
    def url(self) -> str:
        """Its base URL."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        # A plain close would not wake the thread that waits for connections.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            sockets = list(self._sockets)
        for sock in sockets:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(PATIENCE)

    def wait_until(self, condition: Callable[[], bool], seconds: float = PATIENCE) -> bool:
        """Wait until something is so; says whether it is."""
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                return False
            time.sleep(0.002)
        return True

    def _start(self, target: Callable[..., None], *arguments: Any) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                number = self.connections
                self.connections += 1
                self.open += 1
                self._sockets.add(sock)
            self._start(self._serve, sock, number)

    def _serve(self, sock: socket.socket, number: int) -> None:
        try:
            if self._tls is not None:
                sock = self._encrypted(sock, self._tls)
            for head, body in _requests(sock):
                turn = Turn(sock, number, head, body)
                self.turns.append(turn)
                self._handler(turn)
                if not turn.keep:
                    break
        except OSError:
            pass
        finally:
            sock.close()
            with self._lock:
                self._sockets.discard(sock)
                self.open -= 1

    def _encrypted(self, plain: socket.socket, tls: ssl.SSLContext) -> socket.socket:
        sock = tls.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
        with self._lock:
            # From here on the plain one is empty.
            self._sockets.discard(plain)
            self._sockets.add(sock)
        try:
            sock.do_handshake()
        except OSError:
            sock.close()
            raise
        return sock


def _requests(sock: socket.socket) -> Iterator[tuple[bytes, bytes]]:
    """Head and body of each request on a connection."""
    data = b""
    while True:
        while b"\r\n\r\n" not in data:
            more = sock.recv(65536)
            if not more:
                return
            data += more
        head, _, data = data.partition(b"\r\n\r\n")
        size = 0
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                size = int(line.partition(b":")[2])
        while len(data) < size:
            more = sock.recv(65536)
            if not more:
                return
            data += more
        yield head, data[:size]
        data = data[size:]
