"""Rate of one async client with many requests in flight: 200 and 1,000 calls, and 200 streams."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import partial

from .clients import ASYNC_CHATS, ASYNC_STREAMS, Open, installed
from .load import measure_load
from .measure import Figures, Setting, allow_open_files, ratio_row, show_medians, take_turns
from .report import Row

STREAMS, CHUNKS = 200, 50
LAYOUTS = {"each": "as fast as they are read", "single": "one event at a time"}


def run(setting: Setting) -> Iterator[Row]:
    """Compare rates by wall-clock time. Client and server have a core each if there are two."""
    allow_open_files()
    for in_flight, each in ((200, setting.choose(5, 2)), (1000, setting.choose(3, 1))):
        names = ["tensormesh", "aiohttp", "openai"]
        if in_flight <= 200 and not setting.quick:
            names.append("httpx")
        contestants = installed(ASYNC_CHATS, *names)
        figures = _rates(setting, contestants, setting.url, in_flight, each)
        title = f"{in_flight:,} calls in flight, calls a second"
        yield _row(figures, f"{title} / openai", "openai", 7)
        yield _row(figures, f"{title} / raw aiohttp with dicts", "aiohttp", 0.6)
    for layout, how in LAYOUTS.items():
        contestants = installed(ASYNC_STREAMS, "tensormesh", "openai")
        url = f"{setting.url}/{layout}/{CHUNKS}"
        figures = _rates(setting, contestants, url, STREAMS, setting.choose(4, 1))
        name = f"{STREAMS} concurrent streams, {how}, chunks a second / openai"
        yield _row(figures, name, "openai", 5)


def _rates(
    setting: Setting, contestants: dict[str, Open], url: str, in_flight: int, each: int
) -> Figures:
    def rate(opened: Open) -> float:
        load = asyncio.run(measure_load(opened, url, in_flight, each))
        return load.parts / load.seconds

    timers = {name: partial(rate, opened) for name, opened in contestants.items()}
    return take_turns(timers, setting.choose(5, 1), warm_up=False)


def _row(figures: Figures, name: str, peer: str, target: float) -> Row:
    note = show_medians(figures, "{:,.0f}/s")
    return ratio_row(figures, name, "tensormesh", peer, target, at_least=True, note=note)
