"""The built-in model at work: seeds, prefix caches, log probabilities and pace."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from random import Random
from typing import Final

from tensormesh_local.builtin.generate import Answer, generate
from tensormesh_local.builtin.prefix_cache import PrefixCache
from tensormesh_local.builtin.sampling import derive_seed, generator, token_logprobs
from tensormesh_local.generation import CacheUse, Generation, Piece, Run, Sampling, ServedModel

Plan = Callable[[Random], Answer]

# Tokens after which other requests, and disconnect messages of clients, get their turn.
_TURN_TOKENS: Final = 32


class BuiltinModel:
    """Generates answers. Equal requests get equal answers, whatever came before.

    Args:
        seed: Seed of requests without one.
        latency_seconds: Duration of each token.
    """

    def __init__(self, seed: int = 0, latency_seconds: float = 0.0) -> None:
        self._seed = seed
        self._latency = latency_seconds
        self._caches: defaultdict[str, PrefixCache] = defaultdict(PrefixCache)

    def start(
        self,
        model: ServedModel,
        prompts: Sequence[tuple[Sequence[int], Plan]],
        sampling: Sampling,
        *,
        suffix: Sequence[int] = (),
        echo: bool = False,
    ) -> Generation:
        """Plan the answers to prompts, ``sampling.n`` to each, and start to generate them.

        Args:
            model: The model to use.
            prompts: The tokens of each prompt, and what makes an answer from a random generator.
            sampling: How to generate; without a seed that of the model is used.
            suffix: Tokens that are to follow the answers.
            echo: Whether prompts are repeated before their answers.
        """
        uses = [self._caches[model.name].use(each, sampling.cache_salt) for each, _ in prompts]
        base = self._seed if sampling.seed is None else sampling.seed
        runs = []
        for prompt, plan in prompts:
            for index in range(sampling.n):
                seed = derive_seed([*prompt, *suffix], model.family, base, index)
                pieces = generate(plan(generator(seed)), sampling.limits)
                runs.append(_run(prompt, pieces, seed, sampling, echo=echo))
        return Generation(
            model=model,
            fingerprint=f"tm-local-{self._seed}",
            prompt_tokens=sum(len(prompt) for prompt, _ in prompts),
            cache=CacheUse(*map(sum, zip(*uses, strict=True))),
            runs=runs,
            pieces=self._interleave([run.pieces for run in runs]),
        )

    async def _interleave(
        self, sources: Sequence[Iterator[Piece]]
    ) -> AsyncIterator[tuple[int, Piece]]:
        """Yield (index, piece) from all sources in turn, one piece each, until all have ended."""
        active = dict(enumerate(sources))
        count = 0
        while active:
            if self._latency:
                await asyncio.sleep(self._latency)
            for index, source in list(active.items()):
                piece = next(source)
                if piece.finish:
                    del active[index]
                yield index, piece
                count += 1
                if not count % _TURN_TOKENS:
                    await asyncio.sleep(0)


def _run(
    prompt: Sequence[int], pieces: Iterator[Piece], seed: int, sampling: Sampling, *, echo: bool
) -> Run:
    """Return a choice, with log probabilities where they are requested."""
    of_prompt = sampling.prompt_logprobs
    if sampling.logprobs is not None:
        pieces = _with_logprobs(pieces, seed, len(prompt) if echo else 0, sampling.logprobs)
        if echo:
            of_prompt = max(sampling.logprobs, of_prompt or 0)
    if of_prompt is None:
        return Run(prompt, pieces)
    found = [token_logprobs(seed, at, token, of_prompt) for at, token in enumerate(prompt)]
    return Run(prompt, pieces, found)


def _with_logprobs(pieces: Iterator[Piece], seed: int, position: int, top: int) -> Iterator[Piece]:
    for piece in pieces:
        if piece.token_id is None:
            yield piece
        else:
            found = token_logprobs(seed, position, piece.token_id, top)
            yield piece._replace(logprobs=found)
            position += 1
