"""`Tensormesh` and `AsyncTensormesh`: the public clients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from ._calls.links import Clients, LoopClients, check_given, make_async, make_sync
from ._closing import AsyncClosing, Closing
from ._config import Settings, resolve_settings, start_log
from ._errors import ConfigurationError

if TYPE_CHECKING:
    import os
    from uuid import UUID

    import httpx

    from tensormesh_api.control_plane.resources import (
        AsyncControlPlaneResources,
        ControlPlaneResources,
    )

    from ._calls.dispatcher import AsyncTransport, SyncTransport
    from ._inference.hosts import AsyncInferenceHost, InferenceHost


class Inference:
    """The inference hosts. Both offer the same namespaces."""

    __slots__ = ("_transport",)

    def __init__(self, transport: SyncTransport) -> None:
        self._transport = transport

    @property
    def serverless(self) -> InferenceHost:
        """Shared models, by their published Serverless names."""
        from ._inference.hosts import SERVERLESS, InferenceHost

        return InferenceHost(self._transport, SERVERLESS)

    @property
    def on_demand(self) -> InferenceHost:
        """Your own deployments, by their served gateway names. Sends `X-User-Id`."""
        from ._inference.hosts import ON_DEMAND, InferenceHost

        return InferenceHost(self._transport, ON_DEMAND)

    def __repr__(self) -> str:
        return "<Inference: serverless, on_demand>"


class AsyncInference:
    """The inference hosts, for an asynchronous client. Both offer the same namespaces."""

    __slots__ = ("_transport",)

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    @property
    def serverless(self) -> AsyncInferenceHost:
        """Shared models, by their published Serverless names."""
        from ._inference.hosts import SERVERLESS, AsyncInferenceHost

        return AsyncInferenceHost(self._transport, SERVERLESS)

    @property
    def on_demand(self) -> AsyncInferenceHost:
        """Your own deployments, by their served gateway names. Sends `X-User-Id`."""
        from ._inference.hosts import ON_DEMAND, AsyncInferenceHost

        return AsyncInferenceHost(self._transport, ON_DEMAND)

    def __repr__(self) -> str:
        return "<AsyncInference: serverless, on_demand>"


class _Base:
    """Settings, and what a client shares with its copies."""

    _settings: Settings
    _clients: Clients[Any, Any]
    _transport: Any
    _closed: bool
    _is_copy: bool

    def _begin(self, settings: Settings, clients: Clients[Any, Any], *, is_copy: bool) -> None:
        self._settings = settings
        self._clients = clients
        self._transport = None
        self._closed = False
        self._is_copy = is_copy

    @property
    def is_closed(self) -> bool:
        """Whether this client was closed, or the one that it is a copy of."""
        return self._closed or self._clients.closed

    def with_options(
        self,
        *,
        control_plane_token: str | None = None,
        control_plane_base_url: str | None = None,
        inference_api_key: str | None = None,
        serverless_base_url: str | None = None,
        on_demand_base_url: str | None = None,
        on_demand_user_id: str | UUID | None = None,
        timeout_seconds: float | None = None,
        connect_timeout_seconds: float | None = None,
        total_timeout_seconds: float | None = None,
        max_retries: int | None = None,
        ca_bundle: str | os.PathLike[str] | None = None,
    ) -> Self:
        """A copy with some settings changed; see the class for them. What is None stays as it is.

        The copy shares the connections. Closing it leaves them open; closing the original closes
        them for both.

        Raises:
            ConfigurationError: A value cannot be right.
        """
        given = {
            "control_plane_token": control_plane_token,
            "control_plane_base_url": control_plane_base_url,
            "inference_api_key": inference_api_key,
            "serverless_base_url": serverless_base_url,
            "on_demand_base_url": on_demand_base_url,
            "on_demand_user_id": on_demand_user_id,
            "timeout_seconds": timeout_seconds,
            "connect_timeout_seconds": connect_timeout_seconds,
            "total_timeout_seconds": total_timeout_seconds,
            "max_retries": max_retries,
            "ca_bundle": ca_bundle,
        }
        changes = {name: value for name, value in given.items() if value is not None}
        copy = type(self).__new__(type(self))
        try:
            copy._begin(self._settings.replace(**changes), self._clients, is_copy=True)
        except ConfigurationError as error:
            inference_api_key = control_plane_token = None
            given.clear()
            changes.clear()
            raise error.with_traceback(None) from None
        return copy

    def __copy__(self) -> Self:
        return self.with_options()

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self.with_options()

    def __reduce__(self) -> str:
        raise TypeError("a client cannot be pickled: make one in each process")

    def __repr__(self) -> str:
        if not hasattr(self, "_settings"):
            # Half made: an error in the constructor is being printed.
            return f"<{type(self).__name__}>"
        return repr(self._settings).replace("Settings", type(self).__name__, 1)


class Tensormesh(_Base, Closing):
    """Client of Tensormesh's hosts. Safe to share between threads. Close it, or use it in a `with`.

    What is not given is taken from the environment, else from the default. Files of the command
    line tool are never read. What a call needs and was not given is an error of that call.

    Args:
        control_plane_token: Bearer token of the Control Plane
            (`TENSORMESH_CONTROL_PLANE_TOKEN`).
        control_plane_base_url: Control Plane host (`TENSORMESH_CONTROL_PLANE_BASE_URL`).
            Default: https://api.tensormesh.ai.
        inference_api_key: API key of both inference hosts (`TENSORMESH_INFERENCE_API_KEY`).
        serverless_base_url: Serverless host (`TENSORMESH_SERVERLESS_BASE_URL`).
            Default: https://serverless.tensormesh.ai.
        on_demand_base_url: Your provider's On-Demand host (`TENSORMESH_ON_DEMAND_BASE_URL`).
        on_demand_user_id: UUID that is sent as `X-User-Id` to the On-Demand host, and to no other
            (`TENSORMESH_ON_DEMAND_USER_ID`).
        timeout_seconds: Longest wait for the next bytes, and for the next event of a stream, in
            seconds (`TENSORMESH_TIMEOUT_SECONDS`). Default: 600 for inference POST, 60 for all
            else.
        connect_timeout_seconds: Longest wait for a connection, in seconds. Default: that of
            `timeout_seconds`, but 10 at most.
        total_timeout_seconds: Longest time of a whole call, in seconds: with all its tries, and
            until the end of its answer or stream. Default: no limit.
        max_retries: How often a request that only reads is tried again after a network failure or
            one of the statuses 429, 500, 502, 503, 504 (`TENSORMESH_MAX_RETRIES`). A POST is
            never sent twice. Default: 0.
        ca_bundle: PEM file of the certificates to trust (`TENSORMESH_CA_BUNDLE`). Default: those
            of the system.
        http_client: Your own `httpx.Client`, for proxies, hooks or a transport of your own. It is
            not closed with this client, and makes its own connections: `ca_bundle` does not touch
            them. Timeouts are those of this client.

    Raises:
        ConfigurationError: A value cannot be right; the message names argument and variable.
    """

    def __init__(
        self,
        *,
        control_plane_token: str | None = None,
        control_plane_base_url: str | None = None,
        inference_api_key: str | None = None,
        serverless_base_url: str | None = None,
        on_demand_base_url: str | None = None,
        on_demand_user_id: str | UUID | None = None,
        timeout_seconds: float | None = None,
        connect_timeout_seconds: float | None = None,
        total_timeout_seconds: float | None = None,
        max_retries: int | None = None,
        ca_bundle: str | os.PathLike[str] | None = None,
        http_client: httpx.Client | None = None,
    ) -> None:
        try:
            settings = resolve_settings(
                control_plane_token=control_plane_token,
                control_plane_base_url=control_plane_base_url,
                inference_api_key=inference_api_key,
                serverless_base_url=serverless_base_url,
                on_demand_base_url=on_demand_base_url,
                on_demand_user_id=on_demand_user_id,
                timeout_seconds=timeout_seconds,
                connect_timeout_seconds=connect_timeout_seconds,
                total_timeout_seconds=total_timeout_seconds,
                max_retries=max_retries,
                ca_bundle=ca_bundle,
            )
            start_log()
        except ConfigurationError as error:
            # Tracebacks may be printed with their variables.
            inference_api_key = control_plane_token = None
            raise error.with_traceback(None) from None
        if http_client is not None:
            check_given(http_client, "Client")
        self._begin(settings, Clients(http_client, make_sync), is_copy=False)

    @property
    def inference(self) -> Inference:
        """The inference hosts."""
        return Inference(self._carrier())

    @property
    def control_plane(self) -> ControlPlaneResources:
        """The management API. Needs `control_plane_token`, never an inference key."""
        from tensormesh_api.control_plane.api import CONTROL_PLANE
        from tensormesh_api.control_plane.resources import ControlPlaneResources

        return ControlPlaneResources(self._carrier(), CONTROL_PLANE)

    def _carrier(self) -> SyncTransport:
        if self._transport is None:
            from ._calls.dispatcher import SyncTransport

            self._transport = SyncTransport(self._settings, self._clients)
        transport: SyncTransport = self._transport
        return transport

    def close(self) -> None:
        """Close every connection, unless this is a copy. May be called twice.

        Calls are refused from then on, and streams that are still open break.
        """
        self._closed = True
        self._carrier().close(keep_connections=self._is_copy)


class AsyncTensormesh(_Base, AsyncClosing):
    """Asynchronous client of Tensormesh's hosts. Close it, or use it in an `async with`.

    It may be used in several event loops; each has connections of its own.

    The arguments are those of `Tensormesh`, and so are the errors; calls are awaited.

    Args:
        control_plane_token: Bearer token of the Control Plane
            (`TENSORMESH_CONTROL_PLANE_TOKEN`).
        control_plane_base_url: Control Plane host (`TENSORMESH_CONTROL_PLANE_BASE_URL`).
            Default: https://api.tensormesh.ai.
        inference_api_key: API key of both inference hosts (`TENSORMESH_INFERENCE_API_KEY`).
        serverless_base_url: Serverless host (`TENSORMESH_SERVERLESS_BASE_URL`).
            Default: https://serverless.tensormesh.ai.
        on_demand_base_url: Your provider's On-Demand host (`TENSORMESH_ON_DEMAND_BASE_URL`).
        on_demand_user_id: UUID that is sent as `X-User-Id` to the On-Demand host, and to no other
            (`TENSORMESH_ON_DEMAND_USER_ID`).
        timeout_seconds: Longest wait for the next bytes, and for the next event of a stream, in
            seconds (`TENSORMESH_TIMEOUT_SECONDS`). Default: 600 for inference POST, 60 for all
            else.
        connect_timeout_seconds: Longest wait for a connection, in seconds. Default: that of
            `timeout_seconds`, but 10 at most.
        total_timeout_seconds: Longest time of a whole call, in seconds: with all its tries, and
            until the end of its answer or stream. Default: no limit.
        max_retries: How often a request that only reads is tried again after a network failure or
            one of the statuses 429, 500, 502, 503, 504 (`TENSORMESH_MAX_RETRIES`). A POST is
            never sent twice. Default: 0.
        ca_bundle: PEM file of the certificates to trust (`TENSORMESH_CA_BUNDLE`). Default: those
            of the system.
        http_client: Your own `httpx.AsyncClient`, for proxies, hooks or a transport of your own.
            It is not closed with this client, and makes its own connections: `ca_bundle` does not
            touch them. Timeouts are those of this client.

    Raises:
        ConfigurationError: A value cannot be right; the message names argument and variable.
    """

    def __init__(
        self,
        *,
        control_plane_token: str | None = None,
        control_plane_base_url: str | None = None,
        inference_api_key: str | None = None,
        serverless_base_url: str | None = None,
        on_demand_base_url: str | None = None,
        on_demand_user_id: str | UUID | None = None,
        timeout_seconds: float | None = None,
        connect_timeout_seconds: float | None = None,
        total_timeout_seconds: float | None = None,
        max_retries: int | None = None,
        ca_bundle: str | os.PathLike[str] | None = None,
        http_client: httpx.AsyncClient | None = None,
    ) -> None:
        try:
            settings = resolve_settings(
                control_plane_token=control_plane_token,
                control_plane_base_url=control_plane_base_url,
                inference_api_key=inference_api_key,
                serverless_base_url=serverless_base_url,
                on_demand_base_url=on_demand_base_url,
                on_demand_user_id=on_demand_user_id,
                timeout_seconds=timeout_seconds,
                connect_timeout_seconds=connect_timeout_seconds,
                total_timeout_seconds=total_timeout_seconds,
                max_retries=max_retries,
                ca_bundle=ca_bundle,
            )
            start_log()
        except ConfigurationError as error:
            # Tracebacks may be printed with their variables.
            inference_api_key = control_plane_token = None
            raise error.with_traceback(None) from None
        if http_client is not None:
            check_given(http_client, "AsyncClient")
        self._begin(settings, LoopClients(http_client, make_async), is_copy=False)

    @property
    def inference(self) -> AsyncInference:
        """The inference hosts."""
        return AsyncInference(self._carrier())

    @property
    def control_plane(self) -> AsyncControlPlaneResources:
        """The management API. Needs `control_plane_token`, never an inference key."""
        from tensormesh_api.control_plane.api import CONTROL_PLANE
        from tensormesh_api.control_plane.resources import AsyncControlPlaneResources

        return AsyncControlPlaneResources(self._carrier(), CONTROL_PLANE)

    _clients: LoopClients[Any, Any]

    def _carrier(self) -> AsyncTransport:
        if self._transport is None:
            from ._calls.dispatcher import AsyncTransport

            self._transport = AsyncTransport(self._settings, self._clients)
        transport: AsyncTransport = self._transport
        return transport

    async def close(self) -> None:
        """Close every connection, unless this is a copy. May be called twice.

        Calls are refused from then on, and streams that are still open break.
        """
        self._closed = True
        await self._carrier().close(keep_connections=self._is_copy)

    aclose = close
