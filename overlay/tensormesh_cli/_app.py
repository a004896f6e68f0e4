"""`App`: what one run of the command line knows, each part made when it is first asked for."""

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
    """What one run knows. Commands get it by `pass_app`.

    Args:
        environ: the environment; that of the process by default.
        given: global options by name, as attributes of `GlobalOptions`.

    Attributes:
        environ: the environment.
        given: the global options that were given so far; filled while the line is parsed.
        redactor: what takes secrets out of texts that are shown.
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
        """What takes secrets out of texts that are shown."""
        from tensormesh_cli._debug import Redactor

        return Redactor()

    @cached_property
    def terminal(self) -> Terminal:
        """Notes, prompts and progress."""
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
        """What flags, environment and config file say.

        Raises:
            ConfigFault: a value is not valid, or the file cannot be read.
        """
        from tensormesh_cli.config.settings import resolve

        settings = resolve(self.options, self.environ)
        self.redactor.add(settings.gateway_api_key)
        self._start_debug(settings.config_path)
        return settings

    def access_token(self, *, force: bool = False) -> str | None:
        """The Control Plane token: of the environment, else the saved one, made fresh if need be.

        Args:
            force: renew a saved token although it has not expired.

        Returns:
            The token, or None if there is none.

        Raises:
            ConfigFault: the file of the tokens is broken.
            CredentialFault: it has expired and cannot be renewed.
        """
        token = self.environ.get("TENSORMESH_CONTROL_PLANE_TOKEN")
        if not token:
            from datetime import UTC, datetime

            from tensormesh_cli.credentials.refresh import access_token

            token = access_token(
                self.settings, self.token_store(), now=datetime.now(UTC), force=force
            )
        self.redactor.add(token)
        return token

    def token_store(self) -> TokenStore:
        """The saved login. Its tokens are taken out of whatever this run tells.

        Raises:
            ConfigFault: there is no folder for it.
        """
        from tensormesh_cli.credentials.store import TokenStore

        return TokenStore(self.settings.auth_path, hide=self.redactor.add)

    def control_plane_client(
        self,
        *,
        timeout: float | None = None,
        max_retries: int | None = None,
        auth: bool = True,
    ) -> tensormesh.Tensormesh:
        """A client for the Control Plane. It is closed with this run.

        Args:
            timeout: HTTP timeout in seconds; that of the settings by default.
            max_retries: retries of idempotent requests; those of the settings by default.
            auth: send a token.

        Raises:
            CredentialFault: a token is needed, and there is none.
            ConfigFault: a setting is not valid.
        """
        token = None
        if auth:
            from tensormesh_cli._errors import CredentialFault

            token = self.access_token()
            if token is None:
                raise CredentialFault(f"not logged in to {self.settings.controlplane_base}")
        return self._client(timeout=timeout, max_retries=max_retries, control_plane_token=token)

    def inference_client(
        self,
        surface: Surface,
        *,
        api_key: str | None = None,
        user_id: str | None = None,
        base_url: str | None = None,
        timeout: float | None = None,
    ) -> tensormesh.Tensormesh:
        """A client for the inference hosts. It is closed with this run.

        Args:
            surface: which of the hosts `base_url` is for.
            api_key: inference key; that of the settings by default.
            user_id: On-Demand user; that of the settings by default.
            base_url: host of the surface; that of the settings by default.
            timeout: longest wait for a connection in seconds; the SDK's 10 by default. How long
                to wait for bytes is the `timeout_seconds` of each call.

        Raises:
            ConfigFault: a setting is not valid.
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
        """Close every connection. May be called twice."""
        while self._closing:
            with suppress(Exception):
                self._closing.pop()()

    def _client(
        self, *, timeout: float | None = None, max_retries: int | None = None, **arguments: Any
    ) -> tensormesh.Tensormesh:
        import tensormesh

        settings = self.settings
        client = tensormesh.Tensormesh(
            control_plane_base_url=settings.controlplane_base,
            timeout_seconds=settings.timeout_seconds if timeout is None else timeout,
            max_retries=settings.max_retries if max_retries is None else max_retries,
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
