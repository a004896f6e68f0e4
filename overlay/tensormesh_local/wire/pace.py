"""How fast tokens come, and whose turn it is."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from tensormesh_local.builtin.generation import Piece

# How many tokens may pass before other requests, and signs that a client has gone, get their turn.
_TURN_TOKENS: Final = 32


class Pace:
    """A delay per generated token.

    Args:
        seconds_per_token: 0 for as fast as possible.
    """

    def __init__(self, seconds_per_token: float = 0.0) -> None:
        self.seconds_per_token = seconds_per_token

    async def hold(self, tokens: int) -> None:
        """Wait as long as ``tokens`` tokens take."""
        if self.seconds_per_token:
            await asyncio.sleep(self.seconds_per_token * tokens)


async def interleave(
    sources: Sequence[Iterator[Piece]], pace: Pace | None = None
) -> AsyncIterator[tuple[int, Piece]]:
    """Yield (index, piece) from all sources in turn, one piece each, until all have ended."""
    delay = pace.seconds_per_token if pace else 0.0
    active = dict(enumerate(sources))
    count = 0
    while active:
        if delay:
            await asyncio.sleep(delay)
        for index, source in list(active.items()):
            piece = next(source)
            if piece.finish:
                del active[index]
            yield index, piece
            count += 1
            if not count % _TURN_TOKENS:
                await asyncio.sleep(0)
