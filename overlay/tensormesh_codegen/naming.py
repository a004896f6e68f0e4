"""Python names for names on the wire: snake_case, and renamed only if necessary."""

from __future__ import annotations

import keyword

from openapi_python_client import strings

# Names that a class body or the base class of models uses.
_TAKEN = frozenset(
    {"additional_properties", "from_dict", "to_dict", "cls", "self"}
    | {"bool", "classmethod", "datetime", "dict", "float", "int", "list", "property", "str"}
)


def attribute(wire: str) -> str:
    """Return the name of a property or a parameter. `type`, `object` and `input` stay."""
    name = _identifier(strings.snake_case(wire), "field_")
    return f"{name}_" if name in _TAKEN else name


def constant(value: str) -> str:
    """Return the name of an enum member."""
    return _identifier(strings.snake_case(value).upper(), "VALUE_")


def module(class_name: str) -> str:
    """Return the name of the module of a class."""
    return _identifier(strings.snake_case(class_name), "")


def pascal(name: str) -> str:
    """Return the class name for a name with underscores."""
    return "".join(word.capitalize() for word in name.split("_"))


def _identifier(name: str, prefix: str) -> str:
    if not name.isidentifier() or not name.isascii():
        name = prefix + "".join(c for c in name if c.isascii() and (c.isalnum() or c == "_"))
    return f"{name}_" if keyword.iskeyword(name) else name
