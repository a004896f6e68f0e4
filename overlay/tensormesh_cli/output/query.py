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
    """Check an expression without data.

    Raises:
        UsageFault: The syntax, a function name or a number of arguments is wrong.
    """
    try:
        for call in _calls(jmespath.compile(expression).parsed):
            _check_call(call["value"], len(call["children"]))
    except (ValueError, RecursionError) as error:
        _refuse(expression, error)


def evaluate(expression: str, data: object) -> object:
    """Evaluate an expression. Raise `UsageFault` if it does not fit the data."""
    try:
        return jmespath.search(expression, data)
    except Exception as error:
        # The library does not catch all errors, such as those of a slice with step 0.
        _refuse(expression, error)


def select(expression: str, data: object) -> object:
    """Evaluate an expression on a result, or else on the object that it wraps.

    An object with a single key, such as `{"user": {...}}`, wraps the object below that key.

    Raises:
        UsageFault: The expression does not fit the data.
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
    # The next lines point at the position.
    reason = str(error).partition("\n")[0].partition(": Parse error")[0]
    reason = reason.removeprefix("Invalid jmespath expression: ")
    reason = reason.removeprefix("Bad jmespath expression: ").rstrip(": .")
    if isinstance(error, RecursionError):
        reason = "nested too deeply"
    raise UsageFault(
        f"invalid --query {expression!r}: {reason}",
        hint="see https://jmespath.org for a tutorial",
    ) from None


def _names(data: object) -> str:
    """Return the keys of a result, to show after a typo."""
    if not isinstance(data, dict) or not data:
        return ""
    names = [clean(name) for name in list(data)[:_MOST_NAMES]]
    return f"; the keys are {', '.join(names)}{', ...' if len(data) > _MOST_NAMES else ''}"
