"""Print results that contain a secret which no later response repeats, so that it is not lost."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from tensormesh_api.control_plane.commands import SECRETS, SECRETS_SHOWN_ONCE
from tensormesh_cli._errors import CliError, describe
from tensormesh_cli.commands.derived.values import without_secrets
from tensormesh_cli.output.values import clean, unwrapped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tensormesh_cli._app import App
    from tensormesh_cli.output import Printer

_ALWAYS_HIDDEN = SECRETS - SECRETS_SHOWN_ONCE


def secrets_shown_once(data: Any) -> list[str]:
    """Return the secrets in a result that no later response repeats."""
    return [
        value
        for name, value in _leaves(data)
        if name in SECRETS_SHOWN_ONCE and isinstance(value, str) and value
    ]


def print_once(app: App, data: Any, raw: bytes | None, secrets: list[str]) -> None:
    """Print a result with its secrets, whatever `--query` selects and wherever it can be written.

    Args:
        app: The run.
        data: The body, decoded.
        raw: The body.
        secrets: What must be printed.

    Raises:
        CliError: The query selects nothing, or stdout cannot be written.
    """
    printer, fault = app.printer, None
    if printer.query is not None:
        try:
            selected = printer.select(data)
        except CliError as error:
            selected, fault = None, error
        if _has_all(selected, secrets):
            _write(app, _complete(printer, printer.render(selected), secrets))
            return
        app.terminal.warn(
            "--query leaves out the secret, which is shown only once: here is the whole result"
        )
    if not printer.structured:
        data = without_secrets(unwrapped(data), _ALWAYS_HIDDEN)
    _write(app, _complete(printer, printer.render(data, raw=raw), secrets))
    if fault is not None:
        raise fault
    if not printer.structured:
        app.terminal.note("The secret is shown only once: save it now.")


def _has_all(selected: Any, secrets: list[str]) -> bool:
    texts = [value for _, value in _leaves(selected) if isinstance(value, str)]
    return all(any(secret in text for text in texts) for secret in secrets)


def _complete(printer: Printer, content: str | bytes, secrets: list[str]) -> str | bytes:
    """Add the secrets that a table has cut to fit the terminal."""
    if printer.structured or isinstance(content, bytes):
        return content
    cut = [clean(secret) for secret in secrets if clean(secret) not in content]
    return content + "".join(f"{secret}\n" for secret in cut)


def _write(app: App, content: str | bytes) -> None:
    try:
        app.printer.write(content)
    except OSError as error:
        app.terminal.warn("stdout cannot be written: here is the result, which is shown only once")
        text = content if isinstance(content, str) else content.decode("utf-8", "backslashreplace")
        sys.stderr.write(text if text.endswith("\n") else f"{text}\n")
        # A reader that has left is a failure here, unlike elsewhere.
        raise CliError(describe(error).message, kind="output") from error


def _leaves(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner, name)
    else:
        yield name, value
