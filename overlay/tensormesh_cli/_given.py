"""Global options as they were given."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class GlobalOptions:
    """The global options as they were given. None stands for an option that was not.

    Attributes:
        config: Path of the config file.
        output: `text`, `json`, `yaml`, `raw` or `table`.
        quiet: Whether to leave out notes and progress.
        debug: Whether to log on stderr.
        ca_bundle: Path of the certificates to trust.
        max_retries: Retries of idempotent requests.
        controlplane_base: Base URL of the Control Plane.
        gateway_provider: `nebius`, `lambda` or `yotta`.
        timeout: HTTP timeout in seconds.
        query: JMESPath expression that selects a part of the result.
    """

    config: str | None = None
    output: str = "text"
    quiet: bool = False
    debug: bool = False
    ca_bundle: str | None = None
    max_retries: int | None = None
    controlplane_base: str | None = None
    gateway_provider: str | None = None
    timeout: float | None = None
    query: str | None = None
