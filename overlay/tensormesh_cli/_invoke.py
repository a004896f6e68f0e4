"""Runs one command, and tells of what went wrong in one way."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from tensormesh_cli._app import App

if TYPE_CHECKING:
    from collections.abc import Sequence

_COMPLETION_VARIABLE = "_TM_COMPLETE"


def invoke(arguments: Sequence[str]) -> int:
    """Run one command, with its output written and its connections closed at the end.

    Args:
        arguments: what follows the program's name.

    Returns:
        The exit status.

    Raises:
        BrokenPipeError: whoever read the output has closed it.
        KeyboardInterrupt: Ctrl-C.
    """
    app = App()
    try:
        try:
            status = _run(app, list(arguments))
            sys.stdout.flush()
        except click.Abort:
            raise KeyboardInterrupt from None
        except BrokenPipeError:
            raise
        except Exception as error:
            from tensormesh_cli._report import report

            return report(app, arguments, error)
        return status
    finally:
        app.close()


def _run(app: App, arguments: list[str]) -> int:
    from tensormesh_cli._root import root

    instruction = app.environ.get(_COMPLETION_VARIABLE)
    if instruction:
        return _complete(app, root, instruction)
    try:
        # Not root.main(), which would print errors in its own form.
        with root.make_context("tm", arguments, obj=app) as context:
            result = root.invoke(context)
            # Not before: options of the innermost command are parsed only now.
            return app.emitter.emit(result)
    except click.exceptions.Exit as leave:
        return leave.exit_code


def _complete(app: App, root: click.Command, instruction: str) -> int:
    from click.shell_completion import shell_complete

    try:
        return shell_complete(root, {"obj": app}, "tm", _COMPLETION_VARIABLE, instruction)
    except Exception:
        # The user is in the middle of a line: no word is better than one about an error.
        return 1
