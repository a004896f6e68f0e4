"""What every model has: unknown fields kept, nulls remembered, equality, a readable repr."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, NoReturn, Self

from attrs import define, field


class InvalidDataError(ValueError):
    """Data that does not fit a model.

    Attributes:
        where: The field, such as `ChatCompletion.choices`.
        expected: What the field holds by the specification.
        value: What was found.
    """

    def __init__(self, where: str, expected: str, value: object) -> None:
        super().__init__(where, expected, value)
        self.where = where
        self.expected = expected
        self.value = value

    def __str__(self) -> str:
        if self.value is None:
            return f"{self.where}: expected {self.expected}, but it is missing or null"
        shown = repr(self.value)
        shown = shown if len(shown) <= 80 else f"{shown[:77]}..."
        return f"{self.where}: expected {self.expected}, got {shown}"


class Shape:
    """The keys that an object had on the wire.

    Attributes:
        known: Those that are fields of the model, in the order in which they came.
        unknown: The others.
    """

    __slots__ = ("known", "unknown")

    def __init__(self, known: tuple[str, ...], unknown: tuple[str, ...]) -> None:
        self.known = known
        self.unknown = unknown


class Shapes(dict[tuple[str, ...], Shape]):
    """The shapes that one model was seen in: few, and shared by all its objects.

    A shape says at once which keys are unknown, and which fields were there though null, without a
    look at each key of each object. The number kept is bounded, whatever a server sends.
    """

    LIMIT = 256

    def __init__(self, *fields: str) -> None:
        super().__init__()
        self.fields = frozenset(fields)

    def __missing__(self, keys: tuple[str, ...]) -> Shape:
        known = tuple(key for key in keys if key in self.fields)
        unknown = tuple(key for key in keys if key not in self.fields)
        shape = Shape(known, unknown)
        if len(self) < self.LIMIT:
            self[keys] = shape
        return shape


@define(kw_only=True, eq=False, repr=False)
class Model:
    """Base of all models."""

    _extra: dict[str, Any] | None = field(default=None, init=False)
    _shape: Shape | None = field(default=None, init=False)

    @property
    def additional_properties(self) -> dict[str, Any]:
        """Fields that the specification does not know, by their names on the wire."""
        if self._extra is None:
            self._extra = {}
        return self._extra

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read the object from decoded JSON.

        Raises:
            InvalidDataError: The data does not fit.
        """
        raise NotImplementedError

    def to_dict(self) -> dict[str, Any]:
        """The object as JSON data. What was read comes back unchanged; None is left out."""
        raise NotImplementedError

    def _complete(self, data: dict[str, Any]) -> dict[str, Any]:
        """Add unknown fields, and the nulls that were on the wire."""
        if self._extra:
            data.update(self._extra)
        if self._shape is not None:
            for key in self._shape.known:
                if key not in data:
                    data[key] = None
        return data

    def __eq__(self, other: object) -> bool:
        if other.__class__ is not self.__class__:
            return NotImplemented
        assert isinstance(other, Model)
        names = [name for name in _names(self) if name not in ("_extra", "_shape")]
        same = all(getattr(self, name) == getattr(other, name) for name in names)
        return same and (self._extra or {}) == (other._extra or {})

    __hash__ = None  # type: ignore[assignment]  # mutable, as a dict is

    def __repr__(self) -> str:
        shown = [
            f"{name}={getattr(self, name)!r}"
            for name in _names(self)
            if not name.startswith("_") and getattr(self, name) is not None
        ]
        shown += [f"{key}={value!r}" for key, value in (self._extra or {}).items()]
        return f"{type(self).__name__}({', '.join(shown)})"


def _names(model: Model) -> list[str]:
    return [attribute.name for attribute in type(model).__attrs_attrs__]


@define(kw_only=True, eq=False, repr=False)
class UnknownVariant(Model):
    """An object of a kind that this version does not know. Its fields are its attributes."""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Keep all of it."""
        self = cls()
        self._extra = dict(check_object(data, "object"))
        return self

    def to_dict(self) -> dict[str, Any]:
        """All of it, unchanged."""
        return dict(self.additional_properties)

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_") and self._extra and name in self._extra:
            return self._extra[name]
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")


class Variants:
    """Which model an object is, told by one property. A model loads when it first comes.

    Args:
        package: The package of the models.
        name: Name of the union, for messages.
        discriminator: The property that tells.
        models: For each value of it the module and the class.
    """

    __slots__ = ("_decoders", "_models", "_package", "discriminator", "name")

    def __init__(
        self, package: str, name: str, discriminator: str, models: Mapping[str, tuple[str, str]]
    ) -> None:
        self.name = name
        self.discriminator = discriminator
        self._package = package
        self._models = models
        self._decoders: dict[object, Callable[[Mapping[str, Any]], Any]] = {}

    def decode(self, data: Mapping[str, Any]) -> Any:
        """Read one object; of an unknown kind, an `UnknownVariant`."""
        try:
            decoder = self._decoders[data[self.discriminator]]
        except (KeyError, TypeError):
            return self._first(check_object(data, self.name))
        return decoder(data)

    def _first(self, data: Mapping[str, Any]) -> Any:
        kind = data.get(self.discriminator)
        found = self._models.get(kind) if isinstance(kind, str) else None
        if found is None:
            return UnknownVariant.from_dict(data)
        module = import_module(f".{found[0]}", self._package)
        self._decoders[kind] = getattr(module, found[1]).from_dict
        return self._decoders[kind](data)


def mismatch(where: str, expected: str, value: object) -> NoReturn:
    """Refuse a value."""
    raise InvalidDataError(where, expected, value)


def check_string(value: Any, where: str) -> str:
    """The value, if it is a string of any class."""
    if not isinstance(value, str):
        mismatch(where, "a string", value)
    return value


def check_boolean(value: Any, where: str) -> bool:
    """The value, if it is a boolean."""
    if not isinstance(value, bool):
        mismatch(where, "a boolean", value)
    return value


def check_integer(value: Any, where: str) -> int:
    """The value, if it is a whole number: JSON does not tell 2.0 from 2."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        mismatch(where, "an integer", value)
    return value


def check_number(value: Any, where: str) -> float:
    """The value, if it is a number."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        mismatch(where, "a number", value)
    return value


def check_array(value: Any, where: str) -> list[Any]:
    """The value as a list, if it is an array."""
    if type(value) is list:
        return value
    if not isinstance(value, list | tuple):
        mismatch(where, "an array", value)
    return list(value)


def check_object(value: Any, where: str) -> dict[str, Any]:
    """The value as a dict, if it is an object."""
    if type(value) is dict:
        return value
    if not isinstance(value, Mapping):
        mismatch(where, "an object", value)
    return dict(value)


def check_items(value: Any, where: str, expected: str, *classes: type) -> list[Any]:
    """The value, if it is an array of nothing but these classes."""
    items = value if type(value) is list else check_array(value, where)
    for item in items:
        if type(item) not in classes:
            return [
                check_any_of(item, f"{where}[{index}]", expected, *classes)
                for index, item in enumerate(items)
            ]
    return items


def check_any_of(value: Any, where: str, expected: str, *classes: type) -> Any:
    """The value, if it is of one of these classes, or stands for one: 2.0 for 2, any mapping."""
    if type(value) in classes or (isinstance(value, classes) and not isinstance(value, bool)):
        return value
    if int in classes and isinstance(value, float) and value.is_integer():
        return int(value)
    if dict in classes and isinstance(value, Mapping):
        return dict(value)
    mismatch(where, expected, value)


def to_wire(value: Any) -> Any:
    """The JSON data of a model; a plain dict stands for itself."""
    return value.to_dict() if isinstance(value, Model) else value
