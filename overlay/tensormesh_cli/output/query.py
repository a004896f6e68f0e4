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
        reason = str(error).strip().splitlines()[0] if str(error).strip() else "it is empty"
        raise UsageFault(
            f"--query {expression!r} is not a valid JMESPath expression: {reason}",
            hint="https://jmespath.org has a tutorial",
        ) from None
