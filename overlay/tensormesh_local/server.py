"""Run the application on a socket, with uvicorn and the engine that the options name."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn

from tensormesh_local.app import ON_DEMAND_PREFIX, SERVERLESS_PREFIX, create_app
from tensormesh_local.builtin.catalog import Catalog
from tensormesh_local.control_plane.application import CONTROL_PLANE_PREFIX, ControlPlane
from tensormesh_local.engines.base import Engine, EngineError
from tensormesh_local.engines.builtin import BuiltinEngine
from tensormesh_local.options import HostOptions

# Seconds that open requests may take when the server stops.
_GRACE_SECONDS = 1


class Server(uvicorn.Server):
    """A local host on one socket, which is bound at once so that its port is known.

    Args:
        options: Options of the host.
        host: Address to bind.
        on_ready: Called when connections are accepted.

    Raises:
        EngineError: The engine cannot be created from these options.
        StateError: The file of the state cannot be used.
        OSError: The address cannot be bound.
        SpecError: The OpenAPI definitions are missing.
        ValueError: One of the names to allow is not a host name or IP address.
    """

    def __init__(
        self,
        options: HostOptions,
        host: str = "127.0.0.1",
        on_ready: Callable[[], None] = lambda: None,
    ) -> None:
        self._engine = make_engine(options)
        self._control_plane = ControlPlane(
            api_key=options.api_keys[0],
            token=options.control_plane_token,
            state=options.state,
            auto_approve=options.auto_approve,
            clock=options.clock,
            seed_data=options.seed_data,
            data_seed=options.seed,
            rate_limit=options.rate_limit,
        )
        app = create_app(
            self._engine,
            api_keys=options.api_keys,
            middleware=options.middleware,
            control_plane=self._control_plane,
            enforce_balance=options.enforce_balance,
            # Host headers do not contain the zone of an IPv6 address.
            allow_hosts=[host.partition("%")[0], *options.allow_hosts],
        )
        config = uvicorn.Config(
            app,
            # Even if a faster parser is installed: this one limits the headers of a request.
            http="h11",
            lifespan="off",
            ws="none",
            access_log=False,
            log_config=None,
            # The application logs its own failures; the other messages are about disconnects.
            log_level="critical",
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
        super().__init__(config)
        self._on_ready = on_ready
        self._socket = _bind(host, options.port)
        origin = f"http://{_url_host(host)}:{self._socket.getsockname()[1]}"
        self.serverless_base_url = origin + SERVERLESS_PREFIX
        self.on_demand_base_url = origin + ON_DEMAND_PREFIX
        self.control_plane_base_url = origin + CONTROL_PLANE_PREFIX

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
        """Release the port."""
        self._socket.close()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to accept connections, and announce it."""
        await super().startup(sockets)
        if self.started:
            self._on_ready()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the caller."""
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
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - clients cannot connect to a wildcard address
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def make_engine(options: HostOptions) -> Engine:
    """Return the engine of a host, ready to start.

    Raises:
        EngineError: An option is missing or wrong, or a package is not installed.
    """
    match options.engine:
        case Engine():
            return options.engine
        case "upstream":
            return _upstream(options.upstream, options.upstream_api_key)
        case "llama":
            if options.model_path is None:
                raise EngineError("the llama engine needs --model FILE.gguf")
            from tensormesh_local.engines.llama import LlamaEngine

            return LlamaEngine(options.model_path)
        case _:
            return BuiltinEngine(
                seed=options.seed,
                latency_seconds=options.latency_ms / 1000,
                catalog=Catalog(options.extra_models),
            )


def _upstream(base_url: str | None, api_key: str | None) -> Engine:
    if not base_url:
        raise EngineError("the upstream engine needs --upstream URL")
    if not base_url.startswith(("http://", "https://")):
        raise EngineError(f"--upstream must start with http:// or https://, got {base_url}")
    from tensormesh_local.engines.upstream import UpstreamEngine

    return UpstreamEngine(base_url, api_key)
