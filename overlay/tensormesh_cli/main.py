"""The entry point: from arguments to an exit status.

`tm --version` loads hardly more than this module.
"""

from __future__ import annotations

import os
import sys

from tensormesh_cli._isolation import drop_current_directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

PROGRAM = "tm"
INTERRUPTED = 130


def run() -> NoReturn:
    """Run the command line of this process, and exit."""
    drop_current_directory()
    sys.exit(main())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: What follows the program's name, by default those of the process.

    Returns:
        The exit status: 0 success, 1 failure, 2 usage or configuration, 4 credentials,
        130 interrupted.
    """
    given = sys.argv[1:] if arguments is None else list(arguments)
    try:
        _prepare_streams()
        if given in (["--version"], ["-V"]):
            return _print_version()
        from tensormesh_cli._invoke import invoke

        return invoke(given)
    except KeyboardInterrupt:
        if sys.stderr.isatty():
            # The terminal shows ^C: let the shell's prompt start on a new line.
            print(file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader has read enough, like `head`. That is not a failure.
        from tensormesh_cli._report import discard

        discard(sys.stdout)
        discard(sys.stderr)
        return 0
    except (ModuleNotFoundError, OSError) as error:
        # click is missing, or the version could not be printed. `invoke` reports all other errors.
        from tensormesh_cli._errors import describe
        from tensormesh_cli._report import discard

        fault = describe(error)
        print(fault.lines(), end="", file=sys.stderr)
        discard(sys.stdout)
        return fault.exit_code


def _print_version() -> int:
    from tensormesh import __version__

    print(f"{PROGRAM} {__version__}", flush=True)
    return 0


def _prepare_streams() -> None:
    """Make the standard streams safe to write to, even if they are closed."""
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            # It was closed before we started.
            mode = "r" if name == "stdin" else "w"
            # Read-only for stdout, so that lost results are an error.
            nowhere = os.open(os.devnull, os.O_RDONLY if name == "stdout" else os.O_RDWR)
            # Standard streams stay open.
            setattr(sys, name, open(nowhere, mode, encoding="utf-8", closefd=False))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            # Escape characters that the stream's encoding cannot represent.
            reconfigure(errors="backslashreplace")
