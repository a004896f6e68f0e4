"""`Tensormesh` and `AsyncTensormesh`: the public clients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from ._calls.links import Links, LoopLinks, link_over, make_async_link, make_link
from ._closing import AsyncClosing, Closing
from ._errors import ConfigurationError
from ._settings import Settings, resolve_settings, start_log
from .settings import SETTINGS

if TYPE_CHECKING:
    import os
    from uuid import UUID

    import httpx

    from tensormesh_api.control_plane.resources import (
        AsyncControlPlaneResources,
        ControlPlaneResources,
    )

    from ._calls.async_dispatcher import AsyncDispatcher
    from ._calls.dispatcher import Dispatcher
    from ._inference import AsyncInferenceHost, InferenceHost


class Inference:
    """The inference hosts. Both offer the same namespaces."""

    __slots__ = ("_dispatcher",)

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher

    @property
    def serverless(self) -> InferenceHost:
        """Shared models, by their published Serverless names."""
        from ._inference import SERVERLESS, InferenceHost

        return InferenceHost(self._dispatcher, SERVERLESS)

    @property
    def on_demand(self) -> InferenceHost:
        """Your own deployments, by their served gateway names. Sends `X-User-Id`."""
        from ._inference import ON_DEMAND, InferenceHost

        return InferenceHost(self._dispatcher, ON_DEMAND)

    def __repr__(self) -> str:
        return "<Inference: serverless, on_demand>"


class AsyncInference:
    """The inference hosts, for an asynchronous client. Both offer the same namespaces."""

    __slots__ = ("_dispatcher",)

    def __init__(self, dispatcher: AsyncDispatcher) -> None:
        self._dispatcher = dispatcher

    @property
    def serverless(self) -> AsyncInferenceHost:
        """Shared models, by their published Serverless names."""
        from ._inference import SERVERLESS, AsyncInferenceHost

        return AsyncInferenceHost(self._dispatcher, SERVERLESS)

    @property
    def on_demand(self) -> AsyncInferenceHost:
        """Your own deployments, by their served gateway names. Sends `X-User-Id`."""
        from ._inference import ON_DEMAND, AsyncInferenceHost

        return AsyncInferenceHost(self._dispatcher, ON_DEMAND)

    def __repr__(self) -> str:
        return "<AsyncInference: serverless, on_demand>"


class _Base:
    """What both clients have in common."""

    _settings: Settings
    _links: Any
    _dispatcher: Any
    _closed: bool
    _is_copy: bool

    def _begin(self, settings: Settings, links: Links[Any, Any], *, is_copy: bool) -> None:
        self._settings = settings
        self._links = links
        self._dispatcher = None
        self._closed = False
        self._is_copy = is_copy

    @property
    def is_closed(self) -> bool:
        """Whether this client, or the one it was copied from, is closed."""
        return self._closed or self._links.closed

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
        """Return a copy with some settings changed. Settings that are None stay as they are.

        The class describes the settings. The copy shares the connections: closing the copy leaves
        them open, and closing the original closes them for both.

        Raises:
            ConfigurationError: A value is not valid.
        """
        changes = {
            name: value
            for name, value in locals().items()
            if name in SETTINGS and value is not None
        }
        copy = type(self).__new__(type(self))
        try:
            copy._begin(self._settings.replace(changes), self._links, is_copy=True)
        except ConfigurationError as error:
            # Error reporters print the variables of tracebacks.
            del inference_api_key, control_plane_token
            changes.clear()
            raise error.with_traceback(None) from None
        return copy

    def __copy__(self) -> Self:
        return self.with_options()

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self.with_options()

    def __reduce__(self) -> str:
        raise TypeError("a client cannot be pickled: create one in each process")

    def __repr__(self) -> str:
        if not hasattr(self, "_settings"):
            # The constructor failed, and a traceback is being printed.
            return f"<{type(self).__name__}>"
        return repr(self._settings).replace("Settings", type(self).__name__, 1)


class Tensormesh(_Base, Closing):
    """Client for Tensormesh. Safe to share between threads.

    Close it, or use it in a `with` statement. Settings that are not given come from the
    environment, or else from the defaults; an argument that is None counts as not given. The
    configuration files of `tm` are never read. A missing credential is an error only in the calls
    that need it.

    Args:
        control_plane_token: Bearer token for the Control Plane. Environment variable:
            `TENSORMESH_CONTROL_PLANE_TOKEN`.
        control_plane_base_url: Base URL of the Control Plane. Environment variable:
            `TENSORMESH_CONTROL_PLANE_BASE_URL`. Default: https://api.tensormesh.ai.
        inference_api_key: API key for both inference hosts. Environment variable:
            `TENSORMESH_INFERENCE_API_KEY`.
        serverless_base_url: Base URL of the Serverless host. Environment variable:
            `TENSORMESH_SERVERLESS_BASE_URL`. Default: https://serverless.tensormesh.ai.
        on_demand_base_url: Base URL of your provider's On-Demand host. Environment variable:
            `TENSORMESH_ON_DEMAND_BASE_URL`.
        on_demand_user_id: UUID sent as `X-User-Id` to the On-Demand host only.
            Environment variable: `TENSORMESH_ON_DEMAND_USER_ID`.
        timeout_seconds: Maximum wait for the next bytes of a response or the next event in a
            stream. Environment variable: `TENSORMESH_TIMEOUT_SECONDS`. Default: 600 for inference
            POST requests, otherwise 60.
        connect_timeout_seconds: Maximum wait for a connection. Default: `timeout_seconds`, but at
            most 10.
        total_timeout_seconds: Maximum duration of a call, including retries and reading the
            response or stream. Default: no limit.
        max_retries: Maximum number of retries of an idempotent request after a network failure or
            status 429, 500, 502, 503 or 504. A POST is never sent twice. Environment variable:
            `TENSORMESH_MAX_RETRIES`. Default: 0.
        ca_bundle: PEM file with the certificates to trust. Environment variable:
            `TENSORMESH_CA_BUNDLE`. Default: the system's certificates.
        http_client: Your own `httpx.Client`, for example for proxies, hooks or a custom transport.
            It makes its own connections, so `ca_bundle` does not apply to it, and it stays open
            when this client is closed. Timeouts are those of this client.

    Raises:
        ConfigurationError: A value is not valid. The message names the argument and the variable.
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
            settings = resolve_settings(locals())
            start_log()
        except ConfigurationError as error:
            # Error reporters print the variables of tracebacks.
            del inference_api_key, control_plane_token
            raise error.with_traceback(None) from None
        given = link_over(http_client, "Client")
        self._begin(settings, Links(given, make_link), is_copy=False)

    @property
    def inference(self) -> Inference:
        """The inference hosts."""
        return Inference(self._get_dispatcher())

    @property
    def control_plane(self) -> ControlPlaneResources:
        """The management API. Needs `control_plane_token`, never an inference key."""
        from tensormesh_api.control_plane.api import CONTROL_PLANE
        from tensormesh_api.control_plane.resources import ControlPlaneResources

        return ControlPlaneResources(self._get_dispatcher(), CONTROL_PLANE)

    def _get_dispatcher(self) -> Dispatcher:
        if self._dispatcher is None:
            from ._calls.dispatcher import Dispatcher

            self._dispatcher = Dispatcher(self._settings, self._links)
        dispatcher: Dispatcher = self._dispatcher
        return dispatcher

    def close(self) -> None:
        """Close every connection, unless this is a copy. Can be called twice.

        Later calls are refused, and streams that are still open break.
        """
        self._closed = True
        self._get_dispatcher().close(keep_connections=self._is_copy)


class AsyncTensormesh(_Base, AsyncClosing):
    """Asynchronous client for Tensormesh. It can be used in several event loops.

    Close it, or use it in an `async with` statement. Settings that are not given come from the
    environment, or else from the defaults; an argument that is None counts as not given. The
    configuration files of `tm` are never read. A missing credential is an error only in the calls
    that need it.

    Args:
        control_plane_token: Bearer token for the Control Plane. Environment variable:
            `TENSORMESH_CONTROL_PLANE_TOKEN`.
        control_plane_base_url: Base URL of the Control Plane. Environment variable:
            `TENSORMESH_CONTROL_PLANE_BASE_URL`. Default: https://api.tensormesh.ai.
        inference_api_key: API key for both inference hosts. Environment variable:
            `TENSORMESH_INFERENCE_API_KEY`.
        serverless_base_url: Base URL of the Serverless host. Environment variable:
            `TENSORMESH_SERVERLESS_BASE_URL`. Default: https://serverless.tensormesh.ai.
        on_demand_base_url: Base URL of your provider's On-Demand host. Environment variable:
            `TENSORMESH_ON_DEMAND_BASE_URL`.
        on_demand_user_id: UUID sent as `X-User-Id` to the On-Demand host only.
            Environment variable: `TENSORMESH_ON_DEMAND_USER_ID`.
        timeout_seconds: Maximum wait for the next bytes of a response or the next event in a
            stream. Environment variable: `TENSORMESH_TIMEOUT_SECONDS`. Default: 600 for inference
            POST requests, otherwise 60.
        connect_timeout_seconds: Maximum wait for a connection. Default: `timeout_seconds`, but at
            most 10.
        total_timeout_seconds: Maximum duration of a call, including retries and reading the
            response or stream. Default: no limit.
        max_retries: Maximum number of retries of an idempotent request after a network failure or
            status 429, 500, 502, 503 or 504. A POST is never sent twice. Environment variable:
            `TENSORMESH_MAX_RETRIES`. Default: 0.
        ca_bundle: PEM file with the certificates to trust. Environment variable:
            `TENSORMESH_CA_BUNDLE`. Default: the system's certificates.
        http_client: Your own `httpx.AsyncClient`, for example for proxies, hooks or a custom
            transport. It makes its own connections, so `ca_bundle` does not apply to it, and it
            stays open when this client is closed. Timeouts are those of this client.

    Raises:
        ConfigurationError: A value is not valid. The message names the argument and the variable.
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
            settings = resolve_settings(locals())
            start_log()
        except ConfigurationError as error:
            # Error reporters print the variables of tracebacks.
            del inference_api_key, control_plane_token
            raise error.with_traceback(None) from None
        given = link_over(http_client, "AsyncClient")
        self._begin(settings, LoopLinks(given, make_async_link), is_copy=False)

    @property
    def inference(self) -> AsyncInference:
        """The inference hosts."""
        return AsyncInference(self._get_dispatcher())

    @property
    def control_plane(self) -> AsyncControlPlaneResources:
        """The management API. Needs `control_plane_token`, never an inference key."""
        from tensormesh_api.control_plane.api import CONTROL_PLANE
        from tensormesh_api.control_plane.resources import AsyncControlPlaneResources

        return AsyncControlPlaneResources(self._get_dispatcher(), CONTROL_PLANE)

    _links: LoopLinks[Any, Any]

    def _get_dispatcher(self) -> AsyncDispatcher:
        if self._dispatcher is None:
            from ._calls.async_dispatcher import AsyncDispatcher

            self._dispatcher = AsyncDispatcher(self._settings, self._links)
        dispatcher: AsyncDispatcher = self._dispatcher
        return dispatcher

    async def close(self) -> None:
        """Close every connection, unless this is a copy. Can be called twice.

        Later calls are refused, and streams that are still open break.
        """
        self._closed = True
        await self._get_dispatcher().close(keep_connections=self._is_copy)

    aclose = close
