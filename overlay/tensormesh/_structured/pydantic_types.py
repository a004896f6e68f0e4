"""Types that pydantic validates: their JSON Schemas, values and errors."""

from __future__ import annotations

import dataclasses
import json
import typing
from typing import TYPE_CHECKING, Any

from .faults import MISSING, FaultError, misfit
from .paths import value_at
from .schema import expectation

if TYPE_CHECKING:
    from .faults import Path

# Attributes of pydantic's models, dataclasses and other types, and of types made for it.
_MARKS = ("__pydantic_validator__", "__pydantic_config__", "__get_pydantic_core_schema__")
_NOT_JSON = ("json_invalid", "string_unicode")
_OWN_WORDS = ("value_error", "assertion_error")


def is_pydantic(hint: Any) -> bool:
    """Whether a type is a model, dataclass or other type of pydantic, or is annotated for it."""
    if typing.get_origin(hint) is typing.Annotated:
        return any(map(_is_metadata, hint.__metadata__))
    cls = typing.get_origin(hint) or hint
    return isinstance(cls, type) and any(hasattr(cls, mark) for mark in _MARKS)


def _is_metadata(item: Any) -> bool:
    module = (item if isinstance(item, type) else type(item)).__module__
    return module.partition(".")[0] == "pydantic" or hasattr(item, _MARKS[-1])


class PydanticType:
    """A type that pydantic validates.

    Attributes:
        name: A name for its part of a JSON Schema; not unique.

    Raises:
        TypeError: pydantic cannot validate it.
    """

    def __init__(self, hint: Any) -> None:
        from pydantic import ConfigDict, TypeAdapter, ValidationError
        from pydantic.errors import PydanticUserError

        self.name = hint.__name__ if isinstance(hint, type) else "Part"
        self._errors: tuple[type[Exception], ...] = (ValidationError,)
        try:
            self._lenient = self._strict = TypeAdapter(hint)
            if not _has_own_config(hint):
                self._strict = TypeAdapter(hint, config=ConfigDict(strict=True))
            self._schema = self._strict.json_schema()
        except PydanticUserError as error:
            raise TypeError(str(error).partition("\n")[0]) from None

    def json_schema(self, ref_template: str) -> dict[str, Any]:
        """Return the JSON Schema; the types that it names are in its `$defs`."""
        return self._strict.json_schema(ref_template=ref_template)

    def read_text(self, text: str) -> Any:
        """Validate a JSON text.

        Raises:
            FaultError: It is not JSON, or not valid.
        """
        try:
            return self._strict.validate_json(text)
        except self._errors as error:
            first = error.errors(include_url=False)[0]  # type: ignore[attr-defined] # pydantic's
            if first["type"] in _NOT_JSON and not first["loc"]:
                raise FaultError("not_json", first["msg"]) from error
            raise self._faults(error, json.loads(text)) from error

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
        try:
            # As text, because some types accept from JSON what they refuse from Python objects.
            return adapter.validate_json(json.dumps(data))
        except self._errors as error:
            raise self._faults(error, data, path) from error

    def _faults(self, error: Any, data: Any, path: Path = ()) -> FaultError:
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
            return misfit((*path, *place), expectation(self._schema, place) or "a value", MISSING)
        message = said["msg"].removeprefix("Input should be ")
        if said["type"] in _OWN_WORDS:
            message = f"a valid value ({message.partition(', ')[2]})"
        return misfit((*path, *place), message[:1].lower() + message[1:], value_at(data, place))


def _has_own_config(hint: Any) -> bool:
    """Whether pydantic takes the configuration of a type from the type itself."""
    if typing.get_origin(hint) is typing.Annotated:
        return _has_own_config(hint.__origin__)
    cls = typing.get_origin(hint) or hint
    return hasattr(cls, "model_config") or dataclasses.is_dataclass(cls) or typing.is_typeddict(cls)


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
