"""`--query`: JMESPath expressions on results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import jmespath
from jmespath.exceptions import ArityError, UnknownFunctionError, VariadictArityError
from jmespath.functions import Functions

from tensormesh_cli._errors import CliError, UsageFault
from tensormesh_cli.output.values import clean, unwrapped

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_NAMES = 12


def check(expression: str) -> None:
    """Check an expression as far as that is possible without data.

    Raises:
        UsageFault: The syntax is invalid, or a function is unknown or gets too few or too many
            arguments.
    """
    try:
        for call in _calls(jmespath.compile(expression).parsed):
            _check_call(call["value"], len(call["children"]))
    except (ValueError, RecursionError) as error:
        _refuse(expression, error)


def evaluate(expression: str, data: object) -> object:
    """Evaluate an expression.

    Args:
        expression: A JMESPath expression, such as ``"models[].name"``.
        data: JSON data.

    Raises:
        UsageFault: The expression is invalid or does not fit the data.
    """
    try:
        return jmespath.search(expression, data)
    except Exception as error:
        # The library lets errors of Python's operators through, as for a slice with step 0.
        _refuse(expression, error)


def select(expression: str, data: object) -> object:
    """Evaluate an expression on a result, or else on the object that it wraps.

    Args:
        expression: A JMESPath expression.
        data: JSON data. If the expression is null on it and it is an object with one key, such
            as ``{"user": {...}}``, the expression is evaluated on the object below that key.

    Raises:
        UsageFault: The expression is invalid or does not fit the data.
        CliError: The expression is null on both.
    """
    found = evaluate(expression, data)
    inner = unwrapped(data)
    if found is None and inner is not data:
        found = evaluate(expression, inner)
    if found is None:
        raise CliError(f"--query {expression!r} matched nothing{_names(inner)}", kind="query")
    return found


def _calls(node: Any) -> Iterator[dict[str, Any]]:
    if node["type"] == "function_expression":
        yield node
    for child in node["children"]:
        if isinstance(child, dict):
            yield from _calls(child)


def _check_call(name: str, given: int) -> None:
    if name not in Functions.FUNCTION_TABLE:
        raise UnknownFunctionError(f"Unknown function: {name}()")
    signature = Functions.FUNCTION_TABLE[name]["signature"]
    wanted = len(signature)
    if signature and signature[-1].get("variadic"):
        if given < wanted:
            raise VariadictArityError(wanted, given, name)
    elif given != wanted:
        raise ArityError(wanted, given, name)


def _refuse(expression: str, error: Exception) -> NoReturn:
    # What follows points at the place, on lines of its own.
    reason = str(error).partition("\n")[0].partition(": Parse error")[0]
    reason = reason.removeprefix("Invalid jmespath expression: ")
    reason = reason.removeprefix("Bad jmespath expression: ").rstrip(": .")
    if isinstance(error, RecursionError):
        reason = "it is nested too deeply"
    raise UsageFault(
        f"--query {expression!r} cannot be used: {reason}",
        hint="https://jmespath.org has a tutorial",
    ) from None


def _names(data: object) -> str:
    """The keys of a result, for who mistyped one."""
    if not isinstance(data, dict) or not data:
        return ""
    names = [clean(name) for name in list(data)[:_MOST_NAMES]]
    return f"; the keys are {', '.join(names)}{', ...' if len(data) > _MOST_NAMES else ''}"
