"""A local host inside a Python program, for test suites."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field
from types import TracebackType
from typing import ClassVar, Self

from tensormesh_local.auth import DEFAULT_USER_ID
from tensormesh_local.options import HostOptions
from tensormesh_local.server import Server

_START_SECONDS = 60.0
_STOP_SECONDS = 10.0


@dataclass(eq=False, repr=False)
class LocalHost(HostOptions):
    """Serverless, On-Demand and Control Plane on a loopback port, in a thread of this process.

    Use it as a context manager::

        with LocalHost() as host:
            client = Tensormesh(
                inference_api_key=host.api_key,
                serverless_base_url=host.serverless_base_url,
            )

    Args:
        engine: ``builtin``, ``upstream``, ``llama``, or a custom engine.
        port: Port to bind; 0 for any free one.
        api_keys: The accepted API keys; ``api_key`` is the first.
        middleware: Starlette middleware around the application, for example to inject faults.
        allow_hosts: Host names and IP addresses to accept in ``Host`` and ``Origin``, besides
            loopback ones.
        seed: Built-in engine: seed of requests without one; also the seed of ``seed_data``.
        latency_ms: Built-in engine: milliseconds per generated token.
        extra_models: Built-in engine: more names for its chat model.
        upstream: Upstream engine: base URL of the server.
        upstream_api_key: Upstream engine: API key for the server.
        model_path: Llama engine: a GGUF file.
        control_plane_token: Access token of the Control Plane's default user.
        state: File to keep the Control Plane's state in; by default it is in memory.
        auto_approve: Approve browser logins at once, as the default user.
        clock: Provides the time of the Control Plane; by default the system clock.
        seed_data: Initial data of the Control Plane: ``demo`` for an account with a history;
            none by default.
        enforce_balance: Refuse inference with 402 while the balance is zero or less. Otherwise
            the balance may become negative.
        rate_limit: Requests per minute that each access token of the Control Plane may send; more
            are refused with 429 and ``Retry-After``. None for no limit.

    Attributes:
        api_key: The first accepted API key.
        user_id: A user id that On-Demand accepts.
        serverless_base_url: Base URL of the Serverless API.
        on_demand_base_url: Base URL of the On-Demand API.
        control_plane_base_url: Base URL of the Control Plane.

    Raises:
        EngineError: The engine cannot be created from these options.
        StateError: The file of the state cannot be used.
        OSError: The port is in use.
        ValueError: One of ``allow_hosts`` is not a host name or IP address.
    """

    user_id: ClassVar[str] = DEFAULT_USER_ID
    api_key: str = field(init=False)
    serverless_base_url: str = field(init=False)
    on_demand_base_url: str = field(init=False)
    control_plane_base_url: str = field(init=False)

    def __post_init__(self) -> None:
        self.api_key = self.api_keys[0]
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._server = Server(self, on_ready=self._ready.set)
        self.serverless_base_url = self._server.serverless_base_url
        self.on_demand_base_url = self._server.on_demand_base_url
        self.control_plane_base_url = self._server.control_plane_base_url
        self._thread = threading.Thread(target=self._run, name="tensormesh-local", daemon=True)

    def start(self) -> None:
        """Start to serve, and return when connections are accepted.

        Raises:
            RuntimeError: The host did not start; see its ``__cause__``.
        """
        self._thread.start()
        if not self._ready.wait(_START_SECONDS) or self._failure:
            raise RuntimeError("The local host did not start.") from self._failure

    def stop(self) -> None:
        """Stop serving. Open requests are cut off after about a second."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(_STOP_SECONDS)
        self._server.release_socket()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _run(self) -> None:
        try:
            asyncio.run(self._server.run_engine())
        except BaseException as error:
            self._failure = error
        finally:
            # Also after a failure, so that start() does not wait in vain.
            self._ready.set()
