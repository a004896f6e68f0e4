"""From what a caller gives to what goes on the wire. Errors name the argument."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote


def missing(name: str) -> TypeError:
    """The error for a required argument that is None."""
    return TypeError(f"{name} is required, and must not be None")


def wire_object(value: Any, name: str) -> dict[str, Any]:
    """A model, or a mapping, as a plain dict."""
    if type(value) is dict:
        return value
    to_dict = getattr(value, "to_dict", None)
    if to_dict is not None:
        data: dict[str, Any] = to_dict()
        return data
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{name} must be a model or a mapping, got {type(value).__name__}")


def wire_objects(values: Any, name: str) -> list[dict[str, Any]]:
    """A list of models and mappings, mixed, as plain dicts."""
    if isinstance(values, str | bytes | Mapping) or not isinstance(values, Iterable):
        raise TypeError(f"{name} must be a list of objects, got {type(values).__name__}")
    return [
        value if type(value) is dict else wire_object(value, f"{name}[{index}]")
        for index, value in enumerate(values)
    ]


def wire_value(value: Any, name: str) -> Any:
    """A value that may be a model, a time, a list of them, or plain data."""
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, datetime):
        return wire_time(value, name)
    if isinstance(value, Mapping) or hasattr(value, "to_dict"):
        return wire_object(value, name)
    if isinstance(value, Iterable) and not isinstance(value, bytes):
        return [wire_value(item, f"{name}[{index}]") for index, item in enumerate(value)]
    raise TypeError(f"{name} must be JSON data or a model, got {type(value).__name__}")


def wire_map(value: Any, name: str) -> dict[str, Any]:
    """A mapping from names to models, times, or plain data."""
    if not isinstance(value, Mapping):
        raise TypeError(f"{name} must be a mapping, got {type(value).__name__}")
    return {key: wire_value(item, f"{name}[{key!r}]") for key, item in value.items()}


def wire_time(value: datetime | str, name: str) -> str:
    """RFC 3339 text."""
    if isinstance(value, str):
        return value
    if not isinstance(value, datetime):
        raise TypeError(f"{name} must be a datetime, got {type(value).__name__}")
    from ._times import write_time

    return write_time(value)


def wire_query(value: Any, name: str) -> str | list[str]:
    """A query parameter: a list is repeated, a boolean is `true` or `false`."""
    if isinstance(value, str | int | float | datetime):
        return _url_text(value, name)
    if not isinstance(value, Iterable) or isinstance(value, bytes | Mapping):
        raise TypeError(f"{name} cannot be written into a URL, got {type(value).__name__}")
    return [_url_text(item, f"{name}[{index}]") for index, item in enumerate(value)]


def path_part(value: Any, name: str) -> str:
    """One part of a path, quoted, so that no value can name another path."""
    text = _url_text(value, name)
    if text in ("", ".", ".."):
        raise ValueError(f"{name} must be a non-empty identifier, got {text!r}")
    return quote(text, safe="")


def _url_text(value: Any, name: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return wire_time(value, name)
    if isinstance(value, str):
        # What a member of an enum of strings stands for, not its name.
        return str.__str__(value)
    if isinstance(value, int | float):
        return str(value)
    raise TypeError(f"{name} cannot be written into a URL, got {type(value).__name__}")
