"""Standard streams that nobody reads any more."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO


def discard(stream: TextIO) -> None:
    """Discard what is still buffered, which Python would complain about when it exits."""
    try:
        number = stream.fileno()
    except (OSError, ValueError):
        # It is not a real file.
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, number)
    os.close(nowhere)
