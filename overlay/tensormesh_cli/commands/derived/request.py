"""What was typed, made into the arguments of a call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tensormesh_cli._errors import UsageFault
from tensormesh_cli.commands.derived.params import DEFAULT_CURRENCY, label, variable
from tensormesh_cli.commands.derived.values import (
    full_choice,
    read_json,
    read_money,
    read_secret,
    read_time,
    unknown_choice,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tensormesh_api._command import Command, Option
    from tensormesh_cli._app import App


class Arguments(NamedTuple):
    """The arguments of a call.

    Attributes:
        keywords: keyword arguments of the method.
        missing: arguments and options that are needed, and were not given in any way.
    """

    keywords: dict[str, Any]
    missing: tuple[Option, ...]


def arguments(app: App, command: Command, given: Mapping[str, Any]) -> Arguments:
    """The arguments of a call, from the options and the body that were given.

    Args:
        app: the run.
        command: the command.
        given: its values, as click passes them.

    Raises:
        UsageFault: one of them cannot be used.
    """
    values = {
        option: value
        for option in command.options
        if (value := given.get(variable(option))) is not None and value != ()
    }
    keywords, extra = _spread(command, _body(command, given, values))
    currency = given.get("currency") or DEFAULT_CURRENCY
    for option, value in values.items():
        _put(keywords, option, _value(app, option, value, currency))
    if extra:
        keywords["extra_body"] = extra
    missing = tuple(
        option
        for option in command.options
        if option.required and not option.caller and option.target[0] not in keywords
    )
    return Arguments(keywords, missing)


def meant(command: Command, keywords: Mapping[str, Any]) -> Command:
    """The operation that is meant: another one where something else than an id says who is.

    Args:
        command: the operation of the command.
        keywords: what was given.
    """
    if any(option.caller and option.target[0] not in keywords for option in command.options):
        for option in command.options:
            if option.instead and option.target[0] in keywords:
                from tensormesh_api.control_plane.commands import load

                return load(option.instead)
    return command


def check_complete(missing: tuple[Option, ...]) -> None:
    """Refuse to go on without what is needed.

    Raises:
        UsageFault: something is missing; the first of it is named.
    """
    for option in missing:
        raise UsageFault(
            f"{label(option)} is needed",
            hint=f"{label(option)}: {option.doc[:1].lower()}{option.doc[1:].rstrip('.')}",
        )


def _value(app: App, option: Option, value: Any, currency: str) -> Any:
    if option.repeated:
        return [_one(app, option, item, currency) for item in value]
    return _one(app, option, value, currency)


def _one(app: App, option: Option, value: Any, currency: str) -> Any:
    name = label(option)
    if option.secret:
        secret = read_secret(value, name, app.terminal)
        app.redactor.add(secret)
        return secret
    if option.kind == "time":
        return read_time(value, name)
    if option.kind == "money":
        return read_money(value, currency, name)
    if option.kind == "json":
        return read_json(value, name)
    if option.choices:
        value = full_choice(value, option.choices)
        warning = unknown_choice(name, value, option.choices)
        if warning:
            app.terminal.warn(warning)
    return value


def _put(keywords: dict[str, Any], option: Option, value: Any) -> None:
    first, *inner = option.target
    if not inner:
        keywords[first] = value
        return
    here = keywords.get(first)
    # Not the object itself: it is that of the body.
    here = keywords[first] = dict(here) if isinstance(here, dict) else {}
    for key in inner[:-1]:
        below = here.get(key)
        here[key] = here = dict(below) if isinstance(below, dict) else {}
    here[inner[-1]] = value


def _spread(command: Command, body: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Keyword arguments for what a body says, and the fields that the command does not know."""
    keywords: dict[str, Any] = {}
    extra: dict[str, Any] = {}
    for key, value in body.items():
        name = command.body.get(key)
        if name is None or value is None:
            # None is sent as null only there.
            extra[key] = value
        else:
            keywords[name] = value
    return keywords, extra


def _body(
    command: Command, given: Mapping[str, Any], values: Mapping[Option, Any]
) -> dict[str, Any]:
    inline, file = given.get("body_json"), given.get("body_file")
    if inline is not None and file is not None:
        raise UsageFault("--json and --file both give the body", hint="pass one of them")
    if inline is None and file is None and not _may_be_piped(command, values):
        return {}
    from tensormesh_cli.commands.infer.payload import Expected, read_payload, request_object

    first = next(iter(command.body))
    expected = Expected(f'{{"{first}": ...}}', takes_text=False)
    payload = read_payload(inline, file, expected)
    return {} if payload is None else request_object(payload, expected)


def _may_be_piped(command: Command, values: Mapping[Option, Any]) -> bool:
    """Whether a body may come from a pipe: only where nothing at all is given in another way.

    Else the command would take the lines of a loop that it stands in, or wait for ever for a pipe
    that nobody writes to. A body that says no more than whose it is is not worth waiting for.
    """
    whose = {option.target[0] for option in command.options if option.whose}
    return not values and bool(set(command.body.values()) - whose)
