"""What one run of the command line knows. Each part is made when it is first needed."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from tensormesh_cli._given import GlobalOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import tensormesh
    from tensormesh_cli._debug import Redactor
    from tensormesh_cli._terminal import Terminal
    from tensormesh_cli.config.settings import Settings
    from tensormesh_cli.credentials.store import TokenStore
    from tensormesh_cli.output.emitter import Emitter

    Surface = Literal["serverless", "on-demand"]


class App:
    """The state of one run. Commands get it through `pass_app`.

    Args:
        environ: Environment variables, by default those of the process.
        given: Global options by name, as attributes of `GlobalOptions`. Filled while the command
            line is parsed.
    """

    def __init__(
        self,
        *,
        environ: Mapping[str, str] | None = None,
        given: Mapping[str, Any] | None = None,
    ) -> None:
        self.environ = os.environ if environ is None else environ
        self.given: dict[str, Any] = dict(given or {})
        self._closing: list[Callable[[], None]] = []

    @property
    def options(self) -> GlobalOptions:
        """The global options of this run."""
        return GlobalOptions(**self.given)

    @cached_property
    def redactor(self) -> Redactor:
        """What removes secrets from text."""
        from tensormesh_cli._debug import Redactor

        return Redactor()

    @cached_property
    def terminal(self) -> Terminal:
        """Where notes, questions and progress go."""
        from tensormesh_cli._terminal import Terminal

        return Terminal(sys.stdin, sys.stdout, sys.stderr, self.environ, quiet=self.options.quiet)

    @cached_property
    def emitter(self) -> Emitter:
        """What prints results."""
        from tensormesh_cli.output.emitter import Emitter

        options = self.options
        return Emitter(options.output, sys.stdout, self.terminal, query=options.query)

    @cached_property
    def settings(self) -> Settings:
        """The settings from flags, environment and config file.

        Raises:
            ConfigFault: A value is invalid, or the file cannot be read.
        """
        from tensormesh_cli.config.settings import resolve

        settings = resolve(self.options, self.environ)
        self.redactor.add(settings.gateway_api_key)
        self._start_debug(settings.config_path)
        return settings

    def access_token(self) -> str | None:
        """Return the Control Plane token, or None: that of the environment, or the saved one.

        Raises:
            ConfigFault: The saved login cannot be read.
            CredentialFault: It has expired and cannot be renewed.
        """
        token = self.environ.get("TENSORMESH_CONTROL_PLANE_TOKEN")
        if not token:
            from datetime import UTC, datetime

            from tensormesh_cli.credentials.refresh import access_token

            token = access_token(self.settings, self.token_store(), now=datetime.now(UTC))
        self.redactor.add(token)
        return token

    def token_store(self) -> TokenStore:
        """Return the saved login. Its tokens are removed from everything this run prints.

        Raises:
            ConfigFault: There is no directory for it.
        """
        from tensormesh_cli.credentials.store import TokenStore

        return TokenStore(self.settings.auth_path, hide=self.redactor.add)

    def control_plane_client(
        self, *, timeout: float | None = None, auth: bool = True
    ) -> tensormesh.Tensormesh:
        """Return a client for the Control Plane, which is closed with this run.

        Args:
            timeout: HTTP timeout in seconds, by default that of the settings.
            auth: Whether to send a token.

        Raises:
            CredentialFault: A token is needed, and there is none.
            ConfigFault: A setting is invalid.
        """
        token = None
        if auth:
            from tensormesh_cli._errors import CredentialFault

            token = self.access_token()
            if token is None:
                raise CredentialFault(f"not logged in to {self.settings.controlplane_base}")
        return self._client(timeout=timeout, control_plane_token=token)

    def inference_client(
        self,
        surface: Surface,
        *,
        api_key: str | None = None,
        user_id: str | None = None,
        base_url: str | None = None,
        timeout: float | None = None,
    ) -> tensormesh.Tensormesh:
        """Return a client for the inference hosts, which is closed with this run.

        Args:
            surface: Which host `base_url` is for.
            api_key: API key, by default that of the settings.
            user_id: On-Demand user, by default that of the settings.
            base_url: Base URL of the host, by default that of the settings.
            timeout: Maximum wait for a connection in seconds, by default that of the SDK.

        Raises:
            ConfigFault: A setting is invalid.
        """
        settings = self.settings
        self.redactor.add(api_key)
        serverless, on_demand = settings.serverless_base_url, settings.on_demand_base_url
        if base_url is not None:
            if surface == "serverless":
                serverless = base_url
            else:
                on_demand = base_url
        return self._client(
            inference_api_key=api_key or settings.gateway_api_key,
            on_demand_user_id=user_id or settings.gateway_user_id,
            serverless_base_url=serverless,
            on_demand_base_url=on_demand,
            connect_timeout_seconds=timeout,
        )

    def close(self) -> None:
        """Close every connection. Can be called twice."""
        while self._closing:
            with suppress(Exception):
                self._closing.pop()()

    def _client(self, *, timeout: float | None = None, **arguments: Any) -> tensormesh.Tensormesh:
        import tensormesh

        settings = self.settings
        client = tensormesh.Tensormesh(
            control_plane_base_url=settings.controlplane_base,
            timeout_seconds=settings.timeout_seconds if timeout is None else timeout,
            max_retries=settings.max_retries,
            ca_bundle=settings.ca_bundle,
            **arguments,
        )
        self._closing.append(client.close)
        return client

    def _start_debug(self, path: Path | None) -> None:
        if self.options.debug:
            from tensormesh_cli._debug import start_logging, stop_logging

            self._closing.append(stop_logging)
            start_logging(sys.stderr, self.redactor).debug("config file: %s", path)
