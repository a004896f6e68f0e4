"""Makes the engine that a name and its options ask for."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final, Literal

from tensormesh_local.builtin.catalog import Catalog
from tensormesh_local.engines.base import Engine, EngineError
from tensormesh_local.engines.builtin import BuiltinEngine

EngineName = Literal["builtin", "upstream", "llama"]
ENGINE_NAMES: Final = ("builtin", "upstream", "llama")


def make_engine(
    name: EngineName = "builtin",
    *,
    seed: int = 0,
    latency_ms: float = 0.0,
    extra_models: Iterable[str] = (),
    upstream: str | None = None,
    upstream_api_key: str | None = None,
    model_path: str | Path | None = None,
) -> Engine:
    """Return an engine, ready to start.

    Args:
        name: ``builtin``, ``upstream`` or ``llama``.
        seed: Built-in engine: seed of requests that give none.
        latency_ms: Built-in engine: milliseconds that each generated token takes.
        extra_models: Built-in engine: more names for its chat model, on both hosts.
        upstream: Upstream engine: base URL of an OpenAI-compatible server.
        upstream_api_key: Upstream engine: the key sent there.
        model_path: Llama engine: a GGUF file.

    Raises:
        EngineError: An option is missing or wrong, or a package is not installed.
    """
    match name:
        case "upstream":
            return _upstream(upstream, upstream_api_key)
        case "llama":
            return _llama(model_path)
        case _:
            return BuiltinEngine(
                seed=seed, latency_seconds=latency_ms / 1000, catalog=Catalog(extra_models)
            )


def _upstream(base_url: str | None, api_key: str | None) -> Engine:
    if not base_url:
        raise EngineError("the upstream engine needs --upstream URL")
    if not base_url.startswith(("http://", "https://")):
        raise EngineError(f"--upstream must begin with http:// or https://, got {base_url}")
    from tensormesh_local.engines.upstream import UpstreamEngine

    return UpstreamEngine(base_url, api_key)


def _llama(model_path: str | Path | None) -> Engine:
    if model_path is None:
        raise EngineError("the llama engine needs --model FILE.gguf")
    from tensormesh_local.engines.llama import LlamaEngine

    return LlamaEngine(model_path)
