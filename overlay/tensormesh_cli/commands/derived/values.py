"""Parse the values of options. Errors name the option."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from tensormesh_cli._errors import UsageFault
from tensormesh_cli._inputs import loads, read_file
from tensormesh_cli._suggestions import nearest

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from tensormesh_cli._terminal import Terminal

_TIME_FORMS = "2026-05-01 or 2026-05-01T12:00:00Z"
_CLOSE = 0.75


class OpenChoice(click.ParamType):  # type: ignore[type-arg]
    """A value of an open set. The known ones are completed."""

    name = "value"

    def __init__(self, choices: tuple[str, ...]) -> None:
        self.choices = choices

    def shell_complete(
        self,
        ctx: click.Context,  # noqa: ARG002
        param: click.Parameter,  # noqa: ARG002
        incomplete: str,
    ) -> list[CompletionItem]:
        """Return the known values that start with the text, ignoring case."""
        from click.shell_completion import CompletionItem

        begun = incomplete.upper()
        return [CompletionItem(choice) for choice in self.choices if choice.startswith(begun)]


def full_choice(value: str, choices: tuple[str, ...]) -> str:
    """Return the known value that is meant: `open` matches the only one that ends in `_OPEN`."""
    if value in choices:
        return value
    given = _upper(value)
    ends = [choice for choice in choices if choice == given or choice.endswith(f"_{given}")]
    return ends[0] if len(ends) == 1 else value


def unknown_choice(label: str, value: str, choices: tuple[str, ...]) -> str | None:
    """Return a warning about an unknown value, or None if it is known."""
    if value in choices:
        return None
    given = _upper(value)
    # People often use only the last word of a value.
    by_end = {choice.rpartition("_")[2]: choice for choice in choices}
    meant = nearest(given, [*choices, *by_end], similarity=_CLOSE)
    question = f"; did you mean {by_end.get(meant[0], meant[0])}?" if meant else ""
    return f"unknown {label} {value}, sent unchanged{question}"


def _upper(value: str) -> str:
    return value.upper().replace("-", "_")


def read_time(text: str, label: str) -> datetime:
    """Parse a day or a time, in UTC if it has no time zone.

    Other formats than RFC 3339 are accepted if they are unambiguous.

    Raises:
        UsageFault: It is not a time, or ambiguous.
    """
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        time = _read_free_time(text, label)
    try:
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError:
        raise UsageFault(f"{label} {text!r} is out of range") from None


def _read_free_time(text: str, label: str) -> datetime:
    from dateutil.parser import parse

    # If the text is incomplete, the defaults fill the gaps and the results differ.
    defaults = (datetime(2000, 1, 1), datetime(2004, 2, 2))
    try:
        found = {
            parse(text, default=default, dayfirst=day_first)
            for default in defaults
            for day_first in (False, True)
        }
    except (ValueError, OverflowError):
        found = set()
    if len(found) != 1:
        raise UsageFault(
            f"{label} {text!r} is {'not a time' if not found else 'ambiguous'}",
            hint=f"write it as {_TIME_FORMS}; the default time zone is UTC",
        )
    return found.pop()


def read_money(text: str, currency: str, label: str) -> dict[str, Any]:
    """Parse an amount. Raise `UsageFault` if it is invalid."""
    from tensormesh.types import Money

    try:
        return Money.from_decimal(text, currency).to_dict()
    except ValueError as error:
        reason = str(error).removeprefix("amount ").removeprefix(f"{text!r} ")
        raise UsageFault(
            f"{label} {text!r} {reason.removeprefix(f'{text} ')}", hint="write it as 12.50"
        ) from None


def read_json(text: str, label: str) -> Any:
    """Parse JSON, or that of `@FILE`. Raise `UsageFault` if it is invalid."""
    source = label
    if text.startswith("@"):
        source = f"{label} {text}"
        text = read_file(text[1:], source)
    try:
        return loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageFault(
            f"{source} is not valid JSON: {error}",
            hint=f'write it as {label} \'{{"key": "value"}}\' or {label} @FILE',
        ) from None


def read_secret(text: str, label: str, terminal: Terminal) -> str:
    """Return a secret: the text, that of `@FILE`, or for `-` one from a prompt or a pipe."""
    if text == "-":
        secret = _ask_secret(label) if terminal.interactive else sys.stdin.readline()
    elif text.startswith("@"):
        secret = read_file(text[1:], f"{label} {text}")
    else:
        return text
    secret = secret.strip()
    if not secret:
        raise UsageFault(f"{label} {text} contains no secret")
    return secret


def _ask_secret(label: str) -> str:
    answer = click.prompt(label.lstrip("-").replace("-", " "), hide_input=True, err=True)
    return str(answer)
