"""Parse docstrings into descriptions for the model."""

from __future__ import annotations

import inspect

from tensormesh_extras import install_hint


def read_docstring(text: str | None, name: str) -> tuple[str, dict[str, str]]:
    """Return the description of a function, and those of its parameters by name.

    A docstring of one line is the description. Longer ones are parsed in Google, NumPy or reST
    style; sections other than parameters are ignored.

    Args:
        text: The docstring, or None.
        name: The name of the function, for errors.

    Raises:
        ImportError: The docstring has several lines, and the parser is not installed.
        ValueError: The docstring cannot be parsed.
    """
    text = inspect.cleandoc(text or "")
    if "\n" not in text:
        return text, {}
    try:
        import docstring_parser
    except ImportError as error:
        raise ImportError(
            f"the docstring of {name!r} has several lines, which needs the package "
            f"docstring_parser: {install_hint('tools')}"
        ) from error
    try:
        parsed = docstring_parser.parse(text)
    except docstring_parser.ParseError as error:
        raise ValueError(f"the docstring of {name!r} cannot be parsed: {error}") from error
    parameters = {}
    for parameter in parsed.params:
        # NumPy style may describe several at once.
        for one in parameter.arg_name.split(","):
            parameters[one.strip().lstrip("*")] = " ".join((parameter.description or "").split())
    return (parsed.description or "").strip(), parameters
