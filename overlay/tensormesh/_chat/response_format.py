"""Response formats that the inference hosts support."""

from __future__ import annotations

from typing import Any

from tensormesh_api._wire import wire_object

_FORMATS = ("json_object", "text")


def check_response_format(value: Any) -> None:
    """Refuse a `response_format` that the hosts do not support.

    Raises:
        ValueError: Its type is not `json_object` or `text`, or it has other keys than `type`.
        TypeError: It is not an object.
    """
    value = wire_object(value, "response_format")
    if "type" not in value:
        raise ValueError("response_format.type is missing: use 'json_object' or 'text'")
    if value["type"] not in _FORMATS:
        raise ValueError(
            f"response_format.type {value['type']!r} is not supported: use 'json_object' or 'text'"
        )
    extra = [str(key) for key in value if key != "type"]
    if extra:
        raise ValueError(f"response_format.{extra[0]} is not supported: use only 'type'")
