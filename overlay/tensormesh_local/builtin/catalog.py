"""The models that the built-in engine serves, by host."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tensormesh_local.builtin.answers import Thinking

MAX_MODEL_LEN: Final = 131_072
"""Context length of every built-in model, in tokens of prompt and answer."""

_GATEWAY_SUFFIX: Final = "-gpu-type-cpu"


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A model under the name that requests use.

    ``reports_cache_statistics`` says whether answers carry ``kv_transfer_params``; ``created`` is
    in unix seconds, None for models that are there from the start.
    """

    name: str
    family: str
    thinking: Thinking = "none"
    reports_cache_statistics: bool = False
    created: int | None = None


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
