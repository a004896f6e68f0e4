"""Options and arguments of a derived command."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

from tensormesh_api._command import CONTRACTS
from tensormesh_cli._click import Argument
from tensormesh_cli._options import all_option, dry_run_option, timeout_option, yes_option
from tensormesh_cli.commands.derived.values import OpenChoice
from tensormesh_cli.output.values import UNSPECIFIED

if TYPE_CHECKING:
    from collections.abc import Callable

    from tensormesh_api._command import Command, Option

    Function = Callable[..., Any]

DEFAULT_CURRENCY = "USD"
_SDK_NAME = re.compile("`([a-z]+(?:_[a-z0-9]+)+)`")
_METAVARS = {"integer": "N", "number": "X", "time": "TIME", "money": "AMOUNT", "json": "JSON|@FILE"}
_EXAMPLES = {
    "integer": "1",
    "number": "0.5",
    "time": "2026-05-01",
    "money": "12.50",
    "json": "'{}'",
}


_CURRENCY = click.option(
    "--currency",
    default=DEFAULT_CURRENCY,
    metavar="CODE",
    help="Currency of the amounts, as an ISO 4217 code.",
)
_BODY = (
    click.option(
        "--json",
        "body_json",
        metavar="JSON|@FILE",
        help="Request body as JSON, or @FILE. Options override it.",
    ),
    click.option(
        "--file",
        "body_file",
        type=click.Path(),
        metavar="PATH",
        help="Read the request body as JSON from a file; - reads standard input. Without other"
        " options it is read from a pipe.",
    ),
)


def variable(option: Option) -> str:
    """Return the name of the parameter that gets the value of an option."""
    return f"given_{option.name.replace('-', '_')}"


def label(option: Option) -> str:
    """Return an option as users write it: `--user-id`, or `USER_ID` for an argument."""
    return _metavar(option) if option.positional else f"--{option.name}"


def in_our_words(text: str, command: Command) -> str:
    """Return a text of the specification with options and wire names instead of SDK names."""
    ours = {_snake(option.target[-1]): label(option) for option in command.options}
    ours |= {_snake(each.next): each.next for each in CONTRACTS.values()}
    return _SDK_NAME.sub(lambda found: f"`{ours.get(found[1], found[1])}`", text)


def _snake(name: str) -> str:
    return re.sub("(?=[A-Z])", "_", name).lower()


def decorate(function: Function, command: Command) -> Function:
    """Give a function the options and arguments of a command, including shared ones."""
    taken = {name for option in command.options for name in (option.name, option.negative)}
    shared: list[Callable[[Function], Function]] = []
    if any(option.kind == "money" for option in command.options):
        shared.append(_CURRENCY)
    if command.body:
        shared += _BODY
    if command.pages and "all" not in taken:
        shared.append(all_option)
    if command.changes:
        shared += [yes_option, dry_run_option]
    shared.append(timeout_option)
    own = [
        _decorator(option._replace(doc=_with_caller(option, command))) for option in command.options
    ]
    for add in reversed([*own, *shared]):
        function = add(function)
    return function


def _decorator(option: Option) -> Callable[[Function], Function]:
    if option.positional:
        return click.argument(
            variable(option),
            cls=Argument,
            metavar=f"[{_metavar(option)}]" if option.caller else _metavar(option),
            required=not option.caller,
            help=option.doc,
        )
    names = f"--{option.name}"
    attributes: dict[str, Any] = {"help": _help(option), "multiple": option.repeated}
    if option.kind == "boolean":
        names += f"/--{option.negative or f'no-{option.name}'}"
        attributes["default"] = None
    else:
        attributes["metavar"] = _metavar(option)
        attributes["type"] = _type(option)
    return click.option(names, variable(option), **attributes)


def _type(option: Option) -> Any:
    if option.choices:
        return OpenChoice(option.choices)
    return {"integer": click.INT, "number": click.FLOAT}.get(option.kind, click.STRING)


def _metavar(option: Option) -> str:
    if option.positional:
        return option.name.replace("-", "_").upper()
    if option.choices:
        return "VALUE"
    return _METAVARS.get(option.kind, "ID" if option.name.endswith("-id") else "TEXT")


def _help(option: Option) -> str:
    text = option.doc
    if option.choices:
        shown = [choice for choice in option.choices if not choice.endswith(UNSPECIFIED)]
        text += f" Known values: {', '.join(shown)}."
    if option.kind == "time":
        text += " YYYY-MM-DD or RFC 3339, UTC."
    if option.secret:
        text += " `-` prompts for it or reads it from a pipe, @FILE from a file."
    if option.repeated:
        text += " Repeatable."
    return f"{text}  [required]" if option.required else text


def _with_caller(option: Option, command: Command) -> str:
    doc = in_our_words(option.doc, command)
    if not option.caller:
        return doc
    others = [label(other) for other in command.options if other.instead]
    unless = f", unless {' or '.join(others)} is given" if others else ""
    return f"{doc} Defaults to you{unless}."


def examples(command: Command) -> str:
    """Return example command lines for the help."""
    line = ["tm", *command.words]
    line += [
        _metavar(option) for option in command.options if option.positional and not option.caller
    ]
    named = [option for option in command.options if not option.positional]
    needed = [option for option in named if option.required]
    if not needed and command.changes:
        # The first options, without the user.
        needed = [option for option in named if not option.whose][:2]
    plain = " ".join([*line, *(_example(option) for option in needed)])
    if command.changes:
        return f"{plain} --dry-run\n{plain} --yes"
    structured = plain.replace("tm ", "tm --output json ", 1)
    if command.pages:
        return f"{plain}\n{structured} --all --query '{command.pages.items}[0]'"
    return f"{plain}\n{structured}"


def _example(option: Option) -> str:
    if option.kind == "boolean":
        return f"--{option.name}"
    value = _EXAMPLES.get(option.kind, option.name.replace("-", "_").upper())
    if option.choices:
        known = [choice for choice in option.choices if not choice.endswith(UNSPECIFIED)]
        value = (known or option.choices)[0]
    return f"--{option.name} {value}"
