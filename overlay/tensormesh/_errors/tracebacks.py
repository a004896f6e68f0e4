"""Keep what a server sent out of tracebacks.

A traceback keeps the frames that an exception passed through, and error reporters print their
variables. A server may echo the key it refuses, so frames that handled a response show it.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from functools import wraps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])
    CoroutineT = TypeVar("CoroutineT", bound=Callable[..., Any])


def clears_frames(function: FunctionT) -> FunctionT:
    """Decorate a function to clear the variables of its frames when it raises.

    The traceback keeps its lines. Frames above the function are left alone.
    """

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        handled = sys.exception()
        try:
            return function(*args, **kwargs)
        except BaseException as error:
            _clear_frames(error, handled)
            raise

    return call  # type: ignore[return-value]


def clears_frames_async(function: CoroutineT) -> CoroutineT:
    """Do the same for a coroutine function."""

    @wraps(function)
    async def call(*args: Any, **kwargs: Any) -> Any:
        handled = sys.exception()
        try:
            return await function(*args, **kwargs)
        except BaseException as error:
            _clear_frames(error, handled)
            raise

    return call  # type: ignore[return-value]


def _clear_frames(error: BaseException, handled: BaseException | None) -> None:
    """Clear the frames of an error and of its causes.

    Args:
        error: The error.
        handled: What the caller was handling already. Those frames are the caller's.
    """
    pending: list[BaseException | None] = [error]
    seen = {id(None), id(handled)}
    while pending:
        found = pending.pop()
        if found is None or id(found) in seen:
            continue
        seen.add(id(found))
        traceback = found.__traceback__
        while traceback is not None:
            # Frames that still run, those above, refuse it.
            with suppress(RuntimeError):
                traceback.tb_frame.clear()
            traceback = traceback.tb_next
        if found.__suppress_context__ and found.__context__ is not handled:
            # Nobody prints it, and it may quote the server.
            found.__context__ = None
        pending += [found.__cause__, found.__context__, *getattr(found, "exceptions", ())]
