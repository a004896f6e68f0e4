"""The SDK asks for objects, and the local host's built-in model gives them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import pytest
from support.contract_sdk import ask, client_settings
from support.project_files import ROOT

from tensormesh import AsyncTensormesh, StructuredOutputError, Tensormesh
from tensormesh_local import LocalHost


@dataclass
class Line:
    item: str
    quantity: int
    price: float


@dataclass
class Invoice:
    number: str
    seller: str
    currency: Literal["EUR", "USD"]
    lines: list[Line]
    total: float


MODEL_FILE = ROOT / "tests" / "models" / "tiny-chat-f16.gguf"
TEXT = """Extract the invoice.

Number: 2024-117
Seller: Blue Heron Paper
Currency: USD
Item: copy paper
Quantity: 3
Price: 12.50
Total: 37.50
"""
EXTRACTED = Invoice("2024-117", "Blue Heron Paper", "USD", [Line("copy paper", 3, 12.5)], 37.5)


@pytest.fixture(params=["serverless", "on_demand"])
def surface(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.mark.parametrize("number", range(3), ids=["chat", "think", "reasoning"])
def test_every_local_model_extracts_an_object(
    local_host: LocalHost, surface: str, number: int
) -> None:
    with Tensormesh(**client_settings(local_host)) as client:
        host: Any = getattr(client.inference, surface)
        model = host.models.list().data[number].id
        parse = host.chat.completions.parse
        whole = parse(model=model, messages=ask(TEXT), response_model=Invoice)
        assert whole.parsed == EXTRACTED
        assert whole.usage.completion_tokens > 0
        stream = parse(model=model, messages=ask(TEXT), response_model=Invoice, stream=True)
        partials = [event.partial for event in stream]
        assert stream.get_final_completion().parsed == EXTRACTED
        assert stream.get_final_completion().usage.total_tokens == whole.usage.total_tokens
    assert any(partial and "total" not in partial for partial in partials)
    assert partials[-1]["total"] == 37.5


def test_an_asynchronous_client_gets_the_same(local_host: LocalHost, surface: str) -> None:
    async def extract() -> Any:
        async with AsyncTensormesh(**client_settings(local_host)) as client:
            host: Any = getattr(client.inference, surface)
            model = (await host.models.list()).data[0].id
            parse = host.chat.completions.parse
            whole = await parse(model=model, messages=ask(TEXT), response_model=Invoice)
            stream = await parse(
                model=model, messages=ask(TEXT), response_model=Invoice, stream=True
            )
            partials = [event.partial async for event in stream]
            return whole.parsed, partials[-1]["number"], await stream.get_final_completion()

    whole, number, final = asyncio.run(extract())
    assert whole == final.parsed == EXTRACTED
    assert number == "2024-117"


def test_an_answer_that_is_cut_says_so(local_host: LocalHost) -> None:
    with Tensormesh(**client_settings(local_host)) as client:
        parse = client.inference.serverless.chat.completions.parse
        with pytest.raises(StructuredOutputError) as caught:
            parse(
                model="tm-local-chat",
                messages=ask(TEXT),
                response_model=Invoice,
                max_tokens=9,
                max_attempts=2,
            )
    assert (caught.value.reason, caught.value.attempts) == ("length", 2)
    assert caught.value.usage is not None
    assert caught.value.usage.completion_tokens == 18


def test_plain_json_mode_gives_its_data(local_host: LocalHost) -> None:
    with Tensormesh(**client_settings(local_host)) as client:
        completion = client.inference.serverless.chat.completions.create(
            model="tm-local-chat",
            messages=ask("Name a bird in JSON with keys name and age."),
            response_format={"type": "json_object"},
        )
    assert list(completion.choices[0].message.json()) == ["name", "age"]


@dataclass
class Reply:
    answer: str
    n: int


@pytest.fixture(scope="module")
def llama_host() -> Iterator[LocalHost]:
    with LocalHost("llama", model_path=MODEL_FILE) as host:
        yield host


@pytest.fixture
def from_llama(llama_host: LocalHost, surface: str) -> Iterator[Callable[..., Any]]:
    with Tensormesh(**client_settings(llama_host)) as client:
        host: Any = getattr(client.inference, surface)
        yield partial(
            host.chat.completions.parse,
            model=MODEL_FILE.stem,
            messages=ask("Reply in JSON."),
            response_model=Reply,
            temperature=0,
            max_tokens=64,
        )


def test_a_real_model_that_was_trained_on_the_form_gives_an_object(
    from_llama: Callable[..., Any],
) -> None:
    whole = from_llama(schema_prompt=None)
    stream = from_llama(schema_prompt=None, stream=True)
    partials = [event.partial for event in stream]
    assert whole.parsed == stream.get_final_completion().parsed == Reply("yes", 1)
    assert {"answer": "yes"} in partials


def test_a_real_model_that_does_not_understand_the_schema_is_told_of_by_its_text(
    from_llama: Callable[..., Any],
) -> None:
    with pytest.raises(StructuredOutputError) as caught:
        from_llama(max_attempts=2)
    error = caught.value
    assert error.attempts == 2
    # In JSON mode it cannot but begin an object, which it may never come to an end of.
    assert error.reason in ("length", "schema")
    assert error.text.startswith("{")
    assert error.completion is not None
    assert error.completion.usage is not None
    assert error.usage is not None
    assert error.usage.completion_tokens > error.completion.usage.completion_tokens
