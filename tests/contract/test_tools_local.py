"""Runs of tools against the local host: its built-in engine, and a real model by llama.cpp."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from support.contract_sdk import ask, async_surface, client_settings, surface
from support.project_files import ROOT

from tensormesh import AsyncTensormesh, RunResult, Tensormesh, tool
from tensormesh.tools import ArgumentsDelta, CallStarted, RunFinished, TextDelta
from tensormesh_local import LocalHost

MODEL_FILE = ROOT / "tests" / "models" / "tiny-chat-f16.gguf"
CITIES = {"Paris": 21, "Rome": 25}


# The small model was trained on this tool, word for word.
@tool
def get_weather(city: str) -> dict[str, Any]:
    """Get the weather"""
    return {"temp_c": CITIES[city], "sky": "clear"}


@pytest.fixture(scope="module")
def llama_host() -> Iterator[LocalHost]:
    with LocalHost("llama", model_path=MODEL_FILE) as host:
        yield host


@pytest.fixture(params=["builtin", "llama"])
def host(request: pytest.FixtureRequest, local_host: LocalHost) -> LocalHost:
    if request.param == "builtin":
        return local_host
    made: LocalHost = request.getfixturevalue("llama_host")
    return made


def arguments(host: LocalHost, question: str, name: str = "serverless") -> dict[str, Any]:
    with Tensormesh(**client_settings(host)) as client:
        model = surface(client, name).models.list().data[0].id
    return {
        "model": model,
        "messages": ask(question),
        "tools": [get_weather],
        "temperature": 0,
        "max_tokens": 96,
    }


def check(result: RunResult, cities: list[str]) -> None:
    assert [made.arguments for made in result.calls] == [{"city": city} for city in cities]
    assert [made.status for made in result.calls] == ["done"] * len(cities)
    roles = [message.role for message in result.messages]
    assert roles == ["user", "assistant", *["tool"] * len(cities), "assistant"]
    assert result.rounds == 2
    assert result.usage is not None
    assert result.usage.total_tokens > 100
    # What the tool said is in the answer.
    assert any(str(CITIES[city]) in result.text for city in cities)


@pytest.mark.parametrize("cities", [["Paris"], ["Paris", "Rome"]])
@pytest.mark.parametrize("name", ["serverless", "on_demand"])
def test_the_model_calls_and_answers(host: LocalHost, name: str, cities: list[str]) -> None:
    asked = arguments(host, f"What is the weather in {' and '.join(cities)}?", name)
    with Tensormesh(**client_settings(host)) as client:
        check(surface(client, name).chat.completions.run(**asked), cities)


@pytest.mark.parametrize("cities", [["Paris"], ["Paris", "Rome"]])
def test_a_streamed_run_shows_calls_and_text_as_they_come(
    host: LocalHost, cities: list[str]
) -> None:
    asked = arguments(host, f"What is the weather in {' and '.join(cities)}?")
    with Tensormesh(**client_settings(host)) as client:
        found = list(client.inference.serverless.chat.completions.run(**asked, stream=True))
    last = found[-1]
    assert isinstance(last, RunFinished)
    check(last.result, cities)
    assert [each.index for each in found if isinstance(each, CallStarted)] == [*range(len(cities))]
    for made in last.result.calls:
        pieces = [
            each.text
            for each in found
            if isinstance(each, ArgumentsDelta) and each.index == made.index
        ]
        assert "".join(pieces) == made.text
        assert len(pieces) > 2
    texts = [each.text for each in found if isinstance(each, TextDelta)]
    assert "".join(texts) == last.result.text
    assert len(texts) > 2


@pytest.mark.parametrize("name", ["serverless", "on_demand"])
def test_the_asynchronous_client_does_the_same(host: LocalHost, name: str) -> None:
    async def fetch(city: str) -> dict[str, Any]:
        """Get the weather"""
        await asyncio.sleep(0)
        return get_weather(city)

    async def collect() -> tuple[RunResult, RunResult]:
        asked = arguments(host, "What is the weather in Paris?", name)
        asked["tools"] = [tool(fetch, name="get_weather")]
        async with AsyncTensormesh(**client_settings(host)) as client:
            chat = async_surface(client, name).chat.completions
            whole = await chat.run(**asked)
            stream = await chat.run(**asked, stream=True)
            return whole, await stream.get_final_result()

    for result in asyncio.run(collect()):
        check(result, ["Paris"])


def test_the_conversation_of_a_run_goes_on(local_host: LocalHost) -> None:
    with Tensormesh(**client_settings(local_host)) as client:
        chat = client.inference.serverless.chat.completions
        asked = arguments(local_host, "What is the weather in Paris?")
        first = chat.run(**asked)
        asked["messages"] = [*first.messages, *ask("What is the weather in Rome?")]
        second = chat.run(**asked)
    assert len(second.messages) == 2 * len(first.messages)
    assert "25" in second.text
