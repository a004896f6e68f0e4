"""The local staging host: Tensormesh's inference APIs on loopback, for demos and tests.

``python -m tensormesh_local`` runs it as a process, :class:`LocalHost` inside a program, and
:func:`create_app` gives it as an ASGI application.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tensormesh_local.app import create_app
    from tensormesh_local.host import LocalHost

__all__ = ["LocalHost", "create_app"]


def __getattr__(name: str) -> object:
    # Loaded when used, so that the command can say which extra is missing.
    if name == "LocalHost":
        from tensormesh_local.host import LocalHost

        return LocalHost
    if name == "create_app":
        from tensormesh_local.app import create_app

        return create_app
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
