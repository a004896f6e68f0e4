"""What is typed for an option, made into what the API takes. Errors name the option."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tensormesh_cli._errors import UsageFault
from tensormesh_cli._json import loads
from tensormesh_cli._suggestions import nearest

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from tensormesh_cli._terminal import Terminal

_TIME_FORMS = "2026-05-01 or 2026-05-01T12:00:00Z"
_CLOSE = 0.75


class OpenChoice(click.ParamType):  # type: ignore[type-arg]
    """One of the values that are known today, or any other: the set is open.

    Args:
        choices: the known values.
    """

    name = "value"

    def __init__(self, choices: tuple[str, ...]) -> None:
        self.choices = choices

    def shell_complete(
        self,
        ctx: click.Context,  # noqa: ARG002
        param: click.Parameter,  # noqa: ARG002
        incomplete: str,
    ) -> list[CompletionItem]:
        """The known values that begin so, in any case."""
        from click.shell_completion import CompletionItem

        begun = incomplete.upper()
        return [CompletionItem(choice) for choice in self.choices if choice.startswith(begun)]


def full_choice(value: str, choices: tuple[str, ...]) -> str:
    """The known value that is meant: `open` is enough where one of them ends in `_OPEN`.

    Args:
        value: what was given.
        choices: the known values.

    Returns:
        `value` itself if it is one of them, or no end of exactly one.
    """
    if value in choices:
        return value
    given = _upper(value)
    ends = [choice for choice in choices if choice == given or choice.endswith(f"_{given}")]
    return ends[0] if len(ends) == 1 else value


def unknown_choice(label: str, value: str, choices: tuple[str, ...]) -> str | None:
    """What to say of a value that is none of the known ones; None if it is one.

    Args:
        label: the option, such as ``"--status"``.
        value: what was given for it.
        choices: the known values.
    """
    if value in choices:
        return None
    given = _upper(value)
    # A member is often known by its end alone.
    by_end = {choice.rpartition("_")[2]: choice for choice in choices}
    meant = nearest(given, [*choices, *by_end], similarity=_CLOSE)
    question = f"; did you mean {by_end.get(meant[0], meant[0])}?" if meant else ""
    return f"{label} {value} is none of the known values, and is sent as it is{question}"


def _upper(value: str) -> str:
    return value.upper().replace("-", "_")


def read_time(text: str, label: str) -> datetime:
    """A time as it was typed; what has no time zone is UTC.

    Args:
        text: a day, which means its beginning, or a time of RFC 3339; other ways to write a
            whole date are understood where they can mean one thing only.
        label: the option, such as ``"--start-time"``.

    Raises:
        UsageFault: it is no time, or could mean several.
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

    # What the text leaves out would be taken from here: then the two differ.
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
            f"{label} {text!r} is {'no time' if not found else 'not clear as a time'}",
            hint=f"write it as {_TIME_FORMS}; without a time zone it is UTC",
        )
    return found.pop()


def read_money(text: str, currency: str, label: str) -> dict[str, Any]:
    """An amount as the API takes it.

    Args:
        text: a decimal number.
        currency: three letters of ISO 4217.
        label: the option, such as ``"--amount"``.

    Raises:
        UsageFault: it is no amount.
    """
    from tensormesh.types import Money

    try:
        return Money.from_decimal(text, currency).to_dict()
    except ValueError as error:
        reason = str(error).removeprefix("amount ").removeprefix(f"{text!r} ")
        raise UsageFault(
            f"{label} {text!r} {reason.removeprefix(f'{text} ')}", hint="write it as 12.50"
        ) from None


def read_json(text: str, label: str) -> Any:
    """JSON as it was typed, or that of a file if it is `@` and a path.

    Raises:
        UsageFault: it cannot be read, or is no JSON.
    """
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
    """A secret: as it was typed; `-` asks for it, or reads it from a pipe; `@` and a path.

    Raises:
        UsageFault: there is none where it should be.
    """
    if text == "-":
        secret = _ask_secret(label) if terminal.interactive else sys.stdin.readline()
    elif text.startswith("@"):
        secret = read_file(text[1:], f"{label} {text}")
    else:
        return text
    secret = secret.strip()
    if not secret:
        raise UsageFault(f"{label} {text} stands for a secret, and there is none")
    return secret


def _ask_secret(label: str) -> str:
    answer = click.prompt(label.lstrip("-").replace("-", " "), hide_input=True, err=True)
    return str(answer)


def read_file(path: str, source: str) -> str:
    """The text of a file.

    Raises:
        UsageFault: it cannot be read.
    """
    try:
        return Path(path).expanduser().read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageFault(f"{source} is not UTF-8 text") from None
    except (OSError, RuntimeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageFault(f"{source} cannot be read: {reason}") from None
