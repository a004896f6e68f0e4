"""Mistakes that type checkers report. Checked, never run.

An unneeded ignore is an error too, so each line with an ignore shows that it is reported.
"""

# pyright: reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

import httpx

from tensormesh import AsyncTensormesh, Tensormesh, ToolCall, tool
from tensormesh.types import ChatMessage

client = Tensormesh()
host = client.inference.serverless
async_host = AsyncTensormesh().inference.serverless
create = host.chat.completions.create
parse = host.chat.completions.parse
run = host.chat.completions.run
message = ChatMessage(role="user", content="Hi")


class Invoice:
    """What a response is parsed into."""


@tool
def add(a: int, b: int = 1) -> int:
    """Add."""
    return a + b


class Shop:
    """Has a tool."""

    @tool
    def take(self, count: int) -> float:
        """Take."""
        return count / 2


def calls() -> None:
    create(model="m", messages=[message], tempratur=1)  # type: ignore[call-overload]
    create(model="m")  # type: ignore[call-overload]
    create(messages=[message])  # type: ignore[call-overload]
    create("m", [message])  # type: ignore[call-overload]
    create(model=5, messages=[message])  # type: ignore[call-overload]
    create(model="m", messages=[message], temperature="hot")  # type: ignore[call-overload]
    create(model="m", messages=[1])  # type: ignore[list-item]
    host.tokenize.create(model="m", prompt="x", promt="y")  # type: ignore[call-arg]
    host.models.list(5)  # type: ignore[call-arg, arg-type]
    host.health.list()  # type: ignore[attr-defined]
    host.models.with_raw_response.list(limit=1)  # type: ignore[call-arg]
    host.request("GET", "/x", querry={})  # type: ignore[call-arg]


def clients() -> None:
    Tensormesh(api_key="k")  # type: ignore[call-arg]
    Tensormesh("k")  # type: ignore[call-arg]
    Tensormesh(http_client=httpx.AsyncClient())  # type: ignore[arg-type]
    AsyncTensormesh(http_client=httpx.Client())  # type: ignore[arg-type]
    client.with_options(http_client=httpx.Client())  # type: ignore[call-arg]


async def async_calls() -> None:
    create = async_host.chat.completions.create
    await create(model="m", messages=[message], tempratur=1)  # type: ignore[call-overload]
    await create(model="m")  # type: ignore[call-overload]
    create(model="m", messages=[message])  # type: ignore[unused-coroutine]
    async_host.models.list()  # type: ignore[unused-coroutine]


def structured_output() -> None:
    parse(model="m", messages=[message])  # type: ignore[call-overload]
    parse(model="m", messages=[message], response_model=Invoice, temprature=0)  # type: ignore[call-overload]
    parse(model="m", messages=[message], response_model=Invoice, max_attempts="2")  # type: ignore[call-overload]


def tools() -> None:
    async def approve(call: ToolCall) -> bool | str:
        return call.name == "add" or "no"

    add("1")  # type: ignore[arg-type]
    add(c=1)  # type: ignore[call-arg]
    Shop().take("1")  # type: ignore[arg-type]
    run(model="m", messages=[message])  # type: ignore[call-overload]
    run(model="m", messages=[message], tools=[add], temprature=0)  # type: ignore[call-overload]
    run(model="m", messages=[message], tools=["add"])  # type: ignore[list-item]
    run(model="m", messages=[message], tools=[add], on_error="ask")  # type: ignore[call-overload]
    run(model="m", messages=[message], tools=[add], approve=approve)  # type: ignore[arg-type]
