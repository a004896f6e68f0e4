"""Tensormesh SDK for Python.

    from tensormesh import Tensormesh

    with Tensormesh(inference_api_key="...") as client:
        completion = client.inference.serverless.chat.completions.create(
            model="...", messages=[{"role": "user", "content": "Say hello."}]
        )
    print(completion.choices[0].message.content)

Everything is loaded when it is first used: importing this package costs next to nothing.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    # What the methods are declared to give, so that users can write it in their own signatures.
    from tensormesh_api._protocols import (
        AsyncStream,
        AsyncStreamedResponse,
        RawResponse,
        ServerSentEvent,
        Stream,
        StreamedResponse,
    )

    from . import settings, tools, types
    from ._client import AsyncTensormesh, Tensormesh
    from ._errors import (
        APIConnectionError,
        APIError,
        APIStatusError,
        APITimeoutError,
        AuthenticationError,
        BadRequestError,
        ConfigurationError,
        ConflictError,
        InternalServerError,
        NotFoundError,
        PermissionDeniedError,
        ProtocolError,
        RateLimitError,
        StreamError,
        StructuredOutputError,
        TensormeshError,
        UnprocessableEntityError,
    )
    from ._structured.stream import AsyncParsedStream, ParsedEvent, ParsedStream
    from ._structured.types import ParsedChatCompletion
    from ._tools.call import ToolCall
    from ._tools.errors import ToolCallError, ToolLimitError, ToolLoopError
    from ._tools.events import RunResult
    from ._tools.tool import Tool, tool
    from ._version import __version__

# Where what `__all__` names is defined, unless in `_errors`.
_MODULES = {
    "AsyncParsedStream": "_structured.stream",
    "AsyncStream": "_streams.stream",
    "AsyncStreamedResponse": "_calls.responses",
    "AsyncTensormesh": "_client",
    "ParsedChatCompletion": "_structured.types",
    "ParsedEvent": "_structured.stream",
    "ParsedStream": "_structured.stream",
    "RawResponse": "_calls.responses",
    "RunResult": "_tools.events",
    "ServerSentEvent": "_streams.sse",
    "Stream": "_streams.stream",
    "StreamedResponse": "_calls.responses",
    "Tensormesh": "_client",
    "Tool": "_tools.tool",
    "ToolCall": "_tools.call",
    "ToolCallError": "_tools.errors",
    "ToolLimitError": "_tools.errors",
    "ToolLoopError": "_tools.errors",
    "__version__": "_version",
    "tool": "_tools.tool",
}

__all__ = [
    "APIConnectionError",
    "APIError",
    "APIStatusError",
    "APITimeoutError",
    "AsyncParsedStream",
    "AsyncStream",
    "AsyncStreamedResponse",
    "AsyncTensormesh",
    "AuthenticationError",
    "BadRequestError",
    "ConfigurationError",
    "ConflictError",
    "InternalServerError",
    "NotFoundError",
    "ParsedChatCompletion",
    "ParsedEvent",
    "ParsedStream",
    "PermissionDeniedError",
    "ProtocolError",
    "RateLimitError",
    "RawResponse",
    "RunResult",
    "ServerSentEvent",
    "Stream",
    "StreamError",
    "StreamedResponse",
    "StructuredOutputError",
    "Tensormesh",
    "TensormeshError",
    "Tool",
    "ToolCall",
    "ToolCallError",
    "ToolLimitError",
    "ToolLoopError",
    "UnprocessableEntityError",
    "__version__",
    "settings",
    "tool",
    "tools",
    "types",
]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    if name in ("settings", "tools", "types"):
        return import_module(f".{name}", __name__)
    module_name = _MODULES.get(name, "_errors")
    value = getattr(import_module(f".{module_name}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
