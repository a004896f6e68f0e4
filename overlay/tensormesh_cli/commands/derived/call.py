"""Call the operation of a command through the SDK."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tensormesh_cli._errors import UsageFault
from tensormesh_cli.commands.derived.params import label

if TYPE_CHECKING:
    from collections.abc import Mapping

    import tensormesh
    from tensormesh_api._command import Command


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
    """Return an error message with its argument replaced by the name of the option."""
    for option in command.options:
        if message.startswith(f"{option.target[0]} "):
            return f"{label(option)} {message[len(option.target[0]) + 1 :]}"
    return message
