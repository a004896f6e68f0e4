"""Global options as they were given."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class GlobalOptions:
    """The global options as they were given. None stands for an option that was not."""

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
