"""Public types: models of requests and answers, pages, keyword arguments, values of open sets.

Each is loaded when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tensormesh_api._model import BaseModel as BaseModel
    from tensormesh_api._model import UnknownVariant as UnknownVariant
    from tensormesh_api._paging import AsyncPage as AsyncPage
    from tensormesh_api._paging import SyncPage as SyncPage
    from tensormesh_api.control_plane.models import *  # noqa: F403
    from tensormesh_api.control_plane.pages import *  # noqa: F403
    from tensormesh_api.control_plane.params import *  # noqa: F403
    from tensormesh_api.inference.models import *  # noqa: F403
    from tensormesh_api.inference.params import *  # noqa: F403

_PACKAGES = (
    "tensormesh_api.control_plane.models",
    "tensormesh_api.control_plane.pages",
    "tensormesh_api.control_plane.params",
    "tensormesh_api.inference.models",
    "tensormesh_api.inference.params",
)
_BASES = {
    "AsyncPage": "tensormesh_api._paging",
    "BaseModel": "tensormesh_api._model",
    "SyncPage": "tensormesh_api._paging",
    "UnknownVariant": "tensormesh_api._model",
}


def _public() -> dict[str, str]:
    from importlib import import_module

    names = {name: package for package in _PACKAGES for name in import_module(package).__all__}
    return {**names, **_BASES}


def __getattr__(name: str) -> Any:
    if name == "__all__":
        return sorted(_public())
    from importlib import import_module

    package = None if name.startswith("_") else _public().get(name)
    if package is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(package), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(_public())
