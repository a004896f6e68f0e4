"""What was given on the command line for every command."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class GlobalOptions:
    """The global options as they were given; None for one that was not.

    Attributes:
        config: path of the config file.
        output: ``"text"``, ``"json"``, ``"yaml"``, ``"raw"`` or ``"table"``.
        quiet: leave out what is not essential.
        debug: log on stderr.
        ca_bundle: path of the certificates to trust.
        max_retries: retries of idempotent requests.
        controlplane_base: base URL of the Control Plane.
        gateway_provider: ``"nebius"``, ``"lambda"`` or ``"yotta"``.
        timeout: HTTP timeout in seconds.
        query: JMESPath expression for what is shown.
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
