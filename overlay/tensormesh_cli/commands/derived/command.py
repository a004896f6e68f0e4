"""Make a command from the specification of an operation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tensormesh_api.control_plane.commands import load
from tensormesh_cli._click import TmCommand, command, pass_app
from tensormesh_cli.commands.derived.params import decorate, examples, in_our_words

if TYPE_CHECKING:
    from collections.abc import Callable

    from tensormesh_api._command import Command
    from tensormesh_cli._app import App
    from tensormesh_cli.output import Feed, Result


def derive(words: tuple[str, ...]) -> TmCommand:
    """Return the command of an operation, given the words that are typed for it."""
    about = load(words)

    def run(app: App, **given: Any) -> Result:
        from tensormesh_cli.commands.derived.run import run_command

        return run_command(app, about, given)

    return assemble(about, run)


def assemble(
    about: Command,
    run: Callable[..., Result | Feed],
    *,
    more: Callable[[Callable[..., Any]], Callable[..., Any]] | None = None,
    own_examples: str | None = None,
) -> TmCommand:
    """Return a command with the options of an operation.

    Args:
        about: The operation.
        run: Called with the `App` and the values by name, returns the result.
        more: Adds more options.
        own_examples: Examples instead of derived ones, one command line per line.
    """
    function = pass_app(run)
    if more is not None:
        function = more(function)
    return command(
        about.words[-1],
        help=_help(about),
        short_help=about.summary,
        examples=examples(about) if own_examples is None else own_examples,
    )(decorate(function, about))


def _help(about: Command) -> str:
    return "\n\n".join(filter(None, (about.summary, in_our_words(about.doc, about))))
