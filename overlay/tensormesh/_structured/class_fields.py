"""The fields of the kinds of classes that `msgspec` reads, with their type hints resolved."""

from __future__ import annotations

import dataclasses
import typing
from typing import Any, NamedTuple

import attrs
import msgspec

_QUALIFIERS = (typing.Required, typing.NotRequired)


class ClassField(NamedTuple):
    """One field.

    Attributes:
        name: The argument of the constructor.
        key: The key in JSON.
        hint: The type.
        is_required: Whether it has no default.
    """

    name: str
    key: str
    hint: Any
    is_required: bool


def fields_of(hint: Any) -> list[ClassField] | None:
    """Return the fields of a class, or None for a type that has none.

    Raises:
        TypeError: A field has a type that `msgspec` does not support.
        NameError: A type hint cannot be resolved.
    """
    cls = typing.get_origin(hint) or hint
    if not isinstance(cls, type):
        return None
    if issubclass(cls, msgspec.Struct):
        return _struct_fields(hint)
    if typing.is_typeddict(cls):
        return _dict_fields(cls, hint)
    if issubclass(cls, tuple) and hasattr(cls, "_field_defaults"):
        return _tuple_fields(cls, hint)
    if dataclasses.is_dataclass(cls):
        return _dataclass_fields(cls, hint)
    return _attrs_fields(cls, hint) if attrs.has(cls) else None


def _struct_fields(hint: Any) -> list[ClassField]:
    return [
        ClassField(each.name, each.encode_name, each.type, each.required)
        for each in msgspec.structs.fields(hint)
    ]


def _dict_fields(cls: Any, hint: Any) -> list[ClassField]:
    required = cls.__required_keys__
    return [
        ClassField(name, name, each, name in required) for name, each in class_hints(hint).items()
    ]


def _tuple_fields(cls: Any, hint: Any) -> list[ClassField]:
    hints = class_hints(hint)
    return [
        ClassField(name, name, hints.get(name, Any), name not in cls._field_defaults)
        for name in cls._fields
    ]


def _attrs_fields(cls: type, hint: Any) -> list[ClassField]:
    hints = class_hints(hint)
    return [
        ClassField(each.alias, each.name, hints.get(each.name, Any), each.default is attrs.NOTHING)
        for each in attrs.fields(cls)
        if each.init
    ]


def _dataclass_fields(cls: type, hint: Any) -> list[ClassField]:
    hints = class_hints(hint)
    if any(isinstance(each, dataclasses.InitVar) for each in hints.values()):
        raise TypeError(f"{cls.__name__}: InitVar fields are not supported")
    nothing = dataclasses.MISSING
    return [
        ClassField(
            each.name,
            each.name,
            hints[each.name],
            each.default is nothing and each.default_factory is nothing,
        )
        for each in dataclasses.fields(cls)
        if each.init
    ]


def class_hints(hint: Any) -> dict[str, Any]:
    """Return the type hints of a class, with the type variables of generic classes filled in."""
    cls = typing.get_origin(hint) or hint
    known = _type_arguments(hint)
    resolved = {}
    for name, each in typing.get_type_hints(cls, include_extras=True).items():
        while typing.get_origin(each) in _QUALIFIERS:
            (each,) = typing.get_args(each)
        owners = (base for base in cls.__mro__ if name in vars(base).get("__annotations__", ()))
        resolved[name] = _substitute(each, known.get(next(owners, cls), {}))
    return resolved


def _type_arguments(hint: Any) -> dict[type, dict[Any, Any]]:
    """Return, for a generic class and each of its bases, what its type variables stand for."""
    cls = typing.get_origin(hint) or hint
    parameters = getattr(cls, "__parameters__", ())
    own = dict(zip(parameters, typing.get_args(hint), strict=False))
    known = {cls: own}
    for base in vars(cls).get("__orig_bases__", cls.__bases__):
        origin = typing.get_origin(base) or base
        # TypedDict and NamedTuple are functions.
        if isinstance(origin, type) and origin not in (typing.Generic, typing.Protocol):
            known |= _type_arguments(_substitute(base, own))
    return known


def _substitute(hint: Any, known: dict[Any, Any]) -> Any:
    if isinstance(hint, typing.TypeVar):
        return known.get(hint, hint)
    parameters = getattr(hint, "__parameters__", ())
    if not parameters or isinstance(hint, type):
        return hint
    return hint[tuple(known.get(each, each) for each in parameters)]
