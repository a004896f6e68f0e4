"""The entry point: from arguments to an exit status, whatever happens in between.

`tm --version` needs hardly more than this module.
"""

from __future__ import annotations

import os
import sys

from tensormesh_cli._isolation import drop_current_directory
from tensormesh_cli._streams import discard

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

PROGRAM = "tm"
INTERRUPTED = 130


def run() -> NoReturn:
    """Run the command line of this process, and end the process."""
    drop_current_directory()
    # Where click and rich are installed httpx loads a command line of its own: a third of the time
    # of a command that sends a request. It does without where that cannot be imported.
    sys.modules["httpx._main"] = None  # type: ignore[assignment]
    sys.exit(main())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: what follows the program's name; that of the process by default.

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
            # The terminal has shown ^C: the shell's prompt shall not follow it on its line.
            print(file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read us has had enough, as `head` does: that is no failure.
        discard(sys.stdout)
        discard(sys.stderr)
        return 0
    except (ModuleNotFoundError, OSError) as error:
        # Without click, or on the short way: what is beyond tells of its errors by itself.
        from tensormesh_cli._errors import describe

        fault = describe(error)
        print(fault.lines(), end="", file=sys.stderr)
        discard(sys.stdout)
        return fault.exit_code


def _print_version() -> int:
    from tensormesh import __version__

    print(f"{PROGRAM} {__version__}", flush=True)
    return 0


def _prepare_streams() -> None:
    """Make the standard streams safe to write to, whatever the process was given."""
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            # It was closed before we started.
            mode = "r" if name == "stdin" else "w"
            # Results must not get lost unnoticed: writing to a closed stdout has to fail.
            nowhere = os.open(os.devnull, os.O_RDONLY if name == "stdout" else os.O_RDWR)
            # Nobody closes a standard stream.
            setattr(sys, name, open(nowhere, mode, encoding="utf-8", closefd=False))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            # A text that the stream's encoding does not have is shown by its code points.
            reconfigure(errors="backslashreplace")
