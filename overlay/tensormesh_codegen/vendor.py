"""The vendor keys: what each one says, where it may stand, and which values it takes."""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable
from dataclasses import dataclass

PROVENANCE = ("documented", "observed", "inferred")

_IDENTIFIER = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class VendorKey:
    """One vendor key.

    Attributes:
        help: The form of its value, in words.
        accepts: Whether a value has that form.
        forms: The parts of a spec that may carry it.
    """

    help: str
    accepts: Callable[[object], bool]
    forms: tuple[str, ...]


def is_name(value: object) -> bool:
    """Whether a value can be the name of a module, a function or a setting."""
    return (
        isinstance(value, str)
        and _IDENTIFIER.fullmatch(value) is not None
        and not keyword.iskeyword(value)
    )


def _is_path(value: object) -> bool:
    return isinstance(value, str) and all(is_name(part) for part in value.split("."))


def _is_command(value: object) -> bool:
    return isinstance(value, str) and bool(re.fullmatch(r"[a-z0-9-]+( [a-z0-9-]+)*", value))


def _is_pagination(value: object) -> bool:
    return (
        isinstance(value, dict)
        and set(value) == {"style", "items"}
        and value["style"] in ("token", "page")
        and is_name(value["items"])
    )


def _is_option(value: object) -> bool:
    return isinstance(value, str) and bool(
        re.fullmatch(r"[a-z0-9-]+(/[a-z0-9-]+)?|[A-Z0-9-]+", value)
    )


def _is_seconds(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0


def _is_true(value: object) -> bool:
    return value is True


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_mapping(value: object) -> bool:
    return isinstance(value, dict)


def _is_provenance(value: object) -> bool:
    return value in PROVENANCE


VENDOR_KEYS = {
    "x-tm-package": VendorKey("a package name", is_name, ("document",)),
    "x-tm-surface": VendorKey("a surface name", is_name, ("document",)),
    "x-tm-post-timeout": VendorKey("a number of seconds above 0", _is_seconds, ("document",)),
    "x-tm-config": VendorKey(
        "the name of a client setting", is_name, ("server", "security scheme", "parameter")
    ),
    "x-tm-resource": VendorKey(
        "names joined by dots, such as billing.transactions", _is_path, ("operation",)
    ),
    "x-tm-method": VendorKey("a method name", is_name, ("operation",)),
    "x-tm-stream": VendorKey("the name of a schema", _is_text, ("operation",)),
    "x-tm-unwrap": VendorKey("the property that is the result, or none", _is_text, ("response",)),
    "x-tm-empty": VendorKey("the object that an empty body stands for", _is_mapping, ("response",)),
    "x-tm-pagination": VendorKey(
        "{style: token|page, items: <field>}", _is_pagination, ("operation",)
    ),
    "x-tm-money": VendorKey("true", _is_true, ("schema",)),
    "x-tm-json-text": VendorKey("the name of a property", _is_text, ("schema",)),
    "x-tm-once": VendorKey("true", _is_true, ("schema",)),
    "x-tm-cli": VendorKey("the words of a command", _is_command, ("operation",)),
    "x-tm-safe": VendorKey("true", _is_true, ("operation",)),
    "x-tm-option": VendorKey(
        "the name of an option, on/off of a flag, an ARGUMENT in capitals, or none",
        _is_option,
        ("schema", "schema reference", "parameter"),
    ),
    "x-tm-caller": VendorKey("true", _is_true, ("parameter",)),
    "x-tm-instead": VendorKey("an operationId", is_name, ("parameter",)),
    "x-tm-provenance": VendorKey(
        "documented, observed or inferred",
        _is_provenance,
        ("operation", "schema", "schema reference", "parameter"),
    ),
    "x-tm-provenance-note": VendorKey(
        "a sentence on which parts have another provenance",
        _is_text,
        ("operation", "schema", "schema reference", "parameter"),
    ),
}
