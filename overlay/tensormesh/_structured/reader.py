"""Read JSON into any supported type."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from .faults import MISSING, FaultError, misfit
from .owner import is_for_pydantic
from .paths import locate, value_at
from .pydantic_types import PydanticType
from .schema import expectation

if TYPE_CHECKING:
    from .faults import Path

_DEFS = "#/$defs/"
_OPTIONAL: Any = msgspec.field(default_factory=lambda: msgspec.UNSET)


def reader_of(hint: Any) -> MsgspecType | PydanticType:
    """Return what reads JSON into a type.

    Raises:
        TypeError: A part of the type is not supported.
        NameError: A type hint cannot be resolved.
    """
    return PydanticType(hint) if is_for_pydantic(hint) else MsgspecType(hint)


class MsgspecType:
    """A type that `msgspec` validates.

    Attributes:
        schema: The JSON Schema.

    Raises:
        TypeError: A part of the type is not supported.
        NameError: A type hint cannot be resolved.
    """

    def __init__(self, hint: Any) -> None:
        self._type = hint
        (self.schema,), named = msgspec.json.schema_components(
            [hint], schema_hook=_refuse, ref_template=_DEFS + "{name}"
        )
        if named:
            self.schema["$defs"] = named
        # Refuses what has a schema and cannot be read, such as a set of dicts.
        self._decoder = msgspec.json.Decoder(hint)

    def read_text(self, text: str) -> Any:
        """Validate a JSON text.

        Raises:
            FaultError: It is not JSON, or not valid.
        """
        try:
            return self._decoder.decode(text)
        except msgspec.ValidationError as error:
            raise self._fault(str(error), text) from error
        except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
            raise _not_json(error) from error

    def _fault(self, message: str, text: str) -> FaultError:
        """Return the fault that a message of `msgspec` is about."""
        try:
            data = json.loads(text)
        except (ValueError, RecursionError) as error:
            # Broken after the place that `msgspec` complains about.
            return _not_json(error)
        path, said, is_key = locate(message, data, self._complaint)
        if is_key:
            return misfit(path, f"a key that is a valid {_without_got(said)}", path[-1])
        return misfit(path, *_in_words(said, self.schema, path, value_at(data, path)))

    def _complaint(self, data: Any) -> str | None:
        """Return what `msgspec` says is wrong with decoded JSON, or None."""
        try:
            self._decoder.decode(msgspec.json.encode(data))
        except msgspec.ValidationError as error:
            return str(error)
        return None


class MembersType(MsgspecType):
    """A JSON object whose members are validated one by one, each by the library of its type.

    Args:
        members: The types by key.
        optional: Keys that may be left out.
        forbid_unknown: Whether to refuse other keys.
    """

    def __init__(
        self,
        members: Mapping[str, Any],
        optional: Collection[str] = (),
        *,
        forbid_unknown: bool = False,
    ) -> None:
        self._pydantic = {
            key: PydanticType(hint) for key, hint in members.items() if is_for_pydantic(hint)
        }
        # Generated names, because not every key can be the name of a field.
        self._keys = {f"p{number}": key for number, key in enumerate(members)}
        fields = [
            (
                name,
                Any if key in self._pydantic else members[key],
                *((_OPTIONAL,) if key in optional else ()),
            )
            for name, key in self._keys.items()
        ]
        super().__init__(
            msgspec.defstruct(
                "_Members",
                fields,
                kw_only=True,
                rename=self._keys,
                forbid_unknown_fields=forbid_unknown,
            )
        )
        self.schema = self._whole_schema(self.schema["$defs"])

    def _whole_schema(self, named: dict[str, Any]) -> dict[str, Any]:
        """Return the schema without what says little, because models follow short ones better."""
        inner = named.pop("_Members")
        properties: dict[str, Any] = inner.get("properties", {})
        for key, part in self._pydantic.items():
            # Its names would clash with those of other members without a prefix.
            schema = part.json_schema(f"{_DEFS}{key}.")
            named |= {f"{key}.{name}": each for name, each in schema.pop("$defs", {}).items()}
            properties[key] = schema
        whole = {"type": "object", "properties": properties, "required": inner.get("required", [])}
        return {**whole, "$defs": named} if named else whole

    def read_text(self, text: str) -> dict[str, Any]:
        """Validate a JSON text. Return the members that are there."""
        return self._members(super().read_text(text), is_lenient=False)

    def read(self, data: Mapping[str, Any], *, is_lenient: bool) -> dict[str, Any]:
        """Validate decoded JSON. Return the members that are there.

        Args:
            data: The data.
            is_lenient: Whether to convert texts to numbers and the like.

        Raises:
            msgspec.ValidationError, FaultError: It is not valid.
        """
        read = msgspec.convert(data, self._type, strict=not is_lenient, str_keys=True)
        return self._members(read, is_lenient=is_lenient)

    def _members(self, read: Any, *, is_lenient: bool) -> dict[str, Any]:
        members = {key: getattr(read, name) for name, key in self._keys.items()}
        members = {key: each for key, each in members.items() if each is not msgspec.UNSET}
        for key, part in self._pydantic.items():
            if key in members:
                members[key] = part.read(members[key], (key,), is_lenient=is_lenient)
        return members


def _refuse(custom: Any) -> dict[str, Any]:
    raise TypeError(f"JSON cannot be converted to {custom!r}")


def _not_json(error: Exception) -> FaultError:
    return FaultError("not_json", f"invalid JSON: {error}")


def _in_words(said: str, schema: dict[str, Any], path: Path, value: Any) -> tuple[str, Any]:
    """Return what was expected and what was there, from a message of `msgspec`."""
    if value is MISSING:
        return expectation(schema, path) or "a value", MISSING
    if said.startswith("Object contains unknown field"):
        return "no such field", value
    if said.startswith("Expected "):
        # Type names of msgspec, such as `date`, say more than the schema.
        return _without_got(said), value
    known = expectation(schema, path) if said.startswith("Invalid ") else None
    return known or f"a valid value ({said})", value


def _without_got(said: str) -> str:
    return said.removeprefix("Expected ").partition(", got ")[0].replace("`", "")
