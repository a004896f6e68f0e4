"""Which library validates a type: pydantic if it owns any part of the type, else `msgspec`."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Iterable
from typing import Any

import attrs
import msgspec

# Attributes of pydantic's models, dataclasses and other types, and of types made for it.
_MARKS = ("__pydantic_validator__", "__pydantic_config__", "__get_pydantic_core_schema__")
_GENERIC = (None, typing.Generic, typing.Protocol)
_MODULES = ("pydantic", "annotated_types")


def is_for_pydantic(hint: Any) -> bool:
    """Return whether pydantic validates a type.

    Raises:
        TypeError: A part of the type is not supported.
        NameError: A type hint cannot be resolved.
    """
    found: dict[int, Any] = {}
    _collect(hint, found)
    if not any(map(_is_pydantic, found.values())):
        return False
    for part in found.values():
        problem = _problem(part)
        if problem is not None:
            raise TypeError(f"pydantic validates {hint}, but {problem}")
    return True


def _problem(part: Any) -> str | None:
    """Return why pydantic cannot validate a type with this part, or would leave out checks."""
    if isinstance(part, msgspec.Meta):
        return "ignores msgspec.Meta: use pydantic.Field"
    if not isinstance(part, type) or _is_pydantic(part):
        return None
    if _is_class_of_others(part):
        return (
            f"cannot validate {part.__name__}, an attrs class or msgspec.Struct: use a dataclass, "
            "or remove the types of pydantic and annotated_types from it"
        )
    if any(typing.get_origin(base) not in _GENERIC for base in _own_bases(part)):
        return (
            f"does not resolve type variables in the base classes of {part.__name__}: declare its "
            "fields in the class itself, or make it a pydantic model"
        )
    return None


def _collect(part: Any, found: dict[int, Any]) -> None:
    """Add a type, and everything that it is made of, by identity: not all parts are hashable."""
    if id(part) not in found:
        found[id(part)] = part
        for each in _parts(part):
            _collect(each, found)


def _parts(hint: Any) -> Iterable[Any]:
    origin = typing.get_origin(hint)
    if origin is typing.Literal or _is_pydantic(hint):
        return ()
    if origin is not None:
        return (origin, *typing.get_args(hint))
    if not isinstance(hint, type):
        # NewType and, from CPython 3.12 on, aliases made by the `type` statement.
        return (getattr(hint, "__supertype__", None) or getattr(hint, "__value__", None),)
    # Of tuples and dicts, NamedTuple and TypedDict have type hints.
    if (
        _is_class_of_others(hint)
        or dataclasses.is_dataclass(hint)
        or issubclass(hint, tuple | dict)
    ):
        hints = typing.get_type_hints(hint, include_extras=True)
        return (*hints.values(), *hint.__bases__, *_own_bases(hint))
    return ()


def _own_bases(cls: type) -> Iterable[Any]:
    """Return the bases of a class with their type arguments, if any of them has some."""
    return vars(cls).get("__orig_bases__", ())  # type: ignore[no-any-return] # a tuple


def _is_class_of_others(part: Any) -> bool:
    return isinstance(part, type) and (issubclass(part, msgspec.Struct) or attrs.has(part))


def _is_pydantic(part: Any) -> bool:
    """Whether a type, or an item of its metadata, is pydantic's or made for it."""
    module = (part if isinstance(part, type) else type(part)).__module__
    return module.partition(".")[0] in _MODULES or any(hasattr(part, mark) for mark in _MARKS)
