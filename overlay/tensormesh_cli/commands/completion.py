"""`tm completion`."""

from __future__ import annotations

import click

from tensormesh_cli._click import Argument, command
from tensormesh_cli.output import Result

SHELLS = ("bash", "zsh", "fish")


@command(
    "completion",
    examples="""
    # bash: in this shell, and in every new one
    eval "$(tm completion bash)"
    echo 'eval "$(tm completion bash)"' >> ~/.bashrc
    # zsh, after compinit
    eval "$(tm completion zsh)"
    # fish
    tm completion fish > ~/.config/fish/completions/tm.fish
    """,
)
@click.argument("shell", cls=Argument, type=click.Choice(SHELLS), help="The shell.")
def completion(shell: str) -> Result:
    """Print a completion script for a shell."""
    from click.shell_completion import ShellComplete, get_completion_class

    from tensormesh_cli._root import root

    kind = get_completion_class(shell)
    assert kind is not None
    # Not the method for bash, which runs bash to find out its version.
    script = ShellComplete.source(kind(root, {}, "tm", "_TM_COMPLETE"))
    return Result({"shell": shell, "script": script}, raw=script.encode(), view=script)
