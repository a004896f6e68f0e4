"""Random types, instances of them, and every way to damage an instance at one point."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator
from datetime import date
from itertools import count
from typing import Any, Literal, NamedTuple, TypedDict

import attrs
import msgspec
import pydantic
from hypothesis import strategies as st

Path = tuple[str | int, ...]


class Point(NamedTuple):
    """A place in an instance, and a value that does not fit there."""

    path: Path
    wrong: Any


class Kind(NamedTuple):
    """A type, and one instance of it as JSON data.

    Attributes:
        points: Places with values that do not fit.
        required: Places of object members that must be there.
    """

    type: Any
    data: Any
    points: tuple[Point, ...]
    required: tuple[Path, ...]


class Damaged(NamedTuple):
    """An instance with one fault, and where that is."""

    path: Path
    data: Any


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
KEYS = st.text(st.characters(exclude_categories=["Cs"]), max_size=4)
NAMES = st.sampled_from(["a", "b", "name", "unit_price", "value", "x9"])


def _leaf(type_: Any, values: st.SearchStrategy[Any], wrong: Any) -> st.SearchStrategy[Kind]:
    return values.map(lambda value: Kind(type_, value, (Point((), wrong),), ()))


LEAVES = st.one_of(
    _leaf(int, st.integers(-(2**53), 2**53), "1"),
    _leaf(float, st.floats(allow_nan=False, allow_infinity=False), "1.5"),
    _leaf(str, TEXTS, 1),
    _leaf(bool, st.booleans(), 0),
    _leaf(date, st.dates().map(str), "2024-02-30"),
    _leaf(Literal["in", "out"], st.sampled_from(["in", "out"]), "inside"),
    _leaf(int | None, st.none() | st.integers(0, 9), "none"),
)


def _below(part: str | int, kind: Kind) -> Kind:
    """The same kind as a part of something."""
    points = tuple(Point((part, *point.path), point.wrong) for point in kind.points)
    return kind._replace(points=points, required=tuple((part, *path) for path in kind.required))


def _whole(type_: Any, data: Any, wrong: Any, parts: list[Kind], required: list[Path]) -> Kind:
    points = [Point((), wrong), *(point for part in parts for point in part.points)]
    inner = [path for part in parts for path in part.required]
    return Kind(type_, data, tuple(points), (*required, *inner))


def _list(kind: Kind) -> Kind:
    """Of several items all but one are whole."""
    data = [kind.data, kind.data]
    type_ = list[kind.type]  # type: ignore[name-defined] # at run time
    return _whole(type_, data, True, [_below(1, kind)], [])


def _pair(kinds: tuple[Kind, Kind]) -> Kind:
    one, other = kinds
    type_ = tuple[one.type, other.type]  # type: ignore[name-defined] # at run time
    return _whole(type_, [one.data, other.data], {}, [_below(0, one), _below(1, other)], [])


def _mapping(arguments: tuple[list[str], Kind]) -> Kind:
    keys, kind = arguments
    parts = [_below(key, kind) for key in keys[-1:]]
    type_ = dict[str, kind.type]  # type: ignore[name-defined] # at run time
    return _whole(type_, dict.fromkeys(keys, kind.data), [], parts, [])


def _objects(make: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Kind]], Kind]:
    def build(fields: dict[str, Kind]) -> Kind:
        parts = [_below(name, kind) for name, kind in fields.items()]
        data = {name: kind.data for name, kind in fields.items()}
        type_ = make({name: kind.type for name, kind in fields.items()})
        return _whole(type_, data, 3, parts, [(name,) for name in fields])

    return build


def _pydantic(fields: dict[str, Any]) -> Any:
    config = pydantic.ConfigDict(strict=True)
    members: dict[str, Any] = {name: (type_, ...) for name, type_ in fields.items()}
    return pydantic.create_model(_new_name(), __config__=config, **members)


def _attrs(fields: dict[str, Any]) -> Any:
    return attrs.make_class(_new_name(), {name: attrs.field(type=fields[name]) for name in fields})


_NUMBERS = count(1)


def _new_name() -> str:
    """A name that no other class has."""
    return f"Thing{next(_NUMBERS)}"


MAKERS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "dataclass": lambda fields: dataclasses.make_dataclass(_new_name(), list(fields.items())),
    "attrs": _attrs,
    "typed dict": lambda fields: TypedDict(_new_name(), fields),  # type: ignore[operator] # at run time
    "struct": lambda fields: msgspec.defstruct(_new_name(), list(fields.items())),
    "pydantic": _pydantic,
}


def kinds(family: str) -> st.SearchStrategy[Kind]:
    """Random types whose objects are all of one family, with objects at the top."""
    make = _objects(MAKERS[family])

    def grow(inner: st.SearchStrategy[Kind]) -> st.SearchStrategy[Kind]:
        return st.one_of(
            inner.map(_list),
            st.tuples(inner, inner).map(_pair),
            st.tuples(st.lists(KEYS, min_size=1, max_size=4, unique=True), inner).map(_mapping),
            st.dictionaries(NAMES, inner, min_size=1, max_size=3).map(make),
        )

    inner = st.recursive(LEAVES, grow, max_leaves=6)
    return st.dictionaries(NAMES, inner, min_size=1, max_size=4).map(make)


def damages(kind: Kind) -> Iterator[Damaged]:
    """Every instance with one fault: a value that does not fit, or a member that is missing."""
    for point in kind.points:
        if point.path:
            yield Damaged(point.path, _changed(kind.data, point.path, point.wrong))
    for path in kind.required:
        yield Damaged(path, _without(kind.data, path))


def _changed(data: Any, path: Path, value: Any) -> Any:
    # No copy of the kind that keeps one list in two places.
    data = json.loads(json.dumps(data))
    here = data
    for part in path[:-1]:
        here = here[part]
    here[path[-1]] = value
    return data


def _without(data: Any, path: Path) -> Any:
    # No copy of the kind that keeps one list in two places.
    data = json.loads(json.dumps(data))
    here = data
    for part in path[:-1]:
        here = here[part]
    del here[path[-1]]
    return data
