"""Find the location of a fault in JSON from a message of `msgspec`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from .faults import MISSING

if TYPE_CHECKING:
    from collections.abc import Callable

    from .faults import Path

    Complaint = Callable[[Any], str | None]

_PLACE = re.compile(r"(?P<said>.*?)(?: - at (?P<key>`key` in )?`\$(?P<place>.*)`)?", re.DOTALL)
_FIELD = re.compile(r"Object (?:missing required|contains unknown) field `(?P<name>.*)`")
_SOME_VALUE = "[...]"


class Place(NamedTuple):
    """The location of a fault, the message without it, and whether the key there is at fault."""

    path: Path
    said: str
    is_key: bool


def locate(message: str, data: Any, complain: Complaint) -> Place:
    """Return the location of a fault.

    Args:
        message: The message of `msgspec`.
        data: The data. It may be modified.
        complain: Returns the message of `msgspec` for other data, or None if they are valid.
    """
    match = _PLACE.fullmatch(message)
    assert match is not None
    said, rest = match["said"], match["place"] or ""
    if match["key"]:
        rest += _SOME_VALUE
    path: list[str | int] = []
    here = data
    while rest:
        part, rest = _first_part(rest, here, lambda: complain(data) == message)
        if part is None:
            break
        path.append(part)
        here = value_at(here, (part,))
    field = _FIELD.fullmatch(said)
    if field:
        path.append(field["name"])
    return Place(tuple(path), said, bool(match["key"]))


def _first_part(
    rest: str, here: Any, is_still_wrong: Callable[[], bool]
) -> tuple[str | int | None, str]:
    """Split off the first part of a path. It is None if it is not in the data."""
    if rest.startswith(_SOME_VALUE) and isinstance(here, dict):
        return _guilty_key(here, is_still_wrong), rest[len(_SOME_VALUE) :]
    if rest.startswith("["):
        index, _, rest = rest[1:].partition("]")
        return (int(index) if index.isdigit() else None), rest
    # Field names may contain dots and brackets, so take the longest that is there.
    names = [
        name
        for name in (here if isinstance(here, dict) else ())
        if rest.startswith(f".{name}") and rest[len(name) + 1 :][:1] in ("", ".", "[")
    ]
    name = max(names, key=len, default=None)
    return name, "" if name is None else rest[len(name) + 1 :]


def _guilty_key(mapping: dict[str, Any], is_still_wrong: Callable[[], bool]) -> str | None:
    """Return the key whose value is at fault, which `msgspec` does not name.

    Bisects the mapping in place until one key is left.
    """
    while len(mapping) > 1:
        every = dict(mapping)
        first = dict(list(every.items())[: len(every) // 2])
        mapping.clear()
        mapping.update(first)
        if not is_still_wrong():
            mapping.clear()
            mapping.update({key: value for key, value in every.items() if key not in first})
    return next(iter(mapping), None)


def value_at(data: Any, path: Path) -> Any:
    """Return the value at a path, or `MISSING`."""
    for part in path:
        if isinstance(data, dict):
            data = data.get(part, MISSING)
        elif isinstance(data, list) and isinstance(part, int) and 0 <= part < len(data):
            data = data[part]
        else:
            return MISSING
    return data
