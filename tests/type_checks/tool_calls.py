"""What a type checker knows of tools and their runs. Checked, never run."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, assert_type

from tensormesh import AsyncTensormesh, RunResult, Tensormesh, Tool, ToolCall, tool
from tensormesh.tools import (
    AsyncRunStream,
    CallFinished,
    CallStarted,
    RunEvent,
    RunFinished,
    RunStream,
    TextDelta,
)
from tensormesh.types import ChatCompletionTool, ChatMessage

chat = Tensormesh().inference.serverless.chat.completions
async_chat = AsyncTensormesh().inference.on_demand.chat.completions
messages = [ChatMessage(role="user", content="Hi")]


@tool
def add(a: int, b: int = 1) -> int:
    """Add."""
    return a + b


@tool(name="fetch", description="Fetch.")
async def fetch(url: str) -> str:
    """Fetch."""
    return url


class Shop:
    """Has a tool."""

    @tool
    def take(self, count: int) -> float:
        """Take."""
        return count / 2


def plain(x: int) -> int:
    """Do."""
    return x


def tools() -> None:
    assert_type(add(1, b=2), int)
    assert_type(add.definition, ChatCompletionTool)
    wait: Coroutine[Any, Any, str] = fetch("x")
    wait.close()
    assert_type(Shop().take(1), float)
    made: Tool[[int], int] = tool(plain)
    assert_type(made(1), int)


def runs(maybe: bool) -> None:
    definition: dict[str, Any] = {"type": "function"}
    result = chat.run(
        model="m",
        messages=messages,
        tools=[add, plain, Shop().take, add.definition, definition],
        handlers={"x": plain},
    )
    assert_type(result, RunResult)
    assert_type(result.messages, list[ChatMessage])
    assert_type(result.calls, list[ToolCall])
    assert_type(chat.run(model="m", messages=messages, tools=[add], stream=True), RunStream)
    assert_type(
        chat.run(model="m", messages=messages, tools=[add], stream=maybe), RunResult | RunStream
    )
    chat.run(model="m", messages=result.messages, tools=[add], temperature=0, max_rounds=3)


def events(run: RunStream) -> None:
    for event in run:
        assert_type(event, RunEvent)
        if isinstance(event, TextDelta):
            assert_type(event.text, str)
        if event.type == "call_started":
            assert_type(event, CallStarted)
        if event.type == "call_result":
            assert_type(event, CallFinished)
        if isinstance(event, RunFinished):
            assert_type(event.result, RunResult)
    with run as same:
        assert_type(same.get_final_result(), RunResult)


async def asynchronous() -> None:
    async def approve(call: ToolCall) -> bool | str:
        return call.name == "fetch" or "no"

    result = await async_chat.run(model="m", messages=messages, tools=[fetch, add], approve=approve)
    assert_type(result, RunResult)
    run = await async_chat.run(model="m", messages=messages, tools=[fetch], stream=True)
    assert_type(run, AsyncRunStream)
    async with run:
        async for event in run:
            assert_type(event, RunEvent)
