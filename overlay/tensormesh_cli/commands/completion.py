"""`tm completion`."""

from __future__ import annotations

import click

from tensormesh_cli._click import Argument, command
from tensormesh_cli.output import Result

SHELLS = ("bash", "zsh", "fish")


@command(
    "completion",
    examples="""
    # bash: for this shell, and for every new one
    eval "$(tm completion bash)"
    echo 'eval "$(tm completion bash)"' >> ~/.bashrc
    # zsh, after compinit
    eval "$(tm completion zsh)"
    # fish
    tm completion fish > ~/.config/fish/completions/tm.fish
    """,
)
@click.argument(
    "shell", cls=Argument, type=click.Choice(SHELLS), help="Shell to print the script for."
)
def completion(shell: str) -> Result:
    """Print a script that completes commands, options and their values in a shell."""
    from click.shell_completion import ShellComplete, get_completion_class

    from tensormesh_cli._root import root

    kind = get_completion_class(shell)
    assert kind is not None
    # Not bash's own method, which would run a bash to learn its version.
    script = ShellComplete.source(kind(root, {}, "tm", "_TM_COMPLETE"))
    return Result({"shell": shell, "script": script}, raw=script.encode(), view=script)
