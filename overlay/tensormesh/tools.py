"""Functions that a model may call, and runs that call them: `tool` and `chat.completions.run`.

Each name is loaded when it is first used.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._tools_async import AsyncRunStream
    from ._tools_call import ToolCall
    from ._tools_errors import ToolCallError, ToolLimitError, ToolLoopError
    from ._tools_events import (
        ArgumentsDelta,
        CallFinished,
        CallStarted,
        RoundFinished,
        RunEvent,
        RunFinished,
        RunResult,
        TextDelta,
    )
    from ._tools_run import RunStream
    from ._tools_tool import Tool, tool

_MEMBERS = {
    "ArgumentsDelta": "_tools_events",
    "AsyncRunStream": "_tools_async",
    "CallFinished": "_tools_events",
    "CallStarted": "_tools_events",
    "RoundFinished": "_tools_events",
    "RunEvent": "_tools_events",
    "RunFinished": "_tools_events",
    "RunResult": "_tools_events",
    "RunStream": "_tools_run",
    "TextDelta": "_tools_events",
    "Tool": "_tools_tool",
    "ToolCall": "_tools_call",
    "ToolCallError": "_tools_errors",
    "ToolLimitError": "_tools_errors",
    "ToolLoopError": "_tools_errors",
    "tool": "_tools_tool",
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
