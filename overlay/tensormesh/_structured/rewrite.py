"""Which library validates which part of a type.

`msgspec` validates everything but the types of pydantic, which it either does not know or, as
dataclasses, reads without their validators. Before `msgspec` sees a type, each part that belongs to
pydantic is replaced by a `Foreign` class that keeps the value as it came, and each class that has
such a part in its fields by a `Twin` with the same keys. `build` then makes the real objects.
"""

from __future__ import annotations

import functools
import operator
import types
import typing
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from .class_fields import ClassField, fields_of
from .faults import misfit
from .pydantic_types import PydanticType, is_pydantic

if TYPE_CHECKING:
    from .faults import Path

_UNIONS = (typing.Union, types.UnionType)
_LISTS = (list, tuple, set, frozenset)
_BOUNDS = {
    "Ge": "ge",
    "Gt": "gt",
    "Le": "le",
    "Lt": "lt",
    "MaxLen": "max_length",
    "MinLen": "min_length",
    "MultipleOf": "multiple_of",
}
_LEFT_OUT: Any = object()
_OPTIONAL: Any = msgspec.field(default_factory=lambda: _LEFT_OUT)


class Foreign:
    """A value that is not validated yet. Subclasses are made for one type each."""

    __slots__ = ("value",)
    owner: ClassVar[PydanticType]

    def __init__(self, value: Any) -> None:
        self.value = value


class Twin(msgspec.Struct):
    """Field values of an object that is not made yet. Subclasses are made for one class each."""

    twin_class: ClassVar[Any]
    twin_fields: ClassVar[dict[str, ClassField]]


def keep(kind: Any, value: Any) -> Any:
    """Keep a value that `msgspec` does not validate: its `dec_hook`."""
    if not issubclass(kind, Foreign):
        raise TypeError(f"JSON cannot be read into {kind!r}")
    return kind(value)


class Rewriter:
    """Rewrites types. One rewriter makes the same class of the same type."""

    def __init__(self) -> None:
        self._made: dict[Any, Any] = {}

    def rewrite(self, hint: Any) -> Any:
        """Return the type that `msgspec` reads in place of another.

        Raises:
            TypeError: A part of the type is not supported.
            NameError: A type hint cannot be resolved.
        """
        if not _needs_rewriting(hint, set()):
            return hint
        if _key(hint) in self._made:
            return self._made[_key(hint)]
        origin = typing.get_origin(hint)
        if _belongs_to_pydantic(hint):
            if _has_meta(hint, set()):
                raise TypeError(
                    f"pydantic validates {hint} and does not read msgspec.Meta: use pydantic.Field"
                )
            kind = type("Foreign", (Foreign,), {"__slots__": (), "owner": PydanticType(hint)})
            self._made[_key(hint)] = kind
            return kind
        if origin is typing.Annotated:
            metadata = [bound for each in hint.__metadata__ for bound in _as_meta(each)]
            return typing.Annotated[(self.rewrite(hint.__origin__), *metadata)]
        if origin in _UNIONS:
            return functools.reduce(operator.or_, map(self.rewrite, typing.get_args(hint)))
        fields = fields_of(hint)
        if fields is not None:
            return self._twin(hint, fields)
        if origin is not None:
            return origin[tuple(map(self.rewrite, typing.get_args(hint)))]
        return self.rewrite(next(_parts(hint)))

    def _twin(self, hint: Any, fields: list[ClassField]) -> type[Twin]:
        cls: Any = typing.get_origin(hint) or hint
        # By neutral names: a key may be anything, a field of a struct not.
        slots = {f"p{number}": each for number, each in enumerate(fields)}
        config = getattr(cls, "__struct_config__", None)
        twin: Any = msgspec.defstruct(
            cls.__name__,
            [
                (slot, Any) if each.is_required else (slot, Any, _OPTIONAL)
                for slot, each in slots.items()
            ],
            bases=(Twin,),
            namespace={"__doc__": cls.__doc__, "twin_class": cls, "twin_fields": slots},
            rename={slot: each.key for slot, each in slots.items()},
            kw_only=True,
            array_like=issubclass(cls, tuple) or (config is not None and config.array_like),
            forbid_unknown_fields=config is not None and config.forbid_unknown_fields,
            tag_field=config.tag_field if config else None,
            tag=config.tag if config else None,
        )
        # The class may have itself in its fields.
        self._made[_key(hint)] = twin
        for slot, each in slots.items():
            twin.__annotations__[slot] = self.rewrite(each.hint)
        return twin  # type: ignore[no-any-return] # a subclass of Twin


def build(value: Any, path: Path, *, is_lenient: bool) -> Any:
    """Make the real objects of what `msgspec` read into rewritten types.

    Args:
        value: What it read.
        path: Where the value is in the whole.
        is_lenient: Whether pydantic may convert texts to numbers and the like.

    Raises:
        FaultError: A value is not valid.
    """
    if isinstance(value, Foreign):
        return value.owner.read(value.value, path, is_lenient=is_lenient)
    if isinstance(value, Twin):
        return _build_object(value, path, is_lenient=is_lenient)
    if type(value) in _LISTS:
        inner = (
            build(each, (*path, index), is_lenient=is_lenient) for index, each in enumerate(value)
        )
        try:
            return type(value)(inner)
        except TypeError as error:
            # Items of a set that are not hashable.
            items = [each.value if isinstance(each, Foreign) else each for each in value]
            raise misfit(path, f"a valid value ({error})", items) from error
    if type(value) is dict:
        return {
            key: build(each, (*path, str(key)), is_lenient=is_lenient)
            for key, each in value.items()
        }
    return value


def _build_object(twin: Twin, path: Path, *, is_lenient: bool) -> Any:
    is_array = type(twin).__struct_config__.array_like
    given = {}
    for number, (slot, each) in enumerate(twin.twin_fields.items()):
        inner = getattr(twin, slot)
        if inner is not _LEFT_OUT:
            place = (*path, number if is_array else each.key)
            given[each.name] = build(inner, place, is_lenient=is_lenient)
    try:
        return twin.twin_class(**given)
    except (ValueError, TypeError) as error:
        raise misfit(path, f"a valid value ({error})", given) from error


def _belongs_to_pydantic(hint: Any) -> bool:
    """Whether pydantic validates all of a type: its own types, and unions that have one."""
    if typing.get_origin(hint) in _UNIONS:
        return any(map(_belongs_to_pydantic, typing.get_args(hint)))
    return is_pydantic(hint)


def _needs_rewriting(hint: Any, seen: set[Any]) -> bool:
    """Whether `msgspec` does not validate all of a type as it is."""
    if is_pydantic(hint) or any(map(_is_bound, getattr(hint, "__metadata__", ()))):
        return True
    # A class may have itself in its fields.
    key = _key(hint)
    if key in seen:
        return False
    seen.add(key)
    return any(_needs_rewriting(each, seen) for each in _parts(hint))


def _is_bound(item: Any) -> bool:
    return type(item).__module__ == "annotated_types"


def _as_meta(item: Any) -> Iterator[Any]:
    """Yield a bound of `annotated_types` as `msgspec` reads it, and anything else as it is."""
    name = _BOUNDS.get(type(item).__name__)
    if not _is_bound(item):
        yield item
    elif name is not None:
        yield msgspec.Meta(**{name: getattr(item, name)})
    elif isinstance(item, Iterable):
        for each in item:
            yield from _as_meta(each)
    else:
        raise TypeError(f"{item!r} is not supported: use msgspec.Meta")


def _has_meta(hint: Any, seen: set[Any]) -> bool:
    """Whether a part of a type that is not pydantic's own has bounds that only `msgspec` reads."""
    key = _key(hint)
    if key in seen or (is_pydantic(hint) and typing.get_origin(hint) is not typing.Annotated):
        return False
    seen.add(key)
    metadata = getattr(hint, "__metadata__", ())
    return any(isinstance(each, msgspec.Meta) for each in metadata) or any(
        _has_meta(each, seen) for each in _parts(hint)
    )


def _parts(hint: Any) -> Iterator[Any]:
    """Yield the types that a type is made of."""
    origin = typing.get_origin(hint)
    if origin is typing.Annotated:
        yield hint.__origin__
    elif origin is not typing.Literal:
        fields = fields_of(hint)
        if fields is not None:
            yield from (each.hint for each in fields)
        elif origin is not None:
            yield from typing.get_args(hint)
        else:
            # NewType and, from CPython 3.12 on, aliases made by the `type` statement.
            inner = getattr(hint, "__supertype__", None) or getattr(hint, "__value__", None)
            if inner is not None:
                yield inner


def _key(hint: Any) -> Any:
    try:
        hash(hint)
    except TypeError:
        # An annotation that is not hashable.
        return repr(hint)
    return hint
