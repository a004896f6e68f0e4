"""Send a raw request through the SDK to a configured host."""

from __future__ import annotations

from codecs import iterdecode
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tensormesh_cli._errors import UsageFault
from tensormesh_cli.commands.infer.host import ON_DEMAND, SERVERLESS, Host

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tensormesh import RawResponse, Tensormesh
    from tensormesh_cli._app import App
    from tensormesh_cli.commands.api.request import RawRequest
    from tensormesh_cli.output import Result

CONTROL_PLANE = "control-plane"
_NOT_A_PATH = "pass a path such as /v1/models; use --controlplane-base for another host"


class Surface:
    """A host, with the settings of this run.

    Args:
        app: The run.
        name: `control-plane`, `serverless` or `on-demand`.
    """

    def __init__(self, app: App, name: str) -> None:
        self._app = app
        self._name = name

    @property
    def base(self) -> str | None:
        """The base URL, or None if it is unknown."""
        settings = self._app.settings
        return {
            CONTROL_PLANE: settings.controlplane_base,
            SERVERLESS: settings.serverless_base_url,
            ON_DEMAND: settings.on_demand_base_url,
        }[self._name]

    def read(self, request: RawRequest) -> RawResponse[Any]:
        """Send a request, and read the whole response.

        Raises:
            UsageFault: The request is invalid.
            CredentialFault: A credential is missing.
            TensormeshError: The request failed.
        """
        response: RawResponse[Any] = self._send(self._host.with_raw_response, request)
        return response

    def pieces(self, request: RawRequest) -> Iterator[str]:
        """Send a request, and yield the text of the response as it arrives."""
        with self._send(self._host.with_streaming_response, request) as response:
            yield from iterdecode(response.iter_bytes(), "utf-8", "replace")

    def described(self, request: RawRequest) -> Result:
        """Describe a request instead of sending it. Does not need a login."""
        from tensormesh_cli.commands.derived.dry_run import described, previewing

        prepared = self._send(self._of(previewing(self._app)).with_raw_response, request)
        return described(self._app, prepared, request.body)

    @cached_property
    def _host(self) -> Any:
        if self._name == CONTROL_PLANE:
            return self._of(self._app.control_plane_client())
        return self._of(Host(self._app, self._name).client)

    def _of(self, client: Tensormesh) -> Any:
        if self._name == CONTROL_PLANE:
            return client.control_plane
        inference = client.inference
        return inference.serverless if self._name == SERVERLESS else inference.on_demand

    def _send(self, host: Any, request: RawRequest) -> Any:
        try:
            return host.request(
                request.method,
                request.path,
                query=request.query,
                body=request.body,
                extra_headers=request.headers,
                timeout_seconds=self._seconds(request),
            )
        except ValueError as error:
            argument, _, problem = str(error).partition(" ")
            if argument != "path":
                raise UsageFault(str(error)) from error
            raise UsageFault(f"PATH {problem}", hint=_NOT_A_PATH) from error

    def _seconds(self, request: RawRequest) -> float | None:
        """Return the timeout of a response that a model writes, or None for all others."""
        if self._name == CONTROL_PLANE or request.method != "POST":
            return None
        return Host(self._app, self._name).answer_seconds
