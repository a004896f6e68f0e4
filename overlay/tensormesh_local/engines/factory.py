"""Create the engine that the options of a host name."""

from __future__ import annotations

from tensormesh_local.builtin.catalog import Catalog
from tensormesh_local.engines.base import Engine, EngineError
from tensormesh_local.engines.builtin import BuiltinEngine
from tensormesh_local.options import HostOptions


def make_engine(options: HostOptions) -> Engine:
    """Return the engine of a host, ready to start.

    Raises:
        EngineError: An option is missing or wrong, or a package is not installed.
    """
    match options.engine:
        case Engine():
            return options.engine
        case "upstream":
            return _upstream(options.upstream, options.upstream_api_key)
        case "llama":
            if options.model_path is None:
                raise EngineError("the llama engine needs --model FILE.gguf")
            from tensormesh_local.engines.llama import LlamaEngine

            return LlamaEngine(options.model_path)
        case _:
            return BuiltinEngine(
                seed=options.seed,
                latency_seconds=options.latency_ms / 1000,
                catalog=Catalog(options.extra_models),
            )


def _upstream(base_url: str | None, api_key: str | None) -> Engine:
    if not base_url:
        raise EngineError("the upstream engine needs --upstream URL")
    if not base_url.startswith(("http://", "https://")):
        raise EngineError(f"--upstream must start with http:// or https://, got {base_url}")
    from tensormesh_local.engines.upstream import UpstreamEngine

    return UpstreamEngine(base_url, api_key)
