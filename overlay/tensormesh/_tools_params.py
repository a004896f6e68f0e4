"""Keyword arguments of `chat.completions.run`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Required

from tensormesh_api.inference.params.create_chat_completion import CreateChatCompletionParams

if TYPE_CHECKING:
    from tensormesh_api.inference.models.chat_completion_tool import ChatCompletionTool


class RunParams(CreateChatCompletionParams, total=False):
    """Those of `create`, but that functions may stand among the tools."""

    tools: Required[  # type: ignore[misc] # wider on purpose
        Sequence[Callable[..., Any] | ChatCompletionTool | Mapping[str, Any]]
    ]
    """What the model may call: functions, tools, and definitions with a function in `handlers`."""
