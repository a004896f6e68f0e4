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
        # Further lines only point at the place with a caret.
        reason = str(error).partition("\n")[0].partition("expression: ")[2]
        reason = reason.partition(": Parse error")[0].rstrip(": .")
        raise UsageFault(
            f"--query {expression!r} cannot be used: {reason or error}",
            hint="https://jmespath.org has a tutorial",
        ) from None
