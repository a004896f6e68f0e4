"""Many requests at a time by one asynchronous client: 200 and 1,000 calls, and 200 streams."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from statistics import median

from .crowd_clients import (
    Open,
    aiohttp_chat,
    httpx_chat,
    openai_chat,
    openai_stream,
    tensormesh_chat,
    tensormesh_stream,
)
from .crowd_load import crowd
from .measure import allow_open_files, ratio, take_turns
from .report import Row
from .setting import Setting, has

STREAMS = 200
CHUNKS = 50
LAYOUTS = {"each": "as fast as they are read", "single": "one event at a time"}


def run(setting: Setting) -> Iterator[Row]:
    """Rates, by the clock: client and server have a core each if there are two."""
    allow_open_files()
    for in_flight, each in ((200, setting.choose(5, 2)), (1000, setting.choose(3, 1))):
        yield from _calls(setting, in_flight, each)
    for layout, how in LAYOUTS.items():
        yield from _streams(setting, layout, how)


def _calls(setting: Setting, in_flight: int, each: int) -> Iterator[Row]:
    contestants: dict[str, Open] = {"tensormesh": tensormesh_chat}
    if has("aiohttp"):
        contestants["aiohttp"] = aiohttp_chat
    if has("openai"):
        contestants["openai"] = openai_chat
    if in_flight <= 200 and not setting.quick:
        contestants["httpx"] = httpx_chat
    figures = take_turns(
        {name: _rate(opened, setting.url, in_flight, each) for name, opened in contestants.items()},
        setting.choose(5, 1),
        warm_up=False,
    )
    note = _shown(figures)
    for peer, what, target in (
        ("openai", "openai", 7),
        ("aiohttp", "dicts by raw aiohttp", 0.6),
    ):
        name = f"{in_flight:,} calls in flight, calls a second / {what}"
        yield _row(figures, name, peer, target, note)


def _streams(setting: Setting, layout: str, how: str) -> Iterator[Row]:
    contestants: dict[str, Open] = {"tensormesh": tensormesh_stream}
    if has("openai"):
        contestants["openai"] = openai_stream
    url = setting.streams(layout, CHUNKS)
    each = setting.choose(4, 1)
    figures = take_turns(
        {name: _rate(opened, url, STREAMS, each) for name, opened in contestants.items()},
        setting.choose(5, 1),
        warm_up=False,
    )
    name = f"{STREAMS} concurrent streams, {how}, chunks a second / openai"
    yield _row(figures, name, "openai", 5, _shown(figures))


def _rate(opened: Open, url: str, in_flight: int, each: int) -> Callable[[], float]:
    return lambda: asyncio.run(crowd(opened, url, in_flight, each)).rate


def _shown(figures: Mapping[str, list[float]]) -> str:
    return ", ".join(f"{name} {median(rates):,.0f}/s" for name, rates in figures.items())


def _row(figures: Mapping[str, list[float]], name: str, peer: str, target: float, note: str) -> Row:
    is_there = peer in figures
    return Row(
        suite="crowd",
        name=name,
        reached=ratio(figures, "tensormesh", peer) if is_there else None,
        target=target,
        at_least=True,
        note=note if is_there else f"{peer} is not installed",
    )
