"""Reads JSON into any supported type, whichever library validates its parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from .rewrite import Foreign, Rewriter, build, keep

if TYPE_CHECKING:
    from .pydantic_types import PydanticType

_REF = "#/$defs/"


class TypeReader:
    """Reads JSON into one type.

    Args:
        hint: The type.

    Attributes:
        schema: Its JSON Schema.

    Raises:
        TypeError: A part of the type is not supported.
        NameError: A type hint cannot be resolved.
    """

    def __init__(self, hint: Any) -> None:
        self._type = Rewriter().rewrite(hint)
        self._is_rewritten = self._type is not hint
        self._pydantic = _owner_of(self._type)
        self.schema = _schema_of(self._type)
        # Refuses what has a schema and cannot be read, such as a set of dicts.
        self._decoder = msgspec.json.Decoder(self._type, dec_hook=keep)

    def decode(self, text: str) -> Any:
        """Read a JSON text strictly.

        Raises:
            msgspec.DecodeError: It is not JSON, or does not fit.
            FaultError: It does not fit pydantic's types, or cannot be made an object.
        """
        if self._pydantic is not None:
            return self._pydantic.read_text(text)
        value = self._decoder.decode(text)
        return build(value, (), is_lenient=False) if self._is_rewritten else value

    def convert(self, data: Any, *, is_lenient: bool) -> Any:
        """Read decoded JSON.

        Args:
            data: The data.
            is_lenient: Whether to convert texts to numbers and the like.

        Raises:
            msgspec.ValidationError: It does not fit.
            FaultError: It does not fit pydantic's types, or cannot be made an object.
        """
        value = msgspec.convert(
            data, self._type, strict=not is_lenient, str_keys=True, dec_hook=keep
        )
        return build(value, (), is_lenient=is_lenient) if self._is_rewritten else value

    def complaint(self, data: Any) -> str | None:
        """Return what `msgspec` says is wrong with decoded JSON, or None."""
        try:
            self._decoder.decode(msgspec.json.encode(data))
        except msgspec.ValidationError as error:
            return str(error)
        return None


def _owner_of(hint: Any) -> PydanticType | None:
    """Return what validates all of a rewritten type, if it is not `msgspec`."""
    return hint.owner if isinstance(hint, type) and issubclass(hint, Foreign) else None


def _schema_of(hint: Any) -> dict[str, Any]:
    """Return the JSON Schema of a rewritten type; the types that it names are in its `$defs`."""
    owner = _owner_of(hint)
    if owner is not None:
        return owner.json_schema(_REF + "{model}")
    inner: dict[str, Any] = {}
    prefixes: dict[str, type] = {}

    def describe(custom: Any) -> dict[str, Any]:
        part = _owner_of(custom)
        if part is None:
            raise TypeError(f"JSON cannot be read into {custom!r}")
        # What pydantic names would clash with the names of others, without a prefix.
        prefix = f"{part.name}."
        while prefixes.setdefault(prefix, custom) is not custom:
            prefix += "."
        schema = part.json_schema(_REF + prefix + "{model}")
        inner.update({prefix + key: value for key, value in schema.pop("$defs", {}).items()})
        return schema

    (schema,), named = msgspec.json.schema_components(
        [hint], schema_hook=describe, ref_template=_REF + "{name}"
    )
    if named or inner:
        schema["$defs"] = {**named, **inner}
    return schema
