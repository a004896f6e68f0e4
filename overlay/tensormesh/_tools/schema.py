"""The parameters of a function: their JSON Schema, and arguments parsed from JSON."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from .._structured.faults import FaultError
from .._structured.reader import MembersType


class Parameters:
    """The parameters of a function.

    Args:
        signature: The signature, without bound arguments.
        hints: The evaluated annotations.
        descriptions: Descriptions by parameter.
        name: The name of the function, for errors.

    Attributes:
        schema: JSON Schema of an object with the arguments.

    Raises:
        TypeError: A parameter has no annotation, or its type is not supported.
    """

    def __init__(
        self,
        signature: inspect.Signature,
        hints: Mapping[str, Any],
        descriptions: Mapping[str, str],
        name: str,
    ) -> None:
        self._signature = signature
        for parameter in signature.parameters.values():
            _check(parameter, hints, name)
        members = {key: hints[key] for key in signature.parameters}
        optional = [
            key
            for key, parameter in signature.parameters.items()
            if parameter.default is not inspect.Parameter.empty
        ]
        try:
            self._members = MembersType(members, optional, forbid_unknown=True)
        except (TypeError, NameError) as error:
            raise TypeError(f"the parameters of {name!r} cannot be described: {error}") from error
        self.schema = self._members.schema
        self._describe(hints, descriptions)

    def _describe(self, hints: Mapping[str, Any], descriptions: Mapping[str, str]) -> None:
        properties: dict[str, dict[str, Any]] = self.schema["properties"]
        for key, parameter in self._signature.parameters.items():
            text = _annotated_text(hints[key]) or descriptions.get(key)
            if text:
                properties[key].setdefault("description", text)
            if parameter.default is not inspect.Parameter.empty and parameter.default is not None:
                try:
                    default = msgspec.to_builtins(parameter.default, str_keys=True)
                except (TypeError, ValueError):
                    continue  # JSON cannot express it
                properties[key].setdefault("default", default)

    def read(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Convert arguments to the annotated types. Omitted arguments stay omitted.

        If strict validation fails, strings are converted to numbers and the like, because models
        write `"3"` for `3`.

        Raises:
            ValueError: An argument is not valid. The message says where.
        """
        try:
            return self._members.read(arguments, is_lenient=False)
        except (msgspec.ValidationError, FaultError) as error:
            try:
                return self._members.read(arguments, is_lenient=True)
            except (msgspec.ValidationError, FaultError):
                raise ValueError(str(error)) from error

    def call(self, function: Callable[..., Any], values: Mapping[str, Any]) -> Any:
        """Call a function with converted arguments."""
        named = dict(values)
        positional = [
            named.pop(key, parameter.default)
            for key, parameter in self._signature.parameters.items()
            if parameter.kind is parameter.POSITIONAL_ONLY
        ]
        return function(*positional, **named)


def _check(parameter: inspect.Parameter, hints: Mapping[str, Any], name: str) -> None:
    if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
        raise TypeError(f"{name!r} has the parameter {parameter}: a tool needs named parameters")
    if parameter.name not in hints:
        raise TypeError(f"parameter {parameter.name!r} of {name!r} has no annotation")


def _annotated_text(hint: Any) -> str | None:
    """Return the text of `Annotated[..., "text"]`."""
    if typing.get_origin(hint) is typing.Annotated:
        return next((item for item in hint.__metadata__ if isinstance(item, str)), None)
    return None
