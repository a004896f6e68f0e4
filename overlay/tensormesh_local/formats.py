"""What requests are held to beyond plain JSON Schema: formats, and how integers are written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.validators import extend

from tensormesh_local.clock import parse_time

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from jsonschema.exceptions import ValidationError

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


def _check_type(
    validator: Draft202012Validator, types: Any, value: Any, schema: Mapping[str, Any]
) -> Iterator[ValidationError]:
    """Hold a value to its type; 64-bit integers that are sent as text may be numbers too."""
    is_number = isinstance(value, int) and not isinstance(value, bool)
    if not (types == "string" and schema.get("format") == "int64" and is_number):
        yield from Draft202012Validator.VALIDATORS["type"](validator, types, value, schema)


# The stubs have no types for it.
RequestValidator: Final[type[Draft202012Validator]] = extend(  # type: ignore[no-untyped-call]
    Draft202012Validator, {"type": _check_type}
)
"""Validates what clients send, as leniently as they read what they are sent."""
