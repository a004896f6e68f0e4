"""Rate of 64 threads that share a sync client, if the server takes 20 ms per call."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from .clients import sync_chats
from .measure import Setting, ratio_row, show_medians, take_turns
from .report import Row

THREADS = 64
SERVER_MILLISECONDS = 20


def run(setting: Setting) -> Iterator[Row]:
    """Compare calls a second, by wall-clock time."""
    chats = sync_chats(f"{setting.url}/after/{SERVER_MILLISECONDS}")
    each = setting.choose(20, 5)
    timers = {name: partial(_rate, chat, each) for name, chat in chats.items()}
    figures = take_turns(timers, setting.choose(7, 2))
    rates = show_medians(figures, "{:,.0f}/s")
    ceiling = THREADS / SERVER_MILLISECONDS * 1e3
    yield ratio_row(
        figures,
        f"{THREADS} threads on one client, calls a second / openai",
        "tensormesh",
        "openai",
        2.5,
        at_least=True,
        note=f"{rates}; the server's delay allows {ceiling:,.0f}/s",
    )


def _rate(chat: Callable[[], object], each: int) -> float:
    def call(_: int) -> None:
        for _call in range(each):
            chat()

    with ThreadPoolExecutor(THREADS) as executor:
        start = time.perf_counter()
        list(executor.map(call, range(THREADS)))
        return THREADS * each / (time.perf_counter() - start)
