"""`chat.completions.run`, for both clients. All that it takes is loaded by its first call."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Literal, Unpack, cast, overload

from tensormesh_api.inference.resources.chat import (
    AsyncChatCompletionsResource,
    ChatCompletionsResource,
)

if TYPE_CHECKING:
    from .._calls.dispatcher import AsyncTransport, SyncTransport
    from .._tools.async_run import AsyncRunStream
    from .._tools.call import ToolCall
    from .._tools.events import RunResult
    from .._tools.loop import Loop
    from .._tools.run import RunStream
    from .params import RunParams

    Approve = Callable[[ToolCall], bool | str]
    AsyncApprove = Callable[[ToolCall], bool | str | Awaitable[bool | str]]


class RunMethods(ChatCompletionsResource):
    """`run` of a synchronous client."""

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
        self,
        *,
        stream: Literal[True],
        approve: Approve | None = None,
        **params: Unpack[RunParams],
    ) -> RunStream: ...
    @overload
    def run(
        self,
        *,
        stream: bool | None,
        approve: Approve | None = None,
        **params: Unpack[RunParams],
    ) -> RunResult | RunStream: ...
    def run(
        self,
        *,
        stream: bool | None = None,
        approve: Approve | None = None,
        **params: Unpack[RunParams],
    ) -> RunResult | RunStream:
        """Let the model call functions until it answers by text.

        Each round asks the model, makes the calls that it wants, all at once, and sends it the
        results. What goes wrong with a call, goes to the model as its result.

        Args:
            model (str): Name of the model.
            messages (Sequence[ChatMessage | Mapping[str, Any]]): The conversation so far.
            tools (Sequence[Callable | ChatCompletionTool | Mapping[str, Any]]): What the model may
                call: functions, which are made tools as by `tool`; and definitions, each with a
                function in `handlers`.
            handlers: Functions for definitions among the tools, by name. They get the arguments
                as plain data.
            approve: Called with each `ToolCall` before any call of its round is made. True lets it
                pass; False, or a text that says why, refuses it, and the model is told. What it
                raises ends the run. With an asynchronous client it may be an async function.
            on_error: What a tool's exception does: `"report"` tells the model, `"raise"` ends the
                run. Calls that cannot be made, as of an unknown tool, are always told the model.
            max_rounds: How often the model may be asked. Default: 10.
            max_seconds: How long the run may take, in seconds. Default: no bound.
            max_tokens_total: How many tokens all rounds may use before no further one is begun.
                Default: no bound.
            max_parallel: How many calls may run at once, ordinary functions on threads of
                their own. With 1, a synchronous client makes them in the calling thread.
                Default: 8.
            parse_text_calls: Whether calls are also looked for in the answer's text, for servers
                that leave them there: objects with `name` and `arguments`, between `<tool_call>`
                tags, or as the whole text. Default: False.
            **params: All other arguments are those of `create`, and go into every request. A
                `tool_choice` that forces a call holds for the first round.
            stream: True gives the events of the run in place of its result. Default: False.
            extra_headers: Headers added to each request; a value of None takes a header away.
            extra_query: Query parameters added to each request.
            extra_body: Fields added to each JSON body; they win over those given by name.
            timeout_seconds: In place of the client's timeout for each request, in seconds.
            total_timeout_seconds: Longest time of each request as a whole, in seconds. The bound
                of the run is `max_seconds`.

        Returns:
            RunResult: The text, the conversation, the tokens used, the calls. With `stream` a
                `RunStream`, to be iterated for its events.

        Raises:
            TypeError, ValueError: An argument is not valid; nothing was sent.
            ToolLimitError: A bound was reached; the error has the conversation so far.
            ToolCallError: A tool failed, and `on_error` is `"raise"`.
            APIError: A request failed, as in `create`; its `transcript` is the conversation so
                far.
        """
        from .._tools.run import RunStream

        loop, max_parallel = _begin(self._dispatcher, params)
        run = RunStream(
            self.create,
            loop,
            approve=approve,
            is_streamed=bool(stream),
            max_parallel=max_parallel,
        )
        return run if stream else run.get_final_result()


class AsyncRunMethods(AsyncChatCompletionsResource):
    """`run` of an asynchronous client."""

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
        """Let the model call functions until it answers by text.

        Each round asks the model, makes the calls that it wants, all at once, and sends it the
        results. What goes wrong with a call, goes to the model as its result.

        Args:
            model (str): Name of the model.
            messages (Sequence[ChatMessage | Mapping[str, Any]]): The conversation so far.
            tools (Sequence[Callable | ChatCompletionTool | Mapping[str, Any]]): What the model may
                call: functions, which are made tools as by `tool`; and definitions, each with a
                function in `handlers`.
            handlers: Functions for definitions among the tools, by name. They get the arguments
                as plain data.
            approve: Called with each `ToolCall` before any call of its round is made. True lets it
                pass; False, or a text that says why, refuses it, and the model is told. What it
                raises ends the run. With an asynchronous client it may be an async function.
            on_error: What a tool's exception does: `"report"` tells the model, `"raise"` ends the
                run. Calls that cannot be made, as of an unknown tool, are always told the model.
            max_rounds: How often the model may be asked. Default: 10.
            max_seconds: How long the run may take, in seconds. Default: no bound.
            max_tokens_total: How many tokens all rounds may use before no further one is begun.
                Default: no bound.
            max_parallel: How many calls may run at once, ordinary functions on threads of
                their own. With 1, a synchronous client makes them in the calling thread.
                Default: 8.
            parse_text_calls: Whether calls are also looked for in the answer's text, for servers
                that leave them there: objects with `name` and `arguments`, between `<tool_call>`
                tags, or as the whole text. Default: False.
            **params: All other arguments are those of `create`, and go into every request. A
                `tool_choice` that forces a call holds for the first round.
            stream: True gives the events of the run in place of its result. Default: False.
            extra_headers: Headers added to each request; a value of None takes a header away.
            extra_query: Query parameters added to each request.
            extra_body: Fields added to each JSON body; they win over those given by name.
            timeout_seconds: In place of the client's timeout for each request, in seconds.
            total_timeout_seconds: Longest time of each request as a whole, in seconds. The bound
                of the run is `max_seconds`.

        Returns:
            RunResult: The text, the conversation, the tokens used, the calls. With `stream` a
                `AsyncRunStream`, to be iterated for its events.

        Raises:
            TypeError, ValueError: An argument is not valid; nothing was sent.
            ToolLimitError: A bound was reached; the error has the conversation so far.
            ToolCallError: A tool failed, and `on_error` is `"raise"`.
            APIError: A request failed, as in `create`; its `transcript` is the conversation so
                far.
        """
        from .._tools.async_run import AsyncRunStream

        loop, max_parallel = _begin(self._dispatcher, params)
        run = AsyncRunStream(
            self.create,
            loop,
            approve=approve,
            is_streamed=bool(stream),
            max_parallel=max_parallel,
        )
        return run if stream else await run.get_final_result()


def _begin(client: object, params: RunParams) -> tuple[Loop, int]:
    """The state of a run, and how many calls it may make at once."""
    from .._tools.box import Toolbox
    from .._tools.loop import Loop, Rules

    # What is left of the run may shorten this bound of a request, but never lengthens it.
    settings = cast("SyncTransport | AsyncTransport", client).settings
    given: dict[str, Any] = {"total_timeout_seconds": settings.total_timeout_seconds}
    given |= {key: value for key, value in params.items() if value is not None}
    rules = Rules(**{name: given.pop(name) for name in Rules._fields if name in given})
    max_parallel: int = given.pop("max_parallel", 8)
    toolbox = Toolbox(given.pop("tools", ()), given.pop("handlers", None))
    return Loop(toolbox, given, rules), max_parallel
