"""A prefix cache of prompt blocks, like that of a serving engine's KV cache."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from tensormesh_local.generation import CacheUse

BLOCK_TOKENS: Final = 16


class PrefixCache:
    """Remembers blocks of prompts, and evicts the least recently used ones."""

    def __init__(self, capacity_blocks: int = 32_768) -> None:
        self._capacity = capacity_blocks
        self._blocks: OrderedDict[int, None] = OrderedDict()

    def use(self, prompt: Sequence[int], salt: str | None = None) -> CacheUse:
        """Look up the leading complete blocks of a prompt, and add those that are missing.

        The last token is never cached, because the answer starts from its output. Prompts with
        different salts share nothing.
        """
        chain = hash(salt)
        cached = created = 0
        leading = True
        for start in range(0, len(prompt) - BLOCK_TOKENS + 1, BLOCK_TOKENS):
            chain = hash((chain, *prompt[start : start + BLOCK_TOKENS]))
            if chain in self._blocks:
                self._blocks.move_to_end(chain)
                if leading and start + BLOCK_TOKENS < len(prompt):
                    cached += BLOCK_TOKENS
            else:
                leading = False
                self._blocks[chain] = None
                created += BLOCK_TOKENS
        while len(self._blocks) > self._capacity:
            self._blocks.popitem(last=False)
        return CacheUse(cached, created)
