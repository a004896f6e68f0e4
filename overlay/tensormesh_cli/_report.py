"""Prints an error: for people, or as JSON for programs. Loaded when there is one."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from tensormesh_cli._errors import describe
from tensormesh_cli._streams import discard

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tensormesh_cli._app import App
    from tensormesh_cli._errors import Fault

_MODES_FOR_PROGRAMS = ("json", "yaml", "raw")


def report(app: App, arguments: Sequence[str], error: Exception) -> int:
    """Tell the user of an error on stderr.

    Args:
        app: the run that failed.
        arguments: its command line.
        error: what was raised.

    Returns:
        The exit status.
    """
    fault = describe(error)
    if fault.kind == "internal" and (app.given.get("debug") or "--debug" in arguments):
        _print_traceback(app, error)
    structured = _output_mode(app, arguments) in _MODES_FOR_PROGRAMS
    text = _as_json(fault) if structured else fault.lines()
    sys.stderr.write(app.redactor.redact(text))
    if fault.kind == "output":
        # What could not be written is not to be tried again when Python ends.
        discard(sys.stdout)
    return fault.exit_code


def _as_json(fault: Fault) -> str:
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
    """The mode that was asked for, also where the mistake stands before it on the line."""
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
