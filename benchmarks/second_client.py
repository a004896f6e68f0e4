"""What a further client costs, with all that it needs to speak HTTPS."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from statistics import median

import httpx

from tensormesh import Tensormesh

from .measure import take_turns
from .report import Row
from .setting import API_KEY, Setting, has_openai, openai


def _tensormesh() -> object:
    client = Tensormesh(inference_api_key=API_KEY)
    # Private: no public call builds the HTTP client without sending a request.
    client._get_dispatcher().links.get("https://serverless.tensormesh.ai/v1", None)
    return client


def _openai() -> object:
    return openai().OpenAI(api_key=API_KEY)


def _milliseconds(make: Callable[[], object]) -> Callable[[], float]:
    def measure() -> float:
        start = time.perf_counter()
        make()
        return (time.perf_counter() - start) * 1e3

    return measure


def run(setting: Setting) -> Iterator[Row]:
    """Construction, once everything is loaded."""
    makers: dict[str, Callable[[], object]] = {"tensormesh": _tensormesh, "httpx": httpx.Client}
    if has_openai():
        makers["openai"] = _openai
    figures = take_turns(
        {name: _milliseconds(make) for name, make in makers.items()}, setting.choose(30, 10)
    )
    others = [f"{name} {median(figures[name]):.1f} ms" for name in makers if name != "tensormesh"]
    yield Row(
        suite="second",
        name="second client",
        reached=median(figures["tensormesh"]),
        unit="ms",
        target=1,
        note=", ".join(others),
    )
