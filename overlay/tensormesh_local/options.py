"""Options of a local host, for the command line and for programs alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import Final, Literal

from starlette.middleware import Middleware

from tensormesh_local.auth import DEFAULT_API_KEY, DEFAULT_CONTROL_PLANE_TOKEN
from tensormesh_local.clock import Clock
from tensormesh_local.control_plane.application import SeedData
from tensormesh_local.engines.base import Engine

EngineName = Literal["builtin", "upstream", "llama"]
ENGINE_NAMES: Final = ("builtin", "upstream", "llama")


# No repr: it would show the keys and the token.
@dataclass(eq=False, repr=False)
class HostOptions:
    """Options of a local host; see :class:`tensormesh_local.LocalHost`."""

    engine: EngineName | Engine = "builtin"
    _: KW_ONLY
    port: int = 0
    api_keys: Sequence[str] = (DEFAULT_API_KEY,)
    middleware: Sequence[Middleware] = ()
    allow_hosts: Sequence[str] = ()
    seed: int = 0
    latency_ms: float = 0.0
    extra_models: Sequence[str] = ()
    upstream: str | None = None
    upstream_api_key: str | None = None
    model_path: str | Path | None = None
    control_plane_token: str = DEFAULT_CONTROL_PLANE_TOKEN
    state: Path | None = None
    auto_approve: bool = False
    clock: Clock | None = None
    seed_data: SeedData | None = None
    enforce_balance: bool = False
    rate_limit: int | None = None
