"""The asynchronous client against the local host: every namespace of both surfaces."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from support.contract_sdk import (
    UNICODE_TEXTS,
    WEATHER_TOOL,
    ask,
    async_surface,
    client_settings,
)

from tensormesh import AsyncTensormesh
from tensormesh_api.inference.resources import AsyncInferenceResources
from tensormesh_local import LocalHost

Flow = Callable[[AsyncInferenceResources, str], Awaitable[None]]


@asynccontextmanager
async def opened(host: LocalHost, name: str) -> AsyncIterator[tuple[AsyncInferenceResources, str]]:
    """The namespaces of a surface, and the chat model's name there."""
    async with AsyncTensormesh(**client_settings(host)) as client:
        api = async_surface(client, name)
        cards = (await api.models.list()).data
        yield api, cards[0].id


@pytest.fixture(params=["serverless", "on_demand"])
def run(request: pytest.FixtureRequest, local_host: LocalHost) -> Callable[[Flow], None]:
    """Runs a flow of calls on one surface."""

    async def with_client(flow: Flow) -> None:
        async with opened(local_host, request.param) as (api, model):
            await flow(api, model)

    return lambda flow: asyncio.run(with_client(flow))


def test_health_and_version_are_told(run: Callable[[Flow], None]) -> None:
    async def flow(api: AsyncInferenceResources, model: str) -> None:
        assert (await api.health.get()).status == "ok"
        assert (await api.version.get()).version

    run(flow)


def test_streamed_chat_is_the_chat_in_pieces(run: Callable[[Flow], None]) -> None:
    async def flow(api: AsyncInferenceResources, model: str) -> None:
        messages = ask("Count to ten.")
        whole = await api.chat.completions.create(model=model, messages=messages)
        stream = await api.chat.completions.create(model=model, messages=messages, stream=True)
        assert "".join([piece async for piece in stream.text_deltas()]) == (
            whole.choices[0].message.content
        )
        async with await api.chat.completions.create(
            model=model, messages=messages, stream=True
        ) as again:
            assert [chunk.model async for chunk in again]
            final = await again.get_final_completion()
        assert final.choices[0].message.content == whole.choices[0].message.content

    run(flow)


def test_tool_calls_are_put_together_from_a_stream(run: Callable[[Flow], None]) -> None:
    async def flow(api: AsyncInferenceResources, model: str) -> None:
        stream = await api.chat.completions.create(
            model=model,
            messages=ask("What is the weather in Paris and Rome?"),
            tools=[WEATHER_TOOL],
            stream=True,
        )
        choice = (await stream.get_final_completion()).choices[0]
        assert choice.finish_reason == "tool_calls"
        calls = choice.message.tool_calls or []
        cities = [json.loads(call.function.arguments)["city"] for call in calls]
        assert cities == ["Paris", "Rome"]

    run(flow)


def test_leaked_reasoning_is_kept_out_of_the_text(run: Callable[[Flow], None]) -> None:
    async def flow(api: AsyncInferenceResources, model: str) -> None:
        thinking = model.replace("-chat", "-think")
        messages = ask("What is 2 + 2?")
        whole = await api.chat.completions.create(model=thinking, messages=messages)
        assert whole.choices[0].message.content == "2 + 2 = 4."
        assert whole.choices[0].message.reasoning
        stream = await api.chat.completions.create(model=thinking, messages=messages, stream=True)
        assert "".join([piece async for piece in stream.text_deltas()]) == "2 + 2 = 4."

    run(flow)


def test_json_mode_gives_a_json_object(run: Callable[[Flow], None]) -> None:
    async def flow(api: AsyncInferenceResources, model: str) -> None:
        answer = await api.chat.completions.create(
            model=model,
            messages=ask("Name a bird, as JSON."),
            response_format={"type": "json_object"},
        )
        assert isinstance(json.loads(answer.choices[0].message.content or ""), dict)

    run(flow)


def test_completion_whole_and_streamed_is_the_same(run: Callable[[Flow], None]) -> None:
    async def flow(api: AsyncInferenceResources, model: str) -> None:
        whole = await api.completions.create(model=model, prompt="At dawn,", max_tokens=6)
        stream = await api.completions.create(
            model=model, prompt="At dawn,", max_tokens=6, stream=True
        )
        pieces = [piece async for piece in stream.text_deltas()]
        assert "".join(pieces) == whole.choices[0].text

    run(flow)


def test_response_whole_and_streamed_is_the_same(run: Callable[[Flow], None]) -> None:
    async def flow(api: AsyncInferenceResources, model: str) -> None:
        whole = await api.responses.create(model=model, input="Say hello.")
        stream = await api.responses.create(model=model, input="Say hello.", stream=True)
        assert [event.type async for event in stream][-1] == "response.completed"
        final = await stream.get_final_response()
        assert final.output[0].to_dict()["content"] == whole.output[0].to_dict()["content"]

    run(flow)


def test_any_text_survives_tokenize_and_detokenize(run: Callable[[Flow], None]) -> None:
    async def flow(api: AsyncInferenceResources, model: str) -> None:
        for text in UNICODE_TEXTS:
            tokens = (await api.tokenize.create(model=model, prompt=text)).tokens
            assert (await api.detokenize.create(model=model, tokens=tokens)).prompt == text

    run(flow)


def test_raw_and_streaming_responses_show_what_was_sent(run: Callable[[Flow], None]) -> None:
    async def flow(api: AsyncInferenceResources, model: str) -> None:
        raw = await api.models.with_raw_response.list()
        assert raw.json()["data"][0]["id"] == model
        response = await api.chat.completions.with_streaming_response.create(
            model=model, messages=ask("Say hello."), stream=True
        )
        try:
            lines = [line async for line in response.iter_lines() if line]
        finally:
            await response.close()
        assert lines[-1] == "data: [DONE]"

    run(flow)


def test_calls_at_the_same_time_get_their_own_answers(run: Callable[[Flow], None]) -> None:
    async def flow(api: AsyncInferenceResources, model: str) -> None:
        async def product(number: int) -> str | None:
            answer = await api.chat.completions.create(
                model=model, messages=ask(f"What is {number} * {number}?")
            )
            return answer.choices[0].message.content

        answers = await asyncio.gather(*map(product, range(2, 30)))
        assert answers == [f"{n} * {n} = {n * n}." for n in range(2, 30)]

    run(flow)


def test_a_raw_request_is_answered(run: Callable[[Flow], None]) -> None:
    async def flow(api: AsyncInferenceResources, model: str) -> None:
        listed = await api.request("GET", "/v1/models")
        assert model in {card["id"] for card in listed["data"]}

    run(flow)
