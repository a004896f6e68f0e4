"""64 threads on one synchronous client, against a server that takes 20 ms to answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from statistics import median

import httpx

from tensormesh import Tensormesh

from .answers import MODEL
from .measure import ratio, take_turns
from .report import Row
from .setting import API_KEY, MESSAGES, Setting, has_openai, openai

THREADS = 64
SERVER_MILLISECONDS = 20

Ask = Callable[[], object]


def run(setting: Setting) -> Iterator[Row]:
    """Rates, by the clock."""
    url = setting.after(SERVER_MILLISECONDS)
    asks = {"tensormesh": _tensormesh(url), "httpx": _httpx(url)}
    if has_openai():
        asks["openai"] = _openai(url)
    each = setting.choose(20, 5)
    figures = take_turns(
        {name: _rate(ask, each) for name, ask in asks.items()}, setting.choose(7, 2)
    )
    ceiling = THREADS / SERVER_MILLISECONDS * 1e3
    shown = ", ".join(f"{name} {median(rates):,.0f}/s" for name, rates in figures.items())
    yield Row(
        suite="threads",
        name=f"{THREADS} threads on one client, calls a second / openai",
        reached=ratio(figures, "tensormesh", "openai") if has_openai() else None,
        target=2.5,
        at_least=True,
        note=f"{shown}; the server's delay allows {ceiling:,.0f}/s",
    )


def _tensormesh(url: str) -> Ask:
    client = Tensormesh(inference_api_key=API_KEY, serverless_base_url=url)
    completions = client.inference.serverless.chat.completions
    return lambda: completions.create(model=MODEL, messages=MESSAGES, max_tokens=64)


def _httpx(url: str) -> Ask:
    client = httpx.Client(
        headers={"Authorization": f"Bearer {API_KEY}"},
        limits=httpx.Limits(max_keepalive_connections=None),
    )
    body = {"model": MODEL, "messages": MESSAGES, "max_tokens": 64}
    return lambda: client.post(f"{url}/v1/chat/completions", json=body).json()


def _openai(url: str) -> Ask:
    completions = openai().OpenAI(api_key=API_KEY, base_url=f"{url}/v1").chat.completions
    return lambda: completions.create(model=MODEL, messages=MESSAGES, max_tokens=64)


def _rate(ask: Ask, each: int) -> Callable[[], float]:
    def user(_: int) -> None:
        for _call in range(each):
            ask()

    def measure() -> float:
        with ThreadPoolExecutor(THREADS) as executor:
            start = time.perf_counter()
            list(executor.map(user, range(THREADS)))
            return THREADS * each / (time.perf_counter() - start)

    return measure
