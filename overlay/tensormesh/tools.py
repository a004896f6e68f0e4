"""Tools that a model may call, and the results and events of `chat.completions.run`."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._tools.async_run import AsyncRunStream
    from ._tools.call import ToolCall
    from ._tools.errors import ToolCallError, ToolLimitError, ToolLoopError
    from ._tools.events import (
        ArgumentsDelta,
        CallFinished,
        CallStarted,
        RoundFinished,
        RunEvent,
        RunFinished,
        RunResult,
        TextDelta,
    )
    from ._tools.run import RunStream
    from ._tools.tool import Tool, tool

_MEMBERS = {
    "ArgumentsDelta": "_tools.events",
    "AsyncRunStream": "_tools.async_run",
    "CallFinished": "_tools.events",
    "CallStarted": "_tools.events",
    "RoundFinished": "_tools.events",
    "RunEvent": "_tools.events",
    "RunFinished": "_tools.events",
    "RunResult": "_tools.events",
    "RunStream": "_tools.run",
    "TextDelta": "_tools.events",
    "Tool": "_tools.tool",
    "ToolCall": "_tools.call",
    "ToolCallError": "_tools.errors",
    "ToolLimitError": "_tools.errors",
    "ToolLoopError": "_tools.errors",
    "tool": "_tools.tool",
}

__all__ = [
    "ArgumentsDelta",
    "AsyncRunStream",
    "CallFinished",
    "CallStarted",
    "RoundFinished",
    "RunEvent",
    "RunFinished",
    "RunResult",
    "RunStream",
    "TextDelta",
    "Tool",
    "ToolCall",
    "ToolCallError",
    "ToolLimitError",
    "ToolLoopError",
    "tool",
]


def __getattr__(name: str) -> object:
    module_name = _MEMBERS.get(name)
    if module_name is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"tensormesh.{module_name}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
