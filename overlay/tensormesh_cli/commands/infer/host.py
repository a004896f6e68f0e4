"""An inference host as a command addresses it, and its errors in the terms of the command line."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tensormesh_cli._errors import CliError, CredentialFault, UsageFault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tensormesh import (
        APITimeoutError,
        AuthenticationError,
        ConfigurationError,
        Tensormesh,
    )
    from tensormesh_cli._app import App

SERVERLESS = "serverless"
ON_DEMAND = "on-demand"
SURFACES = (ON_DEMAND, SERVERLESS)
LATEST = "@latest"
# A response that is not streamed may take minutes.
ANSWER_SECONDS = 600.0

_OPTIONS = {
    "inference_api_key": "--api-key",
    "on_demand_user_id": "--user-id",
    "serverless_base_url": "--base-url",
    "on_demand_base_url": "--base-url",
    "timeout_seconds": "--timeout",
    "connect_timeout_seconds": "--timeout",
}


@dataclass(frozen=True)
class Host:
    """A host, as the options of a command name it. None stands for the configured value.

    Attributes:
        app: The run.
        surface: `serverless` or `on-demand`.
        user_id: `X-User-Id` for On-Demand.
        api_key: Inference API key.
        base_url: Base URL.
        timeout: Maximum wait for a connection in seconds.
    """

    app: App
    surface: str
    user_id: str | None = None
    api_key: str | None = None
    base_url: str | None = None
    timeout: float | None = None

    @cached_property
    def client(self) -> Tensormesh:
        """The client for this host, which the run closes."""
        with self._translated():
            return self.app.inference_client(
                "serverless" if self.surface == SERVERLESS else "on-demand",
                api_key=self.api_key,
                user_id=self.user_id if self.surface == ON_DEMAND else None,
                base_url=self.base_url,
                timeout=self.timeout,
            )

    @property
    def answer_seconds(self) -> float:
        """Timeout of a response that is not streamed, in seconds.

        A timeout in the config file is meant for all requests, and only extends it.
        """
        settings = self.app.settings
        if settings.sources.get("timeout_seconds") in ("flag", "environment"):
            return settings.timeout_seconds
        return max(ANSWER_SECONDS, settings.timeout_seconds)

    @contextmanager
    def calls(self, *, idle: float | None = None) -> Iterator[Any]:
        """Return the namespaces of this host, and translate errors until the block ends.

        Args:
            idle: Longest silence of a stream in seconds, or None if nothing streams.

        Raises:
            UsageFault: An option or the request is invalid.
            CredentialFault: A credential is missing or refused.
            CliError: Connecting took too long, or a stream went silent.
        """
        inference = self.client.inference
        with self._translated(idle):
            yield inference.serverless if self.surface == SERVERLESS else inference.on_demand

    def model(self, named: str | None) -> str:
        """Return the model to ask.

        Args:
            named: The model that the option or the request names, or None.

        Raises:
            UsageFault: No model is named or configured, or `@latest` is not supported.
            CredentialFault: `@latest` needs a login.
        """
        if not named and self.surface == ON_DEMAND:
            named = self.app.settings.gateway_model_id
        if not named:
            raise _no_model(self.surface)
        if named != LATEST:
            return named
        if self.surface != ON_DEMAND:
            raise UsageFault(
                f"--model {LATEST} is only supported for --surface {ON_DEMAND}",
                hint="pass the name of a model; see: tm billing pricing serverless list",
            )
        return self._latest()

    def _latest(self) -> str:
        from tensormesh_cli._served import list_models, newest_served, served_name

        found = newest_served(list_models(self.app.control_plane_client()))
        name = None if found is None else served_name(found)
        if name is None:
            raise CliError(
                f"--model {LATEST}: the Control Plane lists no served model",
                hint="deploy a model, or pass the name of a served one",
            )
        return name

    @contextmanager
    def _translated(self, idle: float | None = None) -> Iterator[None]:
        from tensormesh import APITimeoutError, AuthenticationError, ConfigurationError

        try:
            yield
        except AuthenticationError as error:
            raise self._refused(error) from error
        except ConfigurationError as error:
            raise self._misconfigured(error) from error
        except APITimeoutError as error:
            raise self._too_slow(error, idle) from error

    def _misconfigured(self, error: ConfigurationError) -> Exception:
        option = _OPTIONS.get(error.argument or "")
        given = {
            "--api-key": self.api_key,
            "--user-id": self.user_id,
            "--base-url": self.base_url,
            "--timeout": self.timeout,
        }
        if option is not None and given[option] is not None:
            # The message of the SDK names its argument instead of the option.
            return UsageFault(f"{option} {error.problem}") if error.problem else error
        return error

    def _refused(self, error: AuthenticationError) -> CredentialFault:
        if self.api_key is not None:
            return CredentialFault(
                "401: the API key from --api-key was rejected",
                hint="check the key",
                status=error.status_code,
            )
        source = self.app.settings.sources.get("gateway_api_key")
        where = "TENSORMESH_INFERENCE_API_KEY" if source == "environment" else "gateway_api_key"
        return CredentialFault(
            f"401: the inference API key from {where} was rejected",
            hint="run `tm init --sync` for a new one, or pass --api-key",
            status=error.status_code,
        )

    def _too_slow(self, error: APITimeoutError, idle: float | None) -> CliError:
        where = f" ({error.url})" if error.url else ""
        if error.phase == "connect":
            limit = "" if self.timeout is None else f" within --timeout {self.timeout:g} s"
            return CliError(
                f"cannot connect{limit}{where}",
                hint="check the network and the host, or raise --timeout",
                kind="timeout",
            )
        if idle is None:
            return CliError(
                f"{error.message}{where}",
                hint="pass --stream to receive a long response piece by piece",
                kind="timeout",
            )
        return CliError(
            f"the stream was silent for {idle:g} s (--stream-idle-timeout {idle:g}){where}",
            hint="raise --stream-idle-timeout to wait longer",
            kind="timeout",
        )


def _no_model(surface: str) -> UsageFault:
    if surface == SERVERLESS:
        return UsageFault(
            f"no model: --surface {SERVERLESS} needs --model",
            hint="see the published names: tm billing pricing serverless list",
        )
    return UsageFault(
        "no model: --model is not given and gateway_model_id is not set",
        hint=f"run `tm init --sync`, or pass --model NAME or --model {LATEST}; "
        f"without a deployment, pass --surface {SERVERLESS} --model NAME",
    )
