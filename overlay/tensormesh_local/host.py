"""A local host inside a Python program, for test suites."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from starlette.middleware import Middleware

from tensormesh_local.auth import DEFAULT_API_KEY, DEFAULT_CONTROL_PLANE_TOKEN, DEFAULT_USER_ID
from tensormesh_local.clock import Clock
from tensormesh_local.control_plane.application import SeedData, create_control_plane
from tensormesh_local.engines.base import Engine
from tensormesh_local.engines.factory import EngineName, make_engine
from tensormesh_local.server import Server

_START_SECONDS = 60.0
_STOP_SECONDS = 10.0


class LocalHost:
    """Serverless, On-Demand and Control Plane on a loopback port, in a thread of this process.

    Use it as a context manager::

        with LocalHost() as host:
            client = Tensormesh(
                inference_api_key=host.api_key,
                serverless_base_url=host.serverless_base_url,
            )

    Args:
        engine: ``builtin``, ``upstream``, ``llama``, or an engine of your own.
        port: Port to bind; 0 for any free one.
        api_keys: The keys accepted; ``api_key`` is the first.
        middleware: Starlette middleware around the application, to inject faults for instance.
        allow_hosts: Host names and IP addresses to accept in ``Host`` and ``Origin``, besides
            loopback ones.
        seed: Built-in engine: seed of requests that give none; also seed of ``seed_data``.
        latency_ms: Built-in engine: milliseconds that each generated token takes.
        extra_models: Built-in engine: more names for its chat model.
        upstream: Upstream engine: base URL of the server.
        upstream_api_key: Upstream engine: the key sent there.
        model_path: Llama engine: a GGUF file.
        control_plane_token: The access token of the Control Plane's default user.
        state: The file to keep the Control Plane's state in; by default it is in memory.
        auto_approve: Whether browser logins are approved at once, for the default user.
        clock: What tells the Control Plane the time; by default this machine.
        seed_data: What the Control Plane begins with: ``demo`` for an account with a past, which
            follows from ``seed``; nothing by default.
        enforce_balance: Whether inference is refused with 402 while the balance is zero or
            less; else it is served, and the balance goes below zero.
        rate_limit: How many requests a minute each access token of the Control Plane may send;
            more are answered 429 with ``Retry-After``. None for any number.

    Raises:
        EngineError: The engine cannot be made from these options.
        StateError: The state's file cannot be used.
        OSError: The port is taken.
        ValueError: One of ``allow_hosts`` is not a host name or IP address.
    """

    user_id = DEFAULT_USER_ID
    """A user id that On-Demand accepts."""

    def __init__(
        self,
        engine: EngineName | Engine = "builtin",
        *,
        port: int = 0,
        api_keys: Sequence[str] = (DEFAULT_API_KEY,),
        middleware: Sequence[Middleware] = (),
        allow_hosts: Sequence[str] = (),
        seed: int = 0,
        latency_ms: float = 0.0,
        extra_models: Sequence[str] = (),
        upstream: str | None = None,
        upstream_api_key: str | None = None,
        model_path: str | Path | None = None,
        control_plane_token: str = DEFAULT_CONTROL_PLANE_TOKEN,
        state: Path | None = None,
        auto_approve: bool = False,
        clock: Clock | None = None,
        seed_data: SeedData | None = None,
        enforce_balance: bool = False,
        rate_limit: int | None = None,
    ) -> None:
        if not isinstance(engine, Engine):
            engine = make_engine(
                engine,
                seed=seed,
                latency_ms=latency_ms,
                extra_models=extra_models,
                upstream=upstream,
                upstream_api_key=upstream_api_key,
                model_path=model_path,
            )
        self.api_key = api_keys[0]
        self.control_plane_token = control_plane_token
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._server = Server(
            engine,
            host="127.0.0.1",
            port=port,
            api_keys=api_keys,
            control_plane=create_control_plane(
                api_key=self.api_key,
                token=control_plane_token,
                state=state,
                auto_approve=auto_approve,
                clock=clock,
                seed_data=seed_data,
                data_seed=seed,
                rate_limit=rate_limit,
            ),
            enforce_balance=enforce_balance,
            middleware=middleware,
            allow_hosts=allow_hosts,
            on_ready=self._ready.set,
        )
        self._thread = threading.Thread(target=self._run, name="tensormesh-local", daemon=True)

    @property
    def serverless_base_url(self) -> str:
        """Base URL of the Serverless API."""
        return self._server.serverless_base_url

    @property
    def on_demand_base_url(self) -> str:
        """Base URL of the On-Demand API."""
        return self._server.on_demand_base_url

    @property
    def control_plane_base_url(self) -> str:
        """Base URL of the Control Plane."""
        return self._server.control_plane_base_url

    def start(self) -> None:
        """Begin to serve; return when connections are accepted.

        Raises:
            RuntimeError: The host did not start; its cause says why.
        """
        self._thread.start()
        if not self._ready.wait(_START_SECONDS) or self._failure:
            raise RuntimeError("The local host did not start.") from self._failure

    def stop(self) -> None:
        """Stop serving; requests that are still open are cut after about a second."""
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
            # Also when it failed, so that nobody waits in vain.
            self._ready.set()
