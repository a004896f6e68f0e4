"""`chat.completions.run`, for both clients. The first call loads what it needs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Literal, TypeVar, Unpack, overload

from tensormesh_api.inference.resources.chat import (
    AsyncChatCompletionsResource,
    ChatCompletionsResource,
)

if TYPE_CHECKING:
    from .._tools.async_run import AsyncRunStream
    from .._tools.call import ToolCall
    from .._tools.events import RunResult
    from .._tools.run import RunState, RunStream
    from .params import RunParams

    Approve = Callable[[ToolCall], bool | str]
    AsyncApprove = Callable[[ToolCall], bool | str | Awaitable[bool | str]]

RunT = TypeVar("RunT", bound="RunState")


class RunMethods(ChatCompletionsResource):
    """The method `run`."""

    __slots__ = ()

    @overload
    def run(
        self,
        *,
        stream: Literal[False] | None = None,
        approve: Approve | None = None,
        **params: Unpack[RunParams],
    ) -> RunResult: ...
    @overload
    def run(
        self, *, stream: Literal[True], approve: Approve | None = None, **params: Unpack[RunParams]
    ) -> RunStream: ...
    @overload
    def run(
        self, *, stream: bool | None, approve: Approve | None = None, **params: Unpack[RunParams]
    ) -> RunResult | RunStream: ...
    def run(
        self,
        *,
        stream: bool | None = None,
        approve: Approve | None = None,
        **params: Unpack[RunParams],
    ) -> RunResult | RunStream:
        """Let the model call functions until it responds with text.

        Each round sends the conversation to the model, makes the tool calls of the response
        concurrently, and appends their results. If a call fails, the model is told why.

        Args:
            model (str): Name of the model.
            messages (Sequence[ChatMessage | Mapping[str, Any]]): The conversation so far.
            tools (Sequence[Callable | ChatCompletionTool | Mapping[str, Any]]): What the model may
                call: functions, which are turned into tools as by `tool`, or definitions, each
                with a function in `handlers`.
            handlers: Functions for the definitions among `tools`, by name. They receive the
                arguments as plain data.
            approve: Function called with each `ToolCall` of a round before any of them is made.
                Return True to allow the call, or False or a reason to refuse it; the model is
                told. An exception ends the run. With an asynchronous client, it may be an
                async function.
            on_error: What to do when a tool raises an exception: `"report"` it to the model, or
                `"raise"` it and end the run. Calls that cannot be made, such as calls of unknown
                tools, are always reported to the model.
            max_rounds: Maximum number of requests to the model. Default: 10.
            max_seconds: Time limit of the run, in seconds. Default: none.
            max_tokens_total: Start no new round after this many tokens. Default: no limit.
            max_parallel: Maximum number of tool calls to run at once. Ordinary functions run on
                threads; with 1, a synchronous client uses the calling thread.
                Default: 8.
            parse_text_calls: Whether to also look for tool calls in the response text, for servers
                that leave them there: objects with `name` and `arguments`, between `<tool_call>`
                tags or as the whole text. Default: False.
            **params: Other arguments of `create`, sent with every request. A `tool_choice` that
                forces a call applies to the first round only.
            stream: Whether to return a stream of events instead of the result. Default: False.
            extra_headers: Headers to add to each request. None removes a header.
            extra_query: Query parameters to add to each request.
            extra_body: Fields to add to each JSON body. They override keyword arguments.
            timeout_seconds: Timeout of each request in seconds, overriding the client's.
            total_timeout_seconds: Time limit of each request in seconds, including its stream.
                `max_seconds` limits the whole run.

        Returns:
            RunResult: The text, the conversation, the token usage and the calls. With `stream`, a
                `RunStream` of events.

        Raises:
            TypeError, ValueError: An argument is invalid; nothing was sent.
            ToolLimitError: The run reached a limit. The error holds the conversation so far.
            ToolCallError: A tool failed and `on_error` is `"raise"`.
            APIError: A request failed, as in `create`. Its `transcript` is the conversation so
                far.
        """
        from .._tools.run import RunStream

        run = _begin(RunStream, self, stream, approve, params)
        return run if stream else run.get_final_result()


class AsyncRunMethods(AsyncChatCompletionsResource):
    """The method `run` of an asynchronous client."""

    __slots__ = ()

    @overload
    async def run(
        self,
        *,
        stream: Literal[False] | None = None,
        approve: AsyncApprove | None = None,
        **params: Unpack[RunParams],
    ) -> RunResult: ...
    @overload
    async def run(
        self,
        *,
        stream: Literal[True],
        approve: AsyncApprove | None = None,
        **params: Unpack[RunParams],
    ) -> AsyncRunStream: ...
    @overload
    async def run(
        self,
        *,
        stream: bool | None,
        approve: AsyncApprove | None = None,
        **params: Unpack[RunParams],
    ) -> RunResult | AsyncRunStream: ...
    async def run(
        self,
        *,
        stream: bool | None = None,
        approve: AsyncApprove | None = None,
        **params: Unpack[RunParams],
    ) -> RunResult | AsyncRunStream:
        """Let the model call functions until it responds with text.

        Each round sends the conversation to the model, makes the tool calls of the response
        concurrently, and appends their results. If a call fails, the model is told why.

        Args:
            model (str): Name of the model.
            messages (Sequence[ChatMessage | Mapping[str, Any]]): The conversation so far.
            tools (Sequence[Callable | ChatCompletionTool | Mapping[str, Any]]): What the model may
                call: functions, which are turned into tools as by `tool`, or definitions, each
                with a function in `handlers`.
            handlers: Functions for the definitions among `tools`, by name. They receive the
                arguments as plain data.
            approve: Function called with each `ToolCall` of a round before any of them is made.
                Return True to allow the call, or False or a reason to refuse it; the model is
                told. An exception ends the run. With an asynchronous client, it may be an
                async function.
            on_error: What to do when a tool raises an exception: `"report"` it to the model, or
                `"raise"` it and end the run. Calls that cannot be made, such as calls of unknown
                tools, are always reported to the model.
            max_rounds: Maximum number of requests to the model. Default: 10.
            max_seconds: Time limit of the run, in seconds. Default: none.
            max_tokens_total: Start no new round after this many tokens. Default: no limit.
            max_parallel: Maximum number of tool calls to run at once. Ordinary functions run on
                threads; with 1, a synchronous client uses the calling thread.
                Default: 8.
            parse_text_calls: Whether to also look for tool calls in the response text, for servers
                that leave them there: objects with `name` and `arguments`, between `<tool_call>`
                tags or as the whole text. Default: False.
            **params: Other arguments of `create`, sent with every request. A `tool_choice` that
                forces a call applies to the first round only.
            stream: Whether to return a stream of events instead of the result. Default: False.
            extra_headers: Headers to add to each request. None removes a header.
            extra_query: Query parameters to add to each request.
            extra_body: Fields to add to each JSON body. They override keyword arguments.
            timeout_seconds: Timeout of each request in seconds, overriding the client's.
            total_timeout_seconds: Time limit of each request in seconds, including its stream.
                `max_seconds` limits the whole run.

        Returns:
            RunResult: The text, the conversation, the token usage and the calls. With `stream`, a
                `AsyncRunStream` of events.

        Raises:
            TypeError, ValueError: An argument is invalid; nothing was sent.
            ToolLimitError: The run reached a limit. The error holds the conversation so far.
            ToolCallError: A tool failed and `on_error` is `"raise"`.
            APIError: A request failed, as in `create`. Its `transcript` is the conversation so
                far.
        """
        from .._tools.async_run import AsyncRunStream

        run = _begin(AsyncRunStream, self, stream, approve, params)
        return run if stream else await run.get_final_result()


def _begin(
    cls: type[RunT],
    resource: Any,
    stream: bool | None,
    approve: Callable[[ToolCall], Any] | None,
    params: RunParams,
) -> RunT:
    """Return a run that has not sent anything yet."""
    from .._tools.box import Toolbox
    from .._tools.loop import Loop, Rules

    # The remaining time of the run may shorten this limit, but never extend it.
    limit = resource._dispatcher.settings.total_timeout_seconds
    given: dict[str, Any] = {"total_timeout_seconds": limit}
    given |= {key: value for key, value in params.items() if value is not None}
    rules = Rules(**{name: given.pop(name) for name in Rules._fields if name in given})
    max_parallel: int = given.pop("max_parallel", 8)
    toolbox = Toolbox(given.pop("tools", ()), given.pop("handlers", None))
    if not cls._allows_async:
        toolbox.refuse_async()
    return cls(
        resource.create,
        Loop(toolbox, given, rules),
        approve=approve,
        is_streamed=bool(stream),
        max_parallel=max_parallel,
    )
