"""CPU of one chat call after the other, on one connection."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from statistics import median

import httpx

from tensormesh import AsyncTensormesh, Tensormesh

from .answers import MODEL
from .measure import cpu_microseconds, ratio, take_turns
from .report import Row
from .setting import API_KEY, MESSAGES, Setting, has_openai, openai

Chat = Callable[[], object]
AsyncChat = Callable[[], Coroutine[None, None, object]]


def _tensormesh(url: str) -> Chat:
    client = Tensormesh(inference_api_key=API_KEY, serverless_base_url=url)
    completions = client.inference.serverless.chat.completions
    return lambda: (
        completions.create(model=MODEL, messages=MESSAGES, max_tokens=64).choices[0].message.content
    )


def _httpx(url: str) -> Chat:
    client = httpx.Client(headers={"Authorization": f"Bearer {API_KEY}"})
    body = {"model": MODEL, "messages": MESSAGES, "max_tokens": 64}
    target = f"{url}/v1/chat/completions"
    return lambda: client.post(target, json=body).json()["choices"][0]["message"]["content"]


def _openai(url: str) -> Chat:
    completions = openai().OpenAI(api_key=API_KEY, base_url=f"{url}/v1").chat.completions
    return lambda: (
        completions.create(model=MODEL, messages=MESSAGES, max_tokens=64).choices[0].message.content
    )


def _async_tensormesh(url: str) -> AsyncChat:
    client = AsyncTensormesh(inference_api_key=API_KEY, serverless_base_url=url)
    completions = client.inference.serverless.chat.completions

    async def chat() -> object:
        answer = await completions.create(model=MODEL, messages=MESSAGES, max_tokens=64)
        return answer.choices[0].message.content

    return chat


def _async_httpx(url: str) -> AsyncChat:
    client = httpx.AsyncClient(headers={"Authorization": f"Bearer {API_KEY}"})
    body = {"model": MODEL, "messages": MESSAGES, "max_tokens": 64}

    async def chat() -> object:
        response = await client.post(f"{url}/v1/chat/completions", json=body)
        return response.json()["choices"][0]["message"]["content"]

    return chat


def _async_openai(url: str) -> AsyncChat:
    completions = openai().AsyncOpenAI(api_key=API_KEY, base_url=f"{url}/v1").chat.completions

    async def chat() -> object:
        answer = await completions.create(model=MODEL, messages=MESSAGES, max_tokens=64)
        return answer.choices[0].message.content

    return chat


def _measure(chat: Chat, calls: int) -> Callable[[], float]:
    def many() -> None:
        for _ in range(calls):
            chat()

    return lambda: cpu_microseconds(many, calls)


def _measure_async(chat: AsyncChat, calls: int, runner: asyncio.Runner) -> Callable[[], float]:
    async def many() -> None:
        for _ in range(calls):
            await chat()

    return lambda: cpu_microseconds(lambda: runner.run(many()), calls)


def run(setting: Setting) -> Iterator[Row]:
    """Typed answers, against dicts by httpx and typed answers by openai."""
    calls = setting.choose(300, 100)
    makers = {"tensormesh": _tensormesh, "httpx": _httpx}
    async_makers = {"tensormesh": _async_tensormesh, "httpx": _async_httpx}
    if has_openai():
        makers["openai"], async_makers["openai"] = _openai, _async_openai
    yield from _compare(
        setting,
        "chat call",
        {name: _measure(make(setting.url), calls) for name, make in makers.items()},
    )
    with asyncio.Runner() as runner:
        yield from _compare(
            setting,
            "chat call, async",
            {
                name: _measure_async(make(setting.url), calls, runner)
                for name, make in async_makers.items()
            },
        )


def _compare(
    setting: Setting, title: str, contestants: dict[str, Callable[[], float]]
) -> Iterator[Row]:
    figures = take_turns(contestants, setting.choose(9, 4))
    shown = ", ".join(f"{name} {median(values):.0f} µs" for name, values in figures.items())
    yield Row(
        suite="call",
        name=f"{title}, typed / httpx with dicts",
        reached=ratio(figures, "tensormesh", "httpx"),
        target=0.75,
        note=shown,
    )
    yield Row(
        suite="call",
        name=f"{title}, typed / openai",
        reached=ratio(figures, "tensormesh", "openai") if has_openai() else None,
        target=0.28,
        note="" if has_openai() else "openai is not installed",
    )
