"""The models of the built-in engine."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from tensormesh_local.generation import ServedModel

_GATEWAY_SUFFIX: Final = "-gpu-type-cpu"
_MODELS: Final = (
    ServedModel("tm-local-chat", "tm-local-chat", reports_cache_statistics=True),
    ServedModel("tm-local-think", "tm-local-think", "leaked"),
    ServedModel("tm-local-reasoning", "tm-local-reasoning", "separate"),
)


class Catalog:
    """The models of each host: by plain names on Serverless, by gateway names on On-Demand.

    Args:
        extra_names: More names for the plain chat model, on both hosts.
    """

    def __init__(self, extra_names: Iterable[str] = ()) -> None:
        extra = [ServedModel(name, "tm-local-chat") for name in extra_names]
        gateway = [replace(model, name=model.name + _GATEWAY_SUFFIX) for model in _MODELS]
        self._served = {"serverless": [*_MODELS, *extra], "on_demand": [*gateway, *extra]}

    def served(self, surface: str) -> list[ServedModel]:
        """Return the models of a host (``serverless`` or ``on_demand``)."""
        return self._served[surface]
