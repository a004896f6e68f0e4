"""The root of the command tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tensormesh_cli._click import Lazy, TmGroup

if TYPE_CHECKING:
    import click

_HERE = "tensormesh_cli.commands"
_START = "Set up"
_INFERENCE = "Inference"
_MANAGEMENT = "Management"
_OTHER = "Other"


def _commands() -> dict[str, Lazy]:
    """Return the top-level commands, in the order of the help."""
    first = {
        "auth": Lazy(f"{_HERE}.auth", "auth", "Log in to the Control Plane.", _START),
        "init": Lazy(
            f"{_HERE}.init", "init", "Show the local setup, or sync it with your account.", _START
        ),
        "config": Lazy(f"{_HERE}.config", "config", "Show and change settings.", _START),
        "doctor": Lazy(
            f"{_HERE}.doctor", "doctor", "Check settings, credentials and hosts.", _START
        ),
        "infer": Lazy(
            f"{_HERE}.infer", "infer", "Send requests to the inference hosts.", _INFERENCE
        ),
        "cost": Lazy(f"{_HERE}.cost", "cost", "Show costs and cache savings.", _INFERENCE),
    }
    last = {
        "api": Lazy(f"{_HERE}.api", "api", "Send a request to any endpoint.", _OTHER),
        "completion": Lazy(
            f"{_HERE}.completion", "completion", "Print a completion script for a shell.", _OTHER
        ),
        "version": Lazy(f"{_HERE}.version", "version", "Show the version of tm.", _OTHER),
    }
    # Hand-written commands override generated ones with the same name.
    return {**first, **_management(), **last} | first


def _management() -> dict[str, Lazy]:
    """Return the groups that are made from the operations of the Control Plane."""
    from tensormesh_cli.commands.management import root_names

    return {
        name: Lazy(f"{_HERE}.management", "get", text, _MANAGEMENT)
        for name, text in root_names().items()
    }


class _Root(TmGroup):
    def _load(self, name: str) -> click.Command:
        found = super()._load(name)
        if isinstance(found, TmGroup):
            from tensormesh_cli.commands.management import merge

            # A hand-written group can have generated commands too.
            merge(found, (name,))
        return found


root = _Root(
    "tm",
    lazy=_commands(),
    help="The Tensormesh command line.",
    examples="""
    tm auth login
    tm init --sync
    tm infer chat "Say hello."
    tm --output json version
    """,
)
