"""The names that programs can use: members of packages and classes, and arguments.

`make names` writes them to the list that a test checks.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType

import tensormesh
import tensormesh_local
from tensormesh import AsyncTensormesh, Tensormesh, settings, tools, types
from tensormesh_api.inference.resources._base import AsyncResource, SyncResource
from tensormesh_local import LocalHost

LISTED = Path(__file__).parents[1] / "packaging" / "public_names.txt"


def public_names() -> list[str]:
    """Return every public name in full, sorted."""
    clients: list[Tensormesh | AsyncTensormesh] = [Tensormesh(), AsyncTensormesh()]
    return sorted(
        {
            *_members(tensormesh, tensormesh.__all__),
            *_members(settings, settings.__all__),
            *_members(tools, tools.__all__),
            *_members(tensormesh_local, tensormesh_local.__all__),
            *(f"tensormesh.types.{name}" for name in types.__all__),
            *_arguments("tensormesh.Tensormesh", Tensormesh),
            *_arguments("tensormesh.AsyncTensormesh", AsyncTensormesh),
            *_arguments("tensormesh_local.LocalHost", LocalHost),
            *(
                f"tensormesh.{type(client).__name__}().inference.{method}"
                for client in clients
                for surface in ("serverless", "on_demand")
                for method in _methods(surface, getattr(client.inference, surface))
            ),
        }
    )


def _members(package: ModuleType, names: Iterable[str]) -> Iterator[str]:
    for name in names:
        yield f"{package.__name__}.{name}"
        value = getattr(package, name)
        if not inspect.isclass(value):
            continue
        for member in {*dir(value), *inspect.get_annotations(value)}:
            # Skip what every exception has.
            if not member.startswith("_") and not hasattr(Exception, member):
                yield f"{package.__name__}.{name}.{member}"


def _arguments(name: str, function: type) -> Iterator[str]:
    for argument in inspect.signature(function).parameters:
        yield f"{name}({argument}=)"


def _methods(name: str, namespace: object) -> Iterator[str]:
    for member in dir(namespace):
        value = None if member.startswith("_") else getattr(namespace, member)
        if isinstance(value, (SyncResource, AsyncResource)):
            yield from _methods(f"{name}.{member}", value)
        elif inspect.ismethod(value):
            yield f"{name}.{member}()"


if __name__ == "__main__":
    LISTED.write_text("".join(f"{name}\n" for name in public_names()), "utf-8")
