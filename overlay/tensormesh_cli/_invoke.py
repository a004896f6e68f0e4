"""Run one command, and report what goes wrong."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from tensormesh_cli._app import App

if TYPE_CHECKING:
    from collections.abc import Sequence

_COMPLETION_VARIABLE = "_TM_COMPLETE"
_SOURCE = "_source"


def invoke(arguments: Sequence[str]) -> int:
    """Run one command, write its output and close its connections. Return the exit status.

    Raises:
        BrokenPipeError: Whoever read the output has closed it.
        KeyboardInterrupt: Ctrl-C was pressed.
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
    if instruction and instruction.endswith(_SOURCE):
        # What click does here starts a bash, which would get our environment.
        arguments = ["completion", instruction.removesuffix(_SOURCE)]
    elif instruction:
        return _complete(app, root, instruction)
    try:
        # Not `root.main()`, which prints errors in its own format.
        with root.make_context("tm", arguments, obj=app) as context:
            result = root.invoke(context)
            # Created only now, when the options of the innermost command are parsed.
            return app.emitter.emit(result)
    except click.exceptions.Exit as leave:
        return leave.exit_code


def _complete(app: App, root: click.Command, instruction: str) -> int:
    from click.shell_completion import shell_complete

    try:
        return shell_complete(root, {"obj": app}, "tm", _COMPLETION_VARIABLE, instruction)
    except Exception:
        # The user is typing a line: print nothing rather than an error.
        return 1
