"""`tm version`."""

from __future__ import annotations

from tensormesh_cli._click import command
from tensormesh_cli.output import Result


@command(
    "version",
    examples="""
    tm version
    tm --output json version
    """,
)
def version() -> Result:
    """Show the version of tm, and the platform it runs on."""
    import platform

    from tensormesh import __version__

    # Keep `platform()` from running `uname` for a value that it does not show.
    vars(platform.uname())["processor"] = ""
    facts = {
        "name": "tensormesh",
        "version": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
    }
    return Result(facts, view=f"tm {__version__}")
