"""Runs the application on a socket, with uvicorn."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import uvicorn
from starlette.middleware import Middleware

from tensormesh_local.app import ON_DEMAND_PREFIX, SERVERLESS_PREFIX, create_app
from tensormesh_local.control_plane.application import CONTROL_PLANE_PREFIX, ControlPlane
from tensormesh_local.engines.base import Engine

# How long open requests may take to end when the server stops, in seconds.
_GRACE_SECONDS = 1


class Server(uvicorn.Server):
    """One local host: an engine behind the application, on one socket.

    The socket is bound at once, so that its port is known before anything runs.

    Args:
        engine: What answers calls; started and closed by :meth:`run_engine`.
        host: Address to bind.
        port: Port to bind; 0 for any free one.
        api_keys: The keys accepted.
        control_plane: The Control Plane, closed by :meth:`run_engine`.
        enforce_balance: Whether a balance that is used up refuses inference.
        middleware: Goes around the application.
        allow_hosts: Names to accept in ``Host`` and ``Origin``, besides loopback ones and ``host``.
        on_ready: Called when connections are accepted.

    Raises:
        OSError: The address cannot be bound.
        SpecError: The OpenAPI definitions are not there.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        host: str,
        port: int,
        api_keys: Sequence[str],
        control_plane: ControlPlane,
        enforce_balance: bool = False,
        middleware: Sequence[Middleware] = (),
        allow_hosts: Sequence[str] = (),
        on_ready: Callable[[], None] = lambda: None,
    ) -> None:
        app = create_app(
            engine,
            api_keys=api_keys,
            middleware=middleware,
            control_plane=control_plane,
            enforce_balance=enforce_balance,
            # Without the zone of an IPv6 address, which no Host header carries.
            allow_hosts=[host.partition("%")[0], *allow_hosts],
        )
        config = uvicorn.Config(
            app,
            # Also where a faster parser is installed: this one bounds the headers of a request.
            http="h11",
            lifespan="off",
            ws="none",
            access_log=False,
            log_config=None,
            # The application logs its own failures; the rest tells of clients that hang up.
            log_level="critical",
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
        super().__init__(config)
        self._engine = engine
        self._control_plane = control_plane
        self._on_ready = on_ready
        self._socket = _bind(host, port)
        self.origin = f"http://{_url_host(host)}:{self._socket.getsockname()[1]}"

    @property
    def serverless_base_url(self) -> str:
        """Base URL of the Serverless API."""
        return self.origin + SERVERLESS_PREFIX

    @property
    def on_demand_base_url(self) -> str:
        """Base URL of the On-Demand API."""
        return self.origin + ON_DEMAND_PREFIX

    @property
    def control_plane_base_url(self) -> str:
        """Base URL of the Control Plane."""
        return self.origin + CONTROL_PLANE_PREFIX

    async def run_engine(self) -> None:
        """Serve until ``should_exit`` is set."""
        try:
            await self._engine.start()
            await self.serve([self._socket])
        finally:
            self.release_socket()
            await self._engine.close()
            self._control_plane.close()

    def release_socket(self) -> None:
        """Give the port back."""
        self._socket.close()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to accept connections, and say so."""
        await super().startup(sockets)
        if self.started:
            self._on_ready()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone: whoever runs the server decides about them."""
        yield


def _bind(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    bound = socket.socket(family, kind, protocol)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
    except OSError:
        bound.close()
        raise
    return bound


def _url_host(host: str) -> str:
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - a wildcard is no address to connect to
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host
