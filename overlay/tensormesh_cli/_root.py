"""The root of the tree of commands."""

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
    """Every command at the top, in the order of the help."""
    first = {
        "auth": Lazy(f"{_HERE}.auth", "auth", "Log in to the Control Plane.", _START),
        "init": Lazy(f"{_HERE}.init", "init", "Show or sync what is set up here.", _START),
        "config": Lazy(f"{_HERE}.config", "config", "Show and change settings.", _START),
        "doctor": Lazy(f"{_HERE}.doctor", "doctor", "Check that everything is ready.", _START),
        "infer": Lazy(
            f"{_HERE}.infer", "infer", "Send requests to the inference hosts.", _INFERENCE
        ),
        "cost": Lazy(f"{_HERE}.cost", "cost", "Show spend and what the cache saved.", _INFERENCE),
    }
    last = {
        "api": Lazy(f"{_HERE}.api", "api", "Send any request to any of the hosts.", _OTHER),
        "completion": Lazy(
            f"{_HERE}.completion", "completion", "Print a completion script for a shell.", _OTHER
        ),
        "version": Lazy(f"{_HERE}.version", "version", "Show the version of tm.", _OTHER),
    }
    # Of two with one name that counts which is written by hand.
    return {**first, **_management(), **last} | first


def _management() -> dict[str, Lazy]:
    """The groups that are made of the operations of the Control Plane."""
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

            # A group that is written by hand may have commands of the specification too.
            merge(found, (name,))
        return found


root = _Root(
    "tm",
    lazy=_commands(),
    help="The command line of Tensormesh: inference, and all that is around it.",
    examples="""
    tm auth login
    tm init --sync
    tm infer chat "Say hello."
    tm --output json version
    """,
)
