"""`tm version`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tensormesh_cli._click import command, pass_app

if TYPE_CHECKING:
    from tensormesh_cli._app import App


@command(
    "version",
    examples="""
    tm version
    tm --output json version
    """,
)
@pass_app
def version(app: App) -> None:
    """Show the version of tm, and what it runs on."""
    import platform

    from tensormesh import __version__

    # Else `platform()` runs the first `uname` on PATH to learn this, and leaves it out.
    vars(platform.uname())["processor"] = ""
    facts = {
        "name": "tensormesh",
        "version": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
    }
    app.printer.emit(facts, text=f"tm {__version__}")
