"""The models that the built-in engine serves, by host."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from tensormesh_local.generation import ServedModel

_GATEWAY_SUFFIX: Final = "-gpu-type-cpu"


_FAMILIES: Final = (
    ServedModel("tm-local-chat", "tm-local-chat", reports_cache_statistics=True),
    ServedModel("tm-local-think", "tm-local-think", "leaked"),
    ServedModel("tm-local-reasoning", "tm-local-reasoning", "separate"),
)


class Catalog:
    """Which names each host serves.

    Serverless serves the plain names; On-Demand serves gateway names, as a deployment has them.

    Args:
        extra_names: More names for the plain chat model, on both hosts.
    """

    def __init__(self, extra_names: Iterable[str] = ()) -> None:
        extra = [ServedModel(name, "tm-local-chat") for name in extra_names]
        gateway = [
            ServedModel(
                model.name + _GATEWAY_SUFFIX,
                model.family,
                model.thinking,
                model.reports_cache_statistics,
            )
            for model in _FAMILIES
        ]
        self._served = {"serverless": [*_FAMILIES, *extra], "on_demand": [*gateway, *extra]}

    def served(self, surface: str) -> list[ServedModel]:
        """Return the models of a host (``serverless`` or ``on_demand``)."""
        return self._served[surface]
