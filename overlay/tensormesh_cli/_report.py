"""Print an error, as text or as JSON. Loaded when there is one."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from tensormesh_cli._errors import describe

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

    from tensormesh_cli._app import App
    from tensormesh_cli._errors import CliError

_MODES_FOR_PROGRAMS = ("json", "yaml", "raw")


def report(app: App, arguments: Sequence[str], error: Exception) -> int:
    """Report an error on stderr. Return the exit status."""
    fault = describe(error)
    if fault.kind == "internal" and (app.given.get("debug") or "--debug" in arguments):
        _print_traceback(app, error)
    structured = _output_mode(app, arguments) in _MODES_FOR_PROGRAMS
    text = _as_json(fault) if structured else fault.lines()
    sys.stderr.write(app.redactor.redact(text))
    if fault.kind == "output":
        # Python would try to write it again at exit.
        discard(sys.stdout)
    return fault.exit_code


def _as_json(fault: CliError) -> str:
    import json

    said: dict[str, object] = {
        "kind": fault.kind,
        "message": fault.message,
        "status": fault.status,
    }
    if fault.hint:
        said["hint"] = fault.hint
    return json.dumps({"error": said}) + "\n"


def _output_mode(app: App, arguments: Sequence[str]) -> str:
    """Return the output mode, even if the mistake comes before it on the command line."""
    given = app.given.get("output")
    if isinstance(given, str):
        return given
    mode = "text"
    for word, following in zip(arguments, [*arguments[1:], ""], strict=True):
        if word == "--":
            break
        if word == "--output":
            mode = following
        elif word.startswith("--output="):
            mode = word.partition("=")[2]
    return mode


def _print_traceback(app: App, error: Exception) -> None:
    import traceback

    lines = traceback.format_exception(error)
    sys.stderr.write(app.redactor.redact("".join(lines)))


def discard(stream: TextIO) -> None:
    """Discard what is still buffered, which Python would complain about when it exits."""
    try:
        number = stream.fileno()
    except (OSError, ValueError):
        # It is not a real file.
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, number)
    os.close(nowhere)
