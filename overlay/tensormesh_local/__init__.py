"""The local host: Tensormesh's APIs on loopback, for demos and tests.

Run it as a process with ``python -m tensormesh_local``, inside a program with :class:`LocalHost`,
or as an ASGI application with :func:`create_app`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tensormesh_local.app import create_app
    from tensormesh_local.host import LocalHost

__all__ = ["LocalHost", "create_app"]


def __getattr__(name: str) -> object:
    # Imported on use, so that the command can report a missing extra.
    if name == "LocalHost":
        from tensormesh_local.host import LocalHost

        return LocalHost
    if name == "create_app":
        from tensormesh_local.app import create_app

        return create_app
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
