"""The formats of JSON Schema that requests are held to."""

from __future__ import annotations

from typing import Final

from jsonschema import FormatChecker

from tensormesh_local.control_plane.clock import parse_time

FORMATS: Final = FormatChecker(formats=["uuid"])


@FORMATS.checks("date-time")
def _is_time(value: object) -> bool:
    if isinstance(value, str):
        try:
            parse_time(value)
        except ValueError:
            return False
    return True


@FORMATS.checks("int32")
def _is_int32(value: object) -> bool:
    # Text is a matter of type.
    return not isinstance(value, (int, float)) or -(2**31) <= value < 2**31
