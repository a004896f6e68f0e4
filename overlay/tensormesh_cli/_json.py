"""JSON that users write."""

from __future__ import annotations

import json
from typing import Any, NoReturn


def loads(text: str) -> Any:
    """Parse JSON without `NaN` and `Infinity`, which Python adds to it.

    Raises:
        ValueError: The text is not JSON. `json.JSONDecodeError` if the place is known.
        RecursionError: It is nested too deeply.
    """
    return json.loads(text, parse_constant=_refuse)


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number in JSON")
