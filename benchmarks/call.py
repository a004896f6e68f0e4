"""CPU time of sequential chat calls on one connection."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack

from .clients import ASYNC_CHATS, Send, installed, sync_chats
from .measure import Setting, cpu_timer, ratio_row, show_medians, take_turns
from .report import Row


def run(setting: Setting) -> Iterator[Row]:
    """Compare typed responses with dicts by httpx and typed responses by openai."""
    calls = setting.choose(300, 100)
    chats = sync_chats(setting.url)
    timers = {name: cpu_timer(chat, calls=calls) for name, chat in chats.items()}
    yield from _compare(setting, "chat call", timers)
    stack = AsyncExitStack()
    with asyncio.Runner() as runner:
        timers = {}
        for name, opened in installed(ASYNC_CHATS, "tensormesh", "httpx", "openai").items():
            send = runner.run(stack.enter_async_context(opened(setting.url)))
            timers[name] = _async_timer(send, calls, runner)
        yield from _compare(setting, "chat call, async", timers)
        runner.run(stack.aclose())


def _async_timer(send: Send, calls: int, runner: asyncio.Runner) -> Callable[[], float]:
    async def send_all() -> None:
        for _ in range(calls):
            await send()

    return cpu_timer(lambda: runner.run(send_all()), parts=calls)


def _compare(setting: Setting, title: str, timers: dict[str, Callable[[], float]]) -> Iterator[Row]:
    figures = take_turns(timers, setting.choose(9, 4))
    note = show_medians(figures, "{:.0f} µs")
    name = f"{title}, typed / httpx with dicts"
    yield ratio_row(figures, name, "tensormesh", "httpx", 0.75, note=note)
    yield ratio_row(figures, f"{title}, typed / openai", "tensormesh", "openai", 0.28)
