"""Turn options into the arguments of a call."""

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

    import tensormesh
    from tensormesh_api._command import Command, Option
    from tensormesh_cli._app import App


class Arguments(NamedTuple):
    """The arguments of a call.

    Attributes:
        keywords: Keyword arguments of the method.
        missing: Required options and arguments that were not given.
    """

    keywords: dict[str, Any]
    missing: tuple[Option, ...]


def arguments(app: App, command: Command, given: Mapping[str, Any]) -> Arguments:
    """Return the arguments of a call, from options and the body.

    Args:
        app: The run.
        command: The command.
        given: Values of its options, as click passes them.

    Raises:
        UsageFault: A value is invalid.
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
    """Return the operation to call. Another one may look users up by something else than an ID."""
    if any(option.caller and option.target[0] not in keywords for option in command.options):
        for option in command.options:
            if option.instead and option.target[0] in keywords:
                from tensormesh_api.control_plane.commands import load

                return load(option.instead)
    return command


def check_complete(missing: tuple[Option, ...]) -> None:
    """Raise `UsageFault` if a required option is missing."""
    for option in missing:
        raise UsageFault(
            f"{label(option)} is required",
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
    # A copy: the object belongs to the body.
    here = keywords[first] = dict(here) if isinstance(here, dict) else {}
    for key in inner[:-1]:
        below = here.get(key)
        here[key] = here = dict(below) if isinstance(below, dict) else {}
    here[inner[-1]] = value


def _spread(command: Command, body: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return keyword arguments for the fields of a body, and fields that are unknown."""
    keywords: dict[str, Any] = {}
    extra: dict[str, Any] = {}
    for key, value in body.items():
        name = command.body.get(key)
        if name is None or value is None:
            # Only there, None is sent as null.
            extra[key] = value
        else:
            keywords[name] = value
    return keywords, extra


def _body(
    command: Command, given: Mapping[str, Any], values: Mapping[Option, Any]
) -> dict[str, Any]:
    inline, file = given.get("body_json"), given.get("body_file")
    if inline is not None and file is not None:
        raise UsageFault("--json and --file cannot be used together", hint="pass only one of them")
    if inline is None and file is None and not _may_be_piped(command, values):
        return {}
    from tensormesh_cli._inputs import Expected, read_payload, request_object

    first = next(iter(command.body))
    expected = Expected(f'{{"{first}": ...}}', takes_text=False)
    payload = read_payload(inline, file, expected)
    return {} if payload is None else request_object(payload, expected)


def _may_be_piped(command: Command, values: Mapping[Option, Any]) -> bool:
    """Return whether a body may come from a pipe: only if nothing else is given.

    Otherwise the command would read the input of a loop around it, or wait forever for a pipe that
    nobody writes to. Commands whose body only names a user do not wait for one.
    """
    whose = {option.target[0] for option in command.options if option.whose}
    return not values and bool(set(command.body.values()) - whose)


def call(client: tensormesh.Tensormesh, command: Command, keywords: Mapping[str, Any]) -> Any:
    """Call the operation of a command. Return the raw response.

    Raises:
        UsageFault: An argument is invalid.
        TensormeshError: The call failed.
    """
    place: Any = client.control_plane
    for name in command.resource:
        place = getattr(place, name)
    method = getattr(place.with_raw_response, command.method)
    try:
        return method(**keywords)
    except (TypeError, ValueError) as error:
        raise UsageFault(_with_option(command, str(error))) from error


def _with_option(command: Command, message: str) -> str:
    """Return an error message with the argument name replaced with the option name."""
    for option in command.options:
        if message.startswith(f"{option.target[0]} "):
            return f"{label(option)} {message[len(option.target[0]) + 1 :]}"
    return message
