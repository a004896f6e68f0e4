"""Where in the JSON a fault is, from the words of `msgspec`."""

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
    """Where a fault is, what was said of it, and whether it is one of the key there."""

    path: Path
    said: str
    is_key: bool


def locate(message: str, data: Any, complain: Complaint) -> Place:
    """Give the place of a fault.

    Args:
        message: What `msgspec` said of the data.
        data: The data, which may be cut down.
        complain: What `msgspec` says of other data; None if nothing.
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
    """Take the first part off the text of a path; None if it leads nowhere."""
    if rest.startswith(_SOME_VALUE) and isinstance(here, dict):
        return _guilty_key(here, is_still_wrong), rest[len(_SOME_VALUE) :]
    if rest.startswith("["):
        index, _, rest = rest[1:].partition("]")
        return (int(index) if index.isdigit() else None), rest
    # The name of a field may hold anything, so the longest one that is there is taken.
    names = [
        name
        for name in (here if isinstance(here, dict) else ())
        if rest.startswith(f".{name}") and rest[len(name) + 1 :][:1] in ("", ".", "[")
    ]
    name = max(names, key=len, default=None)
    return name, "" if name is None else rest[len(name) + 1 :]


def _guilty_key(mapping: dict[str, Any], is_still_wrong: Callable[[], bool]) -> str | None:
    """The key whose value is at fault: `msgspec` does not name it, so the others are taken away.

    The mapping is cut down by halves, in place.
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
    """The value at a place; `MISSING` if there is none."""
    for part in path:
        if isinstance(data, dict):
            data = data.get(part, MISSING)
        elif isinstance(data, list) and isinstance(part, int) and 0 <= part < len(data):
            data = data[part]
        else:
            return MISSING
    return data
