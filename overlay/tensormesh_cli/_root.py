"""The root of the tree of commands."""

from __future__ import annotations

import click

from tensormesh_cli._click import Lazy, TmGroup

_START = "Set up"
_INFERENCE = "Inference"
_OTHER = "Other"

_COMMANDS = {
    "auth": Lazy("tensormesh_cli.commands.auth", "auth", "Log in and out, and look at it.", _START),
    "init": Lazy("tensormesh_cli.commands.init", "init", "Show or sync the local setup.", _START),
    "config": Lazy("tensormesh_cli.commands.config", "config", "Read and write settings.", _START),
    "doctor": Lazy("tensormesh_cli.commands.doctor", "doctor", "Check that all is ready.", _START),
    "infer": Lazy("tensormesh_cli.commands.infer", "infer", "Send inference requests.", _INFERENCE),
    "cost": Lazy("tensormesh_cli.commands.cost", "cost", "Show spend and savings.", _INFERENCE),
    "api": Lazy("tensormesh_cli.commands.api", "api", "Send any request.", _OTHER),
    "completion": Lazy(
        "tensormesh_cli.commands.completion", "completion", "Print a shell's completion.", _OTHER
    ),
    "version": Lazy("tensormesh_cli.commands.version", "version", "Show the version.", _OTHER),
}

_EXAMPLES = """
    tm auth login
    tm init --sync
    tm infer chat "Say hello."
    tm --output json models list
"""

root = TmGroup(
    "tm",
    lazy=_COMMANDS,
    examples=_EXAMPLES,
    help="The command line of Tensormesh: inference, and all that is around it.",
)


@root.result_callback()
@click.pass_context
def _done(_context: click.Context, _result: object) -> None:
    """Results are printed by the commands themselves."""
