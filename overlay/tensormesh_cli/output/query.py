"""`--query`: JMESPath expressions on results."""

from __future__ import annotations

import jmespath
from jmespath.exceptions import JMESPathError

from tensormesh_cli._errors import UsageFault


def select(expression: str, data: object) -> object:
    """What an expression selects.

    Args:
        expression: JMESPath, such as ``"models[].name"``.
        data: JSON data.

    Raises:
        UsageFault: the expression is not valid, or does not fit the data.
    """
    try:
        return jmespath.search(expression, data)
    except JMESPathError as error:
        # What follows points at the place, on lines of its own.
        reason = str(error).partition("\n")[0].partition(": Parse error")[0]
        reason = reason.removeprefix("Invalid jmespath expression: ")
        reason = reason.removeprefix("Bad jmespath expression: ").rstrip(": .")
        raise UsageFault(
            f"--query {expression!r} cannot be used: {reason}",
            hint="https://jmespath.org has a tutorial",
        ) from None
