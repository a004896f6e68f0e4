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

# Where what `__all__` names is defined, unless in `_tools.events`.
_MODULES = {
    "AsyncRunStream": "_tools.async_run",
    "RunStream": "_tools.run",
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
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    module_name = _MODULES.get(name, "_tools.events")
    value = getattr(import_module(f"tensormesh.{module_name}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
