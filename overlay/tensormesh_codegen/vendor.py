"""Vendor keys: their meaning, the objects that may have them, and the values they take."""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable
from typing import NamedTuple

PROVENANCE = ("documented", "observed", "inferred")


class VendorKey(NamedTuple):
    """The value of a vendor key, in words and as a check, and the forms that may have it."""

    help: str
    accepts: Callable[[object], bool]
    forms: tuple[str, ...]


def is_name(value: object) -> bool:
    """Return whether a value can be the name of a module, a function or a setting."""
    return _matches(value, r"[a-z][a-z0-9_]*") and not keyword.iskeyword(str(value))


def _matches(value: object, pattern: str) -> bool:
    return isinstance(value, str) and re.fullmatch(pattern, value) is not None


def _is_path(value: object) -> bool:
    return isinstance(value, str) and all(map(is_name, value.split(".")))


def _is_command(value: object) -> bool:
    return _matches(value, r"[a-z0-9-]+( [a-z0-9-]+)*")


def _is_option(value: object) -> bool:
    return _matches(value, r"[a-z0-9-]+(/[a-z0-9-]+)?|[A-Z0-9-]+")


def _is_pagination(value: object) -> bool:
    return (
        isinstance(value, dict)
        and set(value) == {"style", "items"}
        and value["style"] in ("token", "page")
        and is_name(value["items"])
    )


def _is_seconds(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0


def _is_true(value: object) -> bool:
    return value is True


def _is_text(value: object) -> bool:
    return isinstance(value, str)


_ANYWHERE = ("operation", "schema", "schema reference", "parameter")
_CONFIG = ("server", "security scheme", "parameter")
_OPTION = "the name of an option, on/off for a flag, an ARGUMENT in capitals, or none"
_PAGINATION = "{style: token|page, items: <field>}"

VENDOR_KEYS = {
    "x-tm-package": VendorKey("a package name", is_name, ("document",)),
    "x-tm-host": VendorKey("a host name", is_name, ("document",)),
    "x-tm-post-timeout": VendorKey("a number of seconds above 0", _is_seconds, ("document",)),
    "x-tm-config": VendorKey("the name of a client setting", is_name, _CONFIG),
    "x-tm-resource": VendorKey("names joined by dots", _is_path, ("operation",)),
    "x-tm-method": VendorKey("a method name", is_name, ("operation",)),
    "x-tm-stream": VendorKey("the name of a schema", _is_text, ("operation",)),
    "x-tm-unwrap": VendorKey("the property that is the result, or none", _is_text, ("response",)),
    "x-tm-empty": VendorKey(
        "the object that an empty body stands for", lambda v: isinstance(v, dict), ("response",)
    ),
    "x-tm-pagination": VendorKey(_PAGINATION, _is_pagination, ("operation",)),
    "x-tm-money": VendorKey("true", _is_true, ("schema",)),
    "x-tm-json-text": VendorKey("the name of a property", _is_text, ("schema",)),
    "x-tm-once": VendorKey("true", _is_true, ("schema",)),
    "x-tm-cli": VendorKey("the words of a command", _is_command, ("operation",)),
    "x-tm-safe": VendorKey("true", _is_true, ("operation",)),
    "x-tm-option": VendorKey(_OPTION, _is_option, _ANYWHERE[1:]),
    "x-tm-caller": VendorKey("true", _is_true, ("parameter",)),
    "x-tm-instead": VendorKey("an operationId", is_name, ("parameter",)),
    "x-tm-provenance": VendorKey(
        "documented, observed or inferred", lambda v: v in PROVENANCE, _ANYWHERE
    ),
    "x-tm-provenance-note": VendorKey("a note on parts that differ", _is_text, _ANYWHERE),
}
