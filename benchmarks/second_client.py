"""Time to construct a second client that is ready for HTTPS."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from statistics import median

import httpx

from tensormesh import Tensormesh

from .clients import API_KEY, is_installed, openai_client
from .measure import Setting, show_medians, take_turns
from .report import Row


def run(setting: Setting) -> Iterator[Row]:
    """Measure construction, once everything is imported."""
    makers: dict[str, Callable[[], object]] = {"tensormesh": _tensormesh, "httpx": httpx.Client}
    if is_installed("openai"):
        makers["openai"] = lambda: openai_client("https://serverless.tensormesh.ai")
    timers = {name: partial(_milliseconds, make) for name, make in makers.items()}
    figures = take_turns(timers, setting.choose(30, 10))
    ours = median(figures.pop("tensormesh"))
    yield Row("construction", ours, "ms", target=1, note=show_medians(figures, "{:.1f} ms"))


def _tensormesh() -> object:
    client = Tensormesh(inference_api_key=API_KEY)
    # Private: no public call makes the link without sending a request.
    client._get_dispatcher().links.get("https://serverless.tensormesh.ai/v1", None)
    return client


def _milliseconds(make: Callable[[], object]) -> float:
    start = time.perf_counter()
    make()
    return (time.perf_counter() - start) * 1e3
