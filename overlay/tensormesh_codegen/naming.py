"""From names on the wire to names in Python: snake_case, and nothing renamed without need."""

from __future__ import annotations

import keyword

from openapi_python_client import strings

# Names that a class body or the base class of models needs for itself.
_TAKEN = frozenset(
    {"additional_properties", "from_dict", "to_dict", "cls", "self"}
    | {"bool", "classmethod", "datetime", "dict", "float", "int", "list", "property", "str"}
)


def attribute(wire: str) -> str:
    """A valid Python name for a property or a parameter. `type`, `object`, `input` stay."""
    name = strings.snake_case(wire)
    if not name.isidentifier() or not name.isascii():
        name = "field_" + "".join(c for c in name if c.isascii() and (c.isalnum() or c == "_"))
    return f"{name}_" if keyword.iskeyword(name) or name in _TAKEN else name


def pascal(name: str) -> str:
    """The class name of a name with underscores."""
    return "".join(word.capitalize() for word in name.split("_"))


def module(class_name: str) -> str:
    """The module of a class."""
    name = strings.snake_case(class_name)
    return f"{name}_" if keyword.iskeyword(name) else name


def constant(value: str) -> str:
    """The name of an enum member."""
    name = strings.snake_case(value).upper()
    if not name.isidentifier() or not name.isascii():
        name = "VALUE_" + "".join(c for c in name if c.isascii() and (c.isalnum() or c == "_"))
    return f"{name}_" if keyword.iskeyword(name) else name
