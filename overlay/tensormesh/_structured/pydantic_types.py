"""Types that pydantic validates: their JSON Schemas, values and errors."""

from __future__ import annotations

import json
import typing
from typing import TYPE_CHECKING, Any

from .faults import MISSING, FaultError, misfit
from .paths import value_at
from .schema import expectation

if TYPE_CHECKING:
    from .faults import Path

_NOT_JSON = ("json_invalid", "string_unicode")
_OWN_WORDS = ("value_error", "assertion_error")


class PydanticType:
    """A type that pydantic validates.

    Attributes:
        schema: The JSON Schema.

    Raises:
        TypeError: pydantic cannot validate it, or is not installed.
    """

    def __init__(self, hint: Any) -> None:
        try:
            from pydantic import ConfigDict, TypeAdapter, ValidationError
            from pydantic.errors import PydanticUserError
        except ImportError:
            raise TypeError(
                f"{hint} needs pydantic, which is not installed: install it, or use msgspec.Meta"
            ) from None
        self._error: type[Exception] = ValidationError
        # TypeAdapter refuses a configuration for dataclasses, unless they have another name.
        renamed = typing.NewType("renamed", hint)  # type: ignore[valid-newtype] # not for checkers
        try:
            self._lenient = TypeAdapter(hint)
            self._strict = TypeAdapter(renamed, config=ConfigDict(strict=True))
            self.schema = self.json_schema("#/$defs/")
        except PydanticUserError as error:
            raise TypeError(str(error).partition("\n")[0]) from None

    def json_schema(self, place: str) -> dict[str, Any]:
        """Return the JSON Schema with references to `place` for the types in its `$defs`."""
        return self._strict.json_schema(ref_template=place + "{model}")

    def read_text(self, text: str) -> Any:
        """Validate a JSON text.

        Raises:
            FaultError: It is not JSON, or not valid.
        """
        return self._read(self._strict, text, ())

    def read(self, data: Any, path: Path, *, is_lenient: bool) -> Any:
        """Validate decoded JSON.

        Args:
            data: The data.
            path: Where it is in the whole, for the error.
            is_lenient: Whether to convert texts to numbers and the like. Models and dataclasses
                of pydantic decide that by their own configuration.

        Raises:
            FaultError: It is not valid.
        """
        adapter = self._lenient if is_lenient else self._strict
        # As text, because some types accept from JSON what they refuse from Python objects.
        return self._read(adapter, json.dumps(data), path)

    def _read(self, adapter: Any, text: str, path: Path) -> Any:
        try:
            return adapter.validate_json(text)
        except TypeError as error:
            # Raised by a validator, or by older versions for items that cannot be hashed.
            raise misfit(path, f"a valid value ({error})", json.loads(text)) from error
        except self._error as error:
            first = error.errors(include_url=False)[0]  # type: ignore[attr-defined] # pydantic's
            if first["type"] in _NOT_JSON and not first["loc"]:
                raise FaultError("not_json", first["msg"]) from error
            raise self._faults(error, json.loads(text), path) from error

    def _faults(self, error: Any, data: Any, path: Path) -> FaultError:
        """Return all that pydantic says of data as one fault: that of the first place."""
        faults = [self._fault(each, data, path) for each in error.errors(include_url=False)]
        first = faults[0]
        problem = "; ".join(dict.fromkeys(each.problem for each in faults))
        return FaultError(
            "schema", problem, path=first.path, expected=first.expected, got=first.got
        )

    def _fault(self, said: dict[str, Any], data: Any, path: Path) -> FaultError:
        is_missing = said["type"] == "missing"
        place = _places_in(data, said["loc"], is_missing=is_missing)
        if is_missing:
            return misfit((*path, *place), expectation(self.schema, place) or "a value", MISSING)
        message = said["msg"].removeprefix("Input should be ")
        if said["type"] in _OWN_WORDS:
            message = f"a valid value ({message.partition(', ')[2]})"
        return misfit((*path, *place), message[:1].lower() + message[1:], value_at(data, place))


def _places_in(data: Any, place: tuple[Any, ...], *, is_missing: bool) -> Path:
    """Return the parts of a place that are in the data: names of branches of a union are not."""
    path: list[str | int] = []
    for number, part in enumerate(place):
        inner = value_at(data, (part,))
        if inner is not MISSING:
            path.append(part)
            data = inner
        elif is_missing and number == len(place) - 1:
            path.append(part)
    return tuple(path)
