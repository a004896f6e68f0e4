"""What a function's docstring tells a model: what it does, and what its parameters mean."""

from __future__ import annotations

import inspect

from tensormesh_extras import install_hint


def read_docstring(text: str | None, name: str) -> tuple[str, dict[str, str]]:
    """Description of a function, and of its parameters by name.

    A docstring of one line is the description. A longer one is parsed: Google's, NumPy's and
    reST's style are understood, sections that are not of parameters are left out.

    Args:
        text: The docstring, or None.
        name: The function's name, for the error.

    Raises:
        ImportError: It is longer than a line, and the library that reads it is not installed.
        ValueError: It cannot be parsed.
    """
    text = inspect.cleandoc(text or "")
    if "\n" not in text:
        return text, {}
    try:
        import docstring_parser
    except ImportError as error:
        raise ImportError(
            f"the docstring of {name!r} has more than one line, and reading it needs the package "
            f"docstring_parser: {install_hint('tools')}"
        ) from error
    try:
        parsed = docstring_parser.parse(text)
    except docstring_parser.ParseError as error:
        raise ValueError(f"the docstring of {name!r} cannot be read: {error}") from error
    parameters = {}
    for parameter in parsed.params:
        # NumPy's style may describe several at once.
        for one in parameter.arg_name.split(","):
            parameters[one.strip().lstrip("*")] = " ".join((parameter.description or "").split())
    return (parsed.description or "").strip(), parameters
